#include "breaker.hpp"

#include <gtest/gtest.h>

namespace poolscaler::adapters {
namespace {

Breaker opened(Millis now) {
  Breaker breaker({.failures_to_open = 3, .open_first = Millis(1000), .open_longest = Millis(8000)},
                  1);
  for (int i = 0; i < 3; ++i) breaker.failed(now, "refused");
  return breaker;
}

TEST(Breaker, OpensAfterFailuresInARowOnly) {
  Breaker breaker({.failures_to_open = 3}, 1);
  breaker.failed(Millis(0), "a");
  breaker.failed(Millis(0), "a");
  breaker.succeeded();
  breaker.failed(Millis(0), "a");
  breaker.failed(Millis(0), "a");
  EXPECT_TRUE(breaker.admit(Millis(0)).admitted);
  breaker.failed(Millis(0), "b");
  const auto refused = breaker.admit(Millis(0));
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.last_failure, "b");
}

TEST(Breaker, LetsOneProbeThroughAndClosesOnItsSuccess) {
  Breaker breaker = opened(Millis(0));
  EXPECT_FALSE(breaker.admit(Millis(499)).admitted);
  EXPECT_TRUE(breaker.probe_is_due(Millis(1000)));
  EXPECT_TRUE(breaker.admit(Millis(1000)).is_probe);
  EXPECT_FALSE(breaker.admit(Millis(1000)).admitted);
  breaker.succeeded();
  EXPECT_TRUE(breaker.admit(Millis(1000)).admitted);
}

TEST(Breaker, DoublesUpToTheLongestTime) {
  Breaker breaker = opened(Millis(0));
  Millis now(0);
  Millis least(500);
  for (int i = 0; i < 8; ++i) {
    const Millis wait = breaker.wait(now);
    EXPECT_GE(wait, least);
    EXPECT_LE(wait, 2 * least);
    now += wait;
    ASSERT_TRUE(breaker.admit(now).is_probe);
    breaker.failed(now, "refused");
    least = std::min(2 * least, Millis(4000));
  }
}

TEST(Breaker, AnAbandonedProbeLeavesTheNextOneDue) {
  Breaker breaker = opened(Millis(0));
  ASSERT_TRUE(breaker.admit(Millis(1000)).is_probe);
  breaker.abandoned();
  EXPECT_TRUE(breaker.admit(Millis(1000)).is_probe);
}

TEST(Breaker, LateFailuresDoNotProlongIt) {
  Breaker breaker = opened(Millis(0));
  const Millis wait = breaker.wait(Millis(0));
  for (int i = 0; i < 10; ++i) breaker.failed(Millis(1), "late");
  EXPECT_EQ(breaker.wait(Millis(0)), wait);
}

TEST(Breaker, ObeysThePeersWishWithinBounds) {
  Breaker breaker({.open_first = Millis(1000), .open_longest = Millis(8000)}, 1);
  breaker.failed(Millis(0), "429", Millis(5000));
  EXPECT_EQ(breaker.wait(Millis(0)), Millis(5000));
  Breaker other({.open_first = Millis(1000), .open_longest = Millis(8000)}, 1);
  other.failed(Millis(0), "429", Millis(3'600'000));
  EXPECT_EQ(other.wait(Millis(0)), Millis(8000));
}

}  // namespace
}  // namespace poolscaler::adapters
