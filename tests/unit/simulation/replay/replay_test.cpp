#include "poolscaler/simulation/replay/replay.hpp"

#include <gmock/gmock.h>

#include "unit/simulation/replay/moments.hpp"

namespace poolscaler::replay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Follows a timetable of replicas.
class Timetable final : public Scaler {
 public:
  explicit Timetable(std::vector<std::pair<Micros, std::int32_t>> table, std::int32_t least = 0)
      : table_(std::move(table)), least_(least) {}
  std::int32_t min_replicas() const override { return least_; }
  std::int32_t max_replicas() const override { return 100; }
  Micros next_evaluation(Micros now, std::int32_t, std::optional<Micros>) const override {
    return (now / s + 1) * s;
  }
  std::optional<Wanted> evaluate(const Sight& sight) override {
    seen.push_back(sight);
    auto wanted = sight.current();
    for (const auto& [at, replicas] : table_)
      if (at == sight.now) wanted = replicas;
    return Wanted{.replicas = wanted, .reason = Reason::AtTarget};
  }
  std::vector<Sight> seen;

 private:
  std::vector<std::pair<Micros, std::int32_t>> table_;
  std::int32_t least_;
};

Load load_of(std::vector<Request> requests, Micros end) {
  return {.name = "test", .requests = std::move(requests), .end = end};
}

Setup setup_of(int slots, Micros cold_start) {
  return {.slots = slots, .cold_start = cold_start, .start = Start::Floor};
}

TEST(Replay, AWokenReplicaIsPaidWhileItStarts) {
  const auto load = load_of({{s / 2, 2 * s}}, 20 * s);
  Timetable scaler({{1 * s, 1}, {15 * s, 0}});
  const auto tally = replay(load, setup_of(1, 5 * s), scaler).value();
  EXPECT_EQ(tally.replica_micros, (14 * s).count());
  EXPECT_THAT(tally.waits, ElementsAre(5 * s + s / 2));
  EXPECT_EQ(tally.delayed, 1);
  EXPECT_EQ(tally.cold_starts, 1);
  EXPECT_EQ(tally.starts_from_zero, 1);
}

TEST(Replay, ARemovedReplicaFinishesWhatItRunsAndIsPaidMeanwhile) {
  const auto load = load_of({{0 * s, 10 * s}}, 20 * s);
  Timetable scaler({{2 * s, 0}}, 1);
  const auto tally = replay(load, setup_of(1, 5 * s), scaler).value();
  EXPECT_EQ(tally.replica_micros, (10 * s).count());
  EXPECT_EQ(scaler.seen[2].running, 1);
  EXPECT_EQ(scaler.seen[2].running_on_ready, 0);
  EXPECT_EQ(scaler.seen[2].current(), 0);
}

TEST(Replay, ADrainingReplicaTakesNothingNew) {
  const auto load = load_of({{0 * s, 10 * s}, {3 * s, 1 * s}}, 20 * s);
  Timetable scaler({{2 * s, 0}, {4 * s, 1}}, 1);
  const auto tally = replay(load, setup_of(2, 5 * s), scaler).value();
  EXPECT_THAT(tally.waits, ElementsAre(6 * s));
}

TEST(Replay, StartingReplicasAreRemovedFirstAndNewestFirst) {
  const auto load = load_of({{0 * s, 1 * s}}, 30 * s);
  Timetable scaler({{1 * s, 2}, {2 * s, 3}, {3 * s, 2}}, 1);
  const auto tally = replay(load, setup_of(1, 10 * s), scaler).value();
  // One all the time, the second from 1 s on, the third from 2 s to 3 s.
  EXPECT_EQ(tally.replica_micros, (30 * s + 29 * s + 1 * s).count());
  EXPECT_EQ(scaler.seen[10].ready, 2);
}

TEST(Replay, TheSlotThatEndsServesBeforeTheArrivalOfThatInstant) {
  const auto load = load_of({{0 * s, 2 * s}, {1 * s, 1 * s}, {2 * s, 1 * s}}, 10 * s);
  Timetable scaler({}, 1);
  const auto tally = replay(load, setup_of(1, s), scaler).value();
  EXPECT_THAT(tally.waits, ElementsAre(1 * s, 1 * s));
}

