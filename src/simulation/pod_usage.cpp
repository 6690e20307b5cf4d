#include "pod_usage.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster_hand.hpp"
#include "pod_lifecycle.hpp"
#include "poolscaler/json/members.hpp"
#include "selectors.hpp"
#include "tables.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

/// Time between two measurements, and what each of them covers.
constexpr Seconds resolution{5};

struct Usage {
  double cpu_milli;
  double memory_bytes;
};

Object controller_of(const WorldParts& world, const json& object) {
  for (const auto& owner : at_or(object, {"metadata", "ownerReferences"}, json::array())) {
    if (owner.value("controller", false) != true) continue;
    const auto kind = world.catalog.find_kind(owner.value("apiVersion", ""),
                                              owner.value("kind", ""));
    if (!kind) return nullptr;
    return world.store.find(kind->storage(),
                            object_key(namespace_of(object), owner.value("name", "")));
  }
  return nullptr;
}

/// The Deployment of a pod, or whatever else made it; null for a pod of nobody.
Object workload_of(const WorldParts& world, const json& pod) {
  const auto maker = controller_of(world, pod);
  if (!maker) return nullptr;
  const auto above = controller_of(world, *maker);
  return above ? above : maker;
}

/// How many of its pods share the work of each workload, by UID.
std::map<std::string, int> sharers(const WorldParts& world) {
  std::map<std::string, int> counts;
  for (const auto& [key, pod] : world.store.all("pods"))
    if (is_ready(*pod) && !is_deleting(*pod))
      if (const auto workload = workload_of(world, *pod)) ++counts[uid_of(*workload)];
  return counts;
}

std::optional<double> share_of(const json& workload, const char* annotation,
                               const std::string& resource, int sharing) {
  const auto annotations = at_or(workload, {"metadata", "annotations"}, json::object());
  const auto found = annotations.find(annotation);
  if (found == annotations.end()) return std::nullopt;
  return static_cast<double>(read_quantity(resource, *found)) / std::max(sharing, 1);
}

double requested(const json& pod, const char* resource, double otherwise) {
  const auto all = requests_of(pod);
  const auto found = all.find(resource);
  return found == all.end() || found->second <= 0 ? otherwise
                                                  : static_cast<double>(found->second);
}

Usage usage_of(const WorldParts& world, const json& pod, const std::map<std::string, int>& all) {
  constexpr double one_core = 1000;
  constexpr double half_a_gibibyte = 536'870'912;
  const auto cpu = requested(pod, "cpu", one_core);
  Usage usage{.cpu_milli = cpu / 50, .memory_bytes = requested(pod, "memory", half_a_gibibyte) / 2};
  const auto workload = workload_of(world, pod);
  if (!workload || !is_ready(pod)) return usage;
  if (const auto busy = world.busy.find(object_key(*workload)); busy != world.busy.end())
    usage.cpu_milli += cpu * 0.9 * busy->second;
  const auto found = all.find(uid_of(*workload));
  const auto sharing = found == all.end() ? 1 : found->second;
  usage.cpu_milli =
      share_of(*workload, cpu_annotation, "cpu", sharing).value_or(usage.cpu_milli);
  usage.memory_bytes =
      share_of(*workload, memory_annotation, "memory", sharing).value_or(usage.memory_bytes);
  return usage;
}

/// In the units of metrics-server: thousand-millionths of a core, and kibibytes.
json containers_of(const json& pod, const Usage& usage) {
  const auto& containers = pod["spec"]["containers"];
  const auto each = 1.0 / static_cast<double>(std::max<std::size_t>(containers.size(), 1));
  json list = json::array();
  for (const auto& container : containers)
    list.push_back({{"name", container.value("name", "")},
                    {"usage",
                     {{"cpu", fmt::format("{:.0f}n", usage.cpu_milli * each * 1e6)},
                      {"memory", fmt::format("{:.0f}Ki", usage.memory_bytes * each / 1024)}}}});
  return list;
}

/// A pod has to run for a whole measurement before there is one of it.
bool is_measured(const json& pod, Instant at) {
  const auto& statuses = at_path(pod, "status", "containerStatuses");
  if (!statuses.is_array() || statuses.empty()) return false;
  const auto started = parse_rfc3339(text_at(statuses[0], "state", "running", "startedAt"));
  return started && *started + resolution <= at;
}

json metrics_of(const json& pod, const Usage& usage, Instant at) {
  json metadata = {{"name", name_of(pod)},
                   {"namespace", namespace_of(pod)},
                   {"creationTimestamp", to_rfc3339(at)}};
  if (const auto labels = at_or(pod, {"metadata", "labels"}, json()); labels.is_object())
    metadata["labels"] = labels;
  return {{"metadata", std::move(metadata)},
          {"timestamp", to_rfc3339(at)},
          {"window", fmt::format("{}s", resolution.count())},
          {"containers", containers_of(pod, usage)}};
}

Outcome<ServerResponse> answer(const Kind& kind, const ApiRequest& request,
                               std::vector<json> items, Instant now) {
  if (!request.name.empty() && items.empty()) return refuse(not_found(kind, request.name));
  if (request.view == View::Table) {
    std::vector<Object> rows;
    for (auto& item : items) rows.push_back(std::make_shared<const json>(std::move(item)));
    return json_response(200, table_of(kind, request, rows, now));
  }
  if (!request.name.empty()) return json_response(200, wire_form(kind, items.front()));
  return json_response(200, {{"kind", kind.kind + "List"},
                             {"apiVersion", kind.api_version()},
                             {"metadata", json::object()},
                             {"items", std::move(items)}});
}

}  // namespace

Outcome<ServerResponse> serve_pod_metrics(WorldParts& world, const KindRef& kind,
                                          const ApiRequest& request) {
  const bool reads = request.verb == Verb::Get || request.verb == Verb::List;
  if (!reads || !request.subresource.empty()) return refuse(method_not_allowed());
  const auto labels = LabelSelector::parse(request.parameter("labelSelector"));
  if (!labels) return refuse(labels.error());
  const auto fields = FieldSelector::parse(request.parameter("fieldSelector"), *kind);
  if (!fields) return refuse(fields.error());
  const std::scoped_lock lock(world.mutex);
  const auto now = world.clock.now();
  const Instant at{now.time_since_epoch() / resolution * resolution};
  const auto all = sharers(world);
  std::vector<json> items;
  for (const auto& [key, pod] : world.store.all("pods")) {
    if (!request.ns.empty() && namespace_of(*pod) != request.ns) continue;
    if (!request.name.empty() && name_of(*pod) != request.name) continue;
    if (!labels->matches_object(*pod) || !fields->matches(*pod) || !is_measured(*pod, at)) continue;
    items.push_back(metrics_of(*pod, usage_of(world, *pod, all), at));
  }
  return answer(*kind, request, std::move(items), now);
}

}  // namespace poolscaler::simulation
