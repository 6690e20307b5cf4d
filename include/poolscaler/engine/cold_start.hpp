// How long a replica of one workload takes from being asked for to being ready: measured, or what
// to reckon with until it is.
#pragma once

#include <cstddef>

#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::engine {

/// So many samples, and what was measured is trusted.
inline constexpr std::size_t cold_starts_trusted = 5;
/// Until then, unless the policy says otherwise: a large image is pulled and a large model loaded.
inline constexpr Seconds cold_start_unknown{300};

struct ColdStartEstimate {
  Millis p50;
  Millis p90;
  std::size_t samples;
  bool learned;  // measured often enough; else both are what is reckoned with
};

/// What to reckon with for the next start of a replica.
[[nodiscard]] ColdStartEstimate expected_cold_start(const ScaleToZero& policy,
                                                    const ColdStarts& starts);
/// What was measured, trusted or not; zeros without a sample.
[[nodiscard]] ColdStartEstimate measured_cold_start(const ColdStarts& starts);
/// The samples, oldest first, and back: what a policy's status keeps of them.
[[nodiscard]] std::vector<Millis> samples_of(const ColdStarts& starts);
[[nodiscard]] ColdStarts cold_starts_from(const std::vector<Millis>& samples);

}  // namespace poolscaler::engine
