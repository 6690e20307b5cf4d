#include "arithmetic.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace poolscaler::engine {
namespace {

constexpr Tolerance ten_percent{.up = 0.1, .down = 0.1};
constexpr auto largest = std::numeric_limits<std::int32_t>::max();

TEST(Saturated, KeepsWhatFitsAndSaturatesTheRest) {
  EXPECT_EQ(saturated(0), 0);
  EXPECT_EQ(saturated(4.0), 4);
  EXPECT_EQ(saturated(-1), 0);
  EXPECT_EQ(saturated(2147483646.0), largest - 1);
  EXPECT_EQ(saturated(2147483647.0), largest);
  EXPECT_EQ(saturated(1e300), largest);
  EXPECT_EQ(saturated(std::numeric_limits<double>::infinity()), largest);
  EXPECT_EQ(saturated(std::numeric_limits<double>::quiet_NaN()), 0);
}

TEST(InMilli, DropsTheNoiseOfBinaryFractions) {
  EXPECT_EQ(in_milli(0.1 * 3), 300);
  EXPECT_EQ(in_milli(0.29), 290);
  EXPECT_EQ(in_milli(1e15), 1e18);
}

TEST(InMilli, KeepsWhatIsFiner) {
  EXPECT_DOUBLE_EQ(in_milli(0.0004), 0.4);
  EXPECT_DOUBLE_EQ(in_milli(0.0123456), 12.3456);
}

TEST(AverageValue, CountsWholeTargetsExactly) {
  EXPECT_EQ(average_value_target(0.1 * 3, 0.1, 0, ten_percent).replicas, 3);
  EXPECT_EQ(average_value_target(0.7, 0.1, 0, ten_percent).replicas, 7);
  EXPECT_EQ(average_value_target(1.1 + 2.2, 1.1, 0, ten_percent).replicas, 3);
  EXPECT_EQ(average_value_target(0.3001, 0.1, 0, ten_percent).replicas, 4);
}

TEST(AverageValue, ToleratesBothEndsInclusive) {
  EXPECT_EQ(average_value_target(55, 10, 5, ten_percent).replicas, 5);
  EXPECT_TRUE(average_value_target(55, 10, 5, ten_percent).tolerated);
  EXPECT_EQ(average_value_target(55.1, 10, 5, ten_percent).replicas, 6);
  EXPECT_EQ(average_value_target(18, 1, 20, ten_percent).replicas, 20);
  EXPECT_EQ(average_value_target(17.9, 1, 20, ten_percent).replicas, 18);
}

TEST(AverageValue, IsNoToleranceWhenTheCountIsTheSameAnyway) {
  EXPECT_FALSE(average_value_target(48, 10, 5, ten_percent).tolerated);
}

TEST(AverageValue, StaysFiniteAtTheEnds) {
  EXPECT_EQ(average_value_target(1.7e308, 1e-300, 1, ten_percent).replicas, largest);
  EXPECT_EQ(average_value_target(0, 1e-300, 3, ten_percent).replicas, 0);
}

TEST(ValueTarget, MultipliesReadyReplicas) {
  EXPECT_EQ(value_target(60, 40, {.current = 4, .ready = 3, .unready = 1}, ten_percent).replicas,
            5);
}

TEST(ValueTarget, CountsRatiosFromZero) {
  EXPECT_EQ(value_target(100, 40, {.current = 0, .ready = 0, .unready = 0}, ten_percent).replicas,
            3);
}

TEST(UtilizationTarget, CutsToWholePercentLikeHpa) {
  // 88.9 % is 88 % to HPA, and 88 / 80 is the upper end of the tolerance.
  const Size ten{.current = 10, .ready = 10, .unready = 0};
  EXPECT_EQ(utilization_target(0.889, 0.8, ten, ten_percent).replicas, 10);
  EXPECT_EQ(utilization_target(0.89, 0.8, ten, ten_percent).replicas, 12);
  EXPECT_EQ(utilization_target(0.29, 0.29, ten, {.up = 0, .down = 0}).replicas, 10);
}

TEST(UtilizationTarget, KeepsFineTargetsWhole) {
  const Size ten{.current = 10, .ready = 10, .unready = 0};
  EXPECT_EQ(utilization_target(0.007, 0.005, ten, ten_percent).replicas, 14);
}

TEST(UtilizationTarget, LetsStartingReplicasShareTheLoad) {
  EXPECT_EQ(utilization_target(1.0, 0.8, {.current = 8, .ready = 4, .unready = 4}, ten_percent)
                .replicas,
            8);
  EXPECT_EQ(utilization_target(2.4, 0.8, {.current = 8, .ready = 4, .unready = 4}, ten_percent)
                .replicas,
            12);
}

}  // namespace
}  // namespace poolscaler::engine
