// Nodes that are on order and that a limit does not admit: somebody else asked for them, a price
// has risen, a limit was lowered.
#include <algorithm>

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "theatre.hpp"

namespace poolscaler::capacity {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

/// One replica on a node of 10 an hour, four are wanted, 15 an hour are allowed.
class ExcessOrders : public testing::Test {
 protected:
  ExcessOrders() {
    world.fleet.add_pool("a", {{}});
    world.fleet.add_node(0, 0);
    world.add_policy("shop/web", 8);
    world.asking[0].draw.replicas = 1;
    world.asking[0].wanted = 4;
    world.limits = {most(15)};
    world.schedule();
    (void)world.round();
    EXPECT_EQ(desired(), 1);
    EXPECT_EQ(world.asking[0].draw.replicas, 1);
  }
  std::int64_t desired() { return *world.fleet.facts(0, 0).desired; }
  void somebody_asks_for(std::int64_t nodes) { world.fleet.facts(0, 0).desired = nodes; }
  Theatre world;
};

TEST_F(ExcessOrders, OfSomebodyElseAreTakenBackAtOnceAndNotUsed) {
  somebody_asks_for(4);
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 1);
  EXPECT_EQ(plan.grants[0].refusal, money::Refusal::Budget);
  EXPECT_EQ(plan.pools[0].groups[0].wanted, 1);
  EXPECT_EQ(plan.pools[0].groups[0].words,
            "3 of those that have not come would be too much for budget b: 40.00 of 15.00 an hour");
}

TEST_F(ExcessOrders, AreThoseBeyondTheLimitAlone) {
  world.limits = {most(25)};
  somebody_asks_for(4);
  (void)world.round();
  EXPECT_EQ(desired(), 2);
  (void)world.round();
  EXPECT_EQ(world.asking[0].draw.replicas, 2) << "there is room on the one that may come";
  EXPECT_EQ(desired(), 2);
}

TEST_F(ExcessOrders, AreThoseOfALimitThatWasLowered) {
  world.limits = {most(40)};
  (void)world.round();
  EXPECT_EQ(desired(), 4);
  world.limits = {most(20)};
  (void)world.round();
  EXPECT_EQ(desired(), 2);
  EXPECT_EQ(world.asking[0].draw.replicas, 4) << "nobody is asked for fewer";
}

TEST_F(ExcessOrders, AreTheDearestFirst) {
  Theatre two;
  two.fleet.add_pool("a", {{.name = "cheap", .price = "10"}, {.name = "dear", .price = "30"}});
  two.limits = {most(40)};
  two.fleet.facts(0, 0).desired = 2;
  two.fleet.facts(0, 1).desired = 2;
  const auto plan = two.planned();
  EXPECT_EQ(plan.pools[0].groups[1].wanted, 0);
  EXPECT_FALSE(plan.pools[0].groups[0].wanted);
}

TEST_F(ExcessOrders, GoInWholeSteps) {
  Theatre zonal;
  zonal.fleet.add_pool("a", {{}});
  zonal.fleet.facts(0, 0).step = 3;
  zonal.fleet.facts(0, 0).desired = 6;
  zonal.limits = {most(40)};
  EXPECT_EQ(zonal.planned().pools[0].groups[0].wanted, 3);
}

TEST_F(ExcessOrders, GoDownToTheLeastThatTheGroupAllows) {
  world.fleet.facts(0, 0).least = 2;
  somebody_asks_for(4);
  const auto plan = world.planned();
  EXPECT_EQ(plan.pools[0].groups[0].wanted, 2);
  EXPECT_EQ(plan.grants[0].most, 1);
}

