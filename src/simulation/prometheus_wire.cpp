#include "prometheus_wire.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"

namespace poolscaler::simulation {
namespace {

using Form = std::map<std::string, std::string>;

bool is_broken_escape(std::string_view text) {
  const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 1))
    if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return true;
  return false;
}

/// A pair that cannot be decoded is skipped, as Go's net/url does.
void add_pairs(Form& form, std::string_view text) {
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const bool odd = pair.empty() || pair.find(';') != pair.npos || is_broken_escape(pair);
    if (odd) continue;
    std::string plus_is_blank(pair);
    for (char& c : plus_is_blank)
      if (c == '+') c = ' ';
    const auto equals = plus_is_blank.find('=');
    const bool has_value = equals != std::string::npos;
    form.emplace(percent_decoded(std::string_view(plus_is_blank).substr(0, equals)),
                 has_value ? percent_decoded(plus_is_blank.substr(equals + 1)) : "");
  }
}

Form read_form(const ServerRequest& request) {
  Form form;
  const auto type = request.headers.find("content-type");
  const bool has_form = request.method == "POST" && type != request.headers.end() &&
                        type->second.starts_with("application/x-www-form-urlencoded");
  if (has_form) add_pairs(form, request.body);
  add_pairs(form, request.query);
  return form;
}

tl::unexpected<Error> refused(std::string_view name, std::string_view why) {
  return fail(ErrorKind::InvalidInput, fmt::format("invalid parameter \"{}\": {}", name, why));
}

std::string shown(std::string_view value) { return capped(escaped(value), 80); }

std::optional<double> read_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = problem == std::errc() && end == text.data() + text.size();
  return whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

/// Nanoseconds since 1970 in 64 bits reach until the year 2262.
constexpr double time_seconds_max = 9'223'372'036;

std::optional<Instant> read_time(std::string_view text) {
  if (const auto seconds = read_number(text)) {
    if (std::abs(*seconds) > time_seconds_max) return std::nullopt;
    double whole = 0;
    const double fraction = std::modf(*seconds, &whole);
    return Instant(Seconds(std::llround(whole))) + Millis(std::llround(fraction * 1000));
  }
  const auto instant = parse_rfc3339(text);
  return instant ? std::optional(*instant) : std::nullopt;
}

/// Seconds as a number, or Prometheus' own form such as 1m30s.
std::optional<double> read_duration(std::string_view text) {
  if (const auto seconds = read_number(text)) return seconds;
  constexpr std::array<std::pair<std::string_view, double>, 7> units{{{"y", 365 * 86400},
                                                                      {"w", 7 * 86400},
                                                                      {"d", 86400},
                                                                      {"h", 3600},
                                                                      {"ms", 0.001},
                                                                      {"m", 60},
                                                                      {"s", 1}}};
  double sum = 0;
  bool any = false;
  while (!text.empty()) {
    const auto digits = text.find_first_not_of("0123456789");
    if (digits == 0 || digits > 9) return std::nullopt;
    const auto count = read_number(text.substr(0, digits));
    text.remove_prefix(digits);
    bool known = false;
    for (const auto& [unit, seconds] : units) {
      if (known || !text.starts_with(unit)) continue;
      text.remove_prefix(unit.size());
      sum += *count * seconds;
      known = true;
    }
    if (!known) return std::nullopt;
    any = true;
  }
  return any ? std::optional(sum) : std::nullopt;
}

