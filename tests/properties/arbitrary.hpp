// Arbitrary policies, observations and histories for the laws, and a small world in which decisions
// are carried out.
#pragma once

#include <vector>

#include "poolscaler/engine/decide.hpp"

namespace poolscaler::laws {

/// The parts of a policy that a law may have to rule out.
struct Scope {
  bool may_lower_blindly = true;  // fallback Static and AtMost, onMissing Zero, `??` in a formula
  bool per_replica_only = false;  // no formula either
  bool rising_only = false;  // no formula that falls while a signal rises
  bool may_pause = true;  // pauses, and rates that forbid a direction or are slow
};

[[nodiscard]] ScalingPolicy arbitrary_policy(const Scope& scope = {});
/// A window that means something, near the time that worlds begin at.
[[nodiscard]] Window arbitrary_window(std::int32_t max_replicas);
[[nodiscard]] std::vector<Window> arbitrary_schedule(std::int32_t max_replicas);
[[nodiscard]] SignalReading arbitrary_reading();
[[nodiscard]] SignalReading arbitrary_value();
/// Of `replicas` asked for, some ready, some not.
[[nodiscard]] Observation arbitrary_observation(const ScalingPolicy& policy, std::int32_t replicas,
                                                Instant now);
/// Steps forward as rounds do, and now and then a jump, backward too.
[[nodiscard]] Instant arbitrary_next(Instant now, bool may_jump);

/// What decisions did to a target over some rounds.
struct World {
  std::int32_t replicas;
  Memory memory{};
  Instant now{Seconds{1'800'000'000}};
  int writes = 0;

  /// Decides on `observation` at `now` and carries it out.
  Decision decide(const Observation& observation, const ScalingPolicy& policy);
};

/// A world with some rounds of arbitrary past.
[[nodiscard]] World arbitrary_past(const ScalingPolicy& policy, bool may_jump);

/// Rounds with the same values, every replica ready at once.
void live_steadily(World& world, const ScalingPolicy& policy,
                   const std::vector<SignalReading>& readings, int rounds);
[[nodiscard]] Observation settled_observation(const World& world,
                                              const std::vector<SignalReading>& readings);

/// More of one signal, and no fewer replicas.
void assert_monotone_in_demand(const ScalingPolicy& policy, const World& world);

}  // namespace poolscaler::laws
