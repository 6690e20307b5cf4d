#include "poolscaler/capacity/leaving.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "theatre.hpp"

namespace poolscaler::capacity {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

class LeavingTest : public testing::Test {
 protected:
  /// One pool with one group; its nodes are an hour old and empty.
  void set_up(std::int64_t nodes, Removal removal = Removal::Named) {
    world.fleet.add_pool("a", {{}});
    world.fleet.facts(0, 0).removal = removal;
    for (std::int64_t i = 0; i < nodes; ++i) world.fleet.add_node(0, 0);
  }
  Theatre world;
};

TEST_F(LeavingTest, AnIdleNodeIsCordonedEmptiedNamedAndThenAskedForNoMore) {
  set_up(1);
  world.others["od-0"] = 2;
  world.run_for(minutes(11));
  EXPECT_THAT(world.told,
              ElementsAre("cordon od-0", "name od-0", "od to 0", "gone od-0"));
  EXPECT_EQ(world.others["od-0"], 0);
}

TEST_F(LeavingTest, NothingGoesBeforeItsIdleTime) {
  set_up(1);
  world.run_for(minutes(10));
  EXPECT_THAT(world.told, IsEmpty());
}

TEST_F(LeavingTest, AnEmptyNodeGoesWhateverItAdvertises) {
  set_up(0);
  for (const auto accelerators : {0, 4, 7, 8, 16}) world.fleet.add_node(0, 0, accelerators);
  world.run_for(minutes(30), seconds(5));
  EXPECT_EQ(world.nodes(), 0);
}

TEST_F(LeavingTest, ANodeThatAdvertisesFewerIsThereForWhoFitsIt) {
  set_up(0);
  world.fleet.add_node(0, 0, 7);
  world.run_for(minutes(9), seconds(5));
  world.add_policy("shop/web", 4);
  world.asking[0].wanted = 1;
  world.run_for(minutes(30), seconds(5));
  EXPECT_EQ(world.nodes(), 1);
  EXPECT_EQ(world.asking[0].draw.replicas, 1);
  world.asking[0].draw.replicas = world.asking[0].wanted = 0;
  world.run_for(minutes(30), seconds(5));
  EXPECT_EQ(world.nodes(), 0);
  EXPECT_THAT(world.removed_busy, IsEmpty());
}

TEST_F(LeavingTest, GroupsThatNameNobodyGiveBackNodesThatAdvertiseFewer) {
  set_up(1, Removal::AllEmpty);
  world.fleet.add_node(0, 0, 7);
  world.run_for(minutes(30), seconds(5));
  EXPECT_EQ(world.nodes(), 0);
}

TEST_F(LeavingTest, ABusyNodeStays) {
  set_up(1);
  world.fleet.add_pod(0, 1);
  world.run_for(minutes(60), seconds(10));
  EXPECT_THAT(world.told, IsEmpty());
}

TEST_F(LeavingTest, ANodeThatMayBeOfAnotherGroupStaysAndIsGivenBack) {
  set_up(1);
  world.others["od-0"] = 2;
  world.evicts = false;
  world.run_for(minutes(11));
  ASSERT_THAT(world.told, ElementsAre("cordon od-0"));
  world.fleet.add_pool("b", {{}});
  world.fleet.pools[1]->node_groups[0].node_selector =
      world.fleet.pools[0]->node_groups[0].node_selector;
  world.run_for(minutes(60), seconds(10));
  EXPECT_THAT(world.told, ElementsAre("cordon od-0", "give back od-0"));
}

TEST_F(LeavingTest, MinNodesAndWarmNodesStay) {
  set_up(4);
  world.fleet.pools[0]->node_groups[0].min_nodes = 1;
  world.fleet.pools[0]->warm.nodes = 2;
  world.run_for(minutes(30), seconds(5));
  EXPECT_EQ(world.nodes(), 2);
}

TEST_F(LeavingTest, CloseToALimitNothingIsKeptWarm) {
  set_up(2);
  world.fleet.pools[0]->warm.nodes = 2;
  world.warned = true;
  world.run_for(minutes(30), seconds(5));
  EXPECT_EQ(world.nodes(), 0);
}

TEST_F(LeavingTest, TheDearestGoesFirstAndWhatIsPaidAnywayNever) {
  world.fleet.add_pool("a", {{.name = "cheap", .price = "5"},
                             {.name = "dear", .price = "50"},
                             {.name = "ri", .type = CapacityType::Reserved}});
  for (std::size_t i = 0; i < 3; ++i) world.fleet.add_node(0, i);
  world.fleet.pools[0]->warm.nodes = 2;
  world.run_for(minutes(12));
  EXPECT_THAT(world.told, Contains("gone dear-1"));
  EXPECT_EQ(world.nodes(), 2);
  world.fleet.pools[0]->warm.nodes = 0;
  world.run_for(minutes(60), seconds(5));
  EXPECT_EQ(world.nodes(), 1);
  EXPECT_NE(world.find("ri-2"), nullptr);
}

TEST_F(LeavingTest, ANodeThatSomebodyNeedsIsGivenBackBeforeAnyIsAdded) {
  set_up(1);
  world.others["od-0"] = 1;
  world.evicts = false;
  world.run_for(minutes(11));
  ASSERT_THAT(world.told, ElementsAre("cordon od-0"));
  world.asking[world.add_policy("shop/web", 8)].wanted = 1;
  world.run_for(seconds(3));
  EXPECT_THAT(world.told, ElementsAre("cordon od-0", "give back od-0"));
  EXPECT_EQ(world.asking[0].draw.replicas, 1);
  world.run_for(seconds(3));
  EXPECT_TRUE(world.fleet.cluster.pods[0].node);
}

TEST_F(LeavingTest, WhatCannotBeDrainedInTimeIsGivenBackAndSaid) {
  set_up(1);
  world.fleet.pools[0]->scale_down.drain_timeout_seconds = 60;
  world.others["od-0"] = 3;
  world.evicts = false;
  world.run_for(minutes(10) + seconds(50));
  std::vector<Finding> findings;
  for (int i = 0; i < 20 && findings.empty(); ++i) findings = world.round().pools[0].given_up;
  ASSERT_THAT(findings, Not(IsEmpty()));
  EXPECT_EQ(findings[0].words, "node od-0: 3 pods could not be evicted within 60 s");
  world.run_for(minutes(9));
  EXPECT_THAT(world.told, ElementsAre("cordon od-0", "give back od-0"));
  world.evicts = true;
  world.run_for(minutes(3));
  EXPECT_EQ(world.nodes(), 0);
}

TEST_F(LeavingTest, AMachineThatCannotBeMarkedIsGivenUpAndSaid) {
  set_up(1);
  world.fleet.pools[0]->scale_down.drain_timeout_seconds = 60;
  world.marks = false;
  world.run_for(minutes(10));
  std::vector<Finding> findings;
  for (int i = 0; i < 300 && findings.empty(); ++i) findings = world.round().pools[0].given_up;
  ASSERT_THAT(findings, Not(IsEmpty()));
  EXPECT_EQ(findings[0].words,
            "node od-0: it is empty, and its Machine could not be marked for removal");
  EXPECT_THAT(world.told, ElementsAre("cordon od-0", "give back od-0"));
  world.marks = true;
  world.run_for(minutes(25));
  EXPECT_EQ(world.nodes(), 0);
}

TEST_F(LeavingTest, AGroupThatNamesNobodyShrinksWhenAllOfItIsEmpty) {
  set_up(3, Removal::AllEmpty);
  world.fleet.add_pod(1, 8);
  world.run_for(minutes(30), seconds(5));
  EXPECT_THAT(world.told, IsEmpty());
  world.fleet.cluster.pods.clear();
  world.run_for(minutes(30), seconds(5));
  EXPECT_THAT(world.told, Contains("od to 0"));
  EXPECT_EQ(world.nodes(), 0);
}

TEST_F(LeavingTest, OfAGroupThatNamesNobodyTheRestIsGivenBack) {
  set_up(3, Removal::AllEmpty);
  world.fleet.pools[0]->node_groups[0].min_nodes = 1;
  world.run_for(minutes(30), seconds(5));
  EXPECT_EQ(world.nodes(), 1);
  EXPECT_FALSE(world.fleet.nodes[0]->cordoned);
}

TEST_F(LeavingTest, AGroupThatTakesEmptyOnesFirstIsToldTheNumberAlone) {
  set_up(2, Removal::EmptyFirst);
  world.fleet.add_pod(0, 8);
  world.run_for(minutes(30), seconds(5));
  EXPECT_THAT(world.told, ElementsAre("cordon od-1", "od to 1", "gone od-1"));
  EXPECT_THAT(world.removed_busy, IsEmpty());
}

TEST_F(LeavingTest, WhoTakesOverWaitsBeforeItAsksForFewer) {
  set_up(1);
  world.run_for(minutes(10) + seconds(3));
  ASSERT_THAT(world.told, ElementsAre("cordon od-0"));
  world.restart();
  world.run_for(minutes(4));
  EXPECT_THAT(world.told, ElementsAre("cordon od-0"));
  world.run_for(minutes(2));
  EXPECT_EQ(world.nodes(), 0);
}

TEST_F(LeavingTest, OneThatDiedAfterAskingForFewerIsNotFollowedByASecondAsking) {
  set_up(3);
  world.fleet.add_pod(0, 8);
  world.fleet.add_pod(1, 8);
  while (world.fleet.facts(0, 0).desired == 3) {
    world.schedule();
    (void)world.round();  // the group has not acted yet
  }
  ASSERT_EQ(world.fleet.facts(0, 0).desired, 2);
  world.restart();
  for (int i = 0; i < 600; ++i) (void)world.round();
  EXPECT_EQ(world.fleet.facts(0, 0).desired, 2);
  world.groups_act();
  world.run_for(minutes(30), seconds(5));
  EXPECT_EQ(world.nodes(), 2);
  EXPECT_THAT(world.removed_busy, IsEmpty());
}

TEST_F(LeavingTest, NodesThatComeForPodsAreLeftToWhoBringsThem) {
  set_up(2);
  world.fleet.facts(0, 0).desired.reset();
  world.fleet.facts(0, 0).follows_pods = true;
  for (int i = 0; i < 900; ++i) (void)world.round();
  EXPECT_THAT(world.told, IsEmpty());
}

TEST_F(LeavingTest, WhatWasLeavingIsGivenBackWhenAnAutoscalerTakesOver) {
  set_up(2);
  for (int i = 0; i < 700; ++i) (void)world.round();
  ASSERT_THAT(world.told, Contains("od to 0"));
  world.fleet.facts(0, 0).desired.reset();
  world.fleet.facts(0, 0).follows_pods = true;
  for (int i = 0; i < 150; ++i) (void)world.round();
  EXPECT_THAT(world.told, IsSupersetOf({"give back od-0", "give back od-1"}));
}

TEST_F(LeavingTest, SomebodyElsesCordonIsNotTouched) {
  set_up(1);
  world.fleet.node(0).cordoned = true;
  world.run_for(minutes(30), seconds(5));
  EXPECT_THAT(world.told, IsEmpty());
}

TEST_F(LeavingTest, InModeRecommendNoNodeGoes) {
  set_up(1);
  world.fleet.pools[0]->mode = PoolMode::Recommend;
  world.run_for(minutes(30), seconds(5));
  EXPECT_THAT(world.told, IsEmpty());
}

/// Whatever comes and goes, and whoever restarts, no node is removed while accelerators of it are
/// in use, and what nobody needs is gone in the end.
RC_GTEST_PROP(LeavingLaws, ABusyNodeIsNeverRemovedAndAnIdleOneAlways, ()) {
  Theatre world;
  auto& pool = world.fleet.add_pool("a", {{.max_nodes = 4}, {.name = "spot",
                                                             .type = CapacityType::Spot,
                                                             .price = "3",
                                                             .max_nodes = 3}});
  for (std::size_t g = 0; g < 2; ++g)
    world.fleet.facts(0, g).removal =
        *rc::gen::element(Removal::Named, Removal::EmptyFirst, Removal::AllEmpty);
  pool.scale_down.idle_after_seconds = *rc::gen::inRange(20, 120);
  world.add_policy("shop/web", *rc::gen::inRange<std::int64_t>(1, 9));
  world.add_policy("lab/train", *rc::gen::element<std::int64_t>(8, 16));
  for (int act = 0; act < 12; ++act) {
    auto& one = world.asking[*rc::gen::inRange<std::size_t>(0, 2)];
    one.wanted = *rc::gen::inRange<std::int64_t>(0, 6);
    one.draw.replicas = std::min(one.draw.replicas, one.wanted);
    if (*rc::gen::inRange(0, 4) == 0) world.restart();
    for (const auto& node : world.fleet.nodes) world.others[node->name] = *rc::gen::inRange(0, 2);
    world.run_for(seconds(*rc::gen::inRange(2, 400)), seconds(2));
  }
  RC_ASSERT(world.removed_busy.empty());
  for (auto& one : world.asking) one.wanted = one.draw.replicas = 0;
  world.run_for(minutes(40), seconds(5));
  RC_ASSERT(world.nodes() == 0);
}

}  // namespace
}  // namespace poolscaler::capacity
