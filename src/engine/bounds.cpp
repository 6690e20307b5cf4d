// minReplicas and maxReplicas, as the schedule has moved them. A target that stands outside of them
// is brought back at once, past behavior and whatever the metrics say, as HPA does; the next
// decision goes on from there.

#include <algorithm>

#include "deliberation.hpp"
#include "numbers.hpp"
#include "poolscaler/engine/schedule.hpp"

namespace poolscaler::engine {
namespace {

std::string words_of(const Deliberation& d, const Bound& bound) {
  Numbers text(d.telling);
  text << (bound.held == Reason::PreWarming ? "opens soon: " : "is open: ")
       << engine::words_of(*bound.window);
  if (bound.held == Reason::ScheduleCeiling && bound.replicas < d.policy.min_replicas)
    text << ", below minReplicas " << d.policy.min_replicas;
  return text.text();
}

void bring_back(Deliberation& d, const Bound& bound) {
  d.propose("bounds", bound.replicas, bound.crossed,
            (Numbers(d.telling) << d.current << " is outside " << d.policy.min_replicas << ".."
                       << d.policy.max_replicas)
                .text());
  d.cause = bound.crossed;
  d.out_of_bounds = true;
  d.limit = d.number == d.asked ? std::nullopt : std::optional(bound.crossed);
}

void clamp_to(Deliberation& d, const Bound& bound, std::string_view field) {
  auto numbers = bound.window ? words_of(d, bound)
                              : (Numbers(d.telling) << field << " " << bound.replicas).text();
  d.propose(bound.window ? "schedule" : "bounds", bound.replicas, bound.held, std::move(numbers),
            bound.subject());
  d.limit = bound.held;
}

/// Whatever the signals say, a window that leaves one number alone is why it stays.
void hold_pinned(Deliberation& d, const Bound& bound, std::int32_t unbound) {
  if (d.number == unbound)
    d.propose("schedule", d.number, bound.held, words_of(d, bound), bound.subject());
  d.hold = bound.held;
}

}  // namespace

void keep_in_bounds(Deliberation& d) {
  const auto& lowest = d.lowest;
  const auto& highest = d.highest;
  const auto unbound = d.number;
  if (d.current < lowest.replicas && !lowest.window) return bring_back(d, lowest);
  if (d.current > highest.replicas && !highest.window) return bring_back(d, highest);
  if (d.number > highest.replicas) clamp_to(d, highest, "maxReplicas");
  if (d.number < lowest.replicas) clamp_to(d, lowest, "minReplicas");
  // A window brings the target as far as its own number at once; further it goes by the rates.
  if (d.current < lowest.replicas && d.number == lowest.replicas) d.cause = lowest.crossed;
  if (d.current > highest.replicas && d.number == highest.replicas) d.cause = highest.crossed;
  if (lowest.replicas == highest.replicas && lowest.window) hold_pinned(d, lowest, unbound);
}

}  // namespace poolscaler::engine
