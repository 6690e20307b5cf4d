// MachineYard: who plays Cluster API, the controllers of Deployments, the scheduler and kubelets,
// cheaply, for a fleet on pools: MachineDeployments of the real definition are given the Machines
// and nodes that they ask for, and Deployments pods, each made on a node with room for it and Ready
// at once. The real ones take some ten requests a pod and most of two cores; here it is two, and
// what the operator sees is the same. Accelerators are "example.com/accelerator", eight a node and
// one a pod.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "support/control_plane.hpp"

namespace poolscaler::bench {

class MachineYard {
 public:
  static constexpr int accelerators_per_node = 8;

  /// Why there can be none here; empty when there can.
  static std::string why_unavailable();

  /// Installs the definitions and makes MachineDeployments "pool-0", "pool-1" ... in `ns`.
  MachineYard(rig::ControlPlane& cluster, int pools, std::string ns);
  ~MachineYard();
  MachineYard(const MachineYard&) = delete;
  MachineYard& operator=(const MachineYard&) = delete;

  /// The spec.backendRef of a group, and a namespace that pods can be made in.
  [[nodiscard]] nlohmann::json backend(int pool) const;
  void admit_pods(const std::string& ns);

  struct Counts {
    std::size_t nodes = 0;
    std::size_t pods = 0;     // on a node
    std::size_t waiting = 0;  // asked for, without a node that has room
    std::size_t refused = 0;  // requests, ever
    std::size_t removed_busy = 0;  // nodes that were removed with pods on them, ever
  };
  [[nodiscard]] Counts counts() const;
  /// Waits until all that is asked for now is there, and nothing more; false when it takes longer.
  [[nodiscard]] bool settles(rig::Ms limit) const;

 private:
  struct Node {
    int pool;
    int free = accelerators_per_node;
  };
  struct Pod {
    std::string name;
    std::string node;
  };
  struct Workload {
    int made = 0;
    std::vector<Pod> pods{};
  };
  using Job = std::function<void()>;

  [[nodiscard]] bool act();
  [[nodiscard]] std::vector<Job> follow_machines();
  void shrink(int pool, std::size_t count, std::vector<Job>& jobs);
  [[nodiscard]] std::vector<Job> follow_deployments();
  void follow(const nlohmann::json& deployment, std::vector<Job>& jobs);
  void make_node(const std::string& name, int pool);
  void make_pod(const nlohmann::json& deployment, const Pod& pod);
  void ask(const std::string& method, const std::string& target,
           const nlohmann::json& body = {});

  rig::ControlPlane& cluster_;
  int pools_;
  std::string ns_;
  int made_ = 0;
  std::map<std::string, Node> nodes_;  // by name
  std::map<int, std::size_t> told_;    // of each pool: the count in its object's status
  std::map<std::string, Workload> workloads_;
  std::size_t waiting_ = 0;
  std::size_t removed_busy_ = 0;
  std::atomic<std::size_t> refused_ = 0;
  mutable std::mutex mutex_;
  Counts counts_;
  bool settled_ = false;
  int passes_ = 0;  // over
  std::jthread actor_;
};

}  // namespace poolscaler::bench
