#include "e2e/machine_room.hpp"

#include <algorithm>
#include <stdexcept>

#include "support/checkout.hpp"
#include "support/group_objects.hpp"

namespace poolscaler::e2e {
namespace {

using nlohmann::json;

const std::string api = "/apis/cluster.x-k8s.io/v1beta2";

}  // namespace

void define(rig::ControlPlane& cluster, const std::string& definition) {
  const auto file = in_shared("data/crds/" + definition + ".yaml").string();
  auto crd = json::parse(
      cluster.kubectl({"create", "--dry-run=client", "-o", "json", "-f", file}).out);
  crd["spec"].erase("conversion");  // its webhook is not here
  crd["metadata"].erase("annotations");
  cluster.apply(crd.dump());
  std::string version;
  for (const auto& one : crd["spec"]["versions"])
    if (one["storage"] == true) version = one["name"];
  const auto path = "/apis/" + crd["spec"]["group"].get<std::string>() + "/" + version + "/" +
                    crd["spec"]["names"]["plural"].get<std::string>();
  if (!rig::eventually(rig::Ms{30'000},
                       [&] { return cluster.request("GET", path).status == 200; }))
    throw std::runtime_error(definition + " is not served");
}

json node_object(json metadata) {
  const json resources{{"cpu", "64"},
                       {"memory", "512Gi"},
                       {"pods", "110"},
                       {"example.com/accelerator", "8"}};
  metadata["labels"]["type"] = "kwok";
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata", std::move(metadata)},
          {"status", {{"capacity", resources}, {"allocatable", resources}}}};
}

std::string MachineRoom::why_unavailable() {
  return in_shared("data/crds").empty() ? "shared/data/crds is in no folder above the checkout"
                                        : std::string();
}

MachineRoom::MachineRoom(rig::ControlPlane& cluster, std::string ns, std::string name)
    : cluster_(cluster), ns_(std::move(ns)), name_(std::move(name)) {
  define(cluster_, "cluster.x-k8s.io_machinedeployments");
  define(cluster_, "cluster.x-k8s.io_machines");
  auto object = testing::group_object("cluster.x-k8s.io/v1beta2", "MachineDeployment").object;
  object["metadata"] = {{"name", name_}, {"namespace", ns_}};
  object["spec"]["replicas"] = 0;
  cluster_.apply(object.dump());
  actor_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      act();
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
  });
}

MachineRoom::~MachineRoom() {
  actor_.request_stop();
  actor_.join();
  for (const auto& node : nodes()) cluster_.request("DELETE", "/api/v1/nodes/" + node);
}

std::string MachineRoom::machines(const std::string& machine) const {
  const auto all = api + "/namespaces/" + ns_ + "/machines";
  return machine.empty() ? all : all + "/" + machine;
}

int MachineRoom::wanted() const {
  const auto object =
      cluster_.get(api + "/namespaces/" + ns_ + "/machinedeployments/" + name_);
  return object.is_null() ? 0 : object["spec"]["replicas"].get<int>();
}

std::vector<std::string> MachineRoom::nodes() const {
  std::vector<std::string> names;
  const auto list = cluster_.get("/api/v1/nodes");
  if (list.is_null()) return names;
  for (const auto& node : list["items"])
    if (node["metadata"].contains("annotations") &&
        node["metadata"]["annotations"].value("cluster.x-k8s.io/owner-name", "") ==
            name_ + "-x7k2p")
      names.push_back(node["metadata"]["name"]);
  return names;
}

std::vector<std::string> MachineRoom::removed_busy() const {
  const std::scoped_lock lock(mutex_);
  return removed_busy_;
}

void MachineRoom::act() {
  auto have = nodes();
  const auto count = static_cast<int>(have.size());
  const auto asked = wanted();
  int there = count;
  for (; there < asked && !held_; ++there) make_node();
  most_ = std::max<int>(most_, there);
  std::ranges::stable_partition(have, [this](const auto& node) { return is_marked(node); });
  for (int i = 0; i + asked < count; ++i) remove_node(have[static_cast<std::size_t>(i)]);
  cluster_.request("PATCH",
                   api + "/namespaces/" + ns_ + "/machinedeployments/" + name_ + "/status",
                   json{{"status", {{"replicas", asked}, {"readyReplicas", asked}}}}.dump(), merge);
}

void MachineRoom::make_node() {
  const auto name = name_ + "-" + ns_ + "-" + std::to_string(++made_);
  auto machine = testing::group_object("cluster.x-k8s.io/v1beta2", "MachineDeployment")
                     .object["spec"]["template"];
  machine["apiVersion"] = "cluster.x-k8s.io/v1beta2";
  machine["kind"] = "Machine";
  machine["metadata"] = {{"name", name}};
  cluster_.request("POST", machines(), machine.dump());
  cluster_.request("PATCH", machines(name) + "/status",
                   json{{"status", {{"nodeRef", {{"name", name}}}}}}.dump(), merge);
  cluster_.apply(node_object({{"name", name},
                              {"annotations",
                               {{"cluster.x-k8s.io/cluster-namespace", ns_},
                                {"cluster.x-k8s.io/machine", name},
                                {"cluster.x-k8s.io/owner-kind", "MachineSet"},
                                {"cluster.x-k8s.io/owner-name", name_ + "-x7k2p"}}}})
                     .dump());
}

bool MachineRoom::is_marked(const std::string& node) const {
  const auto machine = cluster_.get(machines(node));
  return !machine.is_null() && machine["metadata"].contains("annotations") &&
         machine["metadata"]["annotations"].contains("cluster.x-k8s.io/delete-machine");
}

bool MachineRoom::is_busy(const std::string& node) const {
  const auto pods = cluster_.get("/api/v1/pods?fieldSelector=spec.nodeName=" + node);
  return !pods.is_null() && std::ranges::any_of(pods["items"], [](const auto& pod) {
    return pod["spec"].dump().find("example.com/accelerator") != std::string::npos &&
           !pod["metadata"].contains("deletionTimestamp");
  });
}

void MachineRoom::remove_node(const std::string& node) {
  if (is_busy(node)) {
    const std::scoped_lock lock(mutex_);
    removed_busy_.push_back(node);
  }
  cluster_.request("DELETE", "/api/v1/nodes/" + node);
  cluster_.request("DELETE", machines(node));
}

}  // namespace poolscaler::e2e
