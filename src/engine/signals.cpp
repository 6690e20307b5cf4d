// Stage 1: each reading becomes a wish. Only Value and Zero are measured; the policy says what
// stands in for any other state, and without its word such a signal blocks scale-down.

#include <algorithm>
#include <cmath>

#include "arithmetic.hpp"
#include "deliberation.hpp"
#include "numbers.hpp"
#include "poolscaler/base/text.hpp"
#include "supply.hpp"

namespace poolscaler::engine {
namespace {

// Of a reading's detail, which may quote a server.
constexpr std::size_t detail_bytes_max = 200;

Reason missing_reason(SignalState state) {
  switch (state) {
    case SignalState::Absent: return Reason::MetricAbsent;
    case SignalState::NotANumber: return Reason::MetricNotANumber;
    case SignalState::Stale: return Reason::MetricStale;
    case SignalState::Partial: return Reason::MetricPartial;
    case SignalState::Value:
    case SignalState::Zero:
    case SignalState::Error: break;
  }
  return Reason::MetricError;
}

/// One signal on its way from a reading to a wish.
struct Measurement {
  const Signal& signal;
  const SignalReading& reading;
  SignalState state;
  double demand;  // the value, negative ones as 0
};

Tolerance tolerance_of(const Signal& signal, const Behavior& behavior) {
  return {.up = signal.tolerance_up.value_or(behavior.scale_up.tolerance),
          .down = signal.tolerance_down.value_or(behavior.scale_down.tolerance)};
}

Proposal proposal_of(const Measurement& m, const Deliberation& d) {
  const auto tolerance = tolerance_of(m.signal, d.policy.behavior);
  const auto size = size_of(d);
  switch (m.signal.target_type) {
    case TargetType::PerReplica:
      return average_value_target(m.demand, m.signal.target, d.current, tolerance);
    case TargetType::Total:
      return guard_supply(value_target(m.demand, m.signal.target, size, tolerance), m.demand, size);
    case TargetType::Utilization:
      // No size stands behind a utilization at zero, so it can wake one replica and no more.
      if (d.current <= 0) return {.replicas = 1, .ratio = 0, .tolerated = false};
      return guard_supply(utilization_target(m.demand, m.signal.target, size, tolerance), 1, size);
  }
  return {.replicas = d.current, .ratio = 1, .tolerated = false};
}

void write_arithmetic(Numbers& text, const Measurement& m, const Deliberation& d) {
  if (m.reading.value < 0) text << m.reading.value << " counts as ";
  switch (m.signal.target_type) {
    case TargetType::PerReplica:
      text << m.demand << " / " << m.signal.target << " per replica";
      break;
    case TargetType::Total:
      text << m.demand << " of " << m.signal.target << " in total";
      break;
    case TargetType::Utilization:
      text << m.demand * 100 << " % of " << m.signal.target * 100 << " %";
      break;
  }
  if (m.signal.target_type != TargetType::PerReplica && d.current > 0)
    text << " x " << d.observation.target.pods.ready << " ready";
}

Wish measured_wish(const Measurement& m, Deliberation& d) {
  const bool active = m.reading.value > m.signal.activation_above;
  auto proposal = proposal_of(m, d);
  Numbers text;
  write_arithmetic(text, m, d);
  if (active) proposal.replicas = std::max(proposal.replicas, 1);
  if (d.current <= 0 && !active) {
    proposal.replicas = 0;
    text << ", not above " << m.signal.activation_above;
  } else if (proposal.tolerated) {
    text << ", ratio " << proposal.ratio << " is tolerated";
  }
  text << " = " << proposal.replicas;
  const auto needed = proposal.tolerated ? proposal.untolerated.value_or(proposal.replicas)
                                         : proposal.replicas;
  const auto hold = proposal.tolerated ? Reason::WithinTolerance : Reason::AtTarget;
  d.decision.explanation.steps.push_back(
      {.stage = "signal",
       .subject = m.signal.name,
       .before = d.current,
       .after = proposal.replicas,
       .reason = d.towards(proposal.replicas, hold),
       .numbers = text.text()});
  return {.standing = Standing::Counts,
          .replicas = proposal.replicas,
          .needed = needed,
          .active = active,
          .hold = hold};
}

/// Static and AtMost may lower, since the policy says so in so many words; but a guess never brings
/// a running target to zero.
std::int32_t fallback_replicas(const Fallback& fallback, std::int32_t current) {
  const auto lowest = current > 0 ? 1 : 0;
  switch (fallback.behavior) {
    case FallbackBehavior::Static: return std::max(fallback.replicas, lowest);
    case FallbackBehavior::AtLeast: return std::max(fallback.replicas, current);
    case FallbackBehavior::AtMost: return std::clamp(fallback.replicas, lowest, current);
  }
  return current;
}

std::string_view name_of(FallbackBehavior behavior) {
  switch (behavior) {
    case FallbackBehavior::Static: return "Static";
    case FallbackBehavior::AtLeast: return "AtLeast";
    case FallbackBehavior::AtMost: return "AtMost";
  }
  return "";
}

/// The fallback stands in at once when the signal asks for it (onMissing: Fallback), otherwise when
/// this signal has been without data for the fallback's time.
bool fallback_acts(const Signal& signal, const ScalingPolicy& policy, Millis unusable_for) {
  return policy.fallback && (signal.on_missing == OnMissing::Fallback ||
                             unusable_for >= Seconds(policy.fallback->after_seconds));
}

Wish missing_wish(const Measurement& m, Deliberation& d, std::optional<Instant>& since) {
  Wish wish{.standing = Standing::Blocks,
            .replicas = d.current,
            .active = false,
            .hold = missing_reason(m.state)};
  Numbers text;
  text << poolscaler::name_of(m.state);
  if (!m.reading.detail.empty()) text << " (" << capped(m.reading.detail, detail_bytes_max) << ")";
  if (m.signal.on_missing == OnMissing::Zero) {
    since.reset();
    wish = {.standing = Standing::Counts, .replicas = 0, .active = false, .hold = Reason::AtTarget};
    text << " counts as 0, since onMissing is Zero";
  } else if (d.current <= 0 && m.signal.target_type == TargetType::Utilization) {
    since.reset();
    wish = {.standing = Standing::Mute, .replicas = 0, .active = false, .hold = Reason::AtTarget};
    text << ", as it must be without replicas";
  } else {
    if (!since) since = d.now;
    const auto unusable_for = d.now - *since;
    text << " for " << unusable_for;
    if (fallback_acts(m.signal, d.policy, unusable_for)) {
      const auto& fallback = *d.policy.fallback;
      const auto replicas = fallback_replicas(fallback, d.current);
      wish = {.standing = Standing::Fallback,
              .replicas = replicas,
              .active = replicas > 0,
              .hold = Reason::FallbackActive};
      text << ", fallback " << name_of(fallback.behavior) << " " << fallback.replicas << " = "
           << replicas;
    }
  }
  d.decision.explanation.steps.push_back({.stage = "signal",
                                          .subject = m.signal.name,
                                          .before = d.current,
                                          .after = wish.replicas,
                                          .reason = wish.standing == Standing::Fallback
                                                        ? Reason::FallbackActive
                                                        : missing_reason(m.state),
                                          .numbers = text.text()});
  return wish;
}

}  // namespace

void wish_by_signals(Deliberation& d) {
  auto& unusable_since = d.memory.unusable_since;
  unusable_since.resize(d.policy.signals.size());
  for (std::size_t i = 0; i < d.policy.signals.size(); ++i) {
    const auto& reading = d.observation.signals[i];
    auto state = reading.state;
    if (is_usable(state) && !std::isfinite(reading.value)) state = SignalState::NotANumber;
    const Measurement m{.signal = d.policy.signals[i],
                        .reading = reading,
                        .state = state,
                        .demand = std::max(reading.value, 0.0)};
    if (is_usable(state)) unusable_since[i].reset();
    const auto wish =
        is_usable(state) ? measured_wish(m, d) : missing_wish(m, d, unusable_since[i]);
    d.wishes.push_back(wish);
    d.decision.active = d.decision.active || wish.active;
    d.decision.fallback_active =
        d.decision.fallback_active || wish.standing == Standing::Fallback;
    d.decision.signals.push_back({.state = state,
                                  .value = is_usable(state) ? reading.value : 0,
                                  .replicas = wish.replicas,
                                  .active = wish.active,
                                  .fallback = wish.standing == Standing::Fallback});
  }
}

}  // namespace poolscaler::engine
