#include "fleet.hpp"

#include <gtest/gtest.h>

#include "unit/simulation/replay/moments.hpp"

namespace poolscaler::replay {
namespace {

TEST(Fleet, RequestsGoToTheFreestOldestFirst) {
  Fleet fleet(2, 10 * s);
  fleet.begin_with(3);
  EXPECT_EQ(fleet.take_request(), 0U);
  EXPECT_EQ(fleet.take_request(), 1U);
  EXPECT_EQ(fleet.take_request(), 2U);
  fleet.end_request(1);
  EXPECT_EQ(fleet.take_request(), 1U);
  EXPECT_EQ(fleet.take_request(), 0U);
  fleet.take_request();
  fleet.take_request();
  EXPECT_FALSE(fleet.has_free_slot());
  EXPECT_EQ(fleet.running(), 6);
}

TEST(Fleet, TheFreestAreRemovedNewestFirst) {
  Fleet fleet(2, 10 * s);
  fleet.begin_with(3);
  fleet.take_request();
  fleet.remove(1);
  EXPECT_EQ(fleet.draining(), 0);
  EXPECT_EQ(fleet.take_request(), 1U);  // 2 was removed
  fleet.remove(1);
  EXPECT_EQ(fleet.draining(), 1);  // 1, which is as busy as 0 and newer
  EXPECT_EQ(fleet.running_on_ready(), 1);
  fleet.end_request(1);
  EXPECT_EQ(fleet.draining(), 0);
  EXPECT_EQ(fleet.paid(), 1);
}

TEST(Fleet, WhatIsReplacedDrainsUntilItIsLost) {
  Fleet fleet(2, 10 * s);
  fleet.begin_with(3);
  fleet.take_request();
  EXPECT_TRUE(fleet.replace(0, 5 * s));
  EXPECT_TRUE(fleet.replace(1, 5 * s));
  EXPECT_EQ(fleet.ready(), 1);
  EXPECT_EQ(fleet.starting(), 2);
  EXPECT_EQ(fleet.draining(), 1);
  EXPECT_FALSE(fleet.replace(0, 6 * s));  // it drains
  EXPECT_TRUE(fleet.replace(3, 6 * s));   // it starts
  EXPECT_EQ(fleet.starting(), 2);
  EXPECT_EQ(fleet.take_request(), 2U);
  fleet.lose(0);
  EXPECT_EQ(fleet.draining(), 0);
  EXPECT_EQ(fleet.running(), 1);
}

TEST(Fleet, ManyComeAndGoAndTheOldestStays) {
  Fleet fleet(1, s);
  fleet.begin_with(1);
  for (int round = 0; round < 1000; ++round) {
    fleet.start(3, round * s);
    for (int i = 0; i < 3; ++i) fleet.make_ready();
    EXPECT_EQ(fleet.take_request(), 0U);
    fleet.remove(3);
    EXPECT_EQ(fleet.ready(), 1);
    fleet.end_request(0);
    EXPECT_EQ(fleet.youngest(), -std::chrono::hours(24));
  }
}

}  // namespace
}  // namespace poolscaler::replay
