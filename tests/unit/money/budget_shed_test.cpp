// Which policies are lowered, by a book's own limits.
#include <gmock/gmock.h>

#include "budget_world.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Lowering, TakesTheLowestPriorityAndStopsAtTheCap) {
  BudgetWorld world;
  world.budget("all", {rate_limit("20")}).on_limit = OnBudgetLimit::Shed;
  const auto high = world.policy("shop", "high", {.priority = 10});
  const auto low = world.policy("shop", "low", {.priority = 1});
  world.node("a", "16", {{high, 8}});
  world.node("b", "16", {{low, 8}});
  world.look();
  const auto standings = world.after(minutes(3));
  const std::vector<Holding> holdings = {
      {.tenant = high, .replicas = 8, .price = hourly("2")},
      {.tenant = low, .replicas = 8, .price = hourly("2"), .protected_replicas = 1}};
  const auto lowered = world.lower(standings, holdings);
  ASSERT_THAT(lowered, SizeIs(1));
  EXPECT_EQ(lowered[0].holding, 1U);
  EXPECT_EQ(lowered[0].most, 2);
  EXPECT_EQ(lowered[0].act, GuardAct::Shed);
  EXPECT_THAT(lowered[0].words, HasSubstr("6 of 8 replicas are taken"));
}

TEST(Lowering, LetsNothingComeBackToNodesThatAreLeft) {
  BudgetWorld world;
  world.budget("all", {rate_limit("20")}).on_limit = OnBudgetLimit::Shed;
  const auto low = world.policy("shop", "low");
  world.node("a", "32", {{low, 4}});
  EXPECT_THAT(world.look().of_tenant[low], IsEmpty());
  const auto standings = world.after(minutes(3));
  ASSERT_THAT(standings.of_tenant[low], SizeIs(1));
  const auto& limit = standings.limits[standings.of_tenant[low][0]];
  EXPECT_EQ(most_admitted(limit, HourlyRate::of(1), {}, world.round.now), 0);
}

TEST(Lowering, WaitsForWhatIsLeavingAlready) {
  BudgetWorld world;
  world.budget("all", {rate_limit("20")}).on_limit = OnBudgetLimit::Shed;
  const auto low = world.policy("shop", "low");
  world.node("a", "16", {{low, 8}});
  world.node("b", "16", {{low, 8}});
  world.look();
  const auto standings = world.after(minutes(3));
  // Of 16 replicas 10 are to stay, and the pods of the six others are still there.
  EXPECT_THAT(world.lower(standings,
                          {{.tenant = low, .replicas = 10, .price = hourly("2")}}),
              IsEmpty());
  // They are gone, and a node stands empty until it is removed.
  world.find("a").uses = {};
  const auto later = world.after(minutes(1));
  EXPECT_THAT(world.lower(later, {{.tenant = low, .replicas = 8, .price = hourly("2")}}),
              IsEmpty());
}

TEST(Lowering, GoesInStepsAndSparesWhatIsPaidAnyway) {
  BudgetWorld world;
  auto& budget = world.budget("all", {daily_limit("1")});
  budget.on_limit = OnBudgetLimit::Shed;
  budget.shed_step_max = 3;
  const auto paid = world.policy("shop", "paid");
  const auto low = world.policy("shop", "low", {.priority = 5});
  world.node("a", "16", {{paid, 8}}).marginal = HourlyRate();
  world.node("b", "16", {{low, 8}});
  world.look();
  world.after(hours(1));
  const auto standings = world.after(minutes(3));
  const auto lowered = world.lower(
      standings, {{.tenant = paid, .replicas = 8},
                  {.tenant = low, .replicas = 8, .price = hourly("2")}});
  ASSERT_THAT(lowered, SizeIs(1));
  EXPECT_EQ(lowered[0].holding, 1U);
  EXPECT_EQ(lowered[0].most, 5);
}

TEST(Lowering, TakesOfAnAmountWhatWaitsForANodeThatWillCost) {
  for (const auto on_limit : {OnBudgetLimit::Shed, OnBudgetLimit::ScaleToZero}) {
    BudgetWorld world;
    world.budget("all", {daily_limit("1")}).on_limit = on_limit;
    const auto paid = world.policy("shop", "paid");
    const auto low = world.policy("shop", "low");
    world.node("a", "16", {{paid, 4}}).marginal = HourlyRate();
    world.look();
    world.after(hours(1));
    const auto standings = world.after(minutes(3));
    const auto lowered = world.lower(
        standings,
        std::vector<Holding>{
            {.tenant = paid, .replicas = 6, .waiting = 2, .coming = hourly("2")},
            {.tenant = low, .replicas = 3, .waiting = 3, .coming = hourly("2")}});
    ASSERT_THAT(lowered, SizeIs(2));
    EXPECT_EQ(lowered[0].most, 4) << "what is paid anyway stays";
    EXPECT_EQ(lowered[1].most, 0);
  }
}

TEST(Lowering, TakesOfARateNothingThatIsNotThere) {
  BudgetWorld world;
  world.budget("all", {rate_limit("20")}).on_limit = OnBudgetLimit::Shed;
  const auto runs = world.policy("shop", "runs");
  const auto waits = world.policy("shop", "waits");
  world.node("a", "32", {{runs, 8}});
  world.look();
  const auto standings = world.after(minutes(3));
  const auto lowered = world.lower(
      standings,
      std::vector<Holding>{{.tenant = waits, .replicas = 1, .waiting = 1, .coming = hourly("4")},
                           {.tenant = runs, .replicas = 8, .price = hourly("4")}});
  ASSERT_THAT(lowered, SizeIs(1));
  EXPECT_EQ(lowered[0].holding, 1U);
}

