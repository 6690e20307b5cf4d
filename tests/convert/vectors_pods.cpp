// Metrics of the pods themselves.
#include <algorithm>
#include <set>

#include "convert/trial.hpp"
#include "poolscaler/engine/decide.hpp"

namespace poolscaler::convert {

using nlohmann::json;

namespace {

// The recorded cases run with a cpu initialization of 120 s and an initial readiness delay of 10 s,
// flags of HPA's controller. Here are its defaults, 300 s and 30 s: ages in proportion.
constexpr double start_scale = 300.0 / 120;
constexpr double readiness_scale = 30.0 / 10;

PodSample pod_of_class(const std::string& word) {
  auto pod = ready_pod();
  if (word == "pending") pod = {.phase = PodPhase::Pending};
  if (word == "failed" || word == "succeeded") pod.phase = PodPhase::Ended;
  if (word == "deleting") pod.deleting = true;
  if (word == "never_ready" || word == "hot_unready") pod.ready = false;
  if (word == "cool") pod.started = pod.ready_changed = trial_now - Seconds(450);
  if (word == "hot" || word == "hot_unready") pod.started = pod.ready_changed = trial_now;
  return pod;
}

bool counts_as_ready(const PodSample& pod) {
  return pod.known && pod.phase == PodPhase::Running && !pod.deleting && pod.ready == true;
}

std::optional<std::int64_t> total_of(const json& rows, std::size_t row, const json& container) {
  if (row >= rows.size() || rows[row].is_null()) return std::nullopt;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < rows[row].size(); ++i)
    if (container.is_null() || container == i) sum += rows[row][i].get<std::int64_t>();
  return sum;
}

void add_pods(Trial& trial, std::vector<PodSample> pods) {
  for (const auto& pod : pods) trial.ready += counts_as_ready(pod) ? 1 : 0;
  trial.signals.push_back({.state = SignalState::Value,
                           .value = 1,
                           .age_seconds = 0,
                           .pods = std::move(pods)});
}

/// {phase, ready, deleting, start_age_s, transition_age_s}, with or without a metric.
PodSample pod_of_fields(const json& pod, const json& metrics) {
  const std::string phase = pod["phase"];
  PodSample out{.phase = phase == "Pending"   ? PodPhase::Pending
                         : phase == "Running" ? PodPhase::Running
                                              : PodPhase::Ended,
                .deleting = pod["deleting"]};
  if (!pod["ready"].is_null()) out.ready = pod["ready"].get<bool>();
  if (!pod["start_age_s"].is_null()) {
    const double start = pod["start_age_s"].get<double>() * start_scale;
    out.started = trial_now - Millis(static_cast<std::int64_t>(start * 1000));
    if (!pod["transition_age_s"].is_null()) {
      const double delay =
          pod["start_age_s"].get<double>() - pod["transition_age_s"].get<double>();
      out.ready_changed =
          *out.started + Millis(static_cast<std::int64_t>(delay * readiness_scale * 1000));
    }
  }
  const auto metric = metrics.find(pod["name"].get<std::string>());
  if (metric == metrics.end()) return out;
  out.usage_milli = 1;
  if (!(*metric)["age_s"].is_null())
    out.measured = trial_now - Seconds((*metric)["age_s"].get<int>());
  if (!(*metric)["window_s"].is_null()) out.window = Seconds((*metric)["window_s"].get<int>());
  return out;
}

/// One pod that stands for its group, as certain as can be.
PodSample pod_of_group(const json& expected, const json& pod) {
  const auto is_in = [&](const char* group) {
    return std::ranges::find(expected[group], pod["name"]) != expected[group].end();
  };
  auto out = ready_pod();
  out.usage_milli = 1;
  if (is_in("ignored")) out.phase = PodPhase::Ended;
  if (is_in("unready")) out = {.phase = PodPhase::Pending};
  if (is_in("missing")) out.usage_milli.reset();
  return out;
}

/// Beside pods that are ready, each group of pods leads to another size: `percent` is what all of
/// them use that are measured, and the pods in question are the larger ones.
Trial beside_ready_pods(std::vector<PodSample> pods, std::int32_t current, std::int64_t percent) {
  constexpr std::int64_t requested = 1000;
  for (auto& pod : pods) pod.request_milli = 5 * requested;
  for (int i = 0; i < 20; ++i) {
    auto pod = ready_pod();
    pod.request_milli = requested;
    pod.usage_milli = 1;
    pods.push_back(pod);
  }
  for (auto& pod : pods)
    if (pod.usage_milli) pod.usage_milli = *pod.request_milli * percent / 100;
  Trial trial;
  trial.current = current;
  trial.spec["metrics"].push_back(cpu_percent(50));
  trial.spec["behavior"] = free_behavior({{"up", 0.0}, {"down", 0.0}});
  add_pods(trial, std::move(pods));
  trial.memory = long_memory(current);
  return trial;
}

}  // namespace

Trials resource_utilization(const json& recorded) {
  Trial trial;
  trial.current = recorded["current_replicas"];
  const auto container = recorded.value("container", json());
  const auto name = container.is_null() ? std::string()
                                        : "container-" + std::to_string(container.get<int>());
  trial.spec["metrics"].push_back(
      cpu_percent(recorded["target_utilization_pct"].get<int>(), name));
  trial.spec["behavior"] = free_behavior(recorded["tolerance"]);
  std::vector<PodSample> pods;
  for (std::size_t i = 0; i < recorded["pods"].size(); ++i) {
    auto pod = pod_of_class(recorded["pods"][i]);
    pod.request_milli = total_of(recorded["pod_request_m"], i, container);
    pod.usage_milli = total_of(recorded["pod_metric_m"], i, container);
    pods.push_back(pod);
  }
  add_pods(trial, std::move(pods));
  // An error of HPA leaves the size as it is.
  trial.expected = recorded["expect"].value("replicas", trial.current);
  trial.memory = long_memory(trial.expected);
  return {trial};
}

/// The metric is a sum of series now, so there is one number to read.
Trials pods_average_value(const json& recorded) {
  Trial trial;
  trial.current = recorded["current_replicas"];
  for (const auto& word : recorded["pods"])
    trial.ready += counts_as_ready(pod_of_class(word)) ? 1 : 0;
  trial.spec["metrics"].push_back(
      {{"type", "Pods"},
       {"pods",
        {{"metric", {{"name", "m"}}},
         {"target",
          {{"type", "AverageValue"}, {"averageValue", milli(recorded["target_m"])}}}}}});
  trial.spec["behavior"] = free_behavior(recorded["tolerance"]);
  trial.signals.push_back(reading_of(recorded["pod_metric_m"]));
  trial.expected = recorded["expect"]["replicas"];
  trial.memory = long_memory(0);
  return {trial};
}

/// The pods lead to what pods of the groups that are expected lead to.
Trials pod_grouping(const json& recorded) {
  const auto& expected = recorded["expect"];
  std::vector<PodSample> pods;
  std::vector<PodSample> stand_ins;
  for (const auto& pod : recorded["pods"]) {
    pods.push_back(pod_of_fields(pod, recorded["metrics"]));
    stand_ins.push_back(pod_of_group(expected, pod));
  }
  Trials trials;
  for (const auto& [current, percent] : {std::pair{100, 42}, std::pair{10, 75}}) {
    trials.push_back(beside_ready_pods(pods, current, percent));
    trials.back().expected = run(beside_ready_pods(stand_ins, current, percent)).replicas;
  }
  return trials;
}

}  // namespace poolscaler::convert
