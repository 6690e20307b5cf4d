// Laws of what is learned: cold starts and idle times never make a decision less safe.

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "arbitrary.hpp"
#include "poolscaler/engine/cold_start.hpp"

namespace poolscaler::laws {
namespace {

ScalingPolicy learning_policy(const Scope& scope = {}) {
  auto policy = arbitrary_policy(scope);
  policy.scale_to_zero.keep_alive = KeepAlive::Learned;
  return policy;
}

/// A past in which loads came and went, so that something was learned.
World experienced(const ScalingPolicy& policy) {
  World world{.replicas = *rc::gen::inRange(0, 5)};
  const auto waves = *rc::gen::inRange(0, 8);
  for (int wave = 0; wave < waves; ++wave)
    for (const double value : {*rc::gen::inRange(1, 300) / 1.0, 0.0})
      live_steadily(world, policy,
                    std::vector<SignalReading>(
                        policy.signals.size(),
                        {.state = value == 0 ? SignalState::Zero : SignalState::Value,
                         .value = value}),
                    *rc::gen::inRange(1, 12));
  return world;
}

RC_GTEST_PROP(Learning, OnlyEverKeepsReplicas, ()) {
  const auto policy = learning_policy();
  const auto world = experienced(policy);
  auto fixed = policy;
  fixed.scale_to_zero.keep_alive = KeepAlive::Fixed;
  const auto observation = arbitrary_observation(policy, world.replicas, world.now);
  const auto learned = engine::decide(observation, policy, world.memory, world.now).decision;
  const auto plain = engine::decide(observation, fixed, world.memory, world.now).decision;
  RC_LOG() << learned.explanation.line() << "\n" << plain.explanation.line() << "\n";
  RC_ASSERT(learned.desired >= plain.desired);
  if (learned.desired > learned.current) RC_ASSERT(learned.desired == plain.desired);
}

RC_GTEST_PROP(Learning, IsMonotoneInDemand, ()) {
  // A fallback that may lower is the owner's word against keeping alive, and whether it decides
  // depends on the demand that the other signals have.
  const auto policy = learning_policy({.may_lower_blindly = false, .rising_only = true});
  assert_monotone_in_demand(policy, experienced(policy));
}

RC_GTEST_PROP(Learning, LetsGoInTheEnd, ()) {
  auto policy = learning_policy({.per_replica_only = true, .may_pause = false});
  policy.min_replicas = 0;
  auto world = experienced(policy);
  const std::vector<SignalReading> none(policy.signals.size(), {.state = SignalState::Zero});
  // The dearest miss of arbitrary_policy is worth 300 s, and a cold start 300 s at most.
  live_steadily(world, policy, none, 3000 / policy.interval_seconds + 200);
  RC_ASSERT(world.replicas == 0);
}

RC_GTEST_PROP(Learning, TakesNothingFromMissingData, ()) {
  auto policy = learning_policy({.may_lower_blindly = false});
  policy.fallback.reset();
  auto world = experienced(policy);
  const auto before = world.memory.keep_alive;
  const auto rounds = *rc::gen::inRange(1, 30);
  for (int i = 0; i < rounds; ++i) {
    world.now += Seconds(policy.interval_seconds);
    auto observation = arbitrary_observation(policy, std::max(world.replicas, 1), world.now);
    observation.signals[0] = {.state = SignalState::Absent};
    const auto decision = world.decide(observation, policy);
    if (decision.reason != Reason::AboveMaximum) RC_ASSERT(decision.desired >= decision.current);
  }
  RC_ASSERT(world.memory.keep_alive.layers == before.layers);
}

RC_GTEST_PROP(Learning, StaysBoundedUnderAnyClock, ()) {
  const auto policy = learning_policy();
  auto world = arbitrary_past(policy, true);
  const auto rounds = *rc::gen::inRange(1, 100);
  for (int i = 0; i < rounds; ++i) {
    world.now = arbitrary_next(world.now, true);
    static_cast<void>(
        world.decide(arbitrary_observation(policy, world.replicas, world.now), policy));
    const auto& memory = world.memory;
    RC_ASSERT(memory.keep_alive.clock >= Millis{0});
    RC_ASSERT(memory.keep_alive.needs.size() <= memory_entries_max);
    RC_ASSERT(std::ranges::is_sorted(memory.keep_alive.needs, std::greater{},
                                     &KeepAliveMemory::Need::replicas));
    RC_ASSERT(memory.keep_alive.layers.size() <= 125U);
    RC_ASSERT(memory.cold_starts.asked.size() <= 32U);
    RC_ASSERT(memory.cold_starts.samples <= cold_starts_max);
    RC_ASSERT(!memory.woken_at || *memory.woken_at <= world.now);
    for (const auto sample : engine::samples_of(memory.cold_starts))
      RC_ASSERT(sample >= Millis{100} && sample <= Seconds(3600));
  }
}

}  // namespace
}  // namespace poolscaler::laws
