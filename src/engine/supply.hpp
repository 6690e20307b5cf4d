// Supply: replicas that were asked for and do not work yet are on their way, so they are neither
// asked for twice nor taken for a lack of load.
#pragma once

#include "arithmetic.hpp"
#include "deliberation.hpp"

namespace poolscaler::engine {

[[nodiscard]] Size size_of(const Deliberation& d);

/// Whether some replica is starting. One that has not become ready for twice the learned cold
/// start (p90), and for ten minutes at least, is not starting but broken; and one that cannot be
/// scheduled is not starting at all.
[[nodiscard]] bool is_starting(const Deliberation& d);

/// Corrects what HPA's arithmetic proposes while replicas are not ready: it multiplies by the ready
/// ones alone, so too much load could shrink a target that is growing, and too little could raise
/// one that is shrinking. With no replica ready and some demand there is nothing to judge by.
[[nodiscard]] Proposal guard_supply(Proposal proposal, double demand, const Size& size);

}  // namespace poolscaler::engine