TEST(Replay, AWaitOfExactlyTheLimitIsNotDelayed) {
  auto setup = setup_of(1, s);
  const auto load = load_of({{0 * s, 2 * s}, {1 * s, 1 * s}}, 10 * s);
  Timetable scaler({}, 1);
  EXPECT_EQ(replay(load, setup, scaler).value().delayed, 0);
  setup.delayed_above = s - Micros(1);
  Timetable again({}, 1);
  EXPECT_EQ(replay(load, setup, again).value().delayed, 1);
}

TEST(Replay, WaitsAfterTheEndCountAndReplicasDoNot) {
  const auto load = load_of({{0 * s, 4 * s}, {2 * s, 4 * s}}, 2 * s);
  Timetable scaler({{5 * s, 3}}, 1);
  const auto tally = replay(load, setup_of(1, 10 * s), scaler).value();
  EXPECT_EQ(tally.replica_micros, (2 * s).count());
  EXPECT_THAT(tally.waits, ElementsAre(2 * s));
  EXPECT_EQ(tally.decisions, 2);
}

TEST(Replay, TheIntervalIsClosedAtBothEnds) {
  const auto load = load_of({{9 * s, s}, {10 * s, s}, {20 * s, s}}, 20 * s);
  auto setup = setup_of(8, s);
  setup.warm_up = 10 * s;
  Timetable scaler({{10 * s, 2}, {20 * s, 3}}, 1);
  const auto tally = replay(load, setup, scaler).value();
  EXPECT_EQ(tally.requests, 2);
  EXPECT_EQ(tally.cold_starts, 2);
  EXPECT_EQ(tally.decisions, 11);
  EXPECT_EQ(tally.replica_micros, (20 * s).count());
}

TEST(Replay, WarmStartHasWhatTheFirstMinuteNeeds) {
  Load load = load_of({}, 3600 * s);
  for (int i = 0; i < 97; ++i) load.requests.push_back({Micros(i * 100), 5 * s});
  const replay::Setup setup{};
  Timetable scaler({}, 0);
  EXPECT_EQ(replicas_at_start(load, setup, scaler), 2);  // 485 s of 480 s
  load.requests.pop_back();
  EXPECT_EQ(replicas_at_start(load, setup, scaler), 1);
  load.requests.clear();
  EXPECT_EQ(replicas_at_start(load, setup, scaler), 0);
  Timetable floored({}, 3);
  EXPECT_EQ(replicas_at_start(load, setup, floored), 3);
}

TEST(Replay, WhatIsNeverServedIsSaid) {
  const auto load = load_of({{1 * s, s}}, 2 * s);
  Timetable scaler({}, 0);
  const auto tally = replay(load, setup_of(1, s), scaler).value();
  EXPECT_EQ(tally.unserved, 1);
  EXPECT_EQ(tally.delayed, 1);
  EXPECT_EQ(tally.requests, 1);
}

TEST(Replay, ATraceShorterThanTheWarmUpIsRefused) {
  const auto load = load_of({{1 * s, s}}, 600 * s);
  Timetable scaler({}, 0);
  const auto tally = replay(load, replay::Setup{}, scaler);
  ASSERT_FALSE(tally);
  EXPECT_THAT(tally.error().message, HasSubstr("--warm-up"));
}

TEST(Figures, RanksAreNearestRanks) {
  Tally tally{.requests = 200};
  for (int i = 1; i <= 100; ++i) tally.waits.push_back(Micros(i) * 1'000'000);
  const auto figures = figures_of(tally);  // 100 of 200 do not wait
  EXPECT_EQ(figures.wait_p50, 0);
  EXPECT_EQ(figures.wait_p95, 90);
  EXPECT_EQ(figures.wait_p99, 98);
  EXPECT_EQ(figures.wait_max, 100);
  EXPECT_DOUBLE_EQ(figures.wait_mean, 25.25);
}

TEST(Figures, SeveralLoadsPoolTheirWaits) {
  Tally a{.replica_micros = 5, .requests = 99};
  Tally b{.replica_micros = 7, .requests = 1, .delayed = 1, .waits = {4 * s}};
  a.add(std::move(b));
  const auto figures = figures_of(std::move(a));
  EXPECT_EQ(figures.requests, 100);
  EXPECT_EQ(figures.wait_p99, 0);
  EXPECT_EQ(figures.wait_max, 4);
  EXPECT_DOUBLE_EQ(figures.delayed_share, 0.01);
}

}  // namespace
}  // namespace poolscaler::replay
