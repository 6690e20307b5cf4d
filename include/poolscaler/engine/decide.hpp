// decide(): the one door of the engine. Pure: no clock, no log, no socket, no JSON, no randomness.
// Everything it needs arrives as data and everything that it remembers is returned, so the
// operator, the simulator, `explain` and mode Recommend all run this same function.
#pragma once

#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::engine {

struct Outcome {
  Decision decision;
  Memory memory;
};

/// Decides for one policy at `now`. Thread-safe. `observation.signals` has one reading per signal
/// of `policy` (CHECKed). A first call passes a default Memory.
///
/// The memory that is returned takes for granted that a ScaleTo will be written. When the write did
/// not succeed (or was none, in mode Recommend), pass the outcome through `without_write`.
[[nodiscard]] Outcome decide(const Observation& observation, const ScalingPolicy& policy,
                             const Memory& memory, Instant now);

/// The same decision and memory for whoever plays millions of them: takes the memory over, and
/// leaves out the numbers of the steps, which are words for people.
[[nodiscard]] Outcome decide_without_words(const Observation& observation,
                                           const ScalingPolicy& policy, Memory memory,
                                           Instant now);

/// The part of a history of recommendations that can still decide anything: every decision made
/// with the digest equals the one made with the history. Steady demand leaves one entry, so this is
/// what the policy's status keeps over a restart.
[[nodiscard]] std::vector<TimedReplicas> digest(const std::vector<TimedReplicas>& history);

/// When which replicas were needed last, for `KeepAliveMemory::told` of a successor. The times stay
/// as they are while nothing is needed anew, but for the last one. At most told_needs_max: what is
/// folded counts as needed longer, never shorter.
[[nodiscard]] std::vector<TimedReplicas> last_needs(const KeepAliveMemory& memory, Instant now);
/// What a successor makes of it at `now`.
[[nodiscard]] std::vector<KeepAliveMemory::Need> needs_told(const std::vector<TimedReplicas>& told,
                                                            Instant now);

/// The memory as it is when the decision's write did not happen: nothing counts as scaled.
[[nodiscard]] Memory without_write(const Outcome& outcome, const Memory& before);

/// A change of replicas that has been made.
struct Scaling {
  Instant at;
  std::optional<std::int32_t> from;  // nothing when nobody knows any more
  std::int32_t to;
};

/// The memory with a change that no decision of this process made: one that its predecessor wrote
/// and could not tell of. Rate policies count it when its size is known.
[[nodiscard]] Memory with_scaling(Memory memory, const ScalingPolicy& policy,
                                  const Scaling& scaling);

}  // namespace poolscaler::engine
