// Runs with nodes and money.
#include "poolscaler/simulation/replay/estate.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "pool_runs.hpp"

namespace poolscaler::replay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::int64_t capped(const Tally& tally, Reason reason) {
  return tally.spending->capped[static_cast<std::size_t>(reason)];
}

TEST(Estate, APodAndItsNodeAreAskedForInTheSameRound) {
  Timetable table({{15 * s, 1}});
  const auto tally = run(estate_of({group("od", CapacityType::OnDemand, "36")}), table, 600 * s,
                         {{.arrival = 10 * s, .service = 1 * s}});
  // One boot and one cold start after the decision at 15 s.
  EXPECT_THAT(tally.waits, ElementsAre(15 * s + 100 * s + 20 * s - 10 * s));
  EXPECT_EQ(tally.spending->nodes_started, 1);
  // From 15 s to 600 s at a cent a second.
  EXPECT_EQ(exact_text(tally.spending->total()), "5.85");
  // All of it for the 100 s of its boot, then the half that nobody has: 1 and 485 / 200.
  EXPECT_EQ(exact_text(tally.spending->idle), "3.425");
  EXPECT_EQ(tally.spending->node_micros[0], (585 * s).count());
}

TEST(Estate, AReplicaCostsItsPartOfTheCheapestNode) {
  EXPECT_EQ(exact_text(replica_price(estate_of({group("dear", CapacityType::OnDemand, "36.5"),
                                                group("none", CapacityType::OnDemand, ""),
                                                group("od", CapacityType::OnDemand, "36")}))),
            "18");
}

TEST(Estate, ReplicasShareNodesAsTheyFit) {
  Timetable table({{15 * s, 3}});
  const auto tally =
      run(estate_of({group("od", CapacityType::OnDemand, "36")}), table, 600 * s);
  EXPECT_EQ(tally.spending->most_nodes, 2);
  EXPECT_EQ(table.seen.back().ready, 3);
}

TEST(Estate, ACapGrantsWhatFitsAndSaysWhatItCut) {
  auto estate = estate_of({group("od", CapacityType::OnDemand, "32.77")});
  estate.budgets = {budget({.name = "hourly", .mode = LimitMode::Rate, .amount = dollars("100")})};
  Timetable table({{15 * s, 20}});
  const auto tally = run(estate, table, 600 * s);
  EXPECT_EQ(tally.spending->most_nodes, 3);
  EXPECT_EQ(exact_text(tally.spending->most_rate), "98.31");
  EXPECT_EQ(table.seen.back().current(), 6);
  EXPECT_EQ(table.cut.front(), 6);
  EXPECT_EQ(capped(tally, Reason::CappedByBudget), std::ssize(table.seen));
  EXPECT_EQ(tally.reasons[static_cast<std::size_t>(Reason::CappedByBudget)],
            std::ssize(table.seen));
  ASSERT_THAT(tally.spending->limits, SizeIs(1));
  EXPECT_EQ(tally.spending->limits[0].most_basis_points, 9831);
}

