// Pools whose nodes come for pods that wait, through the rounds: nobody is asked for a count, and
// caps hold all the same.

#include <gmock/gmock.h>

#include "pool_rounds.hpp"

namespace poolscaler::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A pool over a dynamic NodePool of Karpenter.
class DynamicPools : public PoolsInRounds {
 protected:
  void set_up_dynamic(const json& limits = json::object()) {
    auto spec = pool_spec(5, "32.77");
    spec["nodeGroups"][0]["backendRef"] = {
        {"apiVersion", "karpenter.sh/v1"}, {"kind", "NodePool"}, {"name", "gpu"}};
    world.cluster->add_node_pool("gpu", limits);
    world.cluster->add_pool("h100", spec);
    world.cluster->add_gpu_deployment(web, 0, 8);
    world.cluster->add_policy(web, pool_policy("web", 0, 10));
    waiting(0);
    live(3 * second);
  }
};

TEST_F(DynamicPools, GrowByTheirPodsAndAreNeverWritten) {
  set_up_dynamic();
  waiting(30);
  live(20 * second);
  EXPECT_EQ(replicas(), 3);
  EXPECT_EQ(world.cluster->node_count(), 3U);
  EXPECT_EQ(pool_condition("Ready")["status"], "True");
  waiting(0);
  live(3 * minute);
  EXPECT_EQ(replicas(), 0);
  EXPECT_EQ(world.cluster->node_count(), 0U);
  EXPECT_THAT(world.cluster->group_writes, IsEmpty());
  EXPECT_THAT(world.cluster->removed_busy, IsEmpty());
}

TEST_F(DynamicPools, EndAtTheLimitsOfTheirObject) {
  set_up_dynamic({{"nvidia.com/gpu", "20"}, {"cpu", "1000"}});
  waiting(50);
  live(20 * second);
  EXPECT_EQ(replicas(), 2);
  EXPECT_EQ(condition("Limited")["reason"], "CappedByPool");
  EXPECT_THAT(condition("Limited")["message"].get<std::string>(),
              HasSubstr("it has 2 of at most 2 nodes"));
}

TEST_F(DynamicPools, EndWhereTheBudgetEnds) {
  set_up_dynamic();
  world.cluster->add_budget("team-a", {{"limits", json::array({{{"name", "rate"},
                                                               {"mode", "Rate"},
                                                               {"amount", "100"}}})}});
  waiting(50);
  for (int i = 0; i < 30; ++i) {
    live(2 * second);
    ASSERT_LE(world.cluster->node_count(), 3U);
  }
  EXPECT_EQ(replicas(), 3);
  EXPECT_EQ(condition("Limited")["reason"], "CappedByBudget");
}

/// Over a MachineDeployment that is asked for nodes, and a NodePool that brings some for pods.
class MixedPools : public PoolsInRounds {
 protected:
  void set_up_mixed() {
    auto spec = pool_spec(2, "32.77");
    spec["nodeGroups"].push_back({{"name", "burst"},
                                  {"backendRef",
                                   {{"apiVersion", "karpenter.sh/v1"},
                                    {"kind", "NodePool"},
                                    {"name", "gpu"}}},
                                  {"maxNodes", 5},
                                  {"price", "40"}});
    world.cluster->add_group("h100", 0);
    world.cluster->add_node_pool("gpu", json::object());
    world.cluster->add_pool("h100", spec);
    world.cluster->add_gpu_deployment(web, 0, 8);
    world.cluster->add_policy(web, pool_policy("web", 0, 10));
    world.cluster->add_budget("team-a", {{"limits", json::array({{{"name", "rate"},
                                                                 {"mode", "Rate"},
                                                                 {"amount", "110"}}})}});
    waiting(0);
    live(3 * second);
  }
};

TEST_F(MixedPools, BringNoNodeForAPodThatAnotherWasAskedFor) {
  set_up_mixed();
  waiting(20);
  for (int i = 0; i < 60; ++i) {  // the controller of the MachineDeployment is slow
    world.run_for(second, Millis(200));
    world.cluster->schedule_pods();
    ASSERT_EQ(replicas(), 0);
  }
  EXPECT_EQ(asked(), 2);
  EXPECT_EQ(condition("Limited")["reason"], "AwaitingNodes");
  EXPECT_THAT(condition("Limited")["message"].get<std::string>(),
              HasSubstr("2 of them once their nodes are ready"));
  live(20 * second);
  EXPECT_EQ(replicas(), 2);
  EXPECT_EQ(world.cluster->node_count(), 2U);
  EXPECT_EQ(condition("Limited")["status"], "False");
}

