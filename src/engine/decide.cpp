#include "poolscaler/engine/decide.hpp"

namespace poolscaler::engine {

Outcome decide(const Observation& observation, const ScalingPolicy&, const Memory& memory,
               Instant) {
  Outcome outcome{.decision = {.action = Hold{}, .reason = Reason::AtTarget}, .memory = memory};
  outcome.decision.current = observation.target.spec_replicas;
  return outcome;
}

Memory without_write(const Outcome&, const Memory& before) { return before; }

}  // namespace poolscaler::engine
