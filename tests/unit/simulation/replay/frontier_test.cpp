#include "poolscaler/simulation/replay/frontier.hpp"

#include <gmock/gmock.h>

namespace poolscaler::replay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Frontier, IsTheLowerConvexHull) {
  const std::vector<Point> points = {
      {0.10, 5, 1}, {0.02, 10, 2}, {0.05, 9, 3}, {0.05, 7, 4}, {0.20, 5, 5}, {0.30, 4.5, 6},
      {0.02, 11, 7}, {0.40, 4.5, 8}};
  EXPECT_THAT(frontier_of(points), ElementsAre(1, 3, 0, 5));
}

TEST(Frontier, BetweenTwoPointsLiesTheLine) {
  const std::vector<Point> points = {{0.02, 10, 2}, {0.10, 6, 1}};
  const auto frontier = frontier_of(points);
  const auto reached = at_share(points, frontier, 0.04);
  ASSERT_TRUE(reached);
  EXPECT_DOUBLE_EQ(reached->hours, 9);
  EXPECT_EQ(reached->nearest, 0U);
  EXPECT_EQ(at_share(points, frontier, 0.06)->nearest, 0U);  // a tie takes the lower share
  EXPECT_EQ(at_share(points, frontier, 0.07)->nearest, 1U);
  EXPECT_DOUBLE_EQ(at_share(points, frontier, 0.02)->hours, 10);
}

TEST(Frontier, BeyondTheCheapestIsTheCheapestAndBelowTheLowestNothing) {
  const std::vector<Point> points = {{0.02, 10, 2}, {0.10, 6, 1}};
  const auto frontier = frontier_of(points);
  EXPECT_DOUBLE_EQ(at_share(points, frontier, 0.5)->hours, 6);
  EXPECT_FALSE(at_share(points, frontier, 0.0199));
  EXPECT_THAT(frontier_of({}), IsEmpty());
  EXPECT_FALSE(at_share({}, {}, 0.5));
}

}  // namespace
}  // namespace poolscaler::replay
