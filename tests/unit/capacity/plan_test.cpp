#include "poolscaler/capacity/plan.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "theatre.hpp"

namespace poolscaler::capacity {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Plan, PodsAndNodesAreAskedForTogether) {
  Theatre world;
  world.fleet.add_pool("a", {{}});
  world.asking[world.add_policy("shop/web", 8)].wanted = 2;
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 2);
  EXPECT_EQ(plan.pools[0].groups[0].wanted, 2);
}

TEST(Plan, WhatHasBeenAskedForIsNotAskedForAgain) {
  Theatre world;
  world.fleet.add_pool("a", {{}});
  world.asking[world.add_policy("shop/web", 8)].wanted = 2;
  (void)world.round();
  EXPECT_THAT(world.told, ElementsAre("od to 2"));
  for (int i = 0; i < 30; ++i) (void)world.round();
  EXPECT_THAT(world.told, ElementsAre("od to 2"));
}

TEST(Plan, TheCapGrantsOneOfTwoNodesAndSaysSo) {
  Theatre world;
  world.fleet.add_pool("a", {{.price = "32.77"}});
  world.asking[world.add_policy("shop/web", 8)] = {
      .draw = {.policy = "shop/web", .accelerators = 8, .replicas = 2}, .wanted = 4};
  world.fleet.add_node(0, 0);
  world.fleet.add_node(0, 0);
  world.schedule();
  world.limits = {most("100")};
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 3);
  EXPECT_EQ(plan.grants[0].refusal, money::Refusal::Budget);
  EXPECT_EQ(plan.grants[0].limit, 0U);
  EXPECT_EQ(plan.grants[0].words,
            "2 more asked for at 32.77 an hour each, 1 granted: budget b: 65.54 of 100.00 an hour; "
            "may resume when the rate has fallen");
  EXPECT_EQ(plan.pools[0].groups[0].wanted, 3);
}

/// 100 $/h, nodes at 32.77. Wanting nothing, it might have three; with maxReplicas 2, two.
TEST(Plan, TellsHowManyAPolicyMightHave) {
  Theatre world;
  world.fleet.add_pool("a", {{.price = "32.77"}});
  world.asking[world.add_policy("shop/web", 8)] = {
      .draw = {.policy = "shop/web", .accelerators = 8, .replicas = 2}, .wanted = 2, .reach = 10};
  world.fleet.add_node(0, 0);
  world.fleet.add_node(0, 0);
  world.schedule();
  world.limits = {most("100")};
  EXPECT_EQ(world.planned().grants[0].reachable, 3);
  EXPECT_EQ(world.planned().grants[0].most, 2);
  world.limits = {most("65.53")};
  EXPECT_EQ(world.planned().grants[0].reachable, 2) << "a cap takes nothing";
  world.limits = {};
  EXPECT_EQ(world.planned().grants[0].reachable, 10);
  world.asking[0].acts = false;
  world.limits = {most("100")};
  EXPECT_EQ(world.planned().grants[0].reachable, 3) << "mode Recommend is told alike";
  world.asking[0].reach = 2;
  EXPECT_EQ(world.planned().grants[0].reachable, 2);
}

TEST(Plan, AReplicaOfFourDoesNotFitTwoAndTwo) {
  Theatre world;
  world.fleet.add_pool("a", {{.max_nodes = 2}});
  world.fleet.add_node(0, 0);
  world.fleet.add_node(0, 0);
  world.fleet.add_pod(0, 6);
  world.fleet.add_pod(1, 6);
  world.asking[world.add_policy("shop/web", 4)].wanted = 1;
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 0);
  EXPECT_EQ(plan.grants[0].words,
            "1 more asked for at 5.00 an hour each, 0 granted: pool a has no room for 4 "
            "nvidia.com/gpu more (od: it has 2 of at most 2 nodes)");
}

TEST(Plan, AReplicaThatSpansNodesComesWithAllOfThem) {
  Theatre world;
  world.fleet.add_pool("a", {{.max_nodes = 3}});
  world.fleet.add_node(0, 0);
  world.asking[world.add_policy("lab/train", 16)].wanted = 2;
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 1);
  EXPECT_EQ(plan.pools[0].groups[0].wanted, 2);
}

TEST(Plan, ReplicasThatWereAskedForAndHaveNoPlaceComeFirst) {
  Theatre world;
  world.fleet.add_pool("a", {{.max_nodes = 2}});
  world.add_policy("shop/web", 8);
  world.asking[0].draw.replicas = 1;  // by hand: there is no node for it
  world.asking[0].wanted = 3;
  const auto plan = world.planned();
  EXPECT_EQ(plan.pools[0].groups[0].wanted, 2);
  EXPECT_EQ(plan.grants[0].most, 2);
  EXPECT_EQ(plan.grants[0].without_node, 0);
}

