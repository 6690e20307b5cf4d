#include "poolscaler/money/budget_book.hpp"

#include <gmock/gmock.h>

#include "budget_world.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<Limit> limits_of(const Standings& standings, const std::vector<std::size_t>& indices) {
  std::vector<Limit> limits;
  for (const auto index : indices) limits.push_back(standings.limits[index]);
  return limits;
}

TEST(BudgetBook, AMonthAt41PercentIsForecastToExceed) {
  BudgetWorld world;
  world.round.now = at("2026-11-01T00:00:00Z");
  world.budget("ml", {monthly_limit("10000")});
  world.node("early", "4100");
  world.look();
  world.round.now += hours(1);
  world.stop("early");
  world.look();
  world.after(hours(1));
  world.round.now = at("2026-11-01T00:00:00Z") + hours(228);
  world.node("steady", "15");
  const auto standing = world.look().budgets[0].limits[0];
  EXPECT_EQ(standing.used_basis_points, 4100);
  EXPECT_THAT(standing.fired, IsEmpty());
  EXPECT_EQ(exact_text(*standing.projected_worst), "11480");
  EXPECT_EQ(shown(*standing.pace), "11.99");
  EXPECT_FALSE(standing.projected_typical);
  EXPECT_FALSE(standing.warned);
  const auto warned = world.after(seconds(15)).budgets[0].limits[0];
  EXPECT_TRUE(warned.warned);
  EXPECT_EQ(warned.warned_by, "worst projection");
  EXPECT_EQ(exact_text(warned.headroom), "5899.9375");
}

TEST(BudgetBook, AnHourlyCapGrantsOneOfTwoNodes) {
  BudgetWorld world;
  world.budget("team-a", {rate_limit("100")});
  world.node("a", "32.77");
  world.node("b", "32.77");
  const auto standings = world.look();
  EXPECT_THAT(standings.of_pool, ElementsAre(ElementsAre(0U)));
  const auto admission =
      admit(standings.limits, {.count = 2, .price = hourly("32.77")}, world.round.now);
  EXPECT_EQ(admission.granted, 1);
  EXPECT_THAT(admission.words, HasSubstr("budget team-a (hourly): 65.54 of 100.00 an hour"));
}

TEST(BudgetBook, WhatWasGrantedAndIsNotThereIsReserved) {
  BudgetWorld world;
  world.budget("team-a", {rate_limit("100")});
  world.node("a", "32.77");
  world.round.pools[0].coming = hourly("65.54");
  const auto standings = world.look();
  EXPECT_EQ(most_admitted(standings.limits[0], hourly("32.77"), {}, world.round.now), 0);
  EXPECT_EQ(exact_text(standings.budgets[0].rate), "32.77");
  EXPECT_EQ(standings.budgets[0].limits[0].used_basis_points, 3277);
}

