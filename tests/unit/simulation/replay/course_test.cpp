#include <gtest/gtest.h>

#include "poolscaler/simulation/replay/scaler.hpp"
#include "unit/simulation/replay/moments.hpp"

namespace poolscaler::replay {
namespace {

TEST(Course, AveragesOverTheWindow) {
  Course course(60 * s);
  course.change(0 * s, 0);
  course.change(30 * s, 4);
  course.change(45 * s, 2);
  EXPECT_DOUBLE_EQ(*course.average(60 * s, 60 * s), (15 * 4 + 15 * 2) / 60.0);
  EXPECT_DOUBLE_EQ(*course.average(60 * s, 20 * s), (5 * 4 + 15 * 2) / 20.0);
  EXPECT_DOUBLE_EQ(*course.average(40 * s, 60 * s), 1);  // younger than the window
  EXPECT_DOUBLE_EQ(*course.average(0 * s, 60 * s), 0);
}

TEST(Course, KnowsTheExtremesOfTheWindow) {
  Course course(60 * s);
  course.change(0 * s, 9);
  course.change(10 * s, 1);
  course.change(20 * s, 5);
  EXPECT_EQ(course.most(70 * s, 60 * s), 5);
  EXPECT_EQ(course.most(69 * s, 60 * s), 9);
  EXPECT_EQ(course.least(75 * s, 60 * s), 1);
  EXPECT_EQ(course.least(85 * s, 60 * s), 5);
}

TEST(Course, WhatIsNotKnownCountsForNothing) {
  Course course(60 * s);
  EXPECT_FALSE(course.average(5 * s, 60 * s));
  course.change(0 * s, std::nullopt);
  EXPECT_FALSE(course.average(5 * s, 60 * s));
  course.change(10 * s, 3);
  EXPECT_DOUBLE_EQ(*course.average(20 * s, 60 * s), 3);
  EXPECT_FALSE(course.value(5 * s));
  EXPECT_EQ(course.value(10 * s), 3);
}

TEST(Course, ForgetsWhatLiesBeyondItsReach) {
  Course course(10 * s);
  for (int i = 0; i < 1000; ++i) course.change(i * s, i);
  EXPECT_DOUBLE_EQ(*course.average(1000 * s, 10 * s), 994.5);
}

}  // namespace
}  // namespace poolscaler::replay
