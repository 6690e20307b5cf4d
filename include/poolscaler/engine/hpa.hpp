// HPA v2's own rules, one by one, as the engine applies them: for the simulator's models of other
// autoscalers and for the recorded decisions of HPA. `decide` is built on the same functions.
//
// Quantities are milli-units, as HPA holds them: int64, saturating, never through a double before
// HPA itself does.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::engine::hpa {

/// Saturates at both ends of int64.
[[nodiscard]] std::int64_t sum_of(std::span<const std::int64_t> quantities);

struct Replicas {
  std::int32_t current;
  std::int32_t ready;
};

/// Object and External metrics of type Value.
[[nodiscard]] std::int32_t value_target(std::int64_t usage, std::int64_t target, Replicas replicas,
                                        const Tolerance& tolerance);
/// Object and External metrics of type AverageValue.
[[nodiscard]] std::int32_t average_value_target(std::int64_t usage, std::int64_t target,
                                                std::int32_t status_replicas,
                                                const Tolerance& tolerance);

/// What HPA remembers of one target.
struct History {
  std::vector<TimedReplicas> recommendations{};
  std::vector<TimedReplicas> scale_ups{};    // replicas added
  std::vector<TimedReplicas> scale_downs{};  // replicas removed
};

struct Range {
  std::int32_t lowest;
  std::int32_t highest;
};

enum class Limit { None, TooFewReplicas, TooManyReplicas, ScaleUpLimit, ScaleDownLimit };

struct Limited {
  std::int32_t replicas;
  Limit limit = Limit::None;
};

/// A direction's limit alone. At most `current` upward when the period has grown too much already.
[[nodiscard]] std::int32_t scale_up_limit(const ScalingRules& rules, const History& history,
                                          std::int32_t current, Instant now);
[[nodiscard]] std::int32_t scale_down_limit(const ScalingRules& rules, const History& history,
                                            std::int32_t current, Instant now);
/// The rate policies and the bounds together; the tighter one names the limit.
[[nodiscard]] Limited rate_limited(const Behavior& behavior, const History& history, Range range,
                                   std::int32_t current, TimedReplicas desired);

/// Both stabilization windows of `behavior`; `desired` is remembered.
[[nodiscard]] std::int32_t stabilized(const Behavior& behavior, History& history,
                                      std::int32_t current, TimedReplicas desired);

/// An HPA without behavior: the highest of the entries that are not older than the window, which
/// here includes those of just that age; `desired` is remembered.
[[nodiscard]] std::int32_t stabilized_without_behavior(Millis window, History& history,
                                                       TimedReplicas desired);
/// An HPA without behavior: up to twice the size, but at least 4, and the bounds.
[[nodiscard]] Limited limited_without_behavior(Range range, std::int32_t current,
                                               std::int32_t desired);

/// Remembers a change for the rate policies; nothing when there was none.
void remember_change(const Behavior& behavior, History& history, std::int32_t before,
                     TimedReplicas after);
/// The store alone: `change` is how many replicas were added, or removed, under `rules`.
void remember_change(const ScalingRules& rules, std::vector<TimedReplicas>& events,
                     TimedReplicas change);
/// Which events are older than every period of the rules, so that their slots are used again.
[[nodiscard]] std::vector<bool> outdated(const ScalingRules& rules,
                                         const std::vector<TimedReplicas>& events, Instant now);
/// Replicas moved by events strictly younger than `period`.
[[nodiscard]] std::int64_t moved_within(const std::vector<TimedReplicas>& events, Millis period,
                                        Instant now);

}  // namespace poolscaler::engine::hpa