TEST(BudgetBook, APriceRiseIsShownAsExceededAndFreezes) {
  BudgetWorld world;
  world.budget("team-a", {rate_limit("100")});
  for (const auto* uid : {"a", "b", "c"}) world.node(uid, "32.77");
  EXPECT_EQ(world.look().budgets[0].limits[0].act, GuardAct::None);
  for (auto& node : world.round.nodes)
    node.rate = HourlyRate::of(hourly("32.77").nano() / 100 * 102);
  const auto standing = world.after(seconds(15)).budgets[0].limits[0];
  EXPECT_EQ(standing.used_basis_points, 10'028);
  EXPECT_EQ(standing.act, GuardAct::Freeze);
  EXPECT_EQ(standing.words,
            "100.28 of 100.00 an hour, 100.28 %; growth is frozen; resumes at 95 % and not before "
            "2026-11-27T00:10:15Z");
}

TEST(BudgetBook, ADailyCapIsSpentAtFivePastFive) {
  BudgetWorld world;
  world.budget("day", {daily_limit("500")}).on_limit = OnBudgetLimit::Shed;
  for (const auto* uid : {"a", "b", "c"}) world.node(uid, "32.77");
  world.look();
  const auto standing =
      world.until(world.round.now + hours(2), minutes(1)).budgets[0].limits[0];
  EXPECT_EQ(exact_text(standing.used), "196.62");
  EXPECT_EQ(shown(*standing.pace), "13.79");
  EXPECT_EQ(to_rfc3339(*standing.exhausted_at).substr(0, 16), "2026-11-27T05:05");
  EXPECT_EQ(standing.words,
            "196.62 of 500.00 this Day, 39.33 %; at 98.31 an hour spent at 2026-11-27T05:05:09Z");
  // What runs is paid for until the grace is over.
  EXPECT_EQ(world.until(at("2026-11-27T05:03:00Z"), minutes(1)).budgets[0].limits[0].act,
            GuardAct::None);
  EXPECT_EQ(world.until(at("2026-11-27T05:05:00Z"), minutes(1)).budgets[0].limits[0].act,
            GuardAct::Freeze);
  EXPECT_EQ(world.after(minutes(1)).budgets[0].limits[0].act, GuardAct::Shed);
  // The next day is a new one.
  const auto next = world.until(at("2026-11-28T00:01:00Z"), minutes(1)).budgets[0].limits[0];
  EXPECT_EQ(next.act, GuardAct::None);
  EXPECT_EQ(next.used_basis_points, 33);
  EXPECT_THAT(next.fired, IsEmpty());
}

TEST(BudgetBook, ThresholdsAreSaidOncePerPeriodOverRestartsToo) {
  BudgetWorld world;
  world.budget("day", {daily_limit("100")});
  world.node("a", "10");
  world.look();
  std::vector<int> said;
  for (int i = 0; i < 110; ++i) {
    if (i % 7 == 0) world.restart();
    const auto standings = world.after(minutes(6));
    for (const auto fired : standings.budgets[0].limits[0].fired_now) said.push_back(fired);
  }
  EXPECT_THAT(said, ElementsAre(50, 80, 100));
}

TEST(BudgetBook, ARateSaysItsThresholdsOnceADay) {
  BudgetWorld world;
  world.budget("hour", {rate_limit("100")});
  world.node("a", "60");
  EXPECT_THAT(world.look().budgets[0].limits[0].fired_now, ElementsAre(50));
  EXPECT_THAT(world.after(hours(23)).budgets[0].limits[0].fired_now, IsEmpty());
  EXPECT_THAT(world.after(hours(2)).budgets[0].limits[0].fired_now, ElementsAre(50));
}

TEST(BudgetBook, TeamsAndIdleDivideTheBillOfAPool) {
  BudgetWorld world;
  world.budget("all", {rate_limit("1000")});
  world.budget("shop", {rate_limit("1000")}).selector.namespaces = {"shop"};
  world.budget("lab", {rate_limit("1000")}).selector.namespaces = {"lab"};
  const auto shop = world.policy("shop", "web");
  const auto lab = world.policy("lab", "train");
  world.node("a", "32.770000001", {{lab, 3}, {shop, 4}});
  world.look();
  world.find("a").uses = {{shop, 1}};
  world.after(minutes(7));
  world.node("b", "1.000000007", {{lab, 8}});
  world.after(minutes(20));
  const auto all = book_in(world.book.state_of_budget("all")->ledger, PeriodKind::Day);
  auto sum = all.idle;
  for (const auto* name : {"shop", "lab"})
    sum += book_in(world.book.state_of_budget(name)->ledger, PeriodKind::Day).bill;
  EXPECT_EQ(sum, all.bill);
  EXPECT_EQ(all.bill, book_in(*world.book.state_of_pool("h100"), PeriodKind::Day).bill);
  EXPECT_THAT(world.look().budgets[1].limits[0].used, dollars("4.09625"));
}

TEST(BudgetBook, LabelsChooseSharesAndTellTenantsApart) {
  BudgetWorld world;
  auto& budget = world.budget("red", {rate_limit("1000")});
  budget.selector.policy_labels = {{"team", "red"}};
  budget.cost_labels = {"model"};
  const auto red = world.policy("shop", "web");
  world.round.tenants[red].labels = {{"team", "red"}, {"model", "llama"}};
  const auto untagged = world.policy("shop", "chat");
  world.round.tenants[untagged].labels = {{"team", "red"}};
  const auto blue = world.policy("shop", "search");
  world.round.tenants[blue].labels = {{"team", "blue"}};
  world.node("a", "8", {{red, 2}, {untagged, 1}, {blue, 4}});
  const auto standings = world.look();
  EXPECT_EQ(exact_text(standings.budgets[0].rate), "3");
  EXPECT_THAT(standings.of_tenant, ElementsAre(ElementsAre(0U), ElementsAre(0U), IsEmpty()));
  EXPECT_THAT(standings.of_pool, ElementsAre(IsEmpty()));
  world.after(hours(1));
  const auto state = world.book.state_of_budget("red")->ledger;
  const auto book = book_in(state, PeriodKind::Day);
  EXPECT_THAT(state.dimensions, ElementsAre("namespace", "model"));
  EXPECT_EQ(exact_text(book.tenants[1].at("llama").rounded_up()), "2");
  EXPECT_EQ(exact_text(book.tenants[1].at("").rounded_up()), "1");
  EXPECT_EQ(exact_text(book.tenants[0].at("shop").rounded_up()), "3");
}

TEST(BudgetBook, NestedBudgetsMustAllPassAndTheBindingOneIsNamed) {
  BudgetWorld world;
  world.budget("cluster", {rate_limit("500")});
  world.budget("shop", {rate_limit("20")}).selector.namespaces = {"shop"};
  const auto shop = world.policy("shop", "web");
  world.node("a", "32.77", {{shop, 4}});
  const auto standings = world.look();
  EXPECT_THAT(standings.of_pool[0], ElementsAre(0U));
  EXPECT_THAT(standings.of_tenant[shop], ElementsAre(1U));
  const auto own = limits_of(standings, standings.of_tenant[shop]);
  const auto admission =
      admit(own, {.count = 2, .price = hourly("4.1")}, world.round.now);
  EXPECT_EQ(admission.granted, 0);
  EXPECT_THAT(admission.words, HasSubstr("budget shop (hourly): 16.39 of 20.00 an hour"));
}

TEST(BudgetBook, APolicyHoldsToItsOwnCaps) {
  BudgetWorld world;
  const auto web = world.policy("shop", "web",
                                {.max_hourly = hourly("10"),
                                 .max_daily = dollars("50"),
                                 .max_monthly = dollars("1000"),
                                 .max_added_hourly = hourly("5")});
  world.node("a", "16", {{web, 4}});
  world.look();
  const auto standings = world.after(hours(3));
  const auto own = limits_of(standings, standings.of_tenant[web]);
  ASSERT_THAT(own, SizeIs(4));
  EXPECT_EQ(shown(own[0]), "policy shop/web (maxHourly): 8.00 of 10.00 an hour");
  EXPECT_EQ(shown(own[1]), "policy shop/web (maxAddedHourly): 0.00 of 5.00 an hour");
  EXPECT_EQ(shown(own[2]),
            "policy shop/web (maxDaily): 24.00 of 50.00 this day, and 8.00 an hour");
  EXPECT_EQ(shown(own[3]),
            "policy shop/web (maxMonthly): 24.00 of 1000.00 this month, and 8.00 an hour");
  EXPECT_EQ(exact_text(standings.tenants[web].rate), "8");
}

TEST(BudgetBook, APolicysLedgerOutlivesARestartAndDiesWithThePolicy) {
  BudgetWorld world;
  const auto web = world.policy("shop", "web", {.max_daily = dollars("50")});
  world.node("a", "16", {{web, 4}});
  world.look();
  world.after(hours(1));
  world.restart();
  world.after(hours(1));
  const auto spent = [&] {
    return exact_text(
        book_in(*world.book.state_of_policy("shop/web"), PeriodKind::Day).bill.rounded_up());
  };
  EXPECT_EQ(spent(), "16");
  world.round.tenants[web].uid = "made-again";
  world.after(hours(1));
  EXPECT_EQ(spent(), "0");
  world.round.tenants[web].cost = {};
  world.look();
  EXPECT_FALSE(world.book.state_of_policy("shop/web"));
}

TEST(BudgetBook, APoolHoldsToItsMaxHourly) {
  BudgetWorld world;
  world.round.pools[0].max_hourly = hourly("40");
  world.node("a", "32.77");
  const auto standings = world.look();
  EXPECT_THAT(standings.of_pool[0], ElementsAre(0U));
  EXPECT_EQ(shown(standings.limits[0]), "pool h100 (maxHourly): 32.77 of 40.00 an hour");
}

TEST(BudgetBook, AnUnpricedNodeIsShownAndNeverZero) {
  BudgetWorld world;
  world.budget("all", {rate_limit("100")}).on_limit = OnBudgetLimit::Shed;
  world.node("a", "120");
  world.node("b", "1").rate.reset();
  auto standing = world.look().budgets[0];
  EXPECT_EQ(standing.nodes, 2U);
  EXPECT_EQ(standing.unpriced, 1U);
  EXPECT_EQ(standing.unpriced_basis_points(), 5000);
  // Over the limit, but nothing is shed while a price is missing or stale.
  EXPECT_EQ(world.after(minutes(5)).budgets[0].act(), GuardAct::Freeze);
  world.find("b").rate = hourly("1");
  world.find("b").doubtful = true;
  EXPECT_EQ(world.after(minutes(5)).budgets[0].act(), GuardAct::Freeze);
  world.find("b").doubtful = false;
  EXPECT_EQ(world.after(minutes(5)).budgets[0].act(), GuardAct::Shed);
  const auto book = book_in(world.book.state_of_budget("all")->ledger, PeriodKind::Day);
  EXPECT_EQ(book.unpriced, minutes(10));  // until the look that saw a price
}

TEST(BudgetBook, CommitmentsAccrueAndAreNoPartOfARate) {
  BudgetWorld world;
  world.round.now = at("2026-11-27T23:00:00Z");
  world.budget("all", {rate_limit("10"), daily_limit("100")});
  world.node("reserved", "40").marginal = HourlyRate();
  world.look();
  world.after(minutes(30));
  const auto standings = world.look();
  EXPECT_EQ(standings.budgets[0].rate, HourlyRate());
  EXPECT_EQ(exact_text(standings.budgets[0].committed), "40");
  EXPECT_EQ(standings.budgets[0].limits[0].used_basis_points, 0);
  const auto& daily = standings.budgets[0].limits[1];
  EXPECT_EQ(exact_text(daily.used), "20");
  // The rest of the commitment is spent whatever is decided.
  EXPECT_EQ(exact_text(daily.headroom), "60");
  // 60 are left for half an hour: two nodes at 50 need 50.
  EXPECT_EQ(most_admitted(standings.limits[1], hourly("50"), hours(1), world.round.now), 2);
}

TEST(BudgetBook, WhatCannotBeCountedFreezesGrowthAndSaysWhy) {
  BudgetWorld world;
  world.budget("euro", {rate_limit("100")}).currency = Currency::parse("EUR").value();
  world.budget("both", {rate_limit("100")}).selector.policy_labels = {{"team", "a"}, {"team", "b"}};
  world.budget("lost", {rate_limit("100")}).zone = nullptr;
  world.budget("typo", {rate_limit("100")}).selector.pools = {"h200"};
  world.node("a", "1");
  const auto standings = world.look();
  EXPECT_EQ(standings.budgets[0].trouble,
            "it is in EUR and pool h100 is in USD; give it that currency, or make it select pools "
            "of its own");
  EXPECT_THAT(standings.budgets[1].trouble, HasSubstr("two values of the label 'team'"));
  EXPECT_THAT(standings.budgets[2].trouble, HasSubstr("time zone"));
  EXPECT_THAT(standings.budgets[3].trouble, IsEmpty());
  EXPECT_EQ(standings.budgets[3].note,
            "it selects pool 'h200', which does not exist; correct the name");
  EXPECT_THAT(standings.of_pool[0], ElementsAre(0U, 2U));
  EXPECT_EQ(admit(standings.limits, {.count = 1, .price = hourly("1")}, world.round.now).granted,
            0);
  EXPECT_THAT(standings.budgets[2].limits[0].words, HasSubstr("growth is frozen: its time zone"));
  EXPECT_EQ(refusal_words(standings.limits[2]),
            "budget lost (hourly) cannot be counted: its time zone is not known; name one of the "
            "IANA data base, such as UTC; may resume when that is mended");
}

TEST(BudgetBook, PoolsOfTwoCurrenciesHaveBudgetsOfTheirOwn) {
  BudgetWorld world;
  world.round.pools.push_back({.name = "euro", .currency = Currency::parse("EUR").value()});
  auto& budget = world.budget("eu", {rate_limit("100")});
  budget.currency = Currency::parse("EUR").value();
  budget.selector.pools = {"euro"};
  EXPECT_THAT(world.look().budgets[0].trouble, IsEmpty());
  budget.selector.pools = {"euro", "h100"};
  EXPECT_THAT(world.look().budgets[0].trouble, HasSubstr("pool h100 is in USD"));
}

TEST(BudgetBook, NotifySaysAndBindsNothing) {
  BudgetWorld world;
  world.budget("all", {rate_limit("100")}).on_limit = OnBudgetLimit::Notify;
  world.node("a", "120");
  const auto standings = world.look();
  EXPECT_THAT(standings.limits, IsEmpty());
  EXPECT_THAT(standings.budgets[0].limits[0].fired_now, ElementsAre(50, 80, 100));
  EXPECT_EQ(standings.budgets[0].act(), GuardAct::None);
}

TEST(BudgetBook, AnHourThatCostsMuchMoreIsSaidWithItsCause) {
  BudgetWorld world;
  world.budget("all", {rate_limit("1000")});
  for (const auto* uid : {"a", "b"}) world.node(uid, "10");
  world.look();
  world.until(world.round.now + hours(24 * 15), hours(1));
  EXPECT_THAT(world.look().budgets[0].anomaly.words, IsEmpty());
  for (const auto* uid : {"c", "d", "e", "f", "g"}) world.node(uid, "10");
  EXPECT_EQ(world.after(hours(1)).budgets[0].anomaly.words,
            "70.00 this hour, usually 20.00: nodes 50.00, price 0.00, mix 0.00; mostly nodes");
  world.restart();
  EXPECT_TRUE(world.look().budgets[0].anomaly.anomalous);
}

TEST(BudgetBook, WhatHoursUsuallyCostIsProjectedAfterTwoWeeks) {
  BudgetWorld world;
  world.round.now = at("2026-11-01T00:00:00Z");
  world.budget("all", {monthly_limit("1000")});
  world.node("a", "1");
  world.look();
  EXPECT_FALSE(
      world.until(at("2026-11-14T00:00:00Z"), hours(1)).budgets[0].limits[0].projected_typical);
  world.until(at("2026-11-16T00:00:00Z"), hours(1));
  world.node("burst", "50");
  const auto standing = world.look().budgets[0].limits[0];
  EXPECT_EQ(exact_text(*standing.projected_typical), "720");
  EXPECT_EQ(exact_text(*standing.projected_worst), "18720");
}

TEST(BudgetBook, TheHistoryIsBounded) {
  BudgetWorld world;
  world.budget("all", {rate_limit("1000")});
  for (int i = 0; i < 12; ++i) world.node(std::to_string(i), "10").kind = std::to_string(i);
  world.look();
  world.until(world.round.now + hours(24 * 32), hours(6));
  const auto history = world.book.state_of_budget("all")->history;
  EXPECT_THAT(history.hours, SizeIs(history_hours_max));
  EXPECT_THAT(history.hours.back().groups, SizeIs(history_groups_max + 1));
  EXPECT_EQ(exact_text(history.hours.back().cost()), "120");
}

}  // namespace
}  // namespace poolscaler::money
