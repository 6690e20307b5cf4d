// What is seen before anything is decided. Pods that wait, and replicas that have been asked for
// and have no pod yet, get the room that there is before anybody is granted more: the scheduler
// will give it to them, whatever is decided here.
#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "poolscaler/base/check.hpp"
#include "poolscaler/capacity/plan.hpp"

namespace poolscaler::capacity {
namespace {

std::vector<Draw> draws_of(std::span<const Asking> asking) {
  std::vector<Draw> draws;
  draws.reserve(asking.size());
  for (const auto& one : asking) draws.push_back(one.draw);
  return draws;
}

/// The nodes that the largest replica of each pool spans.
std::vector<std::int64_t> strides(const FleetInput& input) {
  std::vector<std::int64_t> strides(input.pools.size(), 1);
  for (const auto& one : input.asking) {
    const auto per_node = input.pools[one.draw.pool].pool->accelerator.per_node;
    auto& stride = strides[one.draw.pool];
    stride = std::max(stride, (one.draw.accelerators - 1) / per_node + 1);
  }
  return strides;
}

/// Replicas that are asked for and have no accelerators on a node that stays.
std::int64_t outstanding(const Draw& draw, const DrawSurvey& seen) {
  return std::max<std::int64_t>(draw.replicas - seen.bound / draw.accelerators, 0);
}

void add_foreign(std::vector<money::Claim>& claims, const Survey& survey) {
  for (std::size_t pool = 0; pool < survey.pools.size(); ++pool) {
    std::map<std::int64_t, std::int64_t> pods_by_size;
    for (const auto size : survey.pools[pool].foreign_pending) ++pods_by_size[size];
    for (const auto& [size, pods] : pods_by_size)
      claims.push_back({.policy = fmt::format("pods of nobody, {} of pool {}", size, pool),
                        .pool = pool,
                        .accelerators = size,
                        .wanted = pods,
                        .priority = std::numeric_limits<std::int32_t>::max()});
  }
}

/// Pods of a policy beyond its replicas, as while it is rolled out: they wait like others.
void add_surplus(std::vector<money::Claim>& claims, const Survey& survey) {
  for (std::size_t i = 0; i < survey.draws.size(); ++i) {
    auto claim = claims[i];
    if (!survey.pools[claim.pool].follows_pods()) continue;
    const auto pods = survey.draws[i].waiting / claim.accelerators;
    if (pods <= claim.wanted) continue;
    claim.wanted = pods - claim.wanted;
    claim.policy = fmt::format("pods beyond the replicas of {}", claim.policy);
    claim.priority = std::numeric_limits<std::int32_t>::max();
    claims.push_back(std::move(claim));
  }
}

/// What a look has before it.
struct Scene {
  const FleetInput& input;
  std::vector<PoolMemory>& memory;
  std::vector<std::int64_t> strides;
  Instant now;