/// What is left at each of the looks so far apart, of eight replicas under an amount that is spent
/// and a step of one.
std::vector<std::int64_t> left_of_a_spent_amount(Millis apart, int looks) {
  BudgetWorld world;
  auto& budget = world.budget("all", {daily_limit("1")});
  budget.on_limit = OnBudgetLimit::Shed;
  budget.shed_step_max = 1;
  world.round.between = minutes(1);
  const auto low = world.policy("shop", "low");
  world.node("b", "16", {{low, 8}});
  world.look();
  world.after(minutes(1));
  std::vector<std::int64_t> left;
  std::vector<Holding> holdings = {{.tenant = low, .replicas = 8, .price = hourly("2")}};
  for (int i = 0; i < looks; ++i) {
    const auto lowered = world.lower(world.after(apart), holdings);
    if (!lowered.empty()) holdings[0].replicas = lowered[0].most;
    left.push_back(holdings[0].replicas);
  }
  return left;
}

TEST(Lowering, ALargerStepThanDeclaredIsTakenWhereAnAmountCouldNotHold) {
  const auto left = left_of_a_spent_amount(minutes(1), 6);
  // Over since 00:00; the grace ends at 00:02, and all are gone within four looks.
  EXPECT_THAT(left, ElementsAre(6, 4, 2, 0, 0, 0));
}

/// Three replicas of a node each under a rate for one of them, and a step of one.
struct SmallSteps {
  BudgetWorld world{};
  std::size_t low = world.policy("shop", "low");
  std::vector<Holding> holdings = {
      {.tenant = low, .replicas = 3, .accelerators = 8, .price = hourly("10")}};

  SmallSteps() {
    auto& budget = world.budget("all", {rate_limit("10")});
    budget.on_limit = OnBudgetLimit::Shed;
    budget.shed_step_max = 1;
    world.round.between = std::chrono::seconds(20);
    for (const auto* name : {"a", "b", "c"}) world.node(name, "10", {{low, 8}});
    world.look();
  }
  /// What is left when it is looked after so long, and its pod, if one was taken, is gone at once.
  std::int64_t left_after(Millis time) {
    const auto lowered = world.lower(world.after(time), holdings);
    if (lowered.empty()) return holdings[0].replicas;
    if (lowered[0].most < holdings[0].replicas) world.round.nodes.pop_back();
    return holdings[0].replicas = lowered[0].most;
  }
};

TEST(Lowering, LooksThatFollowEachOtherAtOnceTakeOneStepTogether) {
  SmallSteps small;
  std::vector<std::int64_t> left = {small.left_after(minutes(3))};
  for (int i = 0; i < 5; ++i) left.push_back(small.left_after(Millis(50)));
  EXPECT_THAT(left, ElementsAre(2, 2, 2, 2, 2, 2));
  EXPECT_EQ(small.left_after(Millis(19'749)), 2);
  EXPECT_EQ(small.left_after(Millis(1)), 1);
  EXPECT_EQ(small.left_after(minutes(1)), 1) << "it is no more than the cap allows";
}

TEST(Lowering, AStepIsSaidAgainUntilItIsWritten) {
  SmallSteps small;
  const auto taken = small.world.lower(small.world.after(minutes(3)), small.holdings);
  const auto again = small.world.lower(small.world.after(Millis(50)), small.holdings);
  ASSERT_THAT(taken, SizeIs(1));
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(taken[0].most, 2);
  EXPECT_EQ(again[0].most, 2);
}

TEST(Lowering, TakesNothingWhileItIsNotKnownWhichOfSeveralPricesIsRight) {
  SmallSteps small;
  small.world.find("a").contested = true;
  EXPECT_EQ(small.left_after(minutes(3)), 3);
  const auto standing = small.world.look().budgets[0];
  EXPECT_EQ(standing.contested, 1U);
  EXPECT_EQ(standing.doubtful, 1U);
  EXPECT_EQ(standing.act(), GuardAct::Freeze);
}

TEST(Lowering, AnAmountIsKeptHoweverOftenItIsLookedAt) {
  const auto left = left_of_a_spent_amount(std::chrono::seconds(30), 10);
  EXPECT_THAT(left, ElementsAre(8, 6, 6, 4, 4, 2, 0, 0, 0, 0));
}

TEST(Lowering, ScaleToZeroTakesWhatIsProtectedToo) {
  BudgetWorld world;
  world.budget("all", {daily_limit("1")}).on_limit = OnBudgetLimit::ScaleToZero;
  const auto low = world.policy("shop", "low");
  world.node("b", "16", {{low, 8}});
  world.look();
  world.after(hours(1));
  const auto standings = world.after(minutes(3));
  const auto lowered = world.lower(
      standings, {{.tenant = low, .replicas = 8, .price = hourly("2"), .protected_replicas = 8}});
  ASSERT_THAT(lowered, SizeIs(1));
  EXPECT_EQ(lowered[0].most, 0);
  EXPECT_EQ(lowered[0].act, GuardAct::ScaleToZero);
}

}  // namespace
}  // namespace poolscaler::money
