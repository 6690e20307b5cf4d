#include "bench/machine_yard.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "e2e/machine_room.hpp"
#include "poolscaler/base/time.hpp"
#include "support/group_objects.hpp"

namespace poolscaler::bench {
namespace {

using nlohmann::json;

const std::string api = "/apis/cluster.x-k8s.io/v1beta2/namespaces/";
constexpr std::size_t hands = 4;

std::string name_of_pool(int pool) { return "pool-" + std::to_string(pool); }

std::string time_now() {
  return to_rfc3339(std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()));
}

/// The pool that the pods of a Deployment go to, from its nodeSelector; -1: none.
int pool_of(const json& deployment) {
  const json::json_pointer selector("/spec/template/spec/nodeSelector/pool");
  if (!deployment.contains(selector)) return -1;
  return std::stoi(deployment.at(selector).get<std::string>());
}

/// All of them, by as many hands as the API server has cores for.
template <class Jobs>
void perform(const Jobs& jobs) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> workers;
  for (std::size_t i = 0; i < std::min(hands, jobs.size()); ++i)
    workers.emplace_back([&] {
      for (auto mine = next++; mine < jobs.size(); mine = next++) jobs[mine]();
    });
}

}  // namespace

std::string MachineYard::why_unavailable() { return e2e::MachineRoom::why_unavailable(); }

MachineYard::MachineYard(rig::ControlPlane& cluster, int pools, std::string ns)
    : cluster_(cluster), pools_(pools), ns_(std::move(ns)) {
  e2e::define(cluster_, "cluster.x-k8s.io_machinedeployments");
  e2e::define(cluster_, "cluster.x-k8s.io_machines");
  ask("POST", "/api/v1/namespaces",
      {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", ns_}}}});
  auto object = testing::group_object("cluster.x-k8s.io/v1beta2", "MachineDeployment").object;
  for (int pool = 0; pool < pools_; ++pool) {
    object["metadata"] = {{"name", name_of_pool(pool)}, {"namespace", ns_}};
    object["spec"]["replicas"] = 0;
    ask("POST", api + ns_ + "/machinedeployments", object);
  }
  actor_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const bool acted = act();
      std::this_thread::sleep_for(std::chrono::milliseconds(acted ? 100 : 500));
    }
  });
}

MachineYard::~MachineYard() {
  actor_.request_stop();
  actor_.join();
}

json MachineYard::backend(int pool) const {
  return {{"apiVersion", "cluster.x-k8s.io/v1beta2"},
          {"kind", "MachineDeployment"},
          {"namespace", ns_},
          {"name", name_of_pool(pool)}};
}

