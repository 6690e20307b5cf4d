// Signals of the pods' own cpu on a real API server. metrics.k8s.io is a kind of the test's own
// there: what metrics-server would serve is written by the test.
#include "e2e/world.hpp"
#include "poolscaler/base/clock.hpp"
#include "poolscaler/base/time.hpp"
#include "support/checkout.hpp"

namespace poolscaler::e2e {
namespace {

class Pods : public Case {
 protected:
  void make_cpu_policy(const std::string& name) {
    make_policy(name, {{"minReplicas", 1},
                       {"signals",
                        {{{"name", "cpu"},
                          {"resource", {{"name", "cpu"}}},
                          {"target", {{"type", "Utilization"}, {"value", "0.5"}}},
                          {"maxAgeSeconds", 30}}}}});
  }

  void serve_metrics() {
    cluster().apply(rig::read_file(in_checkout("tests/e2e/pod_metrics.yaml")));
    ASSERT_TRUE(rig::eventually(Ms{30'000}, [&] {
      return cluster().request("GET", "/apis/metrics.k8s.io/v1beta1/pods").status == 200;
    }));
  }

  /// Every pod of the namespace uses this much now.
  void publish(const std::string& cpu) {
    for (const auto& pod : items("/api/v1/namespaces/" + ns() + "/pods")) {
      const auto pod_name = pod["metadata"].value("name", "");
      const json usage{{"apiVersion", "metrics.k8s.io/v1beta1"},
                       {"kind", "PodMetrics"},
                       {"metadata", {{"name", pod_name}, {"labels", pod["metadata"]["labels"]}}},
                       {"timestamp", to_rfc3339(system_clock().now())},
                       {"window", "1s"},
                       {"containers", {{{"name", "main"}, {"usage", {{"cpu", cpu}}}}}}};
      cluster().request("PATCH",
                        "/apis/metrics.k8s.io/v1beta1/namespaces/" + ns() + "/pods/" + pod_name +
                            "?fieldManager=test&force=true",
                        usage.dump(), "application/apply-patch+yaml");
    }
  }

  [[nodiscard]] bool reaches_under(const std::string& name, int wanted, const std::string& cpu) {
    return rig::eventually(Ms{60'000}, [&] {
      publish(cpu);
      return replicas(name) == wanted;
    });
  }
};

TEST_F(Pods, AreScaledByTheirOwnCpu) {
  start_operator();
  make_deployment("web", 2, {{"resources", {{"requests", {{"cpu", "500m"}}}}}});
  make_cpu_policy("web");
  ASSERT_TRUE(condition_becomes("web", "MetricsHealthy", "False MetricError"));
  EXPECT_NE(policy_object("web").dump().find("install metrics-server"), std::string::npos);
  EXPECT_EQ(replicas("web"), 2) << "an error never lowers";

  serve_metrics();
  ASSERT_TRUE(reaches_under("web", 4, "500m")) << policy_object("web").dump(1);
  EXPECT_TRUE(reaches_under("web", 1, "50m")) << policy_object("web").dump(1);
  const auto signal = policy_object("web")["status"]["signals"][0];
  EXPECT_EQ(signal.value("state", ""), "Value") << signal.dump();
  EXPECT_EQ(signal.value("target", ""), "0.5") << signal.dump();
  EXPECT_TRUE(signal.contains("ageSeconds")) << signal.dump();
}

}  // namespace
}  // namespace poolscaler::e2e
