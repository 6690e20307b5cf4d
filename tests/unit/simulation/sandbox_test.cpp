// The sandbox as a whole, on a virtual clock and without sockets.
#include "poolscaler/simulation/sandbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "support/virtual_clock.hpp"
#include "unit/simulation/api_client.hpp"

namespace poolscaler::simulation {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::VirtualClock;

const std::string group =
    "/apis/cluster.x-k8s.io/v1beta2/namespaces/clusters/machinedeployments/h100";

class NoServer final : public HttpServer {
 public:
  std::uint16_t port() const override { return 4321; }
};

Result<std::unique_ptr<HttpServer>> start_nothing(HttpServerOptions, HttpHandler) {
  return std::make_unique<NoServer>();
}

class SandboxTest : public ::testing::Test {
 protected:
  SandboxTest() {
    auto made = Sandbox::create({.load = story_load()}, start_nothing, clock_);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    sandbox_ = std::move(*made);
  }
  void pass(Millis duration) {
    const auto end = clock_.now() + duration;
    while (clock_.now() < end) {
      clock_.advance(Sandbox::step_period);
      sandbox_->advance();
    }
  }
  void scale(const std::string& target, int replicas) {
    ApiClient client(sandbox_->api());
    EXPECT_EQ(client.merge(target + "/scale", {{"spec", {{"replicas", replicas}}}}).status, 200);
  }
  void scale(int replicas) { scale("/apis/apps/v1/namespaces/demo/deployments/llm", replicas); }
  std::string metric(const std::string& name) {
    const auto query = "sum by (namespace, model_name) (" + name +
                       "{model_name=~\"llm\",namespace=~\"demo\"})";
    const auto response =
        sandbox_->metrics().handle({.method = "POST",
                                    .path = "/api/v1/query",
                                    .headers = {{"content-type",
                                                 "application/x-www-form-urlencoded"}},
                                    .body = "query=" + percent_encoded(query)});
    const auto answer = json::parse(response.body);
    EXPECT_EQ(answer["status"], "success") << answer;
    const auto& series = answer["data"]["result"];
    return series.empty() ? "none" : series[0]["value"][1].get<std::string>();
  }

  VirtualClock clock_;
  std::unique_ptr<Sandbox> sandbox_;
};

TEST_F(SandboxTest, BeginsWithItsExamplesAtZero) {
  ApiClient client(sandbox_->api());
  EXPECT_EQ(client.get("/apis/poolscaler.dev/v1alpha1/namespaces/demo/scalingpolicies/llm").status,
            200);
  const auto source =
      client.get("/apis/poolscaler.dev/v1alpha1/metricsources/sandbox").body;
  EXPECT_EQ(source["spec"]["url"], sandbox_->metrics_origin());
  EXPECT_EQ(client.get("/api/v1/namespaces/poolscaler-system").status, 200);
  const auto view = sandbox_->view();
  EXPECT_EQ(view.asked, 0);
  EXPECT_EQ(view.pods, 0);
  EXPECT_EQ(view.reason, "");
  EXPECT_THAT(sandbox_->kubeconfig(), HasSubstr("server: http://127.0.0.1:4321\n"));
}

TEST_F(SandboxTest, TheQueueGrowsUntilPodsServeIt) {
  pass(Seconds(3));
  EXPECT_EQ(metric("vllm:num_requests_waiting"), "0");
  pass(Seconds(6));
  EXPECT_NEAR(std::stod(metric("vllm:num_requests_waiting")), 40, 9);
  scale(6);
  pass(Seconds(6));
  EXPECT_EQ(sandbox_->view().ready, 0) << "there is no node for them";
  scale(group, 3);
  pass(Seconds(10));
  EXPECT_EQ(sandbox_->view().ready, 6);
  const auto waiting = sandbox_->view().waiting;
  pass(Seconds(2));
  EXPECT_LT(sandbox_->view().waiting, waiting);
  EXPECT_GT(std::stod(metric("vllm:num_requests_running")), 0);
}

TEST_F(SandboxTest, MetersWhatItsNodesCost) {
  EXPECT_EQ(sandbox_->view().nodes, 0);
  EXPECT_EQ(sandbox_->view().spent, Amount());
  scale(group, 2);
  pass(Seconds(6));
  const auto view = sandbox_->view();
  EXPECT_EQ(view.nodes_asked, 2);
  EXPECT_EQ(view.nodes_ready, 2);
  EXPECT_EQ(shown(view.hourly), "196.64");
  pass(Seconds(36));
  const auto spent = sandbox_->view().spent - view.spent;
  EXPECT_EQ(shown(spent), "1.97") << "36 s of them";
}

TEST_F(SandboxTest, SaysWhyItCannotServe) {
  const auto made = Sandbox::create(
      {.load = story_load()},
      [](HttpServerOptions, HttpHandler) -> Result<std::unique_ptr<HttpServer>> {
        return fail(ErrorKind::Unavailable, "listening on 127.0.0.1 port 80: Permission denied");
      },
      clock_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message,
            "serving the metrics: listening on 127.0.0.1 port 80: Permission denied");
}

}  // namespace
}  // namespace poolscaler::simulation