TEST_F(ExcessOrders, AreSaidWhereTheyCannotBeTakenBack) {
  world.fleet.facts(0, 0).removal = Removal::AllEmpty;  // might take the node that is there
  somebody_asks_for(4);
  const auto plan = world.planned();
  EXPECT_FALSE(plan.pools[0].groups[0].wanted);
  EXPECT_EQ(plan.grants[0].most, 1);
  ASSERT_EQ(plan.pools[0].findings.size(), 1U);
  EXPECT_THAT(plan.pools[0].findings[0].words,
              HasSubstr("nodes on order of node group od: 3 of those"));
  EXPECT_THAT(plan.pools[0].findings[0].remedy, HasSubstr("ask its object for fewer"));
}

TEST_F(ExcessOrders, AreSaidInModeRecommend) {
  world.fleet.pools[0]->mode = PoolMode::Recommend;
  somebody_asks_for(4);
  const auto plan = world.planned();
  EXPECT_FALSE(plan.pools[0].groups[0].wanted);
  EXPECT_EQ(plan.grants[0].most, 1);
}

TEST_F(ExcessOrders, AreNoneOfNodesThatArePaidAnyway) {
  world.fleet.pools[0]->node_groups[0].capacity_type = CapacityType::Reserved;
  somebody_asks_for(4);
  EXPECT_FALSE(world.planned().pools[0].groups[0].wanted);
}

TEST_F(ExcessOrders, AreNoneWithoutAPrice) {
  world.fleet.pools[0]->node_groups[0].price.reset();
  somebody_asks_for(4);
  EXPECT_FALSE(world.planned().pools[0].groups[0].wanted) << "missing data takes nothing";
}

TEST_F(ExcessOrders, AreNoneThatAnAmountAdmittedAndThatAreOnlyWaitedFor) {
  // 10 an hour run, 4 were spent since a second node was admitted until the end of its hold.
  const auto accrued = [this](std::int64_t spent) {
    world.limits = {{.budget = "b",
                     .cap = money::AccruedCap{.kind = money::PeriodKind::Day,
                                              .period = {world.now - std::chrono::hours(6),
                                                         world.now + std::chrono::hours(18)},
                                              .most = Amount::of(24 * Amount::per_whole),
                                              .accrued = Amount::of(spent * Amount::per_whole)},
                     .hold = std::chrono::hours(1)}};
  };
  somebody_asks_for(2);
  accrued(4);
  EXPECT_FALSE(world.planned().pools[0].groups[0].wanted);
  world.now += boot_max - seconds(1);
  accrued(9);
  EXPECT_FALSE(world.planned().pools[0].groups[0].wanted) << "a quarter of an hour is waited";
  accrued(10);
  EXPECT_EQ(world.planned().pools[0].groups[0].wanted, 1);
}

/// An hour of 12 admits one node of 30 an hour, which is kept for 23 minutes.
class ExcessOrdersOfAnAmount : public testing::Test {
 protected:
  ExcessOrdersOfAnAmount() {
    world.fleet.add_pool("a", {{.price = "30"}}).scale_down = {.idle_after_seconds = 20,
                                                               .drain_timeout_seconds = 60};
    world.add_policy("shop/web", 8);
    world.asking[0].wanted = 5;
    limit(world.now);
  }
  void limit(Instant begin) {
    world.limits = {{.budget = "b",
                     .cap = money::AccruedCap{.kind = money::PeriodKind::Hour,
                                              .period = {begin, begin + std::chrono::hours(1)},
                                              .most = Amount::of(12 * Amount::per_whole),
                                              .accrued = Amount()},
                     .hold = std::chrono::minutes(23)}};
  }
  std::int64_t desired() { return *world.fleet.facts(0, 0).desired; }
  Theatre world;
};

TEST_F(ExcessOrdersOfAnAmount, AreThoseThatItWouldNotAdmit) {
  world.brings = false;
  (void)world.round();
  EXPECT_EQ(desired(), 1);
  EXPECT_EQ(world.asking[0].draw.replicas, 1);
  world.fleet.facts(0, 0).desired = 5;
  (void)world.round();
  EXPECT_EQ(desired(), 1);
  EXPECT_EQ(world.asking[0].draw.replicas, 1) << "none is granted room on the others";
}

