// Cold starts as they are measured: what is a sample, and what must not be one.
#include "poolscaler/engine/cold_start.hpp"

#include <gmock/gmock.h>

#include "poolscaler/engine/decide.hpp"
#include "unit/engine/moment.hpp"

namespace poolscaler::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A target of which the test says how many replicas it has and how many are ready.
class ColdStart : public testing::Test {
 protected:
  ColdStart() {
    policy_.behavior.scale_up.policies = {{RatePolicyType::Pods, 100, 15}};
    policy_.behavior.scale_down.stabilization_window_seconds = 0;
  }

  /// Decides `after` the last time, on a demand for `wanted` replicas.
  Decision look(Millis after, PodCounts pods, double wanted) {
    now_ += after;
    Observation observation{.target = {.uid = "a",
                                       .spec_replicas = replicas_,
                                       .status_replicas = replicas_,
                                       .pods = pods,
                                       .created = start - Seconds(86'400)},
                            .policy_created = start - Seconds(86'400)};
    observation.signals = {{.state = SignalState::Value, .value = wanted}};
    auto outcome = decide(observation, policy_, memory_, now_);
    memory_ = std::move(outcome.memory);
    replicas_ = outcome.decision.desired;
    return outcome.decision;
  }
  [[nodiscard]] std::vector<Millis> samples() const { return samples_of(memory_.cold_starts); }

  ScalingPolicy policy_{.target = {},
                        .min_replicas = 0,
                        .max_replicas = 100,
                        .signals = {{.name = "queue",
                                     .source = "prometheus",
                                     .query = MetricSelector{.metric = "queue"},
                                     .target_type = TargetType::PerReplica,
                                     .target = 1,
                                     .tolerance_up = 0,
                                     .tolerance_down = 0}}};
  Memory memory_;
  Instant now_ = start;
  std::int32_t replicas_ = 0;
};

TEST_F(ColdStart, IsTheTimeFromTheWriteToReadiness) {
  look(Seconds(0), {}, 1);
  look(Seconds(15), {.starting = 1}, 1);
  EXPECT_THAT(samples(), IsEmpty());
  look(Seconds(15), {.ready = 1, .latest_ready = start + Millis(22'350)}, 1);
  EXPECT_THAT(samples(), ElementsAre(Millis(22'300))) << "whole tenths of a second";
}

TEST_F(ColdStart, IsTheRoundThatSeesItWhereTheMomentIsNotKnown) {
  look(Seconds(0), {}, 1);
  look(Seconds(15), {.starting = 1}, 1);
  look(Seconds(15), {.ready = 1}, 1);
  EXPECT_THAT(samples(), ElementsAre(Seconds(30)));
}

TEST_F(ColdStart, TakesNoMomentBeforeItWasAskedForNorInTheFuture) {
  look(Seconds(0), {}, 2);
  look(Seconds(15), {.ready = 1, .starting = 1, .latest_ready = start - Seconds(5)}, 2);
  look(Seconds(15), {.ready = 2, .latest_ready = start + Seconds(31)}, 2);
  EXPECT_THAT(samples(), ElementsAre(Seconds(15), Seconds(30)));
}

TEST_F(ColdStart, OfFurtherReplicasCountsInTheOrderInWhichTheyWereAskedFor) {
  look(Seconds(0), {}, 1);
  look(Seconds(15), {.starting = 1}, 3);
  look(Seconds(15), {.ready = 1, .starting = 2}, 3);
  look(Seconds(15), {.ready = 3}, 3);
  EXPECT_THAT(samples(), ElementsAre(Seconds(30), Seconds(30), Seconds(30)));
}

TEST_F(ColdStart, OfAReplicaThatWasWithdrawnIsNone) {
  look(Seconds(0), {}, 1);
  look(Seconds(15), {.ready = 1}, 3);
  look(Seconds(15), {.ready = 1, .starting = 2}, 1);
  look(Seconds(15), {.ready = 1}, 1);
  EXPECT_THAT(samples(), ElementsAre(Seconds(15)));
  look(Seconds(15), {.ready = 1}, 2);
  look(Seconds(15), {.ready = 2}, 2);
  EXPECT_THAT(samples(), ElementsAre(Seconds(15), Seconds(15))) << "it goes on afterwards";
}

TEST_F(ColdStart, OfWhatCouldNotBeScheduledIsNone) {
  look(Seconds(0), {}, 1);
  look(Seconds(15), {.unschedulable = 1}, 1);
  look(Seconds(15), {.starting = 1}, 1);
  look(Seconds(15), {.ready = 1}, 1);
  EXPECT_THAT(samples(), IsEmpty());
}

TEST_F(ColdStart, OfWhatCrashedOnTheWayIsNone) {
  look(Seconds(0), {}, 1);
  look(Seconds(15), {.starting = 1, .restarting = 1}, 1);
  look(Seconds(15), {.starting = 1}, 1);
  look(Seconds(15), {.ready = 1}, 1);
  EXPECT_THAT(samples(), IsEmpty());
}

TEST_F(ColdStart, IsNoneWhenOneThatWorkedFailsMeanwhile) {
  replicas_ = 2;
  look(Seconds(0), {.ready = 2}, 3);
  look(Seconds(15), {.ready = 1, .starting = 2}, 3);
  look(Seconds(15), {.ready = 2, .starting = 1}, 3);
  look(Seconds(15), {.ready = 3}, 3);
  EXPECT_THAT(samples(), IsEmpty());
}

TEST_F(ColdStart, OfReplicasThatWereThereBeforeIsNone) {
  replicas_ = 3;
  look(Seconds(0), {.ready = 1, .starting = 2}, 3);
  look(Seconds(15), {.ready = 3}, 3);
  EXPECT_THAT(samples(), IsEmpty());
}

TEST_F(ColdStart, IsNoneWhenNobodyLookedForMoreThanTwoRounds) {
  look(Seconds(0), {}, 1);
  look(Seconds(30), {.starting = 1}, 1);
  const auto before = memory_;
  look(Seconds(30), {.ready = 1}, 1);
  EXPECT_THAT(samples(), ElementsAre(Seconds(60)));
  memory_ = before;
  look(Millis(1), {.ready = 1}, 1);
  EXPECT_THAT(samples(), IsEmpty());
}

TEST_F(ColdStart, IsNoneWhenTheClockWentBack) {
  look(Seconds(0), {}, 1);
  look(Seconds(15), {.starting = 1}, 1);
  look(Seconds(-10), {.starting = 1}, 1);
  look(Seconds(15), {.ready = 1}, 1);
  EXPECT_THAT(samples(), IsEmpty());
}

TEST_F(ColdStart, IsNoneBeyondAnHour) {
  policy_.interval_seconds = 300;
  look(Seconds(0), {}, 2);
  for (int i = 0; i < 11; ++i) look(Seconds(300), {.starting = 2}, 2);
  look(Seconds(300), {.ready = 1, .starting = 1}, 2);
  EXPECT_THAT(samples(), ElementsAre(Seconds(3600)));
  look(Seconds(300), {.ready = 2}, 2);
  EXPECT_THAT(samples(), ElementsAre(Seconds(3600)));
}

TEST_F(ColdStart, IsMeasuredWhenSomebodyElseScales) {
  policy_.mode = Mode::Recommend;
  replicas_ = 1;
  look(Seconds(0), {.ready = 1}, 1);
  replicas_ = 2;
  look(Seconds(15), {.ready = 1, .starting = 1}, 2);
  look(Seconds(15), {.ready = 2}, 2);
  EXPECT_THAT(samples(), ElementsAre(Seconds(15)));
}

TEST_F(ColdStart, FollowsOnlySoManyAsks) {
  policy_.interval_seconds = 300;
  for (int i = 1; i <= 40; ++i) {
    look(Seconds(15), {.starting = replicas_}, i);
    ASSERT_LE(memory_.cold_starts.asked.size(), 32U);
  }
}

TEST_F(ColdStart, MakesTheNextWakeKnown) {
  look(Seconds(0), {}, 1);
  EXPECT_EQ(memory_.woken_at, start) << "before the replicas are seen: a restart may lie between";
  look(Seconds(15), {.starting = 1}, 1);
  EXPECT_EQ(memory_.woken_at, start);
  look(Seconds(15), {.ready = 1}, 4);
  EXPECT_EQ(memory_.woken_at, start) << "only the step from zero is a wake";
  replicas_ = 0;
  look(Seconds(15), {}, 0);
  EXPECT_EQ(memory_.woken_at, std::nullopt);
}

ColdStarts taken(const std::vector<int>& seconds) {
  std::vector<Millis> samples;
  for (const auto one : seconds) samples.emplace_back(Seconds(one));
  return cold_starts_from(samples);
}

TEST(ColdStartEstimate, TrustsFiveSamples) {
  const auto four = expected_cold_start({}, taken({10, 20, 30, 40}));
  EXPECT_FALSE(four.learned);
  EXPECT_EQ(four.p90, Seconds(300));
  const auto five = expected_cold_start({}, taken({10, 20, 30, 40, 50}));
  EXPECT_TRUE(five.learned);
  EXPECT_EQ(five.p50, Seconds(30));
  EXPECT_EQ(five.p90, Seconds(50));
}

TEST(ColdStartEstimate, IsWhatThePolicyExpectsUntilThen) {
  const ScaleToZero policy{.expected_cold_start_seconds = 45};
  EXPECT_EQ(expected_cold_start(policy, taken({10})).p50, Seconds(45));
  EXPECT_EQ(expected_cold_start(policy, taken({10})).samples, 1U);
  EXPECT_EQ(expected_cold_start(policy, taken({9, 9, 9, 9, 9})).p90, Seconds(9));
}

TEST(ColdStartEstimate, TakesTheNearestRank) {
  const auto ten = measured_cold_start(taken({10, 9, 8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(ten.p50, Seconds(5));
  EXPECT_EQ(ten.p90, Seconds(9));
  EXPECT_EQ(measured_cold_start(taken({7})).p50, Seconds(7));
  EXPECT_EQ(measured_cold_start({}).samples, 0U);
}

TEST(ColdStarts, KeepTheNewestTwenty) {
  std::vector<int> all;
  for (int i = 1; i <= 25; ++i) all.push_back(i);
  const auto kept = samples_of(taken(all));
  EXPECT_EQ(kept.size(), cold_starts_max);
  EXPECT_EQ(kept.front(), Seconds(6));
  EXPECT_EQ(kept.back(), Seconds(25));
}

TEST(ColdStarts, TakeNoNonsenseFromAStatus) {
  EXPECT_THAT(samples_of(cold_starts_from({Millis(-5), Millis(0), Millis(99), Millis(100),
                                           Seconds(3600), Seconds(3600) + Millis(1)})),
              ElementsAre(Millis(100), Seconds(3600)));
}

}  // namespace
}  // namespace poolscaler::engine
