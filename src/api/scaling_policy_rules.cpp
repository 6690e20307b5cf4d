// What must hold between the fields of a ScalingPolicy, and how kubectl shows one.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "demand_rules.hpp"
#include "field_table.hpp"
#include "forecast.hpp"
#include "policy_cost.hpp"
#include "poolscaler/domain/suspendable.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

bool min_within_max(const json& spec) {
  return spec["minReplicas"].get<std::int64_t>() <= spec["maxReplicas"].get<std::int64_t>();
}

bool signals_or_schedule(const json& spec) {
  return !spec["signals"].empty() || (spec.contains("schedule") && !spec["schedule"].empty());
}

/// Of every window, `field` where it has one.
bool windows_within_max(const json& spec, const char* field) {
  if (!spec.contains("schedule")) return true;
  const auto max = spec["maxReplicas"].get<std::int64_t>();
  return std::ranges::all_of(spec["schedule"], [&](const json& window) {
    return !window.contains(field) || window[field].get<std::int64_t>() <= max;
  });
}
bool floors_within_max(const json& spec) { return windows_within_max(spec, "floor"); }
bool pins_within_max(const json& spec) { return windows_within_max(spec, "pin"); }

bool fallback_within_bounds(const json& spec) {
  if (!spec.contains("fallback")) return true;
  const auto replicas = spec["fallback"]["replicas"].get<std::int64_t>();
  return replicas >= spec["minReplicas"].get<std::int64_t>() &&
         replicas <= spec["maxReplicas"].get<std::int64_t>();
}

bool fallback_where_asked_for(const json& spec) {
  if (spec.contains("fallback")) return true;
  for (const auto& signal : spec["signals"])
    if (signal["onMissing"] == "Fallback") return false;
  return true;
}

bool one_input(const json& signal) {
  return signal.contains("preset") + signal.contains("metric") + signal.contains("query") +
             signal.contains("resource") ==
         1;
}

bool window_with_range_function(const json& metric) {
  return (metric["rangeFunction"] != "None") == metric.contains("windowSeconds");
}

bool no_internal_label(const json& label) {
  return !label.get_ref<const std::string&>().starts_with("__");
}

bool job_is_one(const json& spec) {
  const auto& target = spec["scaleTargetRef"];
  return spec["maxReplicas"] == 1 ||
         suspendable_kind(target["apiVersion"].get_ref<const std::string&>(),
                          target["kind"].get_ref<const std::string&>()) == nullptr;
}

constexpr Rule own_rules[] = {
    {.at = "spec",
     .cel = "self.maxReplicas == 1 || !((self.scaleTargetRef.kind == 'Job' && "
            "self.scaleTargetRef.apiVersion.startsWith('batch/')) || "
            "(self.scaleTargetRef.kind == 'JobSet' && "
            "self.scaleTargetRef.apiVersion.startsWith('jobset.x-k8s.io/')) || "
            "(self.scaleTargetRef.kind == 'TrainJob' && "
            "self.scaleTargetRef.apiVersion.startsWith('trainer.kubeflow.org/')))",
     .problem = "must be 1 for a job, which runs or is suspended",
     .remedy = "set `maxReplicas: 1`",
     .child = "maxReplicas",
     .holds = job_is_one},
    {.at = "spec",
     .cel = "self.minReplicas <= self.maxReplicas",
     .problem = "must be at most `maxReplicas`",
     .remedy = "lower `minReplicas` or raise `maxReplicas`",
     .child = "minReplicas",
     .holds = min_within_max},
    {.at = "spec",
     .cel = "size(self.signals) > 0 || (has(self.schedule) && size(self.schedule) > 0)",
     .problem = "must have at least one item",
     .remedy = "add a signal, or a `schedule` where time alone decides",
     .child = "signals",
     .holds = signals_or_schedule},
    {.at = "spec",
     .cel = "!has(self.schedule) || self.schedule.all(w, !has(w.floor) || w.floor <= "
            "self.maxReplicas)",
     .problem = "must have no `floor` above `maxReplicas`",
     .remedy = "lower the floor or raise `maxReplicas`",
     .child = "schedule",
     .holds = floors_within_max},
    {.at = "spec",
     .cel = "!has(self.schedule) || self.schedule.all(w, !has(w.pin) || w.pin <= "
            "self.maxReplicas)",
     .problem = "must have no `pin` above `maxReplicas`",
     .remedy = "lower the pin or raise `maxReplicas`",
     .child = "schedule",
     .holds = pins_within_max},
    {.at = "spec",
     .cel = "!has(self.fallback) || (self.fallback.replicas >= self.minReplicas && "
            "self.fallback.replicas <= self.maxReplicas)",
     .problem = "must be from `minReplicas` to `maxReplicas`",
     .remedy = "choose a number within the bounds of the policy",
     .child = "fallback.replicas",
     .holds = fallback_within_bounds},
    {.at = "spec",
     .cel = "has(self.fallback) || self.signals.all(s, s.onMissing != 'Fallback')",
     .problem = "is required when a signal has `onMissing: Fallback`",
     .remedy = "set `fallback.afterSeconds` and `fallback.replicas`, or use `onMissing: Hold`",
     .child = "fallback",
     .holds = fallback_where_asked_for},
    {.at = "spec.signals[]",
     .cel = "(has(self.preset) ? 1 : 0) + (has(self.metric) ? 1 : 0) + "
            "(has(self.query) ? 1 : 0) + (has(self.resource) ? 1 : 0) == 1",
     .problem = "must have exactly one of `preset`, `metric`, `query` and `resource`",
     .remedy = "prefer `preset`, then `metric`; `query` takes PromQL where the MetricSource allows "
               "it, `resource` is the pods' own cpu or memory",
     .holds = one_input},
    {.at = "spec.signals[].metric",
     .cel = "(self.rangeFunction != 'None') == has(self.windowSeconds)",
     .problem = "must be set with any `rangeFunction` but 'None', and only then",
     .remedy = "set `windowSeconds`, such as 120, together with `rangeFunction: Rate`, or neither",
     .child = "windowSeconds",
     .holds = window_with_range_function},
    {.at = "spec.signals[].metric.matchers[].label",
     .cel = "!self.startsWith('__')",
     .problem = "must not begin with '__'",
     .remedy = "such labels are Prometheus' own; the metric is named by `metric.name`",
     .holds = no_internal_label},
};

