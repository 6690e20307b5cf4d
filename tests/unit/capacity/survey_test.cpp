#include "poolscaler/capacity/survey.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "fleet.hpp"

namespace poolscaler::capacity {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Survey, CountsWhatEachNodeHasAndWhoTakesIt) {
  Fleet fleet;
  fleet.add_pool("h100", {{}});
  fleet.add_node(0, 0);
  fleet.add_node(0, 0);
  const auto web = fleet.add_draw("shop/web", 2, 3);
  fleet.add_pod(0, 2, web);
  fleet.add_pod(0, 2, web);
  fleet.add_pod(0, 1);
  fleet.add_pod({}, 2, web);
  const auto seen = fleet.survey();
  const auto& pool = seen.pools[0];
  EXPECT_EQ(pool.capacity, 16);
  EXPECT_EQ(pool.allocated, 5);
  EXPECT_EQ(pool.pending, 2);
  EXPECT_EQ(pool.nodes[0].free(), 3);
  EXPECT_TRUE(pool.nodes[0].busy);
  EXPECT_FALSE(pool.nodes[1].busy);
  EXPECT_THAT(pool.nodes[0].uses, SizeIs(2));
  EXPECT_EQ(seen.draws[web].bound, 4);
  EXPECT_EQ(pool.groups[0].busy, 1);
  EXPECT_EQ(pool.groups[0].rate, rate("20"));
}

TEST(Survey, ANodeIsReadyOnlyOnceItsAcceleratorsAreAdvertised) {
  Fleet fleet;
  fleet.add_pool("h100", {{}});
  auto& node = fleet.add_node(0, 0, 0);
  node.created = noon - minutes(3);
  EXPECT_EQ(fleet.survey().pools[0].nodes[0].state, NodeState::Starting);
  node.created = noon - minutes(15);
  EXPECT_EQ(fleet.survey().pools[0].nodes[0].state, NodeState::NotReady);
  EXPECT_THAT(fleet.survey().pools[0].groups[0].findings[0].words, HasSubstr("not ready"));
  node.allocatable = {{"nvidia.com/gpu", 8}};
  EXPECT_EQ(fleet.survey().pools[0].nodes[0].state, NodeState::Ready);
  node.ready = false;
  EXPECT_EQ(fleet.survey().pools[0].nodes[0].state, NodeState::NotReady);
}

TEST(Survey, WhatStandsAgainstANodeMostCounts) {
  Fleet fleet;
  fleet.add_pool("h100", {{}});
  auto& node = fleet.add_node(0, 0);
  const auto state = [&] { return fleet.survey().pools[0].nodes[0].state; };
  node.cordoned = true;
  EXPECT_EQ(state(), NodeState::Cordoned);
  node.cordoned_by_us = true;
  EXPECT_EQ(state(), NodeState::Leaving);
  node.interruption = "spot interruption";
  EXPECT_EQ(state(), NodeState::Interrupted);
  node.deleting = true;
  EXPECT_EQ(state(), NodeState::Deleting);
}

TEST(Survey, PodsOnANodeThatIsGoingNeedAnotherPlace) {
  Fleet fleet;
  fleet.add_pool("h100", {{}});
  fleet.add_node(0, 0).interruption = "spot interruption";
  const auto web = fleet.add_draw("shop/web", 4, 1);
  fleet.add_pod(0, 4, web);
  const auto seen = fleet.survey();
  EXPECT_EQ(seen.draws[web].bound, 0);
  EXPECT_EQ(seen.draws[web].lost, 4);
}

TEST(Survey, WhatWasAskedForAndHasNotComeIsInFlight) {
  Fleet fleet;
  fleet.add_pool("h100", {{}});
  fleet.add_node(0, 0);
  fleet.add_node(0, 0).deleting = true;
  fleet.facts(0, 0).desired = 3;
  EXPECT_EQ(fleet.survey().pools[0].groups[0].in_flight, 2);
  fleet.facts(0, 0).desired = 0;
  EXPECT_EQ(fleet.survey().pools[0].groups[0].in_flight, 0);
  fleet.facts(0, 0).desired.reset();
  EXPECT_EQ(fleet.survey().pools[0].groups[0].in_flight, 0);
}

TEST(Survey, AnyResourceIsAnAccelerator) {
  for (const auto* resource : {"habana.ai/gaudi", "nvidia.com/mig-1g.5gb", "amd.com/gpu",
                               "nvidia.com/gpu.shared", "google.com/tpu"}) {
    Fleet fleet;
    fleet.add_pool("x", {{}}).accelerator.resource = resource;
    fleet.add_node(0, 0, 80);
    const auto web = fleet.add_draw("shop/web", 1, 1);
    fleet.add_pod(0, 7, web);
    EXPECT_EQ(fleet.survey().pools[0].nodes[0].free(), 73) << resource;
  }
}