TEST(Plan, WhatIsLostWithItsNodeIsReplacedAtOnce) {
  Theatre world;
  world.fleet.add_pool("a", {{.name = "spot", .type = CapacityType::Spot}, {}});
  world.add_policy("shop/web", 8);
  world.asking[0].draw.replicas = world.asking[0].wanted = 1;
  world.fleet.add_node(0, 0);
  world.schedule();
  world.fleet.node(0).interruption = "spot interruption";
  const auto plan = world.planned();
  EXPECT_EQ(plan.pools[0].groups[1].wanted, 1) << "on demand, as spot was just interrupted";
}

TEST(Plan, WarmNodesAreKeptReadyAfterEverybodyElse) {
  Theatre world;
  auto& pool = world.fleet.add_pool("a", {{.max_nodes = 3}});
  pool.warm.nodes = 2;
  world.add_policy("shop/web", 8);
  world.asking[0].wanted = 2;
  const auto plan = world.planned();
  EXPECT_EQ(plan.pools[0].groups[0].wanted, 3);
  EXPECT_EQ(plan.pools[0].warm, 1);
  EXPECT_THAT(plan.pools[0].findings[0].words, HasSubstr("warm nodes: 2 more asked for"));
}

TEST(Plan, MinNodesAreBroughtUpAsFarAsTheyCanBePaid) {
  Theatre world;
  world.fleet.add_pool("a", {{.min_nodes = 3}});
  world.limits = {most("25")};
  const auto plan = world.planned();
  EXPECT_EQ(plan.pools[0].groups[0].wanted, 2);
  EXPECT_THAT(plan.pools[0].findings[0].words, HasSubstr("minNodes 3 of node group od"));
}

TEST(Plan, NothingGrowsOnAPriceThatNobodyKnows) {
  Theatre world;
  world.fleet.add_pool("a", {{.price = ""}});
  world.asking[world.add_policy("shop/web", 1)].wanted = 1;
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 0);
  EXPECT_EQ(plan.grants[0].refusal, money::Refusal::Unpriced);
  EXPECT_FALSE(plan.pools[0].groups[0].wanted);
  EXPECT_THAT(plan.grants[0].words, HasSubstr("whose price is not known"));
}

TEST(Plan, WhoDoesNotActIsDecidedAlikeAndTakesNothing) {
  Theatre world;
  world.fleet.add_pool("a", {{.max_nodes = 1}});
  world.add_policy("shop/web", 8);
  world.add_policy("shop/trial", 8);
  world.asking[0].wanted = world.asking[1].wanted = 1;
  world.asking[1].acts = false;
  world.asking[1].draw.priority = 10;
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 1);
  EXPECT_EQ(plan.grants[1].most, 1);
  EXPECT_EQ(plan.pools[0].groups[0].wanted, 1);
  world.asking[0].acts = false;
  EXPECT_FALSE(world.planned().pools[0].groups[0].wanted);
}

TEST(Plan, ADecisionAddsNoMoreThanThePolicyAllows) {
  Theatre world;
  world.fleet.add_pool("a", {{}});
  world.add_policy("shop/web", 4);
  world.asking[0].wanted = 9;
  world.asking[0].max_added_hourly = rate("11");
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 2);
  EXPECT_THAT(plan.grants[0].words, HasSubstr("budget shop/web (cost.maxAddedHourly)"));
}

TEST(Plan, WhatDidNotComeIsNotWaitedForAndAnotherGroupIsAsked) {
  Theatre world;
  world.fleet.add_pool("a", {{.name = "spot", .type = CapacityType::Spot, .price = "3"}, {}});
  world.asking[world.add_policy("shop/web", 8)].wanted = 1;
  (void)world.round();
  (void)world.round();
  EXPECT_THAT(world.told, ElementsAre("spot to 1"));
  world.now += minutes(15);
  (void)world.round();
  EXPECT_THAT(world.told, ElementsAre("spot to 1", "spot to 0", "od to 1"));
}

TEST(Plan, FromZeroAndBackToZero) {
  Theatre world;
  world.fleet.add_pool("a", {{}});
  world.asking[world.add_policy("shop/web", 4)].wanted = 5;
  world.run_for(minutes(2));
  EXPECT_EQ(world.nodes(), 3);
  EXPECT_EQ(world.asking[0].draw.replicas, 5);
  for (const auto& pod : world.fleet.cluster.pods) EXPECT_TRUE(pod.node);
  world.asking[0].wanted = world.asking[0].draw.replicas = 0;
  world.run_for(minutes(20));
  EXPECT_EQ(world.nodes(), 0);
  EXPECT_THAT(world.removed_busy, IsEmpty());
}

