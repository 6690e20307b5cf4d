// Stage 1: each reading becomes a wish. Only Value and Zero are measured; the policy says what
// stands in for any other state, and without its word such a signal blocks scale-down.

#include <algorithm>
#include <cmath>

#include "arithmetic.hpp"
#include "deliberation.hpp"
#include "numbers.hpp"
#include "pod_usage.hpp"
#include "poolscaler/base/text.hpp"
#include "steps.hpp"
#include "supply.hpp"

namespace poolscaler::engine {
namespace {

// Of a reading's detail, which may quote a server.
constexpr std::size_t detail_bytes_max = 200;

/// One signal on its way from a reading to a wish.
struct Measurement {
  const Signal& signal;
  SignalState state;
  double value;             // as it was measured; meaningful when the state is usable
  double demand;            // the same, negative ones as 0
  std::string_view detail;  // why the state is not usable
  std::optional<PodProposal> of_pods{};
};

bool reads_pods(const Signal& signal) { return std::holds_alternative<PodResource>(signal.query); }

/// Whether there is nothing to measure without replicas.
bool needs_replicas(const Signal& signal) {
  return signal.target_type == TargetType::Utilization || reads_pods(signal);
}

std::string_view words_for(PodUsageGap gap) {
  switch (gap) {
    case PodUsageGap::None: return "";
    case PodUsageGap::NothingMeasured: return "no pod has been measured";
    case PodUsageGap::NothingCounts:
      return "only pods that are starting, ending or gone have been measured";
    case PodUsageGap::RequestMissing:
      return "a container requests none of the resource: set resources.requests, or use a target "
             "of type PerReplica";
    case PodUsageGap::NoRequests: return "the measured pods request none of the resource";
  }
  return "";
}

SignalState state_of(PodUsageGap gap) {
  const bool absent = gap == PodUsageGap::NothingMeasured || gap == PodUsageGap::NothingCounts;
  return absent ? SignalState::Absent : SignalState::Error;
}

/// The usage of the pods becomes one value, and what it asks for is known with it.
void measure_pods(Measurement& m, const SignalReading& reading, const Deliberation& d) {
  const PodsMeasured pods{.pods = reading.pods,
                          .resource = std::get<PodResource>(m.signal.query).resource,
                          .now = d.now};
  const auto tolerance = tolerance_of(m.signal, d.policy.behavior);
  const bool by_request = m.signal.target_type == TargetType::Utilization;
  m.of_pods = by_request
                  ? resource_utilization(pods, in_percent(m.signal.target), d.current, tolerance)
                  : pods_average_value(pods, in_milli(std::max(m.signal.target, 0.001)), d.current,
                                       tolerance);
  if (m.of_pods->gap != PodUsageGap::None) {
    m.state = state_of(m.of_pods->gap);
    m.detail = words_for(m.of_pods->gap);
    return;
  }
  m.value = by_request ? m.of_pods->utilization_percent / 100.0
                       : static_cast<double>(m.of_pods->average_milli) / 1000;
  m.demand = std::max(m.value, 0.0);
  m.state = m.value == 0 ? SignalState::Zero : SignalState::Value;
}

Measurement measured(const Signal& signal, const SignalReading& reading, const Deliberation& d) {
  Measurement m{.signal = signal,
                .state = reading.state,
                .value = reading.value,
                .demand = std::max(reading.value, 0.0),
                .detail = reading.detail};
  // At zero the pods that are still there are leaving: what they use asks for nothing.
  if (reads_pods(signal) && d.current <= 0) m.state = SignalState::Absent;
  if (!is_usable(m.state)) return m;
  // Without single pods the value is the average over the ready ones, as of any utilization.
  if (reads_pods(signal) && !reading.pods.empty()) {
    measure_pods(m, reading, d);
  } else if (!std::isfinite(m.value)) {
    m.state = SignalState::NotANumber;
  }
  return m;
}

Proposal proposal_of(const Measurement& m, const Deliberation& d) {
  const auto tolerance = tolerance_of(m.signal, d.policy.behavior);
  const auto size = size_of(d);
  const Proposal unchanged{.replicas = d.current, .ratio = 1, .tolerated = false};
  const auto type = m.signal.target_type;
  if (m.of_pods && (type == TargetType::Utilization || type == TargetType::PerReplica))
    return guard_supply(m.of_pods->proposal, 1, size);
  switch (m.signal.target_type) {
    case TargetType::PerReplica:
      if (reads_pods(m.signal))
        return guard_supply(value_target(m.demand, m.signal.target, size, tolerance), 1, size);
      return average_value_target(m.demand, m.signal.target, d.current, tolerance);
    case TargetType::Total:
      return guard_supply(value_target(m.demand, m.signal.target, size, tolerance), m.demand, size);
    case TargetType::Utilization:
      // No size stands behind a utilization at zero, so it can wake one replica and no more.
      if (d.current <= 0) return {.replicas = 1, .ratio = 0, .tolerated = false};
      return guard_supply(utilization_target(m.demand, m.signal.target, size, tolerance), 1, size);
    case TargetType::Steps:
      return {.replicas = stepped(m.signal, step_for(m.signal, m.demand), d),
              .ratio = 1,
              .tolerated = false};
    case TargetType::None: return unchanged;
  }
  return unchanged;
}

void write_arithmetic(Numbers& text, const Measurement& m, const Deliberation& d) {
  // A formula reads the value as it is, a target is measured against none below 0.
  if (m.value < 0 && m.signal.target_type != TargetType::None) text << m.value << " counts as ";
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
    case TargetType::Steps:
      text << m.demand << " " << text_of(m.signal, step_for(m.signal, m.demand));
      return;
    case TargetType::None: text << m.value << " for the formula"; return;
  }
  if (m.of_pods) {
    text << " over " << m.of_pods->counted << " pods";
  } else if (m.signal.target_type != TargetType::PerReplica && d.current > 0) {
    text << " x " << d.observation.target.pods.ready << " ready";
  }
}

Wish measured_wish(const Measurement& m, Deliberation& d) {
  const bool active = m.value > m.signal.activation_above;
  auto proposal = proposal_of(m, d);
  Numbers text(d.telling);
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
  const auto hold = proposal.tolerated ? Reason::WithinTolerance
                    : m.signal.target_type == TargetType::None ? Reason::ReadByFormula
                                                               : Reason::AtTarget;
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
  auto reason = missing_reason(m.state);
  Numbers text(d.telling);
  text << poolscaler::name_of(m.state);
  if (!m.detail.empty()) text << " (" << capped(m.detail, detail_bytes_max) << ")";
  // Of a series that is not there alone: an answer that failed is no zero.
  if (m.signal.on_missing == OnMissing::Zero && m.state == SignalState::Absent) {
    since.reset();
    wish = {.standing = Standing::Counts, .replicas = 0, .active = false, .hold = Reason::AtTarget};
    reason = Reason::AbsentIsZero;
    text << " counts as 0, since onMissing is Zero";
  } else if (d.current <= 0 && needs_replicas(m.signal)) {
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
      reason = Reason::FallbackActive;
      text << ", fallback " << name_of(fallback.behavior) << " " << fallback.replicas << " = "
           << replicas;
    }
  }
  d.decision.explanation.steps.push_back({.stage = "signal",
                                          .subject = m.signal.name,
                                          .before = d.current,
                                          .after = wish.replicas,
                                          .reason = reason,
                                          .numbers = text.text()});
  return wish;
}

}  // namespace

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

