// A process that dies between a scale write and its status: the next one finds the change by what
// the API server has noted about it.

#include <gmock/gmock.h>

#include <algorithm>

#include "fake_world.hpp"

namespace poolscaler::testing {
namespace {

using ::testing::SizeIs;

class Recovery : public ::testing::Test {
 protected:
  /// Four replicas more a minute at most.
  Recovery() {
    auto spec = queue_policy("web", 1, 50);
    spec["behavior"]["scaleUp"]["policies"] = {
        {{"type", "Pods"}, {"value", 4}, {"periodSeconds", 60}}};
    world.cluster->add_deployment(web, 1);
    world.cluster->add_policy(web, spec);
  }

  /// Runs until the scale write, and ends the process there.
  void die_after_the_scale() {
    while (world.cluster->scales.empty()) {
      world.step();
      (void)world.writes->send_next({});
      world.clock.advance(second);
    }
    world.restart();
  }

  void tell_once() {
    world.reader.readings["shop/queue"] = value(10);
    world.run_for(2 * second);
    world.reader.readings["shop/queue"] = value(300);
  }

  json last_scale() { return world.cluster->status(web).value("lastScale", json()); }
  FakeWorld world;
};

TEST_F(Recovery, AnUntoldChangeIsToldByTheNextProcess) {
  tell_once();
  die_after_the_scale();
  EXPECT_EQ(last_scale(), json());
  world.run_for(2 * second);
  EXPECT_EQ(last_scale()["from"], 1);
  EXPECT_EQ(last_scale()["to"], 5);
  EXPECT_EQ(last_scale()["reason"], "ChangedBeforeRestart");
  EXPECT_LE(last_scale()["time"], to_rfc3339(world.clock.now()));
  const auto told = std::ranges::count(world.cluster->events, Reason::ChangedBeforeRestart,
                                       &EventNote::reason);
  EXPECT_EQ(told, 1);
}

TEST_F(Recovery, AnUntoldChangeCountsForTheRatePolicies) {
  tell_once();
  die_after_the_scale();
  world.run_for(50 * second);
  EXPECT_THAT(world.cluster->scales, SizeIs(1)) << "four a minute have been added";
  world.run_for(30 * second);
  EXPECT_EQ(world.cluster->replicas(web), 9);
}

TEST_F(Recovery, WhatNobodyEverToldHasNoFormerSize) {
  world.reader.readings["shop/queue"] = value(300);
  die_after_the_scale();
  world.reader.readings["shop/queue"] = value(50);
  world.run_for(2 * second);
  EXPECT_EQ(last_scale()["to"], 5);
  ASSERT_TRUE(last_scale().is_object());
  EXPECT_FALSE(last_scale().contains("from"));
}

TEST_F(Recovery, AChangeBySomebodyElseIsNotOurs) {
  tell_once();
  die_after_the_scale();
  world.cluster->set_replicas(web, 7);
  world.reader.readings["shop/queue"] = value(70);
  world.run_for(2 * second);
  EXPECT_EQ(last_scale(), json());
}

TEST_F(Recovery, AChangeThatWasToldIsNotToldAgain) {
  tell_once();
  world.run_for(90 * second);
  const auto told = last_scale();
  ASSERT_EQ(told["to"], 9);
  world.restart();
  world.run_for(20 * second);
  EXPECT_EQ(last_scale(), told);
}

}  // namespace
}  // namespace poolscaler::testing
