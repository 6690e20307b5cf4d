#include "poolscaler/controllers/signal_reader.hpp"

#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "unit/controllers/fake_world.hpp"

namespace poolscaler::controllers {
namespace {

using nlohmann::json;

const Instant now{Seconds{1'790'000'000}};

SignalQuery cpu_query(const std::string& container = "") {
  return {.source = "",
          .ns = "shop",
          .query = PodResource{.resource = Resource::Cpu, .container = container},
          .max_age_seconds = 120,
          .pod_selector = "app=web"};
}

NamedPod pod(const std::string& name) {
  const PodRequests requests{
      .containers = {{.name = "server", .requests = {.cpu_milli = 500, .memory_milli = 1000}},
                     {.name = "proxy", .requests = {.cpu_milli = 100, .memory_milli = {}}}}};
  return {.name = name,
          .facts = {.started = now - Seconds(600),
                    .ready_changed = now - Seconds(500),
                    .ready = ReadyCondition::True,
                    .requests = std::make_shared<const PodRequests>(requests)}};
}

PodUsage usage(const std::string& name, Seconds age = Seconds(20)) {
  return {.pod = name,
          .measured = now - age,
          .window = Seconds(15),
          .containers = {{.name = "server", .cpu_milli = 300, .memory_milli = 7000},
                         {.name = "proxy", .cpu_milli = 50, .memory_milli = 2000}}};
}

TEST(PodReading, JoinsUsageAndRequests) {
  const auto reading = pod_reading(cpu_query(), std::vector{pod("a"), pod("b")},
                                   std::vector{usage("a"), usage("stranger")}, now);
  EXPECT_EQ(reading.state, SignalState::Value);
  EXPECT_EQ(reading.age_seconds, 20);
  ASSERT_EQ(reading.pods.size(), 2U);
  EXPECT_EQ(reading.pods[0].usage_milli, 350);
  EXPECT_EQ(reading.pods[0].request_milli, 600);
  EXPECT_EQ(reading.pods[0].ready, true);
  EXPECT_EQ(reading.pods[0].started, now - Seconds(600));
  EXPECT_FALSE(reading.pods[1].usage_milli);
}

TEST(PodReading, TakesOneContainerAlone) {
  const auto reading =
      pod_reading(cpu_query("proxy"), std::vector{pod("a")}, std::vector{usage("a")}, now);
  EXPECT_EQ(reading.pods[0].usage_milli, 50);
  EXPECT_EQ(reading.pods[0].request_milli, 100);
  const auto unknown =
      pod_reading(cpu_query("prox"), std::vector{pod("a")}, std::vector{usage("a")}, now);
  EXPECT_EQ(unknown.state, SignalState::Error);
  EXPECT_EQ(unknown.detail, "no pod of the target has a container 'prox'");
}

TEST(PodReading, TakesOldUsageForNone) {
  auto old = usage("a", Seconds(121));
  EXPECT_EQ(pod_reading(cpu_query(), std::vector{pod("a")}, std::vector{old}, now).state,
            SignalState::Stale);
  const auto mixed = pod_reading(cpu_query(), std::vector{pod("a"), pod("b")},
                                 std::vector{old, usage("b", Seconds(120))}, now);
  EXPECT_EQ(mixed.state, SignalState::Value);
  EXPECT_FALSE(mixed.pods[0].usage_milli);
  EXPECT_EQ(mixed.age_seconds, 120);
  EXPECT_EQ(pod_reading(cpu_query(), std::vector{pod("a")}, {}, now).state, SignalState::Absent);
  EXPECT_EQ(pod_reading(cpu_query(), {}, std::vector{usage("a")}, now).state,
            SignalState::Absent);
}

class FakeUsage final : public PodUsageSource {
 public:
  Result<std::vector<PodUsage>> usage(const std::string& ns, const std::string& selector, Millis,
                                      std::stop_token) override {
    asked.push_back(ns + " " + selector);
    return answer;
  }
  Result<std::vector<PodUsage>> answer = std::vector<PodUsage>{};
  std::vector<std::string> asked;
};

json pod_object(const std::string& name, const json& requests) {
  return {{"metadata",
           {{"name", name}, {"namespace", "shop"}, {"uid", name}, {"labels", {{"app", "web"}}}}},
          {"spec",
           {{"containers", {{{"name", "server"}, {"resources", {{"requests", requests}}}}}}}},
          {"status",
           {{"phase", "Running"},
            {"startTime", "2026-09-21T00:00:00Z"},
            {"conditions",
             {{{"type", "Ready"},
               {"status", "True"},
               {"lastTransitionTime", "2026-09-21T00:00:30Z"}}}}}}};
}

class SignalReaderTest : public ::testing::Test {
 protected:
  SignalReaderTest() {
    auto& sink = state_.pods();
    sink.replace_begin();
    sink.replace_item(pod_object("a", {{"cpu", "500m"}, {"memory", "1Gi"}}));
    sink.replace_item(pod_object("b", {{"cpu", "500m"}}));
    sink.replace_end();
  }

  testing::VirtualClock clock_{now};
  ClusterState state_;
  testing::FakeReader metrics_;
  FakeUsage pods_;
  SignalReader reader_{metrics_, pods_, state_, clock_};
};

TEST_F(SignalReaderTest, AsksOnceForEachSelectorAndKeepsTheOrder) {
  metrics_.readings["shop/queue"] = testing::value(7);
  pods_.answer = std::vector{usage("a"), usage("b")};
  const std::vector<SignalQuery> queries{
      cpu_query(),
      {.source = "main",
       .ns = "shop",
       .query = MetricSelector{.metric = "queue"},
       .max_age_seconds = 120},
      cpu_query("server")};
  const auto readings = reader_.read(queries, Seconds(5), {});
  ASSERT_EQ(readings.size(), 3U);
  EXPECT_EQ(readings[0].pods.size(), 2U);
  EXPECT_EQ(readings[1].value, 7);
  EXPECT_EQ(readings[2].pods[0].request_milli, 500);
  EXPECT_EQ(pods_.asked, std::vector<std::string>{"shop app=web"});
  EXPECT_EQ(metrics_.queries_read, 1U);
}

TEST_F(SignalReaderTest, TurnsAFailureIntoAState) {
  pods_.answer = fail(ErrorKind::NotFound, "install metrics-server");
  const auto readings = reader_.read(std::vector{cpu_query()}, Seconds(5), {});
  EXPECT_EQ(readings[0].state, SignalState::Error);
  EXPECT_EQ(readings[0].detail, "install metrics-server");
}

TEST_F(SignalReaderTest, AsksForNothingWithoutPods) {
  auto elsewhere = cpu_query();
  elsewhere.pod_selector = "app=other";
  auto unselected = cpu_query();
  unselected.pod_selector = "";
  const auto readings = reader_.read(std::vector{elsewhere, unselected}, Seconds(5), {});
  EXPECT_EQ(readings[0].state, SignalState::Absent);
  EXPECT_EQ(readings[1].state, SignalState::Absent);
  EXPECT_TRUE(pods_.asked.empty());
}

TEST(PodFactsOf, KnowWhatContainersRequest) {
  auto object = pod_object("a", {{"cpu", "500m"}, {"memory", "1Gi"}});
  object["spec"]["initContainers"] = {
      {{"name", "sidecar"},
       {"restartPolicy", "Always"},
       {"resources", {{"requests", {{"cpu", 1}}}}}},
      {{"name", "once"}, {"resources", {{"requests", {{"cpu", "9"}}}}}}};
  const auto facts = read_pod_facts(object);
  EXPECT_EQ(facts.ready, ReadyCondition::True);
  EXPECT_EQ(to_rfc3339(facts.ready_changed), "2026-09-21T00:00:30Z");
  const auto& requests = *facts.requests;
  EXPECT_EQ(requests.request({.resource = Resource::Cpu}), 1500);
  EXPECT_EQ(requests.request({.resource = Resource::Cpu, .container = "sidecar"}), 1000);
  EXPECT_EQ(requests.request({.resource = Resource::Memory}), std::nullopt);
  object["spec"]["resources"] = {{"requests", {{"memory", "2Gi"}}}};
  EXPECT_EQ(read_pod_facts(object).requests->request({.resource = Resource::Memory}),
            2LL * 1024 * 1024 * 1024 * 1000);
}

TEST(PodFactsOf, BearNonsense) {
  for (const auto* text : {"null", "[]", "{}", R"({"status": 3, "spec": {"containers": 7}})",
                           R"({"status": {"conditions": [1, {"type": "Ready"}]},
                               "spec": {"containers": [null, {"resources": []}]}})"})
    EXPECT_TRUE(read_pod_facts(json::parse(text)).requests) << text;
}

}  // namespace
}  // namespace poolscaler::controllers
