// Node groups of the simulated cluster: from a count to nodes, and back; and what keeps pods on
// them.
#include "machines.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "poolscaler/kube/node_groups.hpp"
#include "support/virtual_clock.hpp"
#include "unit/simulation/api_client.hpp"

namespace poolscaler::simulation {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::VirtualClock;

const std::string capi = "/apis/cluster.x-k8s.io/v1beta2/namespaces/default";
const std::string groups = capi + "/machinedeployments";
const std::string machines = capi + "/machines";
const std::string nodes = "/api/v1/nodes";

class MachinesTest : public ::testing::Test {
 protected:
  MachinesTest() {
    for (const auto& definition : machine_definitions())
      EXPECT_EQ(client_.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
                    .status,
                201);
    const std::string shape = "capacity.cluster-autoscaler.kubernetes.io/";
    const auto made = client_.post(
        groups,
        {{"apiVersion", "cluster.x-k8s.io/v1beta2"},
         {"kind", "MachineDeployment"},
         {"metadata",
          {{"name", "h100"},
           {"annotations",
            {{shape + "gpu-type", "nvidia.com/gpu"},
             {shape + "gpu-count", "8"},
             {shape + "labels", "pool=h100,node.kubernetes.io/instance-type=p5.48xlarge"}}}}},
         {"spec", {{"clusterName", "sandbox"}, {"replicas", 0}}}});
    EXPECT_EQ(made.status, 201) << made.body;
  }

  void pass(Millis duration) {
    const auto end = clock_.now() + duration;
    while (clock_.now() < end) {
      clock_.advance(Millis(100));
      cluster_.advance(clock_.now());
    }
  }
  void ask_for(int count) {
    const auto written =
        client_.merge(groups + "/h100/scale", {{"spec", {{"replicas", count}}}});
    ASSERT_EQ(written.status, 200) << written.body;
  }
  json all(const std::string& collection) { return client_.get(collection).body["items"]; }
  json group() { return client_.get(groups + "/h100").body; }
  std::string node_names() {
    std::string names;
    for (const auto& node : all(nodes)) names += node["metadata"]["name"].get<std::string>() + " ";
    return names;
  }

