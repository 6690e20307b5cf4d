// Words of HPA's vectors that several groups use: tolerances, classes of pods, rules, histories.
#pragma once

#include <cstdint>
#include <vector>

#include "pod_usage.hpp"
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
/// One pod of a class, measured by a whole sample just now, but for its usage and request.
[[nodiscard]] PodSample pod_of_class(const Case& word);
[[nodiscard]] PodSample ready_pod();
/// {phase, ready, deleting, start_age_s, transition_age_s}
[[nodiscard]] PodSample pod_of_fields(const Case& pod);

/// The constants of these vectors.
inline constexpr engine::PodPatience patience{.cpu_initialization = Seconds(120),
                                              .initial_readiness_delay = Seconds(10)};
[[nodiscard]] engine::PodsMeasured cpu_of(const std::vector<PodSample>& pods);

[[nodiscard]] SelectPolicy select_of(const Case& word);
/// {select, window_s, policies}; a window of null is `default_window`.
[[nodiscard]] ScalingRules rules_of(const Case& rules, int default_window);
[[nodiscard]] std::vector<RatePolicy> policies_of(const Case& policies);
/// [[replicas, age in seconds], ...]
[[nodiscard]] std::vector<TimedReplicas> entries_of(const Case& pairs);

}  // namespace poolscaler::vectors