TEST(Survey, ANodeOfTwoGroupsCountsOnceAndNeitherGrows) {
  Fleet fleet;
  fleet.add_pool("a", {{}});
  fleet.add_pool("b", {{}});
  fleet.pools[1]->node_groups[0].node_selector = fleet.pools[0]->node_groups[0].node_selector;
  fleet.add_node(0, 0);
  const auto seen = fleet.survey();
  EXPECT_THAT(seen.pools[0].nodes, SizeIs(1));
  EXPECT_THAT(seen.pools[1].nodes, IsEmpty());
  for (const auto& pool : seen.pools) EXPECT_FALSE(pool.groups[0].may_grow);
  EXPECT_EQ(seen.pools[0].groups[0].findings[0].words,
            "1 node (od-0) fit node group od of pool 'b', too");
  EXPECT_EQ(seen.pools[1].groups[0].ambiguous->words,
            "1 node (od-0) fit node group od of pool 'a', too");
}

/// Two pools of a group each with one selector, and a node.
Fleet overlapping(const GroupWords& a, const GroupWords& b) {
  Fleet fleet;
  fleet.add_pool("a", {a});
  fleet.add_pool("b", {b});
  fleet.pools[1]->node_groups[0].node_selector = fleet.pools[0]->node_groups[0].node_selector;
  fleet.add_node(0, 0);
  return fleet;
}

TEST(Survey, ANodeOfTwoGroupsCostsWhatTheDearestOfThemSays) {
  for (const bool first : {false, true}) {
    const GroupWords dear{.price = "10"};
    const GroupWords cheap{.price = "0.01"};
    const auto seen = overlapping(first ? dear : cheap, first ? cheap : dear).survey();
    EXPECT_EQ(seen.pools[first ? 0 : 1].groups[0].rate, rate("10"));
    EXPECT_THAT(seen.pools[first ? 1 : 0].nodes, IsEmpty());
    EXPECT_TRUE(seen.pools[first ? 0 : 1].nodes[0].contested);
  }
  EXPECT_FALSE(overlapping({}, {}).survey().pools[0].nodes[0].contested);
}

TEST(Survey, ANodeOfTwoGroupsIsUnpricedOnlyWhereNeitherHasAPrice) {
  const GroupWords unpriced{.price = ""};
  const auto one = overlapping(unpriced, {.price = "10"}).survey();
  EXPECT_EQ(one.pools[1].groups[0].rate, rate("10"));
  const auto none = overlapping(unpriced, unpriced).survey();
  EXPECT_EQ(none.pools[0].groups[0].unpriced, 1);
  EXPECT_THAT(none.pools[1].nodes, IsEmpty());
}

TEST(Survey, ANodeOfTwoGroupsThatCommittedCapacityClaimsIsNotPaidAnyway) {
  const auto seen =
      overlapping({.type = CapacityType::Reserved, .price = "30"}, {.price = "10"}).survey();
  ASSERT_THAT(seen.pools[0].nodes, SizeIs(1));
  EXPECT_EQ(seen.pools[0].nodes[0].quote->rate, rate("30"));
  EXPECT_EQ(seen.pools[0].nodes[0].quote->marginal, rate("10"));
}

TEST(Survey, ANodeOfTwoPoolsStaysWhereItsPoliciesAreAtTheDearerPrice) {
  auto fleet = overlapping({.price = "20"}, {.price = "10"});
  fleet.add_pod(0, 4, fleet.add_draw("shop/web", 4, 1, 1));
  const auto seen = fleet.survey();
  EXPECT_THAT(seen.pools[0].nodes, IsEmpty());
  ASSERT_THAT(seen.pools[1].nodes, SizeIs(1));
  EXPECT_EQ(seen.pools[1].groups[0].rate, rate("20"));
  EXPECT_EQ(seen.pools[1].allocated, 4);
}

TEST(Survey, ANodeOfTwoGroupsThatCountsForOneIsNotOnOrderOfTheOther) {
  auto fleet = overlapping({.price = "10"}, {.price = "20"});
  const auto seen = fleet.survey();
  ASSERT_THAT(seen.pools[1].nodes, SizeIs(1));
  EXPECT_EQ(seen.pools[0].groups[0].desired, 1);
  EXPECT_EQ(seen.pools[0].groups[0].in_flight, 0);
}

TEST(Survey, TwoGroupsOfAPoolWithOneSelectorGrowNeither) {
  Fleet fleet;
  fleet.add_pool("a", {{.name = "x", .price = "1"}, {.name = "y", .price = "10"}});
  auto& groups = fleet.pools[0]->node_groups;
  groups[0].node_selector = groups[1].node_selector;
  fleet.add_node(0, 0);
  const auto seen = fleet.survey();
  for (const auto& group : seen.pools[0].groups) {
    EXPECT_FALSE(group.may_grow);
    EXPECT_TRUE(group.ambiguous);
  }
  EXPECT_EQ(seen.pools[0].groups[1].rate, rate("10"));
}

