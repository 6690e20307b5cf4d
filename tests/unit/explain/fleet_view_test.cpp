// Pools, budgets and policies told for a terminal and as JSON.

#include "poolscaler/explain/fleet_view.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace poolscaler::explain {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

const Instant now = parse_rfc3339("2026-11-27T10:00:00Z").value();

Amount amount(std::string_view text) { return parse_amount(text).value(); }
HourlyRate rate(std::string_view text) { return parse_hourly_rate(text).value(); }

api::Condition condition(std::string type, Reason reason, std::string message) {
  return {.type = std::move(type),
          .status = api::ConditionStatus::True,
          .reason = reason,
          .message = std::move(message),
          .observed_generation = 1,
          .last_transition = now};
}

api::LedgerStatus ledger() {
  return {.counted_to = now,
          .rate = rate("98.31"),
          .unpriced_nodes = 1,
          .dimensions = {"namespace"},
          .periods = {{.kind = BudgetPeriod::Day,
                       .begin = now - std::chrono::hours(10),
                       .end = now + std::chrono::hours(14),
                       .bill = {amount("500"), 0},
                       .idle = {amount("100"), 0},
                       .tenants = {{"namespace", "lab", {amount("150"), 0}},
                                   {"namespace", "", {amount("50"), 0}},
                                   {"namespace", "shop", {amount("200"), 0}}}}}};
}

PoolView pool() {
  return {.name = "h100",
          .resource = "nvidia.com/gpu",
          .product = "H100-SXM",
          .per_node = 8,
          .status = {
              .conditions = {condition("Ready", Reason::Valid, "fine"),
                             condition("Capacity", Reason::CapacityLimited, "spot gives no node")},
              .groups = {{.name = "reserved",
                          .capacity_type = CapacityType::Reserved,
                          .desired = 1,
                          .observed = 1,
                          .ready = 1,
                          .busy = 1,
                          .price = rate("34.6"),
                          .hourly = rate("34.6"),
                          .fill = {{6, 1}}},
                         {.name = "spot",
                          .capacity_type = CapacityType::Spot,
                          .desired = 3,
                          .observed = 3,
                          .ready = 1,
                          .busy = 1,
                          .starting = 1,
                          .draining = 1,
                          .hourly = rate("63.71"),
                          .fill = {{0, 1}, {8, 1}}}},
              .nodes = {.total = 4, .ready = 3, .busy = 2, .starting = 1, .draining = 1},
              .accelerators = {.capacity = 24, .allocated = 14, .pending = 8},
              .hourly = rate("98.31"),
              .committed = rate("34.6"),
              .ledger = ledger(),
              .drains = {{.node = "gpu-3",
                          .group = "spot",
                          .since = now - Seconds(240),
                          .message = "PodDisruptionBudget shop/web allows no disruption"}}}};
}

BudgetView budget() {
  return {.name = "shop",
          .on_limit = "Shed",
          .status = {.conditions = {condition("BudgetExceeded", Reason::BudgetExceeded,
                                              "limit daily: 500.00 of 500.00")},
                     .rate = rate("98.31"),
                     .committed = rate("34.6"),
                     .nodes = 4,
                     .unpriced_nodes = 1,
                     .ledger = ledger(),
                     .limits = {{.name = "rate",
                                 .amount = amount("200"),
                                 .accrued = amount("98.31"),
                                 .used_basis_points = 4916,
                                 .headroom = amount("101.69")},
                                {.name = "daily",
                                 .mode = LimitMode::Accrued,
                                 .period = BudgetPeriod::Day,
                                 .amount = amount("500"),
                                 .period_end = now + std::chrono::hours(14),
                                 .pace = rate("0"),
                                 .accrued = amount("500"),
                                 .used_basis_points = 10'000,
                                 .projected_worst = amount("1876.34"),
                                 .projected_typical = amount("900"),
                                 .exhausted_at = now + Seconds(90),
                                 .resumes_at = now + Seconds(600),
                                 .act = "Freeze",
                                 .guard = {.fired = {50, 80, 100}, .frozen_since = now}}}}};
}

FleetView fleet() {
  return {.time = now,
          .pools = {pool()},
          .budgets = {budget()},
          .policies = {{.policy = "shop/small",
                        .pool = "h100",
                        .per_replica = 1,
                        .current = 6,
                        .desired = 6,
                        .hourly = rate("25.95"),
                        .reason = "AtTarget"},
                       {.policy = "shop/llama",
                        .pool = "h100",
                        .per_replica = 8,
                        .current = 1,
                        .desired = 2,
                        .effective_max = 3,
                        .hourly = rate("55.04"),
                        .reason = "CappedByBudget"}}};
}

