// The book of budgets in the statuses of its objects, and back.
#include "money_status.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "unit/money/budget_world.hpp"

namespace poolscaler::controllers::told {
namespace {

using money::BudgetWorld;
using std::chrono::hours;
using std::chrono::minutes;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::vector<api::Condition> none{};

BudgetStatusInput input_of(const BudgetWorld& world, const money::Standings& standings,
                           const std::optional<money::BudgetState>& state) {
  return {.budget = *world.round.budgets[0].budget,
          .generation = 3,
          .standing = standings.budgets[0],
          .state = state,
          .conditions_before = none};
}

/// Through the JSON of the status, as it is stored.
api::BudgetStatus stored(const api::BudgetStatus& status) {
  const nlohmann::json object = {
      {"status", nlohmann::json::parse(api::render_budget_status(status))}};
  return api::read_budget_status(object);
}

const api::Condition& condition_in(const api::BudgetStatus& status, std::string_view type) {
  return *std::ranges::find(status.conditions, type, &api::Condition::type);
}

TEST(MoneyStatus, AStateGoesThroughItsStatusWithoutLoss) {
  BudgetWorld world;
  auto& budget = world.budget("all", {money::rate_limit("30"), money::daily_limit("500")});
  budget.cost_labels = {"team"};
  const auto web = world.policy("shop", "web");
  world.round.tenants[web].labels = {{"team", "red"}};
  world.node("a", "32.770000001", {{web, 5}});
  world.node("b", "1").rate.reset();
  world.look();
  const auto standings = world.until(world.round.now + hours(50), minutes(37));
  const auto state = world.book.state_of_budget("all");
  const auto status = stored(budget_status(input_of(world, standings, state), world.round.now));
  EXPECT_EQ(budget_state("all-uid", status), state);
  EXPECT_EQ(ledger_state(ledger_status(*world.book.state_of_pool("h100"))),
            *world.book.state_of_pool("h100"));
}

RC_GTEST_PROP(MoneyStatus, AnyStateGoesThroughItsStatusWithoutLoss, ()) {
  BudgetWorld world;
  auto& budget = world.budget(
      "all", {money::rate_limit("30"), money::daily_limit("500"), money::monthly_limit("9000")});
  budget.on_limit = *rc::gen::element(OnBudgetLimit::Freeze, OnBudgetLimit::Shed);
  if (*rc::gen::element(true, false)) budget.cost_labels = {"team"};
  const auto web = world.policy("shop", "web");
  const auto lab = world.policy("lab", "train");
  world.round.tenants[lab].labels = {{"team", "red"}};
  const auto steps = *rc::gen::inRange(1, 12);
  money::Standings standings;
  for (int i = 0; i < steps; ++i) {
    auto& node = world.node(std::to_string(i), std::to_string(*rc::gen::inRange(1, 60)),
                            {{web, *rc::gen::inRange(0, 5)}, {lab, *rc::gen::inRange(0, 5)}});
    node.kind = *rc::gen::element<std::string>("spot", "demand");
    if (*rc::gen::inRange(0, 4) == 0) world.stop(world.round.nodes.front().uid);
    standings = world.after(Millis(*rc::gen::inRange<std::int64_t>(1, 90'000'000)));
  }
  const auto state = world.book.state_of_budget("all");
  const auto status = stored(budget_status(input_of(world, standings, state), world.round.now));
  RC_ASSERT(budget_state("all-uid", status) == state);
}

TEST(MoneyStatus, SaysWhereEachLimitStandsAndWhatIsDone) {
  BudgetWorld world;
  world.budget("all", {money::rate_limit("30"), money::daily_limit("500")});
  world.node("a", "32.77");
  world.look();
  const auto standings = world.after(hours(2));
  const auto status = stored(budget_status(
      input_of(world, standings, world.book.state_of_budget("all")), world.round.now));
  ASSERT_THAT(status.limits, SizeIs(2));
  EXPECT_EQ(exact_text(status.rate), "32.77");
  EXPECT_EQ(status.nodes, 1);
  EXPECT_EQ(status.limits[0].act, "Freeze");
  EXPECT_THAT(status.limits[0].message, HasSubstr("growth is frozen"));
  EXPECT_EQ(exact_text(status.limits[0].accrued), "32.77");
  EXPECT_EQ(exact_text(status.limits[1].accrued), "65.54");
  EXPECT_EQ(exact_text(*status.limits[1].projected_worst), "786.48");
  EXPECT_EQ(condition_in(status, "Ready").status, api::ConditionStatus::True);
  const auto& exceeded = condition_in(status, "BudgetExceeded");
  EXPECT_EQ(exceeded.reason, Reason::BudgetExceeded);
  EXPECT_THAT(exceeded.message, HasSubstr("hourly: 32.77 of 30.00 an hour"));
  EXPECT_EQ(condition_in(status, "Forecast").message,
            "daily: 786.48 of 500.00 by the worst projection");
  EXPECT_EQ(condition_in(status, "PricesKnown").status, api::ConditionStatus::True);
  EXPECT_EQ(condition_in(status, "Anomaly").reason, Reason::CostUsual);
}

TEST(MoneyStatus, TroubleIsNotReadyAndKeepsWhatWasCounted) {
  BudgetWorld world;
  auto& budget = world.budget("all", {money::daily_limit("500")});
  world.node("a", "32.77");
  world.look();
  world.after(hours(2));
  budget.selector.policy_labels = {{"team", "a"}, {"team", "b"}};
  const auto standings = world.after(hours(1));
  const auto state = world.book.state_of_budget("all");
  const auto status = stored(budget_status(input_of(world, standings, state), world.round.now));
  const auto& ready = condition_in(status, "Ready");
  EXPECT_EQ(ready.status, api::ConditionStatus::False);
  EXPECT_EQ(ready.reason, Reason::BudgetInvalid);
  EXPECT_THAT(ready.message, HasSubstr("two values of the label 'team'"));
  EXPECT_EQ(budget_state("all-uid", status)->ledger, state->ledger);
}

TEST(MoneyStatus, AConditionThatStaysKeepsItsTime) {
  BudgetWorld world;
  world.budget("all", {money::daily_limit("500")});
  world.node("a", "1").rate.reset();
  const auto first = world.look();
  const auto state = world.book.state_of_budget("all");
  const auto before = budget_conditions(input_of(world, first, state), world.round.now);
  const auto then = world.round.now;
  const auto second = world.after(hours(1));
  auto input = BudgetStatusInput{.budget = *world.round.budgets[0].budget,
                                 .generation = 3,
                                 .standing = second.budgets[0],
                                 .state = state,
                                 .conditions_before = before};
  for (const auto& condition : budget_conditions(input, world.round.now))
    EXPECT_EQ(condition.last_transition, then);
  EXPECT_EQ(before[3].reason, Reason::PriceUnknown);
  EXPECT_THAT(before[3].message, HasSubstr("1 of 1 nodes have no known price"));
}

TEST(MoneyStatus, AStatusWithoutALedgerIsNoState) {
  EXPECT_FALSE(budget_state("uid", api::BudgetStatus{}));
}

}  // namespace
}  // namespace poolscaler::controllers::told
