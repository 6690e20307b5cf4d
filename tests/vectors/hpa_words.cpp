#include "vectors/hpa_words.hpp"

#include "vectors/case_reader.hpp"

namespace poolscaler::vectors {

Tolerance tolerance_of(const Case& recorded) {
  const auto tolerance = recorded.at("tolerance");
  return {.up = tolerance.number("up"), .down = tolerance.number("down")};
}

std::int32_t ready_pods_of(const Case& classes) {
  static const std::map<std::string, bool> is_ready = {
      {"ready", true},        {"cool", true},     {"hot", true},
      {"never_ready", false}, {"pending", false}, {"hot_unready", false},
      {"failed", false},      {"deleting", false}, {"succeeded", false}};
  std::int32_t count = 0;
  for (const auto& pod : classes.elements()) count += pod.word(is_ready) ? 1 : 0;
  return count;
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
  static const std::map<std::string, SelectPolicy> selects = {{"Max", SelectPolicy::Max},
                                                              {"Min", SelectPolicy::Min},
                                                              {"Disabled", SelectPolicy::Disabled}};
  return {.stabilization_window_seconds = rules.maybe_int32("window_s").value_or(default_window),
          .policies = policies_of(rules.at("policies")),
          .select_policy = rules.at("select").word(selects)};
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
