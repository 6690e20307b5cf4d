// KPA as it is set up in a replay: a tick every 2 s over averages of inflight.

#include <gtest/gtest.h>

#include "poolscaler/simulation/peers/scalers.hpp"

namespace poolscaler::simulation::peers {
namespace {

/// A revision under a load that stays as it is between ticks; pods are ready at once.
struct Revision {
  KpaScaler kpa;
  Millis now{0};
  std::int64_t area = 0;
  std::int32_t replicas = 0;

  explicit Revision(KpaSettings settings, std::int32_t start = 0)
      : kpa(settings), replicas(start) {}

  std::int32_t tick(std::int64_t inflight) {
    now += KpaScaler::period;
    area += inflight * 2'000'000;
    replicas = kpa.evaluate({.now = now,
                             .inflight = inflight,
                             .inflight_micros = area,
                             .current = replicas,
                             .ready = replicas});
    return replicas;
  }
  std::int32_t run(int seconds, std::int64_t inflight) {
    for (int second = 0; second < seconds; second += 2) tick(inflight);
    return replicas;
  }
};

constexpr KpaSettings settings{.target_concurrency = 8, .max_replicas = 50};

TEST(KpaScaler, WakesAtTheFirstTickAfterARequest) {
  Revision revision(settings);
  EXPECT_EQ(revision.run(20, 0), 0);
  EXPECT_EQ(revision.tick(1), 1);
}

TEST(KpaScaler, DividesByTheAgeWhileItIsYoungerThanAWindow) {
  Revision revision(settings);
  EXPECT_EQ(revision.tick(80), 10) << "80 over 2 s, not over 60 s";
}

TEST(KpaScaler, PanicsOnShortBursts) {
  Revision revision(settings, 1);
  EXPECT_EQ(revision.run(60, 8), 1);
  EXPECT_EQ(revision.tick(80), 4) << "(80 + 8 + 8) / 3 / 8";
  EXPECT_EQ(revision.tick(80), 7);
  EXPECT_EQ(revision.tick(80), 10);
}

TEST(KpaScaler, GoesToZeroWhenTheStableWindowIsEmpty) {
  Revision revision(settings);
  EXPECT_EQ(revision.run(120, 8), 1);
  EXPECT_EQ(revision.run(60, 0), 1) << "marked inactive at the last of these ticks";
  EXPECT_EQ(revision.tick(0), 0) << "the activator has been in the path for longer than the grace";
}

TEST(KpaScaler, KeepsTheLastPodForItsRetention) {
  auto kept = settings;
  kept.pod_retention = Seconds(300);
  Revision revision(kept);
  revision.run(120, 8);
  EXPECT_EQ(revision.run(60, 0), 1);
  EXPECT_EQ(revision.run(298, 0), 1);
  EXPECT_EQ(revision.tick(0), 0);
}

TEST(KpaScaler, StartsInactiveAndWaitsForTheGrace) {
  Revision one(settings, 1);
  EXPECT_EQ(one.run(28, 0), 1);
  EXPECT_EQ(one.tick(0), 0);
  Revision three(settings, 3);
  EXPECT_EQ(three.tick(0), 1) << "halved first, which makes it active";
  EXPECT_EQ(three.run(60, 0), 1);
  EXPECT_EQ(three.tick(0), 0);
}

TEST(KpaScaler, KeepsWithinItsMost) {
  Revision revision(settings);
  EXPECT_EQ(revision.tick(100'000), 50);
}

}  // namespace
}  // namespace poolscaler::simulation::peers
