// HPA's rules at the edges of their numbers.

#include "poolscaler/engine/hpa.hpp"
#include "unit/engine/moment.hpp"

#include <limits>

#include <gmock/gmock.h>

namespace poolscaler::engine::hpa {
namespace {

constexpr auto most = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();
constexpr auto most_replicas = std::numeric_limits<std::int32_t>::max();

std::int64_t sum(const std::vector<std::int64_t>& quantities) { return sum_of(quantities); }

TEST(HpaQuantities, SaturateAtBothEnds) {
  EXPECT_EQ(sum({}), 0);
  EXPECT_EQ(sum({most, 1}), most);
  EXPECT_EQ(sum({most, most, -1}), most - 1);
  EXPECT_EQ(sum({least, -1}), least);
  EXPECT_EQ(sum({most - 1, 1}), most);
}

TEST(HpaTargets, AreExactBeyondTheDigitsOfADouble) {
  // 2^53 + 1 is no double; HPA's own arithmetic is in doubles from here on, and so is this.
  constexpr std::int64_t odd = 9007199254740993;
  EXPECT_EQ(average_value_target(odd, odd, 1, {.up = 0, .down = 0}), 1);
  EXPECT_EQ(average_value_target(3 * 1'000'000'000'000'000'000, 1'000'000'000'000'000'000, 0, {}),
            3);
  EXPECT_EQ(value_target(most, 1, {.current = 3, .ready = 3}, {}), most_replicas);
  EXPECT_EQ(average_value_target(most, 1, 1, {}), most_replicas);
}

TEST(HpaTargets, OfNoUsageAskForNone) {
  EXPECT_EQ(average_value_target(0, 5000, 0, {}), 0);
  EXPECT_EQ(average_value_target(0, 5000, 4, {}), 0);
  EXPECT_EQ(value_target(0, 5000, {.current = 4, .ready = 4}, {}), 0);
}

ScalingRules percent(std::int32_t value, int window = 0) {
  return {.stabilization_window_seconds = window,
          .policies = {{RatePolicyType::Percent, value, 60}}};
}

TEST(HpaRates, LeaveATargetAtZeroThatOnlyAPercentageCouldRaise) {
  const Behavior behavior{.scale_up = percent(100), .scale_down = percent(100)};
  const auto limited = rate_limited(behavior, {}, {.lowest = 0, .highest = 9}, 0, {now, 5});
  EXPECT_EQ(limited.replicas, 0);
  EXPECT_EQ(limited.limit, Limit::ScaleUpLimit);
}

TEST(HpaRates, NameTheTighterLimitAndTheBoundOnATie) {
  const Behavior behavior{.scale_up = percent(100), .scale_down = percent(50)};
  const auto limit_of = [&](Range range, std::int32_t desired) {
    return rate_limited(behavior, {}, range, 10, {now, desired}).limit;
  };
  EXPECT_EQ(limit_of({.lowest = 1, .highest = 21}, 30), Limit::ScaleUpLimit);
  EXPECT_EQ(limit_of({.lowest = 1, .highest = 20}, 30), Limit::TooManyReplicas);
  EXPECT_EQ(limit_of({.lowest = 4, .highest = 20}, 1), Limit::ScaleDownLimit);
  EXPECT_EQ(limit_of({.lowest = 5, .highest = 20}, 1), Limit::TooFewReplicas);
  EXPECT_EQ(limit_of({.lowest = 1, .highest = 20}, 10), Limit::None);
  EXPECT_EQ(limit_of({.lowest = 1, .highest = 20}, 20), Limit::None);
}

TEST(HpaRates, RememberWhatWasAddedAndRemoved) {
  History history;
  remember_change({}, history, 3, {now, 7});
  remember_change({}, history, 7, {now, 5});
  remember_change({}, history, 5, {now, 5});
  EXPECT_THAT(history.scale_ups, testing::ElementsAre(TimedReplicas{now, 4}));
  EXPECT_THAT(history.scale_downs, testing::ElementsAre(TimedReplicas{now, 2}));
  EXPECT_EQ(moved_within(history.scale_ups, Seconds(60), now + Millis(59'999)), 4);
  EXPECT_EQ(moved_within(history.scale_ups, Seconds(60), now + Seconds(60)), 0);
}

TEST(HpaRates, UseSlotsAgainThatAreOlderThanEveryPeriod) {
  const std::vector<TimedReplicas> events{{now - Seconds(60), 1}, {now - Millis(60'001), 2}};
  EXPECT_THAT(outdated(percent(1), events, now), testing::ElementsAre(false, true));
  EXPECT_THAT(outdated({.stabilization_window_seconds = 0, .policies = {}}, events, now),
              testing::ElementsAre(false, false));
}

TEST(HpaWindows, HoldTheHighestAndRememberTheRawWish) {
  const Behavior behavior{.scale_up = percent(100), .scale_down = percent(100, 300)};
  History history{.recommendations = {{now - Seconds(299), 9}}};
  EXPECT_EQ(stabilized(behavior, history, 9, {now, 2}), 9);
  EXPECT_EQ(stabilized(behavior, history, 9, {now + Seconds(1), 2}), 2);
  EXPECT_EQ(history.recommendations.back().replicas, 2);
}

}  // namespace
}  // namespace poolscaler::engine::hpa
