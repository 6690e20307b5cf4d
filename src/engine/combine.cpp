// Stage 2: the wishes become one number. A signal without data may not lower it: its wish, were it
// known, might be any.

#include <algorithm>

#include "deliberation.hpp"
#include "numbers.hpp"

namespace poolscaler::engine {
namespace {

const Wish* decisive_wish(const Deliberation& d) {
  const Wish* decisive = nullptr;
  for (const auto& wish : d.wishes) {
    if (wish.standing != Standing::Counts && wish.standing != Standing::Fallback) continue;
    const bool further = decisive == nullptr || (d.policy.combine == Combine::Max
                                                     ? wish.replicas > decisive->replicas
                                                     : wish.replicas < decisive->replicas);
    if (further) decisive = &wish;
  }
  return decisive;
}

/// A fallback AtLeast is a floor, also where the least of the wishes decides.
const Wish* raised_by_fallback(const Deliberation& d, const Wish* decisive) {
  if (!d.policy.fallback || d.policy.fallback->behavior != FallbackBehavior::AtLeast)
    return decisive;
  for (const auto& wish : d.wishes)
    if (wish.standing == Standing::Fallback && wish.replicas > decisive->replicas)
      decisive = &wish;
  return decisive;
}

/// Why the target stays as it is when the signals ask for just that.
Reason hold_reason(const Deliberation& d, Reason signals_hold) {
  if (d.current == 0) return Reason::ScaledToZero;
  const bool settled =
      signals_hold == Reason::AtTarget || signals_hold == Reason::WithinTolerance;
  const bool short_of_ready = d.observation.target.pods.ready < d.current;
  return settled && short_of_ready ? Reason::WaitingForCapacity : signals_hold;
}

/// Without signals nothing is asked for: the bounds alone, and so the windows, decide.
void ask_for_the_least(Deliberation& d) {
  d.hold = Reason::OutsideWindow;
  d.cause = Reason::OutsideWindow;
  d.asked = d.policy.min_replicas;
  d.propose("schedule", d.asked, Reason::OutsideWindow,
            (Numbers() << "no signal asks for more than minReplicas " << d.asked).text());
}

}  // namespace

void combine_wishes(Deliberation& d) {
  if (d.policy.signals.empty()) return ask_for_the_least(d);
  const auto* decisive = decisive_wish(d);
  d.hold = hold_reason(d, Reason::AtTarget);
  if (decisive != nullptr) {
    decisive = raised_by_fallback(d, decisive);
    // Active means at least one, also when another signal of Min asks for none.
    d.number = d.asked = std::max(decisive->replicas, d.decision.active ? 1 : 0);
    d.hold = hold_reason(d, decisive->hold);
    if (decisive->standing == Standing::Fallback) d.cause = Reason::FallbackActive;
    if (d.wishes.size() > 1)
      d.decision.explanation.steps.push_back(
          {.stage = "combine",
           .before = d.current,
           .after = d.number,
           .reason = d.towards(d.number, d.hold),
           .numbers = (Numbers() << (d.policy.combine == Combine::Max ? "most" : "least")
                                 << " of the signals = " << d.number)
                          .text()});
  }
  const auto blocker = std::ranges::find(d.wishes, Standing::Blocks, &Wish::standing);
  if (blocker == d.wishes.end()) return;
  if (d.number < d.current)
    d.limit_to("missing data", d.current, blocker->hold,
               (Numbers() << "missing data never lowers: stays at " << d.current).text());
  d.hold = blocker->hold;
  d.cause = d.number == d.current ? std::nullopt : d.cause;
}

}  // namespace poolscaler::engine
