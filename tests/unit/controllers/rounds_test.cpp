#include <gmock/gmock.h>

#include <algorithm>

#include "fake_world.hpp"
#include "poolscaler/base/check.hpp"

namespace poolscaler::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class RoundsOf : public ::testing::Test {
 protected:
  /// A Deployment and a policy on it, `replicas` of each ready, `waiting` in its queue.
  void set_up(std::int32_t replicas, double waiting, std::int32_t min = 1, std::int32_t max = 20) {
    world.cluster->add_deployment(web, replicas);
    world.cluster->add_policy(web, queue_policy("web", min, max));
    world.reader.readings["shop/queue"] = value(waiting);
  }
  std::string status_of(const std::string& type) {
    return world.cluster->condition(web, type).value("status", "");
  }
  std::string reason_of(const std::string& type) {
    return world.cluster->condition(web, type).value("reason", "");
  }
  std::string message_of(const std::string& type) {
    return world.cluster->condition(web, type).value("message", "");
  }
  std::size_t event_count(Reason reason) {
    return static_cast<std::size_t>(std::ranges::count(
        world.cluster->events, reason, &EventNote::reason));
  }
  FakeWorld world;
};

using Rounds = RoundsOf;

TEST_F(Rounds, ScaleToWhatTheQueueAsksFor) {
  set_up(2, 48);
  world.run_for(second);
  EXPECT_EQ(world.cluster->replicas(web), 5);
  const auto status = world.cluster->status(web);
  EXPECT_EQ(status["currentReplicas"], 5);
  EXPECT_EQ(status["desiredReplicas"], 5);
  EXPECT_EQ(status["lastScale"]["from"], 2);
  EXPECT_EQ(world.cluster->reason(web), "SignalAboveTarget");
  EXPECT_EQ(status_of("Ready"), "True");
  EXPECT_EQ(status_of("MetricsHealthy"), "True");
  EXPECT_EQ(status_of("Active"), "True");
}

TEST_F(Rounds, AChangeIsToldOnPolicyAndTarget) {
  set_up(2, 48);
  world.run_for(second);
  const std::string note =
      "Scaled Deployment shop/web from 2 to 5: 'queue' 48 is above target 10 per replica (wanted "
      "5)";
  ASSERT_THAT(world.cluster->events, SizeIs(2));
  EXPECT_EQ(world.cluster->events[0].regarding_kind, "ScalingPolicy");
  EXPECT_EQ(world.cluster->events[1].regarding_kind, "Deployment");
  for (const auto& event : world.cluster->events) EXPECT_EQ(event.note, note);
  EXPECT_THAT(world.lines, Contains(HasSubstr("scaled workload policy=shop/web")));
}

TEST_F(Rounds, ASteadyFleetWritesNothing) {
  set_up(5, 48);
  world.cluster->set_ready_pods(web, 5);
  world.run_for(minute);
  const auto written = world.cluster->status_writes;
  world.run_for(10 * minute, second);
  EXPECT_EQ(world.cluster->status_writes, written);
  EXPECT_THAT(world.cluster->scales, IsEmpty());
}

TEST_F(Rounds, JitteringNumbersAreWrittenOnceAMinuteAtMost) {
  set_up(5, 48);
  world.run_for(minute);
  const auto written = world.cluster->status_writes;
  for (int i = 0; i < 40; ++i) {
    world.reader.readings["shop/queue"] = value(i % 2 == 0 ? 42 : 50);
    world.run_for(15 * second, second);
  }
  EXPECT_THAT(world.cluster->scales, IsEmpty());
  EXPECT_LE(world.cluster->status_writes - written, 11U);
  EXPECT_GE(world.cluster->status_writes - written, 1U);
}

TEST_F(Rounds, SmallJitterIsNotWrittenAtAll) {
  set_up(5, 48);
  world.run_for(minute);
  const auto written = world.cluster->status_writes;
  for (int i = 0; i < 40; ++i) {
    world.reader.readings["shop/queue"] = value(i % 2 == 0 ? 47 : 49);
    world.run_for(15 * second, second);
  }
  EXPECT_EQ(world.cluster->status_writes, written);
}