TEST(FleetView, DrawsNodesAsSlots) {
  const auto text = text_of(fleet(), {});
  EXPECT_THAT(text, HasSubstr("h100  nvidia.com/gpu x 8 a node (H100-SXM)  98.31 USD/h (34.60 paid "
                              "anyway), today 500.00 (100.00 idle)\n"));
  EXPECT_THAT(text, HasSubstr("14 of 24 accelerators in use, 8 waited for; 3 of 4 nodes ready, 1 "
                              "starting, 1 leaving\n"));
  EXPECT_THAT(text, HasSubstr("reserved  Reserved       1      1      1     1    34.60     34.60  "
                              "[######..]\n"));
  EXPECT_THAT(text, HasSubstr("unknown     63.71  [########] [........] [~~~~~~~~] +1\n"));
}

TEST(FleetView, LeavesOutWhatDoesNotFitAndSaysHowMuch) {
  auto many = fleet();
  many.pools[0].status.groups[0].fill = {{8, 1000}};
  EXPECT_THAT(text_of(many, {.width = 200}), HasSubstr("[########] +988\n"));
  for (const auto width : {std::size_t{10}, std::size_t{80}, std::size_t{120}})
    EXPECT_THAT(text_of(many, {.width = width}), HasSubstr("[########] +99")) << width;
}

TEST(FleetView, TellsManyAcceleratorsOfANodeAsNumbers) {
  auto shared = fleet();
  shared.pools[0].per_node = 80;
  EXPECT_THAT(text_of(shared, {}), HasSubstr("[6/80]\n"));
}

TEST(FleetView, TellsWhatIsNotAsItShouldBe) {
  const auto text = text_of(fleet(), {});
  EXPECT_THAT(text, HasSubstr("  CapacityLimited: spot gives no node\n"));
  EXPECT_THAT(text, HasSubstr("  gpu-3 (spot) is being emptied for 4m: PodDisruptionBudget "
                              "shop/web allows no disruption\n"));
  EXPECT_THAT(text, Not(HasSubstr("Valid")));
}

TEST(FleetView, PutsTheDearestPolicyFirst) {
  const auto text = text_of(fleet(), {});
  EXPECT_LT(text.find("shop/llama"), text.find("shop/small"));
  EXPECT_THAT(text,
              HasSubstr("shop/llama  h100    1 -> 2        3     8     55.04  CappedByBudget\n"));
}

TEST(FleetView, ShowsWhatIsLeftOfEachLimit) {
  const auto text = text_of(fleet(), {});
  EXPECT_THAT(text, HasSubstr("shop    rate    98.31  200.00  per hour  #########........... 49.1 %"
                              "   101.69"));
  EXPECT_THAT(text, HasSubstr("today     #################### 100.0 %    0.00  1876.34 (375.2 %)  "
                              "Freeze\n"));
}

