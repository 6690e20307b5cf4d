// HPA's arithmetic over single pods, for signals of the pods' own cpu and memory: which pods count,
// what is assumed of those that are not measured, and what follows from it. Integers throughout, in
// milli-units, as HPA holds them; sums are exact where HPA's overflow.
#pragma once

#include <cstdint>
#include <span>

#include "arithmetic.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::engine {

/// The defaults are those of HPA.
struct PodPatience {
  /// So long after its start a pod's cpu may still be that of starting up.
  Millis cpu_initialization = Seconds(300);
  /// A pod that became unready within so long of its start has never been ready.
  Millis initial_readiness_delay = Seconds(30);
};

enum class PodGroup { Ready, Unready, Missing, Ignored };

/// Readiness is looked at for cpu alone.
[[nodiscard]] PodGroup group_of(const PodSample& pod, Resource resource,
                                const PodPatience& patience, Instant now);

/// The pods of one reading, and all that is needed to judge them.
struct PodsMeasured {
  std::span<const PodSample> pods;
  Resource resource;
  Instant now;
  PodPatience patience{};
};

enum class PodUsageGap {
  None,
  NothingMeasured,  // no usage of any pod
  NothingCounts,    // of no pod that counts: all are starting, ending or gone
  RequestMissing,   // a container does not say how much it requests
  NoRequests,       // the pods that are measured request nothing in all
};

struct PodProposal {
  PodUsageGap gap = PodUsageGap::None;  // set: nothing else means anything
  Proposal proposal{.replicas = 0, .ratio = 0, .tolerated = false};
  std::int32_t utilization_percent = 0;  // of the requests, cut to whole percent
  std::int64_t average_milli = 0;        // of a pod, cut to whole milli-units
  std::int32_t counted = 0;              // ready pods that are measured
};

/// HPA's Resource metric with a target of utilization: percent of what the pods request.
[[nodiscard]] PodProposal resource_utilization(const PodsMeasured& measured, double target_percent,
                                               std::int32_t current, const Tolerance& tolerance);
/// HPA's Resource or Pods metric with a target of an average value.
[[nodiscard]] PodProposal pods_average_value(const PodsMeasured& measured, double target_milli,
                                             std::int32_t current, const Tolerance& tolerance);

/// What HPA reports of a total for each replica: rounded up, 0 without replicas.
[[nodiscard]] std::int64_t per_replica_usage(std::int64_t usage_milli, std::int32_t replicas);

}  // namespace poolscaler::engine
