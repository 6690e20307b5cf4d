// Evictions: the end of a pod, asked for through its subresource and allowed by its
// PodDisruptionBudget; and the statuses of budgets, from which that is read.
#pragma once

#include "api_request.hpp"
#include "world.hpp"

namespace poolscaler::simulation {

class ClusterHand;

/// POST .../pods/<name>/eviction. The caller holds the world's mutex.
[[nodiscard]] Outcome<ServerResponse> serve_eviction(WorldParts& world, const Kind& pods,
                                                     const ApiRequest& request);

/// What the controller of PodDisruptionBudgets does: counts healthy pods and allows disruptions.
void reconcile_budgets(ClusterHand& hand);

}  // namespace poolscaler::simulation
