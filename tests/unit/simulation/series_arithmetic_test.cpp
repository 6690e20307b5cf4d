// The arithmetic of Prometheus by hand-made cases; the contract test compares it with the real one.
#include "series_arithmetic.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace poolscaler::simulation {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();
const Instant start{Millis(1'000'000)};

std::vector<Sample> every_ten_seconds(const std::vector<double>& values) {
  std::vector<Sample> samples;
  for (const double value : values)
    samples.push_back({.at = start + Seconds(10 * samples.size()), .value = value});
  return samples;
}

std::optional<double> from_start(RangeFunction function, const std::vector<double>& values,
                                 int window_seconds) {
  return over_range(function, every_ten_seconds(values),
                    {.from = start, .to = start + Seconds(window_seconds)});
}

TEST(Increase, IsTheRiseWhenSamplesFillTheWindow) {
  EXPECT_DOUBLE_EQ(*from_start(RangeFunction::Increase, {100, 110, 130, 160}, 30), 60);
  EXPECT_DOUBLE_EQ(*from_start(RangeFunction::Rate, {100, 110, 130, 160}, 30), 2);
}

TEST(Increase, CountsAResetFromZero) {
  // 100 -> 110, reset, 0 -> 5, 5 -> 25.
  EXPECT_DOUBLE_EQ(*from_start(RangeFunction::Increase, {100, 110, 5, 25}, 30), 35);
}

TEST(Increase, IsStretchedToANearEndOfTheWindow) {
  // 5 s beyond the last sample, less than 1.1 of the distance of two: stretched by 5 s.
  EXPECT_DOUBLE_EQ(*from_start(RangeFunction::Increase, {100, 110, 120}, 25), 25);
}

TEST(Increase, IsStretchedByHalfADistanceToAFarEnd) {
  EXPECT_DOUBLE_EQ(*from_start(RangeFunction::Increase, {100, 110, 120}, 60), 25);
}

TEST(Increase, IsNotStretchedToBeforeTheCounterWasZero) {
  const auto samples = every_ten_seconds({2, 12});
  // At a slope of 1 the counter was 0 just 2 s before its first sample.
  EXPECT_DOUBLE_EQ(*over_range(RangeFunction::Increase, samples,
                               {.from = start - Seconds(9), .to = start + Seconds(10)}),
                   12);
}

TEST(Increase, NeedsTwoSamples) {
  EXPECT_FALSE(from_start(RangeFunction::Increase, {1}, 30));
  EXPECT_FALSE(from_start(RangeFunction::Rate, {1}, 30));
  EXPECT_FALSE(from_start(RangeFunction::AvgOverTime, {}, 30));
}

TEST(OverTime, IgnoresNaNForExtremesAndNotForMeans) {
  EXPECT_EQ(*from_start(RangeFunction::MaxOverTime, {nan, 3, 7, 5}, 30), 7);
  EXPECT_EQ(*from_start(RangeFunction::MinOverTime, {nan, 3, 7, 5}, 30), 3);
  EXPECT_DOUBLE_EQ(*from_start(RangeFunction::AvgOverTime, {3, 7, 5}, 30), 5);
  EXPECT_TRUE(std::isnan(*from_start(RangeFunction::AvgOverTime, {3, nan}, 30)));
}

TEST(OverTime, KeepsAnInfiniteMean) {
  EXPECT_EQ(*from_start(RangeFunction::AvgOverTime, {inf, 3, inf}, 30), inf);
  EXPECT_TRUE(std::isnan(*from_start(RangeFunction::AvgOverTime, {inf, -inf}, 30)));
}

double aggregated(Aggregation operation, const std::vector<double>& values) {
  Aggregate aggregate(operation);
  for (const double value : values) aggregate.add(value);
  return aggregate.value();
}

TEST(Aggregate, FollowsItsOperator) {
  EXPECT_EQ(aggregated(Aggregation::Sum, {1, 2, 6}), 9);
  EXPECT_EQ(aggregated(Aggregation::Avg, {1, 2, 6}), 3);
  EXPECT_EQ(aggregated(Aggregation::Max, {1, 6, 2}), 6);
  EXPECT_EQ(aggregated(Aggregation::Min, {2, 1, 6}), 1);
}

TEST(Aggregate, TakesAnyNumberOverNaNForExtremes) {
  EXPECT_EQ(aggregated(Aggregation::Max, {nan, 1, nan}), 1);
  EXPECT_EQ(aggregated(Aggregation::Min, {nan, 1}), 1);
  EXPECT_TRUE(std::isnan(aggregated(Aggregation::Sum, {1, nan})));
  EXPECT_TRUE(std::isnan(aggregated(Aggregation::Max, {nan})));
}

TEST(Aggregate, DoesNotOverflowInAnAverage) {
  EXPECT_DOUBLE_EQ(aggregated(Aggregation::Avg, {1.7e308, 1.7e308}), 1.7e308);
}

}  // namespace
}  // namespace poolscaler::simulation