std::string dumped(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string time_text(Instant time) {
  const auto millis = time.time_since_epoch().count();
  const auto magnitude = millis < 0 ? -millis : millis;
  auto text = fmt::format("{}{}", millis < 0 ? "-" : "", magnitude / 1000);
  if (magnitude % 1000 != 0) text += fmt::format(".{:03}", magnitude % 1000);
  return text;
}

std::string value_of(const Form& form, const std::string& name) {
  const auto found = form.find(name);
  return found == form.end() ? std::string() : found->second;
}

Result<Instant> time_of(const Form& form, const std::string& name) {
  const auto text = value_of(form, name);
  if (const auto time = read_time(text)) return *time;
  return refused(name, fmt::format("cannot parse \"{}\" to a valid timestamp", shown(text)));
}

Result<StepRange> range_of(const Form& form) {
  const auto from = time_of(form, "start");
  if (!from) return fail(from.error());
  const auto to = time_of(form, "end");
  if (!to) return fail(to.error());
  if (*to < *from) return refused("end", "end timestamp must not be before start time");
  const auto text = value_of(form, "step");
  const auto seconds = read_duration(text);
  if (!seconds)
    return refused("step", fmt::format("cannot parse \"{}\" to a valid duration", shown(text)));
  if (*seconds < 0.001)
    return refused("step",
                   "zero or negative query resolution step widths are not accepted. Try a "
                   "positive integer");
  const StepRange range{.from = *from, .to = *to, .step = Millis(std::llround(*seconds * 1000))};
  if ((range.to - range.from) / range.step > range_points_max)
    return fail(ErrorKind::InvalidInput,
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the "
                "query resolution (?step=XX)");
  return range;
}

/// What instant and range queries have in common.
Result<QueryParameters> common_parameters(const Form& form) {
  QueryParameters parameters{.query = value_of(form, "query")};
  if (const auto text = value_of(form, "timeout"); !text.empty()) {
    const auto seconds = read_duration(text);
    if (!seconds)
      return refused("timeout",
                     fmt::format("cannot parse \"{}\" to a valid duration", shown(text)));
    parameters.no_time_left = *seconds <= 0;
  }
  if (const auto text = value_of(form, "limit"); !text.empty()) {
    const auto [end, problem] =
        std::from_chars(text.data(), text.data() + text.size(), parameters.limit);
    if (problem != std::errc() || end != text.data() + text.size())
      return refused("limit", fmt::format("cannot parse \"{}\" to a number of series, 0 or more",
                                          shown(text)));
  }
  if (parameters.query.empty())
    return refused("query", "1:1: parse error: no expression found in input");
  return parameters;
}

}  // namespace

Result<QueryParameters> read_parameters(const ServerRequest& request) {
  const Form form = read_form(request);
  std::optional<Instant> time;
  if (!value_of(form, "time").empty()) {
    const auto read = time_of(form, "time");
    if (!read) return fail(read.error());
    time = *read;
  }
  auto parameters = common_parameters(form);
  if (parameters) parameters->time = time;
  return parameters;
}

Result<QueryParameters> read_range_parameters(const ServerRequest& request) {
  const Form form = read_form(request);
  const auto range = range_of(form);
  if (!range) return fail(range.error());
  auto parameters = common_parameters(form);
  if (parameters) parameters->range = *range;
  return parameters;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  const double magnitude = std::abs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
  std::array<char, 40> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 exponent ? std::chars_format::scientific
                                          : std::chars_format::fixed);
  return std::string(text.data(), end.ptr);
}

ServerResponse vector_answer(const std::vector<VectorElement>& elements, Instant time,
                             std::size_t limit) {
  const bool cut = limit > 0 && elements.size() > limit;
  const std::size_t count = cut ? limit : elements.size();
  const std::string at = time_text(time);
  // The time is written by hand: a double would not always keep the three digits of milliseconds.
  std::string body = R"({"status":"success","data":{"resultType":"vector","result":[)";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) body += ',';
    body += fmt::format(R"({{"metric":{},"value":[{},"{}"]}})",
                        dumped(nlohmann::json(elements[i].labels)), at,
                        number_text(elements[i].value));
  }
  body += "]}";
  if (cut) body += R"(,"warnings":["results truncated due to limit"])";
  return {.body = body + "}"};
}

ServerResponse matrix_answer(const std::vector<MatrixSeries>& series) {
  std::string body = R"({"status":"success","data":{"resultType":"matrix","result":[)";
  for (std::size_t i = 0; i < series.size(); ++i) {
    body += fmt::format(R"({}{{"metric":{},"values":[)", i > 0 ? "," : "",
                        dumped(nlohmann::json(series[i].labels)));
    for (std::size_t j = 0; j < series[i].values.size(); ++j)
      body += fmt::format(R"({}[{},"{}"])", j > 0 ? "," : "",
                          time_text(series[i].values[j].first),
                          number_text(series[i].values[j].second));
    body += "]}";
  }
  return {.body = body + "]}}"};
}

ServerResponse error_answer(int status, std::string_view type, std::string_view text) {
  return {.status = status,
          .body = fmt::format(R"({{"status":"error","errorType":"{}","error":{}}})", type,
                              dumped(nlohmann::json(text)))};
}

ServerResponse plain_answer(int status, std::string_view text) {
  return {.status = status,
          .content_type = "text/plain; charset=utf-8",
          .body = std::string(text) + "\n"};
}

ServerResponse build_info_answer() {
  // The version whose arithmetic and wire format this is, so that clients choose theirs.
  const nlohmann::json info = {{"version", "2.42.0"},    {"revision", "poolscaler-sandbox"},
                               {"branch", "simulation"}, {"buildUser", "poolscaler"},
                               {"buildDate", ""},        {"goVersion", ""}};
  return {.body = dumped({{"status", "success"}, {"data", info}})};
}

}  // namespace poolscaler::simulation
