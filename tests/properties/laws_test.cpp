// Laws of single decisions, whatever came before them.

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "arbitrary.hpp"

namespace poolscaler::laws {
namespace {

bool changes(const Decision& decision) { return std::holds_alternative<ScaleTo>(decision.action); }

RC_GTEST_PROP(Decision, StaysWithinBounds, ()) {
  const auto policy = arbitrary_policy();
  auto world = arbitrary_past(policy, true);
  const auto decision =
      world.decide(arbitrary_observation(policy, world.replicas, world.now), policy);
  RC_ASSERT(decision.desired >= 0);
  if (changes(decision)) {
    RC_ASSERT(decision.desired >= policy.min_replicas);
    RC_ASSERT(decision.desired <= policy.max_replicas);
    RC_ASSERT(decision.desired != decision.current);
  } else {
    RC_ASSERT(decision.desired == decision.current);
  }
  RC_ASSERT(decision.recommended == decision.desired);
}

RC_GTEST_PROP(Decision, IsMonotoneInDemand, ()) {
  const auto policy = arbitrary_policy({.rising_only = true});
  assert_monotone_in_demand(policy, arbitrary_past(policy, true));
}

RC_GTEST_PROP(Decision, NeverLowersOnMissingData, ()) {
  const auto policy = arbitrary_policy({.may_lower_blindly = false});
  auto world = arbitrary_past(policy, true);
  auto observation = arbitrary_observation(policy, world.replicas, world.now);
  const auto missing = *rc::gen::inRange(std::size_t{0}, policy.signals.size());
  observation.signals[missing] = {
      .state = *rc::gen::element(SignalState::Absent, SignalState::NotANumber, SignalState::Stale,
                                 SignalState::Partial, SignalState::Error)};
  const auto decision = world.decide(observation, policy);
  RC_LOG() << decision.explanation.line() << "\n";
  if (decision.reason != Reason::AboveMaximum) RC_ASSERT(decision.desired >= decision.current);
}

RC_GTEST_PROP(Decision, NamesMissingDataAsTheReasonToStay, ()) {
  const auto policy = arbitrary_policy({.may_lower_blindly = false, .may_pause = false});
  auto world = arbitrary_past(policy, false);
  auto observation = arbitrary_observation(policy, world.replicas, world.now);
  for (auto& reading : observation.signals) reading = {.state = SignalState::Error};
  const auto decision = world.decide(observation, policy);
  if (decision.current > 0 && !changes(decision) && !decision.fallback_active)
    RC_ASSERT(decision.reason == Reason::MetricError);
}

RC_GTEST_PROP(Decision, DoesNotDependOnTheOrderOfSignals, ()) {
  auto policy = arbitrary_policy();
  const World world{.replicas = *rc::gen::inRange(0, 15)};
  auto observation = arbitrary_observation(policy, world.replicas, world.now);
  const auto straight = engine::decide(observation, policy, world.memory, world.now).decision;
  std::ranges::reverse(policy.signals);
  std::ranges::reverse(observation.signals);
  if (policy.formula)
    for (auto& signal : policy.formula->signal_of_operand)
      signal = policy.signals.size() - 1 - signal;
  const auto reversed = engine::decide(observation, policy, world.memory, world.now).decision;
  RC_ASSERT(straight.desired == reversed.desired);
  RC_ASSERT(straight.active == reversed.active);
}

RC_GTEST_PROP(Decision, IsTheSameInRecommendAndInPausedMode, ()) {
  auto policy = arbitrary_policy();
  const auto world = arbitrary_past(policy, true);
  const auto observation = arbitrary_observation(policy, world.replicas, world.now);
  const auto automatic = engine::decide(observation, policy, world.memory, world.now);
  for (const auto mode : {Mode::Recommend, Mode::Paused}) {
    policy.mode = mode;
    const auto other = engine::decide(observation, policy, world.memory, world.now);
    RC_ASSERT(other.decision.recommended == automatic.decision.desired);
    RC_ASSERT(!changes(other.decision));
    RC_ASSERT(other.decision.desired == observation.target.spec_replicas);
    RC_ASSERT(engine::without_write(other, world.memory) ==
              engine::without_write(automatic, world.memory));
  }
}

RC_GTEST_PROP(Decision, IsTheSameWithoutWords, ()) {
  const auto policy = arbitrary_policy();
  const auto world = arbitrary_past(policy, true);
  const auto observation = arbitrary_observation(policy, world.replicas, world.now);
  const auto [told, memory] = engine::decide(observation, policy, world.memory, world.now);
  const auto silent =
      engine::decide_without_words(observation, policy, world.memory, world.now);
  RC_ASSERT(silent.memory == memory);
  RC_ASSERT(silent.decision.action == told.action);
  RC_ASSERT(silent.decision.reason == told.reason);
  RC_ASSERT(silent.decision.recommended == told.recommended);
  RC_ASSERT(silent.decision.limited == told.limited);
  const auto& steps = silent.decision.explanation.steps;
  RC_ASSERT(std::ranges::equal(steps, told.explanation.steps, [](const Step& a, const Step& b) {
    return a.stage == b.stage && a.subject == b.subject && a.before == b.before &&
           a.after == b.after && a.reason == b.reason;
  }));
}

RC_GTEST_PROP(Decision, ExplainsItself, ()) {
  const auto policy = arbitrary_policy();
  auto world = arbitrary_past(policy, true);
  const auto decision =
      world.decide(arbitrary_observation(policy, world.replicas, world.now), policy);
  RC_ASSERT(!decision.explanation.line().empty());
  RC_ASSERT(decision.explanation.steps.back().after == decision.desired ||
            decision.signals.size() == 1);
  RC_ASSERT(decision.signals.size() == policy.signals.size());
  RC_ASSERT(!text_of(decision.reason).empty());
}

RC_GTEST_PROP(Decision, ReachesAFixedPointUnderSteadyDemand, ()) {
  const auto policy = arbitrary_policy({.per_replica_only = true, .may_pause = false});
  auto world = arbitrary_past(policy, false);
  std::vector<SignalReading> readings;
  for (std::size_t i = 0; i < policy.signals.size(); ++i) readings.push_back(arbitrary_value());
  live_steadily(world, policy, readings, 600);
  const auto writes = world.writes;
  live_steadily(world, policy, readings, 50);
  RC_ASSERT(world.writes == writes);
}

}  // namespace
}  // namespace poolscaler::laws
