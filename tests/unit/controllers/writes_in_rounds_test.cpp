// What happens to writes: conflicts, throttling, lost answers, stale caches, somebody else's hand
// on the same target, and a process that dies between any two writes.

#include <gmock/gmock.h>

#include <algorithm>

#include "fake_world.hpp"

namespace poolscaler::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WritesInRounds : public ::testing::Test {
 protected:
  void set_up(std::int32_t replicas, double waiting) {
    world.cluster->add_deployment(web, replicas);
    world.cluster->add_policy(web, queue_policy("web", 1, 50));
    world.reader.readings["shop/queue"] = value(waiting);
  }
  json condition(const std::string& type) { return world.cluster->condition(web, type); }
  FakeWorld world;
};

TEST_F(WritesInRounds, NoDecisionIsTakenOnACacheOlderThanTheLastWrite) {
  set_up(2, 48);
  world.step();
  world.cluster->hold_watches(true);
  world.pump();
  ASSERT_EQ(world.cluster->replicas(web), 5);
  world.reader.readings["shop/queue"] = value(200);
  // The cache still shows 2: a decision on it would add to 2, or conflict.
  world.cluster->edit_policy(web, queue_policy("web", 1, 50));
  world.run_for(8 * second);
  EXPECT_THAT(world.cluster->scales, SizeIs(1));
  world.cluster->hold_watches(false);
  world.run_for(20 * second);
  ASSERT_GE(world.cluster->scales.size(), 2U);
  EXPECT_EQ(world.cluster->scales[1].from, 5);
}

TEST_F(WritesInRounds, AConflictIsDecidedAnewOnWhatTheCacheShowsThen) {
  set_up(2, 48);
  world.step();
  world.cluster->set_replicas(web, 3);  // between decision and write
  world.pump();
  EXPECT_THAT(world.cluster->scales, IsEmpty());
  world.run_for(second);
  ASSERT_THAT(world.cluster->scales, SizeIs(1));
  EXPECT_EQ(world.cluster->scales[0].from, 3);
  EXPECT_EQ(world.cluster->scales[0].to, 5);
}

TEST_F(WritesInRounds, ThrottlingIsObeyedAndTheNewestDecisionWritten) {
  set_up(2, 48);
  world.cluster->fail_next_scale({ErrorKind::Throttled, "slow down", 20});
  world.run_for(10 * second);
  EXPECT_THAT(world.cluster->scales, IsEmpty());
  world.reader.readings["shop/queue"] = value(80);
  world.run_for(15 * second);
  ASSERT_THAT(world.cluster->scales, SizeIs(1));
  EXPECT_EQ(world.cluster->scales[0].to, 6) << "no more than 4 pods in 15 s";
}

TEST_F(WritesInRounds, ALostAnswerIsNotTakenForAFight) {
  set_up(2, 48);
  for (int i = 0; i < 4; ++i) {
    world.cluster->fail_next_scale({ErrorKind::TimedOut, "no answer in 5 s"}, true);
    world.reader.readings["shop/queue"] = value(48 + 40 * i);
    world.run_for(minute);
  }
  EXPECT_EQ(world.cluster->replicas(web), 17);
  EXPECT_EQ(condition("Conflict")["status"], "False");
}

TEST_F(WritesInRounds, ARefusedWriteIsSaidAndTriedAgain) {
  set_up(2, 48);
  world.cluster->fail_next_scale({ErrorKind::Forbidden, "cannot patch deployments/scale"});
  world.run_for(500 * Millis(1));
  EXPECT_EQ(condition("Ready")["reason"], "WriteFailed");
  EXPECT_THAT(condition("Ready")["message"].get<std::string>(), HasSubstr("cannot patch"));
  EXPECT_EQ(world.cluster->status(web)["currentReplicas"], 2) << "nothing unconfirmed is claimed";
  world.run_for(minute);
  EXPECT_EQ(world.cluster->replicas(web), 5);
  EXPECT_EQ(condition("Ready")["status"], "True");
}

TEST_F(WritesInRounds, AStatusThatCouldNotBeWrittenIsWrittenLater) {
  set_up(5, 48);
  world.cluster->fail_next_status({ErrorKind::Unavailable, "down"});
  world.cluster->fail_next_status({ErrorKind::Unavailable, "down"});
  world.run_for(minute);
  EXPECT_EQ(condition("Ready")["status"], "True");
}

