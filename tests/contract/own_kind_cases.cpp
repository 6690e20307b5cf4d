// Our own kinds: defaults, bounds, rules between fields, pruning, the status subresource, tables.
#include <array>

#include "contract/scribe.hpp"

namespace poolscaler::contract {
namespace {

json policy(const std::string& name) {
  return {{"apiVersion", "poolscaler.dev/v1alpha1"},
          {"kind", "ScalingPolicy"},
          {"metadata", {{"name", name}}},
          {"spec",
           {{"scaleTargetRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", name}}},
            {"maxReplicas", 5},
            {"signals",
             {{{"name", "queue"},
               {"metricSourceRef", {{"name", "prometheus"}}},
               {"metric", {{"name", "queue_depth"}}},
               {"target", {{"type", "PerReplica"}, {"value", 10}}}}}}}}};
}

json metric_source(const std::string& name) {
  return {{"apiVersion", "poolscaler.dev/v1alpha1"},
          {"kind", "MetricSource"},
          {"metadata", {{"name", name}}},
          {"spec", {{"url", "http://prometheus:9090"}}}};
}

const std::string sources = "/apis/poolscaler.dev/v1alpha1/metricsources";

void own_defaults(Scribe& scribe) {
  scribe.tell("smallest policy",
              {.method = "POST", .target = scribe.policies(), .body = policy("web")},
              {"/metadata/generation", "/spec", "/status"});
  scribe.quietly({.method = "DELETE", .target = sources + "/smallest"});
  scribe.tell("smallest source",
              {.method = "POST", .target = sources, .body = metric_source("smallest")},
              {"/metadata/generation", "/metadata/namespace", "/spec"});
}

void own_bounds(Scribe& scribe) {
  const auto refuse = [&](const std::string& title, const std::string& pointer, const json& value) {
    auto object = policy("web");
    object[json::json_pointer(pointer)] = value;
    scribe.tell(title, {.method = "POST", .target = scribe.policies(), .body = object});
  };
  refuse("maxReplicas 0", "/spec/maxReplicas", 0);
  refuse("maxReplicas as text", "/spec/maxReplicas", "5");
  refuse("maxReplicas as a fraction", "/spec/maxReplicas", 2.5);
  refuse("minReplicas negative", "/spec/minReplicas", -1);
  refuse("interval too short", "/spec/intervalSeconds", 1);
  refuse("unknown mode", "/spec/mode", "Sometimes");
  refuse("no signals", "/spec/signals", json::array());
  refuse("signals as an object", "/spec/signals", json::object());
  refuse("long name", "/spec/signals/0/name", std::string(64, 'x'));
  refuse("bad name", "/spec/signals/0/name", "Not A Label");
  refuse("bad metric", "/spec/signals/0/metric/name", "9lives");
  refuse("unknown target type", "/spec/signals/0/target/type", "Magic");
  refuse("minReplicas above maxReplicas", "/spec/minReplicas", 6);
  refuse("target of zero", "/spec/signals/0/target/value", 0);
  for (const auto* missing : {"scaleTargetRef", "maxReplicas", "signals"}) {
    auto object = policy("web");
    object["spec"].erase(missing);
    scribe.tell(std::string("without ") + missing,
                {.method = "POST", .target = scribe.policies(), .body = object});
  }
  auto twice = policy("web");
  twice["spec"]["signals"].push_back(twice["spec"]["signals"][0]);
  scribe.tell("two signals of one name",
              {.method = "POST", .target = scribe.policies(), .body = twice});
  auto several = policy("web");
  several["spec"]["maxReplicas"] = 0;
  several["spec"]["intervalSeconds"] = 1;
  scribe.tell("two errors at once",
              {.method = "POST", .target = scribe.policies(), .body = several});
  auto without_url = metric_source("broken");
  without_url["spec"].erase("url");
  scribe.tell("a source without url", {.method = "POST", .target = sources, .body = without_url});
  auto bare = policy("web");
  bare.erase("spec");
  scribe.tell("without a spec", {.method = "POST", .target = scribe.policies(), .body = bare});
}