constexpr Column policy_columns[] = {
    {.name = "Target",
     .type = "string",
     .json_path = ".status.target",
     .doc = "What is scaled."},
    {.name = "Mode",
     .type = "string",
     .json_path = ".spec.mode",
     .doc = "Automatic, Recommend or Paused."},
    {.name = "Min",
     .type = "integer",
     .json_path = ".spec.minReplicas",
     .doc = "Lower bound of the replicas."},
    {.name = "Max",
     .type = "integer",
     .json_path = ".spec.maxReplicas",
     .doc = "Upper bound of the replicas."},
    {.name = "Current",
     .type = "integer",
     .json_path = ".status.currentReplicas",
     .doc = "Replicas that the target is asked to have."},
    {.name = "Desired",
     .type = "integer",
     .json_path = ".status.desiredReplicas",
     .doc = "Replicas that the last decision wants."},
    {.name = "Reason",
     .type = "string",
     .json_path = ".status.lastDecision.reason",
     .doc = "Why, in one word."},
    {.name = "Ready",
     .type = "string",
     .json_path = ".status.conditions[?(@.type==\"Ready\")].status",
     .doc = "Whether the policy works."},
    {.name = "Age",
     .type = "date",
     .json_path = ".metadata.creationTimestamp",
     .doc = "Time since the policy was created."},
    {.name = "Accelerator",
     .type = "string",
     .json_path = ".status.accelerators.pool",
     .priority = 1,
     .doc = "The pool that it draws on."},
    {.name = "Signal",
     .type = "string",
     .json_path = ".status.signalText",
     .priority = 1,
     .doc = "The signals and their targets."},
    {.name = "$/h",
     .type = "string",
     .json_path = ".status.cost.hourly",
     .priority = 1,
     .doc = "What its replicas cost an hour, in the pool's currency."},
    {.name = "Last scale",
     .type = "date",
     .json_path = ".status.lastScale.time",
     .priority = 1,
     .doc = "Time since the last change of replicas."},
    {.name = "Message",
     .type = "string",
     .json_path = ".status.lastDecision.message",
     .priority = 1,
     .doc = "Why, in one sentence."},
};

constexpr std::string_view policy_example = R"(apiVersion: poolscaler.dev/v1alpha1
kind: ScalingPolicy
metadata:
  name: llm-server
  namespace: shop
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: llm-server
  minReplicas: 0
  maxReplicas: 20
  signals:
    - name: queue
      metricSourceRef:
        name: prometheus
      metric:
        name: vllm:num_requests_waiting
      target:
        type: PerReplica
        value: 10
  scaleToZero:
    idleAfterSeconds: 600
)";

}  // namespace

const KindTable& scaling_policy_table() {
  static const auto rules = [] {
    std::vector<Rule> all(std::begin(own_rules), std::end(own_rules));
    for (const auto more :
         {demand_rules(), forecast_rules(), schedule_rules(), policy_cost_rules()})
      all.insert(all.end(), more.begin(), more.end());
    return all;
  }();
  static const KindTable table{
      .names = {.kind = "ScalingPolicy",
                .plural = "scalingpolicies",
                .singular = "scalingpolicy",
                .short_name = "spol",
                .page = "scaling-policy",
                .namespaced = true},
      .doc = "ScalingPolicy says by which signals and within which bounds one workload is scaled, "
             "to zero and back. Whoever may create one may, in effect, scale every workload of "
             "the namespace.",
      .example = policy_example,
      .spec = scaling_policy_spec_fields(),
      .status = scaling_policy_status_fields(),
      .rules = rules,
      .columns = policy_columns};
  return table;
}

}  // namespace poolscaler::api
