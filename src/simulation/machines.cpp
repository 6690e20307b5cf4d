#include "machines.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"
#include "simulated_node.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr const char* api_version = "cluster.x-k8s.io/v1beta2";
constexpr const char* machine_deployments = "machinedeployments.cluster.x-k8s.io";
constexpr const char* machines = "machines.cluster.x-k8s.io";
constexpr const char* finalizer = "machine.cluster.x-k8s.io";
constexpr const char* delete_first = "cluster.x-k8s.io/delete-machine";
constexpr std::string_view shape = "capacity.cluster-autoscaler.kubernetes.io/";

json definition(const char* kind, const char* plural, const char* short_name, json version) {
  version["name"] = "v1beta2";
  version["served"] = true;
  version["storage"] = true;
  version["subresources"]["status"] = json::object();
  version["schema"]["openAPIV3Schema"]["type"] = "object";
  version["schema"]["openAPIV3Schema"]["properties"]["status"] = {
      {"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", fmt::format("{}.cluster.x-k8s.io", plural)}}},
          {"spec",
           {{"group", "cluster.x-k8s.io"},
            {"scope", "Namespaced"},
            {"names",
             {{"kind", kind},
              {"listKind", fmt::format("{}List", kind)},
              {"plural", plural},
              {"shortNames", {short_name}}}},
            {"versions", json::array({std::move(version)})}}}};
}

json column(const char* name, const char* type, const char* path) {
  return {{"name", name}, {"type", type}, {"jsonPath", path}};
}

std::string annotation_of(const json& object, std::string_view name) {
  return text_at(object, "metadata", "annotations", name);
}

/// "a=b,c=d".
std::map<std::string, std::string> labels_in(std::string_view text) {
  std::map<std::string, std::string> labels;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const auto pair = text.substr(0, end);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos)
      labels.emplace(pair.substr(0, equals), pair.substr(equals + 1));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return labels;
}

int number_in(const std::string& text, int otherwise) {
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

std::string set_name(const json& deployment) {
  return fmt::format("{}-{:08x}", name_of(deployment),
                     stable_hash(uid_of(deployment)) & 0xFFFFFFFFU);
}

Object node_of_machine(const ClusterHand& hand, const json& machine) {
  const auto name = at_or(machine, {"status", "nodeRef", "name"}, "").get<std::string>();
  return name.empty() ? nullptr : hand.find("nodes", "", name);
}

std::vector<Object> living(const ClusterHand& hand, const json& deployment) {
  auto all = hand.owned(machines, uid_of(deployment));
  std::erase_if(all, [](const Object& machine) { return is_deleting(*machine); });
  return all;
}

void set_phase(ClusterHand& hand, const Object& machine, const char* phase) {
  auto status = machine->value("status", json::object());
  status["phase"] = phase;
  hand.set_status(machines, machine, std::move(status));
}

}  // namespace

std::vector<json> machine_definitions() {
  const json any = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
  json group_spec = any;
  group_spec["properties"]["replicas"] = {
      {"type", "integer"}, {"format", "int32"}, {"minimum", 0}, {"default", 0}};
  json group = {
      {"schema", {{"openAPIV3Schema", {{"properties", {{"spec", group_spec}}}}}}},
      {"subresources",
       {{"scale",
         {{"specReplicasPath", ".spec.replicas"},
          {"statusReplicasPath", ".status.replicas"},
          {"labelSelectorPath", ".status.selector"}}}}},
      {"additionalPrinterColumns",
       json::array({column("Replicas", "integer", ".spec.replicas"),
                    column("Ready", "integer", ".status.readyReplicas"),
                    column("Phase", "string", ".status.phase"),
                    column("Age", "date", ".metadata.creationTimestamp")})}};
  json machine = {{"schema", {{"openAPIV3Schema", {{"properties", {{"spec", any}}}}}}},
                  {"additionalPrinterColumns",
                   json::array({column("Node", "string", ".status.nodeRef.name"),
                                column("Phase", "string", ".status.phase"),
                                column("Age", "date", ".metadata.creationTimestamp")})}};
  return {definition("MachineDeployment", "machinedeployments", "md", std::move(group)),
          definition("Machine", "machines", "ma", std::move(machine))};
}

void Machines::reconcile(ClusterHand& hand) {
  follow(hand);
  for (const auto& deployment : hand.all(machine_deployments)) {
    if (is_deleting(*deployment)) continue;
    resize(hand, deployment);
    tell(hand, hand.find(machine_deployments, namespace_of(*deployment), name_of(*deployment)));
  }
}

/// Takes each Machine a step further.
void Machines::follow(ClusterHand& hand) {
  for (auto& [uid, progress] : progress_) progress.seen = false;
  for (const auto& machine : hand.all(machines)) {
    const auto [entry, is_new] = progress_.try_emplace(uid_of(*machine));
    auto& progress = entry->second;
    progress.seen = true;
    if (is_new) {
      progress.number = ++numbers_;
      progress.made = hand.now();
    }
    if (is_deleting(*machine)) {
      end(hand, machine, progress);
    } else if (!node_of_machine(hand, *machine) &&
               hand.now() - progress.made >= options_.node_boot) {
      boot(hand, machine, progress);
    }
  }
  std::erase_if(progress_, [](const auto& entry) { return !entry.second.seen; });
}

