// Spare nodes that an autoscaler is asked to keep: they are paid for before they are asked for, and
// so is the node that replaces one that is taken.
#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "theatre.hpp"

namespace poolscaler::capacity {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

money::Limit most(std::int64_t amount) {
  return {.budget = "b", .cap = money::RateCap{HourlyRate::of(amount * Amount::per_whole)}};
}

/// A group at 10 an hour whose autoscaler keeps `spare` nodes empty.
Theatre buffered_world(std::int64_t spare, std::int32_t warm, std::int32_t max_nodes = 10) {
  Theatre world;
  auto& pool = world.fleet.add_pool("a", {{.max_nodes = max_nodes}});
  pool.warm.nodes = warm;
  auto& facts = world.fleet.facts(0, 0);
  facts.desired.reset();
  facts.follows_pods = true;
  facts.spare = spare;
  return world;
}

TEST(SpareNodes, AreAskedForAsFarAsTheyArePaidFor) {
  auto world = buffered_world(0, 2);
  EXPECT_EQ(world.planned().pools[0].groups[0].spare, 2);
  world.limits = {most(15)};
  const auto plan = world.planned();
  EXPECT_EQ(plan.pools[0].groups[0].spare, 1);
  EXPECT_FALSE(plan.pools[0].groups[0].wanted);
  EXPECT_THAT(plan.pools[0].findings[0].words, HasSubstr("warm nodes: 2 more asked for"));
}

TEST(SpareNodes, ComeStayAndGoWithTheirBuffer) {
  auto world = buffered_world(0, 2);
  world.run_for(seconds(5));
  EXPECT_EQ(world.nodes(), 2);
  world.fleet.pools[0]->warm.nodes = 0;
  world.run_for(seconds(5));
  EXPECT_EQ(world.nodes(), 0);
  EXPECT_THAT(world.told, ElementsAre("od keeps 2", "od keeps 0", "gone od-n0", "gone od-n1"));
}

TEST(SpareNodes, AreTakenAtOnceWhereTheNextOneIsPaidFor) {
  auto world = buffered_world(1, 1);
  world.fleet.add_node(0, 0);
  world.asking[world.add_policy("shop/web", 8)].wanted = 1;
  world.limits = {most(20)};
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 1);
  EXPECT_FALSE(plan.pools[0].groups[0].spare);
}

TEST(SpareNodes, AreTakenOnlyOnceFewerAreKeptWhereTheNextOneIsNotPaidFor) {
  auto world = buffered_world(1, 1);
  world.fleet.add_node(0, 0);
  world.asking[world.add_policy("shop/web", 8)].wanted = 1;
  world.limits = {most(10)};
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 0);
  EXPECT_EQ(plan.grants[0].refusal, money::Refusal::Budget);
  EXPECT_EQ(plan.pools[0].groups[0].spare, 0);
  world.fleet.facts(0, 0).spare = 0;
  EXPECT_EQ(world.planned().grants[0].most, 1);
}

TEST(SpareNodes, YieldAtTheBoundOfTheirGroupToo) {
  auto world = buffered_world(1, 1, 1);
  world.fleet.add_node(0, 0);
  world.asking[world.add_policy("shop/web", 4)].wanted = 1;
  world.run_for(seconds(5));
  EXPECT_EQ(world.asking[0].draw.replicas, 1);
  EXPECT_EQ(world.nodes(), 1);
  EXPECT_THAT(world.told, AllOf(Contains("od keeps 0"), Not(Contains("od keeps 1"))));
}

TEST(SpareNodes, ThatHaveNotComeAreOnOrder) {
  auto world = buffered_world(1, 1);
  world.add_policy("shop/web", 8);
  world.asking[0].wanted = 1;
  world.limits = {most(15)};
  EXPECT_EQ(world.planned().grants[0].most, 0) << "the one on order costs 10";
}

TEST(SpareNodes, AreTheFirstThatABudgetTakes) {
  auto world = buffered_world(2, 2);
  world.warned = true;
  EXPECT_EQ(world.planned().pools[0].groups[0].spare, 0);
}

TEST(SpareNodes, AreLeftAsTheyAreInModeRecommendAndInTrouble) {
  auto world = buffered_world(2, 0);
  world.fleet.pools[0]->mode = PoolMode::Recommend;
  EXPECT_FALSE(world.planned().pools[0].groups[0].spare);
  world.fleet.pools[0]->mode = PoolMode::Automatic;
  world.fleet.facts(0, 0).trouble = Finding{"it is not well", ""};
  EXPECT_FALSE(world.planned().pools[0].groups[0].spare);
}

/// Whatever is wanted, kept and taken, and however late the autoscaler hears of it.
RC_GTEST_PROP(SpareNodeLaws, NodesAreNeverAboveABoundOrACap, ()) {
  auto world = buffered_world(0, 0, *rc::gen::inRange(0, 8));
  const auto size = *rc::gen::inRange<std::int64_t>(1, 9);
  const auto policies = *rc::gen::inRange(1, 4);
  for (int i = 0; i < policies; ++i) {
    const auto at = world.add_policy("p" + std::to_string(i), size);
    world.asking[at].draw.priority = *rc::gen::inRange(0, 3);
  }
  const auto cap = *rc::gen::inRange<std::int64_t>(0, 80);
  world.limits = {most(cap)};
  for (int i = 0; i < 10; ++i) {
    for (auto& one : world.asking) {
      one.wanted = *rc::gen::inRange<std::int64_t>(0, 9);
      one.draw.replicas = std::min(one.draw.replicas, one.wanted);
    }
    world.fleet.pools[0]->warm.nodes = *rc::gen::inRange(0, 4);
    world.warned = *rc::gen::inRange(0, 4) == 0;
    world.brings = *rc::gen::inRange(0, 4) != 0;
    const auto time = *rc::gen::inRange(1, 20);
    for (int second = 0; second < time; ++second) {
      world.run_for(seconds(1));
      RC_ASSERT(world.nodes() * 10 <= cap);
      RC_ASSERT(world.nodes() <= world.fleet.pools[0]->node_groups[0].max_nodes);
    }
  }
  RC_ASSERT(world.removed_busy.empty());
}

/// In peace everything that is wanted and paid for is there, and as much spare as is left.
RC_GTEST_PROP(SpareNodeLaws, NothingThatIsPaidForIsHeldBack, ()) {
  const auto warm = *rc::gen::inRange(0, 4);
  auto world = buffered_world(0, warm, 20);
  world.add_policy("p", 8);
  const auto cap = *rc::gen::inRange<std::int64_t>(0, 12);
  world.limits = {most(cap * 10)};
  for (int i = 0; i < 5; ++i) {
    auto& one = world.asking[0];
    one.wanted = *rc::gen::inRange<std::int64_t>(0, 9);
    one.draw.replicas = std::min(one.draw.replicas, one.wanted);
    world.run_for(seconds(20));
    RC_ASSERT(one.draw.replicas == std::min(one.wanted, cap));
    RC_ASSERT(world.fleet.facts(0, 0).spare ==
              std::min<std::int64_t>(warm, cap - one.draw.replicas));
  }
}

}  // namespace
}  // namespace poolscaler::capacity
