// The last word: pause stands above everything that the signals, limits and bounds came to, and
// mode Recommend above the write alone. Here the action and its reason are settled.

#include "deliberation.hpp"
#include "numbers.hpp"

namespace poolscaler::engine {
namespace {

/// The number as it is written in mode Automatic, with the pauses of one direction.
void obey_pause(Deliberation& d) {
  if (d.number > d.current && d.policy.pause.scale_up)
    d.limit_to("pause", d.current, Reason::ScaleUpPaused, "pause.scaleUp is set");
  if (d.number < d.current && d.policy.pause.scale_down)
    d.limit_to("pause", d.current, Reason::ScaleDownPaused, "pause.scaleDown is set");
}

Reason reason_of(const Deliberation& d) {
  if (d.number == d.current) return d.limit.value_or(d.hold);
  if (d.cause) return *d.cause;
  if (d.current == 0) return Reason::WokenFromZero;
  if (d.number == 0) return Reason::IdleToZero;
  return d.towards(d.number, d.hold);
}

void withhold(Deliberation& d, Reason reason) {
  d.propose("mode", d.current, reason,
            (Numbers(d.telling) << text_of(reason) << ": " << d.decision.recommended
                                << " otherwise")
                .text());
  d.limit = reason;
}

}  // namespace

void settle(Deliberation& d) {
  obey_pause(d);
  auto& decision = d.decision;
  decision.recommended = d.number;
  decision.reason = reason_of(d);
  if (d.policy.mode == Mode::Paused) decision.reason = Reason::Paused;
  if (d.policy.mode != Mode::Automatic && d.number != d.current) {
    if (d.policy.mode == Mode::Recommend) decision.reason = Reason::Recommending;
    withhold(d, decision.reason);
  }
  decision.desired = d.number;
  if (d.number != d.current) decision.action = ScaleTo{.replicas = d.number};
  if (d.number != d.asked) decision.limited = d.limit;
  if (d.unpaid) decision.limited = d.unpaid;
}

}  // namespace poolscaler::engine