TEST_F(Rounds, ATargetAtZeroIsWokenWithinASecond) {
  set_up(0, 0, 0);
  world.run_for(5 * second);
  EXPECT_EQ(world.cluster->reason(web), "ScaledToZero");
  world.reader.readings["shop/queue"] = value(35);
  world.run_for(1'100 * Millis(1));
  EXPECT_EQ(world.cluster->replicas(web), 4);
  EXPECT_EQ(world.cluster->reason(web), "WokenFromZero");
}

TEST_F(Rounds, AWakeRoundThatFindsNothingDecidesNothing) {
  set_up(0, 0, 0);
  world.run_for(20 * second);
  const auto written = world.cluster->status_writes;
  const auto reads = world.reader.reads;
  world.run_for(60 * second);
  EXPECT_GE(world.reader.reads - reads, 55U);
  EXPECT_EQ(world.cluster->status_writes, written);
}

TEST_F(Rounds, ALookoutIsMadeAnewOnlyWhenWhatItLooksAtChanges) {
  set_up(0, 0, 0);
  const ObjectKey other{"shop", "other"};
  world.cluster->add_deployment(other, 0);
  world.cluster->add_policy(other, queue_policy("other", 0, 5));
  world.run_for(20 * second);
  const auto made = world.reader.lookouts_made;
  EXPECT_EQ(world.reader.signals_watched, 2U);
  world.run_for(2 * minute);
  EXPECT_EQ(world.reader.lookouts_made, made);

  auto spec = queue_policy("other", 0, 5);
  spec["signals"][0]["activation"] = {{"above", 40}};
  world.cluster->edit_policy(other, spec);
  world.reader.readings["shop/queue"] = value(40);
  world.run_for(3 * second);
  EXPECT_EQ(world.cluster->replicas(web), 4);
  EXPECT_EQ(world.cluster->replicas(other), 0) << "40 is not above 40";
  EXPECT_EQ(world.reader.signals_watched, 1U);
  world.reader.readings["shop/queue"] = value(41);
  world.run_for(1'100 * Millis(1));
  EXPECT_GT(world.cluster->replicas(other), 0);

  const auto made_at_last = world.reader.lookouts_made;
  world.run_for(minute);
  EXPECT_EQ(world.reader.lookouts_made, made_at_last) << "nobody is at zero";
}

TEST_F(Rounds, AChangedSourceIsLookedAtFromThenOn) {
  set_up(0, 0, 0);
  world.run_for(5 * second);
  const auto made = world.reader.lookouts_made;
  world.cluster->add_source("prometheus", {{"url", "http://elsewhere:9090"}});
  world.run_for(2 * second);
  EXPECT_GT(world.reader.lookouts_made, made);
  world.reader.readings["shop/queue"] = value(35);
  world.run_for(1'100 * Millis(1));
  EXPECT_EQ(world.cluster->replicas(web), 4);
}

TEST_F(Rounds, RecommendTellsOfAWakeWithinASecond) {
  world.cluster->add_deployment(web, 0);
  auto spec = queue_policy("web", 0, 20);
  spec["mode"] = "Recommend";
  world.cluster->add_policy(web, spec);
  world.reader.readings["shop/queue"] = value(0);
  world.run_for(5 * second);
  world.reader.readings["shop/queue"] = value(35);
  world.run_for(1'100 * Millis(1));
  EXPECT_THAT(world.cluster->scales, IsEmpty());
  EXPECT_EQ(world.cluster->status(web)["recommendedReplicas"], 4);
}

TEST_F(Rounds, FromZeroToLoadAndBackToZero) {
  set_up(0, 35, 0);
  world.run_for(2 * second);
  ASSERT_EQ(world.cluster->replicas(web), 4);
  world.cluster->set_ready_pods(web, 4);
  world.run_for(2 * minute);
  world.reader.readings["shop/queue"] = value(0);
  world.run_for(12 * minute, second);
  EXPECT_EQ(world.cluster->replicas(web), 0);
  EXPECT_EQ(world.cluster->scales.back().to, 0);
}

TEST_F(Rounds, AChangedSpecIsDueAtOnce) {
  set_up(5, 48);
  world.run_for(20 * second);
  world.cluster->edit_policy(web, queue_policy("web", 8, 20));
  world.run_for(300 * Millis(1));
  EXPECT_EQ(world.cluster->replicas(web), 8);
}

TEST_F(Rounds, AnInvalidPolicySaysSoAndTheOthersGoOn) {
  set_up(2, 48);
  auto spec = queue_policy("other", 1, 5);
  spec["maxReplicas"] = 0;
  world.cluster->add_policy({"shop", "bad"}, spec);
  world.run_for(second);
  EXPECT_EQ(world.cluster->replicas(web), 5);
  const auto ready = world.cluster->condition({"shop", "bad"}, "Ready");
  EXPECT_EQ(ready["status"], "False");
  EXPECT_EQ(ready["reason"], "InvalidSpec");
  EXPECT_THAT(ready["message"].get<std::string>(), HasSubstr("maxReplicas"));
}

TEST_F(Rounds, NonsenseAndBackEndsWhereItBegan) {
  set_up(2, 48);
  world.run_for(second);
  auto nonsense = queue_policy("web", 1, 20);
  nonsense["maxReplicas"] = -3;
  world.cluster->edit_policy(web, nonsense);
  world.reader.readings["shop/queue"] = value(99);
  world.run_for(minute);
  EXPECT_EQ(world.cluster->replicas(web), 5) << "an invalid policy writes nothing";
  EXPECT_EQ(reason_of("Ready"), "InvalidSpec");
  world.cluster->edit_policy(web, queue_policy("web", 1, 20));
  world.run_for(second);
  EXPECT_EQ(world.cluster->replicas(web), 10);
  EXPECT_EQ(status_of("Ready"), "True");
  EXPECT_EQ(world.cluster->condition(web, "Ready")["observedGeneration"], 3);
}

TEST_F(Rounds, RecommendWritesNothingButStatus) {
  world.cluster->add_deployment(web, 2);
  auto spec = queue_policy("web", 1, 20);
  spec["mode"] = "Recommend";
  world.cluster->add_policy(web, spec);
  world.reader.readings["shop/queue"] = value(48);
  world.run_for(minute);
  EXPECT_EQ(world.cluster->replicas(web), 2);
  EXPECT_THAT(world.cluster->scales, IsEmpty());
  EXPECT_THAT(world.cluster->events, IsEmpty());
  EXPECT_EQ(world.cluster->status(web)["recommendedReplicas"], 5);
  EXPECT_EQ(world.cluster->status(web)["desiredReplicas"], 2);
  EXPECT_EQ(world.cluster->reason(web), "Recommending");
}

TEST_F(Rounds, PausedWritesNothingButStatus) {
  world.cluster->add_deployment(web, 2);
  auto spec = queue_policy("web", 1, 20);
  spec["mode"] = "Paused";
  world.cluster->add_policy(web, spec);
  world.reader.readings["shop/queue"] = value(48);
  world.run_for(minute);
  EXPECT_THAT(world.cluster->scales, IsEmpty());
  EXPECT_EQ(status_of("Paused"), "True");
  EXPECT_EQ(world.cluster->reason(web), "Paused");
}

TEST_F(Rounds, AMissingTargetIsSaidAndItsArrivalDueAtOnce) {
  world.cluster->add_policy(web, queue_policy("web", 1, 20));
  world.reader.readings["shop/queue"] = value(48);
  world.run_for(second);
  EXPECT_EQ(reason_of("Ready"), "TargetNotFound");
  EXPECT_THAT(message_of("Ready"), HasSubstr("Deployment 'web' does not exist"));
  world.cluster->add_deployment(web, 1);
  world.run_for(second);
  EXPECT_EQ(world.cluster->replicas(web), 5);
  EXPECT_EQ(status_of("Ready"), "True");
}

TEST_F(Rounds, ATargetMadeAgainStartsWithoutHistory) {
  set_up(2, 48);
  world.run_for(second);
  const auto first_uid = world.cluster->status(web)["targetUID"];
  world.cluster->delete_deployment(web);
  world.run_for(second);
  EXPECT_EQ(reason_of("Ready"), "TargetNotFound");
  world.cluster->add_deployment(web, 1);
  world.run_for(second);
  EXPECT_EQ(world.cluster->replicas(web), 5);
  EXPECT_NE(world.cluster->status(web)["targetUID"], first_uid);
}

TEST_F(Rounds, ADeletedPolicyIsForgottenAndNothingIsWritten) {
  set_up(2, 48);
  world.run_for(second);
  EXPECT_THAT(world.metrics.text(), HasSubstr("policy=\"web\""));
  const auto written = world.cluster->status_writes;
  world.cluster->delete_policy(web);
  world.reader.readings["shop/queue"] = value(150);
  world.run_for(minute);
  EXPECT_THAT(world.metrics.text(), Not(HasSubstr("policy=\"web\"")));
  EXPECT_EQ(world.cluster->replicas(web), 5);
  EXPECT_EQ(world.cluster->status_writes, written);
}

TEST_F(Rounds, MissingDataNeverLowersAndIsSaidOnce) {
  set_up(5, 48);
  world.run_for(second);
  for (const auto state : {SignalState::Absent, SignalState::NotANumber, SignalState::Stale,
                           SignalState::Partial, SignalState::Error}) {
    world.reader.readings["shop/queue"] = {.state = state, .detail = "because"};
    world.run_for(10 * minute, second);
    EXPECT_EQ(world.cluster->replicas(web), 5) << name_of(state);
    EXPECT_EQ(status_of("MetricsHealthy"), "False");
    EXPECT_THAT(message_of("MetricsHealthy"), HasSubstr(std::string(name_of(state))));
  }
  EXPECT_EQ(event_count(Reason::MetricStale), 1U);
  world.reader.readings["shop/queue"] = value(48);
  world.run_for(minute);
  EXPECT_EQ(status_of("MetricsHealthy"), "True");
}

TEST_F(Rounds, ASourceThatDoesNotExistIsSaid) {
  world.cluster->add_deployment(web, 2);
  auto spec = queue_policy("web", 1, 20);
  spec["signals"][0]["metricSourceRef"]["name"] = "nowhere";
  world.cluster->add_policy(web, spec);
  world.run_for(second);
  EXPECT_EQ(reason_of("Ready"), "MetricSourceNotFound");
  EXPECT_EQ(reason_of("MetricsHealthy"), "MetricError");
  world.cluster->add_source("nowhere", {{"url", "http://p:9090"}});
  world.reader.readings["shop/queue"] = value(48);
  world.run_for(second);
  EXPECT_EQ(world.cluster->replicas(web), 5);
}

TEST_F(Rounds, ARawQueryNeedsTheSourcesLeave) {
  world.cluster->add_deployment(web, 2);
  auto spec = queue_policy("web", 1, 20);
  spec["signals"][0].erase("metric");
  spec["signals"][0]["query"] = "sum(queue)";
  world.cluster->add_policy(web, spec);
  world.reader.readings["shop/raw"] = value(48);
  world.run_for(minute);
  EXPECT_EQ(reason_of("Ready"), "RawQueryForbidden");
  EXPECT_EQ(world.reader.queries_read, 0U) << "a forbidden query is never sent";
  world.cluster->add_source("prometheus", {{"url", "http://prometheus:9090"},
                                           {"rawQueryNamespaces", json::array({"shop"})}});
  world.run_for(second);
  EXPECT_EQ(world.cluster->replicas(web), 5);
}

TEST_F(Rounds, ABadSourceSaysSoInItsStatus) {
  world.cluster->add_source("broken", json::object());
  world.run_for(second);
  const auto ready = world.cluster->source_condition("broken");
  EXPECT_EQ(ready["status"], "False");
  EXPECT_EQ(ready["reason"], "InvalidSpec");
  EXPECT_THAT(ready["message"].get<std::string>(), HasSubstr("spec.url"));
  EXPECT_EQ(world.cluster->source_condition("prometheus")["status"], "True");
  EXPECT_THAT(world.reader.known, SizeIs(1));
}

TEST_F(Rounds, TransitionTimesStandStillWhileTheStatusDoes) {
  set_up(2, 48);
  world.run_for(second);
  const auto since = world.cluster->condition(web, "Ready")["lastTransitionTime"];
  world.run_for(2 * minute);
  world.reader.readings["shop/queue"] = value(150);
  world.run_for(minute);
  EXPECT_EQ(world.cluster->replicas(web), 15);
  EXPECT_EQ(world.cluster->condition(web, "Ready")["lastTransitionTime"], since);
}

TEST_F(Rounds, ABugFreezesOnePolicyUntilItsSpecChanges) {
  bool broken = true;
  world.decide = [&](const Observation& observation, const ScalingPolicy& spec,
                     const Memory& memory, Instant now) {
    if (broken && spec.target.name == "web") throw InvariantError("it broke");
    return engine::decide(observation, spec, memory, now);
  };
  set_up(2, 48);
  const ObjectKey other{"shop", "other"};
  world.cluster->add_deployment(other, 2);
  world.cluster->add_policy(other, queue_policy("other", 1, 20));
  world.run_for(minute);
  EXPECT_EQ(world.cluster->replicas(web), 2);
  EXPECT_EQ(reason_of("Ready"), "InternalError");
  EXPECT_EQ(world.cluster->replicas(other), 5);
  EXPECT_THAT(world.metrics.text(), HasSubstr("poolscaler_internal_errors_total 1"));
  broken = false;
  world.run_for(minute);
  EXPECT_EQ(world.cluster->replicas(web), 2) << "still frozen";
  world.cluster->edit_policy(web, queue_policy("web", 1, 20));
  world.run_for(second);
  EXPECT_EQ(world.cluster->replicas(web), 5);
}

}  // namespace
}  // namespace poolscaler::testing
