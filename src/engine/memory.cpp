// What is remembered from decision to decision, and when it is not to be believed: it belongs to
// another object, the clock has jumped, or nobody has looked for too long.

#include <algorithm>

#include "deliberation.hpp"
#include "numbers.hpp"
#include "poolscaler/engine/decide.hpp"
#include "rate.hpp"

namespace poolscaler::engine {
namespace {

/// A clock that went backward leaves entries in the future. They count as of now, so that a limit
/// holds once more for its whole time, and no longer.
void leave_the_future(Memory& memory, Instant now) {
  const auto no_later = [&](std::optional<Instant>& instant) {
    if (instant && *instant > now) instant = now;
  };
  for (auto* list : {&memory.recommendations, &memory.scale_ups, &memory.scale_downs})
    for (auto& entry : *list) entry.at = std::min(entry.at, now);
  no_later(memory.observed_since);
  no_later(memory.idle_counted_to);
  no_later(memory.last_scale);
  no_later(memory.woken_at);
  no_later(memory.keep_alive.counted_to);
  for (auto& since : memory.unusable_since) no_later(since);
  for (auto& followed : memory.trends) followed.trend.at = std::min(followed.trend.at, now);
}

/// Nobody looked for longer than the scale-down window, by more than rounds that were late: what
/// the load was meanwhile is unknown. Also after a clock that went forward.
bool has_gap(const Memory& memory, const ScalingPolicy& policy, Instant now) {
  if (memory.recommendations.empty()) return true;
  const auto newest =
      std::ranges::max_element(memory.recommendations, {}, &TimedReplicas::at)->at;
  const auto window = policy.behavior.scale_down.stabilization_window_seconds;
  return now - newest > Seconds(window) + 2 * Seconds(policy.interval_seconds);
}

/// The size that is there counts as the first recommendation, so that nothing shrinks before a
/// whole window has been seen.
void start_afresh(Deliberation& d) {
  auto& memory = d.memory;
  const bool restarted = !memory.observed_since;
  memory.observed_since = d.now;
  memory.idle = Millis{0};
  memory.idle_counted_to.reset();
  for (auto& since : memory.unusable_since)
    if (since) since = d.now;
  memory.recommendations.push_back({d.now, d.current});
  memory.cold_starts.asked.clear();
  memory.cold_starts.replicas.reset();
  if (restarted)
    take_up_needs(d);
  else
    forget_needs(d);
}

/// The stores reuse the slots of what is outdated; outside of them a list reads oldest first.
void put_oldest_first(std::vector<TimedReplicas>& entries) {
  if (!std::ranges::is_sorted(entries, {}, &TimedReplicas::at))
    std::ranges::stable_sort(entries, {}, &TimedReplicas::at);
}

void remember_change(Memory& memory, const Behavior& behavior, const Scaling& change) {
  memory.last_scale = change.at;
  if (!change.from) return;
  // Told at once and not when the replicas are seen: a restart may lie between.
  if (*change.from <= 0 && change.to > 0) memory.woken_at = change.at;
  const bool up = change.to > *change.from;
  auto& events = up ? memory.scale_ups : memory.scale_downs;
  const auto size = up ? change.to - *change.from : *change.from - change.to;
  remember_event(events, {change.at, size}, up ? behavior.scale_up : behavior.scale_down);
  put_oldest_first(events);
  memory.last_direction = up ? Trend::Up : Trend::Down;
}

}  // namespace

void take_up_memory(Deliberation& d) {
  const auto& uid = d.observation.target.uid;
  if (d.memory.target_uid != uid) {
    if (!d.memory.target_uid.empty())
      d.propose("memory", d.current, Reason::TargetReplaced,
                "the target was made again: its history starts anew");
    d.memory = Memory{.target_uid = uid};
  }
  leave_the_future(d.memory, d.now);
  if (!d.memory.observed_since || has_gap(d.memory, d.policy, d.now)) start_afresh(d);
}

void remember_scaling(Deliberation& d) {
  put_oldest_first(d.memory.recommendations);
  if (!std::holds_alternative<ScaleTo>(d.decision.action)) return;
  remember_change(d.memory, d.policy.behavior, {.at = d.now, .from = d.current, .to = d.number});
}

Memory with_scaling(Memory memory, const ScalingPolicy& policy, const Scaling& scaling) {
  remember_change(memory, policy.behavior, scaling);
  return memory;
}

Memory without_write(const Outcome& outcome, const Memory& before) {
  auto memory = outcome.memory;
  const bool same_target = before.target_uid == memory.target_uid;
  memory.scale_ups = same_target ? before.scale_ups : std::vector<TimedReplicas>{};
  memory.scale_downs = same_target ? before.scale_downs : std::vector<TimedReplicas>{};
  memory.last_scale = same_target ? before.last_scale : std::nullopt;
  memory.last_direction = same_target ? before.last_direction : std::nullopt;
  if (outcome.decision.current <= 0) memory.woken_at.reset();
  return memory;
}

}  // namespace poolscaler::engine
