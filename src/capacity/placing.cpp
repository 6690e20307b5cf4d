// What is seen before anything is decided. Pods that wait, and replicas that have been asked for
// and have no pod yet, get the room that there is before anybody is granted more: the scheduler
// will give it to them, whatever is decided here.
#include <algorithm>
#include <limits>
#include <map>

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

}  // namespace

Sight look(std::vector<PoolMemory>& memory, const FleetInput& input, Instant now) {
  const auto draws = draws_of(input.asking);
  memory.resize(input.pools.size());
  Sight sight{.survey = survey({.pools = input.pools,
                                .draws = draws,
                                .cluster = input.cluster,
                                .prices = input.prices},
                               now)};
  const auto strides_of_pools = strides(input);
  std::vector<money::PoolSupply> stocks;
  for (std::size_t i = 0; i < input.pools.size(); ++i) {
    follow(memory[i], sight.survey.pools[i], input.cluster, now);
    sight.supplies.push_back(supply_of({.pool = input.pools[i],
                                        .survey = sight.survey.pools[i],
                                        .cluster = input.cluster,
                                        .memory = memory[i],
                                        .stride = strides_of_pools[i]},
                                       now));
    stocks.push_back(sight.supplies.back().stock);
    stocks.back().tiers.clear();
  }
  std::vector<money::Claim> claims;
  for (std::size_t i = 0; i < draws.size(); ++i)
    claims.push_back({.policy = draws[i].policy,
                      .pool = draws[i].pool,
                      .accelerators = draws[i].accelerators,
                      .wanted = outstanding(draws[i], sight.survey.draws[i]),
                      .priority = draws[i].priority,
                      .avoids_spot = input.asking[i].avoids_spot});
  add_foreign(claims, sight.survey);
  auto placed = money::arbitrate(claims, stocks, {}, now);
  for (std::size_t i = 0; i < draws.size(); ++i)
    sight.placings.push_back({.placed = placed.grants[i].granted,
                              .without_node = claims[i].wanted - placed.grants[i].granted});
  for (std::size_t i = 0; i < stocks.size(); ++i) {
    sight.supplies[i].stock.free_nodes = std::move(placed.free_nodes[i]);
    sight.supplies[i].stock.free_spot_nodes = std::move(placed.free_spot_nodes[i]);
  }
  return sight;
}

}  // namespace poolscaler::capacity
