// Leaving: which nodes go, and how, one step after the other. A node that has been empty for
// idle_after and that nobody needs is cordoned; what is left on it is evicted; it is named to its
// group as the one to remove; the group is asked for fewer; it goes. A node that somebody needs, or
// that cannot be drained in time, is given back.
//
// Invariants: a node with a pod that takes accelerators is never named, and no group is asked for
// fewer while such a node could be the one that goes. Nothing is asked for twice: a group shrinks
// only while it has exactly the nodes that it was asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "poolscaler/capacity/supply.hpp"

namespace poolscaler::capacity {

/// After the cordon was seen, so that a pod that the scheduler had placed just before is seen, too.
inline constexpr Millis cordon_settles = std::chrono::seconds(5);
/// A cordon of ours that a predecessor has set: what it asked for may still be under way.
inline constexpr Millis adoption_settles = std::chrono::minutes(5);
/// A group that has been asked for fewer nodes, and keeps this one, is given it back.
inline constexpr Millis removal_patience = std::chrono::minutes(2);
/// Nodes that have not come, and that nobody has needed for this long, are taken back.
inline constexpr Millis order_patience = std::chrono::minutes(1);
/// A node that could not be drained is left alone for this long.
inline constexpr Millis after_failed_drain = std::chrono::minutes(10);

enum class NodeAct {
  Cordon,
  GiveBack,  // take the mark off its machine, where it may have one, and uncordon it
  Drain,     // evict what is left on it
  Name       // to its group
};

struct NodeStep {
  std::size_t node;  // of the cluster
  std::size_t group;
  NodeAct act;
  std::string words;  // why, for an event
};

struct Lowering {
  std::size_t group;
  std::int64_t to;
  std::vector<std::size_t> nodes;  // that are meant to go
};

struct LeavingInput {
  const PoolInput& pool;
  const PoolSurvey& survey;
  const Cluster& cluster;
  /// Whole nodes that are free once everybody has been served, warm nodes included.
  std::int64_t spare = 0;
  /// By node of the cluster, for those that we have cordoned: pods that are no daemon's. Nothing:
  /// not known, and the node waits.
  const std::map<std::size_t, std::int64_t>& left_on;
};

struct Leaving {
  std::vector<NodeStep> steps{};
  std::vector<Lowering> lowerings{};
  std::vector<Finding> given_up{};  // drains that took too long
};

/// What to do now; each step is repeated until the cluster shows it. `memory` is taken further. The
/// dearest node goes first, and none whose hour costs nothing more.
[[nodiscard]] Leaving leave(PoolMemory& memory, const LeavingInput& input, Instant now);

/// To be called when the API server has confirmed the write of a Name, or of a Lowering.
void named(PoolMemory& memory, const std::string& uid, Instant now);
void lowered(PoolMemory& memory, const std::vector<std::string>& uids, Instant now);

}  // namespace poolscaler::capacity
