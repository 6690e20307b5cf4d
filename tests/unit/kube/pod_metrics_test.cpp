#include "poolscaler/kube/pod_metrics.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/virtual_clock.hpp"
#include "unit/kube/fake_transport.hpp"

namespace poolscaler::kube {
namespace {

using nlohmann::json;

json item(const std::string& name, const std::string& cpu) {
  return {{"metadata", {{"name", name}}},
          {"timestamp", "2026-11-23T03:45:15Z"},
          {"window", "20.5s"},
          {"containers", {{{"name", "server"}, {"usage", {{"cpu", cpu}, {"memory", "64Mi"}}}}}}};
}

TEST(ReadPodUsage, TakesWhatIsMeasured) {
  const auto usage = read_pod_usage(item("web-1", "156340n"));
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->pod, "web-1");
  EXPECT_EQ(to_rfc3339(usage->measured), "2026-11-23T03:45:15Z");
  EXPECT_EQ(usage->window, Millis(20'500));
  ASSERT_EQ(usage->containers.size(), 1U);
  EXPECT_EQ(usage->containers[0].name, "server");
  EXPECT_EQ(usage->containers[0].cpu_milli, 1);
  EXPECT_EQ(usage->containers[0].memory_milli, 64LL * 1024 * 1024 * 1000);
}

TEST(ReadPodUsage, LeavesOutWhatIsNotUnderstood) {
  EXPECT_FALSE(read_pod_usage(json::object()));
  auto odd = item("web-1", "-3");
  EXPECT_FALSE(read_pod_usage(odd)->containers[0].cpu_milli);
  odd["window"] = "soon";
  EXPECT_EQ(read_pod_usage(odd)->window, Millis(0));
  odd["window"] = "1m30s";
  EXPECT_EQ(read_pod_usage(odd)->window, Seconds(90));
  odd["containers"] = "none";
  EXPECT_TRUE(read_pod_usage(odd)->containers.empty());
  odd["timestamp"] = "today";
  EXPECT_FALSE(read_pod_usage(odd));
}

class PodMetricsApi : public ::testing::Test {
 protected:
  Result<std::vector<PodUsage>> ask() {
    return metrics_.usage("shop", "app=web", Seconds(5), {});
  }

  FakeTransport transport_;
  std::unique_ptr<TokenSource> token_ = no_token();
  ::poolscaler::testing::VirtualClock clock_;
  Client client_{transport_, *token_, clock_};
  PodMetrics metrics_{client_, clock_};
};

TEST_F(PodMetricsApi, ReadsPageByPage) {
  transport_.on_send = [&](const HttpRequest& request) {
    const bool second = request.target.find("continue=next") != std::string::npos;
    return json_answer({{"kind", "PodMetricsList"},
                        {"apiVersion", "metrics.k8s.io/v1beta1"},
                        {"metadata", {{"continue", second ? "" : "next"}}},
                        {"items", {item(second ? "web-2" : "web-1", "1"), json::object()}}});
  };
  const auto usage = ask();
  ASSERT_TRUE(usage) << usage.error().message;
  ASSERT_EQ(usage->size(), 2U);
  EXPECT_EQ((*usage)[1].pod, "web-2");
  ASSERT_EQ(transport_.sent().size(), 2U);
  EXPECT_EQ(transport_.sent()[0].target,
            "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods?labelSelector=app%3Dweb&limit=500");
}

TEST_F(PodMetricsApi, SaysWhatIsNotInstalledOrAllowed) {
  EXPECT_EQ(ask().error().kind, ErrorKind::NotFound);
  EXPECT_NE(ask().error().message.find("install metrics-server"), std::string::npos);
  transport_.on_send = [](const HttpRequest&) {
    return status_answer(403, "Forbidden", "pods.metrics.k8s.io is forbidden");
  };
  EXPECT_NE(ask().error().message.find("needs get and list"), std::string::npos);
  transport_.on_send = [](const HttpRequest&) {
    return json_answer({{"kind", "Pod"}, {"apiVersion", "v1"}});
  };
  EXPECT_EQ(ask().error().kind, ErrorKind::Internal);
}

TEST_F(PodMetricsApi, EndsWithTheRound) {
  transport_.on_send = [&](const HttpRequest&) {
    clock_.advance(Seconds(2));
    return json_answer({{"kind", "PodMetricsList"},
                        {"apiVersion", "metrics.k8s.io/v1beta1"},
                        {"metadata", {{"continue", "next"}}},
                        {"items", json::array()}});
  };
  EXPECT_EQ(ask().error().kind, ErrorKind::TimedOut);
  EXPECT_EQ(transport_.sent().size(), 3U);
}

}  // namespace
}  // namespace poolscaler::kube
