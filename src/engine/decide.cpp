#include "poolscaler/engine/decide.hpp"

#include "deliberation.hpp"

namespace poolscaler::engine {
namespace {

// The order is the published precedence read backwards: what stands later has the last word.
Outcome concluded(Deliberation d) {
  take_up_memory(d);
  look_at_windows(d);
  follow_starts(d);
  wish_by_signals(d);
  combine_wishes(d);
  learn_needs(d);
  judge_zero(d);
  look_ahead(d);
  keep_alive(d);
  stabilize(d);
  keep_in_bounds(d);
  limit_rate(d);
  keep_to_grant(d);
  settle(d);
  remember_scaling(d);
  return {.decision = std::move(d.decision), .memory = std::move(d.memory)};
}

}  // namespace

Outcome decide(const Observation& observation, const ScalingPolicy& policy, const Memory& memory,
               Instant now) {
  return concluded({observation, policy, memory, now, Telling::InFull});
}

Outcome decide_without_words(const Observation& observation, const ScalingPolicy& policy,
                             Memory memory, Instant now) {
  return concluded({observation, policy, std::move(memory), now, Telling::WithoutWords});
}

}  // namespace poolscaler::engine
