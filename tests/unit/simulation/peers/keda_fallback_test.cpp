// KEDA's fallback: strictly more failures than the threshold, and a value cut to milli-units.

#include <gtest/gtest.h>

#include "poolscaler/simulation/peers/keda.hpp"

namespace poolscaler::simulation::peers {
namespace {

KedaFallback fallback() {
  return {.enabled = true, .failure_threshold = 3, .replicas = 10, .target = 10};
}

TEST(KedaFallback, ActsAboveTheThreshold) {
  EXPECT_EQ(read_with_fallback(fallback(), {.failures_before = 2}).value, std::nullopt);
  EXPECT_EQ(read_with_fallback(fallback(), {.failures_before = 3}).value, 100);
  auto eager = fallback();
  eager.failure_threshold = 0;
  EXPECT_EQ(read_with_fallback(eager, {}).value, 100) << "the first failure counts as one";
}

TEST(KedaFallback, DividesAValueByTheReadyReplicasAndCutsIt) {
  auto value = fallback();
  value.target_type = KedaTargetType::Value;
  EXPECT_EQ(read_with_fallback(value, {.failures_before = 3, .ready_replicas = 3}).value, 33.333);
  EXPECT_EQ(read_with_fallback(value, {.failures_before = 3, .ready_replicas = 0}).value,
            std::nullopt);
  EXPECT_EQ(read_with_fallback(value, {.failures_before = 3}).value, std::nullopt);
}

TEST(KedaFallback, FollowsTheReplicasThatThereAre) {
  auto follows = fallback();
  const auto value_at = [&](KedaFallbackBehavior behavior, std::int32_t current) {
    follows.behavior = behavior;
    return read_with_fallback(follows, {.failures_before = 3, .current_replicas = current}).value;
  };
  EXPECT_EQ(value_at(KedaFallbackBehavior::CurrentReplicas, 7), 70);
  EXPECT_EQ(value_at(KedaFallbackBehavior::CurrentReplicasIfHigher, 7), 100);
  EXPECT_EQ(value_at(KedaFallbackBehavior::CurrentReplicasIfHigher, 15), 150);
  EXPECT_EQ(value_at(KedaFallbackBehavior::CurrentReplicasIfLower, 7), 70);
  EXPECT_EQ(value_at(KedaFallbackBehavior::CurrentReplicasIfLower, 15), 100);
  EXPECT_EQ(read_with_fallback(follows, {.failures_before = 3}).value, std::nullopt);
}

TEST(KedaFallback, TracksHealthOnlyWhileItIsValid) {
  auto off = fallback();
  off.enabled = false;
  EXPECT_EQ(read_with_fallback(off, {.value = 6, .failures_before = 5}).failures_after, 5);
  EXPECT_EQ(read_with_fallback(off, {.failures_before = 5}).value, std::nullopt);
  auto negative = fallback();
  negative.replicas = -1;
  EXPECT_EQ(read_with_fallback(negative, {}).failures_after, std::nullopt);
  EXPECT_EQ(read_with_fallback(fallback(), {.value = 6}).health, "Happy");
}

}  // namespace
}  // namespace poolscaler::simulation::peers
