// Nodes that are on order: those that pods bring where nobody asks for nodes, and those that were
// asked for and are needed no more.
#include <algorithm>

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

/// A pool whose groups take no count.
Theatre dynamic_world(const std::vector<GroupWords>& groups) {
  Theatre world;
  world.fleet.add_pool("a", groups);
  for (auto& facts : world.fleet.inputs[0].groups) {
    facts.desired.reset();
    facts.follows_pods = true;
    facts.removal = Removal::EmptyFirst;
  }
  return world;
}

Theatre dynamic_world(std::int32_t max_nodes = 10) {
  return dynamic_world(std::vector<GroupWords>{{.max_nodes = max_nodes}});
}

TEST(NodesForPods, AreGrantedBeyondWhatIsFreeAndNobodyIsAsked) {
  auto world = dynamic_world();
  world.asking[world.add_policy("shop/web", 8)].wanted = 3;
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 3);
  EXPECT_FALSE(plan.pools[0].groups[0].wanted);
}

TEST(NodesForPods, ComeAndGoWithTheirPods) {
  auto world = dynamic_world();
  world.asking[world.add_policy("shop/web", 4)].wanted = 5;
  world.run_for(seconds(5));
  EXPECT_EQ(world.nodes(), 3);
  world.asking[0].wanted = world.asking[0].draw.replicas = 0;
  world.run_for(seconds(5));
  EXPECT_EQ(world.nodes(), 0);
  EXPECT_THAT(world.told, Contains(HasSubstr("gone")).Times(3));
  EXPECT_THAT(world.told, Not(Contains(HasSubstr(" to "))));
}

TEST(NodesForPods, EndAtTheBoundsOfTheirGroup) {
  auto world = dynamic_world(4);
  world.fleet.facts(0, 0).most = 2;
  world.asking[world.add_policy("shop/web", 8)].wanted = 3;
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 2);
  EXPECT_EQ(plan.grants[0].refusal, money::Refusal::Pool);
}

TEST(NodesForPods, EndWhereTheBudgetEnds) {
  auto world = dynamic_world();
  world.asking[world.add_policy("shop/web", 8)].wanted = 5;
  world.limits = {most("35")};
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 3);
  EXPECT_EQ(plan.grants[0].refusal, money::Refusal::Budget);
}

TEST(NodesForPods, NeedAPriceToBeGranted) {
  auto world = dynamic_world();
  world.fleet.pools[0]->node_groups[0].price.reset();
  world.asking[world.add_policy("shop/web", 8)].wanted = 1;
  EXPECT_EQ(world.planned().grants[0].refusal, money::Refusal::Unpriced);
}

TEST(NodesForPods, ArePaidForAsIfTheDearestOfTheirGroupsGaveThem) {
  auto world = dynamic_world({{.name = "spot", .price = "5"}, {.name = "od", .price = "20"}});
  world.asking[world.add_policy("shop/web", 8)].wanted = 9;
  world.limits = {most("50")};
  EXPECT_EQ(world.planned().grants[0].most, 2);
  world.fleet.facts(0, 1).trouble = Finding{"it makes none", ""};
  EXPECT_EQ(world.planned().grants[0].most, 9) << "only the other can give them";
}

TEST(NodesForPods, NeedAPriceOfEachGroupThatMayGiveThem) {
  auto world = dynamic_world({{.name = "spot", .price = "5"}, {.name = "od", .price = ""}});
  world.asking[world.add_policy("shop/web", 8)].wanted = 1;
  EXPECT_EQ(world.planned().grants[0].refusal, money::Refusal::Unpriced);
}

TEST(NodesForPods, AreNotAskedForToKeepAMinimum) {
  auto world = dynamic_world(std::vector<GroupWords>{{.min_nodes = 2}});
  auto plan = world.planned();
  EXPECT_FALSE(plan.pools[0].groups[0].wanted);
  ASSERT_EQ(plan.pools[0].findings.size(), 1U);
  EXPECT_THAT(plan.pools[0].findings[0].words, HasSubstr("minNodes 2 of node group od"));
  world.fleet.facts(0, 0).least = 2;
  plan = world.planned();
  EXPECT_THAT(plan.pools[0].findings, IsEmpty()) << "its autoscaler keeps them";
}

