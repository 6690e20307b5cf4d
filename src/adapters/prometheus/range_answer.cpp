#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "answer.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"
#include "poolscaler/ports/metric_reader.hpp"

namespace poolscaler::adapters {
namespace {

using nlohmann::json;

constexpr int nesting_max = 16;

ApiAnswer unreadable(std::string why) {
  return {.kind = ApiAnswer::Kind::Unreadable, .text = std::move(why)};
}

/// Bounded by the bytes of the answer; nothing when it is no JSON object, or nested too deeply.
std::optional<json> parsed(std::string_view body) {
  bool too_deep = false;
  const auto guard = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > nesting_max;
    return !too_deep;
  };
  auto value = json::parse(body.begin(), body.end(), guard, false);
  if (too_deep || !value.is_object()) return std::nullopt;
  return value;
}

/// False when a point is none.
bool take_points(const json& points, std::vector<query::VectorSample>& samples) {
  if (!points.is_array() || points.size() > history_points_max) return false;
  samples.reserve(points.size());
  for (const auto& point : points) {
    if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_string())
      return false;
    if (!is_sample_time(point[0].get<double>())) return false;
    const auto value = parse_sample_value(point[1].get_ref<const std::string&>());
    if (!value) return false;
    samples.push_back({.labels = {}, .time_seconds = point[0].get<double>(), .value = *value});
  }
  return true;
}

ApiAnswer refused(const json& answer) {
  return {.kind = ApiAnswer::Kind::Refused,
          .error_type = capped(text_at(answer, "errorType"), 60),
          .text = text_at(answer, "error")};
}

}  // namespace

ApiAnswer parse_range_answer(std::string_view body) {
  const auto answer = parsed(body);
  if (!answer) return unreadable("it is not JSON");
  const auto status = text_at(*answer, "status");
  if (status == "error") return refused(*answer);
  if (status != "success") return unreadable("its status is neither success nor error");
  const auto data = answer->find("data");
  if (data == answer->end() || !data->is_object() || text_at(*data, "resultType") != "matrix")
    return unreadable("its result is no range of values");
  const auto result = data->find("result");
  if (result == data->end() || !result->is_array()) return unreadable("it has no result");
  ApiAnswer out{.kind = ApiAnswer::Kind::Success};
  // Whatever form a server gives them, they say that the answer is not the whole.
  if (const auto warnings = answer->find("warnings");
      warnings != answer->end() && !warnings->is_null() && *warnings != json::array()) {
    const auto& first = warnings->is_array() ? warnings->front() : *warnings;
    out.answer.warnings.push_back(
        capped(first.is_string() ? first.get<std::string>()
                                 : std::string("warnings in a form that is not known"),
               query::detail_bytes_max));
  }
  if (result->size() > 1) {
    out.answer.error = "several series where one was declared";
    return out;
  }
  for (const auto& series : *result) {
    if (!series.is_object()) return unreadable("a series is no object");
    const auto points = series.find("values");
    if (points != series.end() && !take_points(*points, out.answer.samples))
      return unreadable("a point is not a time and a value, or there are too many");
  }
  return out;
}

}  // namespace poolscaler::adapters
