// The arithmetic, the windows and the rate policies against recorded decisions of HPA. The file
// lives outside of this repository (shared/vectors/hpa.json in a folder above it); without it these
// tests are skipped, and say so.

#include <filesystem>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "arithmetic.hpp"
#include "deliberation.hpp"
#include "rate.hpp"
#include "stabilization.hpp"
#include "support/checkout.hpp"

namespace poolscaler::engine {
namespace {

using nlohmann::json;

const Instant now{Seconds{1'800'000'000}};

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
    GTEST_SKIP() << "SKIPPED: shared/vectors/hpa.json is in no folder above " << source;
  }

  [[nodiscard]] const json& group(const char* name) const { return groups_.at(name); }

 private:
  json groups_;
};

Tolerance tolerance_of(const json& c) {
  return {.up = c["tolerance"]["up"], .down = c["tolerance"]["down"]};
}

/// Milli-units as the number that a signal would carry; the sum saturates as HPA's does.
double value_of(const json& milli_values) {
  double sum = 0;
  for (const auto& value : milli_values) sum += value.get<double>();
  return std::min(sum, 9223372036854775807.0) / 1000;
}

std::int32_t count_ready(const json& pods) {
  std::int32_t count = 0;
  for (const auto& pod : pods) count += pod == "ready" || pod == "cool" || pod == "hot" ? 1 : 0;
  return count;
}

TEST_F(HpaVectors, ValueTargetAgrees) {
  for (const auto& c : group("value_target")) {
    const auto ready = count_ready(c["pods"]);
    const Size size{.current = c["current_replicas"], .ready = ready, .unready = 0};
    const auto got = value_target(value_of(c["values_m"]), c["target_m"].get<double>() / 1000, size,
                                  tolerance_of(c));
    EXPECT_EQ(got.replicas, c["expect"]["replicas"].get<std::int32_t>()) << c["id"];
  }
}

TEST_F(HpaVectors, AverageValueTargetAgrees) {
  for (const auto& c : group("average_value_target")) {
    const auto got = average_value_target(value_of(c["values_m"]),
                                          c["target_per_pod_m"].get<double>() / 1000,
                                          c["status_replicas"], tolerance_of(c));
    EXPECT_EQ(got.replicas, c["expect"]["replicas"].get<std::int32_t>()) << c["id"];
  }
}

/// One case of resource utilization as poolscaler sees it: the average over the ready pods.
struct Utilization {
  double used = 0;
  double requested = 0;
  Size size{.current = 0, .ready = 0, .unready = 0};
  bool every_pod_measured = true;
};

Utilization utilization_of(const json& c) {
  Utilization u;
  u.size.current = c["current_replicas"];
  for (std::size_t i = 0; i < c["pods"].size(); ++i) {
    const std::string pod = c["pods"][i];
    if (pod == "failed" || pod == "succeeded" || pod == "deleting") continue;
    const bool ready = pod == "ready" || pod == "cool";
    ++(ready ? u.size.ready : u.size.unready);
    const bool measured = i < c["pod_metric_m"].size() && !c["pod_metric_m"][i].is_null() &&
                          i < c["pod_request_m"].size() && !c["pod_request_m"][i].is_null();
    u.every_pod_measured = u.every_pod_measured && (measured || !ready);
    if (!ready || !measured) continue;
    for (const auto& usage : c["pod_metric_m"][i]) u.used += usage.get<double>();
    for (const auto& request : c["pod_request_m"][i]) u.requested += request.get<double>();
  }
  return u;
}

TEST_F(HpaVectors, UtilizationAgreesWhereEveryReadyPodIsMeasured) {
  int compared = 0;
  for (const auto& c : group("resource_utilization")) {
    if (!c["expect"].contains("replicas") || c.contains("metric_pod_names") ||
        !c.value("container", json()).is_null())
      continue;
    const auto u = utilization_of(c);
    if (!u.every_pod_measured || u.requested <= 0) continue;
    const auto got = utilization_target(u.used / u.requested,
                                        c["target_utilization_pct"].get<double>() / 100, u.size,
                                        tolerance_of(c));
    EXPECT_EQ(got.replicas, c["expect"]["replicas"].get<std::int32_t>()) << c["id"];
    ++compared;
  }
  RecordProperty("compared", compared);
  EXPECT_GE(compared, 15);
}

ScalingRules rules_of(const json& rules) {
  ScalingRules out{.stabilization_window_seconds = 0, .policies = {}};
  const std::string select = rules["select"];
  out.select_policy = select == "Min"        ? SelectPolicy::Min
                      : select == "Disabled" ? SelectPolicy::Disabled
                                             : SelectPolicy::Max;
  for (const auto& policy : rules["policies"])
    out.policies.push_back({policy[0] == "Pods" ? RatePolicyType::Pods : RatePolicyType::Percent,
                            policy[1], policy[2]});
  return out;
}

std::vector<TimedReplicas> entries_of(const json& pairs) {
  std::vector<TimedReplicas> entries;
  for (const auto& pair : pairs)
    entries.push_back({now - Seconds(pair[1].get<int>()), pair[0].get<std::int32_t>()});
  return entries;
}

std::string_view hpa_reason(const Deliberation& d, std::int32_t desired) {
  if (!d.limit) return "DesiredWithinRange";
  if (*d.limit == Reason::AtMaximum) return "TooManyReplicas";
  if (*d.limit == Reason::AtMinimum) return "TooFewReplicas";
  return desired > d.current ? "ScaleUpLimit" : "ScaleDownLimit";
}

TEST_F(HpaVectors, RatePoliciesAgree) {
  for (const auto& c : group("rate_policies")) {
    const Observation observation{.target = {.uid = "u",
                                             .spec_replicas = c["current_replicas"],
                                             .pods = {},
                                             .created = now},
                                  .policy_created = now};
    const ScalingPolicy policy{.target = {},
                               .min_replicas = c["min"],
                               .max_replicas = c["max"],
                               .signals = {},
                               .behavior = {.scale_up = rules_of(c["scale_up"]),
                                            .scale_down = rules_of(c["scale_down"])}};
    Memory memory;
    memory.scale_ups = entries_of(c["up_events"]);
    memory.scale_downs = entries_of(c["down_events"]);
    Deliberation d(observation, policy, memory, now);
    d.number = d.asked = c["desired"];
    keep_in_bounds(d);
    limit_rate(d);
    EXPECT_EQ(d.number, c["expect"]["replicas"].get<std::int32_t>()) << c["id"];
    EXPECT_EQ(hpa_reason(d, c["desired"]), c["expect"]["reason"].get<std::string>()) << c["id"];
  }
}

TEST_F(HpaVectors, RateLimitsAgree) {
  const std::vector<TimedReplicas> none;
  const ScaleEvents events{.ups = none, .downs = none};
  for (const auto& c : group("rate_limit_only")) {
    const auto rules = rules_of(c["rules"]);
    const std::int32_t current = c["current_replicas"];
    const auto got = c["direction"] == "up" ? scale_up_limit(rules, events, current, now)
                                            : scale_down_limit(rules, events, current, now);
    EXPECT_EQ(got, c["expect"]["limit"].get<std::int32_t>()) << c["id"];
  }
}

TEST_F(HpaVectors, ScaleEventsAreStoredAlike) {
  for (const auto& c : group("scale_event_store")) {
    if (!c.contains("policies")) continue;  // poolscaler always has behavior
    const auto rules = rules_of({{"select", "Max"}, {"policies", c["policies"]}});
    auto events = entries_of(c["existing_events"]);
    remember_event(events, {now, c["new_change"]}, rules);
    std::vector<std::int32_t> changes;
    for (const auto& event : events) changes.push_back(event.replicas);
    EXPECT_EQ(changes, c["expect"]["changes_after"].get<std::vector<std::int32_t>>()) << c["id"];
  }
}

TEST_F(HpaVectors, StabilizationAgrees) {
  for (const auto& c : group("stabilize_with_behavior")) {
    auto history = entries_of(c["history"]);
    const Windows windows{.up = Seconds(c["up_window_s"].get<int>()),
                          .down = Seconds(c["down_window_s"].get<int>())};
    const TimedReplicas desired{now, c["desired"]};
    EXPECT_EQ(stabilized(history, desired, c["current_replicas"], windows),
              c["expect"]["replicas"].get<std::int32_t>())
        << c["id"];
    if (!c["expect"].contains("history_values_after")) continue;
    remember_recommendation(history, desired, windows);
    std::vector<std::int32_t> values;
    for (const auto& entry : history) values.push_back(entry.replicas);
    EXPECT_EQ(values, c["expect"]["history_values_after"].get<std::vector<std::int32_t>>())
        << c["id"];
  }
}

}  // namespace
}  // namespace poolscaler::engine
