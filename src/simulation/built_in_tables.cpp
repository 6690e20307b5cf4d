#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "catalog.hpp"
#include "cluster_hand.hpp"
#include "poolscaler/json/members.hpp"
#include "selectors.hpp"
#include "tables.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

std::string cell_at(const json& object, MemberPath path, std::string otherwise = "<none>") {
  auto text = text_at(object, path);
  return text.empty() ? std::move(otherwise) : text;
}

std::int64_t number_at(const json& object, MemberPath path, std::int64_t otherwise = 0) {
  return integer_at(object, path).value_or(otherwise);
}

std::string age(const json& object, Instant now) {
  return age_of(at_path(object, "metadata", "creationTimestamp"), now);
}

std::string joined(const json& containers, const char* field) {
  std::vector<std::string> values;
  for (const auto& container : containers) values.push_back(container.value(field, ""));
  return fmt::format("{}", fmt::join(values, ","));
}

std::string pod_status(const json& pod) {
  if (pod["metadata"].contains("deletionTimestamp")) return "Terminating";
  for (const auto& status : at_path(pod, "status", "containerStatuses")) {
    const auto waiting = text_at(status, "state", "waiting", "reason");
    if (!waiting.empty()) return waiting;
    const auto ended = text_at(status, "state", "terminated", "reason");
    if (!ended.empty()) return ended;
  }
  const auto reason = text_at(pod, "status", "reason");
  return reason.empty() ? cell_at(pod, {"status", "phase"}, "Unknown") : reason;
}

json pod_cells(const json& pod, Instant now) {
  const auto& statuses = at_path(pod, "status", "containerStatuses");
  const auto ready = std::ranges::count_if(
      statuses, [](const json& status) { return status.value("ready", false); });
  std::int64_t restarts = 0;
  for (const auto& status : statuses) restarts += status.value("restartCount", 0);
  const auto& total = at_path(pod, "spec", "containers").size();
  return {name_of(pod),
          fmt::format("{}/{}", ready, total),
          pod_status(pod),
          std::to_string(restarts),
          age(pod, now),
          cell_at(pod, {"status", "podIP"}),
          cell_at(pod, {"spec", "nodeName"}),
          cell_at(pod, {"status", "nominatedNodeName"}),
          "<none>"};
}

json deployment_cells(const json& object, Instant now) {
  const auto& containers = at_path(object, "spec", "template", "spec", "containers");
  return {name_of(object),
          fmt::format("{}/{}", number_at(object, {"status", "readyReplicas"}),
                      number_at(object, {"spec", "replicas"}, 1)),
          number_at(object, {"status", "updatedReplicas"}),
          number_at(object, {"status", "availableReplicas"}),
          age(object, now),
          joined(containers, "name"),
          joined(containers, "image"),
          LabelSelector::of(at_path(object, "spec", "selector")).text()};
}

json replica_set_cells(const json& object, Instant now) {
  const auto& containers = at_path(object, "spec", "template", "spec", "containers");
  return {name_of(object),
          number_at(object, {"spec", "replicas"}, 1),
          number_at(object, {"status", "replicas"}),
          number_at(object, {"status", "readyReplicas"}),
          age(object, now),
          joined(containers, "name"),
          joined(containers, "image"),
          LabelSelector::of(at_path(object, "spec", "selector")).text()};
}

json stateful_set_cells(const json& object, Instant now) {
  const auto& containers = at_path(object, "spec", "template", "spec", "containers");
  return {name_of(object),
          fmt::format("{}/{}", number_at(object, {"status", "readyReplicas"}),
                      number_at(object, {"spec", "replicas"}, 1)),
          age(object, now), joined(containers, "name"), joined(containers, "image")};
}

std::string address_of(const json& node, std::string_view type) {
  for (const auto& address : at_path(node, "status", "addresses"))
    if (address.value("type", "") == type) return address.value("address", "");
  return "<none>";
}

