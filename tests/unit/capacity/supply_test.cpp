#include "poolscaler/capacity/supply.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "fleet.hpp"

namespace poolscaler::capacity {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;

const GroupWords reserved{.name = "ri", .type = CapacityType::Reserved, .max_nodes = 2};
const GroupWords spot{.name = "spot", .type = CapacityType::Spot, .price = "4"};
const GroupWords on_demand{};

Supply supply(const Fleet& fleet, const PoolMemory& before = {}, Instant now = noon,
              std::int64_t stride = 1) {
  auto memory = before;
  const auto seen = fleet.survey(now);
  follow(memory, seen.pools[0], fleet.cluster, now);
  return supply_of({.pool = fleet.inputs[0],
                    .survey = seen.pools[0],
                    .cluster = fleet.cluster,
                    .memory = memory,
                    .stride = stride},
                   now);
}

/// "ri 2, spot 10, od 10": the order in which nodes are added.
std::string offered(const Fleet& fleet, const Supply& supply) {
  std::string text;
  for (std::size_t i = 0; i < supply.stock.tiers.size(); ++i)
    text += (i == 0 ? "" : ", ") +
            fleet.pools[0]->node_groups[supply.group_of_tier[i]].name + " " +
            std::to_string(supply.stock.tiers[i].nodes);
  return text;
}

TEST(Supply, CountsWhatIsFreeStartingAndAskedFor) {
  Fleet fleet;
  fleet.add_pool("a", {on_demand, spot});
  fleet.add_node(0, 0);
  fleet.add_pod(0, 6);
  auto& starting = fleet.add_node(0, 0, 0);
  starting.created = noon - minutes(2);
  fleet.add_node(0, 1);
  *fleet.facts(0, 1).desired += 2;
  const auto out = supply(fleet);
  EXPECT_THAT(out.stock.free_nodes, ElementsAre(0, 0, 1, 0, 0, 0, 0, 0, 1));
  EXPECT_THAT(out.stock.free_spot_nodes, ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 3));
  EXPECT_EQ(out.in_flight, rate("8"));
  EXPECT_EQ(out.stock.share, rate("1.25"));
}

TEST(Supply, WhatMayBeOfAnotherGroupIsNoneAndIsPaidFor) {
  Fleet fleet;
  fleet.add_pool("a", {on_demand, spot});
  auto& groups = fleet.pools[0]->node_groups;
  groups[1].node_selector = groups[0].node_selector;
  fleet.add_node(0, 0);
  *fleet.facts(0, 0).desired += 2;
  const auto out = supply(fleet);
  EXPECT_TRUE(std::ranges::all_of(out.stock.free_nodes, [](auto nodes) { return nodes == 0; }));
  EXPECT_TRUE(out.stock.tiers.empty());
  EXPECT_EQ(out.in_flight, rate("20"));
  EXPECT_THAT(out.closed[1], HasSubstr("fit node group od of pool 'a', too"));
}

TEST(Supply, WhatIsCordonedOrGoingIsNone) {
  Fleet fleet;
  fleet.add_pool("a", {on_demand});
  fleet.add_node(0, 0).cordoned = true;
  fleet.add_node(0, 0).deleting = true;
  fleet.add_node(0, 0).interruption = "spot interruption";
  auto& lowered = fleet.add_node(0, 0);
  fleet.facts(0, 0).desired = 3;
  const auto out =
      supply(fleet, {.groups = {}, .nodes = {{lowered.uid, {.leave = Leave::Lowered}}}});
  EXPECT_THAT(out.stock.free_nodes, ElementsAre());
}

TEST(Supply, ReservedComesFirstThenTheCheaper) {
  Fleet fleet;
  fleet.add_pool("a", {on_demand, spot, reserved});
  EXPECT_EQ(offered(fleet, supply(fleet)), "ri 2, spot 10, od 10");
  fleet.pools[0]->mix.strategy = MixStrategy::OnDemandFirst;
  EXPECT_EQ(offered(fleet, supply(fleet)), "ri 2, od 10, spot 10");
  fleet.pools[0]->mix.strategy = MixStrategy::SpotFirst;
  fleet.pools[0]->node_groups[1].price = rate("40");
  EXPECT_EQ(offered(fleet, supply(fleet)), "ri 2, spot 10, od 10");
  fleet.pools[0]->mix.strategy = MixStrategy::Cheapest;
  EXPECT_EQ(offered(fleet, supply(fleet)), "ri 2, od 10, spot 10");
}

