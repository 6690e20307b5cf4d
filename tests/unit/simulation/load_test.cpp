// The fluid model of the load: exact, and the same whatever the steps.
#include "poolscaler/simulation/load.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "poolscaler/base/check.hpp"

namespace poolscaler::simulation {
namespace {

const Instant start{Millis(1'790'000'000'000)};

Instant after(int seconds) { return start + Seconds(seconds); }

LoadPlan burst() {
  return {.phases = {{.from = Millis(2000), .requests_per_second = 6},
                     {.from = Millis(12'000), .requests_per_second = 0}},
          .served_per_second_and_replica = 2};
}

TEST(Load, WaitsWhileNothingIsReady) {
  Load load(burst(), start);
  load.advance(after(1), 0);
  EXPECT_EQ(load.waiting(), 0);
  load.advance(after(5), 0);
  EXPECT_DOUBLE_EQ(load.waiting(), 18);
  EXPECT_DOUBLE_EQ(load.arrived(), 18);
  EXPECT_EQ(load.served(), 0);
}

TEST(Load, IsServedAtThePaceOfTheReadyReplicas) {
  Load load(burst(), start);
  load.advance(after(5), 0);
  load.advance(after(7), 4);  // 8 a second against 6 that come
  EXPECT_DOUBLE_EQ(load.waiting(), 14);
  EXPECT_DOUBLE_EQ(load.served(), 16);
}

TEST(Load, IsNeverServedBeforeItCame) {
  Load load(burst(), start);
  load.advance(after(12), 100);
  EXPECT_EQ(load.waiting(), 0);
  EXPECT_DOUBLE_EQ(load.served(), 60);
  load.advance(after(60), 100);
  EXPECT_DOUBLE_EQ(load.served(), 60);
}

TEST(Load, EndsWithAPhaseOfNothing) {
  const Load load(burst(), start);
  EXPECT_FALSE(load.ended(after(11)));
  EXPECT_TRUE(load.ended(after(12)));
  EXPECT_EQ(load.rate_at(after(1)), 0);
  EXPECT_EQ(load.rate_at(after(2)), 6);
  EXPECT_EQ(load.rate_at(after(12)), 0);
  EXPECT_EQ(load.rate_at(start - Seconds(1)), 0);
  EXPECT_TRUE(Load({.phases = {}}, start).ended(start));
}

TEST(Load, BeginsAnewWhenItRepeats) {
  auto plan = burst();
  plan.repeat_every = Millis(20'000);
  Load load(plan, start);
  EXPECT_EQ(load.rate_at(after(25)), 6);
  EXPECT_EQ(load.rate_at(after(21)), 0);
  EXPECT_FALSE(load.ended(after(1000)));
  load.advance(after(60), 0);
  EXPECT_DOUBLE_EQ(load.waiting(), 180);
}

TEST(Load, RefusesAPlanThatGoesBackward) {
  EXPECT_THROW(Load({.phases = {{.from = Millis(5), .requests_per_second = 1},
                                {.from = Millis(1), .requests_per_second = 0}}},
                    start),
               InvariantError);
}

RC_GTEST_PROP(LoadLaw, StepsDoNotMatterAndNothingIsLost, ()) {
  auto plan = burst();
  if (*rc::gen::arbitrary<bool>()) plan.repeat_every = Millis(15'000);
  const int replicas = *rc::gen::inRange(0, 6);
  Load leap(plan, start);
  Load steps(plan, start);
  Instant now = start;
  for (const int millis : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 3000)))
    steps.advance(now += Millis(millis), replicas);
  leap.advance(now, replicas);
  RC_ASSERT(std::abs(leap.waiting() - steps.waiting()) < 1e-6);
  RC_ASSERT(std::abs(leap.served() - steps.served()) < 1e-6);
  RC_ASSERT(std::abs(steps.arrived() - steps.served() - steps.waiting()) < 1e-6);
  RC_ASSERT(steps.waiting() >= 0);
}

}  // namespace
}  // namespace poolscaler::simulation
