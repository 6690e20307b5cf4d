// The arithmetic of the few PromQL functions that the query planner renders, as Prometheus does it.
// Pure: samples in, a number out, or nothing where Prometheus has no result for the series. What is
// not a number stays one: NaN and infinities follow the same branches as there.
#pragma once

#include <optional>
#include <span>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::simulation {

struct Sample {
  Instant at;
  double value;
};

/// The time range of a selector, both ends included.
struct Range {
  Instant from;
  Instant to;
};

/// `samples` are those of one series within `range`, in order of time, none of them stale.
/// REQUIRES: `function` is not None.
[[nodiscard]] std::optional<double> over_range(RangeFunction function,
                                               std::span<const Sample> samples, Range range);

/// What an aggregation operator makes of the series of one group.
class Aggregate {
 public:
  explicit Aggregate(Aggregation operation) : operation_(operation) {}
  void add(double value);
  /// REQUIRES: something was added.
  [[nodiscard]] double value() const { return value_; }

 private:
  Aggregation operation_;
  double count_ = 0;
  double value_ = 0;
};

}  // namespace poolscaler::simulation