void Machines::resize(ClusterHand& hand, const Object& deployment) {
  auto all = living(hand, *deployment);
  const int wanted = at_or(*deployment, {"spec", "replicas"}, 0).get<int>();
  const int missing = wanted - static_cast<int>(all.size());
  for (int i = 0; i < missing; ++i) make_machine(hand, deployment);
  const auto rank = [&](const Object& machine) {
    const auto progress = progress_.find(uid_of(*machine));
    const auto number = progress == progress_.end() ? 0 : progress->second.number;
    return std::tuple(annotation_of(*machine, delete_first).empty() ? 1 : 0,
                      node_of_machine(hand, *machine) ? 1 : 0, -static_cast<std::int64_t>(number));
  };
  std::ranges::sort(all, {}, rank);
  for (int i = 0; i < -missing; ++i) {
    const auto& machine = all[static_cast<std::size_t>(i)];
    hand.remove(api_version, machine);
    hand.note(deployment, {.component = "machineset-controller",
                           .reason = "SuccessfulDelete",
                           .message = "Deleted machine " + name_of(*machine)});
  }
}

void Machines::make_machine(ClusterHand& hand, const Object& deployment) {
  const auto set = set_name(*deployment);
  const json labels = {{"cluster.x-k8s.io/deployment-name", name_of(*deployment)},
                       {"cluster.x-k8s.io/set-name", set}};
  const auto machine =
      hand.make(api_version, "Machine",
                {{"metadata",
                  {{"name", hand.name_after(set + "-")},
                   {"namespace", namespace_of(*deployment)},
                   {"labels", labels},
                   {"finalizers", {finalizer}},
                   {"ownerReferences", json::array({owner_reference(*deployment)})}}},
                 {"spec",
                  {{"clusterName", at_or(*deployment, {"spec", "clusterName"}, "sandbox")}}},
                 {"status", {{"phase", "Provisioning"}}}});
  progress_[uid_of(*machine)] = {.number = ++numbers_, .made = hand.now()};
  hand.note(deployment, {.component = "machineset-controller",
                         .reason = "SuccessfulCreate",
                         .message = "Created machine " + name_of(*machine)});
}

void Machines::boot(ClusterHand& hand, const Object& machine, const Progress& progress) {
  const auto owners = at_or(*machine, {"metadata", "ownerReferences"}, json::array());
  const auto deployment =
      owners.empty() ? nullptr
                     : hand.find(machine_deployments, namespace_of(*machine),
                                 owners.front().value("name", ""));
  if (!deployment) return;
  const auto of = [&](std::string_view name) {
    return annotation_of(*deployment, fmt::format("{}{}", shape, name));
  };
  const auto accelerator = of("gpu-type");
  const NodeLook look{
      .name = name_of(*machine),
      .accelerator = accelerator.empty() ? options_.nodes.accelerator : accelerator,
      .accelerators = number_in(of("gpu-count"), options_.nodes.accelerators),
      .number = static_cast<int>(progress.number % 40'000),
      .labels = labels_in(of("labels")),
      .annotations = {{"cluster.x-k8s.io/cluster-name", "sandbox"},
                      {"cluster.x-k8s.io/cluster-namespace", namespace_of(*machine)},
                      {"cluster.x-k8s.io/machine", name_of(*machine)},
                      {"cluster.x-k8s.io/owner-kind", "MachineSet"},
                      {"cluster.x-k8s.io/owner-name", set_name(*deployment)}}};
  if (!hand.find("nodes", "", look.name))
    hand.make("v1", "Node", simulated_node(look, hand.time_text()));
  auto status = machine->value("status", json::object());
  status["phase"] = "Running";
  status["nodeRef"] = {{"name", look.name}};
  hand.set_status(machines, machine, std::move(status));
}

void Machines::end(ClusterHand& hand, const Object& machine, Progress& progress) const {
  const auto node = node_of_machine(hand, *machine);
  if (progress.ends == Instant{}) {
    progress.ends = hand.now() + options_.node_removal;
    set_phase(hand, machine, "Deleting");
    if (node && at_or(*node, {"spec", "unschedulable"}, false) != true) {
      json cordoned = *node;
      cordoned["spec"]["unschedulable"] = true;
      hand.replace("nodes", std::move(cordoned));
    }
  }
  if (hand.now() < progress.ends) return;
  if (node) hand.erase("nodes", node);
  hand.erase(machines, machine);
}

void Machines::tell(ClusterHand& hand, const Object& deployment) const {
  const auto all = living(hand, *deployment);
  const auto ready = std::ranges::count_if(all, [&hand](const Object& machine) {
    const auto node = node_of_machine(hand, *machine);
    return node && is_ready(*node);
  });
  const auto wanted = at_or(*deployment, {"spec", "replicas"}, 0).get<std::int64_t>();
  const auto there = hand.owned(machines, uid_of(*deployment)).size();
  const char* phase = "Running";
  if (ready < wanted) phase = "ScalingUp";
  if (there > all.size()) phase = "ScalingDown";
  hand.set_status(machine_deployments, deployment,
                  {{"replicas", all.size()},
                   {"readyReplicas", ready},
                   {"availableReplicas", ready},
                   {"upToDateReplicas", all.size()},
                   {"observedGeneration",
                    (*deployment)["metadata"].value("generation", std::int64_t{1})},
                   {"phase", phase},
                   {"selector",
                    fmt::format("cluster.x-k8s.io/deployment-name={}", name_of(*deployment))}});
}

}  // namespace poolscaler::simulation
