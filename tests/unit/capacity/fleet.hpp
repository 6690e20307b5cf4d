// A small fleet to look at: pools with groups, nodes that are labelled by group, and pods, built in
// a few words.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/capacity/survey.hpp"

namespace poolscaler::capacity {

inline constexpr Instant noon{std::chrono::sys_days(std::chrono::year(2026) / 11 / 2) +
                              std::chrono::hours(12)};

[[nodiscard]] HourlyRate rate(std::string_view text);

struct GroupWords {
  std::string name = "od";
  CapacityType type = CapacityType::OnDemand;
  std::string price = "10";  // empty: none
  std::int32_t max_nodes = 10;
  std::int32_t min_nodes = 0;
};

struct Fleet {
  std::vector<std::unique_ptr<AcceleratorPool>> pools{};
  std::vector<PoolInput> inputs{};
  std::vector<Draw> draws{};
  Cluster cluster{};
  std::vector<std::shared_ptr<Node>> nodes{};

  /// Nodes of 8 nvidia.com/gpu.
  AcceleratorPool& add_pool(const std::string& name, const std::vector<GroupWords>& groups);
  /// The facts of a group: what its object asks for.
  GroupFacts& facts(std::size_t pool, std::size_t group) { return inputs[pool].groups[group]; }
  /// A ready node of the group, an hour old, which the group's object has been asked for.
  Node& add_node(std::size_t pool, std::size_t group, std::int64_t accelerators = 8);
  Node& node(std::size_t index) { return *nodes[index]; }
  /// On the node, or waiting.
  Pod& add_pod(std::optional<std::size_t> node, std::int64_t accelerators,
               std::optional<std::size_t> draw = {});
  std::size_t add_draw(const std::string& policy, std::int64_t accelerators,
                       std::int64_t replicas, std::size_t pool = 0);

  [[nodiscard]] Survey survey(Instant now = noon) const;
};

}  // namespace poolscaler::capacity