TEST(NodesForPods, ThatWaitAreOnOrderAndNobodyElseIsGrantedTheirMoney) {
  auto world = dynamic_world();
  world.add_policy("shop/web", 8);
  world.asking[0].draw.replicas = world.asking[0].wanted = 2;
  world.schedule();
  world.add_policy("shop/late", 8);
  world.asking[1].draw.priority = 10;
  world.asking[1].wanted = 1;
  world.limits = {most("25")};
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[1].most, 0) << "two nodes of 10 an hour are on their way";
  EXPECT_EQ(plan.grants[1].refusal, money::Refusal::Budget);
  EXPECT_EQ(plan.grants[0].without_node, 0);
}

TEST(NodesForPods, OnOrderShareWhatIsLeftOfThem) {
  auto world = dynamic_world(1);
  world.add_policy("shop/web", 2);
  world.asking[0].draw.replicas = world.asking[0].wanted = 1;
  world.schedule();
  world.add_policy("shop/late", 6);
  world.asking[1].wanted = 2;
  EXPECT_EQ(world.planned().grants[1].most, 1);
}

TEST(NodesForPods, ArePodsOfNobodyToo) {
  auto world = dynamic_world();
  world.add_policy("shop/web", 8);
  world.fleet.draws = {world.asking[0].draw};
  auto& pod = world.fleet.add_pod({}, 8, 0);
  pod.policy.reset();
  pod.created = world.now;
  world.asking[0].wanted = 3;
  world.limits = {most("25")};
  EXPECT_EQ(world.planned().grants[0].most, 1);
}

TEST(NodesForPods, AreNotBroughtInModeRecommend) {
  auto world = dynamic_world();
  world.fleet.pools[0]->mode = PoolMode::Recommend;
  world.fleet.add_node(0, 0);
  world.asking[world.add_policy("shop/web", 8)].wanted = 3;
  EXPECT_EQ(world.planned().grants[0].most, 1);
}

TEST(NodesForPods, ThatDoNotComeLetAnotherGroupBeAsked) {
  Theatre world;
  world.fleet.add_pool("a", {{.name = "dynamic", .price = "3"}, {}});
  world.fleet.facts(0, 0).desired.reset();
  world.fleet.facts(0, 0).follows_pods = true;
  world.brings = false;
  world.asking[world.add_policy("shop/web", 8)].wanted = 1;
  world.run_for(minutes(14));
  EXPECT_EQ(world.asking[0].draw.replicas, 1);
  EXPECT_THAT(world.told, IsEmpty());
  world.run_for(minutes(2));
  EXPECT_THAT(world.told, ElementsAre("od to 1"));
}

TEST(NodesForPods, AreNeverWarm) {
  auto world = dynamic_world();
  world.fleet.pools[0]->warm.nodes = 1;
  const auto plan = world.planned();
  EXPECT_EQ(plan.pools[0].warm, 0);
  EXPECT_THAT(plan.pools[0].findings[0].words, HasSubstr("warm nodes: 1 more asked for"));
}

/// Whichever group the autoscaler takes: here always the first.
RC_GTEST_PROP(OrderingLaws, NodesForPodsOfSeveralGroupsAreNeverAboveACap, ()) {
  std::vector<GroupWords> groups;
  std::vector<std::int64_t> prices;
  for (const auto* name : {"a", "b"}) {
    prices.push_back(*rc::gen::element<std::int64_t>(3, 10, 30));
    groups.push_back({.name = name,
                      .type = *rc::gen::element(CapacityType::OnDemand, CapacityType::Spot),
                      .price = std::to_string(prices.back()),
                      .max_nodes = 30});
  }
  auto world = dynamic_world(groups);
  const auto cap = *rc::gen::inRange<std::int64_t>(0, 150);
  world.limits = {most(cap)};
  const auto size = *rc::gen::inRange<std::int64_t>(1, 9);
  for (const auto* name : {"p0", "p1"}) world.add_policy(name, size);
  for (int i = 0; i < 10; ++i) {
    for (auto& one : world.asking) {
      one.wanted = *rc::gen::inRange<std::int64_t>(0, 9);
      one.draw.replicas = std::min(one.draw.replicas, one.wanted);
    }
    world.brings = *rc::gen::inRange(0, 4) != 0;
    const auto time = *rc::gen::inRange(1, 20);
    for (int second = 0; second < time; ++second) {
      world.run_for(seconds(1));
      const auto seen = world.fleet.survey(world.now);
      std::int64_t rate = 0;
      for (std::size_t g = 0; g < groups.size(); ++g)
        rate += seen.pools[0].groups[g].present() * prices[g];
      RC_ASSERT(rate <= cap);
    }
  }
  RC_ASSERT(world.removed_busy.empty());
}

