// Nodes that come with fewer accelerators than their pool says: a device is dead, or the number is
// wrong. What does not fit on them must not make more and more of them come.
#include <algorithm>

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "theatre.hpp"

namespace poolscaler::capacity {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class LesserTest : public testing::Test {
 protected:
  void set_up(std::vector<std::int64_t> sizes, std::int64_t accelerators, std::int64_t wanted) {
    world.fleet.add_pool("a", {{.max_nodes = 12}});
    world.sizes = std::move(sizes);
    world.add_policy("shop/web", accelerators);
    world.asking[0].wanted = wanted;
  }
  [[nodiscard]] std::int64_t placed() const {
    return std::ranges::count_if(world.fleet.cluster.pods,
                                 [](const Pod& pod) { return pod.node.has_value(); });
  }
  Theatre world;
};

TEST_F(LesserTest, WhatFitsOnNoneOfTwoGetsNoThird) {
  for (const std::int64_t size : {4, 7}) {
    world = {};
    set_up({size}, 8, 1);
    world.run_for(minutes(9), seconds(5));
    EXPECT_EQ(world.made(), 2) << size;
    const auto plan = world.planned();
    EXPECT_EQ(plan.grants[0].without_node, 1);
    EXPECT_THAT(plan.grants[0].words,
                AllOf(HasSubstr("no room for 8 nvidia.com/gpu more"),
                      HasSubstr("(od-n1, od-n0) came with"), HasSubstr("accelerator.perNode is 8"),
                      Not(HasSubstr("before"))));
  }
}

TEST_F(LesserTest, TheEmptyOnesGoWhileThePodWaits) {
  set_up({4}, 8, 1);
  world.run_for(minutes(17), seconds(5));
  EXPECT_EQ(world.nodes(), 0);
  EXPECT_EQ(world.made(), 2);
  EXPECT_THAT(world.planned().grants[0].words, HasSubstr("before 2026-11-02T12:"));
}

TEST_F(LesserTest, TheyAreTriedAgainLessAndLessOften) {
  set_up({4}, 8, 1);
  world.run_for(hours(24), seconds(20));
  EXPECT_GE(world.made(), 4);
  EXPECT_LE(world.made(), 24);
  const auto made = world.made();
  world.run_for(hours(24), seconds(20));
  EXPECT_LE(world.made() - made, 12);
  world.sizes = {8};
  world.run_for(hours(5), seconds(20));
  EXPECT_EQ(placed(), 1) << "the provider has mended it";
}

TEST_F(LesserTest, OneDeadDeviceAmongGoodNodesCostsOneNodeMore) {
  set_up({8, 8, 7, 8}, 8, 5);
  world.run_for(minutes(9), seconds(5));
  EXPECT_EQ(placed(), 5);
  EXPECT_EQ(world.made(), 6);
  EXPECT_EQ(world.asking[0].draw.replicas, 5);
}

TEST_F(LesserTest, GoodOldNodesDoNotVouchForBadNewOnes) {
  set_up({8, 8, 8, 7}, 8, 3);
  world.run_for(minutes(1), seconds(5));
  ASSERT_EQ(placed(), 3);
  world.asking[0].wanted = 4;
  world.run_for(minutes(9), seconds(5));
  EXPECT_EQ(world.made(), 5);
}

TEST_F(LesserTest, TheOnlyNodeThatLosesADeviceIsReplaced) {
  set_up({8}, 8, 1);
  world.run_for(minutes(1), seconds(5));
  auto& node = *world.fleet.nodes[0];
  node.allocatable[0].count = 7;
  std::erase_if(world.fleet.cluster.pods, [](const Pod& pod) { return pod.node.has_value(); });
  world.run_for(minutes(2), seconds(5));
  EXPECT_EQ(world.made(), 2);
  EXPECT_EQ(placed(), 1);
}

TEST_F(LesserTest, WhatFitsGoesOn) {
  set_up({7}, 1, 20);
  world.run_for(minutes(9), seconds(5));
  EXPECT_EQ(placed(), 20);
  EXPECT_EQ(world.made(), 3);
  world.asking[0].draw.replicas = world.asking[0].wanted = 0;
  world.run_for(minutes(30), seconds(5));
  EXPECT_EQ(world.nodes(), 0);
}

TEST_F(LesserTest, AnotherGroupIsAskedInstead) {
  world.fleet.add_pool("a", {{.price = "10"}, {.name = "dear", .price = "20"}});
  world.fleet.add_node(0, 0, 4);
  world.fleet.add_node(0, 0, 4);
  world.asking[world.add_policy("shop/web", 8)].wanted = 2;
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 2);
  EXPECT_EQ(plan.pools[0].groups[0].wanted, std::nullopt);
  EXPECT_EQ(plan.pools[0].groups[1].wanted, 2);
}

