// Supply: replicas that were asked for and do not work yet are on their way, so they are neither
// asked for twice nor taken for a lack of load.
#pragma once

#include "arithmetic.hpp"
#include "deliberation.hpp"

namespace poolscaler::engine {

/// How long a replica that is not ready counts as starting. Until cold starts are measured: what
/// pulling a large image and loading a large model take.
inline constexpr Seconds starting_at_most{300};

[[nodiscard]] Size size_of(const Deliberation& d);

/// Whether some replica is starting. One that has not become ready for `starting_at_most` is not
/// starting but broken, and one that cannot be scheduled is not starting at all.
[[nodiscard]] bool is_starting(const Deliberation& d);

/// Corrects what HPA's arithmetic proposes while replicas are not ready: it multiplies by the ready
/// ones alone, so too much load could shrink a target that is growing, and too little could raise
/// one that is shrinking. With no replica ready and some demand there is nothing to judge by.
[[nodiscard]] Proposal guard_supply(Proposal proposal, double demand, const Size& size);

}  // namespace poolscaler::engine