std::int32_t fallback_replicas(const Fallback& fallback, std::int32_t current) {
  const auto lowest = current > 0 ? 1 : 0;
  switch (fallback.behavior) {
    case FallbackBehavior::Static: return std::max(fallback.replicas, lowest);
    case FallbackBehavior::AtLeast: return std::max(fallback.replicas, current);
    case FallbackBehavior::AtMost: return std::clamp(fallback.replicas, lowest, current);
  }
  return current;
}

void wish_by_signals(Deliberation& d) {
  auto& unusable_since = d.memory.unusable_since;
  unusable_since.resize(d.policy.signals.size() + (d.policy.formula ? 1 : 0));
  for (std::size_t i = 0; i < d.policy.signals.size(); ++i) {
    const auto m = measured(d.policy.signals[i], d.observation.signals[i], d);
    if (is_usable(m.state)) unusable_since[i].reset();
    const auto wish =
        is_usable(m.state) ? measured_wish(m, d) : missing_wish(m, d, unusable_since[i]);
    d.wishes.push_back(wish);
    d.decision.active = d.decision.active || wish.active;
    d.decision.fallback_active =
        d.decision.fallback_active || wish.standing == Standing::Fallback;
    d.decision.signals.push_back({.state = m.state,
                                  .value = is_usable(m.state) ? m.value : 0,
                                  .replicas = wish.replicas,
                                  .active = wish.active,
                                  .fallback = wish.standing == Standing::Fallback,
                                  .detail = m.of_pods ? std::string(m.detail) : std::string()});
  }
}

}  // namespace poolscaler::engine
