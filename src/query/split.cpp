#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/query/planner.hpp"
#include "shape.hpp"

namespace poolscaler::query {
namespace {

SignalReading unusable(SignalState state, std::string_view detail) {
  return SignalReading{.state = state,
                       .value = 0,
                       .age_seconds = std::nullopt,
                       .detail = capped(escaped(detail), detail_bytes_max)};
}

SignalReading unusable(SignalState state, std::optional<double> age, std::string_view detail) {
  SignalReading reading = unusable(state, detail);
  reading.age_seconds = age;
  return reading;
}

/// What the answers say about everyone who waits, whatever their own values are.
std::optional<SignalReading> shared_fate(const QueryAnswer& answer, std::string_view about) {
  if (answer.error) return unusable(SignalState::Error, fmt::format("{}{}", about, *answer.error));
  if (!answer.warnings.empty())
    return unusable(SignalState::Partial,
                    fmt::format("{}answered with a warning: {}", about, answer.warnings.front()));
  return std::nullopt;
}

std::string_view label_of(const VectorSample& sample, const std::string& label) {
  const auto found = sample.labels.find(label);
  return found == sample.labels.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

SharedAnswer::SharedAnswer(const PlannedQuery& planned, const QueryAnswer& values,
                           const QueryAnswer& ages)
    : planned_(planned), values_(values), ages_(ages) {
  if (planned_.group_labels.empty()) return;
  const bool is_joint = !planned_.part_label.empty();
  take(values_, values_by_group_, is_joint ? ages_by_group_ : values_by_group_);
  if (!is_joint) take(ages_, ages_by_group_, ages_by_group_);
}

void SharedAnswer::take(const QueryAnswer& answer, Groups& groups_of_part_0,
                        Groups& groups_of_part_1) const {
  std::string key;
  for (const auto& sample : answer.samples) {
    key.clear();
    for (const auto& label : planned_.group_labels) append_value(key, label_of(sample, label));
    const bool is_second =
        !planned_.part_label.empty() && label_of(sample, planned_.part_label) == "1";
    Group& group = (is_second ? groups_of_part_1 : groups_of_part_0)[key];
    if (group.count++ == 0) group.first = &sample;
  }
}

SignalReading SharedAnswer::value_of(const Group& group, std::optional<double> age) const {
  if (group.count == 0) return unusable(SignalState::Absent, "no series");
  if (group.count > 1)
    return unusable(SignalState::Partial, age,
                    fmt::format("{} series where one was declared", group.count));
  const double value = group.first->value;
  if (!std::isfinite(value))
    return unusable(SignalState::NotANumber, age, fmt::format("the value is {}", brief(value)));
  SignalReading reading{.state = SignalState::Value, .value = value, .age_seconds = age};
  if (value == 0) {
    reading.state = SignalState::Zero;
    reading.value = 0;  // not -0
  }
  return reading;
}

SignalReading SharedAnswer::structured(const SignalQuery& signal) const {
  const auto& selector = std::get<MetricSelector>(signal.query);
  const Shape shape = shape_of(signal, selector, planned_.group_labels.front());
  std::string key;
  for (const auto value : shape.values) append_value(key, value);

  const auto found = values_by_group_.find(key);
  if (found == values_by_group_.end()) return value_of({}, std::nullopt);
  if (!planned_.age_promql.empty())
    if (auto fate = shared_fate(ages_, "the age of the samples: ")) return *fate;

  const auto sampled = ages_by_group_.find(key);
  if (sampled == ages_by_group_.end()) {
    SignalReading reading = value_of(found->second, std::nullopt);
    const bool window_is_fresh = selector.range_function != RangeFunction::None &&
                                 selector.window_seconds <= signal.max_age_seconds;
    if (!is_usable(reading.state) || window_is_fresh) return reading;
    return unusable(SignalState::Stale,
                    fmt::format("no sample within the last {} s, at most {} s are allowed",
                                lookback_seconds, signal.max_age_seconds));
  }
  const VectorSample& oldest = *sampled->second.first;
  const double age = oldest.time_seconds - oldest.value;
  if (sampled->second.count > 1 || !std::isfinite(age))
    return unusable(SignalState::Error, "the age of the samples: several or no numbers");
  // No query looks ahead: such a time is of another unit or made up, and says nothing.
  if (age < -lookback_seconds)
    return unusable(SignalState::Error,
                    fmt::format("the age of the samples: {} s in the future", brief(-age)));
  return judged_by_age(value_of(found->second, std::max(0.0, age)), signal.max_age_seconds);
}

SignalReading SharedAnswer::reading(const SignalQuery& signal) const {
  if (planned_.refused) return unusable(SignalState::Error, *planned_.refused);
  if (auto fate = shared_fate(values_, "")) return *fate;
  if (!planned_.group_labels.empty()) return structured(signal);
  const Group all{.first = values_.samples.empty() ? nullptr : &values_.samples.front(),
                  .count = values_.samples.size()};
  return value_of(all, std::nullopt);
}

SignalReading split(const PlannedQuery& planned, const SignalQuery& signal,
                    const QueryAnswer& values, const QueryAnswer& ages) {
  return SharedAnswer(planned, values, ages).reading(signal);
}

}  // namespace poolscaler::query
