#include "poolscaler/simulation/cluster.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster_hand.hpp"
#include "evictions.hpp"
#include "machines.hpp"
#include "pod_lifecycle.hpp"
#include "simulated_node.hpp"
#include "workloads.hpp"
#include "world.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr Seconds heartbeat_period{10};
constexpr const char* node_leases = "kube-node-lease";

json first_node(const NodeShape& shape, int index, const std::string& now) {
  return simulated_node({.name = fmt::format("{}{}", shape.name_prefix, index),
                         .accelerator = shape.accelerator,
                         .accelerators = shape.accelerators,
                         .number = index,
                         .labels = {{"node.kubernetes.io/instance-type", "sandbox-8gpu"},
                                    {"nvidia.com/gpu.product", shape.product}}},
                        now);
}

/// A namespace that ends takes its objects along, and goes when it is empty.
void end_namespaces(ClusterHand& hand, WorldParts& world) {
  for (const auto& space : hand.all("namespaces")) {
    if (!is_deleting(*space)) continue;
    const auto prefix = name_of(*space) + "/";
    bool empty = true;
    for (const auto& kind : world.catalog.all()) {
      if (!kind->namespaced || kind->is_event_v1()) continue;
      for (const auto& object : hand.all(kind->storage())) {
        if (!object_key(*object).starts_with(prefix)) continue;
        if (!is_deleting(*object)) hand.remove(kind->api_version(), object);
        if (hand.find(kind->storage(), name_of(*space), name_of(*object))) empty = false;
      }
    }
    if (empty) hand.erase("namespaces", space);
  }
}

std::set<std::string> all_uids(const WorldParts& world) {
  std::set<std::string> uids;
  for (const auto& storage : world.store.storages())
    for (const auto& [key, object] : world.store.all(storage)) uids.insert(uid_of(*object));
  return uids;
}

/// What has owners, none of which exists any more, goes.
void collect_garbage(ClusterHand& hand, const WorldParts& world) {
  const auto uids = all_uids(world);
  for (const auto& kind : world.catalog.all()) {
    if (kind->is_event_v1()) continue;
    for (const auto& object : hand.all(kind->storage())) {
      const auto owners = (*object)["metadata"].value("ownerReferences", json::array());
      if (owners.empty() || is_deleting(*object)) continue;
      const bool owned = std::ranges::any_of(
          owners, [&](const json& owner) { return uids.contains(owner.value("uid", "")); });
      if (!owned) hand.remove(kind->api_version(), object);
    }
  }
}

}  // namespace

class SimulatedCluster::Parts {
 public:
  Parts(ClusterOptions options, WorldParts& world, Instant now)
      : options_(std::move(options)), world_(world), pods_(options_), machines_(options_) {
    const std::scoped_lock lock(world_.mutex);
    ClusterHand hand(world_, now);
    for (int i = 0; i < options_.nodes.count; ++i)
      hand.make("v1", "Node", first_node(options_.nodes, i, hand.time_text()));
  }

  void advance(Instant now) {
    const std::scoped_lock lock(world_.mutex);
    const auto before = world_.store.revision();
    ClusterHand hand(world_, now);
    end_namespaces(hand, world_);
    collect_garbage(hand, world_);
    reconcile_workloads(hand);
    machines_.reconcile(hand);
    reconcile_budgets(hand);
    pods_.schedule(hand);
    pods_.run(hand);
    beat(hand);
    if (world_.store.revision() != before) world_.changed.notify_all();
  }

 private:
  /// Each node renews its lease, by which others see that it lives.
  void beat(ClusterHand& hand) {
    if (hand.now() - last_beat_ < heartbeat_period) return;
    last_beat_ = hand.now();
    for (const auto& node : hand.all("nodes")) {
      const auto name = name_of(*node);
      const json spec = {{"holderIdentity", name},
                         {"leaseDurationSeconds", 40},
                         {"renewTime", to_rfc3339_micro(hand.now())}};
      const auto lease = hand.find("leases.coordination.k8s.io", node_leases, name);
      if (!lease) {
        hand.make("coordination.k8s.io/v1", "Lease",
                  {{"metadata",
                    {{"name", name},
                     {"namespace", node_leases},
                     {"ownerReferences", json::array({owner_reference(*node)})}}},
                   {"spec", spec}});
        continue;
      }
      json renewed = *lease;
      renewed["spec"] = spec;
      hand.replace("leases.coordination.k8s.io", std::move(renewed));
    }
  }

  const ClusterOptions options_;
  WorldParts& world_;
  PodLifecycle pods_;
  Machines machines_;
  Instant last_beat_{};
};

SimulatedCluster::SimulatedCluster(ClusterOptions options, ApiServer& api, Instant now)
    : parts_(std::make_unique<Parts>(std::move(options), api.parts(), now)) {}

SimulatedCluster::~SimulatedCluster() = default;

void SimulatedCluster::advance(Instant now) { parts_->advance(now); }

}  // namespace poolscaler::simulation
