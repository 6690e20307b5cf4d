// Spot nodes that the provider takes back.
#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "pool_runs.hpp"
#include "reclaims.hpp"

namespace poolscaler::replay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto on_demand = static_cast<std::size_t>(CapacityType::OnDemand);
constexpr auto spot = static_cast<std::size_t>(CapacityType::Spot);

/// Spot at a cent a second, and on demand at two.
Estate two_groups(Interruptions interruptions) {
  auto estate = estate_of({group("spot", CapacityType::Spot, "36"),
                           group("od", CapacityType::OnDemand, "72")});
  estate.interruptions = interruptions;
  return estate;
}

/// When the spot nodes get their first notice.
Micros first_notice(const Estate& estate) {
  return *Reclaims(estate.pool, estate.interruptions).next();
}

/// A seed with which nothing is taken while the first node boots.
Interruptions often() {
  Interruptions interruptions{.hourly_share = 0.9, .notice = 60 * s};
  while (first_notice(two_groups(interruptions)) < 300 * s) ++interruptions.seed;
  return interruptions;
}

std::vector<Micros> moments(const Estate& estate, std::size_t count) {
  Reclaims reclaims(estate.pool, estate.interruptions);
  std::vector<Micros> times;
  while (times.size() < count) {
    times.push_back(*reclaims.next());
    EXPECT_THAT(reclaims.pass_to(times.back()), ElementsAre(0));
  }
  return times;
}

