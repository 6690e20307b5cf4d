#include "poolscaler/simulation/replay/bounds.hpp"

#include <gtest/gtest.h>

#include "unit/simulation/replay/moments.hpp"

namespace poolscaler::replay {
namespace {

Bounds bounds(std::vector<Request> requests, Interval measured, Micros cold_start, int slots = 1) {
  const Load load{.name = "test", .requests = std::move(requests), .end = measured.end};
  return bounds_of(load, {.slots = slots, .cold_start = cold_start}, measured);
}

TEST(Bounds, WorkIsThePartInsideTheInterval) {
  const auto b = bounds({{5 * s, 10 * s}, {18 * s, 10 * s}}, {10 * s, 20 * s}, s, 2);
  EXPECT_DOUBLE_EQ(b.work_replica_seconds, (5 + 2) / 2.0);
  EXPECT_EQ(b.peak, 1);
}

TEST(Bounds, AGapIsKeptOrStartedAgainWhicheverIsLess) {
  const Interval hour{0 * s, 3600 * s};
  const auto need = [&](Micros gap) {
    return bounds({{0 * s, s}, {s + gap, s}}, hour, 20 * s).zero_wait_replica_seconds;
  };
  EXPECT_DOUBLE_EQ(need(7 * s), 2 + 7);
  EXPECT_DOUBLE_EQ(need(20 * s), 2 + 20);
  EXPECT_DOUBLE_EQ(need(700 * s), 2 + 20);
}

TEST(Bounds, AFirstNeedCostsTheWayToItAtMost) {
  const Interval hour{100 * s, 3600 * s};
  const auto need = [&](Micros at) {
    return bounds({{at, s}}, hour, 20 * s).zero_wait_replica_seconds;
  };
  EXPECT_DOUBLE_EQ(need(100 * s), 1);
  EXPECT_DOUBLE_EQ(need(105 * s), 6);
  EXPECT_DOUBLE_EQ(need(900 * s), 21);
}

TEST(Bounds, LayersAreJudgedApart) {
  // One replica all the time, a second one twice.
  const auto b = bounds({{0 * s, 1000 * s}, {100 * s, s}, {500 * s, s}}, {0 * s, 1000 * s}, 20 * s);
  EXPECT_DOUBLE_EQ(b.zero_wait_replica_seconds, 1000 + 2 + 20 + 20);
  EXPECT_EQ(b.peak, 2);
  EXPECT_EQ(usual_max_replicas(b), 8);
}

}  // namespace
}  // namespace poolscaler::replay
