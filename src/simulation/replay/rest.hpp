// Rest: nothing is asked for and nothing moves, so that each further round of a policy would decide
// the same and only make its memory older. A replay passes over such rounds.
#pragma once

#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::replay {

/// After a round that came to `decision` and `memory`. REQUIRES: no signal can rise of itself.
[[nodiscard]] bool is_at_rest(const Observation& observation, const ScalingPolicy& policy,
                              const Decision& decision, const Memory& memory);

/// What `memory` would be after more of them, the last one at `last`.
void rest(Memory& memory, Instant last);

}  // namespace poolscaler::replay
