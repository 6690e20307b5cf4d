// What was decided for an HPA is decided for the policy that it becomes: each recorded decision is
// written as an HPA, converted, read by the operator's own reader and decided by its engine. The
// file lies outside of this repository (shared/vectors/hpa.json in a folder above it); without it
// these tests are skipped, and say so.
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>

#include "convert/converted.hpp"
#include "poolscaler/engine/decide.hpp"
#include "support/checkout.hpp"

namespace poolscaler::convert {
namespace {

using nlohmann::json;

const Instant now{Seconds{1'800'000'000}};

/// One case, on its way from HPA to decision.
struct Trial {
  std::string id;
  json spec{{"scaleTargetRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", "w"}}},
            {"minReplicas", 1},
            {"maxReplicas", 100'000},
            {"metrics", json::array()}};
  std::int32_t current = 0;
  std::int32_t ready = 0;
  std::vector<SignalReading> signals{};
  Memory memory{};
  std::int32_t expected = 0;
};

/// The memory of an operator that has looked on for long, and wished the same just now: nothing
/// that it remembers holds anything.
Memory long_memory(std::int32_t wish) {
  Memory memory;
  memory.target_uid = "u";
  memory.observed_since = now - Seconds(7200);
  memory.idle = Seconds(7200);
  memory.idle_counted_to = now - Seconds(15);
  memory.recommendations.push_back({now - Seconds(15), wish});
  return memory;
}

std::string milli(const json& value) { return std::to_string(value.get<std::int64_t>()) + "m"; }

/// Milli-units as the number that a signal carries; the sum saturates as HPA's does.
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

json any_change() {
  return {{"stabilizationWindowSeconds", 0},
          {"policies", {{{"type", "Pods"}, {"value", 100'000}, {"periodSeconds", 15}}}}};
}

json behavior_of(const json& tolerance) {
  json behavior{{"scaleUp", any_change()}, {"scaleDown", any_change()}};
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
  if (rules.contains("policies")) {
    out["policies"] = json::array();
    for (const auto& policy : rules["policies"])
      out["policies"].push_back(
          {{"type", policy[0]}, {"value", policy[1]}, {"periodSeconds", policy[2]}});
  }
  return out;
}

std::int32_t decided(const Trial& trial) {
  const json hpa{{"apiVersion", "autoscaling/v2"},
                 {"kind", "HorizontalPodAutoscaler"},
                 {"metadata", {{"name", "w"}, {"namespace", "shop"}}},
                 {"spec", trial.spec}};
  const auto done = convert(hpa);
  EXPECT_FALSE(done.objects.empty()) << trial.id << "\n" << notes_of(done);
  if (done.objects.empty()) return -1;
  const auto policy =
      api::read_scaling_policy(policy_of(done), api::UnknownFields::Report).value();
  const Observation observation{.target = {.uid = "u",
                                           .spec_replicas = trial.current,
                                           .status_replicas = trial.current,
                                           .pods = {.ready = trial.ready},
                                           .created = now - Seconds(100'000)},
                                .policy_created = now - Seconds(100'000),
                                .signals = trial.signals};
  return engine::decide(observation, policy, trial.memory, now).decision.desired;
}

class HpaVectors : public testing::Test {
 protected:
  void SetUp() override {
    const auto source = in_checkout("");
    for (auto folder = source.parent_path(); folder != folder.parent_path();
         folder = folder.parent_path()) {
      std::ifstream file(folder / "shared/vectors/hpa.json");
      if (!file) continue;
      groups_ = json::parse(file).at("groups");
      return;
    }
    std::cerr << "SKIPPED: shared/vectors/hpa.json is in no folder above " << source << '\n';
    GTEST_SKIP() << "SKIPPED: shared/vectors/hpa.json is in no folder above " << source;
  }

  void expect_each(const char* group, Trial (*trial_of)(const json&)) {
    for (const auto& c : groups_.at(group)) {
      auto trial = trial_of(c);
      trial.id = c["id"];
      EXPECT_EQ(decided(trial), std::min(trial.expected, 100'000)) << trial.id;
    }
  }

  json groups_;
};

TEST_F(HpaVectors, ValueTargetsDecideTheSame) {
  expect_each("value_target", [](const json& c) {
    Trial trial;
    trial.current = c["current_replicas"];
    for (const auto& pod : c["pods"])
      trial.ready += pod == "ready" || pod == "cool" || pod == "hot" ? 1 : 0;
    trial.spec["metrics"].push_back(external("Value", milli(c["target_m"])));
    trial.spec["behavior"] = behavior_of(c["tolerance"]);
    if (trial.current == 0) trial.spec["minReplicas"] = 0;
    trial.signals.push_back(reading_of(c["values_m"]));
    trial.expected = c["expect"]["replicas"];
    trial.memory = long_memory(trial.expected);
    if (trial.current > 0) trial.expected = std::max(trial.expected, 1);
    // HPA reckons from ready pods alone, and so lowers a target that is above its target value
    // while pods start. Nothing is lowered under too much load here.
    const bool overloaded = trial.signals[0].value * 1000 > c["target_m"].get<double>();
    if (overloaded) trial.expected = std::max(trial.expected, trial.current);
    return trial;
  });
}

TEST_F(HpaVectors, AverageValueTargetsDecideTheSame) {
  expect_each("average_value_target", [](const json& c) {
    Trial trial;
    trial.current = trial.ready = c["status_replicas"];
    trial.spec["metrics"].push_back(external("AverageValue", milli(c["target_per_pod_m"])));
    trial.spec["behavior"] = behavior_of(c["tolerance"]);
    trial.spec["minReplicas"] = 0;
    trial.signals.push_back(reading_of(c["values_m"]));
    trial.expected = c["expect"]["replicas"];
    trial.memory = long_memory(trial.expected);
    return trial;
  });
}

/// A metric that asks for exactly `desired`.
Trial asking_for(const json& desired, const json& current) {
  Trial trial;
  trial.current = trial.ready = current;
  trial.spec["metrics"].push_back(external("AverageValue", "1"));
  trial.signals.push_back(reading_of(json::array({desired.get<std::int64_t>() * 1000})));
  trial.memory = long_memory(desired);
  return trial;
}

std::vector<TimedReplicas> entries_of(const json& pairs) {
  std::vector<TimedReplicas> entries;
  for (const auto& pair : pairs)
    entries.push_back({now - Seconds(pair[1].get<int>()), pair[0].get<std::int32_t>()});
  std::ranges::stable_sort(entries, {}, &TimedReplicas::at);
  return entries;
}

TEST_F(HpaVectors, RatePoliciesDecideTheSame) {
  expect_each("rate_policies", [](const json& c) {
    auto trial = asking_for(c["desired"], c["current_replicas"]);
    trial.spec["minReplicas"] = c["min"];
    trial.spec["maxReplicas"] = c["max"];
    trial.spec["behavior"] = {{"scaleUp", rules_of(c["scale_up"])},
                              {"scaleDown", rules_of(c["scale_down"])}};
    for (const auto* direction : {"scaleUp", "scaleDown"})
      trial.spec["behavior"][direction]["tolerance"] = "0";
    trial.memory.scale_ups = entries_of(c["up_events"]);
    trial.memory.scale_downs = entries_of(c["down_events"]);
    trial.expected = c["expect"]["replicas"];
    return trial;
  });
}

TEST_F(HpaVectors, RateLimitsDecideTheSame) {
  expect_each("rate_limit_only", [](const json& c) {
    const bool up = c["direction"] == "up";
    auto trial = asking_for(up ? 100'000 : 1, c["current_replicas"]);
    auto rules = rules_of(c["rules"]);
    rules["stabilizationWindowSeconds"] = 0;  // the limit alone is asked for
    trial.spec["behavior"][up ? "scaleUp" : "scaleDown"] = rules;
    trial.expected = c["expect"]["limit"];
    return trial;
  });
}

TEST_F(HpaVectors, StabilizationWindowsDecideTheSame) {
  expect_each("stabilize_with_behavior", [](const json& c) {
    auto trial = asking_for(c["desired"], c["current_replicas"]);
    trial.spec["behavior"] = behavior_of({{"up", 0.0}, {"down", 0.0}});
    trial.spec["behavior"]["scaleUp"]["stabilizationWindowSeconds"] = c["up_window_s"];
    trial.spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] = c["down_window_s"];
    for (const auto& entry : entries_of(c["history"]))
      trial.memory.recommendations.push_back(entry);
    trial.expected = c["expect"]["replicas"];
    return trial;
  });
}

TEST_F(HpaVectors, BoundsDecideTheSame) {
  for (const auto& c : groups_.at("bounds_without_behavior")) {
    // Without behavior HPA lets a small target grow to 4 at once; as its documented default
    // behavior, which the policy makes explicit, by 4.
    const std::int32_t current = c["current_replicas"];
    const std::int32_t expected = c["expect"]["replicas"];
    if (current < 4 && expected > current && expected < c["desired"].get<std::int32_t>() &&
        expected < c["max"].get<std::int32_t>())
      continue;
    auto trial = asking_for(c["desired"], current);
    trial.spec["minReplicas"] = c["min"];
    trial.spec["maxReplicas"] = c["max"];
    EXPECT_EQ(decided(trial), expected) << c["id"];
  }
}

TEST_F(HpaVectors, DefaultStabilizationDecidesTheSame) {
  expect_each("stabilize_without_behavior", [](const json& c) {
    auto trial = asking_for(c["desired"], 1000);
    trial.spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] = c["window_s"];
    for (const auto& entry : entries_of(c["history"]))
      trial.memory.recommendations.push_back(entry);
    trial.expected = c["expect"]["replicas"];
    return trial;
  });
}

PodSample pod_of(const std::string& kind) {
  PodSample pod{.ready = true,
                .ready_changed = now - Seconds(3600),
                .started = now - Seconds(3600),
                .measured = now,
                .window = Seconds(60)};
  if (kind == "pending") pod = {.phase = PodPhase::Pending};
  if (kind == "failed" || kind == "succeeded") pod.phase = PodPhase::Ended;
  if (kind == "deleting") pod.deleting = true;
  if (kind == "never_ready" || kind == "hot_unready") pod.ready = false;
  // Older than the time of starting up, which is longer here than in the recorded cases.
  if (kind == "cool") pod.started = pod.ready_changed = now - Seconds(400);
  if (kind == "hot" || kind == "hot_unready") pod.started = pod.ready_changed = now;
  return pod;
}

std::optional<std::int64_t> total_of(const json& rows, std::size_t row, const json& container) {
  if (row >= rows.size() || rows[row].is_null()) return std::nullopt;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < rows[row].size(); ++i)
    if (container.is_null() || container == i) sum += rows[row][i].get<std::int64_t>();
  return sum;
}

TEST_F(HpaVectors, ResourcesDecideTheSame) {
  if (!has_resource_signals()) GTEST_SKIP() << "SKIPPED: no signals of resources here";
  for (const auto& c : groups_.at("resource_utilization")) {
    if (c.contains("metric_pod_names")) continue;  // usage of unknown pods is no reading of ours
    Trial trial;
    trial.id = c["id"];
    trial.current = c["current_replicas"];
    const auto percent = c["target_utilization_pct"].get<int>();
    json metric{{"name", "cpu"},
                {"target", {{"type", "Utilization"}, {"averageUtilization", percent}}}};
    trial.spec["metrics"].push_back({{"type", "Resource"}, {"resource", metric}});
    trial.spec["behavior"] = behavior_of(c["tolerance"]);
    SignalReading reading{.state = SignalState::Value, .value = 1, .age_seconds = 0};
    for (std::size_t i = 0; i < c["pods"].size(); ++i) {
      auto pod = pod_of(c["pods"][i]);
      pod.request_milli = total_of(c["pod_request_m"], i, c.value("container", json()));
      pod.usage_milli = total_of(c["pod_metric_m"], i, c.value("container", json()));
      if (pod.phase == PodPhase::Running && !pod.deleting && pod.ready == true) ++trial.ready;
      reading.pods.push_back(pod);
    }
    trial.signals.push_back(reading);
    const bool is_error = !c["expect"].contains("replicas");
    const std::int32_t expected = is_error ? trial.current : c["expect"]["replicas"].get<int>();
    trial.memory = long_memory(expected);
    EXPECT_EQ(decided(trial), std::max(expected, 1)) << trial.id;
  }
}

}  // namespace
}  // namespace poolscaler::convert
