// Machines: a node group as Cluster API has it. A MachineDeployment says how many nodes there are;
// for each a Machine is made, and after a boot time its node. When the count drops, the Machines
// that were marked go first, then those without a node, then the youngest; their nodes are
// cordoned, and gone a little later, whatever ran on them.
//
// What its nodes look like stands where cluster-autoscaler looks for it, too: in the annotations
// capacity.cluster-autoscaler.kubernetes.io/gpu-type, gpu-count and labels.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cluster_hand.hpp"
#include "poolscaler/simulation/cluster.hpp"

namespace poolscaler::simulation {

/// The definitions of MachineDeployment and Machine, as far as they are played.
[[nodiscard]] std::vector<nlohmann::json> machine_definitions();

class Machines {
 public:
  explicit Machines(const ClusterOptions& options) : options_(options) {}

  void reconcile(ClusterHand& hand);

 private:
  struct Progress {
    std::uint64_t number = 0;  // in the order in which they were made
    Instant made{};
    Instant ends{};
    bool seen = true;
  };
  void follow(ClusterHand& hand);
  void resize(ClusterHand& hand, const Object& deployment);
  void make_machine(ClusterHand& hand, const Object& deployment);
  void boot(ClusterHand& hand, const Object& machine, const Progress& progress);
  void end(ClusterHand& hand, const Object& machine, Progress& progress) const;
  void tell(ClusterHand& hand, const Object& deployment) const;

  const ClusterOptions& options_;
  std::map<std::string, Progress> progress_;  // by UID, of the Machines that exist
  std::uint64_t numbers_ = 0;
};

}  // namespace poolscaler::simulation
