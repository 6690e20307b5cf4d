// How a budget keeps its amount: what it takes early, what it reserves, and what it says it cannot.
#include <gmock/gmock.h>

#include "budget_world.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;

TEST(BudgetCaps, ShedTakesSoEarlyThatTheLastNodeIsGoneInTime) {
  BudgetWorld world;
  world.budget("day", {daily_limit("500")}).on_limit = OnBudgetLimit::Shed;
  auto& pool = world.round.pools[0];
  pool.hold = minutes(50);
  pool.boot = minutes(15);
  pool.release = minutes(25);
  world.round.between = minutes(1);
  for (const auto* uid : {"a", "b", "c"}) world.node(uid, "32.77");
  world.look();
  // Spent at 05:05:09, less 25 minutes of drain, two of grace and five looks: 04:33:09.
  EXPECT_EQ(world.until(at("2026-11-27T04:33:00Z"), minutes(1)).budgets[0].limits[0].act,
            GuardAct::None);
  EXPECT_EQ(world.after(minutes(1)).budgets[0].limits[0].act, GuardAct::Freeze);
  EXPECT_EQ(world.after(minutes(2)).budgets[0].limits[0].act, GuardAct::Shed);
  // The last of it is taken after four looks, and drained for as long as may be.
  world.until(at("2026-11-27T05:05:00Z"), minutes(1));
  for (const auto* uid : {"a", "b", "c"}) world.stop(uid);
  const auto standing = world.look().budgets[0].limits[0];
  EXPECT_EQ(exact_text(standing.used), "499.7425");
  EXPECT_EQ(world.until(at("2026-11-27T23:59:00Z"), hours(1)).budgets[0].limits[0].used,
            standing.used);
}

TEST(BudgetCaps, ANodeThatBootsIsGivenTheTimeForIt) {
  BudgetWorld world;
  world.budget("day", {daily_limit("20")}).on_limit = OnBudgetLimit::Shed;
  auto& pool = world.round.pools[0];
  pool.boot = minutes(15);
  pool.release = minutes(18);
  world.node("a", "30").started = world.round.now;
  // 15 + 18 + 2 minutes of grace at 30 an hour are 17.50, five minutes less than there is.
  EXPECT_EQ(world.look().budgets[0].limits[0].act, GuardAct::None);
  EXPECT_EQ(world.after(minutes(15)).budgets[0].limits[0].act, GuardAct::None);
  EXPECT_EQ(world.after(minutes(5)).budgets[0].limits[0].act, GuardAct::None);
  EXPECT_EQ(world.after(minutes(1)).budgets[0].limits[0].act, GuardAct::Freeze);
}

TEST(BudgetCaps, SaysWhatFreezeCannotKeep) {
  BudgetWorld world;
  world.budget("day", {daily_limit("500")});
  for (const auto* uid : {"a", "b", "c"}) world.node(uid, "32.77");
  world.look();
  EXPECT_EQ(world.after(hours(2)).budgets[0].limits[0].words,
            "196.62 of 500.00 this Day, 39.33 %; at 98.31 an hour spent at 2026-11-27T05:05:09Z; "
            "if all of it goes on, the Day ends 1859.44 over: Freeze takes nothing");
}

/// The limit by the pace, of the only budget.
Limit burst_in(const Standings& standings) {
  const auto found = std::ranges::find_if(standings.limits, [](const Limit& limit) {
    return std::holds_alternative<RateCap>(limit.cap);
  });
  return found == standings.limits.end() ? Limit{.budget = "none", .cap = RateCap{}} : *found;
}

TEST(BudgetCaps, ABurstEndsAtItsPartOfThePace) {
  BudgetWorld world;
  auto daily = daily_limit("500");
  daily.burst_percent = 400;
  world.budget("day", {daily});
  world.node("a", "32.77");
  world.look();
  const auto standings = world.after(hours(2));
  // (500 - 65.54) / 22 hours = 19.75, of which four times are 78.99: two nodes, not three.
  EXPECT_EQ(shown(*standings.budgets[0].limits[0].pace), "19.75");
  EXPECT_THAT(standings.budgets[0].limits[0].words,
              HasSubstr("; nothing grows beyond 78.99 an hour, 400 % of its pace"));
  const auto admission =
      admit(standings.limits, {.count = 3, .price = hourly("32.77")}, world.round.now);
  EXPECT_EQ(admission.granted, 1);
  EXPECT_EQ(admission.words,
            "3 asked for at 32.77 an hour each, 1 granted: budget day (daily): 32.77 of 78.99 an "
            "hour, 400 % of its pace; may resume when the rate has fallen or the pace risen");
}

/// money.md: 98.31 $/h, at 02:00 196.62 of 500 $ are spent and the pace is 13.79 $/h.
TEST(BudgetCaps, WhatRunsAboveTheBurstStaysAndNothingIsAdded) {
  BudgetWorld world;
  auto daily = daily_limit("500");
  daily.burst_percent = 150;
  world.budget("day", {daily});
  for (const auto* uid : {"a", "b", "c"}) world.node(uid, "32.77");
  world.look();
  const auto standings = world.after(hours(2));
  EXPECT_EQ(shown(std::get<RateCap>(burst_in(standings).cap).most), "20.69");
  EXPECT_EQ(admit(standings.limits, {.count = 1, .price = hourly("0.01")}, world.round.now).granted,
            0);
  EXPECT_EQ(standings.budgets[0].limits[0].act, GuardAct::None);
}

TEST(BudgetCaps, NoBurstWhileDaysUsuallyEndAboveTheAmount) {
  BudgetWorld world;
  auto daily = daily_limit("500");
  daily.burst_percent = 400;
  world.budget("day", {daily});
  world.node("a", "32.77");
  world.look();
  for (int day = 0; day < 15; ++day)
    world.until(world.round.now + hours(24), hours(1));
  const auto standings = world.after(hours(1));
  const auto& limit = standings.budgets[0].limits[0];
  ASSERT_TRUE(limit.projected_typical);
  EXPECT_GT(*limit.projected_typical, limit.amount);
  EXPECT_EQ(std::get<RateCap>(burst_in(standings).cap).pace_percent, 100);
  EXPECT_EQ(std::get<RateCap>(burst_in(standings).cap).most, *limit.pace);
}

TEST(BudgetCaps, SaysThatWhatIsProtectedCostsMoreThanThereIs) {
  BudgetWorld world;
  world.budget("day", {daily_limit("500")}).on_limit = OnBudgetLimit::Shed;
  const auto index = world.policy("shop", "web");
  world.round.tenants[index].floor = hourly("30");
  EXPECT_THAT(world.look().budgets[0].limits[0].words,
              HasSubstr("what is protected costs 220.00 more than is left"));
}

TEST(BudgetCaps, KeepsTheWholeNodesOfWhatIsProtected) {
  BudgetWorld world;
  world.budget("day", {daily_limit("5000")});
  const auto index = world.policy("shop", "web");
  world.round.tenants[index].floor = hourly("4");
  world.round.tenants[index].kept_replicas = 1;
  world.node("a", "32", {{index, 1}});
  world.node("b", "16", {{index, 1}});
  world.node("c", "8").kept = true;
  world.node("d", "64");
  // The dearer of its two nodes, and the one that its group keeps: 40 an hour for a day.
  EXPECT_EQ(exact_text(world.look().budgets[0].limits[0].headroom), "4040");
}

}  // namespace
}  // namespace poolscaler::money