TEST(Survey, WhatAnObjectOfTwoPoolsWasAskedForCountsOnceWithTheDearer) {
  Fleet fleet;
  for (const auto* name : {"a", "b"}) {
    const std::string price = name == std::string("a") ? "10" : "20";
    fleet.add_pool(name, {{.price = price}});
    auto& facts = fleet.facts(fleet.pools.size() - 1, 0);
    facts.object = "MachineDeployment.cluster.x-k8s.io team/h100";
    facts.owner = {.ns = "team", .kind = "MachineDeployment", .name = "h100"};
    facts.desired = 3;
  }
  fleet.add_node(0, 0).owner = {.ns = "team", .kind = "MachineSet", .name = "h100-x7k2p"};
  for (const auto& pool : fleet.pools) pool->node_groups[0].node_selector.clear();
  fleet.facts(0, 0).desired = 3;
  const auto seen = fleet.survey();
  EXPECT_EQ(seen.pools[0].groups[0].in_flight, 0);
  EXPECT_EQ(seen.pools[1].groups[0].in_flight, 2);
  EXPECT_EQ(seen.pools[1].groups[0].rate, rate("20"));
  for (const auto& pool : seen.pools) {
    EXPECT_FALSE(pool.groups[0].may_grow);
    EXPECT_EQ(pool.groups[0].ambiguous->words,
              "MachineDeployment.cluster.x-k8s.io team/h100 is behind groups of several pools: "
              "'a', 'b'");
  }
}

TEST(Survey, NodesOfNoGroupAreSaid) {
  Fleet fleet;
  fleet.add_pool("a", {{}});
  fleet.add_node(0, 0).labels.clear();
  const auto seen = fleet.survey();
  EXPECT_THAT(seen.pools[0].nodes, IsEmpty());
  EXPECT_EQ(seen.pools[0].findings[0].words,
            "1 node (od-0) offer nvidia.com/gpu and are of no node group");
}

TEST(Survey, AGroupWhoseNodesCannotBeToldApartDoesNotGrow) {
  Fleet fleet;
  fleet.add_pool("a", {{}});
  fleet.pools[0]->node_groups[0].node_selector.clear();
  EXPECT_FALSE(fleet.survey().pools[0].groups[0].may_grow);
  EXPECT_THAT(fleet.survey().pools[0].groups[0].findings[0].remedy, HasSubstr("nodeSelector"));
  fleet.facts(0, 0).node_labels = {{"karpenter.sh/nodepool", "h100"}};
  EXPECT_TRUE(fleet.survey().pools[0].groups[0].may_grow);
}

TEST(Survey, ANodeIsKnownByWhatItsBackendPutsOnIt) {
  Fleet fleet;
  fleet.add_pool("a", {{.name = "owner"}, {.name = "label"}, {.name = "name"}});
  for (std::size_t i = 0; i < 3; ++i) fleet.add_node(0, i);
  for (auto& group : fleet.pools[0]->node_groups) group.node_selector.clear();
  fleet.facts(0, 0).owner = {.ns = "team", .kind = "MachineDeployment", .name = "h100"};
  fleet.facts(0, 1).node_labels = {{"karpenter.sh/nodepool", "h100-spot"}};
  fleet.facts(0, 2).node_names = {"name-2"};
  fleet.node(0).owner = {.ns = "team", .kind = "MachineSet", .name = "h100-x7k2p"};
  fleet.node(1).labels["karpenter.sh/nodepool"] = "h100-spot";
  const auto seen = fleet.survey();
  ASSERT_THAT(seen.pools[0].nodes, SizeIs(3));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(seen.pools[0].nodes[i].group, i);
  fleet.node(0).owner.name = "h100-spot-x7k2p";
  EXPECT_THAT(fleet.survey().pools[0].nodes, SizeIs(2));
}

TEST(Survey, AnUnknownPriceIsCountedAndSaidAndNeverZero) {
  Fleet fleet;
  fleet.add_pool("a", {{.price = ""}});
  fleet.add_node(0, 0);
  const auto seen = fleet.survey();
  const auto& group = seen.pools[0].groups[0];
  EXPECT_EQ(group.unpriced, 1);
  EXPECT_FALSE(group.quote.allows_growth());
  EXPECT_THAT(group.findings[0].remedy, HasSubstr("price"));
}

