// MachineRoom: who plays Cluster API in the cases about nodes: a MachineDeployment of the real
// definition, and an actor that makes Machines and nodes, or removes them - those that are marked
// first - until there are as many as it asks for. KWOK makes the nodes Ready, the real scheduler
// uses them. The accelerators are "example.com/accelerator", eight a node.
#pragma once

#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "support/control_plane.hpp"

namespace poolscaler::e2e {

inline const std::string merge = "application/merge-patch+json";

/// Installs a definition of shared/data/crds, and waits until it is served.
void define(rig::ControlPlane& cluster, const std::string& definition);
/// A node of eight accelerators; `metadata` has its name.
[[nodiscard]] nlohmann::json node_object(nlohmann::json metadata);

class MachineRoom {
 public:
  /// Why there can be none here; empty when there can.
  static std::string why_unavailable();

  /// Installs the definitions, and makes MachineDeployment `name` in namespace `ns`.
  MachineRoom(rig::ControlPlane& cluster, std::string ns, std::string name);
  ~MachineRoom();
  MachineRoom(const MachineRoom&) = delete;
  MachineRoom& operator=(const MachineRoom&) = delete;

  /// While it holds, no node is made.
  void hold(bool held) { held_ = held; }
  [[nodiscard]] int wanted() const;
  [[nodiscard]] std::vector<std::string> nodes() const;
  /// Nodes that were removed although a pod with accelerators was on them.
  [[nodiscard]] std::vector<std::string> removed_busy() const;
  /// The most nodes that there ever were at once.
  [[nodiscard]] int most() const { return most_; }

 private:
  void act();
  void make_node();
  void remove_node(const std::string& node);
  [[nodiscard]] bool is_busy(const std::string& node) const;
  [[nodiscard]] bool is_marked(const std::string& node) const;
  [[nodiscard]] std::string machines(const std::string& machine = {}) const;

  rig::ControlPlane& cluster_;
  std::string ns_;
  std::string name_;
  int made_ = 0;
  std::atomic<int> most_ = 0;
  std::atomic<bool> held_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> removed_busy_;
  std::jthread actor_;
};

}  // namespace poolscaler::e2e
