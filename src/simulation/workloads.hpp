// The controllers of Deployments, ReplicaSets and StatefulSets: from a number of replicas to pods.
// One pass over everything; what is left to do is done by the next.
#pragma once

#include "cluster_hand.hpp"

namespace poolscaler::simulation {

void reconcile_workloads(ClusterHand& hand);

}  // namespace poolscaler::simulation