/// Of replicas of one size: with several the scheduler may fragment what was whole.
RC_GTEST_PROP(OrderingLaws, NodesForPodsAreNeverAboveABoundOrACap, ()) {
  auto world = dynamic_world(*rc::gen::inRange(0, 8));
  const auto size = *rc::gen::inRange<std::int64_t>(1, 9);
  const auto policies = *rc::gen::inRange(1, 5);
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
    world.brings = *rc::gen::inRange(0, 4) != 0;
    const auto time = *rc::gen::inRange(1, 20);
    for (int second = 0; second < time; ++second) {
      world.run_for(seconds(1));
      std::int64_t needed = 0;
      for (const auto& one : world.asking) needed += one.draw.replicas;
      RC_ASSERT(world.nodes() * 10 <= cap);
      RC_ASSERT(world.nodes() <= world.fleet.pools[0]->node_groups[0].max_nodes);
      RC_ASSERT(needed * size <= 8 * world.fleet.pools[0]->node_groups[0].max_nodes);
    }
  }
  RC_ASSERT(world.removed_busy.empty());
  for (const auto& told : world.told) RC_ASSERT(told.starts_with("gone "));
}

/// Three nodes of 10 an hour are asked for, and none has come.
class NodesOnOrder : public testing::Test {
 protected:
  NodesOnOrder() {
    world.fleet.add_pool("a", {{}});
    world.asking[world.add_policy("shop/web", 8)].wanted = 3;
    (void)world.round();
    EXPECT_THAT(world.told, ElementsAre("od to 3"));
  }
  /// Nobody acts but the operator.
  void wait(Millis time) {
    for (const auto until = world.now + time; world.now < until;) (void)world.round();
  }
  void want(std::int64_t replicas) {
    world.asking[0].wanted = replicas;
    world.asking[0].draw.replicas = std::min(world.asking[0].draw.replicas, replicas);
  }
  Theatre world;
};

TEST_F(NodesOnOrder, ThatNobodyNeedsAreTakenBackAfterAMinute) {
  want(1);
  wait(seconds(59));
  EXPECT_THAT(world.told, ElementsAre("od to 3"));
  wait(seconds(2));
  EXPECT_THAT(world.told, ElementsAre("od to 3", "od to 1"));
  wait(minutes(5));
  EXPECT_THAT(world.told, ElementsAre("od to 3", "od to 1"));
}

TEST_F(NodesOnOrder, SayWhyTheyAreTakenBack) {
  want(1);
  wait(seconds(59));
  world.now += seconds(10);
  EXPECT_EQ(world.planned().pools[0].groups[0].words,
            "nobody needs 2 of those that have not come");
}

TEST_F(NodesOnOrder, StayWhenTheyAreNeededAgain) {
  want(0);
  wait(seconds(50));
  want(3);
  wait(seconds(5));
  want(0);
  wait(seconds(50));
  EXPECT_THAT(world.told, ElementsAre("od to 3"));
}

TEST_F(NodesOnOrder, StayWhileSomebodyHasNotBeenHeard) {
  world.heard = false;
  want(0);
  wait(minutes(5));
  EXPECT_THAT(world.told, ElementsAre("od to 3"));
}

TEST_F(NodesOnOrder, AreTakenBackToThoseThatAreThere) {
  world.fleet.add_node(0, 0);
  --*world.fleet.facts(0, 0).desired;  // it is one of the three
  world.schedule();
  want(1);
  wait(minutes(2));
  EXPECT_THAT(world.told, ElementsAre("od to 3", "od to 1"));
}

