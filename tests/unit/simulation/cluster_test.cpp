// The simulated cluster: from replicas to pods on nodes, and back.
#include "poolscaler/simulation/cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "pod_lifecycle.hpp"
#include "support/virtual_clock.hpp"
#include "unit/simulation/api_client.hpp"

namespace poolscaler::simulation {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::VirtualClock;

class ClusterTest : public ::testing::Test {
 protected:
  void pass(Millis duration) {
    const auto end = clock_.now() + duration;
    while (clock_.now() < end) {
      clock_.advance(Millis(100));
      cluster_.advance(clock_.now());
    }
  }
  json live_pods() {
    json live = json::array();
    const auto all = client_.get(pods).body["items"];
    for (const auto& pod : all)
      if (!pod["metadata"].contains("deletionTimestamp")) live.push_back(pod);
    return live;
  }
  json status_of(const std::string& name) {
    return client_.get(deployments + "/" + name).body["status"];
  }
  void scale(const std::string& name, int replicas) {
    const auto written = client_.merge(deployments + "/" + name + "/scale",
                                       {{"spec", {{"replicas", replicas}}}});
    ASSERT_EQ(written.status, 200) << written.body;
  }
  static std::string phase(const json& pod) { return pod["status"]["phase"]; }

  VirtualClock clock_;
  ApiServer server_{{}, clock_};
  ApiClient client_{server_};
  SimulatedCluster cluster_{
      {.nodes = {.count = 2}, .cold_start = Millis(6000), .termination = Millis(1000)},
      server_,
      clock_.now()};
};

TEST_F(ClusterTest, PodsAreReadyOneColdStartAfterTheyWereAskedFor) {
  client_.post(deployments, a_deployment("web", 2, 1));
  pass(Millis(5500));
  EXPECT_EQ(live_pods().size(), 2U);
  EXPECT_EQ(status_of("web").value("readyReplicas", 0), 0);
  pass(Millis(1000));
  EXPECT_EQ(status_of("web").value("readyReplicas", 0), 2);
  const auto status = status_of("web");
  EXPECT_EQ(status["observedGeneration"], 1);
  EXPECT_EQ(status["availableReplicas"], 2);
}

TEST_F(ClusterTest, PodsWithoutAcceleratorsStayUnschedulableAndSaySo) {
  client_.post(deployments, a_deployment("web", 5, 4));  // two nodes of eight take four
  pass(Millis(8000));
  EXPECT_EQ(status_of("web").value("readyReplicas", 0), 4);
  int waiting = 0;
  for (const auto& pod : live_pods()) {
    if (pod["spec"].contains("nodeName")) continue;
    ++waiting;
    const auto& condition = pod["status"]["conditions"][0];
    EXPECT_EQ(condition["type"], "PodScheduled");
    EXPECT_EQ(condition["reason"], "Unschedulable");
    EXPECT_EQ(condition["message"], "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.");
  }
  EXPECT_EQ(waiting, 1);
  scale("web", 4);
  pass(Millis(3000));
  EXPECT_EQ(status_of("web").value("readyReplicas", 0), 4) << "the one that waited went first";
}

TEST_F(ClusterTest, AcceleratorsAreFreeAgainWhenTheirPodsAreGone) {
  client_.post(deployments, a_deployment("a", 2, 8));
  client_.post(deployments, a_deployment("b", 1, 8));
  pass(Millis(8000));
  EXPECT_EQ(status_of("b").value("readyReplicas", 0), 0);
  scale("a", 1);
  pass(Millis(9000));
  EXPECT_EQ(status_of("b").value("readyReplicas", 0), 1);
}

TEST_F(ClusterTest, PodsEndWithGrace) {
  client_.post(deployments, a_deployment("web", 1));
  pass(Millis(7000));
  scale("web", 0);
  pass(Millis(500));
  const auto ending = client_.get(pods).body["items"];
  ASSERT_EQ(ending.size(), 1U);
  EXPECT_TRUE(ending[0]["metadata"].contains("deletionTimestamp"));
  EXPECT_EQ(status_of("web").value("replicas", 0), 0);
  pass(Millis(1500));
  EXPECT_TRUE(client_.get(pods).body["items"].empty());
}

TEST_F(ClusterTest, ADeletedDeploymentTakesItsPodsAlong) {
  client_.post(deployments, a_deployment("web", 3));
  pass(Millis(2000));
  client_.remove(deployments + "/web");
  pass(Millis(3000));
  EXPECT_TRUE(client_.get(pods).body["items"].empty());
  EXPECT_TRUE(client_.get("/apis/apps/v1/replicasets").body["items"].empty());
}

TEST_F(ClusterTest, AnOrphanedReplicaSetStays) {
  client_.post(deployments, a_deployment("web", 1));
  pass(Millis(1000));
  client_.remove(deployments + "/web", {{"propagationPolicy", "Orphan"}});
  pass(Millis(1000));
  EXPECT_EQ(client_.get("/apis/apps/v1/replicasets").body["items"].size(), 1U);
}

TEST_F(ClusterTest, ANewTemplateReplacesThePods) {
  client_.post(deployments, a_deployment("web", 2));
  pass(Millis(8000));
  auto changed = a_deployment("web", 2);
  changed["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2";
  EXPECT_EQ(client_.strategic(deployments + "/web", changed).status, 200);
  pass(Millis(12'000));
  std::set<std::string> images;
  for (const auto& pod : live_pods()) images.insert(pod["spec"]["containers"][0]["image"]);
  EXPECT_THAT(images, ElementsAre("web:2"));
  EXPECT_EQ(status_of("web")["updatedReplicas"], 2);
  EXPECT_EQ(status_of("web")["replicas"], 2);
}

TEST_F(ClusterTest, StatefulPodsComeInOrderUnderTheirNames) {
  auto set = a_deployment("db", 2);
  ASSERT_EQ(client_.post("/apis/apps/v1/namespaces/default/statefulsets", set).status, 201);
  pass(Millis(3000));
  EXPECT_EQ(live_pods().size(), 1U);
  pass(Millis(12'000));
  std::vector<std::string> names;
  for (const auto& pod : live_pods()) names.push_back(pod["metadata"]["name"]);
  EXPECT_THAT(names, ElementsAre("db-0", "db-1"));
}

TEST_F(ClusterTest, ANodeThatGoesTakesItsPodsAlongAndTheyComeBackElsewhere) {
  client_.post(deployments, a_deployment("web", 2, 4));
  pass(Millis(8000));
  client_.remove("/api/v1/nodes/gpu-node-0");
  pass(Millis(9000));
  EXPECT_EQ(status_of("web").value("readyReplicas", 0), 2);
  for (const auto& pod : live_pods()) EXPECT_EQ(pod["spec"]["nodeName"], "gpu-node-1");
}

TEST_F(ClusterTest, CordonedAndTaintedNodesGetNoPods) {
  client_.merge("/api/v1/nodes/gpu-node-0", {{"spec", {{"unschedulable", true}}}});
  const json taint = {{"key", "gpu"}, {"value", "yes"}, {"effect", "NoSchedule"}};
  client_.merge("/api/v1/nodes/gpu-node-1", {{"spec", {{"taints", json::array({taint})}}}});
  client_.post(deployments, a_deployment("web", 1));
  pass(Millis(2000));
  EXPECT_FALSE(live_pods()[0]["spec"].contains("nodeName"));
  auto tolerant = a_deployment("tolerant", 1);
  tolerant["spec"]["template"]["spec"]["tolerations"] =
      json::array({{{"key", "gpu"}, {"operator", "Exists"}}});
  client_.post(deployments, tolerant);
  pass(Millis(8000));
  EXPECT_EQ(status_of("tolerant").value("readyReplicas", 0), 1);
}

TEST_F(ClusterTest, ADeletedNamespaceIsEmptiedAndGone) {
  client_.post("/api/v1/namespaces", {{"metadata", {{"name", "team"}}}});
  client_.post("/apis/apps/v1/namespaces/team/deployments", a_deployment("web", 2));
  pass(Millis(8000));
  client_.remove("/api/v1/namespaces/team");
  EXPECT_EQ(client_.post("/api/v1/namespaces/team/configmaps",
                         {{"metadata", {{"name", "late"}}}}).status,
            403);
  pass(Millis(4000));
  EXPECT_EQ(client_.get("/api/v1/namespaces/team").status, 404);
  EXPECT_TRUE(client_.get("/api/v1/namespaces/team/pods").body["items"].empty());
}

TEST_F(ClusterTest, ASteadyClusterWritesOnlyHeartbeats) {
  client_.post(deployments, a_deployment("web", 2, 1));
  client_.post(deployments, a_deployment("stuck", 1, 64));
  pass(Millis(12'000));
  const auto version = [&] {
    return client_.get(deployments).body["metadata"]["resourceVersion"].get<std::string>();
  };
  const auto before = std::stoll(version());
  pass(Millis(30'000));
  EXPECT_EQ(std::stoll(version()) - before, 3 * 2) << "two nodes renew their leases thrice";
}

TEST_F(ClusterTest, TheSameStepsGiveTheSameCluster) {
  ApiServer other({}, clock_);
  ApiClient client(other);
  SimulatedCluster twin({.nodes = {.count = 2}, .cold_start = Millis(6000)}, other, clock_.now());
  client_.post(deployments, a_deployment("web", 3, 1));
  client.post(deployments, a_deployment("web", 3, 1));
  for (int i = 0; i < 80; ++i) {
    clock_.advance(Millis(100));
    cluster_.advance(clock_.now());
    twin.advance(clock_.now());
  }
  EXPECT_EQ(client_.get(pods).body, client.get(pods).body);
}

TEST(Quantities, AreReadInTheirUnits) {
  EXPECT_EQ(read_quantity("nvidia.com/gpu", "8"), 8);
  EXPECT_EQ(read_quantity("nvidia.com/gpu", 8), 8);
  EXPECT_EQ(read_quantity("cpu", "1500m"), 1500);
  EXPECT_EQ(read_quantity("cpu", "2"), 2000);
  EXPECT_EQ(read_quantity("memory", "16Gi"), 17179869184);
  EXPECT_EQ(read_quantity("memory", "nonsense"), 0);
  EXPECT_EQ(read_quantity("memory", "1Zi"), 0);
}

}  // namespace
}  // namespace poolscaler::simulation