json node_cells(const json& node, Instant now) {
  std::string status = "Unknown";
  for (const auto& condition : at_path(node, "status", "conditions"))
    if (condition.value("type", "") == "Ready")
      status = condition.value("status", "") == "True" ? "Ready" : "NotReady";
  if (at_path(node, "spec", "unschedulable") == true) status += ",SchedulingDisabled";
  std::vector<std::string> roles;
  constexpr std::string_view prefix = "node-role.kubernetes.io/";
  const auto labels = node["metadata"].value("labels", json::object());
  for (const auto& [label, value] : labels.items())
    if (label.starts_with(prefix)) roles.push_back(label.substr(prefix.size()));
  return {name_of(node),
          status,
          roles.empty() ? "<none>" : fmt::format("{}", fmt::join(roles, ",")),
          age(node, now),
          text_at(node, "status", "nodeInfo", "kubeletVersion"),
          address_of(node, "InternalIP"),
          address_of(node, "ExternalIP"),
          cell_at(node, {"status", "nodeInfo", "osImage"}, "<unknown>"),
          cell_at(node, {"status", "nodeInfo", "kernelVersion"}, "<unknown>"),
          cell_at(node, {"status", "nodeInfo", "containerRuntimeVersion"}, "<unknown>")};
}

/// When an event was first and last seen: three generations of fields.
json first_seen(const json& event) {
  const auto& time = at_path(event, "firstTimestamp");
  return time.is_string() ? time : at_path(event, "eventTime");
}

json last_seen(const json& event) {
  const auto& again = at_path(event, "series", "lastObservedTime");
  if (again.is_string()) return again;
  const auto& last = at_path(event, "lastTimestamp");
  return last.is_string() ? last : first_seen(event);
}

