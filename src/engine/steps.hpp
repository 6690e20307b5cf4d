// Step scaling: the value chooses a step, and the step says how many replicas, or how many more or
// fewer than there are.
#pragma once

#include <cstdint>

#include "deliberation.hpp"

namespace poolscaler::engine {

/// The step that holds for `value`; nullptr below the lowest one.
[[nodiscard]] const ScalingStep* step_for(const Signal& signal, double value);

/// What the step asks for. Steps that add count from the replicas that work already: those that are
/// still starting, or cannot be scheduled, are what an earlier round added. Below the lowest step
/// nothing changes, or, with StepKind::Replicas, nothing is needed. A percentage adds or removes at
/// least one.
[[nodiscard]] std::int32_t stepped(const Signal& signal, const ScalingStep* step,
                                   const Deliberation& d);

/// "adds 2", "removes 50 %", "asks for 4".
[[nodiscard]] std::string text_of(const Signal& signal, const ScalingStep* step);

}  // namespace poolscaler::engine