TEST_F(ExcessOrdersOfAnAmount, AreSoWhereNobodyHasAskedForOneBefore) {
  world.asking[0].wanted = 0;
  (void)world.round();
  world.fleet.facts(0, 0).desired = 5;
  world.asking[0].wanted = 5;
  (void)world.round();
  EXPECT_EQ(desired(), 1);
  EXPECT_EQ(world.asking[0].draw.replicas, 1);
}

TEST_F(ExcessOrdersOfAnAmount, AreNoneOfThoseThatWereThereBeforeAnOperatorStarts) {
  world.fleet.facts(0, 0).desired = 3;  // nobody knows since when
  (void)world.round();
  EXPECT_EQ(desired(), 3);
}

/// What somebody else asks for and an amount would not admit is given up, at one look.
RC_GTEST_PROP(ExcessLaws, NoMoreIsKeptOnOrderThanAnAmountAdmits, ()) {
  Theatre world;
  const auto price = *rc::gen::inRange<std::int64_t>(1, 60);
  world.fleet.add_pool("a", {{.price = std::to_string(price), .max_nodes = 50}}).scale_down = {
      .idle_after_seconds = *rc::gen::inRange(10, 3600),
      .drain_timeout_seconds = *rc::gen::inRange(10, 1800)};
  world.brings = false;
  const auto begun = std::chrono::minutes(*rc::gen::inRange(0, 60));
  const auto size = *rc::gen::inRange<std::int64_t>(1, 9);
  world.add_policy("p", size);
  money::Limit limit{
      .budget = "b",
      .cap = money::AccruedCap{
          .kind = money::PeriodKind::Hour,
          .period = {world.now - begun, world.now - begun + std::chrono::hours(1)},
          .most = Amount::of(*rc::gen::inRange<std::int64_t>(0, 100) * Amount::per_whole),
          .accrued = Amount::of(*rc::gen::inRange<std::int64_t>(0, 20) * Amount::per_whole)},
      .hold = std::chrono::minutes(*rc::gen::inRange(15, 90))};
  limit.frozen = true;  // nothing more is asked for
  world.limits = {limit};
  (void)world.round();
  const auto here = *rc::gen::inRange<std::int64_t>(0, 4);
  for (std::int64_t i = 0; i < here; ++i) world.fleet.add_node(0, 0);
  const auto asked = *rc::gen::inRange<std::int64_t>(1, 20);
  *world.fleet.facts(0, 0).desired += asked;
  world.asking[0].wanted = 40;
  limit.frozen = false;
  limit.rate = HourlyRate::of(here * price * Amount::per_whole);
  const money::PriceBook none({});
  const auto seen = world.fleet.survey(world.now);
  auto memory = world.memory;
  follow(memory[0], seen.pools[0], world.fleet.cluster, world.now);
  const auto hold = supply_of({.pool = world.fleet.inputs[0],
                               .survey = seen.pools[0],
                               .cluster = world.fleet.cluster,
                               .memory = memory[0]},
                              world.now)
                        .stock.hold;
  const auto each = HourlyRate::of(price * Amount::per_whole);
  const auto admitted = money::most_admitted(limit, each, hold, world.now);
  (void)world.round();
  const auto kept = *world.fleet.facts(0, 0).desired - here;
  RC_ASSERT(kept == std::min(asked, admitted));
  RC_ASSERT(world.asking[0].draw.replicas <= (here + kept) * (8 / size));
}

