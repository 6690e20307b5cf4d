#include "vectors/hpa_words.hpp"

#include "vectors/case_reader.hpp"

namespace poolscaler::vectors {

Tolerance tolerance_of(const Case& recorded) {
  const auto tolerance = recorded.at("tolerance");
  return {.up = tolerance.number("up"), .down = tolerance.number("down")};
}

namespace {

PodSample sample_of(PodPhase phase, bool ready, bool deleting, std::optional<Millis> age) {
  PodSample pod{.phase = phase, .deleting = deleting, .ready = ready};
  if (age) pod.started = pod.ready_changed = case_now - *age;
  pod.measured = case_now;
  pod.window = Seconds(60);
  return pod;
}

}  // namespace

PodSample ready_pod() { return sample_of(PodPhase::Running, true, false, Seconds(3600)); }

PodSample pod_of_class(const Case& word) {
  constexpr Seconds hour{3600};
  static const std::map<std::string, PodSample> classes = {
      {"ready", ready_pod()},
      {"never_ready", sample_of(PodPhase::Running, false, false, hour)},
      {"cool", sample_of(PodPhase::Running, true, false, Seconds(180))},
      {"hot", sample_of(PodPhase::Running, true, false, Seconds(0))},
      {"hot_unready", sample_of(PodPhase::Running, false, false, Seconds(0))},
      {"pending", sample_of(PodPhase::Pending, false, false, std::nullopt)},
      {"failed", sample_of(PodPhase::Ended, false, false, hour)},
      {"succeeded", sample_of(PodPhase::Ended, false, false, hour)},
      {"deleting", sample_of(PodPhase::Running, false, true, hour)}};
  return word.word(classes);
}

PodSample pod_of_fields(const Case& pod) {
  static const std::map<std::string, PodPhase> phases = {{"Pending", PodPhase::Pending},
                                                         {"Running", PodPhase::Running},
                                                         {"Failed", PodPhase::Ended},
                                                         {"Succeeded", PodPhase::Ended}};
  const auto instant = [&](const char* field) -> std::optional<Instant> {
    const auto age = pod.maybe_seconds(field);
    return age ? std::optional(case_now - *age) : std::nullopt;
  };
  return {.phase = pod.at("phase").word(phases),
          .deleting = pod.boolean("deleting"),
          .ready = pod.has("ready") ? std::optional(pod.boolean("ready")) : std::nullopt,
          .ready_changed = instant("transition_age_s"),
          .started = instant("start_age_s")};
}

engine::PodsMeasured cpu_of(const std::vector<PodSample>& pods) {
  return {.pods = pods, .resource = Resource::Cpu, .now = case_now, .patience = patience};
}

std::int32_t ready_pods_of(const Case& classes) {
  std::int32_t count = 0;
  for (const auto& word : classes.elements()) {
    const auto pod = pod_of_class(word);
    const bool runs = pod.phase == PodPhase::Running && !pod.deleting;
    count += runs && pod.ready.value_or(false) ? 1 : 0;
  }
  return count;
}

SelectPolicy select_of(const Case& word) {
  static const std::map<std::string, SelectPolicy> selects = {{"Max", SelectPolicy::Max},
                                                              {"Min", SelectPolicy::Min},
                                                              {"Disabled", SelectPolicy::Disabled}};
  return word.word(selects);
}

std::vector<RatePolicy> policies_of(const Case& policies) {
  static const std::map<std::string, RatePolicyType> types = {{"Pods", RatePolicyType::Pods},
                                                              {"Percent", RatePolicyType::Percent}};
  std::vector<RatePolicy> out;
  for (const auto& policy : policies.elements()) {
    const auto parts = policy.elements();
    if (parts.size() != 3) policy.fail("must be [type, value, period in seconds]");
    out.push_back({parts[0].word(types), parts[1].int32(), parts[2].int32()});
  }
  return out;
}

ScalingRules rules_of(const Case& rules, int default_window) {
  return {.stabilization_window_seconds = rules.maybe_int32("window_s").value_or(default_window),
          .policies = policies_of(rules.at("policies")),
          .select_policy = select_of(rules.at("select"))};
}

std::vector<TimedReplicas> entries_of(const Case& pairs) {
  std::vector<TimedReplicas> entries;
  for (const auto& pair : pairs.elements()) {
    const auto parts = pair.elements();
    if (parts.size() != 2) pair.fail("must be [replicas, age in seconds]");
    entries.push_back({case_now - parts[1].seconds(), parts[0].int32()});
  }
  return entries;
}

}  // namespace poolscaler::vectors
