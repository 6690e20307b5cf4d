// KPA's way to zero at the edges of its times.

#include <gtest/gtest.h>

#include "poolscaler/simulation/peers/kpa.hpp"

namespace poolscaler::simulation::peers {
namespace {

KpaZeroState state(KpaActivity activity, Millis age, Millis proxied = Millis{0}) {
  return {.current = 1, .activity = activity, .activity_age = age, .proxied = proxied};
}

std::pair<std::int32_t, bool> zero(const KpaZeroSpec& spec, const KpaZeroState& at) {
  const auto scaled = scale(spec, at, 0);
  return {scaled.result, scaled.applied};
}

using Is = std::pair<std::int32_t, bool>;

TEST(KpaZero, IsMarkedAfterTheStableWindowAndTakenAfterTheGrace) {
  EXPECT_EQ(zero({}, state(KpaActivity::Active, Millis(59'999))), Is(1, false));
  EXPECT_EQ(zero({}, state(KpaActivity::Active, Seconds(60))), Is(0, false));
  EXPECT_EQ(zero({}, state(KpaActivity::Inactive, Millis(29'999))), Is(0, false));
  EXPECT_EQ(zero({}, state(KpaActivity::Inactive, Seconds(30))), Is(0, true));
  EXPECT_EQ(zero({}, state(KpaActivity::Inactive, Seconds(0), Seconds(30))), Is(0, true));
}

TEST(KpaZero, WaitsForTheRetentionHoweverLongItWasProxied) {
  const KpaZeroSpec kept{.pod_retention = Seconds(10)};
  EXPECT_EQ(zero(kept, state(KpaActivity::Inactive, Millis(9'999), Seconds(99))), Is(0, false));
  EXPECT_EQ(zero(kept, state(KpaActivity::Inactive, Seconds(10), Seconds(99))), Is(0, true));
  EXPECT_EQ(zero(kept, state(KpaActivity::Inactive, Seconds(10), Seconds(9))), Is(0, false));
}

TEST(KpaZero, GivesUpActivatingAfterMoreThanTheTimeout) {
  EXPECT_EQ(zero({}, state(KpaActivity::Activating, Seconds(630))), Is(-1, false));
  EXPECT_EQ(zero({}, state(KpaActivity::Activating, Millis(630'001))), Is(0, true));
  EXPECT_EQ(scale({}, state(KpaActivity::Activating, Seconds(1)), -1).result, -1);
}

TEST(KpaZero, NeedsTheActivatorInThePathUnlessItAlwaysIs) {
  auto bare = state(KpaActivity::Inactive, Seconds(99));
  bare.activator_in_path = false;
  EXPECT_EQ(zero({}, bare), Is(0, false));
  EXPECT_EQ(zero({.burst_capacity = -1}, bare), Is(0, true));
}

TEST(KpaZero, StaysAtOneWhereItIsDisabled) {
  EXPECT_EQ(zero({.enable_scale_to_zero = false}, state(KpaActivity::Inactive, Seconds(99))),
            Is(1, false));
}

TEST(KpaZero, HoldsTheInitialScaleUntilItWasReached) {
  auto fresh = state(KpaActivity::Activating, Seconds(0));
  fresh.initialized = false;
  EXPECT_EQ(scale({.initial_scale = 3}, fresh, 1).result, 3);
  EXPECT_EQ(scale({.initial_scale = 3, .reachability = KpaReachability::Unreachable}, fresh, 1)
                .result,
            1);
  fresh.initialized = true;
  EXPECT_EQ(scale({.initial_scale = 3}, fresh, 1).result, 1);
}

}  // namespace
}  // namespace poolscaler::simulation::peers
