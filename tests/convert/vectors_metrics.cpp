// Metrics that are one number, and the rules of behavior.
#include <algorithm>

#include "convert/trial.hpp"

namespace poolscaler::convert {

using nlohmann::json;

namespace {

/// A metric that asks for exactly `desired`.
Trial asking_for(const json& desired, const json& current) {
  Trial trial;
  trial.current = trial.ready = current;
  trial.spec["metrics"].push_back(external("AverageValue", "1"));
  trial.signals.push_back(reading_of(json::array({desired.get<std::int64_t>() * 1000})));
  trial.memory = long_memory(desired);
  return trial;
}

Trial at_average(const json& values, const std::string& target, const json& replicas) {
  Trial trial;
  trial.current = trial.ready = replicas;
  trial.spec["metrics"].push_back(external("AverageValue", target));
  trial.spec["minReplicas"] = 0;
  trial.signals.push_back(reading_of(values));
  return trial;
}

void remember(Trial& trial, const json& history) {
  for (const auto& entry : entries_of(history)) trial.memory.recommendations.push_back(entry);
}

constexpr std::int32_t large = 1000;

/// A target that stands beyond a bound is brought back, whatever the rates say: a change of just
/// that size is made.
Trial brought_back(const json& recorded, bool up) {
  const auto change = recorded["new_change"].get<std::int32_t>();
  auto trial = asking_for(large, large);
  trial.expected = up ? large + change : large - change;
  trial.spec[up ? "minReplicas" : "maxReplicas"] = trial.expected;
  if (recorded.contains("policies"))
    trial.spec["behavior"][up ? "scaleUp" : "scaleDown"] =
        rules_of({{"policies", recorded["policies"]}});
  (up ? trial.memory.scale_ups : trial.memory.scale_downs) =
      entries_of(recorded["existing_events"]);
  trial.changes = recorded["expect"]["changes_after"].get<std::vector<std::int32_t>>();
  std::ranges::sort(*trial.changes);
  return trial;
}

/// What was added within the last minute counts for a rate of a minute.
Trial limited_by_past(const json& recorded) {
  auto trial = asking_for(100'000, large);
  trial.spec["behavior"]["scaleUp"] = rules_of({{"policies", {{"Pods", large, 60}}}});
  trial.memory.scale_ups = entries_of(recorded["existing_events"]);
  trial.expected =
      2 * large - recorded["expect"]["sum_last_60s_before"].get<std::int32_t>();
  return trial;
}

}  // namespace

Trials value_target(const json& recorded) {
  Trial trial;
  trial.current = recorded["current_replicas"];
  for (const auto& pod : recorded["pods"])
    trial.ready += pod == "ready" || pod == "cool" || pod == "hot" ? 1 : 0;
  trial.spec["metrics"].push_back(external("Value", milli(recorded["target_m"])));
  trial.spec["behavior"] = free_behavior(recorded["tolerance"]);
  if (trial.current == 0) trial.spec["minReplicas"] = 0;
  trial.signals.push_back(reading_of(recorded["values_m"]));
  trial.expected = std::min(recorded["expect"]["replicas"].get<std::int32_t>(), 100'000);
  trial.memory = long_memory(trial.expected);
  return {trial};
}

Trials average_value_target(const json& recorded) {
  auto trial = at_average(recorded["values_m"], milli(recorded["target_per_pod_m"]),
                          recorded["status_replicas"]);
  trial.spec["behavior"] = free_behavior(recorded["tolerance"]);
  trial.expected = recorded["expect"]["replicas"];
  trial.memory = long_memory(trial.expected);
  return {trial};
}

/// Held against just what HPA reports for each pod, the size is right.
Trials per_pod_usage(const json& recorded) {
  auto trial = at_average(json::array({recorded["usage_m"]}),
                          milli(recorded["expect"]["usage_per_pod_m"]),
                          recorded["status_replicas"]);
  trial.spec["behavior"] = free_behavior({{"up", 0.0}, {"down", 0.0}});
  trial.expected = recorded["status_replicas"];
  trial.memory = long_memory(trial.expected);
  return {trial};
}

Trials rate_policies(const json& recorded) {
  auto trial = asking_for(recorded["desired"], recorded["current_replicas"]);
  trial.spec["minReplicas"] = recorded["min"];
  trial.spec["maxReplicas"] = recorded["max"];
  trial.spec["behavior"] = {{"scaleUp", rules_of(recorded["scale_up"])},
                            {"scaleDown", rules_of(recorded["scale_down"])}};
  for (const auto* direction : {"scaleUp", "scaleDown"})
    trial.spec["behavior"][direction]["tolerance"] = "0";
  trial.memory.scale_ups = entries_of(recorded["up_events"]);
  trial.memory.scale_downs = entries_of(recorded["down_events"]);
  trial.expected = recorded["expect"]["replicas"];
  return {trial};
}

Trials rate_limit_only(const json& recorded) {
  const bool up = recorded["direction"] == "up";
  auto trial = asking_for(up ? 100'000 : 1, recorded["current_replicas"]);
  auto rules = rules_of(recorded["rules"]);
  rules["stabilizationWindowSeconds"] = 0;  // the limit alone is asked for
  trial.spec["behavior"][up ? "scaleUp" : "scaleDown"] = rules;
  trial.expected = recorded["expect"]["limit"];
  return {trial};
}

Trials scale_event_store(const json& recorded) {
  return {brought_back(recorded, true), brought_back(recorded, false), limited_by_past(recorded)};
}

Trials stabilize_with_behavior(const json& recorded) {
  auto trial = asking_for(recorded["desired"], recorded["current_replicas"]);
  trial.spec["behavior"] = free_behavior({{"up", 0.0}, {"down", 0.0}});
  trial.spec["behavior"]["scaleUp"]["stabilizationWindowSeconds"] = recorded["up_window_s"];
  trial.spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] = recorded["down_window_s"];
  remember(trial, recorded["history"]);
  trial.expected = recorded["expect"]["replicas"];
  return {trial};
}

Trials stabilize_without_behavior(const json& recorded) {
  auto trial = asking_for(recorded["desired"], large);
  trial.spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] = recorded["window_s"];
  remember(trial, recorded["history"]);
  trial.expected = recorded["expect"]["replicas"];
  return {trial};
}

Trials bounds_without_behavior(const json& recorded) {
  auto trial = asking_for(recorded["desired"], recorded["current_replicas"]);
  trial.spec["minReplicas"] = recorded["min"];
  trial.spec["maxReplicas"] = recorded["max"];
  trial.expected = recorded["expect"]["replicas"];
  return {trial};
}

}  // namespace poolscaler::convert
