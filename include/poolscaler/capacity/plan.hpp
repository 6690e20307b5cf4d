// The plan: pods and nodes and money in one decision. What the policies want of their pools, what
// the pools have and what budgets admit become, in one step: how far each policy may grow, how many
// nodes each group is asked for, and which nodes go.
//
// What has been asked for already and has no node yet comes first, what is starting counts as if it
// were there, and nobody is ever granted fewer replicas than there are: a cap stops growth, it does
// not take. Where nodes come for pods that wait, nobody is asked for any: granted is what budgets
// admit of the nodes that the pods will bring. In a pool that has such groups and others as well,
// no replica is granted on a node that others were asked for before it is ready: a pod that waits
// for it would bring another one. Pure; the result does not depend on the order of policies, pods
// or nodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "poolscaler/capacity/leaving.hpp"
#include "poolscaler/capacity/supply.hpp"
#include "poolscaler/capacity/survey.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/money/arbitrate.hpp"

namespace poolscaler::capacity {

/// What a policy asks of its pool.
struct Asking {
  Draw draw;
  std::int64_t wanted = 0;  // replicas, after everything but money and pool
  std::int64_t protected_replicas = 0;
  std::int64_t weight = 1;
  bool avoids_spot = false;
  /// False: it is decided alike, but nothing is taken from others and no node added for it (mode
  /// Recommend, or something that keeps it from being written).
  bool acts = true;
  std::optional<HourlyRate> max_added_hourly{};  // of what is added now
  /// Replicas: how many of so many it might have is told, wanted or not. 0: it is not.
  std::int64_t reach = 0;
};

struct FleetInput {
  std::span<const PoolInput> pools;
  const Cluster& cluster;  // Pod::policy counts `asking`
  const money::PriceBook& prices;
  std::span<const Asking> asking;
  const std::map<std::size_t, std::int64_t>& left_on;  // leaving.hpp
  /// What every policy asks is in `asking`; else no node that is on order is taken back.
  bool all_heard = true;
};

/// Where the replicas of a policy are that are asked for and on no node yet.
struct Placing {
  std::int64_t placed = 0;        // they go to nodes that are there or coming
  std::int64_t without_node = 0;  // none is
  HourlyRate coming{};  // what they cost on the dearest of the places that they may get
  /// No node is added meanwhile that would be too dear for them. Not once they have waited for
  /// boot_max: something else keeps them from their place.
  bool guarded = false;

  [[nodiscard]] std::int64_t waiting() const { return placed + without_node; }
};

/// What is seen before anything is decided: as much as the ledgers need to say what is left.
struct Sight {
  Survey survey{};
  std::vector<Supply> supplies{};   // by pool, net of what has been asked for
  std::vector<Placing> placings{};  // by asking
};

/// `memory`, one for each pool, is taken further.
[[nodiscard]] Sight look(std::vector<PoolMemory>& memory, const FleetInput& input, Instant now);

/// What budgets admit. What is on its way counts in the rates of the limits already.
struct MoneyInput {
  std::span<const money::Limit> limits;
  std::span<const std::vector<std::size_t>> of_pool;    // that count its nodes whole
  std::span<const std::vector<std::size_t>> of_asking;  // that count its share
  const std::vector<bool>& pool_warned;  // close to a limit: nothing is kept warm
};

struct Granted {
  std::int64_t most = 0;          // replicas; never fewer than there are
  /// Of Asking::reach: replicas that it would be granted if it alone asked for more now; not below
  /// `most`.
  std::int64_t reachable = 0;
  std::int64_t without_node = 0;  // of those that there are, once all is granted that can be
  HourlyRate added{};  // what those beyond the ones that there are cost, at most
  money::Refusal refusal = money::Refusal::None;
  std::optional<std::size_t> limit{};  // that refused; nothing: none, or maxAddedHourly
  std::string words{};                 // "5 replicas asked for, 3 granted: ..."
};

struct GroupPlan {
  std::optional<std::int64_t> wanted{};  // nodes to ask for; nothing: as many as it has been
  std::vector<std::size_t> leaving{};    // nodes of the cluster that are to go, when it shrinks
  std::string words{};                   // why it shrinks, where no node goes
};

struct PoolPlan {
  std::vector<GroupPlan> groups{};
  std::vector<NodeStep> steps{};
  std::vector<Finding> findings{};
  std::vector<Finding> given_up{};  // drains that took too long, at the look that ends them
  std::int64_t warm_wanted = 0;  // whole nodes
  std::int64_t warm = 0;
  std::int64_t spare = 0;  // whole nodes that nobody needs, warm ones not counted
};

struct Plan {
  std::vector<PoolPlan> pools{};
  std::vector<Granted> grants{};  // by asking
};

/// As the engine takes it; `limits` are those of the round, `pool` is the one that was asked.
[[nodiscard]] Grant grant_of(const Granted& granted, std::span<const money::Limit> limits,
                             const PoolSurvey& pool);

/// `memory` and `sight` are those of the look.
[[nodiscard]] Plan plan(std::vector<PoolMemory>& memory, const FleetInput& input,
                        const Sight& sight, const MoneyInput& money, Instant now);

}  // namespace poolscaler::capacity
