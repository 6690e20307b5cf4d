// One reconciliation of an HPA: which word its conditions say, and when nothing may change.

#include "poolscaler/simulation/peers/hpa_reconcile.hpp"

#include <gtest/gtest.h>

namespace poolscaler::simulation::peers {
namespace {

const Instant now{Seconds{1'800'000'000}};
constexpr std::string_view external = "FailedGetExternalMetric";

HpaReconciliation at(std::int32_t replicas, std::vector<HpaMetric> metrics) {
  return {.range = {.lowest = 1, .highest = 10},
          .spec_replicas = replicas,
          .metrics = std::move(metrics)};
}

HpaReconciled reconciled(const HpaReconciliation& hpa) {
  engine::hpa::History history;
  return reconcile(hpa, history, now);
}

std::string reason(const HpaReconciled& result, const char* type) {
  const auto found = result.conditions.find(type);
  return found == result.conditions.end() ? "" : found->second.reason;
}

TEST(HpaReconcile, TakesTheLargestProposal) {
  const auto result = reconciled(at(3, {{.proposal = 4}, {.proposal = 6}, {.proposal = 2}}));
  EXPECT_EQ(result.replicas, 6);
  EXPECT_EQ(reason(result, "ScalingActive"), "ValidMetricFound");
  EXPECT_EQ(reason(result, "AbleToScale"), "SucceededRescale");
  EXPECT_FALSE(result.returns_error);
}

TEST(HpaReconcile, NeverShrinksWhileAMetricFails) {
  const HpaMetric failed{.failure = external};
  EXPECT_EQ(reconciled(at(3, {failed, {.proposal = 2}})).replicas, 3);
  EXPECT_EQ(reason(reconciled(at(3, {failed, {.proposal = 2}})), "ScalingActive"), external);
  EXPECT_EQ(reconciled(at(3, {failed})).replicas, 3);
  const auto grows = reconciled(at(3, {failed, {.proposal = 5}}));
  EXPECT_EQ(grows.replicas, 5);
  EXPECT_TRUE(grows.returns_error);
  EXPECT_EQ(reason(reconciled(at(3, {failed, {.proposal = 3}})), "ScalingActive"),
            "ValidMetricFound")
      << "not below what there is";
}

TEST(HpaReconcile, BringsBackWhatIsOutOfBoundsWithoutMetrics) {
  EXPECT_EQ(reconciled(at(12, {{.failure = external}})).replicas, 10);
  auto low = at(1, {{.failure = external}});
  low.range.lowest = 2;
  EXPECT_EQ(reconciled(low).replicas, 2);
  EXPECT_EQ(reason(reconciled(low), "ScalingActive"), "");
}

TEST(HpaReconcile, IsSwitchedOffAtZeroUnlessItWentThereItself) {
  auto zero = at(0, {{.proposal = 4}});
  EXPECT_EQ(reason(reconciled(zero), "ScalingActive"), "ScalingDisabled");
  zero.scaled_to_zero = true;
  EXPECT_EQ(reconciled(zero).replicas, 0) << "the gate is closed";
  zero.may_scale_to_zero = true;
  EXPECT_EQ(reconciled(zero).replicas, 4);
  EXPECT_EQ(reason(reconciled(zero), "ScaledToZero"), "NotScaledToZero");
}

TEST(HpaReconcile, LimitsGrowthToTwiceTheSizeButAtLeastFour) {
  EXPECT_EQ(reconciled(at(1, {{.proposal = 9}})).replicas, 4);
  EXPECT_EQ(reason(reconciled(at(1, {{.proposal = 9}})), "ScalingLimited"), "ScaleUpLimit");
  EXPECT_EQ(reconciled(at(4, {{.proposal = 9}})).replicas, 8);
  EXPECT_EQ(reason(reconciled(at(8, {{.proposal = 19}})), "ScalingLimited"), "TooManyReplicas");
}

TEST(HpaReconcile, HoldsForItsWindowIncludingTheEndOfIt) {
  engine::hpa::History history{.recommendations = {{now - Seconds(300), 5}}};
  const auto held = reconcile(at(5, {{.proposal = 2}}), history, now);
  EXPECT_EQ(held.replicas, 5);
  EXPECT_EQ(reason(held, "AbleToScale"), "ScaleDownStabilized");
}

TEST(HpaReconcile, SaysWhatKeepsItFromLooking) {
  auto blind = at(3, {{.proposal = 5}});
  blind.scale_unreadable = true;
  EXPECT_EQ(reason(reconciled(blind), "AbleToScale"), "FailedGetScale");
  blind.scale_unreadable = false;
  blind.selector_ambiguous = true;
  EXPECT_EQ(reason(reconciled(blind), "ScalingActive"), "AmbiguousSelector");
  EXPECT_TRUE(reconciled(blind).returns_error);
}

}  // namespace
}  // namespace poolscaler::simulation::peers
