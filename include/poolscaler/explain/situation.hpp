// Situation: the inputs of one decision, so that it can be taken again, and taken otherwise.
#pragma once

#include "poolscaler/engine/decide.hpp"

namespace poolscaler::explain {

struct Situation {
  ScalingPolicy policy;
  Observation observation;
  Memory memory{};
  Instant now;

  [[nodiscard]] engine::Outcome decide() const {
    return engine::decide(observation, policy, memory, now);
  }
};

}  // namespace poolscaler::explain
