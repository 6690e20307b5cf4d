// AcceleratorPool: accelerators of one kind that policies share, and the groups of nodes that they
// are on, as the platform team declares them. Valid by construction: the api room builds it from a
// checked object (docs/reference/accelerator-pool.md has shapes, units and defaults).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/amount.hpp"
#include "poolscaler/domain/price_catalog.hpp"
#include "poolscaler/domain/window.hpp"

namespace poolscaler {

struct Accelerator {
  std::string resource;    // "nvidia.com/gpu", "nvidia.com/mig-1g.5gb", "habana.ai/gaudi"
  std::int32_t per_node;   // what a node has, as it advertises it (time-sliced replicas counted)
  std::string product{};   // "H100-SXM", for people
};

/// The object that says how many nodes a group has.
struct BackendRef {
  std::string api_version;
  std::string kind;
  std::string ns{};  // empty: cluster-scoped
  std::string name;
  auto operator<=>(const BackendRef&) const = default;
};

/// Where a kind that we do not know keeps its numbers: paths as in "spec.scaling.desiredSize".
struct BackendPaths {
  std::string desired;
  std::string min{};
  std::string max{};
  std::string observed{};
  bool operator==(const BackendPaths&) const = default;
};

struct LabelValue {
  std::string key;
  std::string value;
  auto operator<=>(const LabelValue&) const = default;
};

struct NodeGroup {
  std::string name;  // unique within the pool
  CapacityType capacity_type = CapacityType::OnDemand;
  /// Nothing: nobody is asked for more nodes or fewer.
  std::optional<BackendRef> backend{};
  /// Its nodes come for pods that wait for them, and go when they are empty: nobody is asked for
  /// any, whatever `backend` says of its count.
  bool follows_pods = false;
  std::optional<BackendPaths> paths{};  // of a backend whose kind we do not know
  std::int32_t zones = 1;               // into which a count per zone is multiplied
  std::int32_t min_nodes = 0;
  std::int32_t max_nodes;
  std::optional<HourlyRate> price{};  // of a node; wins over every catalogue
  // For the catalogues, where nodes of the group do not say it themselves (yet).
  std::string provider{};
  std::string instance_type{};
  std::string region{};
  std::string zone{};
  std::string commitment{};  // term of a Reserved group; empty: the dearest
  /// A node belongs to the group when it has all of these labels. Empty: what the backend's kind
  /// is known to put on its nodes.
  std::vector<LabelValue> node_selector{};
};

/// Spare nodes, kept ready although nobody needs them yet.
struct WarmNodes {
  std::int32_t nodes = 0;
  /// Windows whose `floor` is a number of nodes, and nothing else: the largest of those that are
  /// open counts where it is above `nodes`.
  std::vector<Window> schedule{};
};

enum class MixStrategy {
  Cheapest,      // Reserved, then whichever of Spot and OnDemand costs less with its risk
  SpotFirst,     // Reserved, Spot, OnDemand
  OnDemandFirst  // Reserved, OnDemand, Spot
};

struct Mix {
  MixStrategy strategy = MixStrategy::Cheapest;
  std::int32_t spot_percent_max = 100;   // of the nodes that are not reserved
  std::int32_t on_demand_nodes_min = 0;  // before any spot node
};

struct NodeScaleDown {
  int idle_after_seconds = 600;     // a node without accelerator pods leaves after this
  int drain_timeout_seconds = 900;  // what keeps it busy for longer keeps it
};

struct PoolLimits {
  std::optional<std::int32_t> max_nodes{};
  std::optional<HourlyRate> max_hourly{};
};

enum class PoolMode {
  Automatic,
  Recommend,  // decides and reports, but asks for no node and drains none
};

struct AcceleratorPool {
  std::string name;
  Accelerator accelerator;
  std::vector<NodeGroup> node_groups;
  WarmNodes warm{};
  Mix mix{};
  NodeScaleDown scale_down{};
  PoolLimits limits{};
  PoolMode mode = PoolMode::Automatic;
  Currency currency{};  // of its prices and limits, and of the costs of policies that draw on it
};

}  // namespace poolscaler
