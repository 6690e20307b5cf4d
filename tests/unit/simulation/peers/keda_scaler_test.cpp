// KEDA as it is set up in a replay: a poll every 30 s, then the HPA at the same instant.

#include <gtest/gtest.h>

#include "poolscaler/simulation/peers/scalers.hpp"

namespace poolscaler::simulation::peers {
namespace {

KedaScaler scaler(int cooldown_seconds = 60) {
  return KedaScaler({.hpa = {.target_per_replica = 4, .max_replicas = 100},
                     .cooldown = Seconds(cooldown_seconds)});
}

Seen at(int seconds, std::int64_t inflight, std::int32_t current) {
  return {.now = Seconds(seconds), .inflight = inflight, .current = current, .ready = current};
}

TEST(KedaScaler, WakesAtAPollAndGrowsAtTheSameInstant) {
  auto keda = scaler();
  EXPECT_EQ(keda.evaluate(at(15, 40, 0)), 0) << "no poll: the HPA is disabled at zero";
  EXPECT_EQ(keda.evaluate(at(30, 40, 0)), 5);
}

TEST(KedaScaler, GoesToZeroFromAnySizeAfterTheCooldown) {
  auto keda = scaler();
  EXPECT_EQ(keda.evaluate(at(30, 32, 8)), 8);
  EXPECT_EQ(keda.evaluate(at(60, 0, 8)), 8);
  EXPECT_EQ(keda.evaluate(at(90, 0, 8)), 8) << "60 s are not more than 60 s";
  EXPECT_EQ(keda.evaluate(at(105, 0, 8)), 8) << "no poll";
  EXPECT_EQ(keda.evaluate(at(120, 0, 8)), 0);
}

TEST(KedaScaler, GoesToZeroAtTheFirstPollWhenItWasNeverActive) {
  auto keda = scaler();
  EXPECT_EQ(keda.evaluate(at(15, 0, 3)), 3);
  EXPECT_EQ(keda.evaluate(at(30, 0, 3)), 0);
}

TEST(KedaScaler, RemembersOverZeroWhatOnlyHolds) {
  auto keda = scaler(30);
  EXPECT_EQ(keda.evaluate(at(30, 32, 8)), 8);
  EXPECT_EQ(keda.evaluate(at(90, 0, 8)), 0);
  EXPECT_EQ(keda.evaluate(at(120, 1, 0)), 1) << "the 8 of 90 s ago never raises";
  EXPECT_EQ(keda.evaluate(at(135, 1, 3)), 3) << "but it holds what somebody else raised";
}

TEST(KedaScaler, LeavesTheLastReplicaToTheCooldown) {
  auto keda = scaler(3600);
  EXPECT_EQ(keda.evaluate(at(30, 1, 1)), 1);
  for (int second = 45; second <= 3630; second += 15)
    ASSERT_EQ(keda.evaluate(at(second, 0, 1)), 1) << second;
  EXPECT_EQ(keda.evaluate(at(3660, 0, 1)), 0);
}

}  // namespace
}  // namespace poolscaler::simulation::peers