TEST(Supply, InterruptionsMakeSpotDearer) {
  Fleet fleet;
  fleet.add_pool("a", {on_demand, spot});
  fleet.pools[0]->node_groups[1].price = rate("9");
  PoolMemory memory{.groups = std::vector<GroupMemory>(2), .nodes = {}};
  EXPECT_EQ(offered(fleet, supply(fleet, memory)), "spot 10, od 10");
  memory.groups[1].interruptions = {noon - minutes(40), noon - minutes(30)};
  EXPECT_EQ(offered(fleet, supply(fleet, memory)), "od 10, spot 10");
  EXPECT_EQ(offered(fleet, supply(fleet, memory, noon + std::chrono::hours(6))),
            "spot 10, od 10");
}

TEST(Supply, TheMixKeepsItsShareOfSpotAndItsFloorOfOnDemand) {
  Fleet fleet;
  fleet.add_pool("a", {on_demand, spot}).mix.spot_percent_max = 50;
  EXPECT_EQ(offered(fleet, supply(fleet)).substr(0, 26), "od 1, spot 1, od 1, spot 1");
  EXPECT_EQ(offered(fleet, supply(fleet, {}, noon, 2)).substr(0, 12), "od 2, spot 2");
  fleet.pools[0]->mix = {.on_demand_nodes_min = 3};
  EXPECT_EQ(offered(fleet, supply(fleet)), "od 3, spot 10, od 7");
  fleet.add_node(0, 0);
  fleet.add_node(0, 0);
  EXPECT_EQ(offered(fleet, supply(fleet)), "od 1, spot 10, od 7");
  fleet.pools[0]->mix = {.spot_percent_max = 0};
  EXPECT_EQ(offered(fleet, supply(fleet)), "od 8");
}

TEST(Supply, BoundsOfGroupsPoolAndBackendHold) {
  Fleet fleet;
  fleet.add_pool("a", {on_demand, spot});
  fleet.add_node(0, 1);
  fleet.facts(0, 1).most = 4;
  EXPECT_EQ(offered(fleet, supply(fleet)), "spot 3, od 10");
  fleet.pools[0]->limits.max_nodes = 6;
  EXPECT_EQ(offered(fleet, supply(fleet)), "spot 3, od 2");
  fleet.facts(0, 1).desired = 4;
  EXPECT_EQ(offered(fleet, supply(fleet)), "od 2");
  EXPECT_EQ(supply(fleet).closed[1], "it has 4 of at most 4 nodes");
}

TEST(Supply, AGroupInTroubleOrBusyGetsNone) {
  Fleet fleet;
  fleet.add_pool("a", {on_demand, spot});
  fleet.facts(0, 0).trouble = Finding{"there is no MachineDeployment h100", "make it"};
  fleet.facts(0, 1).busy = "its status is UPDATING";
  const auto out = supply(fleet);
  EXPECT_EQ(offered(fleet, out), "");
  EXPECT_THAT(out.closed, ElementsAre("there is no MachineDeployment h100",
                                      "its status is UPDATING"));
  fleet.facts(0, 0) = {};  // no backend at all
  EXPECT_THAT(supply(fleet).closed[0], HasSubstr("no backend"));
}

TEST(Supply, AGroupThatBringsNoNodeIsRefusedForAWhileAndExpectedNoMore) {
  Fleet fleet;
  fleet.add_pool("a", {on_demand, spot});
  fleet.facts(0, 1).desired = 1;
  PoolMemory memory;
  const auto look = [&](Instant now) {
    follow(memory, fleet.survey(now).pools[0], fleet.cluster, now);
    return supply(fleet, memory, now);
  };
  EXPECT_THAT(look(noon).stock.free_spot_nodes, ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 1));
  const auto late = look(noon + minutes(15));
  EXPECT_THAT(late.stock.free_spot_nodes, ElementsAre());
  EXPECT_NE(late.in_flight, HourlyRate()) << "it may come until the group is asked for fewer";
  EXPECT_EQ(offered(fleet, late), "od 10");
  EXPECT_THAT(late.closed[1], HasSubstr("no node came within 15 minutes"));
  fleet.facts(0, 1).desired = 0;
  EXPECT_EQ(look(noon + minutes(15)).in_flight, HourlyRate());
  EXPECT_EQ(offered(fleet, look(noon + minutes(29))), "od 10");
  EXPECT_EQ(offered(fleet, look(noon + minutes(30))), "spot 10, od 10");
}

TEST(Supply, EachRefusalInARowLastsLonger) {
  GroupMemory memory;
  PoolMemory pool{.groups = {memory}, .nodes = {}};
  Fleet fleet;
  fleet.add_pool("a", {on_demand});
  auto now = noon;
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 6; ++i) {
    fleet.facts(0, 0).desired = 1;
    follow(pool, fleet.survey(now).pools[0], fleet.cluster, now);
    now += boot_max;
    follow(pool, fleet.survey(now).pools[0], fleet.cluster, now);
    pauses.push_back((*pool.groups[0].refused_until - now) / minutes(1));
    now = *pool.groups[0].refused_until;
    fleet.facts(0, 0).desired = 0;
    follow(pool, fleet.survey(now).pools[0], fleet.cluster, now);
  }
  EXPECT_THAT(pauses, ElementsAre(15, 30, 60, 120, 240, 240));
}

