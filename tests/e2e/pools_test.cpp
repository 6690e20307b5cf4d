// Pods, nodes and money on a real control plane: a real MachineDeployment is asked for nodes, the
// real scheduler places pods on them, a budget caps both, and everything goes back to zero.
#include <gmock/gmock.h>

#include "e2e/machine_room.hpp"
#include "e2e/world.hpp"

namespace poolscaler::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string own_api = "/apis/poolscaler.dev/v1alpha1/";
const std::string merge = "application/merge-patch+json";

class Pools : public Case {
 protected:
  void SetUp() override {
    if (const auto why = MachineRoom::why_unavailable(); !why.empty()) {
      ASSERT_NE(rig::environment("CI"), "true") << why;
      GTEST_SKIP() << why;
    }
    Case::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    room = std::make_unique<MachineRoom>(cluster(), ns(), "h100");
    cluster().apply(pool().dump());
  }
  void TearDown() override {
    stop_operators();
    cluster().request("DELETE", own_api + "acceleratorpools/" + ns());
    cluster().request("DELETE", own_api + "costbudgets/" + ns());
    room.reset();
    Case::TearDown();
  }

  /// Named like the namespace; a node costs 32.77 $/h and leaves after 5 s without a pod.
  [[nodiscard]] json pool() const {
    return {{"apiVersion", "poolscaler.dev/v1alpha1"},
            {"kind", "AcceleratorPool"},
            {"metadata", {{"name", ns()}}},
            {"spec",
             {{"accelerator", {{"resource", "example.com/accelerator"}, {"perNode", 8}}},
              {"nodeGroups",
               json::array({{{"name", "od"},
                             {"backendRef",
                              {{"apiVersion", "cluster.x-k8s.io/v1beta2"},
                               {"kind", "MachineDeployment"},
                               {"namespace", ns()},
                               {"name", "h100"}}},
                             {"maxNodes", 3},
                             {"price", "32.77"}}})},
              {"scaleDown", {{"idleAfterSeconds", 5}, {"drainTimeoutSeconds", 60}}}}}};
  }
  void make_budget(const std::string& amount) {
    cluster().apply(json{{"apiVersion", "poolscaler.dev/v1alpha1"},
                         {"kind", "CostBudget"},
                         {"metadata", {{"name", ns()}}},
                         {"spec",
                          {{"limits", json::array({{{"name", "rate"},
                                                    {"mode", "Rate"},
                                                    {"amount", amount}}})},
                           {"coolDownSeconds", 1}}}}
                        .dump());
  }
  void make_workload(const std::string& name) {
    make_deployment(
        name, 0,
        {{"resources", {{"limits", {{"example.com/accelerator", "8"}, {"cpu", "1"}}}}}});
    make_policy(name, {{"poolRef", {{"name", ns()}}},
                       {"behavior",
                        {{"scaleDown", {{"stabilizationWindowSeconds", 0}}}}}});
  }
  [[nodiscard]] bool nodes_become(std::size_t count, Ms limit = Ms{60'000}) {
    return rig::eventually(limit, [&] { return room->nodes().size() == count; });
  }
  [[nodiscard]] json pool_object() { return cluster().get(own_api + "acceleratorpools/" + ns()); }
  [[nodiscard]] json budget() { return cluster().get(own_api + "costbudgets/" + ns()); }
  [[nodiscard]] int ready(const std::string& name) {
    const auto object = cluster().get(apps("deployments", name));
    return object.is_null() ? 0 : object["status"].value("readyReplicas", 0);
  }
  std::string told() {
    return policy_object("web").dump(1) + pool_object().dump(1) + the_operator().log();
  }

  std::unique_ptr<MachineRoom> room;
};

TEST_F(Pools, FromZeroToACapAndBackToZero) {
  make_budget("50");
  make_workload("web");
  set_load("web", 0);
  start_operator();
  ASSERT_TRUE(condition_becomes("web", "Ready", "True Accepted"));
  EXPECT_EQ(room->wanted(), 0);

  // Load for two; the budget pays for one node.
  set_load("web", 15);
  ASSERT_TRUE(reaches("web", 1)) << told();
  ASSERT_TRUE(nodes_become(1)) << told();
  ASSERT_TRUE(rig::eventually(Ms{60'000}, [&] { return ready("web") == 1; })) << told();
  EXPECT_TRUE(condition_becomes("web", "Limited", "True CappedByBudget"));
  EXPECT_THAT(policy_object("web").dump(), HasSubstr("of 50.00 an hour"));
  EXPECT_EQ(pool_object()["status"]["accelerators"]["allocated"], 8) << pool_object().dump(1);
  EXPECT_EQ(room->wanted(), 1);

  // More money, more nodes.
  make_budget("100");
  ASSERT_TRUE(reaches("web", 2)) << told();
  ASSERT_TRUE(rig::eventually(Ms{60'000}, [&] { return ready("web") == 2; })) << told();
  EXPECT_TRUE(rig::eventually(Ms{90'000}, [&] {
    const auto status = budget().value("status", json::object());
    return status.contains("ledger") &&
           status["limits"][0].value("accrued", "") == "65.54";
  })) << budget().dump(1);

  // Idle: pods go, then the nodes, one after the other, and none that is busy.
  set_load("web", 0);
  ASSERT_TRUE(reaches("web", 0, Ms{60'000})) << told();
  ASSERT_TRUE(nodes_become(0, Ms{120'000})) << told();
  EXPECT_EQ(room->wanted(), 0);
  EXPECT_THAT(room->removed_busy(), IsEmpty());
  EXPECT_EQ(room->most(), 2);
  EXPECT_TRUE(rig::eventually(Ms{90'000}, [&] {
    return pool_object()["status"]["nodes"].value("total", -1) == 0;
  })) << pool_object().dump(1);
}

TEST_F(Pools, AnOperatorThatIsKilledIsFollowedByOneThatFinishes) {
  make_workload("web");
  set_load("web", 15);
  start_operator();
  ASSERT_TRUE(reaches("web", 2)) << told();
  the_operator().process().kill();
  stop_operators();
  start_operator();
  ASSERT_TRUE(rig::eventually(Ms{120'000}, [&] { return ready("web") == 2; })) << told();
  EXPECT_EQ(room->most(), 2);
  set_load("web", 0);
  ASSERT_TRUE(reaches("web", 0, Ms{60'000})) << told();
  ASSERT_TRUE(nodes_become(0, Ms{120'000})) << told();
  EXPECT_THAT(room->removed_busy(), IsEmpty());
}

}  // namespace
}  // namespace poolscaler::e2e
