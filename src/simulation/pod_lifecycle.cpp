#include "pod_lifecycle.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

struct Place {
  Object node;
  Amounts free;
};

double suffix_factor(std::string_view suffix) {
  static const std::map<std::string_view, double> factors = {
      {"", 1},       {"m", 1e-3},          {"k", 1e3},          {"M", 1e6},  {"G", 1e9},
      {"T", 1e12},   {"Ki", 1024.0},       {"Mi", 1048576.0},   {"Gi", 1073741824.0},
      {"Ti", 1099511627776.0}};
  const auto found = factors.find(suffix);
  return found == factors.end() ? 0 : found->second;
}

bool tolerates(const json& pod, const json& taint) {
  if (taint.value("effect", "") == "PreferNoSchedule") return true;
  return std::ranges::any_of(
      at_or(pod, {"spec", "tolerations"}, json::array()), [&](const json& toleration) {
        const auto effect = toleration.value("effect", "");
        if (!effect.empty() && effect != taint.value("effect", "")) return false;
        const auto key = toleration.value("key", "");
        if (toleration.value("operator", "Equal") == "Exists")
          return key.empty() || key == taint.value("key", "");
        return key == taint.value("key", "") &&
               toleration.value("value", "") == taint.value("value", "");
      });
}

/// Why the pod cannot go there, in the scheduler's words; nothing when it can.
std::optional<std::string> obstacle(const json& pod, const Amounts& wanted, const Place& place) {
  const auto& node = *place.node;
  if (at_or(node, {"spec", "unschedulable"}, false) == true) return "node(s) were unschedulable";
  if (!is_ready(node)) return "node(s) were not ready";
  const auto labels = at_or(node, {"metadata", "labels"}, json::object());
  const auto selector = at_or(pod, {"spec", "nodeSelector"}, json::object());
  for (const auto& [label, value] : selector.items())
    if (labels.value(label, json()) != value)
      return "node(s) didn't match Pod's node affinity/selector";
  for (const auto& taint : at_or(node, {"spec", "taints"}, json::array()))
    if (!tolerates(pod, taint))
      return fmt::format("node(s) had untolerated taint {{{}: {}}}", taint.value("key", ""),
                         taint.value("value", ""));
  for (const auto& [resource, amount] : wanted) {
    const auto free = place.free.find(resource);
    if (amount > (free == place.free.end() ? 0 : free->second))
      return "Insufficient " + resource;
  }
  return std::nullopt;
}

std::vector<Place> places(const ClusterHand& hand) {
  std::vector<Place> all;
  for (const auto& node : hand.all("nodes")) {
    Place place{.node = node, .free = {}};
    const auto allocatable = at_or(*node, {"status", "allocatable"}, json::object());
    for (const auto& [resource, amount] : allocatable.items())
      place.free[resource] = read_quantity(resource, amount);
    all.push_back(std::move(place));
  }
  for (const auto& pod : hand.all("pods")) {
    const auto name = at_or(*pod, {"spec", "nodeName"}, "").get<std::string>();
    const auto found = std::ranges::find_if(
        all, [&](const Place& place) { return name_of(*place.node) == name; });
    if (found == all.end()) continue;
    for (const auto& [resource, amount] : requests_of(*pod)) found->free[resource] -= amount;
  }
  return all;
}

/// `pod` with this condition instead of the one of its type; its time changes with its status.
void set_condition(json& pod, json condition, const std::string& now) {
  auto& conditions = pod["status"]["conditions"];
  if (!conditions.is_array()) conditions = json::array();
  for (auto& existing : conditions) {
    if (existing["type"] != condition["type"]) continue;
    const bool same = existing.value("status", "") == condition.value("status", "");
    condition["lastTransitionTime"] = same ? existing.value("lastTransitionTime", now) : now;
    existing = std::move(condition);
    return;
  }
  condition["lastTransitionTime"] = now;
  conditions.push_back(std::move(condition));
}

void bind(ClusterHand& hand, const Object& pod, Place& place, const Amounts& wanted) {
  for (const auto& [resource, amount] : wanted) place.free[resource] -= amount;
  json bound = *pod;
  bound["spec"]["nodeName"] = name_of(*place.node);
  set_condition(bound, {{"type", "PodScheduled"}, {"status", "True"}}, hand.time_text());
  hand.replace("pods", std::move(bound));
  hand.note(pod, {.component = "default-scheduler",
                  .reason = "Scheduled",
                  .message = fmt::format("Successfully assigned {}/{} to {}", namespace_of(*pod),
                                         name_of(*pod), name_of(*place.node))});
}

void leave_pending(ClusterHand& hand, const Object& pod, std::size_t nodes,
                   const std::map<std::string, int>& obstacles) {
  std::string list;
  for (const auto& [text, count] : obstacles)
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", count, text);
  const auto message = fmt::format("0/{} nodes are available: {}.", nodes,
                                   list.empty() ? "no nodes" : list);
  json pending = *pod;
  set_condition(pending,
                {{"type", "PodScheduled"},
                 {"status", "False"},
                 {"reason", "Unschedulable"},
                 {"message", message}},
                hand.time_text());
  if (pending == *pod) return;
  hand.replace("pods", std::move(pending));
  hand.note(pod, {.component = "default-scheduler",
                  .reason = "FailedScheduling",
                  .message = message,
                  .warning = true});
}

