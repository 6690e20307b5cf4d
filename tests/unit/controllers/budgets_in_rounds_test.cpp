// What is told of budgets, through the rounds: without pools, over restarts, at thresholds, and
// once nothing costs anything any more.

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "pool_rounds.hpp"

namespace poolscaler::testing {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

json day_limit(const std::string& amount) {
  return {{"name", "day"}, {"mode", "Accrued"}, {"period", "Day"}, {"amount", amount}};
}

TEST(BudgetsInRounds, ABudgetIsToldWithoutAnyPool) {
  FakeWorld world;
  world.cluster->add_budget("all", {{"limits", json::array({day_limit("1000")})}});
  world.run_for(5 * second);
  const auto status = world.cluster->budget_status("all");
  ASSERT_TRUE(status.contains("conditions"));
  EXPECT_EQ(status["conditions"][0]["type"], "Ready");
  EXPECT_EQ(status["conditions"][0]["status"], "True");
  EXPECT_EQ(status["limits"][0]["name"], "day");
  EXPECT_EQ(status["limits"][0]["accrued"], "0");
  EXPECT_TRUE(status.contains("ledger"));
  const auto writes = world.cluster->status_writes;
  world.run_for(10 * minute, second);
  EXPECT_EQ(world.cluster->status_writes, writes) << "nothing costs anything";
}

TEST(BudgetsInRounds, WhatIsWrongWithABudgetIsToldWithoutAnyPool) {
  FakeWorld world;
  world.run_for(5 * second);
  world.cluster->add_budget("bad", {{"limits", json::array({day_limit("-1")})}});
  world.run_for(5 * second);
  const auto status = world.cluster->budget_status("bad");
  ASSERT_TRUE(status.contains("conditions"));
  EXPECT_EQ(status["conditions"][0]["reason"], "BudgetInvalid");
  EXPECT_THAT(status["conditions"][0]["message"].get<std::string>(), HasSubstr("amount"));
  EXPECT_THAT(world.metrics.text(), HasSubstr("poolscaler_budget_ready{budget=\"bad\"} 0\n"));
}

TEST_F(PoolsInRounds, NothingGrowsUnderABudgetWithErrorsAndItSaysSo) {
  set_up(1);
  world.cluster->add_budget("bad", {{"limits", json::array({{{"name", "rate"},
                                                            {"mode", "Rate"},
                                                            {"amount", "-1"}}})}});
  waiting(40);
  live(20 * second);
  EXPECT_EQ(replicas(), 1);
  const auto limited = condition("Limited");
  EXPECT_EQ(limited["reason"], "BudgetInvalid");
  EXPECT_THAT(limited["message"].get<std::string>(),
              HasSubstr("budget bad cannot be counted: spec.limits[0].amount"));
}

TEST(BudgetsInRounds, ABudgetThatOutlivesItsPoolKeepsItsLedger) {
  FakeWorld world;
  world.cluster->add_group("h100", 1);
  world.cluster->add_budget("all", {{"limits", json::array({day_limit("1000")})}});
  world.cluster->add_pool("h100", pool_spec(5, "32.77"));
  world.cluster->add_node("h100", true);
  world.run_for(3 * minute, second);
  world.cluster->delete_pool("h100");
  world.run_for(2 * minute, second);
  const auto accrued = world.cluster->budget_status("all")["limits"][0]["accrued"];
  EXPECT_NE(accrued, "0");
  world.restart();
  world.run_for(2 * minute, second);
  EXPECT_EQ(world.cluster->budget_status("all")["limits"][0]["accrued"], accrued);
}

/// A budget of one limit a day and one of the rate, and a node of 32.77 that nobody needs.
void cost_something(FakeWorld& world) {
  world.cluster->add_group("h100", 1);
  world.cluster->add_budget("all", {{"limits", json::array({day_limit("1000"),
                                                           {{"name", "rate"},
                                                            {"mode", "Rate"},
                                                            {"amount", "30"}}})}});
  world.cluster->add_pool("h100", pool_spec(5, "32.77"));
  world.cluster->add_node("h100", true);
  world.run_for(90 * second, second);
}

TEST(BudgetsInRounds, ThatNothingCostsAnythingAnyMoreIsToldAtOnceAndThenNothing) {
  FakeWorld world;
  cost_something(world);
  ASSERT_EQ(world.cluster->budget_status("all")["rate"], "32.77");
  world.cluster->delete_pool("h100");
  world.cluster->remove_node("h100-n1");
  world.run_for(10 * second, second);
  const auto rate_limit = [&] { return world.cluster->budget_status("all")["limits"][1]; };
  EXPECT_EQ(world.cluster->budget_status("all")["rate"], "0");
  EXPECT_EQ(rate_limit()["accrued"], "0");
  EXPECT_EQ(rate_limit()["headroom"], "30");
  world.run_for(20 * minute, second);  // it is frozen for a while yet
  const auto writes = world.cluster->status_writes;
  world.run_for(20 * minute, second);
  EXPECT_EQ(world.cluster->status_writes, writes) << "a fleet at rest writes nothing";
}

TEST(BudgetsInRounds, EachThresholdOfEachLimitIsAnEventOfItsOwnAndALine) {
  FakeWorld world;
  cost_something(world);  // the rate limit of 30 at 32.77: 50, 80 and 100 %
  std::set<std::string> about;
  for (const auto& event : world.cluster->events)
    if (event.reason == Reason::BudgetThreshold) about.insert(event.about);
  EXPECT_THAT(about, ::testing::ElementsAre("rate 100 of 30.00", "rate 50 of 30.00",
                                             "rate 80 of 30.00"));
  EXPECT_EQ(std::ranges::count_if(world.lines,
                                  [](const std::string& line) {
                                    return line.find("budget reaches a threshold") !=
                                           std::string::npos;
                                  }),
            3);
}

TEST(BudgetsInRounds, WhatIsOutdatedAfterARestartIsToldAnew) {
  FakeWorld world;
  cost_something(world);
  world.cluster->hold_watches(true);
  world.cluster->delete_pool("h100");
  world.cluster->remove_node("h100-n1");
  world.cluster->hold_watches(false);
  world.restart();
  world.run_for(70 * second, second);
  EXPECT_EQ(world.cluster->budget_status("all")["rate"], "0");
  EXPECT_EQ(world.cluster->budget_status("all")["limits"][1]["headroom"], "30");
}

TEST_F(PoolsInRounds, ASuccessorBillsNothingBeforeItKnowsTheGroups) {
  set_up();
  waiting(30);
  live(40 * second);
  world.cluster->add_budget("less", {{"limits", json::array({{{"name", "rate"},
                                                             {"mode", "Rate"},
                                                             {"amount", "70"}}})}});
  live(70 * second);
  const auto exceeded = [this] {
    return condition_of(world.cluster->budget_status("less"), "BudgetExceeded")["status"];
  };
  ASSERT_EQ(exceeded(), "True");
  world.cluster->groups_late = true;
  world.restart();
  live(4 * second);
  EXPECT_EQ(exceeded(), "True");
  world.cluster->list_groups();
  live(70 * second);
  EXPECT_EQ(exceeded(), "True");
  EXPECT_EQ(world.cluster->budget_status("less")["rate"], "98.31");
  EXPECT_THAT(world.cluster->events,
              Not(Contains(Field(&EventNote::reason, Reason::BudgetResumed))));
}

TEST_F(PoolsInRounds, ASuccessorWaitsForGroupsNoLongerThanItMust) {
  set_up(1);
  world.cluster->groups_late = true;
  world.restart();
  live(30 * second);
  EXPECT_EQ(pool_condition("Ready")["reason"], "GroupNotFound");
}

TEST_F(PoolsInRounds, ABudgetThatShedsTakesOneStepAtATimeHoweverSoonItIsAskedAgain) {
  set_up();
  waiting(50);
  live(40 * second);
  ASSERT_EQ(replicas(), 5);
  world.cluster->add_budget("less", {{"limits", json::array({{{"name", "rate"},
                                                             {"mode", "Rate"},
                                                             {"amount", "70"}}})},
                                     {"onLimit", "Shed"},
                                     {"graceSeconds", 10},
                                     {"maxShedReplicas", 1}});
  std::vector<int> seconds_of;  // each step
  for (int now = 0, before = 5; now < 120; ++now) {
    live(second);
    for (; before > replicas(); --before) seconds_of.push_back(now);
  }
  EXPECT_EQ(replicas(), 2);
  ASSERT_THAT(seconds_of, ::testing::SizeIs(3));
  EXPECT_GE(seconds_of[1] - seconds_of[0], 18);
  EXPECT_GE(seconds_of[2] - seconds_of[1], 18);
}

TEST_F(PoolsInRounds, TheAmountsInThePolicysReasonAreThoseOfTheLastMinute) {
  set_up();
  const auto allow = [this](const char* amount) {
    world.cluster->add_budget("all", {{"limits", json::array({{{"name", "rate"},
                                                              {"mode", "Rate"},
                                                              {"amount", amount}}})}});
  };
  const auto told = [this] { return condition("Limited")["message"].get<std::string>(); };
  allow("20");
  waiting(10);
  live(20 * second);
  EXPECT_THAT(told(), HasSubstr("0.00 of 20.00 an hour"));
  allow("21");
  live(90 * second);
  EXPECT_THAT(told(), HasSubstr("0.00 of 21.00 an hour"));
}

TEST_F(PoolsInRounds, ABudgetWithScaleToZeroTakesEverything) {
  set_up(1);
  waiting(10);
  live(30 * second);
  world.cluster->add_budget("stop", {{"limits", json::array({{{"name", "rate"},
                                                             {"mode", "Rate"},
                                                             {"amount", "10"}}})},
                                     {"onLimit", "ScaleToZero"},
                                     {"graceSeconds", 120}});
  live(100 * second);
  EXPECT_EQ(replicas(), 1) << "the grace";
  live(2 * minute);
  EXPECT_EQ(replicas(), 0);
  EXPECT_THAT(world.cluster->events, Contains(Field(&EventNote::reason, Reason::ZeroedByBudget)));
  EXPECT_EQ(condition("Limited")["reason"], "CappedByBudget");
  live(5 * minute);
  EXPECT_EQ(world.cluster->node_count(), 0U);
}

}  // namespace
}  // namespace poolscaler::testing