  [[nodiscard]] Supply supply(const Survey& survey, std::size_t pool,
                              std::int64_t unneeded = 0) const {
    return supply_of({.pool = input.pools[pool],
                      .survey = survey.pools[pool],
                      .cluster = input.cluster,
                      .memory = memory[pool],
                      .stride = strides[pool],
                      .unneeded = unneeded},
                     now);
  }
};

/// How many nodes autoscalers may still bring to a pool by the bounds that they know.
std::int64_t most_brought(const PoolInput& pool, const PoolSurvey& survey) {
  std::int64_t nodes = 0;
  for (std::size_t i = 0; i < survey.groups.size(); ++i) {
    const auto& group = survey.groups[i];
    if (!group.follows_pods || (!group.may_grow && !group.ambiguous)) continue;
    const auto most = std::min<std::int64_t>(
        pool.pool->node_groups[i].max_nodes,
        pool.groups[i].most.value_or(std::numeric_limits<std::int64_t>::max()));
    nodes += std::max<std::int64_t>(most - group.present(), 0);
  }
  return nodes;
}

/// Where nodes come for pods, each pod that no node has room for, or will have that its autoscaler
/// has made, brings one, whatever is decided here and whatever it costs: such nodes are on order,
/// as if somebody had asked for them. Of what others were asked for an autoscaler knows nothing.
void order_nodes(Survey& survey, const Scene& scene, std::span<const money::Claim> claims) {
  if (std::ranges::none_of(survey.pools, &PoolSurvey::follows_pods)) return;
  std::vector<Supply> supplies;
  std::vector<money::PoolSupply> stocks;
  for (std::size_t i = 0; i < survey.pools.size(); ++i) {
    scene.memory[i].groups.resize(survey.pools[i].groups.size());
    supplies.push_back(scene.supply(survey, i));
    auto& stock = stocks.emplace_back(supplies.back().stock);
    stock.late_nodes.clear();
    stock.late_spot_nodes.clear();
    for (std::size_t tier = 0; tier < stock.tiers.size(); ++tier) {
      auto& offer = stock.tiers[tier];
      offer.price = HourlyRate();
      if (!survey.pools[i].groups[supplies[i].group_of_tier[tier]].follows_pods) offer.nodes = 0;
    }
  }
  const auto ordered = money::arbitrate(claims, stocks, {}, scene.now);
  for (std::size_t i = 0; i < stocks.size(); ++i)
    stocks[i].tiers = {{HourlyRate(), most_brought(scene.input.pools[i], survey.pools[i])}};
  const auto brought = money::arbitrate(claims, stocks, {}, scene.now);
  for (std::size_t i = 0; i < supplies.size(); ++i) {
    std::int64_t by_group = 0;
    for (std::size_t tier = 0; tier < ordered.new_nodes[i].size(); ++tier) {
      survey.pools[i].groups[supplies[i].group_of_tier[tier]].in_flight +=
          ordered.new_nodes[i][tier];
      by_group += ordered.new_nodes[i][tier];
    }
    survey.pools[i].brought = std::max(brought.new_nodes[i].front(), by_group);
  }
}

/// Since when as many replicas wait. When it is said for long that they are placed, and they are
/// not, it is not the want of a node that keeps them.
void follow_waiting(PoolMemory& memory, const std::string& policy, std::int64_t replicas,
                    Instant now) {
  if (replicas == 0) {
    memory.waiting.erase(policy);
    return;
  }
  auto& known = memory.waiting.try_emplace(policy, replicas, now).first->second;
  if (known.replicas != replicas || known.since > now) known = {replicas, now};
}

void forget_waiting(std::vector<PoolMemory>& memory, std::span<const Draw> draws) {
  std::set<std::pair<std::size_t, std::string_view>> there;
  for (const auto& draw : draws) there.emplace(draw.pool, draw.policy);
  for (std::size_t i = 0; i < memory.size(); ++i)
    std::erase_if(memory[i].waiting, [&](const auto& one) {
      return !there.contains({i, one.first});
    });
}

Placing placing_of(std::vector<PoolMemory>& memory, const money::Claim& claim,
                   std::int64_t placed, const money::PoolSupply& stock, Instant now) {
  auto& known = memory[claim.pool];
  follow_waiting(known, claim.policy, claim.wanted, now);
  return {.placed = placed,
          .without_node = claim.wanted - placed,
          .coming = money::dearest(*stock.places,
                                   {.accelerators = claim.wanted * claim.accelerators,
                                    .smallest = claim.accelerators,
                                    .avoids_spot = claim.avoids_spot}),
          .guarded = claim.wanted > 0 && now - known.waiting.at(claim.policy).since < boot_max};
}

}  // namespace

Sight look(std::vector<PoolMemory>& memory, const FleetInput& input, Instant now) {
  const auto draws = draws_of(input.asking);
  memory.resize(input.pools.size());
  Sight sight{.survey = survey({.pools = input.pools,
                                .draws = draws,
                                .cluster = input.cluster,
                                .prices = input.prices},
                               now)};
  std::vector<money::Claim> claims;
  for (std::size_t i = 0; i < draws.size(); ++i)
    claims.push_back({.policy = draws[i].policy,
                      .pool = draws[i].pool,
                      .accelerators = draws[i].accelerators,
                      .wanted = outstanding(draws[i], sight.survey.draws[i]),
                      .priority = draws[i].priority,
                      .avoids_spot = input.asking[i].avoids_spot});
  add_surplus(claims, sight.survey);
  add_foreign(claims, sight.survey);
  const Scene scene{.input = input, .memory = memory, .strides = strides(input), .now = now};
  order_nodes(sight.survey, scene, claims);
  std::vector<money::PoolSupply> stocks;
  for (std::size_t i = 0; i < input.pools.size(); ++i) {
    follow(memory[i], sight.survey.pools[i], input.cluster, now);
    sight.supplies.push_back(scene.supply(
        sight.survey, i, memory[i].brought.nodes - sight.survey.pools[i].brought));
    stocks.push_back(sight.supplies.back().stock);
    stocks.back().tiers.clear();
  }
  auto placed = money::arbitrate(claims, stocks, {}, now);
  forget_waiting(memory, draws);
  for (std::size_t i = 0; i < draws.size(); ++i)
    sight.placings.push_back(placing_of(memory, claims[i], placed.grants[i].granted,
                                        sight.supplies[claims[i].pool].stock, now));
  for (std::size_t i = 0; i < stocks.size(); ++i) {
    sight.supplies[i].stock.free_nodes = std::move(placed.free_nodes[i]);
    sight.supplies[i].stock.free_spot_nodes = std::move(placed.free_spot_nodes[i]);
    sight.supplies[i].stock.late_nodes = std::move(placed.late_nodes[i]);
    sight.supplies[i].stock.late_spot_nodes = std::move(placed.late_spot_nodes[i]);
  }
  return sight;
}

}  // namespace poolscaler::capacity
