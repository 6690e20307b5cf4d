// Words of HPA's vectors that several groups use: tolerances, classes of pods, rules, histories.
#pragma once

#include <cstdint>
#include <vector>

#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::vectors {

class Case;

/// The instant at which every case decides.
inline constexpr Instant case_now{Seconds{1'800'000'000}};

/// The field `tolerance` {down, up}.
[[nodiscard]] Tolerance tolerance_of(const Case& recorded);
/// Of a list of pod classes: how many are Running and Ready.
[[nodiscard]] std::int32_t ready_pods_of(const Case& classes);
/// {select, window_s, policies}; a window of null is `default_window`.
[[nodiscard]] ScalingRules rules_of(const Case& rules, int default_window);
[[nodiscard]] std::vector<RatePolicy> policies_of(const Case& policies);
/// [[replicas, age in seconds], ...]
[[nodiscard]] std::vector<TimedReplicas> entries_of(const Case& pairs);

}  // namespace poolscaler::vectors
