// What the book of budgets keeps when it starts again, and when budgets, nodes or the clock change.
#include <algorithm>

#include <gmock/gmock.h>

#include "budget_world.hpp"
#include "poolscaler/api/time_zones.hpp"
#include "poolscaler/money/budget_book.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;

TEST(BudgetBook, ARestartGoesOnWhereItWas) {
  BudgetWorld world;
  auto& budget = world.budget("all", {rate_limit("30"), daily_limit("500")});
  budget.cost_labels = {"team"};
  const auto web = world.policy("shop", "web");
  world.round.tenants[web].labels = {{"team", "red"}};
  world.node("a", "32.77", {{web, 5}});
  world.look();
  world.until(world.round.now + hours(3), minutes(7));
  const auto before = *world.book.state_of_budget("all");
  world.restart();
  EXPECT_EQ(*world.book.state_of_budget("all"), before);
  world.look();
  EXPECT_EQ(*world.book.state_of_budget("all"), before);
  world.after(hours(5));
  const auto book = book_in(world.book.state_of_budget("all")->ledger, PeriodKind::Day);
  EXPECT_EQ(exact_text(book.bill.rounded_up()), "262.16");
}

TEST(BudgetBook, AGapIsFilledFromTheStartsAndEndsOfNodes) {
  BudgetWorld world;
  world.budget("all", {daily_limit("500")});
  world.node("stays", "10");
  world.look();
  world.restart();
  world.round.now += hours(2);
  world.node("came", "6");  // started while nobody looked
  world.find("came").started -= minutes(30);
  world.look();
  EXPECT_EQ(exact_text(month_of(world, "all")), "23");
}

TEST(BudgetBook, ALoserOfAWriteReadsAgainAndCountsNothingTwice) {
  BudgetWorld ours;
  ours.budget("all", {daily_limit("500")});
  ours.node("a", "10");
  ours.look();
  const auto stored = *ours.book.state_of_budget("all");
  BudgetBook theirs;
  theirs.adopt_budget("all", stored);
  ours.after(hours(1));  // both count the same hour
  static_cast<void>(theirs.look(ours.round));
  ours.book.adopt_budget("all", *theirs.state_of_budget("all"));
  ours.after(hours(1));
  EXPECT_EQ(exact_text(month_of(ours, "all")), "20");
}

TEST(BudgetBook, ABudgetThatIsMadeAgainStartsAnew) {
  BudgetWorld world;
  world.budget("all", {daily_limit("500")});
  world.node("a", "10");
  world.look();
  world.after(hours(1));
  EXPECT_TRUE(world.book.holds_budget("all", "all-uid"));
  world.round.budgets[0].uid = "other";
  EXPECT_FALSE(world.book.holds_budget("all", "other"));
  world.after(hours(1));
  EXPECT_EQ(month_of(world, "all"), Amount());
  world.round.budgets.clear();
  world.look();
  EXPECT_FALSE(world.book.state_of_budget("all"));
}

TEST(BudgetBook, AnEditedAmountArmsItsThresholdsAgain) {
  BudgetWorld world;
  auto& budget = world.budget("all", {daily_limit("100")});
  world.node("a", "30");
  world.look();
  EXPECT_THAT(world.after(hours(2)).budgets[0].limits[0].fired_now, ElementsAre(50));
  budget.limits[0].amount = dollars("70");
  EXPECT_THAT(world.after(seconds(15)).budgets[0].limits[0].fired_now, ElementsAre(50, 80));
}

TEST(BudgetBook, AnEditedSelectorKeepsWhatWasSpent) {
  BudgetWorld world;
  auto& budget = world.budget("all", {daily_limit("100")});
  const auto web = world.policy("shop", "web");
  world.node("a", "8", {{web, 2}});
  world.look();
  world.after(hours(1));
  budget.selector.namespaces = {"shop"};
  world.after(hours(1));
  EXPECT_EQ(exact_text(month_of(world, "all")), "10");
}

TEST(BudgetBook, ADimensionThatIsAddedBeginsUntagged) {
  BudgetWorld world;
  auto& budget = world.budget("all", {daily_limit("100")});
  const auto web = world.policy("shop", "web");
  world.round.tenants[web].labels = {{"team", "red"}};
  world.node("a", "8", {{web, 2}});
  world.look();
  world.after(hours(1));
  budget.cost_labels = {"team"};
  world.after(hours(1));
  const auto state = world.book.state_of_budget("all")->ledger;
  const auto book = book_in(state, PeriodKind::Day);
  EXPECT_EQ(exact_text(book.tenants[0].at("shop").rounded_up()), "4");
  EXPECT_EQ(exact_text(book.tenants[1].at("").rounded_up()), "2");
  EXPECT_EQ(exact_text(book.tenants[1].at("red").rounded_up()), "2");
}

TEST(BudgetBook, AnotherZoneMovesThePeriodAndKeepsWhatWasSpent) {
  BudgetWorld world;
  auto& budget = world.budget("all", {daily_limit("100")});
  world.node("a", "8");
  world.look();
  world.after(hours(1));
  budget.zone = api::time_zone_named("America/New_York").value();
  const auto standing = world.look().budgets[0].limits[0];
  EXPECT_EQ(exact_text(standing.used), "8");
  EXPECT_EQ(to_rfc3339(standing.current->end), "2026-11-27T05:00:00Z");
  EXPECT_TRUE(standing.partial);
}

TEST(BudgetBook, ADayOf25HoursIsCountedWhole) {
  BudgetWorld world;
  world.round.now = at("2026-10-24T22:00:00Z");  // Sunday in Berlin
  auto& budget = world.budget("all", {daily_limit("100")});
  budget.zone = api::time_zone_named("Europe/Berlin").value();
  world.node("a", "1");
  world.look();
  const auto last = world.until(at("2026-10-25T22:59:00Z"), minutes(1)).budgets[0].limits[0];
  EXPECT_EQ(shown(last.used), "24.98");
  EXPECT_FALSE(last.partial);
  const auto next = world.after(minutes(1)).budgets[0].limits[0];
  EXPECT_EQ(next.used, Amount());
  const auto state = world.book.state_of_budget("all")->ledger;
  EXPECT_EQ(exact_text(std::ranges::find(state.books, PeriodKind::Day, &PeriodBook::kind)
                           ->closed_bill.rounded_up()),
            "25");
}

TEST(BudgetBook, AClockThatStepsBackCountsNothingTwice) {
  BudgetWorld world;
  world.budget("all", {daily_limit("500")});
  world.node("a", "10");
  world.look();
  world.after(hours(1));
  EXPECT_EQ(world.after(-minutes(20)).budgets[0].clock_behind, minutes(20));
  world.after(hours(1));
  EXPECT_EQ(shown(month_of(world, "all")), "16.67");
}

}  // namespace
}  // namespace poolscaler::money
