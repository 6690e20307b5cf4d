// Pools in which some nodes are asked for and others come for pods that wait. An autoscaler knows
// nothing of what other groups were asked for, so no pod may wait for that.
#include <algorithm>

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "adversary.hpp"

namespace poolscaler::capacity {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t counted = 0;
constexpr std::size_t brought = 1;

/// A group that is asked for nodes, and one whose nodes come for pods.
Theatre mixed_world(const GroupWords& asked, const GroupWords& follower) {
  Theatre world;
  world.fleet.add_pool("a", {asked, follower});
  auto& facts = world.fleet.facts(0, brought);
  facts.desired.reset();
  facts.follows_pods = true;
  facts.removal = Removal::EmptyFirst;
  return world;
}

/// The counted group is preferred.
Theatre mixed_world() {
  return mixed_world({.name = "base", .price = "10"},
                     {.name = "burst", .type = CapacityType::Spot, .price = "30"});
}

TEST(MixedPools, MakeNoPodForANodeThatIsAskedForBeforeItIsReady) {
  auto world = mixed_world();
  world.asking[world.add_policy("shop/web", 8)].wanted = 2;
  auto plan = world.round();
  EXPECT_EQ(plan.pools[0].groups[counted].wanted, 2);
  EXPECT_EQ(plan.grants[0].most, 0);
  EXPECT_EQ(plan.grants[0].refusal, money::Refusal::Late);
  EXPECT_THAT(plan.grants[0].words, HasSubstr("2 of them once their nodes are ready"));
  auto& node = world.fleet.add_node(0, counted);
  --*world.fleet.facts(0, counted).desired;
  node.ready = false;
  node.created = world.now;
  EXPECT_EQ(world.planned().grants[0].most, 0) << "it starts";
  node.ready = true;
  plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 1);
  EXPECT_FALSE(plan.pools[0].groups[counted].wanted) << "what is on order is waited for";
}

TEST(MixedPools, MakePodsAtOnceForWhatPodsBring) {
  auto world = mixed_world({.name = "base", .price = "30"}, {.name = "burst", .price = "10"});
  world.asking[world.add_policy("shop/web", 8)].wanted = 2;
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 2);
  EXPECT_FALSE(plan.pools[0].groups[counted].wanted);
}

TEST(MixedPools, PayForEachNodeOnce) {
  auto world = mixed_world({.name = "base", .price = "10", .max_nodes = 2},
                           {.name = "burst", .price = "30"});
  world.asking[world.add_policy("shop/web", 8)].wanted = 5;
  world.limits = {most(50)};
  auto plan = world.round();
  EXPECT_EQ(plan.pools[0].groups[counted].wanted, 2);
  EXPECT_EQ(plan.grants[0].most, 1) << "on the node that it will bring";
  EXPECT_EQ(plan.grants[0].refusal, money::Refusal::Budget);
  EXPECT_THAT(plan.grants[0].words, HasSubstr("; 2 of them once their nodes are ready"));
  world.run_for(seconds(10));
  EXPECT_EQ(world.asking[0].draw.replicas, 3);
  EXPECT_EQ(world.nodes(), 3);
}

TEST(MixedPools, CountANodeForEachPodThatWaitsBesideWhatWasAskedFor) {
  auto world = mixed_world();
  world.add_policy("shop/web", 8);
  world.asking[0].draw.replicas = world.asking[0].wanted = 1;  // by hand
  world.fleet.facts(0, counted).desired = 1;
  world.schedule();
  world.add_policy("shop/late", 8);
  world.asking[1].wanted = 1;
  world.limits = {most(49)};
  EXPECT_EQ(world.planned().grants[1].refusal, money::Refusal::Late)
      << "40 are on order; the pod takes either node";
  world.asking[1].wanted = 2;
  EXPECT_EQ(world.planned().grants[1].refusal, money::Refusal::Budget);
}

TEST(MixedPools, CountPodsBeyondTheReplicasToo) {
  auto world = mixed_world();
  world.add_policy("shop/web", 8);
  world.asking[0].draw.replicas = world.asking[0].wanted = 1;
  world.fleet.add_node(0, counted);
  world.schedule();
  world.fleet.add_pod({}, 8, 0).created = world.now;  // of a rollout
  world.add_policy("shop/late", 8);
  world.asking[1].wanted = 1;
  world.limits = {most(49)};
  EXPECT_EQ(world.planned().grants[1].most, 0) << "10 run, 30 are on their way";
  EXPECT_EQ(world.planned().grants[1].refusal, money::Refusal::Budget);
}

TEST(MixedPools, KeepTheMoneyOfANodeThatComesForAPodWhichHasFoundAnotherPlace) {
  auto world = mixed_world({.name = "base", .price = "30"}, {.name = "burst", .price = "10"});
  world.add_policy("shop/web", 8);
  world.asking[0].wanted = 1;
  world.limits = {most(15)};
  (void)world.round();
  world.schedule();
  EXPECT_EQ(world.asking[0].draw.replicas, 1);
  (void)world.round();
  world.asking[0].wanted = world.asking[0].draw.replicas = 0;
  world.schedule();
  (void)world.round();
  world.add_policy("shop/other", 16);
  world.asking[1].wanted = 1;
  EXPECT_EQ(world.planned().grants[1].most, 0) << "one node may come yet";
  world.asking[1].draw.accelerators = 8;
  EXPECT_EQ(world.planned().grants[1].most, 1) << "which has room";
  world.now += boot_max;
  (void)world.planned();
  EXPECT_EQ(world.memory[0].brought.nodes, 1) << "for the one who is granted";
  world.asking[1].wanted = 0;
  world.now += boot_max;
  (void)world.planned();
  EXPECT_EQ(world.memory[0].brought.nodes, 0);
}

