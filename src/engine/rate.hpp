// HPA's rate policies: how far the size may move within each policy's period, counted from the size
// that the target had when the period began.
#pragma once

#include <cstdint>
#include <vector>

#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::engine {

struct ScaleEvents {
  const std::vector<TimedReplicas>& ups;    // replicas added
  const std::vector<TimedReplicas>& downs;  // replicas removed
};

/// The replicas of the events that are strictly younger than `period`.
[[nodiscard]] std::int64_t sum_within(const std::vector<TimedReplicas>& events, Millis period,
                                      Instant now);

/// The largest size that the rules allow; at least `current`.
[[nodiscard]] std::int32_t hpa_scale_up_limit(const ScalingRules& rules,
                                              const ScaleEvents& events, std::int32_t current,
                                              Instant now);
/// The same as the engine applies it: from zero at least 1, unless scaling up
/// is disabled: a percentage of nothing would never wake a target.
[[nodiscard]] std::int32_t scale_up_limit(const ScalingRules& rules, const ScaleEvents& events,
                                          std::int32_t current, Instant now);
/// The smallest size that the rules allow; at most `current`, may be below zero.
[[nodiscard]] std::int32_t scale_down_limit(const ScalingRules& rules, const ScaleEvents& events,
                                            std::int32_t current, Instant now);

/// Strictly older than the longest period of the rules.
[[nodiscard]] bool is_outdated(const TimedReplicas& event, const ScalingRules& rules, Instant now);

/// Stores in the slot of the last event that is strictly older than the longest period, else at the
/// end. Bounded by memory_entries_max: beyond, the two oldest become one as young as the younger.
void remember_event(std::vector<TimedReplicas>& events, TimedReplicas change,
                    const ScalingRules& rules);

}  // namespace poolscaler::engine