/// Whatever is admitted is waited for, for as long as it takes, while what runs is paid.
RC_GTEST_PROP(ExcessLaws, WhatAnAmountAdmittedStaysWhileItIsWaitedFor, ()) {
  Theatre world;
  std::vector<GroupWords> groups;
  std::vector<std::int64_t> prices;
  for (const auto* name : {"a", "b"}) {
    prices.push_back(*rc::gen::inRange<std::int64_t>(1, 40));
    groups.push_back({.name = name,
                      .price = std::to_string(prices.back()),
                      .max_nodes = *rc::gen::inRange(1, 9)});
  }
  world.fleet.add_pool("a", groups);
  for (const auto* name : {"p0", "p1"}) world.add_policy(name, *rc::gen::inRange(1, 9));
  const auto most = *rc::gen::inRange<std::int64_t>(10, 500) * Amount::per_whole;
  const auto begin = world.now;
  const auto hold = std::chrono::minutes(*rc::gen::inRange(56, 90));
  constexpr int step = 5;
  std::int64_t spent = 0;  // of 3600 for a nano-dollar
  for (int i = 0; i < 400; ++i) {
    if (i % 10 == 0) {
      for (auto& one : world.asking) {
        one.wanted = *rc::gen::inRange<std::int64_t>(0, 9);
        one.draw.replicas = std::min(one.draw.replicas, one.wanted);
      }
      world.brings = *rc::gen::inRange(0, 4) == 0;
    }
    world.limits = {{.budget = "b",
                     .cap = money::AccruedCap{.kind = money::PeriodKind::Day,
                                              .period = {begin, begin + std::chrono::hours(24)},
                                              .most = Amount::of(most),
                                              .accrued = Amount::of((spent + 3599) / 3600)},
                     .hold = hold}};
    world.schedule();
    const auto plan = world.round(seconds(step));
    for (const auto& group : plan.pools[0].groups)
      RC_ASSERT(group.words.find("too much") == std::string::npos);
    const auto seen = world.fleet.survey(world.now);
    for (std::size_t g = 0; g < 2; ++g)
      spent += seen.pools[0].groups[g].present() * prices[g] * Amount::per_whole * step;
    world.groups_act();
  }
}

/// Whatever somebody else asks for between two looks, as long as it has not come by the next.
RC_GTEST_PROP(ExcessLaws, WhoeverAsksForNodesNoneAreAboveACap, ()) {
  Theatre world;
  std::vector<std::int64_t> prices;
  std::vector<GroupWords> groups;
  for (const auto* name : {"a", "b"}) {
    prices.push_back(*rc::gen::element<std::int64_t>(3, 10, 30));
    groups.push_back({.name = name, .price = std::to_string(prices.back()), .max_nodes = 30});
  }
  world.fleet.add_pool("a", groups);
  for (std::size_t g = 0; g < 2; ++g)
    world.fleet.facts(0, g).removal = *rc::gen::element(Removal::Named, Removal::EmptyFirst);
  const auto cap = *rc::gen::inRange<std::int64_t>(0, 150);
  world.limits = {most(cap)};
  const auto size = *rc::gen::inRange<std::int64_t>(1, 9);
  for (const auto* name : {"p0", "p1"}) world.add_policy(name, size);
  for (int i = 0; i < 12; ++i) {
    for (auto& one : world.asking) {
      one.wanted = *rc::gen::inRange<std::int64_t>(0, 9);
      one.draw.replicas = std::min(one.draw.replicas, one.wanted);
    }
    auto& facts = world.fleet.facts(0, *rc::gen::inRange<std::size_t>(0, 2));
    if (*rc::gen::inRange(0, 2) == 0) *facts.desired += *rc::gen::inRange<std::int64_t>(0, 9);
    world.brings = *rc::gen::inRange(0, 3) != 0;
    const auto time = *rc::gen::inRange(1, 90);
    for (int second = 0; second < time; ++second) {
      world.run_for(seconds(1));
      const auto seen = world.fleet.survey(world.now);
      std::int64_t rate = 0;
      for (std::size_t g = 0; g < 2; ++g) rate += seen.pools[0].groups[g].present() * prices[g];
      RC_ASSERT(rate <= cap);
    }
  }
  RC_ASSERT(world.removed_busy.empty());
}

}  // namespace
}  // namespace poolscaler::capacity
