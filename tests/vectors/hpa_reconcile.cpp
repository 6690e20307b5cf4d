// Whole evaluations, through the model of HPA and the engine's arithmetic for each metric.

#include <nlohmann/json.hpp>

#include "poolscaler/engine/hpa.hpp"
#include "poolscaler/simulation/peers/hpa_reconcile.hpp"
#include "vectors/case_reader.hpp"
#include "vectors/groups.hpp"
#include "vectors/hpa_pods.hpp"
#include "vectors/hpa_words.hpp"

namespace poolscaler::vectors {

using Json = nlohmann::json;
namespace hpa = engine::hpa;
namespace peers = simulation::peers;
using engine::PodUsageGap;

namespace {

constexpr int downscale_stabilization = 300;

const char* word_of(hpa::Limit limit) {
  switch (limit) {
    case hpa::Limit::None: return "DesiredWithinRange";
    case hpa::Limit::TooFewReplicas: return "TooFewReplicas";
    case hpa::Limit::TooManyReplicas: return "TooManyReplicas";
    case hpa::Limit::ScaleUpLimit: return "ScaleUpLimit";
    case hpa::Limit::ScaleDownLimit: return "ScaleDownLimit";
  }
  return "";
}

/// Rules of a direction, of which each part may be left out.
void read_rules(const Case& behavior, const char* direction, ScalingRules& rules) {
  if (!behavior.has(direction)) return;
  const auto given = behavior.at(direction);
  static const std::map<std::string, SelectPolicy> selects = {{"Max", SelectPolicy::Max},
                                                              {"Min", SelectPolicy::Min},
                                                              {"Disabled", SelectPolicy::Disabled}};
  if (given.has("window_s")) rules.stabilization_window_seconds = given.int32("window_s");
  if (given.has("policies")) rules.policies = policies_of(given.at("policies"));
  if (given.has("select")) rules.select_policy = given.at("select").word(selects);
  if (given.has("tolerance")) rules.tolerance = given.number("tolerance");
}

Behavior behavior_of(const Case& recorded) {
  Behavior behavior;  // the defaults are those of HPA
  if (!recorded.has("behavior")) return behavior;
  read_rules(recorded.at("behavior"), "scale_up", behavior.scale_up);
  read_rules(recorded.at("behavior"), "scale_down", behavior.scale_down);
  return behavior;
}

/// pods[i]: level = measured usage, null = no metric; request null = no such pod.
std::vector<PodSample> pods_of(const Case& recorded) {
  std::vector<PodSample> pods;
  for (const auto& pod : recorded.list("pods")) {
    auto sample = pod.has("class") ? pod_of_class(pod.at("class"))
                                   : PodSample{.ready = true,
                                               .ready_changed = case_now - Seconds(3600),
                                               .started = case_now - Seconds(3600)};
    if (pod.has("ready")) sample.ready = pod.boolean("ready");
    if (pod.has("deleting")) sample.deleting = pod.boolean("deleting");
    sample.request_milli = pod.maybe_int64("request_m");
    sample.known = sample.request_milli.has_value();
    sample.usage_milli = pod.maybe_int64("level_m");
    sample.measured = case_now;
    sample.window = Seconds(60);
    pods.push_back(sample);
  }
  return pods;
}

std::optional<std::int32_t> of_pods(const Case& recorded, const Case& metric,
                                    const Tolerance& tolerance) {
  const auto pods = pods_of(recorded);
  const bool cpu = metric.maybe_text("resource").value_or("") == "cpu";
  const auto given = measured(pods, cpu ? Resource::Cpu : Resource::Memory);
  const auto current = recorded.int32("spec_replicas");
  const auto got =
      metric.has("target_pct")
          ? engine::resource_utilization(given, metric.number("target_pct"), current, tolerance)
          : engine::pods_average_value(
                given, static_cast<double>(metric.int64("target_average_m")), current, tolerance);
  const bool any = std::ranges::any_of(pods, &PodSample::known);
  if (got.gap != PodUsageGap::None || !any) return std::nullopt;
  return got.proposal.replicas;
}

std::optional<std::int32_t> of_values(const Case& recorded, const Case& metric,
                                      const Tolerance& tolerance) {
  if (metric.boolean("error") || !metric.has("values_m")) return std::nullopt;
  std::vector<std::int64_t> values;
  for (const auto& value : metric.list("values_m")) values.push_back(value.int64());
  if (values.empty()) return std::nullopt;
  const auto usage = hpa::sum_of(values);
  if (metric.has("target_average_m"))
    return hpa::average_value_target(usage, metric.int64("target_average_m"),
                                     recorded.int32("status_replicas"), tolerance);
  std::int32_t ready = 0;
  for (const auto& pod : pods_of(recorded))
    ready += pod.known && pod.ready.value_or(false) && pod.phase == PodPhase::Running ? 1 : 0;
  return hpa::value_target(usage, metric.int64("target_value_m"),
                           {.current = recorded.int32("spec_replicas"), .ready = ready}, tolerance);
}

peers::HpaProposal proposal_of(const Case& recorded, const Case& metric,
                               const Tolerance& tolerance) {
  using Reckon = std::optional<std::int32_t> (*)(const Case&, const Case&, const Tolerance&);
  static const std::map<std::string, Reckon> kinds = {{"Resource", of_pods},
                                                      {"ContainerResource", of_pods},
                                                      {"Pods", of_pods},
                                                      {"Object", of_values},
                                                      {"External", of_values}};
  const auto type = metric.at("type");
  return {.replicas = type.word(kinds)(recorded, metric, tolerance),
          .failure = "FailedGet" + type.text() + "Metric"};
}

peers::HpaTarget target_of(const Case& recorded) {
  if (!recorded.has("target")) return peers::HpaTarget::Fine;
  const auto target = recorded.at("target");
  const auto is_set = [&](const char* field) {
    return target.has(field) && target.json()[field].is_boolean() && target.boolean(field);
  };
  if (is_set("get_error")) return peers::HpaTarget::Unreadable;
  if (is_set("selector_shared_with_other_hpa")) return peers::HpaTarget::SharedSelector;
  for (const auto* field : {"selector_missing", "no_selector", "selector_invalid",
                            "invalid_selector", "selector_empty"})
    if (is_set(field)) return peers::HpaTarget::WithoutSelector;
  return is_set("update_error") ? peers::HpaTarget::Unwritable : peers::HpaTarget::Fine;
}

bool was_scaled_to_zero(const Case& recorded) {
  for (const auto& condition : recorded.list("initial_conditions")) {
    const auto parts = condition.elements();
    if (parts.size() >= 2 && parts[0].text() == "ScaledToZero") return parts[1].text() == "True";
  }
  return false;
}

}  // namespace

Json hpa_bounds_without_behavior(const Case& recorded) {
  const auto limited = peers::limited_without_behavior(
      {.lowest = recorded.int32("min"), .highest = recorded.int32("max")},
      recorded.int32("current_replicas"), recorded.int32("desired"));
  return {{"replicas", limited.replicas}, {"reason", word_of(limited.limit)}};
}

Json hpa_stabilize_without_behavior(const Case& recorded) {
  auto history = entries_of(recorded.at("history"));
  const auto window = recorded.maybe_seconds("window_s").value_or(Seconds(downscale_stabilization));
  const auto replicas = peers::stabilized_without_behavior(
      history, {case_now, recorded.int32("desired")}, window);
  return {{"replicas", replicas}, {"history_len", history.size()}};
}

Json hpa_reconcile(const Case& recorded) {
  const auto behavior = behavior_of(recorded);
  const Tolerance tolerance{.up = behavior.scale_up.tolerance,
                            .down = behavior.scale_down.tolerance};
  const auto current = recorded.int32("spec_replicas");
  const auto gates = recorded.at("gates");
  peers::HpaEvaluation evaluation{
      .range = {.lowest = recorded.int32("min"), .highest = recorded.int32("max")},
      .spec_replicas = current,
      .proposals = {},
      .may_leave_zero = gates.has("HPAScaleToZero") && gates.boolean("HPAScaleToZero"),
      .scaled_to_zero = was_scaled_to_zero(recorded),
      .target = target_of(recorded)};
  if (recorded.has("behavior")) evaluation.behavior = behavior;
  for (const auto& metric : recorded.list("metrics"))
    evaluation.proposals.push_back(proposal_of(recorded, metric, tolerance));
  // A controller that has just started takes the size that is there for its first recommendation.
  hpa::History history;
  if (recorded.has("history"))
    history.recommendations = entries_of(recorded.at("history"));
  else
    history.recommendations = {{case_now, current}};
  const auto result = peers::evaluate(evaluation, history, case_now);
  Json conditions = Json::object();
  for (const auto& [type, condition] : result.conditions)
    conditions[type] = {condition.holds ? "True" : "False", condition.reason};
  return {{"replicas", result.replicas},
          {"conditions", conditions},
          {"returns_error", result.failed}};
}

}  // namespace poolscaler::vectors
