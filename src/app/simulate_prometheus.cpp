// The load of `simulate` from the past of a real Prometheus: range queries, one after the other,
// written down as the trace that a file would hold, so that the same reader with the same bounds
// takes both.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "poolscaler/adapters/http/transport.hpp"
#include "poolscaler/adapters/prometheus/reader.hpp"
#include "poolscaler/base/clock.hpp"
#include "poolscaler/base/text.hpp"
#include "simulate_input.hpp"

namespace poolscaler::app {
namespace {

constexpr std::int64_t points_max = 1'000'000;
constexpr Millis deadline{60'000};
constexpr std::string_view source_name = "--prometheus";

Result<std::unique_ptr<HttpTransport>> transport_of(const MetricSource& source) {
  const auto address = adapters::address_of(source);
  if (!address) return fail(address.error());
  return adapters::make_transport({.origin = address->origin, .ca_file = source.ca_file});
}

struct AskedRange {
  Instant from;
  Instant to;
  Seconds step;

  [[nodiscard]] std::int64_t points() const { return (to - from) / step + 1; }
};

Result<void> check_given(const PrometheusLoad& asked) {
  const std::array needed = {std::pair{"--query", !asked.query.empty()},
                             std::pair{"--from", asked.from.has_value()},
                             std::pair{"--to", asked.to.has_value()}};
  for (const auto& [flag, given] : needed)
    if (!given)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("{} is missing: --prometheus needs --query, --from and --to", flag));
  return {};
}

Result<AskedRange> range_of(const PrometheusLoad& asked) {
  if (auto given = check_given(asked); !given) return fail(given.error());
  AskedRange range{.from = *asked.from, .to = *asked.to, .step = Seconds(asked.step_seconds)};
  // The rate that is told at a time is that of the step before it.
  if (asked.is_rate) range.from += range.step;
  if (range.to <= range.from)
    return fail(ErrorKind::InvalidInput,
                fmt::format("--to {} must be later than --from {} by more than --step {} s",
                            to_rfc3339(*asked.to), to_rfc3339(*asked.from), asked.step_seconds));
  if (range.points() > points_max)
    return fail(ErrorKind::InvalidInput,
                fmt::format("--step {} s: the range has {} points, at most {} are asked for; make "
                            "the step longer or the range shorter",
                            asked.step_seconds, range.points(), points_max));
  return range;
}

/// In as many queries as servers need to answer so many points.
Result<std::vector<TimedValue>> values_of(const PrometheusLoad& asked, const AskedRange& range) {
  adapters::PrometheusReader reader(transport_of, system_clock());
  reader.use_sources({{.name = std::string(source_name),
                       .url = asked.url,
                       .ca_file = asked.ca_file,
                       .bearer_token_file = asked.token_file,
                       .timeout_seconds = static_cast<int>(deadline / Seconds(1)),
                       .raw_query_namespaces = {"*"}}});
  const SignalQuery signal{.source = std::string(source_name),
                           .ns = "simulate",
                           .query = RawQuery{asked.query},
                           .max_age_seconds = 0};
  std::vector<TimedValue> values;
  const auto most = (history_points_max - 1) * range.step;
  for (auto from = range.from; from <= range.to; from += most + range.step) {
    auto part = reader.history({.signal = signal,
                                .from = from,
                                .to = std::min<Instant>(from + most, range.to),
                                .step = range.step},
                               deadline, {});
    if (!part) return fail(part.error());
    values.insert(values.end(), part->begin(), part->end());
  }
  return values;
}

struct Rates {
  std::string text;
  std::int64_t unknown = 0;
};

/// Bins of `step`, each with the requests that its rate comes to. One without a value, or with one
/// that is no rate, is not known, which is not the same as no requests.
Result<Rates> as_rates(const std::vector<TimedValue>& values, const AskedRange& range,
                       bool skip_unknown) {
  Rates rates{.text = "timestamp_seconds,requests\n"};
  auto value = values.begin();
  const auto step = static_cast<double>(range.step.count());
  for (std::int64_t bin = 0; bin < range.points(); ++bin) {
    const auto at = range.from + bin * range.step;
    while (value != values.end() && value->at < at) ++value;
    const bool there = value != values.end() && value->at == at;
    const bool known = there && std::isfinite(value->value) && value->value >= 0;
    if (!known && !skip_unknown)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("at {} there is {}, so how many requests came is not known: ask for "
                              "a range without such gaps, or count them as none by "
                              "--skip-bad-lines",
                              to_rfc3339(at),
                              there ? fmt::format("{}, which is no rate", value->value)
                                    : "no value"));
    rates.text += fmt::format("{},{}\n", bin * range.step.count(),
                              known ? value->value * step : 0);
    if (!known) ++rates.unknown;
  }
  return rates;
}

std::string as_metric(const std::vector<TimedValue>& values, const AskedRange& range) {
  std::string text = "time,value\n";
  for (const auto& value : values)
    text += fmt::format("{},{}\n", static_cast<double>((value.at - range.from).count()) / 1000,
                        value.value);
  return text;
}

}  // namespace

Result<std::vector<replay::Load>> prometheus_loads(const SimulateOptions& options,
                                                   const replay::ReadingRules& rules) {
  const auto& asked = options.prometheus;
  const auto name = capped(asked.query, 60) + " of " + asked.url;
  const auto read = [&]() -> Result<std::vector<replay::Load>> {
    const auto range = range_of(asked);
    if (!range) return fail(range.error());
    const auto values = values_of(asked, *range);
    if (!values) return fail(values.error().context("--query"));
    if (values->empty())
      return fail(ErrorKind::InvalidInput,
                  "the answer is empty: there is no such series from --from to --to");
    if (!asked.is_rate) return replay::read_loads(name, as_metric(*values, *range), rules);
    const auto rates = as_rates(*values, *range, rules.skip_bad_lines);
    if (!rates) return fail(rates.error().context("--query"));
    auto found = replay::read_loads(name, rates->text, rules);
    if (found)
      for (auto& load : *found) load.skipped_lines += rates->unknown;
    return found;
  };
  auto loads = read();
  if (!loads) return fail(loads.error().context("--prometheus " + asked.url));
  return loads;
}

}  // namespace poolscaler::app
