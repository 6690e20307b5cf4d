// Corners of decide(); the stories in tests/scenarios show the rules themselves.
#include "poolscaler/engine/decide.hpp"

#include <algorithm>
#include <limits>

#include <gmock/gmock.h>

#include "poolscaler/base/check.hpp"
#include "unit/engine/moment.hpp"

namespace poolscaler::engine {
namespace {

constexpr auto most = std::numeric_limits<std::int32_t>::max();

ScalingPolicy queue_policy(std::int32_t min, std::int32_t max) {
  ScalingPolicy policy{.target = {.api_version = "apps/v1", .kind = "Deployment", .name = "web"},
                       .min_replicas = min,
                       .max_replicas = max,
                       .signals = {{.name = "queue",
                                    .source = "prometheus",
                                    .query = MetricSelector{.metric = "queue"},
                                    .target_type = TargetType::PerReplica,
                                    .target = 10}}};
  policy.behavior.scale_up.policies = {{RatePolicyType::Pods, most, 15}};
  policy.behavior.scale_down.stabilization_window_seconds = 0;
  return policy;
}

Observation seen(std::int32_t replicas, SignalReading reading) {
  return {.target = {.uid = "a",
                     .spec_replicas = replicas,
                     .status_replicas = replicas,
                     .pods = {.ready = replicas},
                     .created = start - Seconds(86'400)},
          .policy_created = start - Seconds(86'400),
          .signals = {std::move(reading)}};
}

SignalReading value(double number) { return {.state = SignalState::Value, .value = number}; }

Decision decided(const Observation& observation, const ScalingPolicy& policy) {
  return decide(observation, policy, {}, start).decision;
}

TEST(Decide, SaturatesHugeDemandAtTheMaximum) {
  EXPECT_EQ(decided(seen(1, value(1e300)), queue_policy(0, most)).desired, most);
  EXPECT_EQ(decided(seen(most, value(1e300)), queue_policy(0, most)).desired, most);
  EXPECT_EQ(decided(seen(1, value(1e300)), queue_policy(0, 7)).desired, 7);
}

TEST(Decide, TakesNegativeDemandForZeroAndShowsIt) {
  const auto decision = decided(seen(3, value(-4)), queue_policy(1, 10));
  EXPECT_EQ(decision.desired, 1);
  EXPECT_FALSE(decision.active);
  EXPECT_EQ(decision.signals[0].value, -4);
  EXPECT_THAT(decision.explanation.line(), testing::HasSubstr("-4 counts as 0 / 10"));
}

TEST(Decide, TakesAValueThatIsNoNumberForMissing) {
  for (const double number : {std::numeric_limits<double>::quiet_NaN(),
                              std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity()}) {
    const auto decision = decided(seen(3, value(number)), queue_policy(1, 10));
    EXPECT_EQ(decision.desired, 3);
    EXPECT_EQ(decision.reason, Reason::MetricNotANumber);
    EXPECT_EQ(decision.signals[0].state, SignalState::NotANumber);
  }
}

TEST(Decide, QuotesWhyAReadingIsMissing) {
  const auto decision = decided(
      seen(3, {.state = SignalState::Error, .detail = "connection refused"}), queue_policy(1, 10));
  EXPECT_EQ(decision.explanation.line(), "'queue' Error (connection refused) for 0 s");
}

TEST(Decide, SaysWhatKeepsItFromWhatIsAsked) {
  const auto decision = decided(seen(3, value(90)), queue_policy(1, 5));
  EXPECT_EQ(decision.desired, 5);
  EXPECT_EQ(decision.reason, Reason::SignalAboveTarget);
  EXPECT_EQ(decision.limited, Reason::AtMaximum);
  EXPECT_EQ(decided(seen(3, value(50)), queue_policy(1, 5)).limited, std::nullopt);
}

TEST(Decide, RefusesReadingsThatDoNotFitThePolicy) {
  auto observation = seen(3, value(1));
  observation.signals.clear();
  EXPECT_THROW(decided(observation, queue_policy(1, 5)), InvariantError);
}

TEST(Decide, KeepsSeveralMissingStatesApart) {
  auto policy = queue_policy(1, 10);
  policy.signals.push_back(policy.signals[0]);
  policy.signals[1].name = "latency";
  auto observation = seen(3, {.state = SignalState::Absent});
  observation.signals.push_back({.state = SignalState::Stale});
  EXPECT_EQ(decided(observation, policy).reason, Reason::MetricAbsent);
  observation.signals[0] = value(10);
  EXPECT_EQ(decided(observation, policy).reason, Reason::MetricStale);
  observation.signals[0] = value(60);
  EXPECT_EQ(decided(observation, policy).desired, 6);
}

TEST(Decide, CountsTheFallbackTimeOfEachSignalApart) {
  auto policy = queue_policy(1, 10);
  policy.fallback = Fallback{.after_seconds = 60, .replicas = 8};
  policy.signals.push_back(policy.signals[0]);
  auto observation = seen(3, value(30));
  observation.signals.push_back({.state = SignalState::Error});
  auto outcome = decide(observation, policy, {}, start);
  observation.signals[0] = {.state = SignalState::Error};
  outcome = decide(observation, policy, outcome.memory, start + Seconds(45));
  EXPECT_EQ(outcome.decision.desired, 3);
  observation.signals[1] = value(30);
  outcome = decide(observation, policy, outcome.memory, start + Seconds(75));
  EXPECT_EQ(outcome.decision.desired, 3) << "missing for 30 s, not for 75 s";
  outcome = decide(observation, policy, outcome.memory, start + Seconds(105));
  EXPECT_EQ(outcome.decision.desired, 8);
  EXPECT_EQ(outcome.decision.reason, Reason::FallbackActive);
}

TEST(Decide, LetsNoFallbackBringARunningTargetToZero) {
  auto policy = queue_policy(0, 10);
  policy.scale_to_zero.idle_after_seconds = 0;
  for (const auto behavior : {FallbackBehavior::Static, FallbackBehavior::AtMost}) {
    policy.fallback = Fallback{.after_seconds = 0, .replicas = 0, .behavior = behavior};
    EXPECT_EQ(decided(seen(3, {.state = SignalState::Error}), policy).desired, 1);
  }
}

/// A policy on the cpu of its own pods, and one pod that uses so much of a request of 1000.
ScalingPolicy cpu_policy(TargetType type, double target) {
  auto policy = queue_policy(0, 20);
  policy.signals[0].query = PodResource{.resource = Resource::Cpu};
  policy.signals[0].target_type = type;
  policy.signals[0].target = target;
  return policy;
}

SignalReading pods_using(std::vector<std::int64_t> usages) {
  SignalReading reading{.state = SignalState::Value};
  for (const auto usage : usages)
    reading.pods.push_back({.ready = true,
                            .ready_changed = start - Seconds(3600),
                            .started = start - Seconds(3600),
                            .request_milli = 1000,
                            .usage_milli = usage,
                            .measured = start});
  return reading;
}

TEST(Decide, ReckonsOverSinglePods) {
  const auto half =
      decided(seen(2, pods_using({900, 1100})), cpu_policy(TargetType::Utilization, 0.5));
  EXPECT_EQ(half.desired, 4);
  EXPECT_EQ(half.signals[0].value, 1);
  const auto cores =
      decided(seen(2, pods_using({900, 1100})), cpu_policy(TargetType::PerReplica, 0.25));
  EXPECT_EQ(cores.desired, 8);
  EXPECT_EQ(cores.signals[0].value, 1);
}

TEST(Decide, TakesAValueWithoutPodsForTheirAverage) {
  EXPECT_EQ(decided(seen(2, value(1)), cpu_policy(TargetType::Utilization, 0.5)).desired, 4);
  EXPECT_EQ(decided(seen(2, value(1)), cpu_policy(TargetType::PerReplica, 0.25)).desired, 8);
}

TEST(Decide, SaysWhyPodsCannotBeReckonedOver) {
  auto reading = pods_using({900});
  reading.pods[0].request_milli.reset();
  const auto decision = decided(seen(1, reading), cpu_policy(TargetType::Utilization, 0.5));
  EXPECT_EQ(decision.reason, Reason::MetricError);
  EXPECT_EQ(decision.signals[0].state, SignalState::Error);
  EXPECT_THAT(decision.signals[0].detail, testing::HasSubstr("set resources.requests"));
  reading.pods[0].usage_milli.reset();
  EXPECT_EQ(decided(seen(1, reading), cpu_policy(TargetType::Utilization, 0.5)).reason,
            Reason::MetricAbsent);
}

TEST(Decide, IsNotWokenByPodsThatAreLeaving) {
  const auto decision =
      decided(seen(0, pods_using({900})), cpu_policy(TargetType::Utilization, 0.5));
  EXPECT_EQ(decision.desired, 0);
  EXPECT_EQ(decision.reason, Reason::ScaledToZero);
}

TEST(Decide, NeedsNoUtilizationToStandAtZero) {
  auto policy = queue_policy(0, 10);
  policy.signals[0].target_type = TargetType::Utilization;
  policy.fallback = Fallback{.after_seconds = 0, .replicas = 4};
  const auto decision = decided(seen(0, {.state = SignalState::Absent}), policy);
  EXPECT_EQ(decision.desired, 0);
  EXPECT_EQ(decision.reason, Reason::ScaledToZero);
}

TEST(Decide, HoldsWhileNoReplicaCanBeJudged) {
  auto policy = queue_policy(1, 10);
  for (const auto type : {TargetType::Total, TargetType::Utilization}) {
    policy.signals[0].target_type = type;
    auto observation = seen(4, value(5));
    observation.target.pods = {.ready = 0, .starting = 4};
    const auto decision = decided(observation, policy);
    EXPECT_EQ(decision.desired, 4);
    EXPECT_EQ(decision.reason, Reason::WaitingForCapacity);
  }
}

TEST(Decide, NeverShrinksOnTooMuchLoadNorGrowsOnTooLittle) {
  auto policy = queue_policy(1, 20);
  policy.signals[0].target_type = TargetType::Total;
  auto observation = seen(4, value(15));
  observation.target.pods = {.ready = 1, .starting = 3};
  EXPECT_EQ(decided(observation, policy).desired, 4) << "1.5 x 1 ready is 2";
  observation = seen(4, value(8));
  observation.target.pods = {.ready = 9};
  EXPECT_EQ(decided(observation, policy).desired, 4) << "0.8 x 9 ready is 8";
}

TEST(Decide, WakesPastAPercentageOfNothing) {
  auto policy = queue_policy(0, 10);
  policy.behavior.scale_up.policies = {{RatePolicyType::Percent, 50, 60}};
  const auto decision = decided(seen(0, value(40)), policy);
  EXPECT_EQ(decision.desired, 1);
  EXPECT_EQ(decision.reason, Reason::WokenFromZero);
  EXPECT_EQ(decision.limited, Reason::RateLimited);
}

TEST(Decide, PausesTheWayBackToTheBoundsToo) {
  auto policy = queue_policy(2, 5);
  policy.pause.scale_up = true;
  EXPECT_EQ(decided(seen(0, value(40)), policy).reason, Reason::ScaleUpPaused);
  policy.pause = {.scale_down = true};
  EXPECT_EQ(decided(seen(9, value(40)), policy).reason, Reason::ScaleDownPaused);
}

TEST(WithoutWrite, KeepsWhatWasSeenAndForgetsTheChange) {
  const auto policy = queue_policy(1, 10);
  const auto first = decide(seen(3, value(30)), policy, {}, start);
  const auto second = decide(seen(3, value(90)), policy, first.memory, start + Seconds(15));
  ASSERT_EQ(second.memory.scale_ups.size(), 1U);
  const auto kept = without_write(second, first.memory);
  EXPECT_TRUE(kept.scale_ups.empty());
  EXPECT_EQ(kept.last_scale, std::nullopt);
  EXPECT_EQ(kept.recommendations, second.memory.recommendations);
}

TEST(WithoutWrite, ForgetsAWakeThatWasNotWritten) {
  const auto policy = queue_policy(0, 10);
  const auto woken = decide(seen(0, value(30)), policy, {}, start);
  EXPECT_EQ(woken.memory.woken_at, start);
  EXPECT_EQ(without_write(woken, {}).woken_at, std::nullopt);
}

TEST(WithoutWrite, CarriesNothingOverFromAnotherTarget) {
  const auto policy = queue_policy(1, 10);
  const auto first = decide(seen(3, value(60)), policy, {}, start);
  auto observation = seen(3, value(90));
  observation.target.uid = "b";
  const auto second = decide(observation, policy, first.memory, start + Seconds(15));
  EXPECT_TRUE(without_write(second, first.memory).scale_ups.empty());
}

TEST(Digest, KeepsWhatSomeWindowCanStillSee) {
  const auto at = [](int seconds, std::int32_t replicas) {
    return TimedReplicas{start + Seconds(seconds), replicas};
  };
  EXPECT_THAT(digest({at(0, 5), at(1, 5), at(2, 5)}), testing::ElementsAre(at(2, 5)));
  EXPECT_THAT(digest({at(0, 9), at(1, 4), at(2, 7), at(3, 1), at(4, 5)}),
              testing::ElementsAre(at(0, 9), at(2, 7), at(3, 1), at(4, 5)));
  EXPECT_TRUE(digest({}).empty());
}

TEST(Memory, OfAPolicyWithFewerSignalsForgetsTheRest) {
  auto policy = queue_policy(1, 10);
  Memory memory;
  memory.unusable_since.resize(5, start);
  EXPECT_EQ(decide(seen(3, value(30)), policy, memory, start).memory.unusable_since.size(), 1U);
}

}  // namespace
}  // namespace poolscaler::engine