TEST_F(LesserTest, WarmNodesAndReplicasThatSpanNodesGetNoneEither) {
  set_up({4}, 16, 1);
  world.fleet.pools[0]->warm.nodes = 1;
  world.run_for(minutes(9), seconds(5));
  EXPECT_LE(world.made(), 4);
  EXPECT_THAT(world.planned().pools[0].findings.at(0).words, HasSubstr("warm nodes"));
}

TEST_F(LesserTest, WhatIsOnOrderAndWouldServeNobodyIsTakenBack) {
  set_up({4}, 8, 4);
  world.fleet.add_node(0, 0, 4);
  world.fleet.add_node(0, 0, 4);
  *world.fleet.facts(0, 0).desired += 3;
  world.brings = false;
  world.run_for(minutes(3), seconds(5));
  EXPECT_EQ(world.fleet.facts(0, 0).desired, 2);
}

TEST_F(LesserTest, WhereNodesComeForPodsNoPodIsMadeThatFitsNone) {
  set_up({4}, 8, 1);
  world.fleet.facts(0, 0).follows_pods = true;
  world.fleet.facts(0, 0).desired.reset();
  world.fleet.add_node(0, 0, 4);
  world.fleet.add_node(0, 0, 4);
  auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 0);
  EXPECT_THAT(plan.grants[0].words, HasSubstr("came with 4 nvidia.com/gpu"));
  // One that waits brings a node whatever is decided: it is paid for, and nothing is placed on it.
  world.asking[0].draw.replicas = 1;
  world.asking[0].wanted = 2;
  world.schedule();
  std::int64_t on_order = 0;
  world.budgets = [&](const Sight& sight) {
    on_order = sight.supplies[0].in_flight.nano();
    money::Standings none;
    none.of_pool.resize(1);
    none.of_tenant.resize(1);
    none.pool_warned.resize(1);
    return none;
  };
  plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 1);
  EXPECT_EQ(on_order, rate("10").nano());
}

TEST_F(LesserTest, ARestartAsksForNoMore) {
  set_up({7}, 8, 2);
  world.run_for(minutes(5), seconds(5));
  const auto made = world.made();
  EXPECT_LE(made, 3);
  world.restart();
  world.run_for(minutes(3), seconds(5));
  EXPECT_EQ(world.made(), made);
}

TEST_F(LesserTest, NodesThatDoNotAdvertiseYetAreStarting) {
  set_up({0}, 8, 2);
  world.run_for(minutes(10), seconds(5));
  EXPECT_EQ(world.made(), 2);
  for (const auto& node : world.fleet.nodes) node->allocatable[0].count = 8;
  world.run_for(minutes(1), seconds(5));
  EXPECT_EQ(placed(), 2);
}

/// Whatever comes: beyond the nodes that the pods need, at most two come for each that waits at
/// once, and what has come serves who fits it.
RC_GTEST_PROP(LesserLaws, NodesThatServeNobodyAreFew, ()) {
  Theatre world;
  world.fleet.add_pool("a", {{.max_nodes = 40}});
  world.sizes = *rc::gen::resize(8, rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(
                                        rc::gen::inRange<std::int64_t>(1, 9))));
  world.add_policy("shop/web", *rc::gen::inRange<std::int64_t>(1, 9));
  auto& one = world.asking[0];
  one.wanted = *rc::gen::inRange<std::int64_t>(1, 6);
  world.run_for(minutes(9), seconds(10));
  const auto last = world.sizes.back();
  const auto waiting = std::ranges::count_if(world.fleet.cluster.pods,
                                             [](const Pod& pod) { return !pod.node; });
  const auto bad = std::ranges::count_if(world.fleet.nodes, [&](const auto& node) {
    return count_of(node->allocatable, "nvidia.com/gpu") < one.draw.accelerators;
  });
  RC_ASSERT(bad <= static_cast<std::int64_t>(world.sizes.size()) + one.wanted + 2);
  if (last >= one.draw.accelerators && bad <= 1) RC_ASSERT(waiting == 0);
}

}  // namespace
}  // namespace poolscaler::capacity
