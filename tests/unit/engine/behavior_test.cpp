// Windows and rates at their edges, where HPA's rules are easily missed by one.

#include <gmock/gmock.h>

#include "rate.hpp"
#include "stabilization.hpp"
#include "unit/engine/moment.hpp"

namespace poolscaler::engine {
namespace {

TimedReplicas ago(int seconds, std::int32_t replicas) { return {now - Seconds(seconds), replicas}; }

std::vector<std::int32_t> counts(const std::vector<TimedReplicas>& entries) {
  std::vector<std::int32_t> out;
  for (const auto& entry : entries) out.push_back(entry.replicas);
  return out;
}

constexpr Windows down_five_minutes{.up = Millis{0}, .down = Seconds{300}};

TEST(Stabilization, ForgetsAnEntryExactlyAsOldAsTheWindow) {
  EXPECT_EQ(stabilized({ago(300, 9)}, {now, 2}, 9, down_five_minutes), 2);
  EXPECT_EQ(stabilized({ago(299, 9)}, {now, 2}, 9, down_five_minutes), 9);
}

TEST(Stabilization, HoldsTheHighestOfTheDownWindow) {
  EXPECT_EQ(stabilized({ago(200, 5), ago(100, 7), ago(50, 3)}, {now, 2}, 9, down_five_minutes), 7);
}

TEST(Stabilization, HoldsTheLowestOfTheUpWindow) {
  const Windows windows{.up = Seconds{60}, .down = Seconds{0}};
  EXPECT_EQ(stabilized({ago(90, 1), ago(50, 6), ago(10, 8)}, {now, 20}, 4, windows), 6);
  EXPECT_EQ(stabilized({ago(59, 1)}, {now, 20}, 4, windows), 4) << "an up window never lowers";
}

TEST(Stabilization, KeepsTheSizeThatBothWindowsAllow) {
  const Windows windows{.up = Seconds{300}, .down = Seconds{300}};
  EXPECT_EQ(stabilized({ago(180, 3)}, {now, 1}, 2, windows), 2);
  EXPECT_EQ(stabilized({ago(180, 1)}, {now, 3}, 2, windows), 2);
}

TEST(Recommendations, ReuseTheSlotOfWhatNoWindowSees) {
  std::vector<TimedReplicas> history{ago(600, 10), ago(301, 9), ago(300, 8)};
  remember_recommendation(history, {now, 3}, down_five_minutes);
  EXPECT_THAT(counts(history), testing::ElementsAre(10, 3, 8));
}

TEST(Recommendations, BeyondTheBoundHoldLongerAndNeverShorter) {
  const Windows windows{.up = Millis{0}, .down = Seconds{86'400}};
  std::vector<TimedReplicas> history;
  std::vector<TimedReplicas> all;
  for (int i = 0; i < 1000; ++i) {
    const auto at = now + Seconds(i);
    remember_recommendation(history, {at, 5000 - i}, windows);
    all.push_back({at, 5000 - i});
    ASSERT_LE(history.size(), memory_entries_max);
  }
  const auto later = now + Seconds(86'400);
  for (int i = 0; i < 1000; i += 10) {
    const TimedReplicas desired{later + Seconds(i), 0};
    EXPECT_GE(stabilized(history, desired, 5000, windows),
              stabilized(all, desired, 5000, windows));
  }
}

ScalingRules rules(std::vector<RatePolicy> policies, SelectPolicy select = SelectPolicy::Max) {
  return {.stabilization_window_seconds = 0,
          .policies = std::move(policies),
          .select_policy = select};
}

constexpr RatePolicy two_pods{RatePolicyType::Pods, 2, 60};
constexpr RatePolicy half{RatePolicyType::Percent, 50, 60};

struct Past {
  std::vector<TimedReplicas> ups{};
  std::vector<TimedReplicas> downs{};
  [[nodiscard]] ScaleEvents events() const { return {.ups = ups, .downs = downs}; }
};

TEST(ScaleUpLimit, IsTheLargestOrTheSmallestPolicy) {
  const Past none;
  EXPECT_EQ(scale_up_limit(rules({two_pods, half}), none.events(), 10, now), 15);
  EXPECT_EQ(scale_up_limit(rules({two_pods, half}, SelectPolicy::Min), none.events(), 10, now), 12);
  EXPECT_EQ(scale_up_limit(rules({two_pods}, SelectPolicy::Disabled), none.events(), 10, now), 10);
}

TEST(ScaleUpLimit, RoundsAPercentageUp) {
  EXPECT_EQ(scale_up_limit(rules({half}), Past{}.events(), 1, now), 2);
  EXPECT_EQ(scale_up_limit(rules({half}), Past{}.events(), 3, now), 5);
}

TEST(ScaleUpLimit, CountsFromTheSizeAtTheStartOfThePeriod) {
  EXPECT_EQ(scale_up_limit(rules({two_pods}), Past{.ups = {ago(59, 2)}}.events(), 10, now), 10);
  EXPECT_EQ(scale_up_limit(rules({two_pods}), Past{.ups = {ago(60, 2)}}.events(), 10, now), 12);
  EXPECT_EQ(scale_up_limit(rules({two_pods}), Past{.downs = {ago(9, 3)}}.events(), 10, now), 15);
}

TEST(ScaleUpLimit, NeverStandsBelowTheSize) {
  EXPECT_EQ(scale_up_limit(rules({two_pods}), Past{.ups = {ago(1, 9)}}.events(), 10, now), 10);
}

TEST(ScaleUpLimit, LetsATargetWakeUnlessDisabled) {
  const Past none;
  EXPECT_EQ(scale_up_limit(rules({half}), none.events(), 0, now), 1);
  EXPECT_EQ(scale_up_limit(rules({two_pods}, SelectPolicy::Disabled), none.events(), 0, now), 0);
}

TEST(ScaleDownLimit, CutsAPercentageDown) {
  EXPECT_EQ(scale_down_limit(rules({half}), Past{}.events(), 5, now), 2);
  EXPECT_EQ(scale_down_limit(rules({half}), Past{}.events(), 1, now), 0);
}

TEST(ScaleDownLimit, IsTheSmallestOrTheLargestPolicy) {
  const Past none;
  EXPECT_EQ(scale_down_limit(rules({two_pods, half}), none.events(), 10, now), 5);
  EXPECT_EQ(scale_down_limit(rules({two_pods, half}, SelectPolicy::Min), none.events(), 10, now),
            8);
  EXPECT_EQ(scale_down_limit(rules({half}, SelectPolicy::Disabled), none.events(), 10, now), 10);
}

TEST(ScaleDownLimit, CountsFromTheSizeAtTheStartOfThePeriod) {
  EXPECT_EQ(scale_down_limit(rules({two_pods}), Past{.downs = {ago(59, 2)}}.events(), 10, now), 10);
  EXPECT_EQ(scale_down_limit(rules({two_pods}), Past{.downs = {ago(60, 2)}}.events(), 10, now), 8);
}

TEST(RateLimit, WithoutPoliciesLimitsNothing) {
  EXPECT_GT(scale_up_limit(rules({}), Past{}.events(), 10, now), 1'000'000);
  EXPECT_EQ(scale_down_limit(rules({}), Past{}.events(), 10, now), 0);
}

TEST(ScaleEvents, ReuseTheSlotOfWhatNoPeriodSees) {
  std::vector<TimedReplicas> events{ago(61, 7), ago(60, 6)};
  remember_event(events, {now, 5}, rules({two_pods}));
  EXPECT_THAT(counts(events), testing::ElementsAre(5, 6));
}

TEST(ScaleEvents, BeyondTheBoundAreCountedLongerAndNeverLost) {
  std::vector<TimedReplicas> events;
  const auto long_period = rules({{RatePolicyType::Pods, 1, 86'400}});
  for (int i = 0; i < 1000; ++i) remember_event(events, {now + Seconds(i), 1}, long_period);
  EXPECT_EQ(events.size(), memory_entries_max);
  std::int32_t sum = 0;
  for (const auto& event : events) sum += event.replicas;
  EXPECT_EQ(sum, 1000);
}

}  // namespace
}  // namespace poolscaler::engine