void own_pruning(Scribe& scribe) {
  auto object = policy("web");
  object["spec"]["minReplicsa"] = 3;
  scribe.tell("unknown field, strict", {.method = "POST",
                                        .target = scribe.policies() + "?fieldValidation=Strict",
                                        .body = object});
  scribe.tell("unknown field, pruned",
              {.method = "POST", .target = scribe.policies(), .body = object},
              {"/spec/minReplicsa"});
}

void own_status(Scribe& scribe) {
  const auto made = scribe.quietly(
      {.method = "POST", .target = scribe.policies(), .body = policy("web")});
  const auto patch = [&](const std::string& title, const std::string& target, const json& body) {
    return scribe.tell(
        title, {.method = "PATCH", .target = target, .body = body, .type = merge_patch},
        {"/metadata/generation", "/metadata/labels", "/spec/maxReplicas", "/status"});
  };
  const auto status = scribe.policies("web") + "/status";
  const auto first = patch("status through the main resource", scribe.policies("web"),
                           {{"status", {{"desiredReplicas", 9}}}});
  scribe.fact("keeps the version", version_of(first) == version_of(made));
  const auto second = patch("status with a spec", status,
                            {{"spec", {{"maxReplicas", 50}}},
                             {"metadata", {{"labels", {{"sneaked", "in"}}}}},
                             {"status", {{"desiredReplicas", 4}, {"observedGeneration", 1}}}});
  scribe.fact("moves the version", version_of(second) != version_of(first));
  scribe.fact("nothing changed keeps the version",
              version_of(patch("the same again", status, {{"status", {{"desiredReplicas", 4}}}})) ==
                  version_of(second));
  patch("unknown field", status, {{"status", {{"moonPhase", "full"}}}});
  patch("out of bounds", status, {{"status", {{"desiredReplicas", -3}}}});
  patch("other uid", status,
        {{"metadata", {{"uid", "00000000-0000-0000-0000-000000000000"}}},
         {"status", {{"desiredReplicas", 5}}}});
  patch("stale version", status,
        {{"metadata", {{"resourceVersion", version_of(made)}}},
         {"status", {{"desiredReplicas", 5}}}});
  patch("spec", scribe.policies("web"), {{"spec", {{"maxReplicas", 6}}}});
  patch("spec out of bounds", scribe.policies("web"), {{"spec", {{"maxReplicas", 0}}}});
  patch("defaulted field taken off", scribe.policies("web"),
        {{"spec", {{"minReplicas", nullptr}}}});
  patch("required field taken off", scribe.policies("web"), {{"spec", {{"maxReplicas", nullptr}}}});
  patch("label", scribe.policies("web"), {{"metadata", {{"labels", {{"a", "b"}}}}}});
  scribe.tell("strategic merge", {.method = "PATCH",
                                  .target = scribe.policies("web"),
                                  .body = {{"spec", {{"maxReplicas", 7}}}},
                                  .type = strategic_patch});
  scribe.tell("absent status", {.method = "PATCH",
                                .target = scribe.policies("nobody") + "/status",
                                .body = {{"status", json::object()}},
                                .type = merge_patch});
  auto without_version = policy("web");
  scribe.tell("put without a version", {.method = "PUT",
                                        .target = scribe.policies("web"),
                                        .body = without_version});
  scribe.tell("no scale of a policy", {.target = scribe.policies("web") + "/scale"});
  scribe.tell("delete", {.method = "DELETE", .target = scribe.policies("web")});
}

