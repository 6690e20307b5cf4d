// Whole reconciliations of an HPA: each metric through the engine's arithmetic, the rest through
// the model of HPA's controller.

#include "poolscaler/simulation/peers/hpa_reconcile.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "pod_usage.hpp"
#include "vectors/case_reader.hpp"
#include "vectors/groups.hpp"
#include "vectors/hpa_words.hpp"

namespace poolscaler::vectors {

using Json = nlohmann::json;
namespace peers = simulation::peers;
namespace hpa = engine::hpa;

namespace {

/// Direction by direction, with HPA's defaults for what is not written.
ScalingRules rules_with_defaults(const Case& behavior, const char* side,
                                 const ScalingRules& defaults) {
  auto rules = defaults;
  if (!behavior.has(side)) return rules;
  const auto given = behavior.at(side);
  if (given.has("policies")) rules.policies = policies_of(given.at("policies"));
  if (given.has("select")) rules.select_policy = select_of(given.at("select"));
  if (given.has("window_s")) rules.stabilization_window_seconds = given.int32("window_s");
  if (given.has("tolerance")) rules.tolerance = given.number("tolerance");
  return rules;
}

std::optional<Behavior> behavior_of(const Case& recorded) {
  if (!recorded.has("behavior")) return std::nullopt;
  const auto behavior = recorded.at("behavior");
  const Behavior defaults;
  return Behavior{.scale_up = rules_with_defaults(behavior, "scale_up", defaults.scale_up),
                  .scale_down = rules_with_defaults(behavior, "scale_down", defaults.scale_down)};
}

std::vector<PodSample> samples_by_level(const Case& recorded) {
  const auto status_replicas = static_cast<std::size_t>(recorded.int32("status_replicas"));
  std::vector<PodSample> samples;
  for (const auto& pod : recorded.list("pods")) {
    auto sample = ready_pod();
    sample.usage_milli = pod.maybe_int64("level_m");
    sample.request_milli = pod.maybe_int64("request_m");
    // Beyond the replicas, usage without a request is that of a pod that is gone.
    if (!sample.request_milli && samples.size() >= status_replicas) sample.known = false;
    samples.push_back(sample);
  }
  return samples;
}

/// What all the metrics of one case are reckoned from.
struct Ground {
  std::vector<PodSample> pods;
  std::int32_t spec_replicas;
  std::int32_t status_replicas;
  Tolerance tolerance;
};

std::int32_t count_ready(const Ground& ground) {
  return static_cast<std::int32_t>(std::ranges::count_if(
      ground.pods, [](const PodSample& pod) { return pod.known && pod.ready.value_or(false); }));
}

std::optional<std::int32_t> pods_proposal(const Case& metric, const Ground& ground,
                                          bool readiness) {
  auto measured = cpu_of(ground.pods);
  if (!readiness) measured.resource = Resource::Memory;
  const auto got =
      metric.has("target_pct")
          ? engine::resource_utilization(measured, metric.number("target_pct"),
                                         ground.spec_replicas, ground.tolerance)
          : engine::pods_average_value(measured,
                                       static_cast<double>(metric.int64("target_average_m")),
                                       ground.spec_replicas, ground.tolerance);
  return got.gap == engine::PodUsageGap::None ? std::optional(got.proposal.replicas)
                                              : std::nullopt;
}

std::optional<std::int32_t> total_proposal(const Case& metric, const Ground& ground) {
  if ((metric.has("error") && metric.boolean("error")) || !metric.has("values_m"))
    return std::nullopt;
  std::vector<std::int64_t> values;
  for (const auto& value : metric.list("values_m")) values.push_back(value.int64());
  const auto usage = hpa::sum_of(values);
  if (const auto target = metric.maybe_int64("target_average_m"))
    return hpa::average_value_target(usage, *target, ground.status_replicas, ground.tolerance);
  return hpa::value_target(usage, metric.int64("target_value_m"),
                           {.current = ground.spec_replicas, .ready = count_ready(ground)},
                           ground.tolerance);
}

peers::HpaMetric metric_of(const Case& metric, const Ground& ground) {
  const auto type = metric.text("type");
  if (type == "Resource" || type == "ContainerResource") {
    const bool cpu = !metric.has("resource") || metric.text("resource") == "cpu";
    return {.proposal = pods_proposal(metric, ground, cpu),
            .failure = type == "Resource" ? "FailedGetResourceMetric"
                                          : "FailedGetContainerResourceMetric"};
  }
  if (type == "Pods" && !metric.has("values_m"))
    return {.proposal = pods_proposal(metric, ground, false), .failure = "FailedGetPodsMetric"};
  if (type != "External" && type != "Object")
    metric.at("type").fail("is '" + type + "', must be Resource, Pods, External or Object");
  return {.proposal = total_proposal(metric, ground),
          .failure = type == "External" ? "FailedGetExternalMetric" : "FailedGetObjectMetric"};
}

bool was_scaled_to_zero(const Case& recorded) {
  for (const auto& condition : recorded.list("initial_conditions")) {
    const auto parts = condition.elements();
    if (parts.size() >= 2 && parts[0].text() == "ScaledToZero" && parts[1].text() == "True")
      return true;
  }
  return false;
}

bool flag(const Case& recorded, const char* object, const char* field) {
  return recorded.has(object) && recorded.at(object).has(field) &&
         recorded.at(object).boolean(field);
}

}  // namespace

Json hpa_reconcile(const Case& recorded) {
  const auto behavior = behavior_of(recorded);
  const auto rules = behavior.value_or(Behavior{});
  const Ground ground{.pods = samples_by_level(recorded),
                      .spec_replicas = recorded.int32("spec_replicas"),
                      .status_replicas = recorded.int32("status_replicas"),
                      .tolerance = {.up = rules.scale_up.tolerance,
                                    .down = rules.scale_down.tolerance}};
  peers::HpaReconciliation object{
      .range = {.lowest = recorded.int32("min"), .highest = recorded.int32("max")},
      .behavior = behavior,
      .may_scale_to_zero = flag(recorded, "gates", "HPAScaleToZero"),
      .scaled_to_zero = was_scaled_to_zero(recorded),
      .spec_replicas = ground.spec_replicas,
      .scale_unreadable = flag(recorded, "target", "get_error"),
      .selector_ambiguous = flag(recorded, "target", "selector_shared_with_other_hpa")};
  for (const auto& metric : recorded.list("metrics"))
    object.metrics.push_back(metric_of(metric, ground));
  hpa::History history;
  if (recorded.has("history"))
    history.recommendations = entries_of(recorded.at("history"));
  else
    history.recommendations = {{case_now, ground.spec_replicas}};
  const auto result = peers::reconcile(object, history, case_now);
  Json conditions = Json::object();
  for (const auto& [type, condition] : result.conditions)
    conditions[type] = {condition.status ? "True" : "False", condition.reason};
  return {{"replicas", result.replicas},
          {"conditions", conditions},
          {"returns_error", result.returns_error}};
}

}  // namespace poolscaler::vectors
