// The survey: what the pools have, seen whole. Which node is of which group and in which state,
// what of its accelerators is taken by whom, what waits for some, and what each node costs.
//
// A node counts for one group. What cannot be told apart, or has no price, is said with a remedy,
// and nothing grows on it: a node that fits several groups counts for the one whose pool's policies
// use most of it, else for the dearest, and costs what the dearest of them says. Law: on each node,
// capacity is allocated and free.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/capacity/records.hpp"
#include "poolscaler/domain/accelerator_pool.hpp"
#include "poolscaler/money/price.hpp"

namespace poolscaler::capacity {

enum class NodeState {
  Ready,        // Ready, and its accelerators are advertised
  Starting,     // not yet, and created less than boot_max ago
  NotReady,     // for longer
  Leaving,      // cordoned by us, to be removed
  Cordoned,     // by somebody else
  Interrupted,  // it will be taken away
  Deleting
};
inline constexpr std::size_t node_state_count = 7;
[[nodiscard]] std::string_view name_of(NodeState state);

/// A node that is not ready by then is not supply any more, and neither is one that has been asked
/// for and has not come.
inline constexpr Millis boot_max = std::chrono::minutes(15);

/// What a policy draws on a pool.
struct Draw {
  std::string policy;      // "shop/web"
  std::size_t pool = 0;    // index
  std::int64_t accelerators = 1;  // of one replica
  std::int64_t replicas = 0;      // that are asked for
  std::int32_t priority = 0;
};

struct PoolInput {
  const AcceleratorPool* pool;
  std::vector<GroupFacts> groups;  // one for each group of the pool
};

struct SurveyInput {
  std::span<const PoolInput> pools;
  std::span<const Draw> draws;  // what Pod::policy counts
  const Cluster& cluster;
  const money::PriceBook& prices;
};

/// What one policy takes of a node; or, where no policy of a pool does, one namespace.
struct Use {
  std::optional<std::size_t> draw;
  std::size_t ns;  // index of the cluster's
  std::int64_t accelerators;
};

struct NodeSurvey {
  std::size_t node;   // of the cluster
  std::size_t group;  // of the pool
  NodeState state;
  std::int64_t capacity = 0;   // accelerators that it advertises
  std::int64_t allocated = 0;  // never more than capacity
  bool works = false;          // Ready, and its accelerators are advertised
  bool busy = false;           // with a pod that is not a daemon's
  std::vector<Use> uses{};
  std::shared_ptr<const money::PriceQuote> quote{};
  bool contested = false;  // several groups claim it, and do not say the same price

  [[nodiscard]] std::int64_t free() const { return capacity - allocated; }
  /// Pods can be placed on it, or could if we took our cordon back.
  [[nodiscard]] bool is_supply() const {
    return state == NodeState::Ready || (state == NodeState::Leaving && works);
  }
};

struct GroupSurvey {
  std::array<std::int64_t, node_state_count> nodes{};  // by state
  std::optional<std::int64_t> desired{};
  bool follows_pods = false;
  /// Asked for, or on order for pods that wait, and there is no node yet.
  std::int64_t in_flight = 0;
  std::int64_t busy = 0;       // nodes
  std::int64_t unpriced = 0;   // nodes
  HourlyRate rate{};           // of the priced nodes, marginal
  money::PriceQuote quote{};   // of one more node
  std::vector<Finding> findings{};
  bool may_grow = false;  // nothing but price and bounds stands against it
  /// Its nodes, or those that it was asked for, may be those of another group: nobody is granted
  /// room on any of them, and none of them is taken away.
  std::optional<Finding> ambiguous{};
  std::optional<Finding> lesser{};  // nodes that have fewer accelerators than declared

  [[nodiscard]] std::int64_t count(NodeState state) const {
    return nodes[static_cast<std::size_t>(state)];
  }
  /// All but those that are being deleted.
  [[nodiscard]] std::int64_t present() const;
};

struct PoolSurvey {
  std::vector<NodeSurvey> nodes{};
  std::vector<GroupSurvey> groups{};  // in the order of the pool
  std::int64_t capacity = 0;          // accelerators of its nodes
  std::int64_t allocated = 0;
  std::int64_t per_node = 1;  // accelerators that a node is declared to have
  std::int64_t pending = 0;  // of pods that wait
  std::int64_t smallest_pending = 0;  // of one of them; 0: none waits
  /// Of those, what no policy of a pool asked for: the accelerators of each such pod.
  std::vector<std::int64_t> foreign_pending{};
  /// Where nodes come for pods: that those which wait bring, whichever of its groups gives them, be
  /// they refused or not.
  std::int64_t brought = 0;
  std::vector<Finding> findings{};

  /// Of a group whose nodes come for pods.
  [[nodiscard]] bool follows_pods() const;
};

/// Where the accelerators of a policy's pods are.
struct DrawSurvey {
  std::int64_t bound = 0;  // on nodes that stay
  std::int64_t lost = 0;   // on nodes that are going
  std::int64_t waiting = 0;  // of pods without a node
};

struct Survey {
  std::vector<PoolSurvey> pools{};
  std::vector<DrawSurvey> draws{};
};

[[nodiscard]] Survey survey(const SurveyInput& input, Instant now);

}  // namespace poolscaler::capacity