/// Some pool with some policies that want something.
Theatre arbitrary_world(std::int64_t price) {
  Theatre world;
  auto& pool = world.fleet.add_pool(
      "a", {{.max_nodes = *rc::gen::inRange(0, 6)},
            {.name = "spot", .type = CapacityType::Spot, .max_nodes = *rc::gen::inRange(0, 6)},
            {.name = "ri", .type = CapacityType::Reserved, .max_nodes = *rc::gen::inRange(0, 3)}});
  for (auto& group : pool.node_groups) group.price = HourlyRate::of(price);
  if (*rc::gen::element(true, false)) pool.limits.max_nodes = *rc::gen::inRange(0, 8);
  pool.warm.nodes = *rc::gen::inRange(0, 2);
  const auto policies = *rc::gen::inRange(1, 5);
  for (int i = 0; i < policies; ++i) {
    const auto at =
        world.add_policy("p" + std::to_string(i), *rc::gen::inRange<std::int64_t>(1, 18));
    world.asking[at].wanted = *rc::gen::inRange<std::int64_t>(0, 9);
    world.asking[at].draw.priority = *rc::gen::inRange(0, 3);
    world.asking[at].weight = *rc::gen::inRange<std::int64_t>(1, 4);
    world.asking[at].avoids_spot = *rc::gen::inRange(0, 3) == 0;
    world.asking[at].acts = *rc::gen::inRange(0, 4) != 0;
  }
  const auto nodes = *rc::gen::inRange(0, 4);
  for (int i = 0; i < nodes; ++i) world.fleet.add_node(0, *rc::gen::inRange<std::size_t>(0, 3));
  return world;
}

RC_GTEST_PROP(PlanLaws, NothingIsEverAboveABoundOrACap, ()) {
  auto world = arbitrary_world(*rc::gen::inRange<std::int64_t>(1, 20) * Amount::per_whole);
  const auto cap = HourlyRate::of(*rc::gen::inRange<std::int64_t>(1, 120) * Amount::per_whole);
  world.limits = {{.budget = "b", .cap = money::RateCap{cap}}};
  const auto before = world.nodes();
  const auto bill = [&] {
    HourlyRate sum;
    const auto seen = world.fleet.survey(world.now);
    for (const auto& group : seen.pools[0].groups) sum += group.rate;
    return sum;
  };
  const auto most = std::max(cap, bill());
  for (int i = 0; i < 20; ++i) {
    for (auto& one : world.asking) {
      one.wanted = *rc::gen::inRange<std::int64_t>(0, 9);
      one.draw.replicas = std::min(one.draw.replicas, one.wanted);
    }
    world.run_for(seconds(*rc::gen::inRange(1, 30)));
    RC_ASSERT(bill() <= most);
    const auto& pool = *world.fleet.pools[0];
    for (std::size_t g = 0; g < 3; ++g)
      RC_ASSERT(*world.fleet.facts(0, g).desired <=
                std::max<std::int64_t>(pool.node_groups[g].max_nodes, before));
    if (pool.limits.max_nodes)
      RC_ASSERT(world.nodes() <= std::max<std::int64_t>(*pool.limits.max_nodes, before));
  }
}

/// Of replicas of one size: with several the scheduler may fragment what was whole.
RC_GTEST_PROP(PlanLaws, WhoIsGrantedFitsOnWhatIsThereAndAskedFor, ()) {
  auto world = arbitrary_world(Amount::per_whole);
  std::erase_if(world.asking, [](const Asking& one) { return !one.acts; });
  const auto size = *rc::gen::inRange<std::int64_t>(1, 9);
  for (auto& one : world.asking) one.draw.accelerators = size;
  world.run_for(minutes(2));
  std::int64_t room = 0;
  std::int64_t used = 0;
  const auto seen = world.fleet.survey(world.now);
  for (const auto& node : seen.pools[0].nodes) room += node.capacity;
  for (const auto& one : world.asking) used += one.draw.replicas * one.draw.accelerators;
  RC_ASSERT(used <= room);
}

RC_GTEST_PROP(PlanLaws, CheaperNodesNeverGrantFewerReplicasOfOnePolicy, ()) {
  const auto price = *rc::gen::inRange<std::int64_t>(2, 20) * Amount::per_whole;
  auto world = arbitrary_world(price);
  world.asking.resize(1);
  world.asking[0].acts = true;
  world.fleet.pools[0]->warm.nodes = 0;
  world.limits = {most("60")};
  const auto dear = world.planned().grants[0].most;
  world.memory.clear();
  const auto cheaper = HourlyRate::of(*rc::gen::inRange<std::int64_t>(1, price));
  for (auto& group : world.fleet.pools[0]->node_groups) group.price = cheaper;
  RC_ASSERT(world.planned().grants[0].most >= dear);
}

RC_GTEST_PROP(PlanLaws, TheOrderOfPoliciesAndNodesMakesNoDifference, ()) {
  auto world = arbitrary_world(*rc::gen::inRange<std::int64_t>(1, 9) * Amount::per_whole);
  world.limits = {most("40")};
  const auto first = world.planned();
  world.memory.clear();
  std::ranges::reverse(world.asking);
  const auto second = world.planned();
  for (std::size_t i = 0; i < world.asking.size(); ++i)
    RC_ASSERT(first.grants[i].most == second.grants[world.asking.size() - 1 - i].most);
  for (std::size_t g = 0; g < 3; ++g)
    RC_ASSERT(first.pools[0].groups[g].wanted == second.pools[0].groups[g].wanted);
}

}  // namespace
}  // namespace poolscaler::capacity