TEST_F(NodesOnOrder, StayWhereANodeThatIsThereCouldGoInstead) {
  world.fleet.facts(0, 0).removal = Removal::AllEmpty;
  world.fleet.add_node(0, 0);
  --*world.fleet.facts(0, 0).desired;
  world.schedule();
  want(1);
  wait(minutes(5));
  EXPECT_THAT(world.told, ElementsAre("od to 3"));
}

TEST_F(NodesOnOrder, OfAGroupWithoutNodesAreTakenBackWhoeverPicks) {
  world.fleet.facts(0, 0).removal = Removal::AllEmpty;
  want(1);
  wait(minutes(2));
  EXPECT_THAT(world.told, ElementsAre("od to 3", "od to 1"));
}

TEST_F(NodesOnOrder, StayBesideABusyNodeThatAils) {
  auto& node = world.fleet.add_node(0, 0);
  --*world.fleet.facts(0, 0).desired;
  world.schedule();
  node.ready = false;  // its group might take it for the one to remove
  want(1);
  wait(minutes(5));
  EXPECT_THAT(world.told, ElementsAre("od to 3"));
}

TEST_F(NodesOnOrder, ThatArePaidAnywayStay) {
  world.fleet.pools[0]->node_groups[0].capacity_type = CapacityType::Reserved;
  want(0);
  wait(minutes(5));
  EXPECT_THAT(world.told, ElementsAre("od to 3"));
}

TEST_F(NodesOnOrder, ThatAreKeptWarmStay) {
  world.fleet.pools[0]->warm.nodes = 1;
  world.fleet.pools[0]->node_groups[0].min_nodes = 1;
  want(0);
  wait(minutes(5));
  EXPECT_THAT(world.told, ElementsAre("od to 3", "od to 1"));
}

TEST_F(NodesOnOrder, OfAZonalGroupAreTakenBackInWholeSteps) {
  auto& facts = world.fleet.facts(0, 0);
  facts.step = 3;
  facts.desired = 6;
  want(2);
  wait(minutes(2));
  EXPECT_THAT(world.told, ElementsAre("od to 3", "od to 3"));
}

/// What is left of what was asked for is enough for everybody; of one size, as above.
RC_GTEST_PROP(OrderingLaws, NothingIsTakenBackThatIsThereOrNeeded, ()) {
  Theatre world;
  world.fleet.add_pool("a", {{.name = "od", .price = *rc::gen::element<std::string>("3", "30")},
                             {.name = "spot", .type = CapacityType::Spot}});
  for (std::size_t g = 0; g < 2; ++g)
    world.fleet.facts(0, g).removal =
        *rc::gen::element(Removal::Named, Removal::EmptyFirst, Removal::AllEmpty);
  const auto size = *rc::gen::inRange<std::int64_t>(1, 9);
  for (int i = 0; i < 2; ++i) world.add_policy("p" + std::to_string(i), size);
  for (int i = 0; i < 12; ++i) {
    for (auto& one : world.asking) {
      one.wanted = *rc::gen::inRange<std::int64_t>(0, 9);
      one.draw.replicas = std::min(one.draw.replicas, one.wanted);
    }
    world.brings = *rc::gen::inRange(0, 3) == 0;
    const auto time = *rc::gen::inRange(1, 150);
    for (int second = 0; second < time; ++second) {
      world.schedule();
      const auto before = world.fleet.survey(world.now);
      const auto plan = world.round();
      std::int64_t nodes = 0;
      for (std::size_t g = 0; g < 2; ++g) {
        const auto& group = plan.pools[0].groups[g];
        const auto present = before.pools[0].groups[g].present();
        if (group.wanted && group.leaving.empty()) RC_ASSERT(*group.wanted >= present);
        nodes += std::max(*world.fleet.facts(0, g).desired, present);
      }
      std::int64_t replicas = 0;
      for (const auto& one : world.asking) replicas += one.draw.replicas;
      const bool refused = std::ranges::any_of(world.memory[0].groups, [](const auto& group) {
        return group.refused_until.has_value();
      });
      if (!refused) RC_ASSERT(replicas <= nodes * (8 / size));
      world.groups_act();
    }
  }
  RC_ASSERT(world.removed_busy.empty());
}

}  // namespace
}  // namespace poolscaler::capacity
