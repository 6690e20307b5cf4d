// The arithmetic of HPA v2: a measured value, a target and a size in, a number of replicas out.
//
// Values and targets are first turned into whole milli-units, as HPA holds them, wherever they are
// whole ones but for the noise of binary fractions (0.1 * 3 is 300m, not 300.00000000000006m);
// finer values keep their digits. From there on the operations and their order are those of HPA in
// IEEE doubles, so that every input that HPA can express gives the number that HPA gives. Every way
// from a double to a count saturates; nothing here can overflow or return NaN.
#pragma once

#include <cstdint>
#include <optional>

#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::engine {

/// The target's size as the arithmetic sees it. `unready` is what was asked for and does not work
/// yet, be it starting or unschedulable.
struct Size {
  std::int32_t current;
  std::int32_t ready;
  std::int32_t unready;
};

struct Proposal {
  std::int32_t replicas;
  double ratio;    // of usage to what the current size is right for; above 1 is too much load
  bool tolerated;  // the tolerance alone keeps the current size
  std::optional<std::int32_t> untolerated{};  // what it keeps it from
};

/// The signal's own, else that of `behavior`.
[[nodiscard]] Tolerance tolerance_of(const Signal& signal, const Behavior& behavior);

[[nodiscard]] double in_milli(double value);
[[nodiscard]] double in_percent(double ratio);
/// The count, 0 for what is negative or no number, 2^31-1 for what is larger.
[[nodiscard]] std::int32_t saturated(double count);
/// Both ends inclusive.
[[nodiscard]] bool is_within(double ratio, const Tolerance& tolerance);

/// The same as the two below, for what is in milli-units already: quantities of HPA as they are.
[[nodiscard]] Proposal average_value_of_milli(double usage, double wanted, std::int32_t current,
                                              const Tolerance& tolerance);
[[nodiscard]] Proposal value_of_milli(double usage, double wanted, const Size& size,
                                      const Tolerance& tolerance);

/// HPA's AverageValue: ceil(value / target), however many replicas are ready.
[[nodiscard]] Proposal average_value_target(double value, double target, std::int32_t current,
                                            const Tolerance& tolerance);
/// HPA's Value: ceil(ratio * ready); from zero ceil(ratio).
[[nodiscard]] Proposal value_target(double value, double target, const Size& size,
                                    const Tolerance& tolerance);
/// HPA's Utilization for a value that is the average over the ready replicas: unready ones count
/// as using nothing when there is too much load, and never turn its direction round. Utilization is
/// cut to whole percent where the target is one, as HPA does.
[[nodiscard]] Proposal utilization_target(double value, double target, const Size& size,
                                          const Tolerance& tolerance);

}  // namespace poolscaler::engine
