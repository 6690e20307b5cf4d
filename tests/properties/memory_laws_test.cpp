// Laws of what is remembered: bounded, replayable, restartable, and sane under any clock.

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "arbitrary.hpp"
#include "support/restarted.hpp"

namespace poolscaler::laws {
namespace {

RC_GTEST_PROP(Memory, IsBoundedAndHoldsNoFuture, ()) {
  auto policy = arbitrary_policy();
  policy.behavior.scale_up.stabilization_window_seconds = 3600;
  policy.behavior.scale_down.stabilization_window_seconds = 3600;
  World world{.replicas = *rc::gen::inRange(0, 15)};
  const auto rounds = *rc::gen::inRange(1, 200);
  Millis idle{0};
  for (int i = 0; i < rounds; ++i) {
    world.now = arbitrary_next(world.now, true);
    static_cast<void>(
        world.decide(arbitrary_observation(policy, world.replicas, world.now), policy));
    const auto& memory = world.memory;
    RC_ASSERT(memory.idle - idle <= 2 * Seconds(policy.interval_seconds));
    idle = memory.idle;
    for (const auto* list : {&memory.recommendations, &memory.scale_ups, &memory.scale_downs}) {
      RC_ASSERT(list->size() <= memory_entries_max);
      RC_ASSERT(std::ranges::is_sorted(*list, {}, &TimedReplicas::at));
      RC_ASSERT(std::ranges::all_of(*list, [&](const auto& e) { return e.at <= world.now; }));
    }
    RC_ASSERT(memory.idle >= Millis{0});
    RC_ASSERT(memory.unusable_since.size() ==
              policy.signals.size() + (policy.formula ? 1 : 0));
  }
}

class SteadySlope : public testing::TestWithParam<bool> {};

TEST_P(SteadySlope, LeavesMemoryBounded) {
  const bool rises = GetParam();
  const ScalingPolicy policy{
      .target = {},
      .interval_seconds = 5,
      .min_replicas = 0,
      .max_replicas = 2'000'000,
      .signals = {{.name = "queue",
                   .source = "s",
                   .query = MetricSelector{.metric = "m"},
                   .target_type = TargetType::PerReplica,
                   .target = 1}},
      .behavior = {.scale_up = {.stabilization_window_seconds = 86'400,
                                .policies = {{RatePolicyType::Pods, 1, 1800}}},
                   .scale_down = {.stabilization_window_seconds = 86'400,
                                  .policies = {{RatePolicyType::Pods, 1, 1800}}}}};
  World world{.replicas = 1000};
  for (int i = 0; i < 2000; ++i) {
    const double value = rises ? 1000 + i : 3000 - i;
    live_steadily(world, policy, {{.state = SignalState::Value, .value = value}}, 1);
    ASSERT_LE(world.memory.recommendations.size(), memory_entries_max);
    ASSERT_LE(world.memory.scale_ups.size(), memory_entries_max);
  }
}

INSTANTIATE_TEST_SUITE_P(Memory, SteadySlope, testing::Bool());

RC_GTEST_PROP(Memory, ReplaysToTheSameDecisions, ()) {
  const auto policy = arbitrary_policy();
  World first{.replicas = *rc::gen::inRange(0, 15)};
  World second = first;
  for (int i = 0; i < 20; ++i) {
    const auto observation = arbitrary_observation(policy, first.replicas, first.now);
    const auto one = first.decide(observation, policy);
    const auto other = second.decide(observation, policy);
    RC_ASSERT(one.desired == other.desired);
    RC_ASSERT(one.reason == other.reason);
    RC_ASSERT(one.explanation.line() == other.explanation.line());
    RC_ASSERT(first.memory == second.memory);
    first.now = second.now = arbitrary_next(first.now, true);
  }
}

RC_GTEST_PROP(Restart, AtAnyStepLeadsToTheSameEnd, ()) {
  auto policy = arbitrary_policy({.per_replica_only = true, .may_pause = false});
  // Within a tolerance a target may come to rest at several sizes, and rates that count from
  // another moment lead to another of them.
  policy.behavior.scale_up.tolerance = policy.behavior.scale_down.tolerance = 0;
  for (auto& signal : policy.signals) signal.tolerance_up = signal.tolerance_down = std::nullopt;
  auto steady = arbitrary_past(policy, false);
  std::vector<SignalReading> readings;
  for (std::size_t i = 0; i < policy.signals.size(); ++i) readings.push_back(arbitrary_value());
  auto restarted = steady;
  const auto before = *rc::gen::inRange(0, 60);
  live_steadily(restarted, policy, readings, before);
  restarted.memory = after_restart(restarted.memory, restarted.now);
  // The dearest miss of arbitrary_policy is worth 300 s, and a cold start 300 s at most: no idle
  // time that is learned from that outlasts this.
  const auto after = 600 + 3000 / policy.interval_seconds;
  live_steadily(restarted, policy, readings, after);
  live_steadily(steady, policy, readings, after + before);
  RC_ASSERT(restarted.replicas == steady.replicas);
}

/// What is learned is kept, and when replicas were needed last: none goes earlier for a restart.
RC_GTEST_PROP(Restart, LetsGoOfNothingEarlier, ()) {
  auto policy = arbitrary_policy({.per_replica_only = true, .may_pause = false});
  policy.behavior.scale_up.tolerance = policy.behavior.scale_down.tolerance = 0;
  for (auto& signal : policy.signals) signal.tolerance_up = signal.tolerance_down = std::nullopt;
  policy.scale_to_zero.keep_alive = KeepAlive::Learned;
  // A window that holds growth may end a round before the idle time for the one, and a round after
  // it for the other: they would let go at one time, but of unlike sizes, one step after another.
  policy.behavior.scale_up.stabilization_window_seconds = 0;
  auto steady = arbitrary_past(policy, false);
  std::vector<SignalReading> readings;
  for (std::size_t i = 0; i < policy.signals.size(); ++i) readings.push_back(arbitrary_value());
  live_steadily(steady, policy, readings, *rc::gen::inRange(0, 60));
  auto restarted = steady;
  restarted.memory = after_restart(restarted.memory, restarted.now);
  const auto size = steady.replicas;  // to which a window may hold growth, too
  for (int i = 0; i < 60; ++i) {
    live_steadily(restarted, policy, readings, 1);
    live_steadily(steady, policy, readings, 1);
    RC_ASSERT(restarted.replicas >= std::min(steady.replicas, size));
  }
}

RC_GTEST_PROP(Restart, NeverShrinksBeforeAWholeWindow, ()) {
  auto policy = arbitrary_policy({.may_pause = false});
  policy.max_replicas = 100;
  auto world = arbitrary_past(policy, false);
  world.memory = *rc::gen::arbitrary<bool>() ? Memory{} : after_restart(world.memory, world.now);
  const auto started = world.now;
  const auto window = policy.behavior.scale_down.stabilization_window_seconds;
  while (world.now - started < Seconds(window)) {
    const auto decision =
        world.decide(arbitrary_observation(policy, world.replicas, world.now), policy);
    RC_ASSERT(decision.desired >= decision.current);
    world.now += Seconds(policy.interval_seconds);
  }
}

RC_GTEST_PROP(Zero, IsReachedOnlyByAWholeIdleTimeOfFreshData, ()) {
  auto policy = arbitrary_policy({.may_lower_blindly = false});
  policy.min_replicas = 0;
  World world{.replicas = *rc::gen::inRange(1, 5)};
  std::optional<Instant> inactive_since;
  for (int i = 0; i < 60; ++i) {
    const auto current = world.replicas;
    auto observation = arbitrary_observation(policy, current, world.now);
    if (*rc::gen::inRange(0, 8) != 0)
      for (auto& reading : observation.signals) reading = {.state = SignalState::Zero};
    const auto decision = world.decide(observation, policy);
    const bool inactive = std::ranges::all_of(decision.signals, [](const auto& signal) {
      return is_usable(signal.state) && !signal.active;
    });
    if (inactive && !inactive_since) inactive_since = world.now;
    if (decision.active) inactive_since.reset();
    if (decision.desired == 0 && current > 0) {
      RC_ASSERT(inactive);
      RC_ASSERT(world.now - *inactive_since >=
                Seconds(policy.scale_to_zero.idle_after_seconds));
    }
    if (world.replicas == 0) world.replicas = 1;
    world.now = arbitrary_next(world.now, false);
  }
}

/// A clock that jumps, whichever way, neither lowers a size that the demand still asks for nor
/// takes one above what is asked for: the time itself asks for nothing.
RC_GTEST_PROP(Clock, AJumpChangesNoSizeThatIsAskedFor, ()) {
  const auto policy = arbitrary_policy({.per_replica_only = true, .may_pause = false});
  auto world = arbitrary_past(policy, false);
  std::vector<SignalReading> readings;
  for (std::size_t i = 0; i < policy.signals.size(); ++i) readings.push_back(arbitrary_value());
  live_steadily(world, policy, readings, 600);
  const auto settled = world.replicas;
  for (int i = 0; i < 20; ++i) {
    world.now += Seconds(*rc::gen::inRange(-100'000, 100'000));
    live_steadily(world, policy, readings, *rc::gen::inRange(0, 5));
    RC_ASSERT(world.replicas == settled);
  }
}

RC_GTEST_PROP(Digest, DecidesTheSame, ()) {
  const auto policy = arbitrary_policy();
  auto whole = arbitrary_past(policy, false);
  auto reduced = whole;
  for (int i = 0; i < 30; ++i) {
    reduced.memory.recommendations = engine::digest(reduced.memory.recommendations);
    const auto observation = arbitrary_observation(policy, whole.replicas, whole.now);
    const auto one = whole.decide(observation, policy);
    const auto other = reduced.decide(observation, policy);
    RC_ASSERT(one.desired == other.desired);
    RC_ASSERT(one.reason == other.reason);
    whole.now = reduced.now = arbitrary_next(whole.now, false);
  }
}

}  // namespace
}  // namespace poolscaler::laws