TEST(Survey, CommittedCapacityThatLooksOnDemandIsCommitted) {
  Fleet fleet;
  fleet.add_pool("a", {{.name = "ri", .type = CapacityType::Reserved}, {.name = "spot"}});
  fleet.add_node(0, 0).labels["karpenter.sh/capacity-type"] = "on-demand";
  EXPECT_EQ(fleet.survey().pools[0].groups[0].rate, HourlyRate());
  // A spot node in a group that is declared as on demand: one of the two is wrong.
  fleet.pools[0]->node_groups[1].price.reset();
  fleet.add_node(0, 1).labels["karpenter.sh/capacity-type"] = "spot";
  EXPECT_EQ(fleet.survey().pools[0].nodes[1].quote->state, money::PriceState::Contradictory);
}

TEST(Survey, NodesThatAdvertiseFewerThanDeclaredAreSaid) {
  Fleet fleet;
  fleet.add_pool("a", {{}});
  fleet.add_node(0, 0, 8);
  fleet.add_node(0, 0, 16);
  fleet.add_node(0, 0, 7);
  const auto words = [&] { return fleet.survey().pools[0].groups[0].findings.at(0).words; };
  EXPECT_EQ(words(), "1 node (od-2) of it offers 7 nvidia.com/gpu, and accelerator.perNode is 8");
  fleet.add_node(0, 0, 4);
  EXPECT_EQ(words(), "2 nodes (od-2, od-3) of it offer 4 nvidia.com/gpu or more, and "
                     "accelerator.perNode is 8");
}

TEST(Survey, APodOfNobodyThatIsLargerThanANodeWaitsForNone) {
  Fleet fleet;
  fleet.add_pool("a", {{}});
  fleet.add_pod({}, 9);
  EXPECT_THAT(fleet.survey().pools[0].foreign_pending, IsEmpty());
}

TEST(Survey, APodThatNobodyCanPlaceHoldsNoRoomForEver) {
  Fleet fleet;
  fleet.add_pool("a", {{}});
  auto& pod = fleet.add_pod({}, 4);
  EXPECT_THAT(fleet.survey().pools[0].foreign_pending, ElementsAre(4));
  pod.unschedulable = true;  // half an hour old
  EXPECT_THAT(fleet.survey().pools[0].foreign_pending, IsEmpty());
}

TEST(Survey, ADaemonKeepsNoNodeBusy) {
  Fleet fleet;
  fleet.add_pool("a", {{}});
  fleet.add_node(0, 0);
  fleet.add_pod(0, 1).daemon = true;
  const auto seen = fleet.survey();
  EXPECT_FALSE(seen.pools[0].nodes[0].busy);
  EXPECT_EQ(seen.pools[0].nodes[0].free(), 7);
}

RC_GTEST_PROP(Survey, CapacityIsAllocatedAndFreeAndDoesNotDependOnOrder, ()) {
  Fleet fleet;
  fleet.add_pool("a", {{}, {.name = "spot", .type = CapacityType::Spot}});
  const auto nodes = *rc::gen::inRange<std::size_t>(1, 8);
  for (std::size_t i = 0; i < nodes; ++i) {
    auto& node = fleet.add_node(0, *rc::gen::inRange<std::size_t>(0, 2),
                                *rc::gen::inRange<std::int64_t>(0, 9));
    node.deleting = *rc::gen::inRange(0, 5) == 0;
    node.cordoned = *rc::gen::inRange(0, 5) == 0;
  }
  const auto web = fleet.add_draw("shop/web", 1, 0);
  std::int64_t asked = 0;
  const auto pods = *rc::gen::inRange(0, 20);
  for (int i = 0; i < pods; ++i) {
    const auto count = *rc::gen::inRange<std::int64_t>(0, 5);
    asked += count;
    auto node = std::optional(*rc::gen::inRange<std::size_t>(0, nodes));
    if (*rc::gen::inRange(0, 3) == 0) node.reset();
    fleet.add_pod(node, count, web);
  }
  const auto seen = fleet.survey();
  const auto& pool = seen.pools[0];
  std::int64_t free = 0;
  for (const auto& node : pool.nodes) {
    RC_ASSERT(node.free() >= 0);
    free += node.free();
  }
  RC_ASSERT(pool.allocated + free == pool.capacity);
  RC_ASSERT(pool.allocated + pool.pending == asked);
  RC_ASSERT(seen.draws[web].bound + seen.draws[web].lost == pool.allocated);
  std::ranges::reverse(fleet.cluster.pods);
  const auto again = fleet.survey();
  RC_ASSERT(again.pools[0].allocated == pool.allocated);
  for (std::size_t i = 0; i < pool.nodes.size(); ++i)
    RC_ASSERT(again.pools[0].nodes[i].free() == pool.nodes[i].free());
}

}  // namespace
}  // namespace poolscaler::capacity
