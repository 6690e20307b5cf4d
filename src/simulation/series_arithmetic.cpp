#include "series_arithmetic.hpp"

#include <algorithm>
#include <cmath>

namespace poolscaler::simulation {
namespace {

double seconds_of(Millis duration) { return std::chrono::duration<double>(duration).count(); }

/// An infinite mean stays what it is, but for the opposite infinity and NaN, which make it NaN.
bool leaves_mean(double mean, double value) {
  if (!std::isinf(mean)) return false;
  if (std::isinf(value)) return (mean > 0) == (value > 0);
  return !std::isnan(value);
}

/// `value` added to sum + compensation, with the bits that would be lost kept in the latter
/// (Kahan's summation in Neumaier's form).
void add_exactly(double value, double& sum, double& compensation) {
  const double total = sum + value;
  compensation += std::abs(sum) >= std::abs(value) ? (sum - total) + value : (value - total) + sum;
  sum = total;
}

double mean_of(std::span<const Sample> samples) {
  double mean = 0;
  double compensation = 0;
  double count = 0;
  for (const auto& sample : samples) {
    ++count;
    if (leaves_mean(mean, sample.value)) continue;
    add_exactly(sample.value / count - mean / count, mean, compensation);
  }
  return std::isinf(mean) ? mean : mean + compensation;
}

double extreme_of(std::span<const Sample> samples, bool highest) {
  double extreme = samples.front().value;
  for (const auto& sample : samples) {
    const bool beats = highest ? sample.value > extreme : sample.value < extreme;
    if (beats || std::isnan(extreme)) extreme = sample.value;
  }
  return extreme;
}

/// What a counter rose by between its samples; where it fell, it was reset to 0 in between.
double rise_of(std::span<const Sample> samples) {
  double rise = samples.back().value - samples.front().value;
  double previous = samples.front().value;
  for (const auto& sample : samples.subspan(1)) {
    if (sample.value < previous) rise += previous;
    previous = sample.value;
  }
  return rise;
}

/// extrapolatedRate() of Prometheus 2.42, promql/functions.go: the rise between the first and the
/// last sample is stretched to both ends of the range where they are nearer than 1.1 of the average
/// distance of two samples, else by half of that distance; at the start no further than to where
/// the counter would have been 0.
double extrapolated_increase(std::span<const Sample> samples, Range range) {
  const double rise = rise_of(samples);
  double to_start = seconds_of(samples.front().at - range.from);
  const double to_end = seconds_of(range.to - samples.back().at);
  const double sampled = seconds_of(samples.back().at - samples.front().at);
  const double distance = sampled / static_cast<double>(samples.size() - 1);
  if (rise > 0 && samples.front().value >= 0)
    to_start = std::min(to_start, sampled * (samples.front().value / rise));
  const double threshold = distance * 1.1;
  double stretched = sampled;
  stretched += to_start < threshold ? to_start : distance / 2;
  stretched += to_end < threshold ? to_end : distance / 2;
  return rise * (stretched / sampled);
}

}  // namespace

std::optional<double> over_range(RangeFunction function, std::span<const Sample> samples,
                                 Range range) {
  if (samples.empty()) return std::nullopt;
  switch (function) {
    case RangeFunction::None:
      return samples.back().value;
    case RangeFunction::AvgOverTime:
      return mean_of(samples);
    case RangeFunction::MaxOverTime:
      return extreme_of(samples, true);
    case RangeFunction::MinOverTime:
      return extreme_of(samples, false);
    case RangeFunction::Increase:
    case RangeFunction::Rate: {
      if (samples.size() < 2) return std::nullopt;
      const double increase = extrapolated_increase(samples, range);
      if (function == RangeFunction::Increase) return increase;
      return increase / seconds_of(range.to - range.from);
    }
  }
  return std::nullopt;
}

void Aggregate::add(double value) {
  ++count_;
  if (count_ == 1) {
    value_ = value;
    return;
  }
  switch (operation_) {
    case Aggregation::Sum:
      value_ += value;
      break;
    case Aggregation::Avg:
      if (!leaves_mean(value_, value)) value_ += value / count_ - value_ / count_;
      break;
    case Aggregation::Max:
      if (value_ < value || std::isnan(value_)) value_ = value;
      break;
    case Aggregation::Min:
      if (value_ > value || std::isnan(value_)) value_ = value;
      break;
  }
}

}  // namespace poolscaler::simulation
