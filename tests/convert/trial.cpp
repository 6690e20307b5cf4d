#include "convert/trial.hpp"

#include <algorithm>

#include "convert/converted.hpp"
#include "poolscaler/engine/decide.hpp"

namespace poolscaler::convert {

using nlohmann::json;

Trial::Trial()
    : spec{{"scaleTargetRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", "w"}}},
           {"minReplicas", 1},
           {"maxReplicas", 100'000},
           {"metrics", json::array()}} {}

Trialled run(const Trial& trial) {
  const auto done = convert(json{{"apiVersion", "autoscaling/v2"},
                                 {"kind", "HorizontalPodAutoscaler"},
                                 {"metadata", {{"name", "w"}, {"namespace", "shop"}}},
                                 {"spec", trial.spec}});
  Trialled out{.notes = notes_of(done)};
  if (done.objects.empty()) return out;
  out.replicas = trial.current;
  if (!trial.is_readable) return out;
  const auto policy =
      api::read_scaling_policy(policy_of(done), api::UnknownFields::Report).value();
  const Observation observation{.target = {.uid = "u",
                                           .spec_replicas = trial.current,
                                           .status_replicas = trial.current,
                                           .pods = {.ready = trial.ready},
                                           .created = trial_now - Seconds(100'000)},
                                .policy_created = trial_now - Seconds(100'000),
                                .signals = trial.signals};
  const auto outcome = engine::decide(observation, policy, trial.memory, trial_now);
  out.replicas = outcome.decision.desired;
  for (const auto* events : {&outcome.memory.scale_ups, &outcome.memory.scale_downs})
    for (const auto& event : *events) out.changes.push_back(event.replicas);
  std::ranges::sort(out.changes);
  return out;
}

Memory long_memory(std::int32_t wish) {
  Memory memory;
  memory.target_uid = "u";
  memory.observed_since = trial_now - Seconds(7200);
  memory.idle = Seconds(7200);
  memory.idle_counted_to = trial_now - Seconds(15);
  memory.recommendations.push_back({trial_now - Seconds(15), wish});
  return memory;
}

std::string milli(const json& value) { return std::to_string(value.get<std::int64_t>()) + "m"; }

SignalReading reading_of(const json& milli_values) {
  double sum = 0;
  for (const auto& value : milli_values) sum += value.get<double>();
  const double number = std::min(sum, 9223372036854775807.0) / 1000;
  return {.state = number == 0 ? SignalState::Zero : SignalState::Value,
          .value = number,
          .age_seconds = 0};
}

json external(const std::string& type, const std::string& number) {
  const std::string field = type == "Value" ? "value" : "averageValue";
  return {{"type", "External"},
          {"external",
           {{"metric", {{"name", "m"}}}, {"target", {{"type", type}, {field, number}}}}}};
}

json cpu_percent(int percent, const std::string& container) {
  json metric{{"name", "cpu"},
              {"target", {{"type", "Utilization"}, {"averageUtilization", percent}}}};
  if (container.empty()) return {{"type", "Resource"}, {"resource", metric}};
  metric["container"] = container;
  return {{"type", "ContainerResource"}, {"containerResource", metric}};
}

json free_behavior(const json& tolerance) {
  json behavior;
  for (const auto* direction : {"scaleUp", "scaleDown"})
    behavior[direction] = {
        {"stabilizationWindowSeconds", 0},
        {"policies", {{{"type", "Pods"}, {"value", 100'000}, {"periodSeconds", 15}}}}};
  behavior["scaleUp"]["tolerance"] = json(tolerance["up"].get<double>()).dump();
  behavior["scaleDown"]["tolerance"] = json(tolerance["down"].get<double>()).dump();
  return behavior;
}

json rules_of(const json& rules) {
  json out;
  if (rules.contains("select")) out["selectPolicy"] = rules["select"];
  if (rules.contains("window_s") && !rules["window_s"].is_null())
    out["stabilizationWindowSeconds"] = rules["window_s"];
  if (rules.contains("tolerance")) out["tolerance"] = json(rules["tolerance"].get<double>()).dump();
  if (!rules.contains("policies")) return out;
  out["policies"] = json::array();
  for (const auto& policy : rules["policies"])
    out["policies"].push_back(
        {{"type", policy[0]}, {"value", policy[1]}, {"periodSeconds", policy[2]}});
  return out;
}

std::vector<TimedReplicas> entries_of(const json& pairs) {
  std::vector<TimedReplicas> entries;
  for (const auto& pair : pairs)
    entries.push_back({trial_now - Seconds(pair[1].get<int>()), pair[0].get<std::int32_t>()});
  std::ranges::stable_sort(entries, {}, &TimedReplicas::at);
  return entries;
}

PodSample ready_pod() {
  return {.ready = true,
          .ready_changed = trial_now - Seconds(3600),
          .started = trial_now - Seconds(3600),
          .measured = trial_now,
          .window = Seconds(60)};
}

}  // namespace poolscaler::convert
