// KEDA's activation, fallback and jobs, through the peer model.

#include "poolscaler/simulation/peers/keda.hpp"

#include <nlohmann/json.hpp>

#include "vectors/case_reader.hpp"
#include "vectors/groups.hpp"

namespace poolscaler::vectors {

using Json = nlohmann::json;
namespace peers = simulation::peers;

namespace {

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json or_null(std::string_view text) { return text.empty() ? Json() : Json(text); }

peers::KedaPause pause_of(const Case& recorded) {
  static const std::map<std::string, peers::KedaPause> words = {
      {"all", peers::KedaPause::All},
      {"scale-in", peers::KedaPause::ScaleIn},
      {"scale-out", peers::KedaPause::ScaleOut}};
  return recorded.has("pause") ? recorded.at("pause").word(words) : peers::KedaPause::None;
}

}  // namespace

Json keda_activation(const Case& recorded) {
  const auto spec = recorded.at("spec");
  const peers::KedaObject object{
      .min_replicas = spec.maybe_int32("min").value_or(0),
      .idle_replicas = spec.maybe_int32("idle"),
      .cooldown = spec.maybe_seconds("cooldown_s").value_or(peers::KedaObject{}.cooldown),
      .initial_cooldown = spec.maybe_seconds("initial_cooldown_s").value_or(Millis{0}),
      .fallback_replicas = spec.maybe_int32("fallback_replicas"),
      .pause = pause_of(recorded),
      .force_activation = recorded.boolean("force_activation")};
  const auto verdict = peers::activate(
      object, {.active = recorded.boolean("active"),
               .error = recorded.boolean("error"),
               .current = recorded.int32("current"),
               .last_active_age = recorded.maybe_seconds("last_active_age_s"),
               .created_age = recorded.seconds("created_age_s")});
  return {{"scale_to", or_null(verdict.scale_to)},
          {"ready", verdict.ready},
          {"active", or_null(verdict.active)},
          {"paused", verdict.paused}};
}

Json keda_fallback(const Case& recorded) {
  static const std::map<std::string, peers::KedaFallbackBehavior> behaviors = {
      {"static", peers::KedaFallbackBehavior::Static},
      {"currentReplicas", peers::KedaFallbackBehavior::CurrentReplicas},
      {"currentReplicasIfHigher", peers::KedaFallbackBehavior::CurrentReplicasIfHigher},
      {"currentReplicasIfLower", peers::KedaFallbackBehavior::CurrentReplicasIfLower}};
  static const std::map<std::string, peers::KedaTargetType> types = {
      {"AverageValue", peers::KedaTargetType::AverageValue},
      {"Value", peers::KedaTargetType::Value}};
  const peers::KedaFallback fallback{
      .enabled = recorded.boolean("enabled"),
      .failure_threshold = recorded.maybe_int32("failure_threshold").value_or(0),
      .replicas = recorded.maybe_int32("replicas").value_or(0),
      .behavior = recorded.has("behavior") ? recorded.at("behavior").word(behaviors)
                                           : peers::KedaFallbackBehavior::Static,
      .target_type = recorded.at("target_type").word(types),
      .target = recorded.number("target")};
  const auto metric = peers::read_with_fallback(
      fallback, {.value = recorded.maybe_number("read_ok_value"),
                 .failures_before = recorded.maybe_int32("failures_before"),
                 .current_replicas = recorded.maybe_int32("current_replicas"),
                 .ready_replicas = recorded.maybe_int32("ready_replicas")});
  return {{"metric", metric.value ? Json(*metric.value) : Json("error")},
          {"failures_after", or_null(metric.failures_after)},
          {"health", or_null(metric.health)}};
}

Json keda_scaledjob(const Case& recorded) {
  static const std::map<std::string, peers::KedaJobStrategy> strategies = {
      {"default", peers::KedaJobStrategy::Default},
      {"custom", peers::KedaJobStrategy::Custom},
      {"accurate", peers::KedaJobStrategy::Accurate},
      {"eager", peers::KedaJobStrategy::Eager}};
  const peers::KedaJobs jobs{.strategy = recorded.at("strategy").word(strategies),
                             .max_scale = recorded.int64("max_scale"),
                             .running = recorded.int64("running"),
                             .pending = recorded.int64("pending"),
                             .max_replica = recorded.int64("max_replica"),
                             .deduction = recorded.maybe_int64("deduction"),
                             .running_share = recorded.maybe_number("running_pct")};
  const auto verdict = peers::jobs_to_start(jobs);
  return {{"effective_max", verdict.effective_max}, {"scale_to", or_null(verdict.scale_to)}};
}

}  // namespace poolscaler::vectors
