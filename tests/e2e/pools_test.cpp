// Pods, nodes and money on a real control plane: a real MachineDeployment is asked for nodes, the
// real scheduler places pods on them, a budget caps both, and everything goes back to zero.
#include <gmock/gmock.h>

#include "e2e/machine_room.hpp"
#include "e2e/pod_room.hpp"
#include "e2e/world.hpp"
#include "poolscaler/base/time.hpp"

namespace poolscaler::e2e {
namespace {

using nlohmann::literals::operator""_json_pointer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string own_api = "/apis/poolscaler.dev/v1alpha1/";

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
  /// The same over a dynamic NodePool.
  [[nodiscard]] json pool_of_pods() const {
    auto object = pool();
    object["spec"]["nodeGroups"][0]["backendRef"] = {
        {"apiVersion", "karpenter.sh/v1"}, {"kind", "NodePool"}, {"name", ns()}};
    object["spec"]["nodeGroups"][0]["maxNodes"] = 10;
    return object;
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

TEST_F(Pools, WhatSomebodyElseAsksForBeyondTheCapIsTakenBack) {
  make_budget("50");
  make_workload("web");
  set_load("web", 15);
  start_operator();
  ASSERT_TRUE(rig::eventually(Ms{60'000}, [&] { return ready("web") == 1; })) << told();
  room->hold(true);
  cluster().request(
      "PATCH", "/apis/cluster.x-k8s.io/v1beta2/namespaces/" + ns() + "/machinedeployments/h100",
      json{{"spec", {{"replicas", 3}}}}.dump(), merge);
  ASSERT_TRUE(rig::eventually(Ms{30'000}, [&] { return room->wanted() == 1; })) << told();
  EXPECT_EQ(policy_object("web")["status"]["desiredReplicas"], 1) << told();
  EXPECT_TRUE(rig::eventually(Ms{30'000}, [&] {
    return cluster().get("/apis/events.k8s.io/v1/events").dump().find(
               "would be too much for budget " + ns()) != std::string::npos;
  })) << told();
  room->hold(false);
  EXPECT_TRUE(nodes_become(1)) << told();
  EXPECT_EQ(room->most(), 1);
}

TEST_F(Pools, NodesThatComeForPodsArePaidForBeforeTheyAreWaitedFor) {
  PodRoom dynamic(cluster(), ns());
  cluster().apply(pool_of_pods().dump());
  make_budget("70");
  make_workload("web");
  set_load("web", 0);
  start_operator();
  ASSERT_TRUE(condition_becomes("web", "Ready", "True Accepted"));

  // Load for five; the budget pays for two nodes.
  set_load("web", 45);
  ASSERT_TRUE(reaches("web", 2)) << told();
  ASSERT_TRUE(rig::eventually(Ms{60'000}, [&] { return ready("web") == 2; })) << told();
  EXPECT_TRUE(condition_becomes("web", "Limited", "True CappedByBudget")) << told();
  EXPECT_EQ(replicas("web"), 2);
  EXPECT_EQ(pool_object()["status"]["conditions"][0]["status"], "True") << pool_object().dump(1);

  // More money than the NodePool's own limit allows.
  make_budget("1000");
  ASSERT_TRUE(reaches("web", 4)) << told();
  EXPECT_TRUE(condition_becomes("web", "Limited", "True CappedByPool")) << told();

  set_load("web", 0);
  ASSERT_TRUE(reaches("web", 0, Ms{60'000})) << told();
  ASSERT_TRUE(rig::eventually(Ms{60'000}, [&] { return dynamic.nodes().empty(); }));
  EXPECT_LE(dynamic.most(), 4);
  EXPECT_EQ(dynamic.object()["metadata"]["generation"], 1) << "nobody writes to it";
}

TEST_F(Pools, AGroupWithoutAnObjectGrowsByItsPodsWithinTheBudget) {
  PodRoom dynamic(cluster(), ns());
  auto object = pool();
  auto& group = object["spec"]["nodeGroups"][0];
  group.erase("backendRef");
  group["growth"] = "PendingPods";
  group["nodeSelector"] = json::array({{{"key", "karpenter.sh/nodepool"}, {"value", ns()}}});
  cluster().request("DELETE", own_api + "acceleratorpools/" + ns());
  cluster().apply(object.dump());
  make_budget("70");
  make_workload("web");
  set_load("web", 45);
  start_operator();
  ASSERT_TRUE(reaches("web", 2)) << told();
  ASSERT_TRUE(rig::eventually(Ms{60'000}, [&] { return ready("web") == 2; })) << told();
  EXPECT_TRUE(condition_becomes("web", "Limited", "True CappedByBudget")) << told();
  EXPECT_EQ(dynamic.most(), 2);
  set_load("web", 0);
  ASSERT_TRUE(reaches("web", 0, Ms{60'000})) << told();
  ASSERT_TRUE(rig::eventually(Ms{60'000}, [&] { return dynamic.nodes().empty(); }));
}

TEST_F(Pools, PodsOfNamespacesThatAreNotServedKeepTheirNode) {
  make_workload("web");
  cluster().request("PATCH", apps("deployments", "web"),
                    R"({"spec":{"template":{"spec":{"terminationGracePeriodSeconds":1}}}})",
                    merge);
  set_load("web", 5);
  start_operator({.flags = {"--watch-namespace=" + ns()}});
  ASSERT_TRUE(rig::eventually(Ms{60'000}, [&] { return ready("web") == 1; })) << told();

  // It waits until there is room, and takes the only node as soon as there is.
  const auto name = "lab-" + ns();
  const auto path = "/apis/apps/v1/namespaces/default/deployments/" + name;
  auto other = cluster().get(apps("deployments", "web"));
  other["metadata"] = {{"name", name}, {"namespace", "default"}};
  other.erase("status");
  cluster().apply(other.dump());
  set_load("web", 0);
  ASSERT_TRUE(reaches("web", 0, Ms{60'000})) << told();
  const auto is_running = [&] { return cluster().get(path)["status"].value("readyReplicas", 0); };
  ASSERT_TRUE(rig::eventually(Ms{30'000}, [&] { return is_running() == 1; }))
      << cluster().get("/api/v1/namespaces/default/pods").dump(1) << told();
  rig::pause_for(Ms{12'000});
  EXPECT_EQ(room->wanted(), 1) << told();

  cluster().request("DELETE", path);
  ASSERT_TRUE(nodes_become(0)) << told();
  EXPECT_THAT(room->removed_busy(), IsEmpty());
}

/// Two operators and one lease, with a proxy each, so that it is seen who asks for what.
class PoolsOfTwo : public Pools {
 protected:
  [[nodiscard]] static int asks(const rig::FaultProxy& proxy) {
    int writes = 0;
    for (const auto& request : proxy.requests())
      writes += request.writes() &&
                request.target.find("/machinedeployments/") != std::string::npos;
    return writes;
  }
  [[nodiscard]] std::string holder() {
    const auto lease = cluster().get("/apis/coordination.k8s.io/v1/namespaces/" + system_ns +
                                     "/leases/poolscaler");
    return lease.is_null() ? std::string() : lease["spec"].value("holderIdentity", "");
  }
  /// What the nodes that there are have cost from their making up to when the ledger has counted.
  [[nodiscard]] double owed(const json& ledger) {
    const auto to = parse_rfc3339(ledger["countedTo"].get<std::string>()).value();
    double hours = 0;
    for (const auto& name : room->nodes()) {
      const auto node = cluster().get("/api/v1/nodes/" + name);
      const auto made = parse_rfc3339(node["metadata"]["creationTimestamp"].get<std::string>());
      hours += static_cast<double>((to - made.value()).count()) / 3'600'000.0;
    }
    return hours * 32.77;
  }
  /// Of the month, which ends least often while a test runs.
  [[nodiscard]] static double billed(const json& ledger) {
    for (const auto& period : ledger["periods"])
      if (period["kind"] == "Month") return std::stod(period["bill"].get<std::string>());
    return 0;
  }
  rig::FaultProxy first_proxy_{World::get().cluster().endpoint()};
  rig::FaultProxy second_proxy_{World::get().cluster().endpoint()};
};

TEST_F(PoolsOfTwo, WhoFollowsAsksForNothingAgainAndCountsOnce) {
  make_budget("1000");
  make_workload("web");
  set_load("web", 5);
  auto& first = start_operator(
      {.identity = "first", .server = first_proxy_.url(), .leader_elect = true});
  ASSERT_TRUE(rig::eventually(Ms{60'000}, [&] { return ready("web") == 1; })) << told();
  room->hold(true);
  set_load("web", 25);
  ASSERT_TRUE(reaches("web", 3, Ms{30'000})) << told();
  ASSERT_TRUE(rig::eventually(Ms{20'000}, [&] { return room->wanted() == 3; })) << told();
  launch_operator({.identity = "second", .server = second_proxy_.url(), .leader_elect = true});
  first.process().kill();
  ASSERT_TRUE(rig::eventually(Ms{40'000}, [&] { return holder().starts_with("second"); }))
      << holder();
  room->hold(false);
  ASSERT_TRUE(rig::eventually(Ms{60'000}, [&] { return ready("web") == 3; })) << told();
  EXPECT_EQ(asks(second_proxy_), 0) << "they were on order";
  EXPECT_EQ(room->most(), 3);

  // Counted once, whoever has counted what.
  json ledger;
  ASSERT_TRUE(rig::eventually(Ms{90'000}, [&] {
    const auto status = pool_object().value("status", json::object());
    ledger = status.value("/cost/ledger"_json_pointer, json::object());
    return !ledger.empty() && status["nodes"].value("ready", 0) == 3 && billed(ledger) > 0;
  })) << pool_object().dump(1);
  EXPECT_NEAR(billed(ledger), owed(ledger), 0.06) << ledger.dump(1);
}

}  // namespace
}  // namespace poolscaler::e2e
