// Evictions under a PodDisruptionBudget, and cordons.
#include <array>

#include "contract/scribe.hpp"

namespace poolscaler::contract {
namespace {

json eviction_of(const std::string& name, const std::string& uid = {}) {
  json body{{"apiVersion", "policy/v1"},
            {"kind", "Eviction"},
            {"metadata", {{"name", name}}}};
  if (!uid.empty()) body["deleteOptions"] = {{"preconditions", {{"uid", uid}}}};
  return body;
}

json budget_of(const std::string& name, int available) {
  return {{"apiVersion", "policy/v1"},
          {"kind", "PodDisruptionBudget"},
          {"metadata", {{"name", name}}},
          {"spec",
           {{"minAvailable", available}, {"selector", {{"matchLabels", {{"app", "web"}}}}}}}};
}

/// What the controller of budgets would say of them.
void allow(Scribe& scribe, const std::string& budget, int disruptions) {
  scribe.quietly({.method = "PATCH",
                  .target = budget + "/status",
                  .body = {{"status",
                            {{"observedGeneration", 1},
                             {"disruptionsAllowed", disruptions},
                             {"currentHealthy", 2},
                             {"desiredHealthy", 2 - disruptions},
                             {"expectedPods", 2}}}},
                  .type = merge_patch});
}

/// A pod on a node that does not exist, ready as its kubelet would say.
json ready_pod(Scribe& scribe, const std::string& base, const std::string& name) {
  const auto made = scribe.quietly(
      {.method = "POST",
       .target = base,
       .body = {{"apiVersion", "v1"},
                {"kind", "Pod"},
                {"metadata", {{"name", name}, {"labels", {{"app", "web"}}}}},
                {"spec",
                 {{"nodeName", "nowhere"},
                  {"containers", {{{"name", "main"}, {"image", "model:1"}}}}}}}});
  scribe.quietly({.method = "PATCH",
                  .target = base + "/" + name + "/status",
                  .body = {{"status",
                            {{"phase", "Running"},
                             {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}}}},
                  .type = strategic_patch});
  return made;
}

void evictions(Scribe& scribe) {
  const auto pods = "/api/v1/namespaces/" + scribe.ns() + "/pods";
  const auto budgets = "/apis/policy/v1/namespaces/" + scribe.ns() + "/poddisruptionbudgets";
  const auto evict = [&](const std::string& title, const std::string& name,
                         const std::string& uid = {}) {
    scribe.tell(title, {.method = "POST",
                        .target = pods + "/" + name + "/eviction",
                        .body = eviction_of(name, uid)});
  };
  const auto first = ready_pod(scribe, pods, "web-1");
  const auto ends = [&](const std::string& title) {
    const auto pod = scribe.quietly({.target = pods + "/web-1"});
    scribe.fact(title, !text_at(pod, "/metadata/deletionTimestamp").empty());
  };
  evict("of nobody", "nobody");
  evict("of another pod of the name", "web-1", "00000000-0000-4000-8000-000000000000");
  scribe.tell("under another name", {.method = "POST",
                                     .target = pods + "/web-1/eviction",
                                     .body = eviction_of("web-2")});
  scribe.quietly({.method = "POST", .target = budgets, .body = budget_of("web", 2)});
  evict("before the budget was looked at", "web-1");
  allow(scribe, budgets + "/web", 0);
  evict("against the budget", "web-1");
  ends("it ends then");
  allow(scribe, budgets + "/web", 1);
  evict("within the budget", "web-1", uid_of(first));
  ends("it ends then");
  const auto spent = scribe.quietly({.target = budgets + "/web"});
  scribe.note("  disruptions allowed after it: " +
              spent.value("/status/disruptionsAllowed"_json_pointer, json()).dump());
  evict("once more while it ends", "web-1");
  const json container{{"name", "main"}, {"image", "model:1"}};
  scribe.quietly({.method = "POST",
                  .target = pods,
                  .body = {{"apiVersion", "v1"},
                           {"kind", "Pod"},
                           {"metadata", {{"name", "web-3"}, {"labels", {{"app", "web"}}}}},
                           {"spec", {{"containers", json::array({container})}}}}});
  evict("of a pod that has not begun", "web-3");
  scribe.tell("gone", {.target = pods + "/web-3"});
  ready_pod(scribe, pods, "web-4");
  scribe.quietly({.method = "POST", .target = budgets, .body = budget_of("web-too", 1)});
  evict("under two budgets", "web-4");
  for (const auto* name : {"web-1", "web-4"})
    scribe.quietly({.method = "DELETE", .target = pods + "/" + name + "?gracePeriodSeconds=0"});
}

void cordons(Scribe& scribe) {
  const std::string node = "/api/v1/nodes/" + scribe.ns();
  scribe.quietly({.method = "POST",
                  .target = "/api/v1/nodes",
                  .body = {{"apiVersion", "v1"},
                           {"kind", "Node"},
                           {"metadata", {{"name", scribe.ns()}}}}});
  scribe.tell("cordon",
              {.method = "PATCH",
               .target = node,
               .body = {{"metadata", {{"annotations", {{"poolscaler.dev/draining-for", "a/b"}}}}},
                        {"spec", {{"unschedulable", true}}}},
               .type = merge_patch},
              {"/spec/unschedulable", "/metadata/annotations"});
  scribe.tell("cordon in another version",
              {.method = "PATCH",
               .target = node,
               .body = {{"metadata", {{"resourceVersion", "1"}}},
                        {"spec", {{"unschedulable", true}}}},
               .type = merge_patch});
  scribe.tell("uncordon",
              {.method = "PATCH",
               .target = node,
               .body = {{"metadata",
                         {{"annotations", {{"poolscaler.dev/draining-for", nullptr}}}}},
                        {"spec", {{"unschedulable", nullptr}}}},
               .type = merge_patch},
              {"/spec/unschedulable", "/metadata/annotations"});
  scribe.quietly({.method = "DELETE", .target = node});
}

}  // namespace

std::span<const ContractCase> node_cases() {
  static constexpr std::array cases = {ContractCase{"evictions", evictions},
                                       ContractCase{"cordons", cordons}};
  return cases;
}

}  // namespace poolscaler::contract
