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
  accrued(9);
  EXPECT_FALSE(world.planned().pools[0].groups[0].wanted) << "a quarter of an hour is waited";
  accrued(10);
  EXPECT_EQ(world.planned().pools[0].groups[0].wanted, 1);
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
