// Stabilization windows, rate policies and the stores behind them, through the engine's rules.

#include <nlohmann/json.hpp>

#include "poolscaler/engine/hpa.hpp"
#include "vectors/case_reader.hpp"
#include "vectors/groups.hpp"
#include "vectors/hpa_words.hpp"

namespace poolscaler::vectors {

using Json = nlohmann::json;
namespace hpa = engine::hpa;

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

std::vector<std::int32_t> replicas_of(const std::vector<TimedReplicas>& entries) {
  std::vector<std::int32_t> replicas;
  for (const auto& entry : entries) replicas.push_back(entry.replicas);
  return replicas;
}

}  // namespace

Json hpa_bounds_without_behavior(const Case& recorded) {
  const auto limited = hpa::limited_without_behavior(
      {.lowest = recorded.int32("min"), .highest = recorded.int32("max")},
      recorded.int32("current_replicas"), recorded.int32("desired"));
  return {{"replicas", limited.replicas}, {"reason", word_of(limited.limit)}};
}

Json hpa_stabilize_without_behavior(const Case& recorded) {
  hpa::History history{.recommendations = entries_of(recorded.at("history"))};
  const auto replicas = hpa::stabilized_without_behavior(
      recorded.seconds("window_s"), history, {case_now, recorded.int32("desired")});
  return {{"replicas", replicas}, {"history_len", history.recommendations.size()}};
}

Json hpa_rate_policies(const Case& recorded) {
  const Behavior behavior{
      .scale_up = rules_of(recorded.at("scale_up"), 0),
      .scale_down = rules_of(recorded.at("scale_down"), downscale_stabilization)};
  const hpa::History history{.scale_ups = entries_of(recorded.at("up_events")),
                             .scale_downs = entries_of(recorded.at("down_events"))};
  const auto limited = hpa::rate_limited(
      behavior, history, {.lowest = recorded.int32("min"), .highest = recorded.int32("max")},
      recorded.int32("current_replicas"), {case_now, recorded.int32("desired")});
  return {{"replicas", limited.replicas}, {"reason", word_of(limited.limit)}};
}

Json hpa_rate_limit_only(const Case& recorded) {
  static const std::map<std::string, bool> directions = {{"up", true}, {"down", false}};
  const auto rules = rules_of(recorded.at("rules"), downscale_stabilization);
  const auto current = recorded.int32("current_replicas");
  const auto limit = recorded.at("direction").word(directions)
                         ? hpa::scale_up_limit(rules, {}, current, case_now)
                         : hpa::scale_down_limit(rules, {}, current, case_now);
  return {{"limit", limit}};
}

Json hpa_scale_event_store(const Case& recorded) {
  const auto before = entries_of(recorded.at("existing_events"));
  const ScalingRules rules{.stabilization_window_seconds = 0,
                           .policies = recorded.has("policies")
                                           ? policies_of(recorded.at("policies"))
                                           : std::vector<RatePolicy>{}};
  auto after = before;
  hpa::remember_change(rules, after, {case_now, recorded.int32("new_change")});
  return {{"changes_after", replicas_of(after)},
          {"outdated_after", hpa::outdated(rules, after, case_now)},
          {"sum_last_60s_before", hpa::moved_within(before, Seconds(60), case_now)}};
}

Json hpa_stabilize_with_behavior(const Case& recorded) {
  Behavior behavior;
  behavior.scale_up.stabilization_window_seconds = recorded.int32("up_window_s");
  behavior.scale_down.stabilization_window_seconds = recorded.int32("down_window_s");
  hpa::History history{.recommendations = entries_of(recorded.at("history"))};
  const auto replicas = hpa::stabilized(behavior, history, recorded.int32("current_replicas"),
                                        {case_now, recorded.int32("desired")});
  return {{"replicas", replicas},
          {"history_values_after", replicas_of(history.recommendations)}};
}

}  // namespace poolscaler::vectors