json event_cells(const json& event, Instant now) {
  const auto count = std::max(number_at(event, {"count"}), number_at(event, {"series", "count"}));
  auto interval = age_of(last_seen(event), now);
  if (count > 1)
    interval = fmt::format("{} (x{} over {})", interval, count, age_of(first_seen(event), now));
  const auto kind = text_at(event, "involvedObject", "kind");
  std::string object = kind;
  std::ranges::transform(object, object.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  object += "/" + text_at(event, "involvedObject", "name");
  auto source = cell_at(event, {"source", "component"}, text_at(event, "reportingComponent"));
  const auto host = cell_at(event, {"source", "host"}, text_at(event, "reportingInstance"));
  if (!host.empty()) source += ", " + host;
  return {interval,
          text_at(event, "type"),
          text_at(event, "reason"),
          object,
          text_at(event, "involvedObject", "fieldPath"),
          source,
          text_at(event, "message"),
          age_of(first_seen(event), now),
          std::max<std::int64_t>(count, 1),
          name_of(event)};
}

json hpa_cells(const json& object, Instant now) {
  return {name_of(object),
          text_at(object, "spec", "scaleTargetRef", "kind") + "/" +
              text_at(object, "spec", "scaleTargetRef", "name"),
          "<unknown>",
          std::to_string(number_at(object, {"spec", "minReplicas"}, 1)),
          number_at(object, {"spec", "maxReplicas"}),
          number_at(object, {"status", "currentReplicas"}),
          age(object, now)};
}

json service_cells(const json& object, Instant now) {
  std::vector<std::string> ports;
  for (const auto& port : at_path(object, "spec", "ports"))
    ports.push_back(fmt::format("{}/{}", port.value("port", 0), port.value("protocol", "TCP")));
  return {name_of(object),
          cell_at(object, {"spec", "type"}, "ClusterIP"),
          cell_at(object, {"spec", "clusterIP"}),
          "<none>",
          ports.empty() ? "<none>" : fmt::format("{}", fmt::join(ports, ",")),
          age(object, now),
          LabelSelector::of({{"matchLabels", at_path(object, "spec", "selector")}}).text()};
}

struct Printer {
  std::vector<BuiltInColumn> columns;
  json (*cells)(const json& object, Instant now);
};

json named_and_aged(const json& object, Instant now) { return {name_of(object), age(object, now)}; }
json named_and_made(const json& object, Instant) {
  return {name_of(object), cell_at(object, {"metadata", "creationTimestamp"})};
}
json namespace_cells(const json& object, Instant now) {
  return {name_of(object), cell_at(object, {"status", "phase"}), age(object, now)};
}
json lease_cells(const json& object, Instant now) {
  return {name_of(object), text_at(object, "spec", "holderIdentity"), age(object, now)};
}
json config_map_cells(const json& object, Instant now) {
  return {name_of(object), at_path(object, "data").size() + at_path(object, "binaryData").size(),
          age(object, now)};
}

const std::map<std::string, Printer, std::less<>>& printers() {
  constexpr const char* text = "string";
  constexpr const char* number = "integer";
  static const std::map<std::string, Printer, std::less<>> all = {
      {"Pod",
       {{{"Name", text}, {"Ready", text}, {"Status", text}, {"Restarts", text}, {"Age", text},
         {"IP", text, 1}, {"Node", text, 1}, {"Nominated Node", text, 1},
         {"Readiness Gates", text, 1}},
        &pod_cells}},
      {"Deployment",
       {{{"Name", text}, {"Ready", text}, {"Up-to-date", text}, {"Available", text},
         {"Age", text}, {"Containers", text, 1}, {"Images", text, 1}, {"Selector", text, 1}},
        &deployment_cells}},
      {"ReplicaSet",
       {{{"Name", text}, {"Desired", number}, {"Current", number}, {"Ready", number}, {"Age", text},
         {"Containers", text, 1}, {"Images", text, 1}, {"Selector", text, 1}},
        &replica_set_cells}},
      {"StatefulSet",
       {{{"Name", text}, {"Ready", text}, {"Age", text}, {"Containers", text, 1},
         {"Images", text, 1}},
        &stateful_set_cells}},
      {"Node",
       {{{"Name", text}, {"Status", text}, {"Roles", text}, {"Age", text}, {"Version", text},
         {"Internal-IP", text, 1}, {"External-IP", text, 1}, {"OS-Image", text, 1},
         {"Kernel-Version", text, 1}, {"Container-Runtime", text, 1}},
        &node_cells}},
      {"Event",
       {{{"Last Seen", text}, {"Type", text}, {"Reason", text}, {"Object", text},
         {"Subobject", text, 1}, {"Source", text, 1}, {"Message", text}, {"First Seen", text, 1},
         {"Count", number, 1}, {"Name", text, 1}},
        &event_cells}},
      {"Namespace", {{{"Name", text}, {"Status", text}, {"Age", text}}, &namespace_cells}},
      {"Lease", {{{"Name", text}, {"Holder", text}, {"Age", text}}, &lease_cells}},
      {"ConfigMap", {{{"Name", text}, {"Data", number}, {"Age", text}}, &config_map_cells}},
      {"HorizontalPodAutoscaler",
       {{{"Name", text}, {"Reference", text}, {"Targets", text}, {"MinPods", text},
         {"MaxPods", number}, {"Replicas", number}, {"Age", text}},
        &hpa_cells}},
      {"Service",
       {{{"Name", text}, {"Type", text}, {"Cluster-IP", text}, {"External-IP", text},
         {"Port(s)", text}, {"Age", text}, {"Selector", text, 1}},
        &service_cells}},
      {"CustomResourceDefinition", {{{"Name", text}, {"Created At", "date"}}, &named_and_made}},
      {"", {{{"Name", text}, {"Age", text}}, &named_and_aged}},
  };
  return all;
}

const Printer& printer_of(const Kind& kind) {
  const auto found = printers().find(kind.kind);
  return found == printers().end() ? printers().at("") : found->second;
}

}  // namespace

std::vector<BuiltInColumn> built_in_columns(const Kind& kind) { return printer_of(kind).columns; }

json built_in_cells(const Kind& kind, const json& object, Instant now) {
  return printer_of(kind).cells(object, now);
}

}  // namespace poolscaler::simulation
