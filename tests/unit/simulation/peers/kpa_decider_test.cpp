// KPA's decider: rates, panic, the delay of a fall, and the burst that is left.

#include <gtest/gtest.h>

#include "poolscaler/simulation/peers/kpa.hpp"

namespace poolscaler::simulation::peers {
namespace {

KpaSpec spec() {
  return {.target = 10, .total = 10, .burst_capacity = 0, .max_scale_up = 10, .max_scale_down = 10};
}

KpaSample sample(std::int32_t ready, double stable, double panic) {
  return {.ready = ready, .stable = stable, .panic = panic};
}

Instant at(double seconds) { return Instant{Millis(static_cast<std::int64_t>(seconds * 1000))}; }

TEST(KpaDecider, PanicsFromTheThresholdOnUntilAWholeStableWindowHasPassed) {
  KpaDecider decider(spec());
  EXPECT_EQ(decider.decide(sample(5, 50, 99), at(0)).pods, 10) << "10 / 5 is the threshold";
  EXPECT_EQ(decider.panics_since(), at(0));
  EXPECT_EQ(decider.decide(sample(10, 10, 10), at(60)).pods, 10) << "60 s are not over yet";
  EXPECT_EQ(decider.decide(sample(10, 10, 10), at(60.001)).pods, 1);
  EXPECT_EQ(decider.panics_since(), std::nullopt);
}

TEST(KpaDecider, NeverFallsWhileItPanics) {
  KpaDecider decider(spec(), {.since = at(0), .most_pods = 5});
  EXPECT_EQ(decider.decide(sample(5, 20, 20), at(1)).pods, 5);
  EXPECT_EQ(decider.decide(sample(5, 70, 20), at(2)).pods, 7) << "the larger of both counts";
  EXPECT_EQ(decider.decide(sample(7, 20, 20), at(3)).pods, 7);
}

TEST(KpaDecider, FallsAtItsRateUnlessNobodyReachesIt) {
  auto half = spec();
  half.max_scale_down = 2;
  KpaDecider reachable(half);
  EXPECT_EQ(reachable.decide(sample(9, 1, 1), at(0)).pods, 4);
  half.reachable = false;
  KpaDecider unreachable(half);
  EXPECT_EQ(unreachable.decide(sample(9, 1, 1), at(0)).pods, 1);
}

TEST(KpaDecider, LiftsDemandToTheActivationScaleAndNothingToNothing) {
  auto lifted = spec();
  lifted.activation_scale = 4;
  KpaDecider decider(lifted);
  EXPECT_EQ(decider.decide(sample(1, 0, 0), at(0)).pods, 0);
  EXPECT_EQ(decider.decide(sample(1, 0.1, 0), at(0)).pods, 4);
  EXPECT_EQ(decider.decide(sample(20, 0, 0), at(0)).pods, 2) << "held by the rate, not lifted";
}

TEST(KpaDecider, DelaysAFallByWholeTicks) {
  auto slow = spec();
  slow.scale_down_delay = Seconds(5);  // three ticks
  KpaDecider decider(slow);
  EXPECT_EQ(decider.decide(sample(1, 40, 0), at(0)).pods, 4);
  EXPECT_EQ(decider.decide(sample(1, 0, 0), at(5.9)).pods, 4);
  EXPECT_EQ(decider.decide(sample(1, 0, 0), at(6)).pods, 0);
}

TEST(KpaDecider, CountsExcessBurstFromThePodsThatAreReady) {
  auto burst = spec();
  burst.total = 13.3;
  burst.burst_capacity = 20;
  EXPECT_EQ(KpaDecider(burst).decide(sample(0, 0, 1), at(0)).excess_burst, -21);
  EXPECT_EQ(KpaDecider(burst).decide(sample(2, 0, 1), at(0)).excess_burst, 5) << "5.6, cut down";
  burst.burst_capacity = -1;
  EXPECT_EQ(KpaDecider(burst).decide(sample(2, 0, 1), at(0)).excess_burst, -1);
}

TEST(MaxWindow, ForgetsAnIndexAsOldAsItsLength) {
  MaxWindow window(3);
  window.record(0, 9);
  window.record(2, 1);
  EXPECT_EQ(window.current(), 9);
  window.record(3, 0);
  EXPECT_EQ(window.current(), 1);
}

TEST(MaxWindow, TakesTheLargestOfOneIndex) {
  MaxWindow window(2);
  window.record(0, 3);
  window.record(0, 1);
  window.record(1, 0);
  EXPECT_EQ(window.current(), 3);
  window.record(100, 2);
  EXPECT_EQ(window.current(), 2);
}

}  // namespace
}  // namespace poolscaler::simulation::peers
