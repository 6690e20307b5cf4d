// The schedule's windows move the bounds: a floor is a minReplicas and a ceiling a maxReplicas for
// a time, a pin is both at once, and off is a pin at zero. Of windows that are open together off
// beats pin, pin beats the rest; the highest pin, the lowest ceiling and the highest floor count,
// and a ceiling beats a floor, also that of minReplicas. maxReplicas is never exceeded. When a
// window closes its word is gone, and nothing else happens: signals, windows of stabilization and
// rates decide what comes of it.

#include "poolscaler/engine/schedule.hpp"

#include <algorithm>

#include "deliberation.hpp"
#include "numbers.hpp"
#include "poolscaler/engine/cold_start.hpp"

namespace poolscaler::engine {
namespace {

/// How long before its window a floor is brought up.
Millis pre_warm_lead(const ScalingPolicy& policy, const Memory& memory) {
  return expected_cold_start(policy.scale_to_zero, memory.cold_starts).p90;
}

struct Clockwork {
  const ScalingPolicy& policy;
  const Memory& memory;
  const Instant now;

  [[nodiscard]] WindowPhase phase_of(const Window& window) const {
    if (is_open(window, now)) return WindowPhase::Open;
    if (!window.pre_warm) return WindowPhase::Closed;
    const auto opens = opens_at(window, now);
    const bool warms = opens && *opens - pre_warm_lead(policy, memory) <= now;
    return warms ? WindowPhase::Warming : WindowPhase::Closed;
  }

  [[nodiscard]] std::vector<WindowPhase> phases() const {
    std::vector<WindowPhase> all;
    for (const auto& window : policy.schedule) all.push_back(phase_of(window));
    return all;
  }

  [[nodiscard]] std::optional<ScheduleChange> next_of(const Window& window, bool open) const {
    const auto at = open ? closes_at(window, now) : opens_at(window, now);
    if (!at) return std::nullopt;
    ScheduleChange change{.at = *at,
                          .window = window.name,
                          .event = open ? WindowEvent::End : WindowEvent::Start};
    const auto warms = *at - pre_warm_lead(policy, memory);
    if (open || !window.pre_warm || warms <= now) return change;
    change.at = warms;
    change.event = WindowEvent::PreWarm;
    return change;
  }
};

/// The window of the smaller name speaks for two that say the same, so that the order in which they
/// stand makes no difference.
bool speaks_first(const Window& window, const Bound& bound) {
  return bound.window == nullptr || window.name < bound.window->name;
}

void lower_to(Bound& bound, std::int32_t replicas, Reason reason, const Window& window) {
  const bool same = replicas == bound.replicas && bound.window && speaks_first(window, bound);
  if (replicas < bound.replicas || same) bound = {replicas, reason, reason, &window};
}

void raise_to(Bound& bound, std::int32_t replicas, Reason reason, const Window& window) {
  const bool same = replicas == bound.replicas && bound.window && bound.held == reason &&
                    speaks_first(window, bound);
  // A window that is open speaks before one that is only warming up.
  const bool now_open = replicas == bound.replicas && bound.held == Reason::PreWarming;
  if (replicas > bound.replicas || same || now_open) bound = {replicas, reason, reason, &window};
}

struct Orders {
  Bound lowest;
  Bound highest;
  std::optional<Bound> pin{};
  std::optional<Bound> off{};

  void take(const Window& window, WindowPhase phase) {
    if (window.floor)
      raise_to(lowest, *window.floor,
               phase == WindowPhase::Open ? Reason::ScheduleFloor : Reason::PreWarming, window);
    if (phase != WindowPhase::Open) return;
    if (window.ceiling) lower_to(highest, *window.ceiling, Reason::ScheduleCeiling, window);
    if (window.pin) {
      if (!pin) pin = Bound{-1, Reason::SchedulePin, Reason::SchedulePin, nullptr};
      raise_to(*pin, *window.pin, Reason::SchedulePin, window);
    }
    if (window.off && (!off || speaks_first(window, *off)))
      off = Bound{0, Reason::ScheduleOff, Reason::ScheduleOff, &window};
  }
};

bool hold_at(const std::optional<WindowPhases>& looked_up, const ScalingPolicy& policy,
             Instant now) {
  return looked_up && looked_up->from <= now && now < looked_up->until &&
         looked_up->phases.size() == policy.schedule.size();
}

}  // namespace

void look_at_windows(Deliberation& d) {
  const auto& schedule = d.policy.schedule;
  if (schedule.empty()) return;
  const auto& looked_up = d.observation.windows;
  std::vector<WindowPhase> found;
  const bool known = hold_at(looked_up, d.policy, d.now);
  if (!known) found = Clockwork{d.policy, d.memory, d.now}.phases();
  const auto& phases = known ? looked_up->phases : found;
  Orders orders{.lowest = d.lowest, .highest = d.highest};
  for (std::size_t i = 0; i < schedule.size(); ++i)
    if (phases[i] != WindowPhase::Closed) orders.take(schedule[i], phases[i]);
  d.lowest = orders.lowest;
  d.highest = orders.highest;
  if (const auto& fixed = orders.off ? orders.off : orders.pin) {
    d.lowest = d.highest = *fixed;
    const auto replicas = std::min(fixed->replicas, d.policy.max_replicas);
    d.lowest.replicas = d.highest.replicas = replicas;
  }
  if (d.lowest.replicas > d.highest.replicas) d.lowest = d.highest;
}

ScheduleNow look_at_schedule(const ScalingPolicy& policy, const Memory& memory, Instant now) {
  const Clockwork clockwork{policy, memory, now};
  ScheduleNow look;
  for (const auto& window : policy.schedule) {
    const bool open = is_open(window, now);
    if (open) look.open.push_back(window.name);
    const auto next = clockwork.next_of(window, open);
    if (next && (!look.next || next->at < look.next->at)) look.next = next;
  }
  return look;
}

WindowPhases phases_of_windows(const ScalingPolicy& policy, const Memory& memory, Instant now) {
  const auto next = look_at_schedule(policy, memory, now).next;
  return {.from = now,
          .until = next ? next->at : Instant::max(),
          .phases = Clockwork{policy, memory, now}.phases()};
}

std::string words_of(const Window& window) {
  if (window.off) return "off";
  Numbers text;
  const auto say = [&](std::string_view what, const std::optional<std::int32_t>& replicas) {
    if (!replicas) return;
    if (!text.empty()) text << ", ";
    text << what << *replicas;
  };
  say("pin ", window.pin);
  say("floor ", window.floor);
  say("ceiling ", window.ceiling);
  return text.text();
}

}  // namespace poolscaler::engine
