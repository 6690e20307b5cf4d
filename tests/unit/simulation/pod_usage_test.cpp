// metrics.k8s.io of the simulated cluster: the shape is that of metrics-server, and the operator's
// own reader understands it.
#include "pod_usage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "poolscaler/kube/pod_metrics.hpp"
#include "poolscaler/simulation/cluster.hpp"
#include "support/virtual_clock.hpp"
#include "unit/simulation/api_client.hpp"

namespace poolscaler::simulation {
namespace {

using nlohmann::json;
using testing::VirtualClock;

const std::string usage = "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods";

class PodUsageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto web = a_deployment("web", 2);
    web["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] = {
        {"cpu", "500m"}, {"memory", "1Gi"}};
    ASSERT_EQ(client_.post(deployments, web).status, 201);
    pass(Seconds(17));
  }
  void pass(Millis duration) {
    for (const auto end = clock_.now() + duration; clock_.now() < end;) {
      clock_.advance(Millis(100));
      cluster_.advance(clock_.now());
    }
  }
  void annotate(const char* annotation, const std::string& value) {
    const json patch{{"metadata", {{"annotations", {{annotation, value}}}}}};
    ASSERT_EQ(client_.merge(deployments + "/web", patch).status, 200);
  }
  std::vector<PodUsage> read() {
    std::vector<PodUsage> pods;
    const auto list = client_.get(usage).body;
    for (const auto& item : list["items"])
      if (auto one = kube::read_pod_usage(item)) pods.push_back(*std::move(one));
    return pods;
  }

  VirtualClock clock_;
  ApiServer server_{{}, clock_};
  ApiClient client_{server_};
  SimulatedCluster cluster_{{.nodes = {.count = 2}}, server_, clock_.now()};
};

TEST_F(PodUsageTest, HasTheShapeOfMetricsServer) {
  const auto list = client_.get(usage + "?labelSelector=app%3Dweb");
  ASSERT_EQ(list.status, 200) << list.body;
  EXPECT_EQ(list.body["kind"], "PodMetricsList");
  EXPECT_EQ(list.body["apiVersion"], "metrics.k8s.io/v1beta1");
  ASSERT_EQ(list.body["items"].size(), 2U) << list.body;
  const auto& item = list.body["items"][0];
  EXPECT_FALSE(item.contains("kind"));
  EXPECT_EQ(item["metadata"]["labels"]["app"], "web");
  EXPECT_EQ(item["window"], "5s");
  EXPECT_TRUE(parse_rfc3339(item["timestamp"].get<std::string>()));
  EXPECT_EQ(item["containers"][0]["usage"], (json{{"cpu", "10000000n"}, {"memory", "524288Ki"}}));
  const auto name = item["metadata"]["name"].get<std::string>();
  EXPECT_EQ(client_.get(usage + "/" + name).body["kind"], "PodMetrics");
  EXPECT_EQ(client_.get(usage + "?labelSelector=app%3Dother").body["items"], json::array());
}

TEST_F(PodUsageTest, RefusesWhatARealOneRefuses) {
  const auto absent = client_.get(usage + "/nobody");
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(absent.body["message"], "pods.metrics.k8s.io \"nobody\" not found");
  EXPECT_EQ(client_.post(usage, json::object()).status, 405);
  EXPECT_EQ(client_.get(usage + "?labelSelector=%3D").status, 400);
  const auto resources = client_.get("/apis/metrics.k8s.io/v1beta1").body["resources"];
  EXPECT_EQ(resources[0]["verbs"], (json{"get", "list"}));
}

TEST_F(PodUsageTest, IsTheWorkOfAllReadyPodsTogether) {
  annotate(cpu_annotation, "3");
  annotate(memory_annotation, "2Gi");
  auto pods = read();
  ASSERT_EQ(pods.size(), 2U);
  EXPECT_EQ(pods[0].containers[0].cpu_milli, 1500);
  EXPECT_EQ(pods[0].containers[0].memory_milli, 1'073'741'824'000);
  EXPECT_EQ(pods[0].window, Seconds(5));
  ASSERT_EQ(client_.merge(deployments + "/web/scale", {{"spec", {{"replicas", 3}}}}).status, 200);
  pass(Seconds(7));
  EXPECT_EQ(read().size(), 2U) << "the third has not run for a whole measurement";
  pass(Seconds(10));
  pods = read();
  ASSERT_EQ(pods.size(), 3U);
  EXPECT_EQ(pods[0].containers[0].cpu_milli, 1000);
}

TEST_F(PodUsageTest, IsShownInATable) {
  const auto table = client_.get(usage, "application/json;as=Table;v=v1;g=meta.k8s.io");
  EXPECT_EQ(table.body["kind"], "Table") << table.body;
  EXPECT_EQ(table.body["rows"].size(), 2U);
}

}  // namespace
}  // namespace poolscaler::simulation