TEST_F(WritesInRounds, WhatKeepsUndoingUsIsFoundAndNotChased) {
  set_up(2, 48);
  for (int i = 0; i < 200; ++i) {
    if (world.cluster->replicas(web) != 2) world.cluster->set_replicas(web, 2);
    world.run_for(3 * second, Millis(500));
  }
  EXPECT_LE(world.cluster->scales.size(), 6U) << "ten minutes of fighting";
  EXPECT_EQ(condition("Conflict")["reason"], "ExternalWriter");
  const auto told = std::ranges::count(world.cluster->events, Reason::ExternalWriter,
                                       &EventNote::reason);
  EXPECT_GE(told, 1);
  EXPECT_LE(told, 2);
}

TEST_F(WritesInRounds, OneChangeByAPersonIsNoFight) {
  set_up(5, 48);
  world.run_for(minute);
  world.cluster->set_replicas(web, 3);
  world.run_for(minute);
  EXPECT_EQ(world.cluster->replicas(web), 5);
  EXPECT_EQ(condition("Conflict")["status"], "False");
}

TEST_F(WritesInRounds, AnAutoscalerOnTheSameTargetStopsAllWriting) {
  world.cluster->add_deployment(web, 2);
  world.cluster->add_autoscaler({"shop", "hpa"}, "web");
  world.cluster->add_policy(web, queue_policy("web", 1, 50));
  world.reader.readings["shop/queue"] = value(48);
  world.run_for(minute);
  EXPECT_THAT(world.cluster->scales, IsEmpty());
  EXPECT_EQ(condition("Conflict")["reason"], "ConflictingAutoscaler");
  EXPECT_EQ(condition("Ready")["status"], "False");
  EXPECT_THAT(condition("Conflict")["message"].get<std::string>(),
              HasSubstr("HorizontalPodAutoscaler 'hpa'"));
  world.cluster->remove_autoscaler({"shop", "hpa"});
  world.run_for(second);
  EXPECT_EQ(world.cluster->replicas(web), 5);
  EXPECT_EQ(condition("Conflict")["status"], "False");
}

TEST_F(WritesInRounds, OfTwoPoliciesTheOlderOneScales) {
  world.cluster->add_deployment(web, 2);
  world.cluster->add_policy(web, queue_policy("web", 1, 50));
  world.clock.advance(second);
  world.cluster->add_policy({"shop", "younger"}, queue_policy("web", 30, 50));
  world.reader.readings["shop/queue"] = value(48);
  world.run_for(minute);
  EXPECT_EQ(world.cluster->replicas(web), 5);
  const auto conflict = world.cluster->condition({"shop", "younger"}, "Conflict");
  EXPECT_EQ(conflict["reason"], "ConflictingPolicy");
  EXPECT_THAT(conflict["message"].get<std::string>(), HasSubstr("'web'"));
  EXPECT_EQ(condition("Conflict")["status"], "False");
  world.cluster->delete_policy(web);
  world.run_for(second);
  EXPECT_EQ(world.cluster->replicas(web), 30) << "the younger one takes over";
}

TEST_F(WritesInRounds, APolicyInRecommendStandsBesideAnother) {
  world.cluster->add_deployment(web, 2);
  auto spec = queue_policy("web", 1, 50);
  spec["mode"] = "Recommend";
  world.cluster->add_policy({"shop", "trial"}, spec);
  world.clock.advance(second);
  world.cluster->add_policy(web, queue_policy("web", 1, 50));
  world.reader.readings["shop/queue"] = value(48);
  world.run_for(second);
  EXPECT_EQ(world.cluster->replicas(web), 5);
  EXPECT_EQ(world.cluster->condition({"shop", "trial"}, "Ready")["status"], "True");
}

TEST_F(WritesInRounds, ARestartInASteadyStateWritesNothing) {
  set_up(2, 48);
  world.run_for(2 * minute);
  world.cluster->set_ready_pods(web, 5);
  world.run_for(2 * minute);
  const auto statuses = world.cluster->status_writes;
  const auto events = world.cluster->events.size();
  world.restart();
  world.run_for(2 * minute);
  EXPECT_EQ(world.cluster->status_writes, statuses);
  EXPECT_EQ(world.cluster->events.size(), events);
  EXPECT_THAT(world.cluster->scales, SizeIs(1));
}

TEST_F(WritesInRounds, ARestartShrinksNothingBeforeAWholeWindow) {
  set_up(10, 95);
  world.run_for(10 * minute, second);
  world.restart();
  world.reader.readings["shop/queue"] = value(10);
  world.run_for(4 * minute, second);
  EXPECT_EQ(world.cluster->replicas(web), 10);
  world.run_for(3 * minute, second);
  EXPECT_LT(world.cluster->replicas(web), 10);
}