TEST(Reclaims, TakeTheirShareOfAnHour) {
  const auto estate = two_groups({.hourly_share = 0.05});
  const auto times = moments(estate, 20'000);
  // The mean gap is 1 / -ln(1 - 0.05) = 19.4957 hours.
  EXPECT_NEAR(seconds_of(times.back()) / 3600 / 20'000, 19.4957, 0.4);
}

TEST(Reclaims, DependOnTheSeedAlone) {
  EXPECT_EQ(moments(two_groups({.hourly_share = 0.5}), 10),
            moments(two_groups({.hourly_share = 0.5}), 10));
  EXPECT_NE(moments(two_groups({.hourly_share = 0.5}), 10),
            moments(two_groups({.hourly_share = 0.5, .seed = 1}), 10));
}

TEST(Reclaims, AreOfSpotNodesAlone) {
  auto estate = estate_of({group("od", CapacityType::OnDemand, "36"),
                           group("reserved", CapacityType::Reserved, "36")});
  estate.interruptions = {.hourly_share = 0.5};
  EXPECT_EQ(Reclaims(estate.pool, estate.interruptions).next(), std::nullopt);
  EXPECT_EQ(Reclaims(two_groups({}).pool, {}).next(), std::nullopt);
}

TEST(Interruption, ANodeCostsUntilItIsGoneAndAnotherIsAskedForAtItsNotice) {
  const auto estate = two_groups(often());
  const auto notice = first_notice(estate);
  Timetable table({{15 * s, 1}});
  const auto tally = run(estate, table, notice + 500 * s);
  EXPECT_EQ(tally.spending->nodes_interrupted, 1);
  EXPECT_EQ(tally.spending->node_micros[spot], (notice + 60 * s - 15 * s).count());
  // The group of spot nodes rests for ten minutes.
  EXPECT_EQ(tally.spending->node_micros[on_demand], (500 * s).count());
  EXPECT_EQ(tally.spending->nodes_started, 2);
  EXPECT_EQ(tally.cold_starts, 2);
  EXPECT_EQ(table.seen.back().ready, 1);
}

TEST(Interruption, WhatEndsWithinTheNoticeIsServed) {
  const auto estate = two_groups(often());
  const auto notice = first_notice(estate);
  Timetable table({{15 * s, 1}});
  const auto tally = run(estate, table, notice + 500 * s,
                         {{.arrival = notice - 10 * s, .service = 70 * s}});
  EXPECT_EQ(tally.restarted, 0);
  EXPECT_THAT(tally.waits, IsEmpty());
}

TEST(Interruption, WhatDoesNotStartsAgainAndHasWaitedSinceItCame) {
  const auto estate = two_groups(often());
  const auto notice = first_notice(estate);
  Timetable table({{15 * s, 1}});
  const auto tally = run(estate, table, notice + 500 * s,
                         {{.arrival = notice - 10 * s, .service = 71 * s}});
  EXPECT_EQ(tally.restarted, 1);
  EXPECT_EQ(tally.requests, 1);
  EXPECT_EQ(tally.delayed, 1);
  // A boot and a cold start after the notice.
  EXPECT_THAT(tally.waits, ElementsAre(10 * s + 100 * s + 20 * s));
}

TEST(Interruption, TheLineStaysInTheOrderOfArrival) {
  const auto estate = two_groups(often());
  const auto notice = first_notice(estate);
  Timetable table({{15 * s, 1}});
  const auto tally = run(estate, table, notice + 500 * s,
                         {{.arrival = notice - 10 * s, .service = 100 * s},
                          {.arrival = notice - 5 * s, .service = 1 * s}});
  EXPECT_THAT(tally.waits, ElementsAre(130 * s, 225 * s));
}

TEST(Interruption, AReplicaThatStartsIsReplacedToo) {
  auto estate = two_groups(often());
  const auto notice = first_notice(estate);
  const auto asked = notice / (15 * s) * (15 * s) - 105 * s;  // placed, and not ready
  Timetable table({{asked, 1}});
  const auto tally = run(estate, table, notice + 500 * s);
  EXPECT_EQ(tally.spending->nodes_interrupted, 1);
  EXPECT_EQ(tally.spending->node_micros[on_demand], (500 * s).count());
  EXPECT_EQ(table.seen.back().ready, 1);
}

TEST(Interruption, TheSameSeedIsTheSameCourse) {
  const auto play = [](std::uint64_t seed) {
    auto interruptions = often();
    interruptions.seed = seed;
    Timetable table({{15 * s, 5}});
    return run(two_groups(interruptions), table, 7200 * s,
               {{.arrival = 10 * s, .service = 5000 * s}});
  };
  const auto one = play(1);
  const auto same = play(1);
  EXPECT_EQ(one.waits, same.waits);
  EXPECT_EQ(one.spending->node_micros, same.spending->node_micros);
  EXPECT_NE(one.spending->node_micros, play(2).spending->node_micros);
}

TEST(Interruption, NoRateIsNoOption) {
  auto estate = two_groups({});
  Timetable plain({{15 * s, 5}, {900 * s, 1}});
  const auto without = run(estate, plain, 3600 * s, {{.arrival = 10 * s, .service = 1000 * s}});
  estate.interruptions = {.hourly_share = 0, .notice = s, .seed = 7};
  Timetable same({{15 * s, 5}, {900 * s, 1}});
  const auto with = run(estate, same, 3600 * s, {{.arrival = 10 * s, .service = 1000 * s}});
  EXPECT_EQ(with.replica_micros, without.replica_micros);
  EXPECT_EQ(with.waits, without.waits);
  EXPECT_EQ(with.spending->node_micros, without.spending->node_micros);
  EXPECT_EQ(with.spending->cost, without.spending->cost);
  EXPECT_EQ(with.spending->nodes_interrupted, 0);
}

/// Adds up how many nodes there were up to `end`, as they are told.
class NodeClock final : public Recorder {
 public:
  explicit NodeClock(Micros end) : end_(end) {}
  void replicas(Micros, Replicas) override {}
  void started(Micros, Micros) override {}
  void decided(Micros, const Sight&, const Wanted&) override {}
  void housed(Micros at, std::int64_t nodes, HourlyRate) override {
    node_micros += (std::min(at, end_) - since_).count() * nodes_;
    since_ = std::min(at, end_);
    nodes_ = nodes;
  }

  std::int64_t node_micros = 0;

 private:
  Micros end_;
  std::int64_t nodes_ = 0;
  Micros since_{0};
};

RC_GTEST_PROP(Interruption, DropsNoRequestAndBillsWhatRan, ()) {
  auto estate = two_groups({.hourly_share = *rc::gen::element(0.3, 0.9, 0.99),
                            .notice = s * *rc::gen::inRange(0, 400),
                            .seed = *rc::gen::inRange<std::uint64_t>(0, 1000)});
  estate.drawing.accelerators = *rc::gen::element(1, 4, 8);
  estate.node_boot = s * *rc::gen::inRange(0, 300);
  std::vector<Request> requests;
  const auto count = *rc::gen::inRange(1, 40);
  for (int i = 0; i < count; ++i)
    requests.push_back({.arrival = s * (i * 70), .service = s * *rc::gen::inRange(1, 200)});
  const Load load{.name = "test", .requests = requests, .end = 3000 * s};
  Setup setup{.slots = *rc::gen::inRange(1, 4), .cold_start = 20 * s, .start = Start::Floor};
  setup.estate = std::make_shared<const Estate>(estate);
  Timetable table({{0 * s, *rc::gen::inRange(1, 20)}});
  NodeClock clock(load.end);
  const auto tally = replay(load, setup, table, {.recorder = &clock}).value();
  RC_ASSERT(tally.requests == count);
  RC_ASSERT(tally.unserved == 0);
  const auto& spending = *tally.spending;
  const auto micros = spending.node_micros[spot] + spending.node_micros[on_demand];
  RC_ASSERT(spending.cost[spot].nano() == spending.node_micros[spot] / 1000 * 10'000);
  RC_ASSERT(spending.cost[on_demand].nano() == spending.node_micros[on_demand] / 1000 * 20'000);
  RC_ASSERT(tally.restarted == 0 || spending.nodes_interrupted > 0);
  clock.housed(load.end, 0, {});
  RC_ASSERT(clock.node_micros == micros);
}

}  // namespace
}  // namespace poolscaler::replay
