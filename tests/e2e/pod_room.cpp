#include "e2e/pod_room.hpp"

#include <algorithm>
#include <map>

#include "e2e/machine_room.hpp"
#include "support/group_objects.hpp"

namespace poolscaler::e2e {
namespace {

using nlohmann::json;

const std::string node_pools = "/apis/karpenter.sh/v1/nodepools";

/// Of its first container.
int accelerators(const json& pod) {
  const json::json_pointer limit("/spec/containers/0/resources/limits/example.com~1accelerator");
  return pod.contains(limit) ? std::stoi(pod[limit].get<std::string>()) : 0;
}

}  // namespace

PodRoom::PodRoom(rig::ControlPlane& cluster, std::string ns)
    : cluster_(cluster), ns_(std::move(ns)) {
  define(cluster_, "karpenter.sh_nodepools");
  auto object = testing::group_object("karpenter.sh/v1", "NodePool").object;
  object["metadata"] = {{"name", ns_}};
  object["spec"].erase("replicas");
  object["spec"]["limits"] = {{"example.com/accelerator", "32"}};
  cluster_.apply(object.dump());
  actor_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      act();
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
  });
}

PodRoom::~PodRoom() {
  actor_.request_stop();
  actor_.join();
  for (const auto& node : nodes()) cluster_.request("DELETE", "/api/v1/nodes/" + node);
  cluster_.request("DELETE", node_pools + "/" + ns_);
}

json PodRoom::object() const { return cluster_.get(node_pools + "/" + ns_); }

std::vector<std::string> PodRoom::nodes() const {
  std::vector<std::string> names;
  const auto list = cluster_.get("/api/v1/nodes?labelSelector=karpenter.sh/nodepool=" + ns_);
  if (list.is_null()) return names;
  for (const auto& node : list["items"]) names.push_back(node["metadata"]["name"]);
  return names;
}

void PodRoom::act() {
  const auto pods = cluster_.get("/api/v1/namespaces/" + ns_ + "/pods");
  const auto have = nodes();
  if (pods.is_null()) return;
  auto there = static_cast<int>(have.size());
  most_ = std::max<int>(most_, there);
  std::map<std::string, int> room;
  for (const auto& node : have) room[node] = 8;
  std::vector<int> waiting;
  for (const auto& pod : pods["items"]) {
    const auto node = pod["spec"].value("nodeName", "");
    if (node.empty() && !pod["metadata"].contains("deletionTimestamp"))
      waiting.push_back(accelerators(pod));
    else if (room.contains(node))
      room[node] -= accelerators(pod);
  }
  for (const auto count : waiting) {
    const auto fit =
        std::ranges::find_if(room, [count](const auto& one) { return one.second >= count; });
    if (fit != room.end()) {
      fit->second -= count;
      continue;
    }
    most_ = std::max<int>(most_, ++there);
    make_node();
  }
  if (!waiting.empty()) return;
  for (const auto& [node, free] : room)
    if (free == 8) cluster_.request("DELETE", "/api/v1/nodes/" + node);
}

void PodRoom::make_node() {
  cluster_.apply(node_object({{"name", "dynamic-" + ns_ + "-" + std::to_string(++made_)},
                              {"labels", {{"karpenter.sh/nodepool", ns_}}}})
                     .dump());
}

}  // namespace poolscaler::e2e