TEST_F(WritesInRounds, ARestartKeepsWhatWasLearned) {
  auto spec = queue_policy("web", 0, 50);
  spec["scaleToZero"] = {{"keepAlive", "Learned"}, {"idleAfterSeconds", 15}};
  world.cluster->add_deployment(web, 0);
  world.cluster->add_policy(web, spec);
  for (int i = 0; i < 6; ++i) {
    world.reader.readings["shop/queue"] = value(25);
    world.run_for(20 * second, second);
    world.cluster->set_ready_pods(web, 3);
    world.run_for(minute, second);
    world.reader.readings["shop/queue"] = value(0);
    world.run_for(4 * minute, second);
    world.cluster->set_ready_pods(web, world.cluster->replicas(web));
  }
  const auto learned = world.cluster->status(web);
  EXPECT_GT(learned["coldStart"]["samples"], 0) << learned;
  EXPECT_EQ(learned["memory"]["keepAlive"].size(), 3U) << learned["memory"];
  EXPECT_TRUE(learned["memory"].contains("wokenTime")) << "it is kept alive";
  world.restart();
  world.reader.readings["shop/queue"] = value(45);
  world.run_for(minute, second);
  const auto after = world.cluster->status(web);
  EXPECT_EQ(after["coldStart"], learned["coldStart"]);
  EXPECT_EQ(after["memory"]["keepAlive"], learned["memory"]["keepAlive"]);
  EXPECT_EQ(after["memory"]["coldStartMillis"], learned["memory"]["coldStartMillis"]);
  EXPECT_EQ(after["memory"]["wokenTime"], learned["memory"]["wokenTime"]);
}

TEST_F(WritesInRounds, ARestartDoesNotCountIdleTimesAnew) {
  auto spec = queue_policy("web", 0, 50);
  spec["scaleToZero"] = {{"keepAlive", "Learned"}, {"idleAfterSeconds", 600}};
  world.cluster->add_deployment(web, 0);
  world.cluster->add_policy(web, spec);
  world.reader.readings["shop/queue"] = value(25);
  world.run_for(20 * second, second);
  world.cluster->set_ready_pods(web, 3);
  world.run_for(minute, second);
  world.reader.readings["shop/queue"] = value(5);
  world.run_for(2 * minute, second);
  const auto writes = world.cluster->status_writes;
  world.run_for(minute, second);
  EXPECT_EQ(world.cluster->status_writes, writes) << "it is known since when, so nothing is told";
  ASSERT_EQ(world.cluster->replicas(web), 3);
  world.restart();
  world.run_for(6 * minute, second);
  EXPECT_EQ(world.cluster->replicas(web), 3);
  world.run_for(2 * minute, second);
  EXPECT_EQ(world.cluster->replicas(web), 1) << "ten minutes after they were needed";
}

/// The change that the status tells of is the last one that was made.
void expect_told(FakeWorld& world, std::size_t dies_after) {
  const auto& done = world.cluster->scales.back();
  const auto told = world.cluster->status(web)["lastScale"];
  EXPECT_EQ(told["from"], done.from) << "died after write " << dies_after;
  EXPECT_EQ(told["to"], done.to) << "died after write " << dies_after;
}

/// Runs a rise and a fall; the process dies after the `dies_after`-th write, if ever.
std::int32_t story(std::size_t dies_after) {
  FakeWorld world;
  world.cluster->add_deployment(web, 0);
  world.cluster->add_policy(web, queue_policy("web", 0, 50));
  std::size_t writes = 0;
  std::int32_t pods = 0;
  const auto run_for = [&](Millis time) {
    for (Millis gone{0}; gone < time; gone += Millis(500)) {
      world.step();
      while (world.writes->send_next({}))
        if (++writes == dies_after) {
          world.restart();
          break;
        }
      if (world.cluster->replicas(web) != pods)
        world.cluster->set_ready_pods(web, pods = world.cluster->replicas(web));
      world.clock.advance(Millis(500));
    }
  };
  world.reader.readings["shop/queue"] = value(0);
  run_for(3 * second);
  world.reader.readings["shop/queue"] = value(75);
  run_for(2 * minute);
  EXPECT_EQ(world.cluster->replicas(web), 8) << "died after write " << dies_after;
  expect_told(world, dies_after);
  world.reader.readings["shop/queue"] = value(22);
  run_for(8 * minute);
  expect_told(world, dies_after);
  return world.cluster->replicas(web);
}

TEST(ADeathBetweenAnyTwoWrites, EndsInTheSameState) {
  const auto undisturbed = story(0);
  EXPECT_EQ(undisturbed, 3);
  for (std::size_t dies_after = 1; dies_after <= 8; ++dies_after)
    EXPECT_EQ(story(dies_after), undisturbed) << "died after write " << dies_after;
}

}  // namespace
}  // namespace poolscaler::testing
