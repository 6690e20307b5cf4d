// SimulatedCluster: what stands behind an API server in a cluster - Deployment, ReplicaSet and
// StatefulSet controllers, a scheduler that knows accelerators, kubelets with cold starts, node
// groups of Cluster API, disruption budgets, garbage collection - as one deterministic stepping
// function. It moves only in advance(), and the same steps at the same times give the same cluster.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "poolscaler/base/time.hpp"
#include "poolscaler/simulation/api_server.hpp"

namespace poolscaler::simulation {

struct NodeShape {
  std::string name_prefix = "gpu-node-";
  int count = 4;
  std::string accelerator = "nvidia.com/gpu";
  int accelerators = 8;
  std::string product = "NVIDIA-H100-80GB-HBM3";
};

struct ClusterOptions {
  NodeShape nodes{};  // that are there from the start
  /// From being bound to a node to Ready.
  Millis cold_start{6000};
  /// From deletion to being gone, at most the pod's own grace period.
  Millis termination{1000};
  /// Of a node of a MachineDeployment: from being asked for to Ready, and from its Machine's
  /// deletion to being gone.
  Millis node_boot{8000};
  Millis node_removal{1500};
};

class SimulatedCluster {
 public:
  /// Makes the nodes. `api` must outlive it.
  SimulatedCluster(ClusterOptions options, ApiServer& api, Instant now);
  SimulatedCluster(const SimulatedCluster&) = delete;
  SimulatedCluster& operator=(const SimulatedCluster&) = delete;
  ~SimulatedCluster();

  /// Brings every controller, pod and node up to `now`. Not thread-safe against itself.
  void advance(Instant now);

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace poolscaler::simulation
