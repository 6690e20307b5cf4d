// KPA's decider, its way to zero and its window of maxima, through the peer model.

#include "poolscaler/simulation/peers/kpa.hpp"

#include <nlohmann/json.hpp>

#include "vectors/case_reader.hpp"
#include "vectors/groups.hpp"

namespace poolscaler::vectors {

using Json = nlohmann::json;
namespace peers = simulation::peers;

namespace {

peers::KpaSpec spec_of(const Case& spec) {
  if (!(spec.number("target") > 0)) spec.at("target").fail("must be above 0");
  return {.target = spec.number("target"),
          .total = spec.number("total"),
          .burst_capacity = spec.number("tbc"),
          .max_scale_up = spec.number("max_scale_up"),
          .max_scale_down = spec.number("max_scale_down"),
          .panic_threshold = spec.number("panic_threshold"),
          .stable_window = spec.seconds("stable_window_s"),
          .scale_down_delay = spec.seconds("scale_down_delay_s"),
          .activation_scale = spec.int32("activation_scale"),
          .reachable = spec.boolean("reachable")};
}

peers::KpaPanic panic_of(const Case& initial) {
  const auto age = initial.maybe_seconds("panic_age_s");
  return {.since = age ? std::optional(Instant{-*age}) : std::nullopt,
          .most_pods = initial.int32("max_panic_pods")};
}

Json seconds_of(const std::optional<Instant>& since) {
  if (!since) return "none";
  return static_cast<double>(since->time_since_epoch().count()) / 1000;
}

}  // namespace

Json kpa_decider(const Case& recorded) {
  peers::KpaDecider decider(spec_of(recorded.at("spec")), panic_of(recorded.at("initial")));
  auto steps = recorded.at("steps").json();
  std::size_t index = 0;
  for (const auto& step : recorded.list("steps")) {
    const auto decision = decider.decide({.ready = step.int32("ready"),
                                          .stable = step.number("stable"),
                                          .panic = step.number("panic")},
                                         Instant{step.seconds("t_s")});
    steps[index++]["expect"] = {{"pods", decision.pods},
                                {"excess_burst", decision.excess_burst},
                                {"panic_since_s", seconds_of(decider.panics_since())}};
  }
  return steps;
}

Json kpa_scale_to_zero(const Case& recorded) {
  static const std::map<std::string, peers::KpaReachability> reachabilities = {
      {"unknown", peers::KpaReachability::Unknown},
      {"reachable", peers::KpaReachability::Reachable},
      {"unreachable", peers::KpaReachability::Unreachable}};
  static const std::map<std::string, peers::KpaActivity> activities = {
      {"active", peers::KpaActivity::Active},
      {"activating", peers::KpaActivity::Activating},
      {"inactive", peers::KpaActivity::Inactive}};
  const peers::KpaZeroSpec spec{
      .min_scale = recorded.int32("min"),
      .max_scale = recorded.int32("max"),
      .initial_scale = recorded.int32("initial_scale"),
      .enable_scale_to_zero = recorded.boolean("enable_scale_to_zero"),
      .reachability = recorded.at("reachability").word(reachabilities),
      .stable_window = recorded.seconds("stable_window_s"),
      .grace = recorded.seconds("grace_s"),
      .pod_retention = recorded.seconds("retention_s"),
      .activation_timeout = recorded.seconds("activation_timeout_s"),
      .burst_capacity = recorded.number("tbc")};
  const peers::KpaZeroState state{.current = recorded.int32("start"),
                                  .initialized = recorded.boolean("initialized"),
                                  .activity = recorded.at("state").word(activities),
                                  .activity_age = recorded.seconds("state_age_s"),
                                  .proxied = recorded.seconds("proxy_for_s"),
                                  .activator_in_path = recorded.boolean("activator_in_path")};
  const auto scaled = peers::scale(spec, state, recorded.int32("wanted"));
  return {{"result", scaled.result}, {"applied", scaled.applied}};
}

Json kpa_max_window(const Case& recorded) {
  const auto index = recorded.list("index");
  const auto values = recorded.list("values");
  if (index.size() != values.size()) recorded.fail("must have as many values as indexes");
  peers::MaxWindow window(recorded.int64("buckets"));
  Json maxima = Json::array();
  for (std::size_t i = 0; i < index.size(); ++i) {
    window.record(index[i].int64(), values[i].int32());
    maxima.push_back(window.current());
  }
  return maxima;
}

}  // namespace poolscaler::vectors
