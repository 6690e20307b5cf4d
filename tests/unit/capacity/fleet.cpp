#include "fleet.hpp"

namespace poolscaler::capacity {

HourlyRate rate(std::string_view text) { return parse_hourly_rate(text).value(); }

AcceleratorPool& Fleet::add_pool(const std::string& name, const std::vector<GroupWords>& groups) {
  auto pool = std::make_unique<AcceleratorPool>();
  pool->name = name;
  pool->accelerator = {.resource = "nvidia.com/gpu", .per_node = 8};
  PoolInput input{.pool = pool.get(), .groups = {}};
  for (const auto& words : groups) {
    NodeGroup group{.name = words.name,
                    .capacity_type = words.type,
                    .min_nodes = words.min_nodes,
                    .max_nodes = words.max_nodes,
                    .node_selector = {{"group", name + "-" + words.name}}};
    if (!words.price.empty()) group.price = rate(words.price);
    pool->node_groups.push_back(std::move(group));
    input.groups.push_back({.desired = 0, .removal = Removal::Named});
  }
  inputs.push_back(std::move(input));
  pools.push_back(std::move(pool));
  return *pools.back();
}

Node& Fleet::add_node(std::size_t pool, std::size_t group, std::int64_t accelerators) {
  auto& desired = facts(pool, group).desired;
  if (desired) ++*desired;
  const auto& of = pools[pool]->node_groups[group];
  auto node = std::make_shared<Node>();
  node->name = of.name + "-" + std::to_string(cluster.nodes.size());
  node->uid = "uid-" + node->name;
  node->labels[of.node_selector.front().key] = of.node_selector.front().value;
  node->created = noon - std::chrono::hours(1);
  node->ready = true;
  node->allocatable = node->capacity = {{pools[pool]->accelerator.resource, accelerators}};
  cluster.nodes.push_back(node);
  nodes.push_back(std::move(node));
  return *nodes.back();
}

Pod& Fleet::add_pod(std::optional<std::size_t> node, std::int64_t accelerators,
                    std::optional<std::size_t> draw) {
  const auto& resource = pools[draw ? draws[*draw].pool : 0]->accelerator.resource;
  cluster.pods.push_back(
      {.node = node,
       .accelerators = std::make_shared<const Resources>(Resources{{resource, accelerators}}),
       .policy = draw,
       .created = noon - std::chrono::minutes(30)});
  return cluster.pods.back();
}

std::size_t Fleet::add_draw(const std::string& policy, std::int64_t accelerators,
                            std::int64_t replicas, std::size_t pool) {
  draws.push_back({.policy = policy,
                   .pool = pool,
                   .accelerators = accelerators,
                   .replicas = replicas});
  return draws.size() - 1;
}

Survey Fleet::survey(Instant now) const {
  const money::PriceBook none({});
  return capacity::survey(
      {.pools = inputs, .draws = draws, .cluster = cluster, .prices = none}, now);
}

}  // namespace poolscaler::capacity