  VirtualClock clock_;
  ApiServer server_{{}, clock_};
  ApiClient client_{server_};
  SimulatedCluster cluster_{
      {.nodes = {.count = 0}, .cold_start = Millis(2000), .node_boot = Millis(5000)},
      server_,
      clock_.now()};
};

TEST_F(MachinesTest, BootWhatIsAskedFor) {
  ask_for(2);
  pass(Millis(4000));
  EXPECT_EQ(all(machines).size(), 2U);
  EXPECT_EQ(all(nodes).size(), 0U);
  EXPECT_EQ(group()["status"]["phase"], "ScalingUp");
  pass(Millis(1500));
  ASSERT_EQ(all(nodes).size(), 2U);
  const auto node = all(nodes)[0];
  EXPECT_EQ(node["status"]["allocatable"]["nvidia.com/gpu"], "8");
  EXPECT_EQ(node["metadata"]["labels"]["node.kubernetes.io/instance-type"], "p5.48xlarge");
  EXPECT_EQ(group()["status"]["readyReplicas"], 2);
  EXPECT_EQ(group()["status"]["phase"], "Running");
}

TEST_F(MachinesTest, AreReadByTheTableOfNodeGroups) {
  ask_for(1);
  pass(Millis(6000));
  const NodeGroup declared{.name = "on-demand",
                           .backend = BackendRef{.api_version = "cluster.x-k8s.io/v1beta2",
                                                 .kind = "MachineDeployment",
                                                 .ns = "default",
                                                 .name = "h100"},
                           .max_nodes = 4};
  const auto reading = kube::read_group(group(), declared);
  ASSERT_TRUE(reading) << reading.error().message;
  EXPECT_EQ(reading->desired, 1);
  EXPECT_EQ(reading->ready, 1);
  EXPECT_EQ(reading->hint.per_node, 8);
  const auto node = all(nodes)[0];
  const auto origin = kube::read_origin(node);
  const kube::LabelOf no_labels = [](const std::string&) { return nullptr; };
  EXPECT_TRUE(kube::belongs(reading->marks, node["metadata"]["name"].get<std::string>(),
                            no_labels, origin));
  EXPECT_EQ(client_.get(machines + "/" + origin.machine).body["status"]["nodeRef"]["name"],
            node["metadata"]["name"]);
}

TEST_F(MachinesTest, GoMarkedFirst) {
  ask_for(3);
  pass(Millis(6000));
  const auto oldest = all(machines)[1]["metadata"]["name"].get<std::string>();
  client_.merge(machines + "/" + oldest,
                {{"metadata", {{"annotations", {{"cluster.x-k8s.io/delete-machine", "yes"}}}}}});
  ask_for(2);
  pass(Millis(300));
  EXPECT_EQ(client_.get(nodes + "/" + oldest).body["spec"]["unschedulable"], true);
  EXPECT_EQ(group()["status"]["phase"], "ScalingDown");
  pass(Millis(2000));
  EXPECT_THAT(node_names(), ::testing::Not(HasSubstr(oldest)));
  EXPECT_EQ(all(nodes).size(), 2U);
  EXPECT_EQ(all(machines).size(), 2U);
}

TEST_F(MachinesTest, GoYoungestFirstWhereNoneIsMarked) {
  ask_for(1);
  pass(Millis(6000));
  const auto old = node_names();
  ask_for(3);
  pass(Millis(6000));
  ask_for(1);
  pass(Millis(3000));
  EXPECT_EQ(node_names(), old);
}

TEST_F(MachinesTest, TakeTheirPodsAlong) {
  client_.post(deployments, a_deployment("web", 2, 4));
  pass(Millis(1000));
  EXPECT_THAT(all(pods)[0]["status"]["conditions"].dump(), HasSubstr("Unschedulable"));
  ask_for(1);
  pass(Millis(9000));
  for (const auto& pod : all(pods)) EXPECT_EQ(pod["status"]["phase"], "Running");
  ask_for(0);
  pass(Millis(3000));
  EXPECT_EQ(all(nodes).size(), 0U);
  for (const auto& pod : all(pods)) EXPECT_EQ(pod["status"]["phase"], "Pending");
}

TEST_F(MachinesTest, LeaveACordonedNodeToItsPods) {
  client_.post(deployments, a_deployment("web", 1, 4));
  ask_for(1);
  pass(Millis(9000));
  client_.merge(nodes + "/" + all(nodes)[0]["metadata"]["name"].get<std::string>(),
                {{"spec", {{"unschedulable", true}}}});
  client_.merge(deployments + "/web/scale", {{"spec", {{"replicas", 2}}}});
  pass(Millis(3000));
  std::multiset<std::string> phases;
  for (const auto& pod : all(pods)) phases.insert(pod["status"]["phase"].get<std::string>());
  EXPECT_THAT(phases, ::testing::ElementsAre("Pending", "Running"));
}

TEST_F(MachinesTest, GiveTheirPodsUpOnlyAsBudgetsAllow) {
  client_.post(deployments, a_deployment("web", 2, 4));
  ask_for(1);
  client_.post("/apis/policy/v1/namespaces/default/poddisruptionbudgets",
               {{"metadata", {{"name", "web"}}},
                {"spec",
                 {{"minAvailable", 1}, {"selector", {{"matchLabels", {{"app", "web"}}}}}}}});
  pass(Millis(9000));
  const auto evict = [&](const json& pod) {
    const auto name = pod["metadata"]["name"].get<std::string>();
    return client_.post(pods + "/" + name + "/eviction",
                        {{"apiVersion", "policy/v1"},
                         {"kind", "Eviction"},
                         {"metadata", {{"name", name}}}});
  };
  const auto two = all(pods);
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(evict(two[0]).status, 201);
  const auto refused = evict(two[1]);
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body["details"].dump(), HasSubstr("needs 1 healthy pods"));
  pass(Millis(5000));  // the other one has been replaced
  EXPECT_EQ(evict(two[1]).status, 201);
}

TEST_F(MachinesTest, EndWithTheirGroup) {
  ask_for(2);
  pass(Millis(6000));
  client_.remove(groups + "/h100");
  pass(Millis(3000));
  EXPECT_EQ(all(nodes).size(), 0U);
  EXPECT_EQ(all(machines).size(), 0U);
}

}  // namespace
}  // namespace poolscaler::simulation
