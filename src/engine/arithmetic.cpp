#include "arithmetic.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "poolscaler/base/check.hpp"

namespace poolscaler::engine {
namespace {

// Larger than any quantity of HPA, small enough that ratios of two of them stay finite.
constexpr double quantity_max = 1e150;

/// value * scale, with the noise of binary fractions removed: from whole units, else from
/// millionths of them.
double scaled(double value, double scale) {
  const double exact = std::clamp(value, -quantity_max, quantity_max) * scale;
  for (const double unit : {1.0, 1e-6}) {
    const double whole = std::round(exact / unit);
    if (std::abs(exact / unit - whole) <= 1e-9 * std::abs(exact / unit))
      return unit < 1 ? whole / 1e6 : whole;
  }
  return exact;
}

/// The current size, when the ratio is within tolerance; else the proposal.
Proposal unless_tolerated(std::int32_t proposed, double ratio, std::int32_t current,
                          const Tolerance& tolerance) {
  if (!is_within(ratio, tolerance))
    return {.replicas = proposed, .ratio = ratio, .tolerated = false};
  return {.replicas = current,
          .ratio = ratio,
          .tolerated = proposed != current,
          .untolerated = proposed};
}

}  // namespace

double in_milli(double value) { return scaled(value, 1000); }
double in_percent(double ratio) { return scaled(ratio, 100); }

Tolerance tolerance_of(const Signal& signal, const Behavior& behavior) {
  return {.up = signal.tolerance_up.value_or(behavior.scale_up.tolerance),
          .down = signal.tolerance_down.value_or(behavior.scale_down.tolerance)};
}

std::int32_t saturated(double count) {
  constexpr auto largest = std::numeric_limits<std::int32_t>::max();
  if (!(count > 0)) return 0;
  return count >= largest ? largest : static_cast<std::int32_t>(count);
}

bool is_within(double ratio, const Tolerance& tolerance) {
  return 1.0 - tolerance.down <= ratio && ratio <= 1.0 + tolerance.up;
}

Proposal average_value_of_milli(double usage, double wanted, std::int32_t current,
                                const Tolerance& tolerance) {
  CHECK(wanted > 0, "a target is positive");
  const auto proposed = saturated(std::ceil(usage / wanted));
  // HPA's ratio from zero is infinite or NaN, neither of which any tolerance covers.
  if (current <= 0) return {.replicas = proposed, .ratio = usage / wanted, .tolerated = false};
  return unless_tolerated(proposed, usage / (wanted * current), current, tolerance);
}

Proposal value_of_milli(double usage, double wanted, const Size& size,
                        const Tolerance& tolerance) {
  CHECK(wanted > 0, "a target is positive");
  const double ratio = usage / wanted;
  if (size.current <= 0)
    return {.replicas = saturated(std::ceil(ratio)), .ratio = ratio, .tolerated = false};
  const auto proposed = saturated(std::ceil(ratio * size.ready));
  return unless_tolerated(proposed, ratio, size.current, tolerance);
}

Proposal average_value_target(double value, double target, std::int32_t current,
                              const Tolerance& tolerance) {
  return average_value_of_milli(in_milli(value), in_milli(target), current, tolerance);
}

Proposal value_target(double value, double target, const Size& size, const Tolerance& tolerance) {
  return value_of_milli(in_milli(value), in_milli(target), size, tolerance);
}

Proposal utilization_target(double value, double target, const Size& size,
                            const Tolerance& tolerance) {
  const double used = scaled(value, 100);
  const double wanted = scaled(target, 100);
  CHECK(wanted > 0, "a target is positive");
  // HPA knows whole percents alone; finer targets (0.5 %) would be lost by cutting.
  const bool whole_percents = wanted >= 1 && wanted == std::trunc(wanted);
  const auto percent = [&](double exact) { return whole_percents ? std::trunc(exact) : exact; };

  const double ratio = percent(used) / wanted;
  if (ratio <= 1 || size.unready <= 0) {
    const auto proposed = saturated(std::ceil(ratio * size.ready));
    return unless_tolerated(proposed, ratio, size.current, tolerance);
  }
  const double ready = size.ready;
  const double all = ready + size.unready;
  const double shared = percent(used * ready / all) / wanted;
  const auto proposed = saturated(std::ceil(shared * all));
  const bool turned_round = shared < 1 || proposed < size.current;
  if (turned_round || is_within(shared, tolerance))
    return {.replicas = size.current, .ratio = ratio, .tolerated = false};
  return {.replicas = proposed, .ratio = ratio, .tolerated = false};
}

}  // namespace poolscaler::engine
