#include "levers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "probes.hpp"
#include "readings.hpp"

namespace poolscaler::explain {
namespace {

/// However long a policy remembers.
constexpr int rounds_max = 5000;
/// Replicas that are not ready count as starting for some time, whatever the policy says.
constexpr int starting_seconds = 1200;
ScalingRules& rules_of(Situation& situation, Trend direction) {
  auto& behavior = situation.policy.behavior;
  return direction == Trend::Up ? behavior.scale_up : behavior.scale_down;
}

const ScalingRules& rules_of(const Situation& situation, Trend direction) {
  const auto& behavior = situation.policy.behavior;
  return direction == Trend::Up ? behavior.scale_up : behavior.scale_down;
}

/// The largest that anything has, a signal's own among them.
double most_tolerance(const ScalingPolicy& policy, Trend direction) {
  const bool up = direction == Trend::Up;
  double most = (up ? policy.behavior.scale_up : policy.behavior.scale_down).tolerance;
  for (const auto& signal : policy.signals)
    most = std::max(most, (up ? signal.tolerance_up : signal.tolerance_down).value_or(0));
  return most;
}

bool reads(const ScalingPolicy& policy, std::size_t signal) {
  return std::ranges::count(policy.formula->signal_of_operand, signal) > 0;
}

void add_signals(std::vector<Handle>& handles, const Situation& situation, Trend direction) {
  const bool up = direction == Trend::Up;
  const auto& policy = situation.policy;
  const bool any_shape = policy.formula && !rises_with_all(policy.formula->formula);
  for (std::size_t i = 0; i < policy.signals.size(); ++i) {
    const auto& reading = situation.observation.signals[i];
    const bool usable = is_usable(reading.state) && std::isfinite(reading.value);
    handles.push_back({.lever = usable ? Lever::Signal : Lever::Data,
                       .signal = i,
                       .graded = true,
                       .exact = any_shape && reads(policy, i),
                       .now = usable ? reading.value : up ? 0 : value_max,
                       .full = up ? value_max : std::min(0.0, usable ? reading.value : 0.0)});
  }
}

void add_limits(std::vector<Handle>& handles, const Situation& situation, Trend direction) {
  const auto& policy = situation.policy;
  const bool up = direction == Trend::Up;
  handles.push_back({.lever = Lever::Bound,
                     .graded = true,
                     .whole = true,
                     .now = static_cast<double>(up ? policy.max_replicas : policy.min_replicas),
                     .full = up ? std::numeric_limits<std::int32_t>::max() : 0.0});
  const auto& rules = rules_of(situation, direction);
  if (rules.stabilization_window_seconds > 0)
    handles.push_back({.lever = Lever::Window,
                       .graded = true,
                       .whole = true,
                       .now = static_cast<double>(rules.stabilization_window_seconds)});
  handles.push_back({.lever = Lever::Rates});
  if (const double most = most_tolerance(situation.policy, direction); most > 0)
    handles.push_back({.lever = Lever::Tolerance, .graded = true, .now = most});
}

void add_zero(std::vector<Handle>& handles, const Situation& situation) {
  const auto& zero = situation.policy.scale_to_zero;
  if (zero.idle_after_seconds > 0)
    handles.push_back({.lever = Lever::IdleTime,
                       .graded = true,
                       .whole = true,
                       .now = static_cast<double>(zero.idle_after_seconds)});
  if (zero.grace_seconds > 0) handles.push_back({.lever = Lever::Grace});
  if (zero.keep_alive == KeepAlive::Learned) handles.push_back({.lever = Lever::KeepAlive});
}

void tolerate_at_most(Situation& situation, Trend direction, double most) {
  auto& tolerance = rules_of(situation, direction).tolerance;
  tolerance = std::min(tolerance, most);
  for (auto& signal : situation.policy.signals) {
    auto& own = direction == Trend::Up ? signal.tolerance_up : signal.tolerance_down;
    if (own) own = std::min(*own, most);
  }
}

void unpause(Situation& situation, Trend direction) {
  auto& pause = situation.policy.pause;
  (direction == Trend::Up ? pause.scale_up : pause.scale_down) = false;
}

/// As good as closed; the others keep their places.
void silence(Window& window) {
  window.floor.reset();
  window.ceiling.reset();
  window.pin.reset();
  window.off = window.pre_warm = false;
}

std::string number(const Handle& handle, double amount) {
  return handle.whole ? fmt::format("{:.0f}", amount) : brief(amount);
}

std::string told_signal(const Situation& situation, Trend direction, const Handle& handle,
                        double amount, bool beyond) {
  const auto& name = situation.policy.signals[handle.signal].name;
  const auto& reading = situation.observation.signals[handle.signal];
  const bool is_data = handle.lever == Lever::Data;
  const bool up = handle.exact ? handle.rises : direction == Trend::Up;
  // An exact amount beyond its edge was tried just there.
  const auto bound = beyond ? fmt::format("{}{} {}", handle.exact ? "just " : "",
                                          up ? "above" : "below", brief(amount))
                     : handle.exact || (!is_data && amount <= 0)
                         ? brief(amount)
                         : fmt::format("{} or {}", brief(amount), up ? "more" : "less");
  if (!is_data)
    return fmt::format("signal '{}' would have to {} {}{} (now {})", name, up ? "rise" : "fall",
                       beyond ? "" : "to ", bound, brief(reading.value));
  const auto data = fmt::format("signal '{}' would have to have data ({} now)", name,
                                name_of(reading.state));
  if (amount == handle.now && !handle.exact) return data;
  return fmt::format("{}, {}{}", data, handle.exact && !beyond ? "of " : "", bound);
}

std::string told_grant(const Grant& grant) {
  return fmt::format("its pool and the budgets would have to grant more than {}{}{}", grant.most,
                     grant.words.empty() ? "" : ": ", grant.words);
}

std::string told_setting(const Situation& situation, Trend direction, const Handle& handle,
                         double amount, bool beyond) {
  const bool up = direction == Trend::Up;
  const auto* side = up ? "scaleUp" : "scaleDown";
  switch (handle.lever) {
    case Lever::Bound:
      return up ? fmt::format("maxReplicas would have to be at least {} (is {})",
                              number(handle, amount), number(handle, handle.now))
                : fmt::format("minReplicas would have to be at most {} (is {})",
                              number(handle, amount), number(handle, handle.now));
    case Lever::Window:
      return fmt::format(
          "behavior.{}.stabilizationWindowSeconds would have to be at most {} (is {})", side,
          number(handle, amount), number(handle, handle.now));
    case Lever::Rates:
      return fmt::format("behavior.{} would have to allow a change of this size now", side);
    case Lever::Tolerance:
      return fmt::format("the tolerance of behavior.{} would have to be {}{} (is {})", side,
                         beyond        ? "below "
                         : amount > 0 ? "at most "
                                       : "",
                         brief(amount), brief(handle.now));
    case Lever::IdleTime:
      return fmt::format("scaleToZero.idleAfterSeconds would have to be at most {} (is {})",
                         number(handle, amount), number(handle, handle.now));
    case Lever::Grace:
      return fmt::format("scaleToZero.graceSeconds would have to be 0 (is {})",
                         situation.policy.scale_to_zero.grace_seconds);
    case Lever::Forecast: return "forecast.mode would have to be Shadow";
    case Lever::KeepAlive: return "scaleToZero.keepAlive would have to be Fixed";
    case Lever::Schedule:
      return fmt::format("the schedule's window '{}' would have to be closed",
                         situation.policy.schedule[handle.signal].name);
    case Lever::Pause: return fmt::format("pause.{} would have to be off", side);
    case Lever::Mode: return "mode would have to be Automatic";
    case Lever::Grant: return told_grant(*situation.observation.grant);
    case Lever::Signal:
    case Lever::Data:
    case Lever::Readiness:
    case Lever::Wait: break;
  }
  return "";
}

/// The last word that kept the number from going that way, else the last that held the decision,
/// for whoever is told to wait.
std::string holding_step(const Situation& situation, Trend direction) {
  const auto decision = situation.decide().decision;
  const auto& steps = decision.explanation.steps;
  const auto last = [&](auto&& holds) {
    return std::find_if(steps.rbegin(), steps.rend(), [&](const Step& candidate) {
      return !candidate.numbers.empty() && holds(candidate);
    });
  };
  auto step = last([&](const Step& candidate) {
    const bool wishes = candidate.stage == "signal" || candidate.stage == "formula";
    const int towards = candidate.after - candidate.before;
    return !wishes && (direction == Trend::Up ? towards < 0 : towards > 0);
  });
  if (step == steps.rend())
    step = last([&](const Step& candidate) { return candidate.reason == decision.reason; });
  return step == steps.rend() ? std::string(text_of(decision.reason)) : step->numbers;
}

/// After so many rounds with the same inputs nothing is remembered that could still let go, and
/// every window has opened or closed once.
int rounds_to_look(const ScalingPolicy& policy, Instant now) {
  int seconds = starting_seconds;
  for (const auto& window : policy.schedule) {
    const auto turns = is_open(window, now) ? closes_at(window, now) : opens_at(window, now);
    const auto most = Seconds(rounds_max * policy.interval_seconds);
    if (turns && *turns - now < most)
      seconds = std::max(seconds, static_cast<int>((*turns - now) / Seconds(1)));
  }
  for (const auto* rules : {&policy.behavior.scale_up, &policy.behavior.scale_down}) {
    seconds = std::max(seconds, rules->stabilization_window_seconds);
    for (const auto& rate : rules->policies) seconds = std::max(seconds, rate.period_seconds);
  }
  seconds = std::max(seconds, policy.scale_to_zero.idle_after_seconds);
  seconds = std::max(seconds, policy.scale_to_zero.grace_seconds);
  if (policy.fallback) seconds = std::max(seconds, policy.fallback->after_seconds);
  return std::min(seconds / policy.interval_seconds + 4, rounds_max);
}

}  // namespace

std::vector<Handle> handles_of(const Situation& situation, Trend direction) {
  const auto& policy = situation.policy;
  const auto& target = situation.observation.target;
  std::vector<Handle> handles;
  add_signals(handles, situation, direction);
  if (target.pods.ready < target.spec_replicas) handles.push_back({.lever = Lever::Readiness});
  handles.push_back({.lever = Lever::Wait, .graded = true, .whole = true});
  add_limits(handles, situation, direction);
  if (direction == Trend::Down) add_zero(handles, situation);
  if (direction == Trend::Down && policy.forecast == ForecastMode::On)
    handles.push_back({.lever = Lever::Forecast});
  for (std::size_t i = 0; i < policy.schedule.size(); ++i)
    if (policy.schedule[i].pre_warm || is_open(policy.schedule[i], situation.now))
      handles.push_back({.lever = Lever::Schedule, .signal = i});
  if (direction == Trend::Up ? policy.pause.scale_up : policy.pause.scale_down)
    handles.push_back({.lever = Lever::Pause});
  if (policy.mode != Mode::Automatic) handles.push_back({.lever = Lever::Mode});
  if (direction == Trend::Up && situation.observation.grant)
    handles.push_back({.lever = Lever::Grant});
  return handles;
}

void pull(Situation& situation, Trend direction, const Handle& handle, double amount) {
  auto& policy = situation.policy;
  switch (handle.lever) {
    case Lever::Signal:
    case Lever::Data: return set_value(situation, handle.signal, amount);
    case Lever::Readiness: return ready_all(situation);
    case Lever::Bound:
      (direction == Trend::Up ? policy.max_replicas : policy.min_replicas) =
          static_cast<std::int32_t>(amount);
      return;
    case Lever::Window:
      rules_of(situation, direction).stabilization_window_seconds = static_cast<int>(amount);
      return;
    case Lever::Rates:
      rules_of(situation, direction).policies.clear();
      rules_of(situation, direction).select_policy = SelectPolicy::Max;
      return;
    case Lever::Tolerance: return tolerate_at_most(situation, direction, amount);
    case Lever::IdleTime:
      policy.scale_to_zero.idle_after_seconds = static_cast<int>(amount);
      return;
    case Lever::Grace: policy.scale_to_zero.grace_seconds = 0; return;
    case Lever::Forecast: policy.forecast = ForecastMode::Shadow; return;
    case Lever::KeepAlive: policy.scale_to_zero.keep_alive = KeepAlive::Fixed; return;
    case Lever::Schedule: return silence(policy.schedule[handle.signal]);
    case Lever::Pause: return unpause(situation, direction);
    case Lever::Mode: policy.mode = Mode::Automatic; return;
    case Lever::Grant: situation.observation.grant.reset(); return;
    case Lever::Wait: return;
  }
}

std::optional<int> rounds_until_move(const Situation& situation, Trend direction) {
  auto later = situation;
  const auto current = situation.observation.target.spec_replicas;
  const auto rounds = rounds_to_look(situation.policy, situation.now);
  for (int round = 0; round <= rounds; ++round) {
    const auto outcome = later.decide();
    const auto desired = outcome.decision.desired;
    if (direction == Trend::Up ? desired > current : desired < current) return round;
    if (desired != current) return std::nullopt;  // it moves the other way first
    later.memory = outcome.memory;
    later.now += Seconds(situation.policy.interval_seconds);
  }
  return std::nullopt;
}

Situation after_rounds(Situation situation, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    situation.memory = situation.decide().memory;
    situation.now += Seconds(situation.policy.interval_seconds);
  }
  return situation;
}

std::string told(const Situation& situation, Trend direction, const Handle& handle, double amount,
                 bool beyond) {
  switch (handle.lever) {
    case Lever::Signal:
    case Lever::Data: return told_signal(situation, direction, handle, amount, beyond);
    case Lever::Readiness:
      return fmt::format("every replica would have to be ready ({} of {} are)",
                         situation.observation.target.pods.ready,
                         situation.observation.target.spec_replicas);
    case Lever::Wait:
      return fmt::format("{:.0f} s would have to pass with everything as it is ({})", amount,
                         holding_step(situation, direction));
    case Lever::Bound:
    case Lever::Window:
    case Lever::Rates:
    case Lever::Tolerance:
    case Lever::IdleTime:
    case Lever::Grace:
    case Lever::Forecast:
    case Lever::KeepAlive:
    case Lever::Schedule:
    case Lever::Pause:
    case Lever::Mode:
    case Lever::Grant: break;
  }
  return told_setting(situation, direction, handle, amount, beyond);
}

}  // namespace poolscaler::explain
