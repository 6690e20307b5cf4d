#include "rate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "deliberation.hpp"
#include "numbers.hpp"

namespace poolscaler::engine {
namespace {

double size_at_start(const RatePolicy& policy, const ScaleEvents& events, std::int32_t current,
                     Instant now) {
  const Millis period = Seconds(policy.period_seconds);
  return static_cast<double>(current - sum_within(events.ups, period, now) +
                             sum_within(events.downs, period, now));
}

std::int32_t as_count(double size) {
  constexpr double largest = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::clamp(size, -largest, largest));
}

/// Which of the policies' limits holds: the one that allows most change, or least. Without policies
/// nothing limits.
std::int32_t selected(const ScalingRules& rules, bool most_is_largest,
                      const std::vector<double>& limits, std::int32_t current) {
  if (rules.select_policy == SelectPolicy::Disabled) return current;
  if (limits.empty()) return most_is_largest ? std::numeric_limits<std::int32_t>::max() : 0;
  const bool want_most = rules.select_policy == SelectPolicy::Max;
  return as_count(want_most == most_is_largest ? std::ranges::max(limits)
                                               : std::ranges::min(limits));
}

std::string limit_text(const Deliberation& d, const ScalingRules& rules, std::int32_t limit) {
  if (rules.select_policy == SelectPolicy::Disabled) return "selectPolicy is Disabled";
  return (Numbers(d.telling) << "the scaling policies allow " << limit << " now").text();
}

}  // namespace

std::int64_t sum_within(const std::vector<TimedReplicas>& events, Millis period, Instant now) {
  std::int64_t sum = 0;
  for (const auto& event : events)
    if (now - event.at < period) sum += event.replicas;
  return sum;
}

std::int32_t hpa_scale_up_limit(const ScalingRules& rules, const ScaleEvents& events,
                            std::int32_t current, Instant now) {
  std::vector<double> limits;
  for (const auto& policy : rules.policies) {
    const auto start = size_at_start(policy, events, current, now);
    limits.push_back(policy.type == RatePolicyType::Pods
                         ? start + policy.value
                         : std::ceil(start * (1 + static_cast<double>(policy.value) / 100)));
  }
  return std::max(selected(rules, true, limits, current), current);
}

std::int32_t scale_up_limit(const ScalingRules& rules, const ScaleEvents& events,
                            std::int32_t current, Instant now) {
  const auto limit = hpa_scale_up_limit(rules, events, current, now);
  const bool may_wake = current == 0 && rules.select_policy != SelectPolicy::Disabled;
  return may_wake ? std::max(limit, 1) : limit;
}

std::int32_t scale_down_limit(const ScalingRules& rules, const ScaleEvents& events,
                              std::int32_t current, Instant now) {
  std::vector<double> limits;
  for (const auto& policy : rules.policies) {
    const auto start = size_at_start(policy, events, current, now);
    limits.push_back(policy.type == RatePolicyType::Pods
                         ? start - policy.value
                         : std::trunc(start * (1 - static_cast<double>(policy.value) / 100)));
  }
  return std::min(selected(rules, false, limits, current), current);
}

bool is_outdated(const TimedReplicas& event, const ScalingRules& rules, Instant now) {
  if (rules.policies.empty()) return false;
  const auto longest = Seconds(
      std::ranges::max_element(rules.policies, {}, &RatePolicy::period_seconds)->period_seconds);
  return now - event.at > longest;
}

void remember_event(std::vector<TimedReplicas>& events, TimedReplicas change,
                    const ScalingRules& rules) {
  if (rules.policies.empty()) return;
  const auto slot = std::find_if(events.rbegin(), events.rend(), [&](const TimedReplicas& event) {
    return is_outdated(event, rules, change.at);
  });
  if (slot != events.rend()) {
    *slot = change;
    return;
  }
  events.push_back(change);
  if (events.size() <= memory_entries_max) return;
  std::ranges::stable_sort(events, {}, &TimedReplicas::at);
  const auto merged =
      std::int64_t{events[0].replicas} + std::int64_t{events[1].replicas};
  events[1].replicas = as_count(static_cast<double>(merged));
  events.erase(events.begin());
}

void limit_rate(Deliberation& d) {
  if (d.out_of_bounds || d.number == d.current) return;
  const bool up = d.number > d.current;
  const auto& rules = up ? d.policy.behavior.scale_up : d.policy.behavior.scale_down;
  const ScaleEvents events{.ups = d.memory.scale_ups, .downs = d.memory.scale_downs};
  const auto limit = up ? scale_up_limit(rules, events, d.current, d.now)
                        : scale_down_limit(rules, events, d.current, d.now);
  // Into the bounds the way is free; the rates hold within them.
  const auto allowed = up ? std::max(std::min(d.number, limit), d.lowest.replicas)
                          : std::min(std::max(d.number, limit), d.highest.replicas);
  if (allowed == d.number) return;
  d.limit_to("rate", allowed,
             rules.select_policy == SelectPolicy::Disabled ? Reason::ScalingDisabled
                                                           : Reason::RateLimited,
             limit_text(d, rules, limit));
}

}  // namespace poolscaler::engine
