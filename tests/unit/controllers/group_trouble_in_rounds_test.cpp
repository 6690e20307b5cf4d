// Node groups that give other nodes than their pool says, or bounds that no count keeps.
#include "pool_rounds.hpp"

namespace poolscaler::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class GroupTroubleInRounds : public PoolsInRounds {
 protected:
  json group() { return world.cluster->pool_status("h100")["groups"][0]; }
  static std::string message(const json& object) { return object.value("message", ""); }
};

TEST_F(GroupTroubleInRounds, NodesWithFewerAcceleratorsAreToldOfAndNoMoreComeForWhatDoesNotFit) {
  set_up();
  world.cluster->gpus_of_nodes = 4;
  waiting(10);
  live(50 * second);
  EXPECT_EQ(asked(), 2);
  EXPECT_EQ(replicas(), 1);
  EXPECT_EQ(group()["reason"], "CapacityLimited");
  const auto told = AllOf(HasSubstr("its newest nodes (h100-n"),
                          HasSubstr("came with 4 nvidia.com/gpu, and accelerator.perNode is 8"),
                          HasSubstr("correct accelerator.perNode"));
  EXPECT_THAT(message(group()), told);
  EXPECT_EQ(pool_condition("Capacity")["status"], "False");
  EXPECT_EQ(pool_condition("Capacity")["reason"], "CapacityLimited");
  EXPECT_THAT(message(pool_condition("Capacity")), told);
  waiting(20);
  live(10 * second);
  EXPECT_EQ(replicas(), 1);
  EXPECT_EQ(condition("Limited")["reason"], "CappedByPool");
  EXPECT_THAT(message(condition("Limited")), HasSubstr("came with 4 nvidia.com/gpu"));
  live(10 * minute);
  EXPECT_EQ(asked(), 0) << "they go as idle nodes do";
  EXPECT_EQ(world.cluster->node_count(), 0U);
  EXPECT_THAT(message(group()), HasSubstr("gets no node of it before"));
}

TEST_F(GroupTroubleInRounds, ADeadDeviceIsToldOfWhereEverythingFits) {
  set_up();
  world.cluster->add_gpu_deployment(web, 0, 1);
  world.cluster->gpus_of_nodes = 7;
  waiting(10);
  live(50 * second);
  EXPECT_EQ(asked(), 1);
  EXPECT_EQ(replicas(), 1);
  EXPECT_THAT(message(group()),
              HasSubstr("1 node (h100-n1) of it offers 7 nvidia.com/gpu, and accelerator.perNode "
                        "is 8; look at the devices of the node"));
  EXPECT_EQ(pool_condition("Capacity")["reason"], "CapacityLimited");
  world.cluster->gpus_of_nodes = 8;
  world.cluster->make_ready("h100-n1", true);
  live(5 * second);
  EXPECT_EQ(pool_condition("Capacity")["status"], "True");
  EXPECT_EQ(message(group()), "");
}

TEST_F(GroupTroubleInRounds, AnObjectThatKeepsMoreThanMaxNodesGetsNoMore) {
  set_up(0, 2);
  world.cluster->add_group("h100", 3);
  world.cluster->bound_group("h100", "min", 3);
  waiting(50);
  live(40 * second);
  EXPECT_EQ(asked(), 3);
  EXPECT_EQ(replicas(), 3) << "on what is there";
  EXPECT_EQ(pool_condition("Ready")["status"], "False");
  EXPECT_EQ(pool_condition("Ready")["reason"], "PoolInvalid");
  EXPECT_THAT(message(pool_condition("Ready")),
              AllOf(HasSubstr("keeps at least 3 nodes (metadata.annotations["),
                    HasSubstr("min-size]), and maxNodes of the group is 2"),
                    HasSubstr("lower the one or raise maxNodes")));
  EXPECT_EQ(group()["reason"], "PoolInvalid");
  EXPECT_THAT(message(condition("Limited")), HasSubstr("keeps at least 3 nodes"));
  world.cluster->bound_group("h100", "min", 2);
  live(5 * second);
  EXPECT_EQ(pool_condition("Ready")["status"], "True");
}

TEST_F(GroupTroubleInRounds, ItGivesBackWhatItsOwnBoundsAllow) {
  set_up(0, 2);
  world.cluster->add_group("h100", 5);
  world.cluster->bound_group("h100", "min", 3);
  live(10 * minute);
  EXPECT_EQ(asked(), 3);
}

TEST_F(GroupTroubleInRounds, AnObjectThatTakesFewerThanMinNodesGetsNone) {
  set_up();
  world.cluster->bound_group("h100", "max", 1);
  auto groups = pool_spec(5, "32.77")["nodeGroups"];
  groups[0]["minNodes"] = 2;
  world.cluster->edit_pool("h100", {{"nodeGroups", groups}});
  waiting(20);
  live(30 * second);
  EXPECT_EQ(asked(), 0);
  EXPECT_EQ(replicas(), 0);
  EXPECT_EQ(pool_condition("Ready")["reason"], "PoolInvalid");
  EXPECT_THAT(message(pool_condition("Ready")),
              AllOf(HasSubstr("takes at most 1 node (metadata.annotations["),
                    HasSubstr("max-size]), and minNodes of the group is 2"),
                    HasSubstr("raise the one or lower minNodes")));
}

}  // namespace
}  // namespace poolscaler::testing
