// The way to zero at its exact moments.
#include <gmock/gmock.h>

#include "poolscaler/engine/cold_start.hpp"
#include "poolscaler/engine/decide.hpp"
#include "unit/engine/moment.hpp"

namespace poolscaler::engine {
namespace {

class Zero : public testing::Test {
 protected:
  Zero() {
    policy_.behavior.scale_down.stabilization_window_seconds = 0;
    policy_.scale_to_zero.idle_after_seconds = 60;
  }

  Decision look(Millis after, double value, PodCounts pods) {
    now_ += after;
    const Observation observation{
        .target = {.uid = "a",
                   .spec_replicas = replicas_,
                   .status_replicas = replicas_,
                   .pods = pods,
                   .created = start - Seconds(86'400)},
        .policy_created = start - Seconds(86'400),
        .signals = {{.state = value == 0 ? SignalState::Zero : SignalState::Value,
                     .value = value}}};
    auto outcome = decide(observation, policy_, memory_, now_);
    memory_ = std::move(outcome.memory);
    replicas_ = outcome.decision.desired;
    return outcome.decision;
  }
  /// What `look` would decide, without going on from there.
  Decision would(Millis after, double value, PodCounts pods) {
    const auto memory = memory_;
    const auto now = now_;
    const auto replicas = replicas_;
    auto decision = look(after, value, pods);
    memory_ = memory;
    now_ = now;
    replicas_ = replicas;
    return decision;
  }
  Decision quiet(Millis after) { return look(after, 0, {.ready = replicas_}); }

  ScalingPolicy policy_{.target = {},
                        .min_replicas = 0,
                        .max_replicas = 10,
                        .signals = {{.name = "queue",
                                     .source = "prometheus",
                                     .query = MetricSelector{.metric = "queue"},
                                     .target_type = TargetType::PerReplica,
                                     .target = 1}}};
  Memory memory_;
  Instant now_ = start;
  std::int32_t replicas_ = 1;
};

TEST_F(Zero, ComesWithTheLastMillisecondOfTheIdleTime) {
  quiet(Seconds(0));
  for (int i = 0; i < 2; ++i) quiet(Seconds(29));
  EXPECT_EQ(would(Millis(1'999), 0, {.ready = 1}).desired, 1);
  EXPECT_EQ(quiet(Seconds(2)).desired, 0);
}

TEST_F(Zero, SaysWhenItComesAtTheEarliest) {
  quiet(Seconds(0));
  const auto decision = quiet(Seconds(15));
  EXPECT_THAT(decision.explanation.line(),
              testing::HasSubstr("inactive for 15 s of 60 s, zero in 45 s at the earliest"));
}

TEST_F(Zero, WaitsForTheGraceAfterAWake) {
  policy_.scale_to_zero.grace_seconds = 90;
  replicas_ = 0;
  look(Seconds(0), 1, {});
  const auto woken = now_;
  Decision decision;
  for (int i = 0; i < 5; ++i) decision = quiet(Seconds(15));
  EXPECT_EQ(now_ - woken, Seconds(75));
  EXPECT_EQ(decision.reason, Reason::ColdStartGrace);
  EXPECT_THAT(decision.explanation.line(), testing::HasSubstr("zero in 15 s at the earliest: the "
                                                              "grace after creation or wake"));
  EXPECT_EQ(would(Millis(14'999), 0, {.ready = 1}).desired, 1);
  EXPECT_EQ(quiet(Seconds(15)).desired, 0);
}

TEST_F(Zero, HasNoGraceAfterAStepThatIsNoWake) {
  policy_.scale_to_zero.grace_seconds = 3600;
  look(Seconds(0), 2, {.ready = 1});
  for (int i = 0; i < 4; ++i) quiet(Seconds(15));
  EXPECT_EQ(replicas_, 1);
  EXPECT_EQ(quiet(Seconds(15)).desired, 0);
}

TEST_F(Zero, TakesAReplicaForBrokenAfterTenMinutes) {
  const auto still = [&](Millis age) {
    return would(age, 0, {.starting = 1, .youngest = start}).reason;
  };
  EXPECT_EQ(still(Millis(599'999)), Reason::ColdStartGrace);
  EXPECT_NE(still(Seconds(600)), Reason::ColdStartGrace);
}

TEST_F(Zero, TakesAReplicaForBrokenAfterTwiceTheColdStart) {
  memory_.target_uid = "a";
  memory_.cold_starts = cold_starts_from(std::vector<Millis>(5, Seconds(400)));
  const auto still = [&](Millis age) {
    return would(age, 0, {.starting = 1, .youngest = start}).reason;
  };
  EXPECT_EQ(still(Millis(799'999)), Reason::ColdStartGrace);
  EXPECT_NE(still(Seconds(800)), Reason::ColdStartGrace);
}

TEST_F(Zero, IsNoIdleTimeWhileAReplicaStarts) {
  const PodCounts starting{.ready = 1, .starting = 1, .youngest = start};
  replicas_ = 2;
  for (int i = 0; i < 10; ++i) look(Seconds(15), 0, starting);
  EXPECT_EQ(memory_.idle, Millis(0));
  look(Seconds(15), 0, {.ready = 2});
  look(Seconds(15), 0, {.ready = 2});
  EXPECT_EQ(memory_.idle, Seconds(15));
}

}  // namespace
}  // namespace poolscaler::engine
