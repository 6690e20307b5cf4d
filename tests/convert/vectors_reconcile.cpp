// Whole reconciliations of an HPA.
#include <algorithm>

#include "convert/trial.hpp"

namespace poolscaler::convert {

using nlohmann::json;

namespace {

std::vector<PodSample> pods_of(const json& recorded) {
  std::vector<PodSample> pods;
  for (const auto& from : recorded["pods"]) {
    auto pod = ready_pod();
    if (!from["level_m"].is_null()) pod.usage_milli = from["level_m"].get<std::int64_t>();
    if (!from["request_m"].is_null()) pod.request_milli = from["request_m"].get<std::int64_t>();
    // Beyond the replicas, usage without a request is that of a pod that is gone.
    const auto replicas = recorded["status_replicas"].get<std::size_t>();
    pod.known = pod.request_milli || pods.size() < replicas;
    pods.push_back(pod);
  }
  return pods;
}

json object_metric(const std::string& value) {
  return {{"type", "Object"},
          {"object",
           {{"describedObject", {{"apiVersion", "v1"}, {"kind", "Service"}, {"name", "s"}}},
            {"metric", {{"name", "m"}}},
            {"target", {{"type", "Value"}, {"value", value}}}}}};
}

void add_metric(Trial& trial, const json& metric, const std::vector<PodSample>& pods) {
  auto& metrics = trial.spec["metrics"];
  if (metric["type"] == "Resource") {
    metrics.push_back(cpu_percent(metric["target_pct"].get<int>()));
    trial.signals.push_back({.state = SignalState::Value, .value = 1, .pods = pods});
    return;
  }
  if (metric["type"] == "Object")
    metrics.push_back(object_metric(milli(metric["target_value_m"])));
  else if (metric["target_average_m"].is_null())
    metrics.push_back(external("Value", milli(metric["target_value_m"])));
  else
    metrics.push_back(external("AverageValue", milli(metric["target_average_m"])));
  trial.signals.push_back(metric["error"] == true ? SignalReading{.state = SignalState::Error}
                                                  : reading_of(metric["values_m"]));
}

json behavior_of(const json& recorded) {
  json behavior = json::object();
  if (recorded.contains("scale_up")) behavior["scaleUp"] = rules_of(recorded["scale_up"]);
  if (recorded.contains("scale_down")) behavior["scaleDown"] = rules_of(recorded["scale_down"]);
  return behavior;
}

}  // namespace

Trials reconcile(const json& recorded) {
  Trial trial;
  trial.current = recorded["spec_replicas"];
  trial.expected = recorded["expect"]["replicas"];
  trial.spec["minReplicas"] = recorded["min"];
  trial.spec["maxReplicas"] = recorded["max"];
  const auto pods = pods_of(recorded);
  trial.ready = static_cast<std::int32_t>(std::ranges::count(pods, true, &PodSample::known));
  for (const auto& metric : recorded["metrics"]) add_metric(trial, metric, pods);
  if (!recorded["behavior"].is_null()) trial.spec["behavior"] = behavior_of(recorded["behavior"]);
  // No history: the controller has just started.
  if (!recorded["history"].is_null()) trial.memory = long_memory(trial.expected);
  trial.is_readable = !recorded.value("target", json::object()).value("get_error", false);
  return {trial};
}

}  // namespace poolscaler::convert
