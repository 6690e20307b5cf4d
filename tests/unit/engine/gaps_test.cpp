#include "gaps.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace poolscaler::engine {
namespace {

LayerGaps seen(int times, Millis gap) {
  LayerGaps layer;
  for (int i = 0; i < times; ++i) remember_gap(layer, gap);
  return layer;
}

TEST(LayerGroups, AreSingleLayersUpTo32AndEightToAnOctaveAbove) {
  EXPECT_EQ(layer_group(1), 0U);
  EXPECT_EQ(layer_group(32), 31U);
  EXPECT_EQ(layer_group(33), 32U);
  EXPECT_EQ(layer_group(36), 32U);
  EXPECT_EQ(layer_group(37), 33U);
  EXPECT_EQ(layer_group(64), 39U);
  EXPECT_EQ(layer_group(65), 40U);
  EXPECT_EQ(layer_group(100'000), 124U);
  EXPECT_EQ(layer_group(0), 0U) << "whatever is asked";
}

TEST(LayerGroups, BeginWithTheirFirstLayer) {
  for (std::size_t group = 0; group <= 124; ++group) {
    EXPECT_EQ(layer_group(first_layer(group)), group);
    if (group > 0) {
      EXPECT_EQ(layer_group(first_layer(group) - 1), group - 1);
    }
  }
}

TEST(Gaps, AddToTheBucketThatTheyEndIn) {
  EXPECT_GT(seen(1, Seconds(0)).weights[0], 0);
  EXPECT_GT(seen(1, Seconds(8)).weights[0], 0);
  EXPECT_GT(seen(1, Millis(8'001)).weights[1], 0);
  EXPECT_GT(seen(1, Seconds(16)).weights[4], 0);
  EXPECT_GT(seen(1, Seconds(10'000'000)).weights[gap_buckets - 1], 0);
}

TEST(Gaps, FadeByASixtyFourth) {
  auto layer = seen(1, Seconds(8));
  const auto fresh = layer.weights[0];
  remember_gap(layer, Seconds(3600));
  EXPECT_EQ(layer.weights[0], fresh * 63 / 64);
  EXPECT_EQ(layer.gaps, 2);
}

TEST(Gaps, NeverOverflow) {
  const auto layer = seen(70'000, Seconds(60));
  EXPECT_EQ(layer.gaps, 65'535);
  EXPECT_GT(layer.weights[12], 60 * 512 / 2);
}

TEST(IdleTime, BridgesGapsThatCostLessThanAMiss) {
  for (const auto miss : {Seconds(1000), Seconds(3000)})
    EXPECT_GE(best_idle_time(seen(20, Seconds(100)), miss), Seconds(100));
  EXPECT_LE(best_idle_time(seen(200, Seconds(100)), Seconds(1000)), Seconds(160))
      << "and not much longer";
}

TEST(IdleTime, GivesUpOnGapsThatCostMore) {
  EXPECT_LT(best_idle_time(seen(20, Seconds(10'000)), Seconds(3000)), Seconds(200));
}

TEST(IdleTime, BridgesTheShortOfShortAndLongGaps) {
  auto layer = seen(10, Seconds(60));
  for (int i = 0; i < 10; ++i) remember_gap(layer, Seconds(40'000));
  const auto idle = best_idle_time(layer, Seconds(3000));
  EXPECT_GE(idle, Seconds(60));
  EXPECT_LE(idle, Seconds(120));
}

TEST(IdleTime, IsNoneWhenAMissCostsNothing) {
  EXPECT_EQ(best_idle_time(seen(20, Seconds(100)), Millis(0)), Millis(0));
}

TEST(IdleTime, IsADayAtMost) {
  const auto once_a_day = seen(64, Seconds(86'000));
  EXPECT_EQ(best_idle_time(once_a_day, Seconds(1'000'000)), idle_time_max);
  const auto less_often = seen(64, Seconds(100'000));
  EXPECT_LE(best_idle_time(less_often, Seconds(1'000'000)), idle_time_max);
}

RC_GTEST_PROP(IdleTimeLaws, GrowsWithWhatAMissCosts, ()) {
  LayerGaps layer;
  const auto count = *rc::gen::inRange(0, 40);
  for (int i = 0; i < count; ++i)
    remember_gap(layer, Seconds(*rc::gen::inRange(0, *rc::gen::element(60, 3600, 200'000))));
  const auto cheap = Seconds(*rc::gen::inRange(0, 100'000));
  const auto dear = cheap + Seconds(*rc::gen::inRange(0, 100'000));
  RC_ASSERT(best_idle_time(layer, cheap) <= best_idle_time(layer, dear));
}

/// The expectation by its definition, over the gaps themselves.
double cost(const std::vector<double>& gaps, double idle, double miss) {
  double sum = 0;
  for (const auto gap : gaps) sum += std::min(gap, idle) + (gap > idle ? miss : 0);
  return sum / static_cast<double>(gaps.size());
}

RC_GTEST_PROP(IdleTimeLaws, IsNearlyTheBestInHindsight, ()) {
  LayerGaps layer;
  std::vector<double> gaps;
  const double scale = *rc::gen::element(30, 300, 3000);
  for (int i = 0; i < 40; ++i) {
    gaps.push_back(scale * std::exp2(*rc::gen::inRange(-30, 30) / 10.0));
    remember_gap(layer, Millis(static_cast<std::int64_t>(gaps.back() * 1000)));
  }
  const double miss = *rc::gen::element(100, 1000, 10'000);
  const auto idle =
      static_cast<double>(best_idle_time(layer, Millis(std::int64_t(miss) * 1000)).count()) / 1000;
  double best = cost(gaps, 0, miss);
  for (const auto gap : gaps) best = std::min(best, cost(gaps, gap, miss));
  RC_LOG() << idle << " s costs " << cost(gaps, idle, miss) << ", at best " << best << "\n";
  RC_ASSERT(cost(gaps, idle, miss) <= 1.25 * best);
}

}  // namespace
}  // namespace poolscaler::engine