void MachineYard::admit_pods(const std::string& ns) {
  ask("POST", "/api/v1/namespaces/" + ns + "/serviceaccounts",
      {{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", "default"}}}});
}

MachineYard::Counts MachineYard::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

bool MachineYard::settles(rig::Ms limit) const {
  const auto passes = [this] {
    const std::scoped_lock lock(mutex_);
    return passes_;
  };
  // The pass that runs may have looked before.
  return rig::eventually(limit, [this, first = passes() + 2] {
    const std::scoped_lock lock(mutex_);
    return passes_ >= first && settled_;
  });
}

void MachineYard::ask(const std::string& method, const std::string& target, const json& body) {
  const auto answer = cluster_.request(
      method, target, body.is_null() ? "" : body.dump(),
      method == "PATCH" ? "application/merge-patch+json" : "application/json");
  refused_ += answer.status < 200 || answer.status > 299;
}

bool MachineYard::act() {
  const auto machines = follow_machines();
  perform(machines);
  const auto pods = follow_deployments();
  perform(pods);
  const bool acted = !machines.empty() || !pods.empty();
  const std::scoped_lock lock(mutex_);
  counts_ = {.nodes = nodes_.size(),
             .pods = 0,
             .waiting = waiting_,
             .refused = refused_,
             .removed_busy = removed_busy_};
  for (const auto& [name, workload] : workloads_) counts_.pods += workload.pods.size();
  settled_ = !acted && waiting_ == 0;
  ++passes_;
  return acted;
}

std::vector<MachineYard::Job> MachineYard::follow_machines() {
  std::vector<Job> jobs;
  for (int pool = 0; pool < pools_; ++pool) {
    const auto path = api + ns_ + "/machinedeployments/" + name_of_pool(pool);
    const auto object = cluster_.get(path);
    if (object.is_null()) continue;
    const auto asked = object["spec"].value("replicas", std::size_t{0});
    const auto have = static_cast<std::size_t>(
        std::ranges::count_if(nodes_, [&](const auto& node) { return node.second.pool == pool; }));
    for (auto there = have; there < asked; ++there) {
      const auto name = name_of_pool(pool) + "-" + std::to_string(100'000 + made_++);
      nodes_.emplace(name, Node{.pool = pool});
      jobs.emplace_back([this, name, pool] { make_node(name, pool); });
    }
    if (asked < have) shrink(pool, have - asked, jobs);
    if (const auto told = told_.find(pool); told != told_.end() && told->second == asked) continue;
    told_[pool] = asked;
    jobs.emplace_back([this, path, asked] {
      ask("PATCH", path + "/status",
          {{"status", {{"replicas", asked}, {"readyReplicas", asked}}}});
    });
  }
  return jobs;
}

/// The marked ones first, then those that are empty.
void MachineYard::shrink(int pool, std::size_t count, std::vector<Job>& jobs) {
  std::set<std::string> marked;
  const auto machines = cluster_.get(api + ns_ + "/machines");
  if (machines.is_null()) return;
  for (const auto& machine : machines["items"]) {
    const auto& metadata = machine["metadata"];
    if (metadata.contains("annotations") &&
        metadata["annotations"].contains("cluster.x-k8s.io/delete-machine"))
      marked.insert(metadata["name"].get<std::string>());
  }
  std::vector<std::pair<int, std::string>> order;
  for (const auto& [name, node] : nodes_)
    if (node.pool == pool)
      order.emplace_back(marked.contains(name) ? -1 : accelerators_per_node - node.free, name);
  std::ranges::sort(order);
  order.resize(std::min(count, order.size()));
  for (const auto& [rank, name] : order) {
    removed_busy_ += nodes_.at(name).free != accelerators_per_node;
    nodes_.erase(name);
    jobs.emplace_back([this, node = name] {
      ask("DELETE", "/api/v1/nodes/" + node);
      ask("DELETE", api + ns_ + "/machines/" + node);
    });
  }
}

void MachineYard::make_node(const std::string& name, int pool) {
  auto machine = testing::group_object("cluster.x-k8s.io/v1beta2", "MachineDeployment")
                     .object["spec"]["template"];
  machine["apiVersion"] = "cluster.x-k8s.io/v1beta2";
  machine["kind"] = "Machine";
  machine["metadata"] = {{"name", name}};
  ask("POST", api + ns_ + "/machines", machine);
  auto node = e2e::node_object({{"name", name},
                                {"labels",
                                 {{"pool", std::to_string(pool)},
                                  {"node.kubernetes.io/instance-type", "p5.48xlarge"},
                                  {"topology.kubernetes.io/region", "us-east-1"}}},
                                {"annotations",
                                 {{"cluster.x-k8s.io/cluster-namespace", ns_},
                                  {"cluster.x-k8s.io/machine", name},
                                  {"cluster.x-k8s.io/owner-kind", "MachineSet"},
                                  {"cluster.x-k8s.io/owner-name",
                                   name_of_pool(pool) + "-x7k2p"}}}});
  node["spec"]["providerID"] = "aws:///us-east-1a/" + name;
  node["status"]["conditions"] = json::array({{{"type", "Ready"},
                                               {"status", "True"},
                                               {"reason", "KubeletReady"},
                                               {"message", "ready"},
                                               {"lastHeartbeatTime", time_now()},
                                               {"lastTransitionTime", time_now()}}});
  ask("POST", "/api/v1/nodes", node);
}

std::vector<MachineYard::Job> MachineYard::follow_deployments() {
  std::vector<Job> jobs;
  waiting_ = 0;
  const auto list = cluster_.get("/apis/apps/v1/deployments?resourceVersion=0");
  if (list.is_null()) return jobs;
  for (const auto& deployment : list["items"])
    if (pool_of(deployment) >= 0) follow(deployment, jobs);
  return jobs;
}

void MachineYard::follow(const json& deployment, std::vector<Job>& jobs) {
  const auto& metadata = deployment["metadata"];
  const auto ns = metadata["namespace"].get<std::string>();
  const auto name = metadata["name"].get<std::string>();
  auto& workload = workloads_[ns + "/" + name];
  const auto pool = pool_of(deployment);
  const auto before = workload.pods.size();
  const auto asked = deployment["spec"].value("replicas", std::size_t{0});
  for (; workload.pods.size() > asked; workload.pods.pop_back()) {
    const auto& pod = workload.pods.back();
    if (const auto node = nodes_.find(pod.node); node != nodes_.end()) ++node->second.free;
    jobs.emplace_back([this, path = "/api/v1/namespaces/" + ns + "/pods/" + pod.name] {
      ask("DELETE", path + "?gracePeriodSeconds=0");
    });
  }
  while (workload.pods.size() < asked) {
    const auto node = std::ranges::find_if(nodes_, [pool](const auto& one) {
      return one.second.pool == pool && one.second.free > 0;
    });
    if (node == nodes_.end()) {
      waiting_ += asked - workload.pods.size();
      break;
    }
    --node->second.free;
    const Pod pod{.name = name + "-" + std::to_string(++workload.made), .node = node->first};
    workload.pods.push_back(pod);
    jobs.emplace_back([this, deployment, pod] { make_pod(deployment, pod); });
  }
  const auto there = workload.pods.size();
  if (there == before) return;
  const auto path = "/apis/apps/v1/namespaces/" + ns + "/deployments/" + name + "/status";
  jobs.emplace_back([this, there, path] {
    ask("PATCH", path,
        {{"status",
          {{"replicas", there}, {"readyReplicas", there}, {"availableReplicas", there}}}});
  });
}

void MachineYard::make_pod(const json& deployment, const Pod& pod) {
  const auto& model = deployment["spec"]["template"];
  auto spec = model["spec"];
  spec["nodeName"] = pod.node;
  spec["automountServiceAccountToken"] = false;
  const json owner{{"apiVersion", "apps/v1"},
                   {"kind", "ReplicaSet"},
                   {"name", deployment["metadata"]["name"]},
                   {"uid", deployment["metadata"]["uid"]},
                   {"controller", true}};
  const auto path =
      "/api/v1/namespaces/" + deployment["metadata"]["namespace"].get<std::string>() + "/pods";
  ask("POST", path,
      {{"apiVersion", "v1"},
       {"kind", "Pod"},
       {"metadata",
        {{"name", pod.name},
         {"labels", model["metadata"]["labels"]},
         {"ownerReferences", json::array({owner})}}},
       {"spec", spec}});
  json conditions = json::array();
  for (const auto* type : {"PodScheduled", "Initialized", "ContainersReady", "Ready"})
    conditions.push_back(
        {{"type", type}, {"status", "True"}, {"lastTransitionTime", time_now()}});
  ask("PATCH", path + "/" + pod.name + "/status",
      {{"status",
        {{"phase", "Running"}, {"startTime", time_now()}, {"conditions", conditions}}}});
}

}  // namespace poolscaler::bench
