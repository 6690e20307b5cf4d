// PodRoom: who plays Karpenter in the cases about nodes that nobody asks for: a dynamic NodePool of
// the real definition, and an actor that makes a node for each pod of the namespace that waits for
// accelerators and fits on none of its nodes, and removes what is empty. KWOK makes the nodes
// Ready, the real scheduler uses them.
#pragma once

#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "support/control_plane.hpp"

namespace poolscaler::e2e {

class PodRoom {
 public:
  /// Installs the definition, and makes a NodePool called like the namespace.
  PodRoom(rig::ControlPlane& cluster, std::string ns);
  ~PodRoom();
  PodRoom(const PodRoom&) = delete;
  PodRoom& operator=(const PodRoom&) = delete;

  [[nodiscard]] nlohmann::json object() const;
  [[nodiscard]] std::vector<std::string> nodes() const;
  /// The most nodes that there ever were at once.
  [[nodiscard]] int most() const { return most_; }

 private:
  void act();
  void make_node();

  rig::ControlPlane& cluster_;
  std::string ns_;
  int made_ = 0;
  std::atomic<int> most_ = 0;
  std::jthread actor_;
};

}  // namespace poolscaler::e2e
