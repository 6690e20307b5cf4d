// metrics.k8s.io: what the simulated pods use, as metrics-server would tell it. Nothing is stored;
// it follows from the pods that there are and from the work of their workload.
#pragma once

#include "reads.hpp"

namespace poolscaler::simulation {

/// Annotations of a Deployment, StatefulSet or ReplicaSet: what all its pods use together, shared
/// by those that are ready. Without them a pod uses a little, and more the busier it is.
inline constexpr const char* cpu_annotation = "sandbox.poolscaler.dev/cpu";
inline constexpr const char* memory_annotation = "sandbox.poolscaler.dev/memory";

/// Get and list; locks by itself.
[[nodiscard]] Outcome<ServerResponse> serve_pod_metrics(WorldParts& world, const KindRef& kind,
                                                        const ApiRequest& request);

}  // namespace poolscaler::simulation
