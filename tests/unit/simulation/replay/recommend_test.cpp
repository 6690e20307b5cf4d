#include "poolscaler/simulation/replay/recommend.hpp"

#include <gmock/gmock.h>

#include "unit/simulation/replay/moments.hpp"
#include "waves.hpp"

namespace poolscaler::replay {
namespace {

using ::testing::HasSubstr;

/// Few variations, since this is about what is done with them.
const Effort quick{.search_seconds = 0.4, .hindsight_seconds = 0.1};

Present presently(ScalingPolicy policy) {
  return {.name = "web", .policy = std::move(policy), .start = monday};
}

TEST(Recommend, KeepsWhatIsAskedAndIsScoredOnTheSecondHalf) {
  auto present = plain_policy(8, 20);
  present.signals[0].target = 1;
  const std::vector<Ask> asks = {{.max_delayed = 0.1}, {.max_delayed = 0.2}};
  const auto all = recommend({waves()}, {}, presently(present), asks, quick);
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), 2U);
  const auto& found = all->front();
  EXPECT_TRUE(found.keeps_ask);
  ASSERT_EQ(found.tried.size(), 3U) << "the best of all, and the best of those";
  EXPECT_GT(found.tried[0].settings, 2 * found.tried[1].settings);
  EXPECT_GT(found.tried[1].settings, 2 * found.tried[2].settings);
  EXPECT_GT(found.tried[2].variations, found.tried[0].variations);
  EXPECT_LT(found.hindsight_played, found.hindsight_swept);
  EXPECT_LE(found.second_half.delayed_share, 1.5 * 0.1);
  EXPECT_LT(found.first_half.replica_seconds, found.present_first_half.replica_seconds);
  EXPECT_LT(found.second_half.replica_seconds, found.present_second_half.replica_seconds);
  ASSERT_TRUE(found.hindsight);
  EXPECT_GE(found.hindsight->hours, all->back().hindsight->hours);
}

TEST(Recommend, SaysWhenNothingKeepsTheAsk) {
  const auto found = recommend({waves()}, {.cold_start = Micros(120'000'000)},
                               presently(plain_policy(8, 1)),
                               {{.max_delayed = 0.01, .max_wait_p99 = 1}}, quick);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->front().keeps_ask);
}

TEST(Recommend, AWaitThatIsAskedForIsKept) {
  // On the record alone nearly every setting keeps it, so the first step tries variations, too.
  const Effort longer{.search_seconds = 1, .hindsight_seconds = 0.1};
  const auto found = recommend({waves()}, {}, presently(plain_policy(8, 20)),
                               {{.max_delayed = 0.2, .max_wait_p99 = 5}}, longer);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->front().keeps_ask);
  EXPECT_LE(found->front().second_half.wait_p99, 1.5 * 5);
}

TEST(Recommend, RefusesWhatItCannotJudge) {
  const Load metric{.name = "m", .samples = {{Micros(0), 1}, {Micros(5), 1}}, .end = Micros(5)};
  const auto found = recommend({metric}, {}, presently(plain_policy(8, 1)), {{}}, {});
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("needs requests"));
}

}  // namespace
}  // namespace poolscaler::replay
