// The part of FakeCluster that is about nodes: pools, budgets, MachineDeployments whose controller
// makes and removes nodes when the test says so, a scheduler, evictions.
#include <algorithm>

#include "fake_world.hpp"
#include "poolscaler/base/time.hpp"

namespace poolscaler::testing {
namespace {

const controllers::TargetKind machine_deployments{"cluster.x-k8s.io/v1beta2", "MachineDeployment"};
const controllers::TargetKind node_pools{"karpenter.sh/v1", "NodePool"};

bool is_cordoned(const json& node) { return node["spec"].value("unschedulable", false); }

std::int64_t gpus_of(const json& pod) {
  const json::json_pointer limit("/spec/containers/0/resources/limits/nvidia.com~1gpu");
  return pod.contains(limit) ? std::stoll(pod[limit].get<std::string>()) : 0;
}

template <class Key>
json* find_object(std::map<Key, json>& objects, const Key& key, const std::string& uid) {
  const auto found = objects.find(key);
  if (found == objects.end() || found->second["metadata"]["uid"] != uid) return nullptr;
  return &found->second;
}

template <class Objects>
void list(ChangeSink& sink, const Objects& objects) {
  sink.replace_begin();
  for (const auto& [key, object] : objects) sink.replace_item(object);
  sink.replace_end();
}

}  // namespace

void FakeCluster::bind_nodes(controllers::ClusterState& state) {
  list(state.pools(), pools_);
  list(state.budgets(), budgets_);
  if (pools_.empty()) return;
  list(state.price_catalogs(), catalogs_);
  list(state.nodes(), nodes_);
  if (!groups_late) list_groups(state);
}

void FakeCluster::list_groups(controllers::ClusterState& state) {
  for (const auto& kind : {machine_deployments, node_pools}) {
    std::map<ObjectKey, json> of_kind;
    for (const auto& [key, group] : groups_)
      if (group["kind"] == kind.kind) of_kind[key] = group;
    list(state.group_objects(kind), of_kind);
  }
}

void FakeCluster::add_pool(const std::string& name, const json& spec) {
  auto& object = pools_[name];
  object = make("poolscaler.dev/v1alpha1", "AcceleratorPool", {"", name});
  object["spec"] = spec;
  bind_nodes(*state_);
}

void FakeCluster::edit_pool(const std::string& name, const json& patch) {
  auto& object = pools_.at(name);
  object["spec"].merge_patch(patch);
  object["metadata"]["generation"] = object["metadata"]["generation"].get<int>() + 1;
  deliver(state_->pools(), stamp(object));
}

void FakeCluster::delete_pool(const std::string& name) {
  deliver(state_->pools(), pools_.at(name), true);
  pools_.erase(name);
}

void FakeCluster::add_catalog(const std::string& name, const json& spec) {
  auto& object = catalogs_[name];
  if (object.is_null()) object = make("poolscaler.dev/v1alpha1", "PriceCatalog", {"", name});
  object["spec"] = spec;
  deliver(state_->price_catalogs(), stamp(object));
}

void FakeCluster::delete_catalog(const std::string& name) {
  deliver(state_->price_catalogs(), catalogs_.at(name), true);
  catalogs_.erase(name);
}

void FakeCluster::add_budget(const std::string& name, const json& spec) {
  auto& object = budgets_[name];
  object = make("poolscaler.dev/v1alpha1", "CostBudget", {"", name});
  object["spec"] = spec;
  deliver(state_->budgets(), object);
}

void FakeCluster::write_budget_beside(const std::string& name, const json& status) {
  auto& object = budgets_.at(name);
  object["status"] = status;
  deliver(state_->budgets(), stamp(object));
}

void FakeCluster::write_pool_beside(const std::string& name, const json& status) {
  auto& object = pools_.at(name);
  object["status"] = status;
  deliver(state_->pools(), stamp(object));
}

void FakeCluster::add_group(const std::string& name, int replicas) {
  auto object = make("cluster.x-k8s.io/v1beta2", "MachineDeployment", {"team", name});
  object["spec"] = {{"replicas", replicas}, {"template", json::object()}};
  groups_[{"team", name}] = object;
  if (!pools_.empty()) deliver(state_->group_objects(machine_deployments), object);
}

void FakeCluster::add_node_pool(const std::string& name, const json& limits) {
  auto object = make("karpenter.sh/v1", "NodePool", {"", name});
  object["spec"] = {{"limits", limits}, {"template", json::object()}};
  groups_[{"", name}] = object;
  if (!pools_.empty()) deliver(state_->group_objects(node_pools), object);
}

void FakeCluster::autoscale(const std::string& name, int min, int max) {
  autoscaled_.insert(name);
  const auto group = groups_.find({"team", name});
  if (group == groups_.end()) return;
  const std::string size = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-";
  group->second["metadata"]["annotations"] = {{size + "min-size", std::to_string(min)},
                                              {size + "max-size", std::to_string(max)}};
  deliver(state_->group_objects(machine_deployments), stamp(group->second));
}

void FakeCluster::bound_group(const std::string& name, const std::string& which, int count) {
  auto& group = groups_.at({"team", name});
  group["metadata"]["annotations"]["cluster.x-k8s.io/cluster-api-autoscaler-node-group-" + which +
                                   "-size"] = std::to_string(count);
  deliver(state_->group_objects(machine_deployments), stamp(group));
}

int FakeCluster::group_replicas(const std::string& name) const {
  return groups_.at({"team", name})["spec"]["replicas"].get<int>();
}

json& FakeCluster::make_node(const std::string& group) {
  const auto name = group + "-n" + std::to_string(++made_nodes_);
  auto& node = nodes_[name] = make("v1", "Node", {"", name});
  node["spec"] = json::object();
  return node;
}

void FakeCluster::add_node(const std::string& group, bool ready) {
  auto& node = make_node(group);
  const auto name = node["metadata"]["name"].get<std::string>();
  node["metadata"]["annotations"] = {{"cluster.x-k8s.io/cluster-namespace", "team"},
                                     {"cluster.x-k8s.io/machine", name},
                                     {"cluster.x-k8s.io/owner-kind", "MachineSet"},
                                     {"cluster.x-k8s.io/owner-name", group + "-x7k2p"}};
  node["metadata"]["labels"] = {{"made-by", group}};
  make_ready(name, ready);
}

/// As Karpenter and cluster-autoscaler do: each pod that waits and fits nowhere gets a node, one
/// that is empty goes.
void FakeCluster::follow_pods(const std::string& pool) {
  std::map<std::string, std::int64_t> room;
  for (const auto& [name, node] : nodes_)
    if (node["metadata"].value("labels", json::object()).value("karpenter.sh/nodepool", "") == pool)
      room[name] = 8;
  std::vector<std::int64_t> waiting;
  for (const auto& [key, pods] : pods_)
    for (const auto& pod : pods)
      if (const auto on = pod["spec"].value("nodeName", ""); on.empty())
        waiting.push_back(gpus_of(pod));
      else if (room.contains(on))
        room[on] -= gpus_of(pod);
  for (const auto count : waiting) {
    const auto fit =
        std::ranges::find_if(room, [count](const auto& one) { return one.second >= count; });
    if (fit != room.end()) {
      fit->second -= count;
      continue;
    }
    auto& node = make_node(pool);
    node["metadata"]["labels"] = {{"karpenter.sh/nodepool", pool}};
    const auto name = node["metadata"]["name"].get<std::string>();
    room[name] = 8 - count;
    make_ready(name, true);
  }
  for (const auto& [name, free] : room)
    if (free == 8) remove_node(name);
}

void FakeCluster::make_ready(const std::string& name, bool ready) {
  auto& node = nodes_.at(name);
  node["status"]["conditions"] =
      json::array({{{"type", "Ready"}, {"status", ready ? "True" : "False"}}});
  node["status"]["allocatable"] = json::object();
  if (ready) node["status"]["allocatable"]["nvidia.com/gpu"] = std::to_string(gpus_of_nodes);
  node["status"]["capacity"] = node["status"]["allocatable"];
  deliver(state_->nodes(), stamp(node));
}

void FakeCluster::remove_node(const std::string& name) {
  for (auto& [key, pods] : pods_)
    for (const auto& pod : pods)
      if (pod["spec"].value("nodeName", "") == name && gpus_of(pod) > 0)
        removed_busy.push_back(name);
  deliver(state_->nodes(), nodes_.at(name), true);
  nodes_.erase(name);
  marked_.erase(name);
}

void FakeCluster::groups_act() {
  for (const auto& name : autoscaled_) follow_pods(name);
  for (auto& [key, group] : groups_) {
    if (group["kind"] == node_pools.kind) {
      follow_pods(key.name);
      continue;
    }
    if (autoscaled_.contains(key.name)) {
      if (group["spec"]["replicas"] == nodes_.size()) continue;
      group["spec"]["replicas"] = nodes_.size();
      deliver(state_->group_objects(machine_deployments), stamp(group));
      continue;
    }
    std::vector<std::string> have;
    for (const auto& [name, node] : nodes_)
      if (node["metadata"].contains("annotations") &&
          node["metadata"]["annotations"].value("cluster.x-k8s.io/owner-name", "") ==
          key.name + "-x7k2p")
        have.push_back(name);
    const auto wanted = group["spec"]["replicas"].get<std::size_t>();
    for (auto count = have.size(); count < wanted; ++count) add_node(key.name, true);
    std::ranges::stable_sort(have, {}, [&](const auto& name) { return !marked_.contains(name); });
    for (std::size_t i = 0; i + wanted < have.size(); ++i) remove_node(have[i]);
  }
}

void FakeCluster::schedule_pods() {
  for (auto& [key, deployment] : deployments_) {
    if (!deployment["spec"].contains("template")) continue;
    auto& pods = pods_[key];
    const auto wanted = deployment["spec"]["replicas"].get<std::size_t>();
    while (pods.size() > wanted) {
      deliver(state_->pods(served_ns), pods.back(), true);
      pods.pop_back();
    }
    while (pods.size() < wanted) {
      auto pod = make("v1", "Pod", {key.ns, key.name + "-" + std::to_string(++made_pods_)});
      pod["metadata"]["labels"] = {{"app", key.name}};
      pod["spec"] = deployment["spec"]["template"]["spec"];
      pod["status"] = {{"phase", "Pending"}};
      pods.push_back(pod);
      deliver(state_->pods(served_ns), pod);
    }
    for (auto& pod : pods) place(pod);
  }
}

void FakeCluster::place(json& pod) {
  if (pod["spec"].contains("nodeName")) return;
  for (const auto& [name, node] : nodes_) {
    if (is_cordoned(node) || !node["status"]["allocatable"].contains("nvidia.com/gpu")) continue;
    std::int64_t used = 0;
    for (const auto& [key, others] : pods_)
      for (const auto& other : others)
        if (other["spec"].value("nodeName", "") == name) used += gpus_of(other);
    const auto has = node["status"]["allocatable"]["nvidia.com/gpu"].get<std::string>();
    if (used + gpus_of(pod) > std::stoll(has)) continue;
    pod["spec"]["nodeName"] = name;
    pod["status"] = {{"phase", "Running"},
                     {"conditions", json::array({{{"type", "Ready"}, {"status", "True"}}})}};
    deliver(state_->pods(served_ns), stamp(pod));
    return;
  }
}

void FakeCluster::add_gpu_deployment(const ObjectKey& key, std::int32_t replicas, int gpus) {
  auto object = make("apps/v1", "Deployment", key);
  object["spec"] = {
      {"replicas", replicas},
      {"selector", {{"matchLabels", {{"app", key.name}}}}},
      {"template",
       {{"spec",
         {{"containers",
           json::array({{{"name", "main"},
                         {"resources",
                          {{"limits", {{"nvidia.com/gpu", std::to_string(gpus)}}}}}}})}}}}}};
  deployments_[key] = object;
  deliver(state_->targets({"apps/v1", "Deployment"}), object);
}

void FakeCluster::add_helper_pod(const std::string& node) {
  auto pod = make("v1", "Pod", {"kube-system", "helper-" + node});
  pod["metadata"]["labels"] = {{"app", "helper"}};
  pod["spec"] = {{"nodeName", node}, {"containers", json::array({{{"name", "main"}}})}};
  pod["status"] = {{"phase", "Running"}};
  pods_[{"kube-system", "helper-" + node}] = {pod};
  deliver(state_->pods(served_ns), pod);
}

Result<GroupWritten> FakeCluster::write_group(const GroupWrite& write, std::stop_token) {
  std::optional<std::pair<Error, bool>> failure;
  if (!group_failures_.empty()) {
    failure = group_failures_.front();
    group_failures_.pop_front();
    if (!failure->second) return fail(failure->first);
  }
  auto* group = find_object(groups_, ObjectKey{write.backend.ns, write.backend.name}, write.uid);
  if (group == nullptr) return fail(ErrorKind::NotFound, "no such group");
  if ((*group)["metadata"]["resourceVersion"] != write.resource_version)
    return fail(ErrorKind::Conflict, "another version");
  group_writes.push_back(
      {write.backend.name, (*group)["spec"]["replicas"].get<int>(), write.nodes});
  (*group)["spec"]["replicas"] = write.nodes;
  deliver(state_->group_objects(machine_deployments), stamp(*group));
  if (failure) return fail(failure->first);
  return GroupWritten{.nodes = write.nodes,
                      .resource_version = (*group)["metadata"]["resourceVersion"]};
}

Result<void> FakeCluster::cordon(const NodeCordon& write, std::stop_token) {
  auto* node = find_object(nodes_, write.node, write.uid);
  if (node == nullptr) return fail(ErrorKind::NotFound, "no such node");
  if (is_cordoned(*node)) return {};
  (*node)["spec"]["unschedulable"] = true;
  (*node)["metadata"]["annotations"][std::string(draining_for)] = write.whom;
  (*node)["metadata"]["annotations"][std::string(draining_since)] = to_rfc3339(write.since);
  deliver(state_->nodes(), stamp(*node));
  return {};
}

Result<void> FakeCluster::uncordon(const NodeUncordon& write, std::stop_token) {
  auto* node = find_object(nodes_, write.node, write.uid);
  if (node == nullptr) return fail(ErrorKind::NotFound, "no such node");
  (*node)["spec"].erase("unschedulable");
  (*node)["metadata"]["annotations"].erase(std::string(draining_for));
  deliver(state_->nodes(), stamp(*node));
  return {};
}

Result<EvictionAnswer> FakeCluster::evict_pod(const PodEviction& write, std::stop_token) {
  if (budgets_of_pods_forbid)
    return EvictionAnswer{.outcome = Evicted::Refused, .words = "disruption budget forbids it"};
  const auto found = pods_.find(write.pod);
  if (found == pods_.end()) return EvictionAnswer{.outcome = Evicted::Gone};
  deliver(state_->pods(served_ns), found->second.front(), true);
  pods_.erase(found);
  return EvictionAnswer{.outcome = Evicted::Going};
}

Result<void> FakeCluster::mark_machine(const MachineMark& write, std::stop_token) {
  if (write.remove)
    marked_.insert(write.node);
  else
    marked_.erase(write.node);
  return {};
}

json FakeCluster::pool_status(const std::string& name) const {
  return pools_.at(name).value("status", json::object());
}
json FakeCluster::budget_status(const std::string& name) const {
  return budgets_.at(name).value("status", json::object());
}
std::size_t FakeCluster::node_count() const { return nodes_.size(); }

json pool_spec(int max_nodes, const std::string& price) {
  return {{"accelerator", {{"resource", "nvidia.com/gpu"}, {"perNode", 8}}},
          {"nodeGroups",
           json::array({{{"name", "od"},
                         {"backendRef",
                          {{"apiVersion", "cluster.x-k8s.io/v1beta2"},
                           {"kind", "MachineDeployment"},
                           {"namespace", "team"},
                           {"name", "h100"}}},
                         {"maxNodes", max_nodes},
                         {"price", price}}})},
          {"scaleDown", {{"idleAfterSeconds", 60}, {"drainTimeoutSeconds", 120}}}};
}

}  // namespace poolscaler::testing
