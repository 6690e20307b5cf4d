// Signals that are made of several metrics: taken apart before the planner sees them, so that their
// parts are shared like everything else, and put together again from the readings of the parts.
#pragma once

#include <span>
#include <vector>

#include "poolscaler/ports/metric_reader.hpp"

namespace poolscaler::query {

[[nodiscard]] bool has_derived(std::span<const SignalQuery> signals);

/// The readings of its terms and then of its divisor, made one. A part without usable data makes
/// the whole unusable, in the gravest state of them, named in the detail. The age is the oldest.
[[nodiscard]] SignalReading derived_reading(const DerivedQuery& query,
                                            std::span<const SignalReading> parts);

/// What to look out for instead of a signal above a value: whenever the signal's own reading is, so
/// is one of these. A single query stays as it is.
struct Sign {
  SignalQuery query;
  double above;
};
[[nodiscard]] std::vector<Sign> signs_of(const SignalQuery& signal, double above);

class Parts {
 public:
  /// `signals` must live as long as this.
  explicit Parts(std::span<const SignalQuery> signals);

  /// What is to be asked: none of them is derived.
  [[nodiscard]] const std::vector<SignalQuery>& queries() const { return queries_; }

  /// One reading for each signal, from one for each of queries().
  [[nodiscard]] std::vector<SignalReading> combined(std::vector<SignalReading> readings) const;

 private:
  std::span<const SignalQuery> signals_;
  std::vector<SignalQuery> queries_{};
};

}  // namespace poolscaler::query
