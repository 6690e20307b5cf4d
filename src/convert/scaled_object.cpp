// ScaledObject, keda.sh/v1alpha1.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "draft.hpp"

namespace poolscaler::convert {
namespace {

using nlohmann::json;

constexpr std::int64_t polling_default = 30;
constexpr std::int64_t cooldown_default = 300;
constexpr std::int64_t seconds_max = 86'400;
constexpr std::int64_t never_reached = 1'000'000'000'000;
constexpr std::string_view keda = "autoscaling.keda.sh/";
constexpr std::string_view paused = "autoscaling.keda.sh/paused";

/// How long KEDA polls before it takes the fallback, and the period of decisions.
std::int64_t read_polling(ObjectReader& spec, Draft& draft) {
  const auto polling = spec.integer("pollingInterval");
  if (polling && *polling <= 0) spec.refuse("pollingInterval", "must be above 0");
  const auto seconds = std::max<std::int64_t>(polling.value_or(polling_default), 1);
  if (polling && (*polling < 5 || *polling > 300))
    spec.note(Severity::Differs, "pollingInterval", "is outside of 5 to 300 seconds",
              "the nearest of them is used");
  draft.spec["intervalSeconds"] = polling ? std::clamp<std::int64_t>(seconds, 5, 300) : 15;
  draft.say(Severity::Said, "spec.pollingInterval",
            "was the period from zero alone, and HPA's 15 s otherwise; here it is the period of "
            "every decision, and a target at zero is looked at each second");
  return seconds;
}

void read_replica_counts(ObjectReader& spec, Draft& draft) {
  const auto min = spec.integer("minReplicaCount");
  const auto max = spec.integer("maxReplicaCount");
  const auto idle = spec.integer("idleReplicaCount");
  if (!min)
    draft.say(Severity::Said, "spec.minReplicaCount", "was not set; KEDA's default 0 is explicit "
                                                      "now");
  if (!max)
    draft.say(Severity::Said, "spec.maxReplicaCount", "was not set; KEDA's default 100 is explicit "
                                                      "now");
  set_replicas(draft, "minReplicas", min.value_or(0), "spec.minReplicaCount");
  set_replicas(draft, "maxReplicas", max.value_or(100), "spec.maxReplicaCount");
  check_replicas(draft, "spec.minReplicaCount", "spec.maxReplicaCount");
  if (!idle) return;
  if (*idle != 0 || min.value_or(0) == 0) {
    spec.note(Severity::Lost, "idleReplicaCount",
              "has no meaning beside this `minReplicaCount`; KEDA allows 0 below it alone");
    return;
  }
  draft.spec["minReplicas"] = 0;
  draft.least_active = *min;
  spec.note(Severity::Said, "idleReplicaCount",
            fmt::format("becomes `minReplicas: 0`; that an active target has at least {} replicas "
                        "is said by a formula of the signals, and by the floors of windows",
                        *min));
}

void read_zero(ObjectReader& spec, Draft& draft) {
  auto& zero = draft.spec["scaleToZero"];
  draft.remember("spec.scaleToZero.idleAfterSeconds", "spec.cooldownPeriod");
  draft.remember("spec.scaleToZero.graceSeconds", "spec.initialCooldownPeriod");
  const auto cooldown = spec.integer("cooldownPeriod");
  if (!cooldown)
    draft.say(Severity::Said, "spec.cooldownPeriod",
              "was not set; KEDA's default, 300 s, is explicit now as "
              "`scaleToZero.idleAfterSeconds`");
  const auto idle = std::clamp<std::int64_t>(cooldown.value_or(cooldown_default), 0, seconds_max);
  if (cooldown && idle != *cooldown)
    spec.note(Severity::Differs, "cooldownPeriod", "is outside of 0 to 86400 seconds",
              "the nearest of them is used");
  zero["idleAfterSeconds"] = idle;
  const auto initial = spec.integer("initialCooldownPeriod");
  if (!initial) return;
  zero["graceSeconds"] = std::clamp<std::int64_t>(*initial, 0, seconds_max);
  if (zero["graceSeconds"] == *initial)
    spec.note(Severity::Said, "initialCooldownPeriod", "becomes `scaleToZero.graceSeconds`");
  else
    spec.note(Severity::Differs, "initialCooldownPeriod",
              "becomes `scaleToZero.graceSeconds`, and is outside of 0 to 86400 seconds",
              "the nearest of them is used");
}

void read_fallback(ObjectReader& spec, Draft& draft, std::int64_t polling) {
  if (!spec.has("fallback")) return;
  auto fallback = spec.object("fallback");
  draft.remember("spec.fallback", "spec.fallback");
  const auto failures = fallback.integer("failureThreshold").value_or(0);
  const auto replicas = fallback.integer("replicas").value_or(0);
  const auto behavior = fallback.text("behavior").value_or("static");
  if (behavior == "currentReplicas") {
    fallback.note(Severity::Said, "behavior",
                  "is what a ScalingPolicy does of itself: without data replicas stay");
    (void)fallback.has("replicas");
    fallback.finish();
    return;
  }
  const std::map<std::string, std::string> words{{"static", "Static"},
                                                 {"currentReplicasIfHigher", "AtLeast"},
                                                 {"currentReplicasIfLower", "AtMost"}};
  const auto word = words.find(behavior);
  if (word == words.end()) {
    fallback.refuse("behavior", "must be one of static, currentReplicas, currentReplicasIfHigher, "
                                "currentReplicasIfLower");
  } else if (failures < 0 || replicas < 0) {
    draft.say(Severity::Invalid, fallback.path(), "must have no negative numbers");
  } else {
    const auto after = std::min(failures * polling, seconds_max);
    const auto min =
        std::max(draft.spec["minReplicas"].get<std::int64_t>(), draft.least_active);
    const auto max = draft.spec["maxReplicas"].get<std::int64_t>();
    if (replicas < min || replicas > max)
      fallback.note(Severity::Differs, "replicas",
                    "is outside of the bounds of replicas, and KEDA would cut it",
                    "the nearest bound is used");
    draft.spec["fallback"] = {{"afterSeconds", after},
                              {"replicas", std::clamp(replicas, min, std::max(min, max))},
                              {"behavior", word->second}};
    draft.say(Severity::Differs, fallback.path() + ".failureThreshold",
              fmt::format("{} failures at {} s each become {} s without data; KEDA does not apply "
                          "it at zero and to metrics of other types than AverageValue, this does",
                          failures, polling, after),
              "lengthen `fallback.afterSeconds` if that is too early");
  }
  fallback.finish();
}

void read_advanced(ObjectReader advanced, Draft& draft) {
  advanced.note(Severity::Lost, "restoreToOriginalReplicaCount",
                "has no counterpart: replicas stay as they are when a policy is deleted",
                "scale the target by hand after deleting the policy");
  auto hpa = advanced.object("horizontalPodAutoscalerConfig");
  hpa.note(Severity::Said, "name", "names an object that is not needed any more");
  read_behavior(hpa.object("behavior"), draft);
  if (!hpa.has("behavior"))
    draft.say(Severity::Said, "spec.advanced.horizontalPodAutoscalerConfig.behavior",
              "was not set; the documented defaults of HPA are explicit now");
  hpa.finish();
  if (advanced.has("scalingModifiers"))
    read_scaling_modifiers(advanced.object("scalingModifiers"), draft);
  advanced.finish();
}

/// Triggers of the pods themselves never make a target active there: their number alone counts.
void let_pods_sleep(Draft& draft) {
  if (draft.spec["minReplicas"] != 0) return;
  for (auto& signal : draft.spec["signals"]) {
    if (!signal.contains("resource")) continue;
    signal["activation"]["above"] = never_reached;
    draft.say(Severity::Said, "spec.triggers",
              fmt::format("of {} keep no target from zero in KEDA: `activation.above` of signal "
                          "'{}' is the largest number",
                          signal["resource"]["name"].get<std::string>(),
                          signal["name"].get<std::string>()),
              "lower it where work that only the pods know of shall keep them");
  }
}

/// As KEDA reads it.
bool is_false(std::string_view text) {
  return text == "0" || text == "f" || text == "F" || text == "false" || text == "FALSE" ||
         text == "False";
}

void read_pauses(const json& object, Draft& draft) {
  const auto metadata = object.value("metadata", json::object());
  if (!metadata.is_object() || !metadata.contains("annotations")) return;
  const auto& annotations = metadata["annotations"];
  if (!annotations.is_object()) return;
  const auto is_set = [&](const std::string& name) {
    const auto found = annotations.find(name);
    return found != annotations.end() &&
           !(found->is_string() && is_false(found->get<std::string>()));
  };
  const std::string prefix = "metadata.annotations.";
  if (is_set("autoscaling.keda.sh/paused-scale-in")) draft.spec["pause"]["scaleDown"] = true;
  if (is_set("autoscaling.keda.sh/paused-scale-out")) draft.spec["pause"]["scaleUp"] = true;
  if (is_set(std::string(paused))) draft.spec["mode"] = "Paused";
  if (is_set("autoscaling.keda.sh/paused-replicas")) {
    draft.spec["mode"] = "Paused";
    draft.say(Severity::Differs, prefix + "autoscaling.keda.sh/paused-replicas",
              "becomes `mode: Paused`, which leaves the replicas as they are",
              fmt::format("scale the target to {} first, or pin it by a schedule",
                          shown(annotations["autoscaling.keda.sh/paused-replicas"])));
  }
  for (const auto& item : annotations.items()) {
    const auto& key = item.key();
    if (key.starts_with("scaledobject.keda.sh/") || key.starts_with("validations.keda.sh/"))
      draft.say(Severity::Said, prefix + key, "speaks of KEDA's own objects");
    else if (key.starts_with(keda) && !key.starts_with(paused))
      draft.say(Severity::Lost, prefix + key, "has no counterpart");
  }
}

}  // namespace

void convert_scaled_object(const json& object, Draft& draft) {
  ObjectReader root(object, "", draft.conversion.notes);
  for (const auto* known : {"apiVersion", "kind", "metadata", "status"}) (void)root.has(known);
  if (!root.has("spec")) draft.say(Severity::Invalid, "spec", "is required");
  auto spec = root.object("spec");
  auto target = spec.object("scaleTargetRef");
  read_target(target, draft);
  target.note(Severity::Said, "envSourceContainerName",
              "served triggers that are not converted or name no environment");
  target.finish();
  const auto polling = read_polling(spec, draft);
  read_replica_counts(spec, draft);
  read_zero(spec, draft);
  draft.spec["signals"] = json::array();
  auto triggers = spec.list("triggers");
  if (triggers.empty()) draft.say(Severity::Invalid, "spec.triggers", "must have an item");
  for (auto& trigger : triggers) read_trigger(trigger, draft);
  stay_above_zero(draft, spec.has("idleReplicaCount") ? "spec.idleReplicaCount"
                                                      : "spec.minReplicaCount");
  let_pods_sleep(draft);
  name_few_ready(draft, "spec.triggers");
  read_advanced(spec.object("advanced"), draft);
  keep_least_active(draft);
  read_fallback(spec, draft, polling);
  read_pauses(object, draft);
  spec.finish();
  root.finish();
}

}  // namespace poolscaler::convert
