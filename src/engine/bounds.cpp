// minReplicas and maxReplicas. A target that stands outside them is brought back at once, whatever
// the metrics say, as HPA does; the next decision goes on from there.

#include <algorithm>

#include "deliberation.hpp"
#include "numbers.hpp"

namespace poolscaler::engine {
namespace {

void bring_back(Deliberation& d, std::int32_t bound, Reason reason) {
  d.propose("bounds", bound, reason,
            (Numbers() << d.current << " is outside " << d.policy.min_replicas << ".."
                       << d.policy.max_replicas)
                .text());
  d.cause = reason;
  d.out_of_bounds = true;
  d.limit = d.number == d.asked ? std::nullopt : std::optional(reason);
}

}  // namespace

void keep_in_bounds(Deliberation& d) {
  const auto lowest = d.policy.min_replicas;
  const auto highest = d.policy.max_replicas;
  if (d.current < lowest) return bring_back(d, lowest, Reason::BelowMinimum);
  if (d.current > highest) return bring_back(d, highest, Reason::AboveMaximum);
  if (d.number > highest)
    d.limit_to("bounds", highest, Reason::AtMaximum,
               (Numbers() << "maxReplicas " << highest).text());
  if (d.number < lowest)
    d.limit_to("bounds", lowest, Reason::AtMinimum,
               (Numbers() << "minReplicas " << lowest).text());
}

}  // namespace poolscaler::engine
