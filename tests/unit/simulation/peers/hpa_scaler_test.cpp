// HPA as it is set up in a replay: every 15 s on the requests that wait or run.

#include <gtest/gtest.h>

#include "poolscaler/simulation/peers/scalers.hpp"

namespace poolscaler::simulation::peers {
namespace {

/// A target of 4 requests per replica.
HpaSettings settings() { return {.target_per_replica = 4, .max_replicas = 100}; }

Seen at(int seconds, std::int64_t inflight, std::int32_t current) {
  return {.now = Seconds(seconds), .inflight = inflight, .current = current, .ready = current};
}

TEST(HpaScaler, GrowsByFourOrByItsSizeInOnePeriod) {
  HpaScaler hpa(settings());
  EXPECT_EQ(hpa.evaluate(at(15, 400, 1)), 5);
  EXPECT_EQ(hpa.evaluate(at(30, 400, 5)), 10);
  EXPECT_EQ(hpa.evaluate(at(45, 400, 10)), 20);
}

TEST(HpaScaler, LeavesWhatIsWithinTolerance) {
  HpaScaler hpa(settings());
  EXPECT_EQ(hpa.evaluate(at(15, 44, 10)), 10) << "11 asked for, 10 % more";
  EXPECT_EQ(hpa.evaluate(at(30, 45, 10)), 12);
}

TEST(HpaScaler, HoldsTheSizeThatItFoundForTheWholeWindow) {
  HpaScaler hpa(settings());
  for (int second = 15; second < 315; second += 15)
    ASSERT_EQ(hpa.evaluate(at(second, 0, 8)), 8) << second;
  EXPECT_EQ(hpa.evaluate(at(315, 0, 8)), 1) << "exactly 300 s old is forgotten";
}

TEST(HpaScaler, HasAWindowThatCanBeSet) {
  auto quick = settings();
  quick.behavior.scale_down.stabilization_window_seconds = 60;
  HpaScaler hpa(quick);
  EXPECT_EQ(hpa.evaluate(at(15, 0, 8)), 8);
  EXPECT_EQ(hpa.evaluate(at(60, 0, 8)), 8);
  EXPECT_EQ(hpa.evaluate(at(75, 0, 8)), 1);
}

TEST(HpaScaler, HoldsTargetsInMilliUnits) {
  auto fine = settings();
  fine.target_per_replica = 8 * 0.7;
  HpaScaler hpa(fine);
  EXPECT_EQ(hpa.evaluate(at(15, 56, 1)), 5);
  EXPECT_EQ(hpa.evaluate(at(30, 56, 5)), 10) << "56 / 5.6 = 10, not 11";
}

TEST(HpaScaler, IsDisabledAtZeroAndKeepsWithinItsBounds) {
  HpaScaler hpa(settings());
  EXPECT_EQ(hpa.evaluate(at(15, 400, 0)), 0);
  EXPECT_EQ(hpa.evaluate(at(30, 0, 200)), 100);
}

}  // namespace
}  // namespace poolscaler::simulation::peers