TEST(MixedPools, KeepTheMoneyOfARefusedGroupWhosePodsWait) {
  auto world = mixed_world({.name = "base", .price = "30"}, {.name = "burst", .price = "10"});
  world.brings = false;
  world.add_policy("shop/web", 8);
  world.asking[0].wanted = 1;
  world.limits = {most(35)};
  world.run_for(minutes(50), seconds(5));
  EXPECT_EQ(world.asking[0].draw.replicas, 1);
  EXPECT_THAT(world.told, IsEmpty()) << "30 more are not there while its node may come";
  world.limits = {most(40)};
  world.run_for(seconds(2));
  EXPECT_THAT(world.told, ElementsAre("base to 1"));
}

TEST(MixedPools, WaitForANodeThatIsGivenBack) {
  auto world = mixed_world();
  world.asking[world.add_policy("shop/web", 8)].wanted = 1;
  auto& node = world.fleet.add_node(0, counted);
  node.cordoned = node.cordoned_by_us = true;
  node.cordoned_since = world.now;
  EXPECT_EQ(world.planned().grants[0].refusal, money::Refusal::Late);
  world.run_for(seconds(3));
  EXPECT_EQ(world.asking[0].draw.replicas, 1);
  EXPECT_THAT(world.told, ElementsAre("give back base-0"));
}

TEST(MixedPools, KeepAGroupOfWhichAnyNodeMayGoWhileSomebodyNeedsOne) {
  auto world = mixed_world();
  auto& facts = world.fleet.facts(0, counted);
  facts.removal = Removal::AllEmpty;
  world.fleet.pools[0]->node_groups[counted].min_nodes = 1;
  world.fleet.pools[0]->scale_down.idle_after_seconds = 5;
  world.fleet.add_node(0, counted);
  world.fleet.add_node(0, counted);
  world.add_policy("shop/web", 8);
  world.limits = {most(20)};
  for (int i = 0; i < 3; ++i) (void)world.round(seconds(2));
  world.asking[0].wanted = 1;
  const auto plan = world.round();
  EXPECT_EQ(plan.grants[0].most, 1);
  EXPECT_THAT(plan.pools[0].steps, IsEmpty()) << "with both cordoned its pod would bring a third";
}

Delays some_delays() {
  return {.boot = *rc::gen::element<Millis>(seconds(1), seconds(30), minutes(5))};
}

/// Of replicas of one size: with several the scheduler may fragment what was whole.
RC_GTEST_PROP(MixedPoolLaws, NodesAreNeverAboveACap, ()) {
  Mixture mixture;
  auto& world = mixture.world;
  const auto size = *rc::gen::element<std::int64_t>(8, 8, 4, 3);
  for (const auto* name : {"p0", "p1"}) {
    const auto at = world.add_policy(name, size);
    world.asking[at].draw.priority = within(0, 2);
  }
  world.fleet.pools[0]->warm.nodes = within(0, 2);
  world.fleet.pools[0]->node_groups[counted].min_nodes = within(0, 2);
  world.fleet.pools[0]->scale_down.idle_after_seconds = *rc::gen::element(5, 60);
  const auto cap = within<std::int64_t>(0, 120);
  world.limits = {most(cap)};
  Adversary others(world, some_delays());
  for (int i = 0; i < 40; ++i) {
    mixture.want({within<std::int64_t>(0, 9), within<std::int64_t>(0, 9)});
    others.brings = within(0, 3) != 0;
    const auto step = *rc::gen::element<Millis>(seconds(1), seconds(5), seconds(20), minutes(2));
    const auto looks = within(1, 12);
    for (int look = 0; look < looks; ++look) {
      world.schedule();
      others.act();
      RC_ASSERT(others.rate(mixture.prices) <= cap);
      world.schedule();
      (void)world.round(step);
    }
  }
  RC_ASSERT(world.removed_busy.empty());
}

/// With money for everything all that is wanted is there before long.
RC_GTEST_PROP(MixedPoolLaws, WhatIsPaidForComes, ()) {
  Mixture mixture;
  auto& world = mixture.world;
  const auto size = within<std::int64_t>(1, 9);
  for (const auto* name : {"p0", "p1"}) world.add_policy(name, size);
  world.limits = {most(10'000)};
  std::int64_t nodes = 0;
  for (const auto& group : world.fleet.pools[0]->node_groups) nodes += group.max_nodes;
  const auto room = nodes * (8 / size);
  Adversary others(world, some_delays());
  for (int i = 0; i < 4; ++i) {
    const auto first = std::min(within<std::int64_t>(0, 9), room);
    const auto second = std::min(within<std::int64_t>(0, 9), room - first);
    mixture.want({first, second});
    for (int look = 0; look < 250; ++look) {
      world.schedule();
      others.act();
      world.schedule();
      (void)world.round(seconds(5));
    }
    RC_ASSERT(world.asking[0].draw.replicas == first);
    RC_ASSERT(world.asking[1].draw.replicas == second);
    world.schedule();
    RC_ASSERT(std::ranges::all_of(world.fleet.cluster.pods,
                                  [](const Pod& pod) { return pod.node.has_value(); }));
  }
}

}  // namespace
}  // namespace poolscaler::capacity