TEST_F(MixedPools, GrowWithBothKindsToTheCapAndBack) {
  set_up_mixed();
  waiting(50);
  for (int i = 0; i < 60; ++i) {
    live(second);
    ASSERT_LE(world.cluster->node_count(), 3U) << "2 at 32.77 and one at 40";
  }
  EXPECT_EQ(replicas(), 3);
  EXPECT_EQ(condition("Limited")["reason"], "CappedByBudget");
  waiting(0);
  live(4 * minute);
  EXPECT_EQ(replicas(), 0);
  EXPECT_EQ(world.cluster->node_count(), 0U);
  EXPECT_THAT(world.cluster->removed_busy, IsEmpty());
}

/// Over a group whose nodes a cluster autoscaler brings, labelled.
class AutoscaledPools : public PoolsInRounds {
 protected:
  static json labelled_spec() {
    auto spec = pool_spec(5, "32.77");
    spec["nodeGroups"][0]["nodeSelector"] =
        json::array({{{"key", "karpenter.sh/nodepool"}, {"value", "h100"}}});
    return spec;
  }
  void set_up_autoscaled(const json& spec) {
    world.cluster->add_pool("h100", spec);
    world.cluster->add_gpu_deployment(web, 0, 8);
    world.cluster->add_policy(web, pool_policy("web", 0, 10));
    world.cluster->add_budget("team-a", {{"limits", json::array({{{"name", "rate"},
                                                                 {"mode", "Rate"},
                                                                 {"amount", "100"}}})}});
    waiting(0);
    live(3 * second);
  }
  /// To the cap and back to nothing, without a word to the group.
  void grow_to_the_cap_and_back() {
    waiting(50);
    for (int i = 0; i < 30; ++i) {
      live(2 * second);
      ASSERT_LE(world.cluster->node_count(), 3U);
    }
    EXPECT_EQ(replicas(), 3);
    EXPECT_EQ(condition("Limited")["reason"], "CappedByBudget");
    EXPECT_EQ(pool_condition("Ready")["status"], "True") << pool_condition("Ready");
    EXPECT_EQ(world.cluster->pool_status("h100")["accelerators"]["allocated"], 24);
    waiting(0);
    live(3 * minute);
    EXPECT_EQ(replicas(), 0);
    EXPECT_EQ(world.cluster->node_count(), 0U);
    EXPECT_THAT(world.cluster->group_writes, IsEmpty());
    EXPECT_THAT(world.cluster->removed_busy, IsEmpty());
  }
};

TEST_F(AutoscaledPools, WithoutAnObjectGrowByTheirPodsWithinTheBudget) {
  auto spec = labelled_spec();
  spec["nodeGroups"][0].erase("backendRef");
  spec["nodeGroups"][0]["growth"] = "PendingPods";
  world.cluster->autoscale("h100", 0, 5);
  set_up_autoscaled(spec);
  grow_to_the_cap_and_back();
}

TEST_F(AutoscaledPools, OfAnObjectThatSaysSoAreNeverWritten) {
  world.cluster->add_group("h100", 0);
  world.cluster->autoscale("h100", 0, 5);
  set_up_autoscaled(labelled_spec());
  grow_to_the_cap_and_back();
}

TEST_F(AutoscaledPools, EndAtTheBoundsOfTheAutoscaler) {
  world.cluster->add_group("h100", 0);
  world.cluster->autoscale("h100", 0, 1);
  set_up_autoscaled(labelled_spec());
  waiting(50);
  live(20 * second);
  EXPECT_EQ(replicas(), 1);
  EXPECT_EQ(condition("Limited")["reason"], "CappedByPool");
}

TEST_F(AutoscaledPools, AreNotDrainedOnceAnAutoscalerTakesOver) {
  world.cluster->add_group("h100", 0);
  set_up_autoscaled(pool_spec(5, "32.77"));
  waiting(10);
  live(20 * second);
  ASSERT_EQ(asked(), 1);
  const auto writes = world.cluster->group_writes.size();
  world.cluster->autoscale("h100", 0, 5);
  waiting(0);
  live(5 * minute);
  EXPECT_EQ(replicas(), 0);
  EXPECT_EQ(world.cluster->node_count(), 1U);
  EXPECT_EQ(world.cluster->group_writes.size(), writes);
  EXPECT_EQ(pool_condition("Draining")["status"], "False");
}

TEST_F(DynamicPools, InModeRecommendGrowIntoWhatIsFreeAlone) {
  set_up_dynamic();
  world.cluster->edit_pool("h100", {{"mode", "Recommend"}});
  waiting(30);
  live(20 * second);
  EXPECT_EQ(replicas(), 0);
  EXPECT_EQ(condition("Limited")["reason"], "CappedByPool");
}

}  // namespace
}  // namespace poolscaler::testing
