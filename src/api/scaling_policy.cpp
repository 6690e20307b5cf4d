#include <nlohmann/json.hpp>

#include "checked_reader.hpp"
#include "demand_rules.hpp"
#include "enum_words.hpp"
#include "forecast.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/api/presets.hpp"
#include "policy_cost.hpp"
#include "preset_rules.hpp"
#include "schedule.hpp"

// Everything here reads a spec that checked_spec has passed: fields are there, of their type and
// within their bounds, so nothing is checked again.
namespace poolscaler::api {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* name) {
  return object[name].get<std::string>();
}
int int_of(const json& object, const char* name) { return object[name].get<int>(); }

MetricSelector selector_from(const json& metric) {
  MetricSelector selector{
      .metric = text_of(metric, "name"),
      .aggregation = word_to(aggregation_words, metric["aggregation"]),
      .range_function = word_to(range_function_words, metric["rangeFunction"])};
  if (metric.contains("windowSeconds")) selector.window_seconds = int_of(metric, "windowSeconds");
  if (!metric.contains("matchers")) return selector;
  for (const auto& matcher : metric["matchers"])
    selector.matchers.push_back({.label = text_of(matcher, "label"),
                                 .op = word_to(match_operator_words, matcher["operator"]),
                                 .value = text_of(matcher, "value")});
  return selector;
}

constexpr int max_age_seconds_default = 120;

SignalInput query_from(const json& signal) {
  if (signal.contains("metric")) return selector_from(signal["metric"]);
  if (signal.contains("resource")) return resource_from(signal["resource"]);
  return RawQuery{.promql = text_of(signal, "query")};
}

/// What the signal is before anything that the policy says of it.
Signal bare_signal(const json& from, const TargetRef& target) {
  if (!from.contains("preset"))
    return {.name = {},
            .source = {},
            .query = query_from(from),
            .target_type = TargetType::None,
            .target = 0,
            .max_age_seconds = max_age_seconds_default};
  const auto& values = from["preset"];
  const auto& preset = *find_preset(text_of(values, "name"));
  return {.name = {},
          .source = {},
          .query = preset_query(preset, values, target),
          .target_type = preset.target_type,
          .target = decimal_value(preset.target).value_or(1),
          .activation_above = decimal_value(preset.activation).value_or(0),
          .max_age_seconds = preset.max_age_seconds,
          .preset = std::string(preset.name)};
}

Signal signal_from(const json& from, const TargetRef& target) {
  Signal signal = bare_signal(from, target);
  signal.name = text_of(from, "name");
  if (from.contains("metricSourceRef"))
    signal.source = text_of(from["metricSourceRef"], "name");
  signal.on_missing = word_to(on_missing_words, from["onMissing"]);
  if (from.contains("target")) {
    signal.target_type = word_to(target_type_words, from["target"]["type"]);
    signal.target = decimal_of(from["target"]["value"]);
  }
  if (from.contains("steps")) read_steps(from["steps"], signal);
  if (from.contains("activation") && from["activation"].contains("above"))
    signal.activation_above = decimal_of(from["activation"]["above"]);
  if (from.contains("maxAgeSeconds")) signal.max_age_seconds = int_of(from, "maxAgeSeconds");
  if (from.contains("tolerance")) {
    const auto& tolerance = from["tolerance"];
    if (tolerance.contains("up")) signal.tolerance_up = decimal_of(tolerance["up"]);
    if (tolerance.contains("down")) signal.tolerance_down = decimal_of(tolerance["down"]);
  }
  return signal;
}

ScalingRules rules_from(const json& from, int window_unless_set) {
  constexpr auto window = "stabilizationWindowSeconds";
  ScalingRules rules{
      .stabilization_window_seconds =
          from.contains(window) ? int_of(from, window) : window_unless_set,
      .policies = {},
      .select_policy = word_to(select_policy_words, from["selectPolicy"]),
      .tolerance = decimal_of(from["tolerance"])};
  for (const auto& policy : from["policies"])
    rules.policies.push_back({.type = word_to(rate_policy_words, policy["type"]),
                              .value = int_of(policy, "value"),
                              .period_seconds = int_of(policy, "periodSeconds")});
  return rules;
}

ScaleToZero scale_to_zero_from(const json& from) {
  ScaleToZero out{.idle_after_seconds = int_of(from, "idleAfterSeconds"),
                  .grace_seconds = int_of(from, "graceSeconds"),
                  .keep_alive = word_to(keep_alive_words, from["keepAlive"]),
                  .replica_seconds_per_miss = int_of(from, "replicaSecondsPerMiss")};
  if (from.contains("coldStart") && from["coldStart"].contains("expectedSeconds"))
    out.expected_cold_start_seconds = int_of(from["coldStart"], "expectedSeconds");
  return out;
}

/// The window of HPA, unless every replica has an idle time of its own.
int down_window_unless_set(const ScaleToZero& rules) {
  return rules.keep_alive == KeepAlive::Learned ? 0 : 300;
}

ScalingPolicy policy_from(const json& spec) {
  const auto& target = spec["scaleTargetRef"];
  const auto scale_to_zero = scale_to_zero_from(spec["scaleToZero"]);
  ScalingPolicy policy{
      .target = {.api_version = text_of(target, "apiVersion"),
                 .kind = text_of(target, "kind"),
                 .name = text_of(target, "name")},
      .interval_seconds = int_of(spec, "intervalSeconds"),
      .mode = word_to(mode_words, spec["mode"]),
      .pause = {.scale_up = spec["pause"]["scaleUp"].get<bool>(),
                .scale_down = spec["pause"]["scaleDown"].get<bool>()},
      .min_replicas = int_of(spec, "minReplicas"),
      .max_replicas = int_of(spec, "maxReplicas"),
      .signals = {},
      .combine = word_to(combine_words, spec["combine"]),
      .scale_to_zero = scale_to_zero,
      .behavior = {.scale_up = rules_from(spec["behavior"]["scaleUp"], 0),
                   .scale_down = rules_from(spec["behavior"]["scaleDown"],
                                            down_window_unless_set(scale_to_zero))}};
  for (const auto& signal : spec["signals"])
    policy.signals.push_back(signal_from(signal, policy.target));
  if (spec.contains("formula")) policy.formula = formula_from(spec["formula"], policy.signals);
  if (spec.contains("fallback")) {
    const auto& fallback = spec["fallback"];
    policy.fallback = Fallback{.after_seconds = int_of(fallback, "afterSeconds"),
                               .replicas = int_of(fallback, "replicas"),
                               .behavior = word_to(fallback_words, fallback["behavior"])};
  }
  if (spec.contains("forecast"))
    policy.forecast = word_to(forecast_words, spec["forecast"]["mode"]);
  read_policy_cost(spec, policy);
  return policy;
}

}  // namespace

Checked<ScalingPolicy> read_scaling_policy(const json& object, UnknownFields unknown) {
  const auto spec = checked_spec(Kind::ScalingPolicy, object, unknown);
  if (!spec) return tl::unexpected(spec.error());
  if (auto errors = preset_errors(*spec); !errors.empty()) return tl::unexpected(std::move(errors));
  if (auto errors = demand_errors(*spec); !errors.empty()) return tl::unexpected(std::move(errors));
  auto policy = policy_from(*spec);
  if (auto error = forecast_error(policy)) return tl::unexpected(std::vector{*std::move(error)});
  if (!spec->contains("schedule")) return policy;
  auto schedule = schedule_from((*spec)["schedule"]);
  if (!schedule) return tl::unexpected(std::move(schedule.error()));
  policy.schedule = *std::move(schedule);
  return policy;
}

}  // namespace poolscaler::api
