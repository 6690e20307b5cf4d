#include "workloads.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr const char* deployments = "deployments.apps";
constexpr const char* replica_sets = "replicasets.apps";
constexpr const char* stateful_sets = "statefulsets.apps";
constexpr const char* hash_label = "pod-template-hash";

int replicas_of(const json& object) { return at_or(object, {"spec", "replicas"}, 1).get<int>(); }

std::int64_t generation_of(const json& object) {
  return object["metadata"].value("generation", std::int64_t{1});
}

std::string template_hash(const json& deployment) {
  return fmt::format("{:08x}", stable_hash(deployment["spec"]["template"].dump()) & 0xFFFFFFFF);
}

std::vector<Object> living_pods(const ClusterHand& hand, const json& owner) {
  auto pods = hand.owned("pods", uid_of(owner));
  std::erase_if(pods, [](const Object& pod) { return is_deleting(*pod); });
  return pods;
}

json pod_from(const json& owner, const std::string& name) {
  const auto& pod_template = owner["spec"]["template"];
  json metadata = {{"name", name},
                   {"namespace", namespace_of(owner)},
                   {"labels", at_or(pod_template, {"metadata", "labels"}, json::object())},
                   {"ownerReferences", json::array({owner_reference(owner)})}};
  const auto annotations = at_or(pod_template, {"metadata", "annotations"}, json());
  if (annotations.is_object()) metadata["annotations"] = annotations;
  return {{"metadata", std::move(metadata)},
          {"spec", pod_template["spec"]},
          {"status", {{"phase", "Pending"}, {"qosClass", "BestEffort"}}}};
}

/// Those that do the least come first: unbound, not ready, youngest.
bool goes_before(const Object& a, const Object& b) {
  const auto rank = [](const json& pod) {
    return std::tuple(at_or(pod, {"spec", "nodeName"}, "").get<std::string>().empty() ? 0 : 1,
                      is_ready(pod) ? 1 : 0);
  };
  if (rank(*a) != rank(*b)) return rank(*a) < rank(*b);
  const auto made = [](const json& pod) {
    return pod["metadata"].value("creationTimestamp", "");
  };
  if (made(*a) != made(*b)) return made(*a) > made(*b);
  return name_of(*a) < name_of(*b);
}

void create_pods(ClusterHand& hand, const Object& set, int count) {
  for (int i = 0; i < count; ++i) {
    const auto pod = hand.make("v1", "Pod", pod_from(*set, hand.name_after(name_of(*set) + "-")));
    hand.note(set, {.component = "replicaset-controller",
                    .reason = "SuccessfulCreate",
                    .message = "Created pod: " + name_of(*pod)});
  }
}

void reconcile_replica_set(ClusterHand& hand, const Object& set) {
  if (is_deleting(*set)) return;
  auto pods = living_pods(hand, *set);
  const int missing = replicas_of(*set) - static_cast<int>(pods.size());
  if (missing > 0) create_pods(hand, set, missing);
  std::ranges::sort(pods, goes_before);
  for (int i = 0; i < -missing; ++i) {
    const auto& pod = pods[static_cast<std::size_t>(i)];
    hand.remove("v1", pod);
    hand.note(set, {.component = "replicaset-controller",
                    .reason = "SuccessfulDelete",
                    .message = "Deleted pod: " + name_of(*pod)});
  }
  const auto left = living_pods(hand, *set);
  const auto ready =
      std::ranges::count_if(left, [](const Object& pod) { return is_ready(*pod); });
  json status = {{"replicas", left.size()}, {"observedGeneration", generation_of(*set)}};
  if (!left.empty()) status["fullyLabeledReplicas"] = left.size();
  if (ready > 0) status["readyReplicas"] = status["availableReplicas"] = ready;
  hand.set_status(replica_sets, hand.find(replica_sets, namespace_of(*set), name_of(*set)),
                  std::move(status));
}

Object make_replica_set(ClusterHand& hand, const json& deployment, const std::string& hash) {
  json spec = {{"replicas", 0},
               {"selector", deployment["spec"]["selector"]},
               {"template", deployment["spec"]["template"]}};
  spec["selector"]["matchLabels"][hash_label] = hash;
  spec["template"]["metadata"]["labels"][hash_label] = hash;
  json metadata = {{"name", name_of(deployment) + "-" + hash},
                   {"namespace", namespace_of(deployment)},
                   {"labels", spec["template"]["metadata"]["labels"]},
                   {"annotations", {{"deployment.kubernetes.io/revision", "1"}}},
                   {"ownerReferences", json::array({owner_reference(deployment)})}};
  return hand.make("apps/v1", "ReplicaSet",
                   {{"metadata", std::move(metadata)},
                    {"spec", std::move(spec)},
                    {"status", {{"replicas", 0}}}});
}

/// A change of the template is a new ReplicaSet; the old ones shrink as its pods become ready.
void resize(ClusterHand& hand, const Object& deployment, const Object& set, int replicas) {
  const int before = replicas_of(*set);
  if (before == replicas) return;
  json resized = *set;
  resized["spec"]["replicas"] = replicas;
  hand.replace(replica_sets, std::move(resized));
  hand.note(deployment, {.component = "deployment-controller",
                         .reason = "ScalingReplicaSet",
                         .message = fmt::format("Scaled {} replica set {} from {} to {}",
                                                replicas > before ? "up" : "down", name_of(*set),
                                                before, replicas)});
}

struct Tally {
  int pods = 0;
  int ready = 0;
  int updated = 0;
};

