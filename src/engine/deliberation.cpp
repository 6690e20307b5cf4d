#include "deliberation.hpp"

#include "poolscaler/base/check.hpp"

namespace poolscaler::engine {

Deliberation::Deliberation(const Observation& observed, const ScalingPolicy& rules,
                           Memory remembered, Instant at, Telling how)
    : observation(observed),
      policy(rules),
      now(at),
      telling(how),
      current(observed.target.spec_replicas),
      memory(std::move(remembered)),
      decision{.action = Hold{}, .reason = Reason::AtTarget},
      lowest{policy.min_replicas, Reason::AtMinimum, Reason::BelowMinimum},
      highest{policy.max_replicas, Reason::AtMaximum, Reason::AboveMaximum},
      number(current),
      asked(current),
      recommendation(current) {
  CHECK(observed.signals.size() == rules.signals.size(), "one reading per signal");
  decision.current = current;
  decision.signals.reserve(policy.signals.size());
  decision.explanation.steps.reserve(policy.signals.size() + 2);
  wishes.reserve(policy.signals.size());
}

Reason Deliberation::towards(std::int32_t replicas, Reason same) const {
  if (replicas == current) return same;
  return replicas > current ? Reason::SignalAboveTarget : Reason::SignalBelowTarget;
}

void Deliberation::propose(std::string_view stage, std::int32_t after, Reason reason,
                           std::string numbers, std::string subject) {
  decision.explanation.steps.push_back({.stage = stage,
                                        .subject = std::move(subject),
                                        .before = number,
                                        .after = after,
                                        .reason = reason,
                                        .numbers = std::move(numbers)});
  number = after;
}

void Deliberation::limit_to(std::string_view stage, std::int32_t after, Reason reason,
                            std::string numbers) {
  if (after == number) return;
  propose(stage, after, reason, std::move(numbers));
  limit = reason;
}

}  // namespace poolscaler::engine