void own_watch(Scribe& scribe) {
  const auto made = scribe.quietly(
      {.method = "POST", .target = scribe.policies(), .body = policy("web")});
  auto stream = scribe.watch(scribe.policies() + "?watch=1&timeoutSeconds=20&resourceVersion=" +
                             version_of(made));
  scribe.quietly({.method = "PATCH",
                  .target = scribe.policies("web") + "/status",
                  .body = {{"status", {{"desiredReplicas", 2}}}},
                  .type = merge_patch});
  scribe.quietly({.method = "PATCH",
                  .target = scribe.policies("web"),
                  .body = {{"spec", {{"maxReplicas", 9}}}},
                  .type = merge_patch});
  scribe.quietly({.method = "DELETE", .target = scribe.policies("web")});
  scribe.tell_events(stream, 3,
                     {"/metadata/generation", "/spec/maxReplicas", "/status/desiredReplicas"});
  scribe.tell("list", {.target = scribe.policies()}, {"/items"});
}

void own_tables(Scribe& scribe) {
  scribe.quietly({.method = "POST", .target = scribe.policies(), .body = policy("web")});
  scribe.quietly({.method = "PATCH",
                  .target = scribe.policies("web") + "/status",
                  .body = {{"status",
                            {{"target", "Deployment/web"},
                             {"currentReplicas", 2},
                             {"desiredReplicas", 4},
                             {"conditions",
                              {{{"type", "Ready"},
                                {"status", "True"},
                                {"reason", "Accepted"},
                                {"message", "fine"},
                                {"lastTransitionTime", "2030-01-01T00:00:00Z"}}}}}}},
                  .type = merge_patch});
  scribe.quietly({.method = "POST", .target = sources, .body = metric_source("tabled")});
  tell_table(scribe, "policies", scribe.policies());
  tell_table(scribe, "sources", sources + "?fieldSelector=metadata.name%3Dtabled");
}

const std::string pools = "/apis/poolscaler.dev/v1alpha1/acceleratorpools";
const std::string budgets = "/apis/poolscaler.dev/v1alpha1/costbudgets";

json pool(const std::string& name) {
  const json backend{{"apiVersion", "karpenter.sh/v1"}, {"kind", "NodePool"}, {"name", "a"}};
  return {{"apiVersion", "poolscaler.dev/v1alpha1"},
          {"kind", "AcceleratorPool"},
          {"metadata", {{"name", name}}},
          {"spec",
           {{"accelerator", {{"resource", "nvidia.com/gpu"}, {"perNode", 8}}},
            {"nodeGroups", {{{"name", "a"}, {"backendRef", backend}, {"maxNodes", 4}}}}}}};
}

json budget(const std::string& name) {
  return {{"apiVersion", "poolscaler.dev/v1alpha1"},
          {"kind", "CostBudget"},
          {"metadata", {{"name", name}}},
          {"spec", {{"limits", {{{"name", "rate"}, {"mode", "Rate"}, {"amount", "100"}}}}}}};
}