struct Standing {
  std::string_view type;
  bool holds;
  std::string_view reason;
  std::string message;
};

json condition(const json& object, const Standing& standing, const std::string& now) {
  const auto& [type, holds, reason, message] = standing;
  const auto before = condition_of(object, type);
  const std::string status = holds ? "True" : "False";
  const bool same = before.is_object() && before.value("status", "") == status;
  const auto since = same ? before.value("lastTransitionTime", now) : now;
  const bool unchanged = same && before.value("reason", "") == reason;
  return {{"type", type},
          {"status", status},
          {"reason", reason},
          {"message", message},
          {"lastTransitionTime", since},
          {"lastUpdateTime", unchanged ? before.value("lastUpdateTime", now) : now}};
}

json deployment_status(const json& deployment, const Tally& tally, const std::string& now) {
  const int wanted = replicas_of(deployment);
  json status = {{"observedGeneration", generation_of(deployment)}};
  if (tally.pods > 0) status["replicas"] = tally.pods;
  if (tally.updated > 0) status["updatedReplicas"] = tally.updated;
  if (tally.ready > 0) status["readyReplicas"] = status["availableReplicas"] = tally.ready;
  if (wanted > tally.ready) status["unavailableReplicas"] = wanted - tally.ready;
  // A quarter may be missing, as maxUnavailable says by default.
  const bool available = tally.ready >= wanted - wanted / 4;
  const bool complete = tally.updated == wanted && tally.ready >= wanted;
  const auto message = [&](const char* text) {
    return fmt::format("ReplicaSet \"{}-{}\" {}", name_of(deployment), template_hash(deployment),
                       text);
  };
  const Standing availability = {
      .type = "Available",
      .holds = available,
      .reason = available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
      .message = available ? "Deployment has minimum availability."
                           : "Deployment does not have minimum availability."};
  const Standing progress = {
      .type = "Progressing",
      .holds = true,
      .reason = complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
      .message = message(complete ? "has successfully progressed." : "is progressing.")};
  status["conditions"] = {condition(deployment, availability, now),
                          condition(deployment, progress, now)};
  return status;
}

void reconcile_deployment(ClusterHand& hand, const Object& deployment) {
  if (is_deleting(*deployment)) return;
  const auto hash = template_hash(*deployment);
  auto sets = hand.owned(replica_sets, uid_of(*deployment));
  const auto is_current = [&](const Object& set) {
    return at_or(*set, {"metadata", "labels"}, json::object()).value(hash_label, "") == hash;
  };
  auto found = std::ranges::find_if(sets, is_current);
  if (found == sets.end()) {
    sets.push_back(make_replica_set(hand, *deployment, hash));
    found = std::prev(sets.end());
  }
  const auto current = *found;
  const int wanted = replicas_of(*deployment);
  resize(hand, deployment, current, wanted);
  Tally tally;
  const auto ready_of = [](const json& set) {
    return at_or(set, {"status", "readyReplicas"}, 0).get<int>();
  };
  for (const auto& set : sets) {
    const int pods = at_or(*set, {"status", "replicas"}, 0).get<int>();
    tally.pods += pods;
    tally.ready += ready_of(*set);
    if (set == current) tally.updated = pods;
    if (set != current)
      resize(hand, deployment, set,
             std::min(replicas_of(*set), std::max(0, wanted - ready_of(*current))));
  }
  const auto now = hand.find(deployments, namespace_of(*deployment), name_of(*deployment));
  auto status = deployment_status(*now, tally, hand.time_text());
  json stored = *now;
  stored["status"] = std::move(status);
  stored["metadata"]["annotations"].emplace("deployment.kubernetes.io/revision", "1");
  hand.replace(deployments, std::move(stored));
}

void reconcile_stateful_set(ClusterHand& hand, const Object& set) {
  if (is_deleting(*set)) return;
  const int wanted = replicas_of(*set);
  std::set<std::string> expected;
  int ready = 0;
  bool waiting = false;  // OrderedReady: one after the other
  const bool parallel = at_or(*set, {"spec", "podManagementPolicy"}, "") == "Parallel";
  for (int i = 0; i < wanted; ++i) {
    const auto name = fmt::format("{}-{}", name_of(*set), i);
    expected.insert(name);
    const auto pod = hand.find("pods", namespace_of(*set), name);
    if (!pod && !waiting) hand.make("v1", "Pod", pod_from(*set, name));
    if (pod && is_ready(*pod) && !is_deleting(*pod)) {
      ++ready;
    } else if (!parallel) {
      waiting = true;
    }
  }
  for (const auto& pod : living_pods(hand, *set))
    if (!expected.contains(name_of(*pod))) hand.remove("v1", pod);
  const auto pods = living_pods(hand, *set).size();
  json status = {{"replicas", pods},
                 {"availableReplicas", ready},
                 {"observedGeneration", generation_of(*set)}};
  if (ready > 0) status["readyReplicas"] = ready;
  if (pods > 0) status["currentReplicas"] = status["updatedReplicas"] = pods;
  hand.set_status(stateful_sets, hand.find(stateful_sets, namespace_of(*set), name_of(*set)),
                  std::move(status));
}

}  // namespace

void reconcile_workloads(ClusterHand& hand) {
  for (const auto& deployment : hand.all(deployments)) reconcile_deployment(hand, deployment);
  for (const auto& set : hand.all(replica_sets)) reconcile_replica_set(hand, set);
  for (const auto& set : hand.all(stateful_sets)) reconcile_stateful_set(hand, set);
}

}  // namespace poolscaler::simulation
