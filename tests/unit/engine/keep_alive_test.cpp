// keepAlive: Learned at its corners; the stories in tests/scenarios show the rule itself.
#include "keep_alive.hpp"

#include <algorithm>

#include <gmock/gmock.h>

#include "gaps.hpp"
#include "poolscaler/engine/decide.hpp"
#include "support/restarted.hpp"
#include "unit/engine/moment.hpp"

namespace poolscaler::engine {
namespace {

/// A target whose replicas are ready at once, looked at every 15 s.
class KeepAliveTest : public testing::Test {
 protected:
  KeepAliveTest() {
    policy_.behavior.scale_up.policies = {{RatePolicyType::Pods, 1000, 15}};
    policy_.behavior.scale_down.stabilization_window_seconds = 0;
    policy_.scale_to_zero = {.idle_after_seconds = 30,
                             .keep_alive = KeepAlive::Learned,
                             .replica_seconds_per_miss = 300,
                             .expected_cold_start_seconds = 20};
  }

  Decision look(SignalReading reading) {
    now_ += Seconds(15);
    const Observation observation{.target = {.uid = "a",
                                             .spec_replicas = replicas_,
                                             .status_replicas = replicas_,
                                             .pods = {.ready = replicas_},
                                             .created = start - Seconds(86'400)},
                                  .policy_created = start - Seconds(86'400),
                                  .signals = {std::move(reading)}};
    auto outcome = decide(observation, policy_, memory_, now_);
    memory_ = std::move(outcome.memory);
    replicas_ = outcome.decision.desired;
    return outcome.decision;
  }
  Decision need(double wanted) {
    return look({.state = wanted == 0 ? SignalState::Zero : SignalState::Value, .value = wanted});
  }
  /// Gaps of `rounds` rounds between needs of `high`, while `low` are needed throughout.
  void pulse(int times, double high, double low, int rounds) {
    for (int i = 0; i < times; ++i) {
      need(high);
      for (int round = 1; round < rounds; ++round) need(low);
    }
    need(high);
  }
  [[nodiscard]] int gaps_of(std::size_t layer) const {
    const auto& layers = memory_.keep_alive.layers;
    return layer <= layers.size() ? layers[layer - 1].gaps : 0;
  }

  ScalingPolicy policy_{.target = {},
                        .min_replicas = 0,
                        .max_replicas = 1000,
                        .signals = {{.name = "queue",
                                     .source = "prometheus",
                                     .query = MetricSelector{.metric = "queue"},
                                     .target_type = TargetType::PerReplica,
                                     .target = 1}}};
  Memory memory_;
  Instant now_ = start;
  std::int32_t replicas_ = 0;
};

TEST_F(KeepAliveTest, IsFixedUntilThreeGapsWereSeen) {
  need(0);
  pulse(2, 3, 1, 8);
  need(1);
  EXPECT_EQ(replicas_, 3) << "not needed for 15 s of 30 s";
  EXPECT_EQ(need(1).desired, 1);
  pulse(1, 3, 1, 8);  // the third and the fourth gap
  for (int i = 0; i < 7; ++i) EXPECT_EQ(need(1).desired, 3) << "bridges gaps of 120 s";
  for (int i = 0; i < 5; ++i) need(1);
  EXPECT_EQ(replicas_, 1);
}

TEST_F(KeepAliveTest, MeasuresFromTheLastNeedToTheNext) {
  need(0);
  pulse(1, 2, 1, 4);
  EXPECT_EQ(gaps_of(1), 0) << "the first replica was needed all the time";
  ASSERT_EQ(gaps_of(2), 1);
  LayerGaps expected;
  remember_gap(expected, Seconds(60));
  EXPECT_EQ(memory_.keep_alive.layers[1], expected);
}

TEST_F(KeepAliveTest, CountsEveryLayerThatIsNeededAgain) {
  need(0);
  need(5);
  need(2);
  need(0);
  need(0);
  need(4);
  EXPECT_EQ(gaps_of(1), 1);
  EXPECT_EQ(gaps_of(2), 1);
  EXPECT_EQ(gaps_of(3), 1);
  EXPECT_EQ(gaps_of(4), 1);
  EXPECT_EQ(gaps_of(5), 0) << "not needed again";
  LayerGaps shorter;
  remember_gap(shorter, Seconds(45));
  LayerGaps longer;
  remember_gap(longer, Seconds(60));
  EXPECT_EQ(memory_.keep_alive.layers[1], shorter);
  EXPECT_EQ(memory_.keep_alive.layers[2], longer);
}

TEST_F(KeepAliveTest, TakesMissingDataForNeitherNeedNorGap) {
  need(0);
  need(2);
  need(1);
  for (int i = 0; i < 50; ++i) look({.state = SignalState::Absent});
  need(2);
  LayerGaps expected;
  remember_gap(expected, Seconds(15));
  EXPECT_EQ(memory_.keep_alive.layers[1], expected) << "of 15 s that were seen";
}

TEST_F(KeepAliveTest, MeasuresNothingFromBeforeTheOperatorStarted) {
  replicas_ = 4;
  need(1);
  need(4);
  EXPECT_EQ(gaps_of(4), 0);
  need(1);
  need(4);
  EXPECT_EQ(gaps_of(4), 1);
}

TEST_F(KeepAliveTest, HoldsWhatThereIsForAWholeIdleTimeAfterAStart) {
  replicas_ = 4;
  EXPECT_EQ(need(1).desired, 4);
  EXPECT_EQ(need(1).desired, 4) << "15 s were seen";
  EXPECT_EQ(need(1).desired, 1) << "30 s were seen";
}

TEST_F(KeepAliveTest, DoesNotTakeWhatThereIsForNeeded) {
  need(0);
  need(2);
  replicas_ = 9;  // somebody else scaled
  EXPECT_EQ(need(2).desired, 2);
}

TEST_F(KeepAliveTest, LearnsFromTheNeedAndNotFromTheTolerance) {
  policy_.signals[0].tolerance_down = 0.5;
  need(0);
  pulse(3, 10, 8, 4);
  EXPECT_EQ(gaps_of(9), 3);
  EXPECT_EQ(replicas_, 10);
}

TEST_F(KeepAliveTest, KeepsTheHighestLayerThatIsNotOverAndAllBelow) {
  need(0);
  need(3);
  need(2);
  EXPECT_EQ(need(1).desired, 2) << "the third for 30 s, the second for 15 s";
  EXPECT_EQ(need(1).desired, 1);
}

TEST_F(KeepAliveTest, SaysWhichReplicaIsKeptAndForHowLong) {
  need(0);
  need(3);
  const auto decision = need(1);
  EXPECT_EQ(decision.reason, Reason::KeptAlive);
  EXPECT_THAT(decision.explanation.line(),
              testing::HasSubstr("replica 3 was needed 15 s ago, is kept for 30 s"));
}

TEST_F(KeepAliveTest, LetsAFallbackLower) {
  policy_.fallback = Fallback{
      .after_seconds = 0, .replicas = 1, .behavior = FallbackBehavior::Static};
  need(0);
  need(5);
  EXPECT_EQ(look({.state = SignalState::Error}).desired, 1);
}

TEST_F(KeepAliveTest, StaysAsItWasWithLearnedGapsButAnotherMode) {
  need(0);
  pulse(6, 3, 1, 8);
  policy_.scale_to_zero.keep_alive = KeepAlive::Fixed;
  EXPECT_EQ(need(1).desired, 1);
  EXPECT_EQ(memory_.keep_alive, KeepAliveMemory{}) << "what is not used is not kept";
}

TEST_F(KeepAliveTest, CountsOnAfterARestart) {
  need(0);
  pulse(6, 3, 1, 60);  // gaps of 900 s, which are bridged: a miss costs 320 s, and 900 s are paid
  policy_.scale_to_zero.replica_seconds_per_miss = 3000;
  need(1);
  for (int i = 0; i < 40; ++i) need(1);
  ASSERT_EQ(replicas_, 3) << "not needed for 615 s";
  memory_ = after_restart(memory_, now_);
  int rounds = 0;
  while (replicas_ == 3 && rounds < 200) {
    need(1);
    ++rounds;
  }
  // A gap of 900 s lies between 861 s and 1024 s: this is how long is waited for it in all.
  EXPECT_NEAR(41 + rounds, 1024 / 15, 2);
}

TEST_F(KeepAliveTest, KeepsForAWhileAfterARestart) {
  need(0);
  pulse(6, 3, 1, 60);
  policy_.scale_to_zero.replica_seconds_per_miss = 3000;
  need(1);
  memory_ = after_restart(memory_, now_);
  now_ += std::chrono::hours(10);  // in which nobody looked
  for (int i = 0; i < 20; ++i) EXPECT_EQ(need(1).desired, 3) << i;
  EXPECT_LT(need(1).desired, 3) << "300 s have been seen";
}

TEST_F(KeepAliveTest, KeepsWhatARestartFindsBeyondWhatWasTold) {
  need(0);
  need(3);
  memory_ = after_restart(memory_, now_);
  replicas_ = 7;
  EXPECT_EQ(need(1).desired, 7);
  need(1);
  EXPECT_EQ(need(1).desired, 1) << "all of them for the idle time, 30 s";
}

TEST_F(KeepAliveTest, MeasuresNoGapAcrossARestart) {
  need(0);
  pulse(3, 3, 1, 8);
  need(1);
  const auto before = gaps_of(3);
  memory_ = after_restart(memory_, now_);
  need(3);
  EXPECT_EQ(gaps_of(3), before);
}

TEST_F(KeepAliveTest, TellsOfFewNeedsAndFoldsThemToLongerOnes) {
  for (int i = 40; i > 0; --i) need(i);
  const auto told = last_needs(memory_.keep_alive, now_);
  ASSERT_EQ(told.size(), told_needs_max);
  EXPECT_EQ(told.front().replicas, 40);
  EXPECT_EQ(told.front().at, now_ - Seconds(15) * 15) << "later than the truth, 39 rounds ago";
  EXPECT_EQ(told.back(), (TimedReplicas{now_, 1}));
  need(1);
  const auto later = last_needs(memory_.keep_alive, now_);
  EXPECT_TRUE(std::equal(told.begin(), told.end() - 1, later.begin()))
      << "while nothing is needed anew, only the last entry moves";
}

TEST_F(KeepAliveTest, StaysBounded) {
  policy_.max_replicas = 1000;
  for (int i = 1000; i > 0; --i) {
    need(i);
    ASSERT_LE(memory_.keep_alive.needs.size(), memory_entries_max);
  }
  for (int i = 1; i <= 1000; i += 50) need(i);
  EXPECT_LE(memory_.keep_alive.layers.size(), 125U);
}

TEST_F(KeepAliveTest, OfTheFirstReplicaIsTheIdleTime) {
  policy_.scale_to_zero.idle_after_seconds = 0;
  need(0);
  pulse(6, 1, 0, 8);  // gaps of 120 s
  need(0);
  const auto decision = need(0);
  EXPECT_EQ(decision.desired, 1);
  EXPECT_EQ(decision.reason, Reason::IdleCountdown);
  EXPECT_THAT(decision.explanation.line(), testing::HasSubstr("(learned from 6 gaps)"));
}

}  // namespace
}  // namespace poolscaler::engine