void own_pools(Scribe& scribe) {
  scribe.quietly({.method = "DELETE", .target = pools + "/small"});
  scribe.tell("smallest pool", {.method = "POST", .target = pools, .body = pool("small")},
              {"/metadata/generation", "/metadata/namespace", "/spec", "/status"});
  const auto refuse = [&](const std::string& title, const std::string& pointer, const json& value) {
    auto object = pool("other");
    object[json::json_pointer(pointer)] = value;
    scribe.tell(title, {.method = "POST", .target = pools, .body = object});
  };
  refuse("min above max", "/spec/nodeGroups/0/minNodes", 5);
  refuse("price of 0", "/spec/nodeGroups/0/price", "0");
  refuse("negative price", "/spec/nodeGroups/0/price", "-1");
  refuse("price as a number", "/spec/nodeGroups/0/price", 98.32);
  refuse("resource without a domain", "/spec/accelerator/resource", "gpu");
  refuse("limit of 0 an hour", "/spec/limits", {{"maxHourly", "0"}});
  auto twins = pool("other");
  twins["spec"]["nodeGroups"].push_back(twins["spec"]["nodeGroups"][0]);
  twins["spec"]["nodeGroups"][1]["name"] = "b";
  scribe.tell("one object for two groups", {.method = "POST", .target = pools, .body = twins});
  auto of_nobody = pool("other");
  of_nobody["spec"]["nodeGroups"][0].erase("backendRef");
  scribe.tell("a group of nobody", {.method = "POST", .target = pools, .body = of_nobody});
  const json status{{"observedGeneration", 1},
                    {"groups", {{{"name", "a"}, {"desired", 2}, {"observed", 1}}}},
                    {"nodes", {{"total", 1}, {"ready", 1}}},
                    {"accelerators", {{"capacity", 8}, {"allocated", 6}, {"pending", 8}}},
                    {"cost", {{"currency", "USD"}, {"hourly", "98.31"}, {"today", "412.2"}}},
                    {"conditions",
                     {{{"type", "Ready"},
                       {"status", "True"},
                       {"reason", "Valid"},
                       {"message", "fine"},
                       {"lastTransitionTime", "2030-01-01T00:00:00Z"}}}}};
  scribe.tell("status of a pool",
              {.method = "PATCH",
               .target = pools + "/small/status",
               .body = {{"status", status}},
               .type = merge_patch},
              {"/metadata/generation", "/status"});
  tell_table(scribe, "pools", pools + "?fieldSelector=metadata.name%3Dsmall");
}

void own_budgets(Scribe& scribe) {
  scribe.quietly({.method = "DELETE", .target = budgets + "/small"});
  const auto made =
      scribe.tell("smallest budget", {.method = "POST", .target = budgets, .body = budget("small")},
                  {"/metadata/generation", "/metadata/namespace", "/spec", "/status"});
  const auto refuse = [&](const std::string& title, const std::string& pointer, const json& value) {
    auto object = budget("other");
    object[json::json_pointer(pointer)] = value;
    scribe.tell(title, {.method = "POST", .target = budgets, .body = object});
  };
  refuse("amount of 0", "/spec/limits/0/amount", "0");
  refuse("no number", "/spec/limits/0/amount", "NaN");
  refuse("rate of a day", "/spec/limits/0/period", "Day");
  refuse("accrued without a period", "/spec/limits/0/mode", "Accrued");
  refuse("thresholds that fall", "/spec/thresholds", {80, 50});
  refuse("unknown currency", "/spec/currency", "DOGE");
  const auto patch = [&](const std::string& title, const json& version) {
    return scribe.tell(title,
                       {.method = "PATCH",
                        .target = budgets + "/small/status",
                        .body = {{"metadata", {{"resourceVersion", version}}},
                                 {"status",
                                  {{"rate", "65.54"},
                                   {"usedText", "rate 65.54 %"},
                                   {"conditions",
                                    {{{"type", "BudgetExceeded"},
                                      {"status", "False"},
                                      {"reason", "BudgetWithin"},
                                      {"message", "fine"},
                                      {"lastTransitionTime", "2030-01-01T00:00:00Z"}}}}}}},
                        .type = merge_patch},
                       {"/metadata/generation", "/status"});
  };
  patch("status of a budget", version_of(made));
  patch("status of a stale version", version_of(made));
  tell_table(scribe, "budgets", budgets + "?fieldSelector=metadata.name%3Dsmall");
}

}  // namespace

std::span<const ContractCase> own_kind_cases() {
  static constexpr std::array cases{
      ContractCase{"own-defaults", own_defaults}, ContractCase{"own-bounds", own_bounds},
      ContractCase{"own-pruning", own_pruning},   ContractCase{"own-status", own_status},
      ContractCase{"own-watch", own_watch},       ContractCase{"own-tables", own_tables},
      ContractCase{"own-pools", own_pools},       ContractCase{"own-budgets", own_budgets},
  };
  return cases;
}

}  // namespace poolscaler::contract