TEST(Estate, APolicysOwnCostAndThePoolsNodesCutToo) {
  auto estate = estate_of({group("od", CapacityType::OnDemand, "16", 2)});
  Timetable all({{15 * s, 20}});
  const auto by_pool = run(estate, all, 300 * s);
  EXPECT_EQ(by_pool.spending->most_nodes, 2);
  EXPECT_GT(capped(by_pool, Reason::CappedByPool), 0);
  estate.drawing.cost.max_hourly = hourly("8");
  Timetable some({{15 * s, 20}});
  const auto by_cost = run(estate, some, 300 * s);
  EXPECT_EQ(some.seen.back().current(), 1);
  EXPECT_GT(capped(by_cost, Reason::CappedByPolicyCost), 0);
  ASSERT_THAT(by_cost.spending->limits, SizeIs(1));
  EXPECT_EQ(by_cost.spending->limits[0].owner, money::LimitOwner::Policy);
  EXPECT_EQ(by_cost.spending->limits[0].limit, "maxHourly");
  EXPECT_EQ(by_cost.spending->limits[0].most_basis_points, 10'000);
}

TEST(Estate, AnEmptyNodeGoesAfterItsIdleTime) {
  Timetable table({{15 * s, 1}, {300 * s, 0}});
  const auto tally =
      run(estate_of({group("od", CapacityType::OnDemand, "36")}), table, 3600 * s);
  // Idle for 60 s, then cordoned and named in the rounds that follow.
  EXPECT_GE(tally.spending->node_micros[0], (345 * s).count());
  EXPECT_LE(tally.spending->node_micros[0], (450 * s).count());
}

TEST(Estate, WhatIsPaidAlreadyComesFirst) {
  auto reserved = group("reserved", CapacityType::Reserved, "10", 1);
  Timetable table({{15 * s, 4}});
  const auto tally = run(
      estate_of({group("od", CapacityType::OnDemand, "36"),
                 group("spot", CapacityType::Spot, "12"), reserved}),
      table, 615 * s);
  const auto& micros = tally.spending->node_micros;
  EXPECT_EQ(micros[static_cast<std::size_t>(CapacityType::Reserved)], (600 * s).count());
  EXPECT_EQ(micros[static_cast<std::size_t>(CapacityType::Spot)], (600 * s).count());
  EXPECT_EQ(micros[static_cast<std::size_t>(CapacityType::OnDemand)], 0);
  EXPECT_EQ(exact_text(tally.spending->cost[static_cast<std::size_t>(CapacityType::Spot)]), "2");
}

TEST(Estate, SpotCostsWhatItsSeriesSaysAtTheTime) {
  auto estate = estate_of({group("spot", CapacityType::Spot, "")});
  const auto series = read_spot_series("series.csv",
                                       "ts,region,zone,instance_type,spot_price,on_demand_price\n"
                                       "2022-11-23T00:00:00Z,us-east-1,a,dl1.24xlarge,36,50\n"
                                       "2022-11-23T00:05:15Z,us-east-1,a,dl1.24xlarge,72,50\n");
  ASSERT_TRUE(series) << series.error().message;
  estate.spot = *series;
  Timetable table({{15 * s, 1}});
  const auto tally = run(estate, table, 615 * s);
  // 300 s at one cent a second, 300 s at two.
  EXPECT_EQ(exact_text(tally.spending->total()), "9");
  EXPECT_EQ(exact_text(tally.spending->most_rate), "72");
}

TEST(Estate, WhoNeverTakesSpotStaysOffIt) {
  auto estate = estate_of({group("spot", CapacityType::Spot, "12"),
                           group("od", CapacityType::OnDemand, "36")});
  estate.drawing.cost.spot = SpotUse::Never;
  Timetable table({{15 * s, 2}});
  const auto tally = run(estate, table, 300 * s);
  EXPECT_EQ(tally.spending->node_micros[static_cast<std::size_t>(CapacityType::Spot)], 0);
  EXPECT_GT(tally.spending->node_micros[0], 0);
}

TEST(Estate, ABudgetThatShedsTakesReplicas) {
  auto estate = estate_of({group("od", CapacityType::OnDemand, "36")});
  auto shedding = *budget({.name = "daily",
                           .mode = LimitMode::Accrued,
                           .period = BudgetPeriod::Day,
                           .amount = dollars("40")});
  shedding.on_limit = OnBudgetLimit::Shed;
  estate.budgets = {std::make_shared<const CostBudget>(shedding)};
  Timetable table({{15 * s, 2}});
  const auto tally = run(estate, table, 7200 * s);
  EXPECT_GT(capped(tally, Reason::ShedByBudget), 0);
  EXPECT_EQ(table.seen.back().current(), 0);
  // They go so early that a node which is drained for as long as it may be is gone in time; this
  // one goes at once.
  EXPECT_GE(tally.spending->total(), dollars("20"));
  EXPECT_LE(tally.spending->total(), dollars("40"));
}

TEST(Estate, RefusesWhatItCannotPlay) {
  auto estate = estate_of({group("od", CapacityType::OnDemand, "36")});
  estate.drawing.accelerators = 16;
  EXPECT_THAT(check(estate).error().message, HasSubstr("span nodes"));
  estate = estate_of({group("od", CapacityType::OnDemand, "")});
  EXPECT_THAT(check(estate).error().message, HasSubstr("no node has a price"));
  estate = estate_of({group("od", CapacityType::OnDemand, "36")});
  EXPECT_TRUE(check(estate));
  estate.pool.currency = Currency::parse("EUR").value();
  estate.budgets = {budget({.name = "hourly", .mode = LimitMode::Rate, .amount = dollars("1")})};
  EXPECT_THAT(check(estate).error().message, HasSubstr("budget 'all' is in USD"));
}

TEST(SpotSeries, NamesTheLineThatIsWrong) {
  const std::string head = "ts,region,zone,instance_type,spot_price\n";
  const auto message = [&](const std::string& text) {
    return read_spot_series("s.csv", text).error().message;
  };
  EXPECT_THAT(message("time,value\n1,2\n"), HasSubstr("a spot series begins with"));
  EXPECT_THAT(message(head + "2022-11-23T00:00:00Z,r,z,t,0\n"), HasSubstr("s.csv:2"));
  EXPECT_THAT(message(head + "yesterday,r,z,t,1\n"), HasSubstr("s.csv:2"));
  EXPECT_THAT(message(head + "2022-11-23T00:00:00Z,r,z,t\n"), HasSubstr("4 fields"));
  EXPECT_THAT(message(head + "2022-11-23T00:00:01Z,r,z,t,1\n2022-11-23T00:00:00Z,r,z,t,1\n"),
              HasSubstr("before that of the line above"));
  EXPECT_THAT(message(head), HasSubstr("no price"));
}

RC_GTEST_PROP(Estate, NeverPassesACapAndBillsWhatItRuns, ()) {
  const auto price = *rc::gen::inRange<std::int64_t>(1, 40);
  auto estate = estate_of({group("od", CapacityType::OnDemand, std::to_string(price))});
  estate.drawing.accelerators = *rc::gen::element(1, 2, 8);
  estate.node_boot = s * *rc::gen::inRange(0, 300);
  const auto cap = *rc::gen::inRange<std::int64_t>(1, 200);
  estate.budgets = {budget({.name = "hourly",
                            .mode = LimitMode::Rate,
                            .amount = Amount::of(cap * Amount::per_whole)})};
  std::vector<std::pair<Micros, std::int32_t>> wishes;
  const auto count = *rc::gen::inRange(1, 12);
  for (int i = 0; i < count; ++i)
    wishes.emplace_back(s * (i * 200), *rc::gen::inRange(0, 40));
  Timetable table(std::move(wishes));
  const auto tally = run(estate, table, 3000 * s);
  const auto& spending = *tally.spending;
  RC_ASSERT(spending.most_rate.nano() <= cap * Amount::per_whole);
  RC_ASSERT(spending.most_nodes <= cap / price);
  // A cent-exact price, whole milliseconds: the bill is the time of the nodes.
  RC_ASSERT(spending.total().nano() ==
            spending.node_micros[0] / 1000 * price * Amount::per_whole / 3'600'000);
}

}  // namespace
}  // namespace poolscaler::replay
