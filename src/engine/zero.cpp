// Stage 3: between zero and one. A target goes to zero only when every signal has been inactive for
// the whole idle time, counted over fresh observations and not over the clock: a gap, a missing
// signal or a pause of the operator adds nothing.
//
// A replica that is starting is never idle, for as long as it may be starting at all (supply.hpp):
// while one is, no idle time is counted, so every replica that was woken gets the whole idle time
// from when it can work. A minimum age of ready pods would add nothing but cost: it would hold a
// replica long after the idle time that its owner chose, although its load had ended.

#include <algorithm>

#include "deliberation.hpp"
#include "keep_alive.hpp"
#include "numbers.hpp"
#include "supply.hpp"

namespace poolscaler::engine {
namespace {

/// Every signal is known to be inactive.
bool is_quiet(const Deliberation& d) {
  return !d.wishes.empty() && std::ranges::all_of(d.wishes, [](const Wish& wish) {
    return !wish.active && wish.standing == Standing::Counts;
  });
}

void forget_idle(Memory& memory) {
  memory.idle = Millis{0};
  memory.idle_counted_to.reset();
}

void count_idle(Deliberation& d) {
  auto& memory = d.memory;
  if (memory.idle_counted_to) {
    const Millis one_round = Seconds(d.policy.interval_seconds);
    const Millis passed = d.now - *memory.idle_counted_to;
    memory.idle += std::clamp(passed, Millis{0}, 2 * one_round);
  }
  memory.idle_counted_to = d.now;
}

/// What is left of the grace after creation or wake.
Millis grace_left(const Deliberation& d) {
  auto newest = std::max(d.observation.policy_created, d.observation.target.created);
  if (d.memory.woken_at) newest = std::max(newest, *d.memory.woken_at);
  const Millis grace = Seconds(d.policy.scale_to_zero.grace_seconds);
  return std::max(grace - (d.now - newest), Millis{0});
}

/// Why a quiet target may not go to zero now, if it may not.
std::optional<Reason> bar_to_zero(const Deliberation& d, Millis needed) {
  if (is_starting(d) || grace_left(d) > Millis{0}) return Reason::ColdStartGrace;
  if (d.memory.idle >= needed) return std::nullopt;
  // Quiet for as long as there was anyone to see it.
  const Millis one_round = Seconds(d.policy.interval_seconds);
  const bool seen_nothing_else = d.now - *d.memory.observed_since < d.memory.idle + one_round;
  return seen_nothing_else ? Reason::AwaitingFreshWindow : Reason::IdleCountdown;
}

std::string progress_text(const Deliberation& d, const IdleTime& idle_time) {
  Numbers text(d.telling);
  text << "inactive for " << d.memory.idle << " of " << idle_time.length;
  if (idle_time.gaps > 0)
    text << " (learned from " << std::int32_t{idle_time.gaps} << " gaps)";
  if (is_starting(d)) {
    text << ", which does not count while a replica is starting";
    return text.text();
  }
  const auto left = std::max(idle_time.length - d.memory.idle, grace_left(d));
  if (left <= Millis{0}) return text.text();
  text << ", zero in " << left << " at the earliest";
  if (grace_left(d) >= left) text << ": the grace after creation or wake";
  return text.text();
}

void settle_quiet(Deliberation& d) {
  // The windows remember that nothing was needed, so that they run alongside the idle time and not
  // after it. Inactive signals that still ask for several replicas are remembered as they are.
  if (d.number <= 1) d.recommendation = 0;
  const auto idle_time = idle_time_of(d, 1);
  const auto bar = bar_to_zero(d, idle_time.length);
  const auto progress = progress_text(d, idle_time);
  if (bar) {
    d.hold = *bar;
    if (d.number > 0) return d.propose("idle", d.number, *bar, progress);
    return d.limit_to("idle", 1, *bar, progress);
  }
  d.propose("idle", 0, Reason::IdleToZero, progress);
  d.asked = 0;
  d.recommendation = 0;
}

}  // namespace

void judge_zero(Deliberation& d) {
  d.recommendation = d.number;
  const bool idle_matters = d.policy.allows_zero() && d.current > 0;
  if (!idle_matters) return forget_idle(d.memory);
  if (is_quiet(d)) {
    if (is_starting(d)) {
      d.memory.idle_counted_to.reset();
    } else {
      count_idle(d);
    }
    return settle_quiet(d);
  }
  if (d.decision.active) return forget_idle(d.memory);
  d.memory.idle_counted_to.reset();
}

}  // namespace poolscaler::engine