TEST(FleetView, HasColoursOnlyWhereTheyAreAskedFor) {
  EXPECT_THAT(text_of(fleet(), {}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(text_of(fleet(), {.width = 200, .colour = true}),
              HasSubstr("\x1b[32m[########]\x1b[0m"));
}

TEST(FleetView, SaysWhatToDoWhereThereIsNothing) {
  EXPECT_THAT(text_of(FleetView{.time = now}, {}), HasSubstr("No AcceleratorPool is declared"));
}

TEST(FleetView, IsReadFromObjects) {
  FleetView fleet{.time = now};
  fleet.add_pool({{"metadata", {{"name", "h100"}}},
                  {"spec", {{"accelerator", {{"resource", "nvidia.com/gpu"}, {"perNode", 8}}}}},
                  {"status", json::parse(api::render_pool_status(pool().status))}});
  fleet.add_budget({{"metadata", {{"name", "shop"}}},
                    {"spec", {{"onLimit", "Shed"}}},
                    {"status", json::parse(api::render_budget_status(budget().status))}});
  fleet.add_policy({{"metadata", {{"name", "cpu"}, {"namespace", "shop"}}}, {"spec", {}}});
  fleet.add_policy(
      {{"metadata", {{"name", "llama"}, {"namespace", "shop"}}},
       {"spec", {{"poolRef", {{"name", "h100"}}}, {"acceleratorsPerReplica", 8}}},
       {"status",
        {{"currentReplicas", 1},
         {"desiredReplicas", 2},
         {"effectiveMaxReplicas", 3},
         {"cost", {{"hourly", "5.5"}}}}}});
  fleet.add_policy("no object");
  ASSERT_EQ(fleet.pools.size(), 1U);
  EXPECT_EQ(fleet.pools[0].per_node, 8);
  EXPECT_EQ(fleet.pools[0].status.groups, pool().status.groups);
  EXPECT_EQ(fleet.budgets[0].status.limits, budget().status.limits);
  ASSERT_EQ(fleet.policies.size(), 1U);
  EXPECT_EQ(fleet.policies[0].policy, "shop/llama");
  EXPECT_EQ(fleet.policies[0].per_replica, 8);
  EXPECT_EQ(fleet.policies[0].hourly, rate("5.5"));
  EXPECT_EQ(fleet.policies[0].effective_max, 3);
}

TEST(FleetView, HasTheSameAsJson) {
  const auto told = json::parse(json_of(fleet()));
  EXPECT_EQ(told["time"], "2026-11-27T10:00:00Z");
  EXPECT_EQ(told["pools"][0]["status"]["cost"]["hourly"], "98.31");
  EXPECT_EQ(told["policies"][1]["policy"], "shop/llama");
  EXPECT_EQ(told["policies"][1]["effectiveMaxReplicas"], 3);
  EXPECT_TRUE(told["policies"][0]["effectiveMaxReplicas"].is_null());
  EXPECT_EQ(told["policies"][1]["hourly"], "55.04");
  EXPECT_EQ(told["budgets"][0]["status"]["limits"][1]["accrued"], "500");
}

TEST(BudgetView, TellsEachLimitInFull) {
  const auto text = text_of(budget(), now, {});
  EXPECT_THAT(text, HasSubstr("shop  98.31 USD/h now and 34.60 that is paid anyway, counted to "
                              "2026-11-27T10:00:00Z; at a limit: Shed\n"));
  EXPECT_THAT(text, HasSubstr("1 of 4 nodes have no known price and are not in this\n"));
  EXPECT_THAT(text, HasSubstr("0.00 an hour until then would be all of it\n"));
  EXPECT_THAT(text, HasSubstr("BudgetExceeded: limit daily: 500.00 of 500.00\n"));
  EXPECT_THAT(text, HasSubstr("500.00 of 500.00 today, 0.00 left\n"));
  EXPECT_THAT(text, HasSubstr("the period ends 2026-11-28T00:00:00Z, in 14h 0m\n"));
  EXPECT_THAT(text, HasSubstr("at its end, at this rate: 1876.34 (375.2 %)\n"));
  EXPECT_THAT(text, HasSubstr("at its end, as such hours usually cost: 900.00 (180.0 %)\n"));
  EXPECT_THAT(text, HasSubstr("spent at this rate 2026-11-27T10:01:30Z, in 90s\n"));
  EXPECT_THAT(text, HasSubstr("Freeze since 2026-11-27T10:00:00Z; may resume 2026-11-27T10:10:00Z "
                              "at the earliest\n"));
  EXPECT_THAT(text, HasSubstr("told of 50, 80, 100 %\n"));
}

TEST(BudgetView, TellsWhoHasSpentWhat) {
  const auto text = text_of(budget(), now, {});
  EXPECT_THAT(text, HasSubstr("Today: 500.00\n"));
  EXPECT_LT(text.find("shop        200.00  40.0 %"), text.find("lab         150.00  30.0 %"));
  EXPECT_THAT(text, HasSubstr("(untagged)   50.00  10.0 %\n"));
  EXPECT_THAT(text, HasSubstr("(idle)      100.00  20.0 %\n"));
}

TEST(BudgetView, OfABudgetThatCannotBeCountedSaysWhy) {
  auto ready = condition("Ready", Reason::BudgetInvalid, "spec.limits[0].amount is -1; raise it");
  ready.status = api::ConditionStatus::False;
  const BudgetView wrong{
      .name = "wrong", .on_limit = "Freeze", .status = {.conditions = {ready}}};
  const auto one = text_of(wrong, now, {});
  EXPECT_THAT(one, HasSubstr("wrong  nothing is counted\n"));
  EXPECT_THAT(one, HasSubstr("BudgetInvalid: spec.limits[0].amount is -1; raise it"));
  const BudgetView fresh{.name = "new", .on_limit = "Freeze"};
  const auto all = text_of(FleetView{.time = now, .budgets = {wrong, fresh}}, {});
  EXPECT_THAT(all, ContainsRegex("wrong +- .* BudgetInvalid\n"));
  EXPECT_THAT(all, ContainsRegex("new +- .* not counted yet\n"));
  EXPECT_THAT(all, HasSubstr("  wrong BudgetInvalid: spec.limits[0].amount is -1; raise it\n"));
}

TEST(BudgetView, SaysThatNothingIsCountedYet) {
  EXPECT_THAT(text_of(BudgetView{.name = "new", .on_limit = "Freeze"}, now, {}),
              HasSubstr("new  nothing is counted in its status yet: is the operator running?\n"));
}

}  // namespace
}  // namespace poolscaler::explain
