#include "poolscaler/engine/hpa.hpp"

#include <algorithm>
#include <limits>

#include "arithmetic.hpp"
#include "rate.hpp"
#include "stabilization.hpp"

namespace poolscaler::engine::hpa {
namespace {

ScaleEvents events_of(const History& history) {
  return {.ups = history.scale_ups, .downs = history.scale_downs};
}

Windows windows_of(const Behavior& behavior) {
  return {.up = Seconds(behavior.scale_up.stabilization_window_seconds),
          .down = Seconds(behavior.scale_down.stabilization_window_seconds)};
}

std::int64_t saturated_sum(std::int64_t a, std::int64_t b) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  if (b > 0 && a > most - b) return most;
  if (b < 0 && a < least - b) return least;
  return a + b;
}

}  // namespace

std::int64_t sum_of(std::span<const std::int64_t> quantities) {
  std::int64_t sum = 0;
  for (const auto quantity : quantities) sum = saturated_sum(sum, quantity);
  return sum;
}

std::int32_t value_target(std::int64_t usage, std::int64_t target, Replicas replicas,
                          const Tolerance& tolerance) {
  return value_of_milli(static_cast<double>(usage), static_cast<double>(target),
                            {.current = replicas.current, .ready = replicas.ready, .unready = 0},
                            tolerance)
      .replicas;
}

std::int32_t average_value_target(std::int64_t usage, std::int64_t target,
                                  std::int32_t status_replicas, const Tolerance& tolerance) {
  return average_value_of_milli(static_cast<double>(usage), static_cast<double>(target),
                                    status_replicas, tolerance)
      .replicas;
}

std::int32_t scale_up_limit(const ScalingRules& rules, const History& history,
                            std::int32_t current, Instant now) {
  return hpa_scale_up_limit(rules, events_of(history), current, now);
}

std::int32_t scale_down_limit(const ScalingRules& rules, const History& history,
                              std::int32_t current, Instant now) {
  return engine::scale_down_limit(rules, events_of(history), current, now);
}

Limited rate_limited(const Behavior& behavior, const History& history, Range range,
                     std::int32_t current, TimedReplicas desired) {
  if (desired.replicas > current) {
    const auto limit = scale_up_limit(behavior.scale_up, history, current, desired.at);
    const auto allowed = std::min(limit, range.highest);
    if (desired.replicas <= allowed) return {.replicas = desired.replicas};
    return {.replicas = allowed,
            .limit = limit < range.highest ? Limit::ScaleUpLimit : Limit::TooManyReplicas};
  }
  if (desired.replicas < current) {
    const auto limit = scale_down_limit(behavior.scale_down, history, current, desired.at);
    const auto allowed = std::max(limit, range.lowest);
    if (desired.replicas >= allowed) return {.replicas = desired.replicas};
    return {.replicas = allowed,
            .limit = limit > range.lowest ? Limit::ScaleDownLimit : Limit::TooFewReplicas};
  }
  return {.replicas = desired.replicas};
}

std::int32_t stabilized(const Behavior& behavior, History& history, std::int32_t current,
                        TimedReplicas desired) {
  const auto windows = windows_of(behavior);
  const auto result = engine::stabilized(history.recommendations, desired, current, windows);
  remember_recommendation(history.recommendations, desired, windows);
  return result;
}

std::int32_t stabilized_without_behavior(Millis window, History& history, TimedReplicas desired) {
  const Windows remembered{.up = Millis{0}, .down = window};
  // Instants are whole milliseconds, so one more includes the entries of just that age.
  const Windows looked_at{.up = Millis{0}, .down = window + Millis{1}};
  constexpr auto unheld = std::numeric_limits<std::int32_t>::max();
  const auto result = engine::stabilized(history.recommendations, desired, unheld, looked_at);
  remember_recommendation(history.recommendations, desired, remembered);
  return result;
}

Limited limited_without_behavior(Range range, std::int32_t current, std::int32_t desired) {
  const auto doubled = saturated(std::max(2.0 * current, 4.0));
  if (desired < range.lowest) return {.replicas = range.lowest, .limit = Limit::TooFewReplicas};
  const auto allowed = std::min(range.highest, doubled);
  if (desired <= allowed) return {.replicas = desired};
  return {.replicas = allowed,
          .limit = range.highest > doubled ? Limit::ScaleUpLimit : Limit::TooManyReplicas};
}

void remember_change(const Behavior& behavior, History& history, std::int32_t before,
                     TimedReplicas after) {
  if (after.replicas > before)
    remember_event(history.scale_ups, {after.at, after.replicas - before}, behavior.scale_up);
  if (after.replicas < before)
    remember_event(history.scale_downs, {after.at, before - after.replicas}, behavior.scale_down);
}

void remember_change(const ScalingRules& rules, std::vector<TimedReplicas>& events,
                     TimedReplicas change) {
  remember_event(events, change, rules);
}

std::vector<bool> outdated(const ScalingRules& rules, const std::vector<TimedReplicas>& events,
                           Instant now) {
  std::vector<bool> flags;
  for (const auto& event : events) flags.push_back(is_outdated(event, rules, now));
  return flags;
}

std::int64_t moved_within(const std::vector<TimedReplicas>& events, Millis period, Instant now) {
  return sum_within(events, period, now);
}

}  // namespace poolscaler::engine::hpa