TEST(Supply, AfterAnInterruptionTheOtherTypeIsAskedAndSpotAgainLater) {
  Fleet fleet;
  fleet.add_pool("a", {on_demand, spot});
  fleet.add_node(0, 1).interruption = "spot interruption";
  PoolMemory memory;
  follow(memory, fleet.survey().pools[0], fleet.cluster, noon);
  follow(memory, fleet.survey().pools[0], fleet.cluster, noon + minutes(1));
  EXPECT_EQ(memory.groups[1].interruptions.size(), 1U) << "one node, one interruption";
  EXPECT_EQ(offered(fleet, supply(fleet, memory, noon + minutes(9))), "od 10");
  EXPECT_EQ(offered(fleet, supply(fleet, memory, noon + minutes(10))), "spot 9, od 10");
}

TEST(Supply, AnInterruptionThatWasToldBeforeARestartIsCountedOnce) {
  Fleet fleet;
  fleet.add_pool("a", {on_demand, spot});
  fleet.add_node(0, 1).interruption = "spot interruption";
  PoolMemory memory;
  memory.groups.resize(2);
  memory.groups[1].interruptions = {noon};
  follow(memory, fleet.survey().pools[0], fleet.cluster, noon + minutes(1));
  EXPECT_THAT(memory.groups[1].interruptions, ElementsAre(noon));
  fleet.add_node(0, 1).interruption = "spot interruption";
  follow(memory, fleet.survey().pools[0], fleet.cluster, noon + minutes(2));
  EXPECT_THAT(memory.groups[1].interruptions, ElementsAre(noon, noon + minutes(2)));
}

TEST(Supply, AnUnpricedGroupIsOfferedWithoutAPrice) {
  Fleet fleet;
  fleet.add_pool("a", {{.name = "new", .price = ""}, on_demand});
  const auto out = supply(fleet);
  EXPECT_EQ(offered(fleet, out), "od 10, new 10");
  EXPECT_FALSE(out.stock.tiers[1].price);
}

RC_GTEST_PROP(Supply, NeverOffersMoreThanTheBoundsLeave, ()) {
  Fleet fleet;
  auto& pool = fleet.add_pool("a", {on_demand, spot, reserved});
  for (auto& group : pool.node_groups) group.max_nodes = *rc::gen::inRange(0, 9);
  if (*rc::gen::element(true, false)) pool.limits.max_nodes = *rc::gen::inRange(0, 12);
  pool.mix = {.strategy = *rc::gen::element(MixStrategy::Cheapest, MixStrategy::SpotFirst,
                                            MixStrategy::OnDemandFirst),
              .spot_percent_max = *rc::gen::inRange(0, 101),
              .on_demand_nodes_min = *rc::gen::inRange(0, 4)};
  const auto nodes = *rc::gen::inRange(0, 6);
  for (int i = 0; i < nodes; ++i) fleet.add_node(0, *rc::gen::inRange<std::size_t>(0, 3));
  for (std::size_t i = 0; i < 3; ++i)
    *fleet.facts(0, i).desired += *rc::gen::inRange(0, 3);
  const auto out = supply(fleet, {}, noon, *rc::gen::inRange(1, 4));
  std::vector<std::int64_t> all(3);
  for (std::size_t i = 0; i < 3; ++i) all[i] = *fleet.facts(0, i).desired;
  auto sum = all[0] + all[1] + all[2];
  const auto before = all;
  const auto sum_before = sum;
  for (std::size_t i = 0; i < out.stock.tiers.size(); ++i) {
    const auto group = out.group_of_tier[i];
    if (group == 1) {
      RC_ASSERT(all[0] >= pool.mix.on_demand_nodes_min);
      RC_ASSERT((all[1] + out.stock.tiers[i].nodes) * 100 <=
                (all[0] + all[1] + out.stock.tiers[i].nodes) * pool.mix.spot_percent_max);
    }
    all[group] += out.stock.tiers[i].nodes;
    sum += out.stock.tiers[i].nodes;
  }
  for (std::size_t i = 0; i < 3; ++i)
    RC_ASSERT(all[i] <= std::max<std::int64_t>(before[i], pool.node_groups[i].max_nodes));
  if (pool.limits.max_nodes)
    RC_ASSERT(sum <= std::max<std::int64_t>(sum_before, *pool.limits.max_nodes));
}

}  // namespace
}  // namespace poolscaler::capacity
