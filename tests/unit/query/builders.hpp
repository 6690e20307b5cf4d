// Signals and series for tests of the planner, and a reference that answers queries the slow way.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/query/planner.hpp"
#include "poolscaler/query/rendered.hpp"

namespace poolscaler::query::testing {

inline Matcher equal(std::string label, std::string value) {
  return {.label = std::move(label), .op = MatchOperator::Equal, .value = std::move(value)};
}

inline SignalQuery signal(std::string ns, MetricSelector selector, int max_age_seconds = 120) {
  return {.source = "main",
          .ns = std::move(ns),
          .query = std::move(selector),
          .max_age_seconds = max_age_seconds};
}

inline SignalQuery depth_of(std::string ns, std::string queue) {
  return signal(std::move(ns), {.metric = "depth", .matchers = {equal("queue", std::move(queue))}});
}

inline SignalQuery raw(std::string ns, std::string promql) {
  return {.source = "main",
          .ns = std::move(ns),
          .query = RawQuery{std::move(promql)},
          .max_age_seconds = 120};
}

/// One series with its newest sample only; range functions read that sample as it is.
struct Series {
  std::map<std::string, std::string> labels;  // __name__ among them
  double value;
  double time_seconds;
};

inline constexpr double query_time = 1'000'000;

inline std::string label_of(const Series& series, const std::string& label) {
  const auto found = series.labels.find(label);
  return found == series.labels.end() ? "" : found->second;
}

inline double aggregate(Aggregation aggregation, const std::vector<double>& values) {
  double result = values.front();
  for (std::size_t i = 1; i < values.size(); ++i) {
    const double value = values[i];
    switch (aggregation) {
      case Aggregation::Sum:
      case Aggregation::Avg: result += value; break;
      case Aggregation::Max: result = value > result || std::isnan(result) ? value : result; break;
      case Aggregation::Min: result = value < result || std::isnan(result) ? value : result; break;
    }
  }
  return aggregation == Aggregation::Avg ? result / static_cast<double>(values.size()) : result;
}

/// The numbers of the series that the matchers find, as the function shows them.
inline std::optional<double> seen(const Series& series, RangeFunction function, int window) {
  const double age = query_time - series.time_seconds;
  const double reach = function == RangeFunction::None ? lookback_seconds : window;
  if (age > reach) return std::nullopt;
  return series.value;
}

/// Answers a query with its bound over `store`, as a server would.
inline std::vector<VectorSample> answer(const std::vector<Series>& store,
                                        const RenderedPart& part) {
  const auto* query = &part.query;
  std::map<std::map<std::string, std::string>, std::vector<double>> groups;
  for (const auto& series : store) {
    if (label_of(series, "__name__") != query->metric) continue;
    const auto holds = [&](const Matcher& matcher) {
      return matches(matcher, label_of(series, matcher.label));
    };
    if (!std::ranges::all_of(query->matchers, holds)) continue;
    auto number = seen(series, query->range_function, query->window_seconds);
    if (!number) continue;
    if (query->asks == Asks::OldestTimestamp) number = series.time_seconds;
    std::map<std::string, std::string> group;
    for (const auto& label : query->group_labels)
      if (!label_of(series, label).empty()) group[label] = label_of(series, label);
    groups[group].push_back(*number);
  }
  std::vector<VectorSample> out;
  for (const auto& [labels, values] : groups) {
    const double value = aggregate(query->aggregation, values);
    if (!part.above || value > *part.above)
      out.push_back({.labels = labels, .time_seconds = query_time, .value = value});
  }
  return out;
}

/// The same of everything that the planner sends.
inline QueryAnswer answer(const std::vector<Series>& store, const std::string& promql) {
  const auto parts = recognise_parts(promql);
  if (!parts) return {.samples = {}, .error = parts.error().message};
  std::vector<std::string> labels;
  for (const auto& part : *parts)
    labels.insert(labels.end(), part.query.group_labels.begin(), part.query.group_labels.end());
  QueryAnswer out{.samples = {}};
  for (std::size_t i = 0; i < parts->size(); ++i) {
    for (auto& sample : answer(store, (*parts)[i])) {
      if (parts->size() > 1) sample.labels[part_label(labels)] = std::to_string(i);
      out.samples.push_back(std::move(sample));
    }
  }
  return out;
}

/// The same plan with values and ages asked apart, as where both together are too long.
inline PlannedQuery apart(PlannedQuery planned) {
  const auto parts = recognise_parts(planned.promql).value();
  planned.promql = render(parts.at(0));
  planned.age_promql = render(parts.at(1));
  planned.part_label.clear();
  return planned;
}

/// What the signal means, straight from its selector: no planner, no PromQL, no sharing.
inline SignalReading meaning(const std::vector<Series>& store, const SignalQuery& signal) {
  const auto& selector = std::get<MetricSelector>(signal.query);
  std::vector<double> values;
  std::optional<double> oldest;
  for (const auto& series : store) {
    if (label_of(series, "__name__") != selector.metric) continue;
    if (label_of(series, "namespace") != signal.ns) continue;
    const auto holds = [&](const Matcher& matcher) {
      return matches(matcher, label_of(series, matcher.label));
    };
    if (!std::ranges::all_of(selector.matchers, holds)) continue;
    const double age = query_time - series.time_seconds;
    if (age <= lookback_seconds) oldest = std::max(oldest.value_or(age), age);
    if (const auto number = seen(series, selector.range_function, selector.window_seconds))
      values.push_back(*number);
  }
  SignalReading reading{.state = SignalState::Absent};
  if (values.empty()) return reading;
  const double value = aggregate(selector.aggregation, values);
  reading.age_seconds = oldest;
  if (!std::isfinite(value)) {
    reading.state = SignalState::NotANumber;
  } else if (oldest ? *oldest > signal.max_age_seconds
                    : selector.window_seconds == 0 ||
                          selector.window_seconds > signal.max_age_seconds) {
    reading.state = SignalState::Stale;
  } else {
    reading.state = value == 0 ? SignalState::Zero : SignalState::Value;
    reading.value = value;
  }
  return reading;
}

}  // namespace poolscaler::query::testing