json container_statuses(const json& pod, bool running, const std::string& now) {
  json statuses = json::array();
  for (const auto& container : pod["spec"]["containers"]) {
    json state = {{"waiting", {{"reason", "ContainerCreating"}}}};
    if (running) state = {{"running", {{"startedAt", now}}}};
    statuses.push_back({{"name", container.value("name", "")},
                        {"image", container.value("image", "")},
                        {"imageID", ""},
                        {"ready", running},
                        {"started", running},
                        {"restartCount", 0},
                        {"state", std::move(state)}});
  }
  return statuses;
}

void set_running(json& pod, bool running, const std::string& now) {
  auto& status = pod["status"];
  status["phase"] = running ? "Running" : "Pending";
  status["containerStatuses"] = container_statuses(pod, running, now);
  const char* holds = running ? "True" : "False";
  for (const char* type : {"Initialized", "PodReadyToStartContainers"})
    set_condition(pod, {{"type", type}, {"status", "True"}}, now);
  for (const char* type : {"ContainersReady", "Ready"}) {
    json condition = {{"type", type}, {"status", holds}};
    if (!running) condition["reason"] = "ContainersNotReady";
    set_condition(pod, std::move(condition), now);
  }
}

}  // namespace

std::int64_t read_quantity(const std::string& resource, const json& text) {
  const auto written = text.is_string() ? text.get<std::string>() : text.dump();
  double number = 0;
  const auto [end, problem] =
      std::from_chars(written.data(), written.data() + written.size(), number);
  if (problem != std::errc()) return 0;
  const std::string_view suffix(end,
                                static_cast<std::size_t>(written.data() + written.size() - end));
  const double amount = number * suffix_factor(suffix) * (resource == "cpu" ? 1000 : 1);
  return static_cast<std::int64_t>(std::clamp(amount, 0.0, 9e15));
}

Amounts requests_of(const json& pod) {
  Amounts all{{"pods", 1}};
  for (const auto& container : at_or(pod, {"spec", "containers"}, json::array())) {
    auto wanted = at_or(container, {"resources", "limits"}, json::object());
    wanted.update(at_or(container, {"resources", "requests"}, json::object()));
    for (const auto& [resource, amount] : wanted.items())
      all[resource] += read_quantity(resource, amount);
  }
  return all;
}

void PodLifecycle::schedule(ClusterHand& hand) const {
  auto all = places(hand);
  for (const auto& pod : hand.all("pods")) {
    if (is_deleting(*pod) || !at_or(*pod, {"spec", "nodeName"}, "").get<std::string>().empty())
      continue;
    if (!at_or(*pod, {"spec", "schedulingGates"}, json::array()).empty()) continue;
    const auto wanted = requests_of(*pod);
    std::map<std::string, int> obstacles;
    Place* chosen = nullptr;
    for (auto& place : all) {
      if (auto why = obstacle(*pod, wanted, place)) {
        ++obstacles[*why];
      } else {
        chosen = &place;
        break;
      }
    }
    if (chosen != nullptr) {
      bind(hand, pod, *chosen, wanted);
    } else {
      leave_pending(hand, pod, all.size(), obstacles);
    }
  }
}

void PodLifecycle::run(ClusterHand& hand) {
  for (auto& [uid, progress] : progress_) progress.seen = false;
  for (const auto& pod : hand.all("pods")) {
    const auto node = at_or(*pod, {"spec", "nodeName"}, "").get<std::string>();
    if (node.empty()) continue;
    if (!hand.find("nodes", "", node)) {
      hand.erase("pods", pod);  // its node is gone
      continue;
    }
    run_pod(hand, pod);
  }
  std::erase_if(progress_, [](const auto& entry) { return !entry.second.seen; });
}

void PodLifecycle::run_pod(ClusterHand& hand, const Object& pod) {
  auto [entry, is_new] =
      progress_.try_emplace(uid_of(*pod), Progress{.bound_at = hand.now()});
  auto& progress = entry->second;
  progress.seen = true;
  if (is_deleting(*pod)) {
    const Seconds grace((*pod)["metadata"].value("deletionGracePeriodSeconds", 30));
    if (progress.ends_at == Instant{})
      progress.ends_at = hand.now() + std::min<Millis>(options_.termination, grace);
    const bool held = !(*pod)["metadata"].value("finalizers", json::array()).empty();
    if (hand.now() >= progress.ends_at && !held) hand.erase("pods", pod);
    return;
  }
  const auto phase = at_or(*pod, {"status", "phase"}, "").get<std::string>();
  json changed = *pod;
  if (!at_or(*pod, {"status", "startTime"}, json()).is_string()) {
    changed["status"]["startTime"] = hand.time_text();
    const int address = ++addresses_;
    changed["status"]["podIP"] = fmt::format("10.1.{}.{}", address / 250 % 250, address % 250 + 1);
    changed["status"]["hostIP"] = "127.0.0.1";
    set_running(changed, false, hand.time_text());
    hand.replace("pods", std::move(changed));
  } else if (phase == "Pending" && hand.now() - progress.bound_at >= options_.cold_start) {
    set_running(changed, true, hand.time_text());
    hand.replace("pods", std::move(changed));
    for (const auto& container : (*pod)["spec"]["containers"])
      hand.note(pod, {.component = "kubelet",
                      .reason = "Started",
                      .message = "Container started: " + container.value("name", "")});
  }
}

}  // namespace poolscaler::simulation
