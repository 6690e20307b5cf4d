// What a person types against `poolscaler sandbox --serve`, with the real kubectl.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "support/checkout.hpp"
#include "support/control_plane.hpp"
#include "support/process.hpp"

namespace poolscaler {
namespace {

using nlohmann::json;
using rig::Finished;
using rig::Ms;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr const char* no_kubectl =
    "no kubectl in POOLSCALER_CONTROLPLANE, KUBEBUILDER_ASSETS, the folder of "
    "scripts/controlplane.sh (which builds it) or PATH";

class Kubectl : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    kubectl_ = rig::ControlPlane::program("kubectl");
    if (kubectl_.empty()) return;
    folder_ = std::make_unique<rig::TempDir>();
    sandbox_ = std::make_unique<rig::Process>(
        rig::Command{.argv = {POOLSCALER_BINARY, "sandbox", "--serve", "--write-kubeconfig",
                              kubeconfig().string()},
                     .output = folder_->path() / "sandbox.log"});
    ready_ = rig::eventually(Ms{20'000}, [] {
      return rig::fs::exists(kubeconfig()) &&
             run({"get", "scalingpolicy", "llm", "-n", "demo"}).exit_code == 0;
    });
  }
  static void TearDownTestSuite() {
    sandbox_.reset();
    folder_.reset();
  }

  void SetUp() override {
    if (kubectl_.empty()) {
      std::cerr << "SKIPPED: " << no_kubectl << '\n';
      ASSERT_NE(rig::environment("CI"), "true") << no_kubectl;
      GTEST_SKIP() << no_kubectl;
    }
    ASSERT_TRUE(ready_) << rig::read_file(folder_->path() / "sandbox.log");
  }

  static rig::fs::path kubeconfig() { return folder_->path() / "kubeconfig"; }

  static std::vector<std::string> command(std::vector<std::string> arguments) {
    std::vector<std::string> argv{kubectl_.string(), "--kubeconfig", kubeconfig().string(),
                                  "--cache-dir", (folder_->path() / "cache").string()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
  }

  static Finished run(std::vector<std::string> arguments, const std::string& input = {}) {
    return rig::run(command(std::move(arguments)), input);
  }
  /// What it prints; a failure is a failure of the test.
  static std::string told(std::vector<std::string> arguments, const std::string& input = {}) {
    const auto finished = run(std::move(arguments), input);
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return finished.out;
  }
  /// What it says when it fails.
  static std::string refusal(std::vector<std::string> arguments, const std::string& input = {}) {
    const auto finished = run(std::move(arguments), input);
    EXPECT_NE(finished.exit_code, 0) << finished.out;
    return finished.err;
  }
  static bool shows(const std::vector<std::string>& arguments, const std::string& pattern,
                    Ms limit = Ms{30'000}) {
    return rig::eventually(limit, [&] {
      return ::testing::Matches(ContainsRegex(pattern))(run(arguments).out);
    });
  }

  static inline rig::fs::path kubectl_;
  static inline std::unique_ptr<rig::TempDir> folder_;
  static inline std::unique_ptr<rig::Process> sandbox_;
  static inline bool ready_ = false;
};

TEST_F(Kubectl, GetsTablesWithOurColumns) {
  EXPECT_THAT(told({"get", "spol", "-A"}),
              ContainsRegex("^NAMESPACE +NAME +TARGET +MODE +MIN +MAX +CURRENT +DESIRED +REASON "
                            "+READY +AGE\ndemo +llm +"));
  EXPECT_THAT(told({"get", "spol", "-n", "demo", "-o", "wide"}), HasSubstr("LAST SCALE   MESSAGE"));
  EXPECT_THAT(told({"get", "msrc", "-A"}), HasSubstr("sandbox"));
  EXPECT_THAT(told({"get", "deploy", "-n", "demo"}),
              ContainsRegex("^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nllm +"));
  EXPECT_THAT(told({"get", "nodes"}), ContainsRegex("^NAME +STATUS +ROLES +AGE +VERSION\n"));
  EXPECT_TRUE(shows({"get", "pods", "-n", "demo"},
                    "NAME +READY +STATUS +RESTARTS +AGE\nllm-.* 1/1 +Running"));
  EXPECT_TRUE(shows({"get", "events", "-n", "demo"},
                    "LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n(.*\n)*.*WokenFromZero"));
  EXPECT_THAT(told({"events", "-n", "demo"}), HasSubstr("WokenFromZero"));
  EXPECT_THAT(told({"get", "all", "-n", "demo"}), HasSubstr("deployment.apps/llm"));
  const auto object = json::parse(told({"get", "spol", "llm", "-n", "demo", "-o", "json"}));
  EXPECT_EQ(object["kind"], "ScalingPolicy");
}

TEST_F(Kubectl, DescribesWhatItGets) {
  EXPECT_THAT(told({"describe", "spol", "llm", "-n", "demo"}),
              AllOf(HasSubstr("Kind:         ScalingPolicy"), HasSubstr("Conditions:")));
  EXPECT_THAT(told({"describe", "deploy", "llm", "-n", "demo"}), HasSubstr("Replicas:"));
  EXPECT_TRUE(shows({"describe", "pods", "-n", "demo"}, "Status: +Running"));
  EXPECT_TRUE(shows({"describe", "nodes"}, "nvidia.com/gpu"));
  EXPECT_TRUE(shows({"top", "pods", "-n", "demo"}, "NAME +CPU.cores. +MEMORY.bytes.*\nllm-"));
}

TEST_F(Kubectl, ExplainsEveryLevel) {
  EXPECT_THAT(told({"explain", "spol.spec.signals.target.type"}), HasSubstr("PerReplica"));
  EXPECT_THAT(told({"explain", "msrc.spec.url"}), HasSubstr("Prometheus"));
  EXPECT_THAT(told({"explain", "deployment.spec.replicas"}), HasSubstr("replicas"));
  EXPECT_THAT(told({"api-resources"}), ContainsRegex("scalingpolicies +spol"));
}

TEST_F(Kubectl, AppliesWatchesAndDeletes) {
  const std::string source = R"(apiVersion: poolscaler.dev/v1alpha1
kind: MetricSource
metadata: {name: other}
spec: {url: "http://prometheus:9090", timeoutSeconds: )";
  EXPECT_THAT(told({"apply", "-f", "-"}, source + "5}\n"), HasSubstr("other created"));
  EXPECT_THAT(told({"apply", "-f", "-"}, source + "5}\n"), HasSubstr("other unchanged"));
  rig::Process watch({.argv = command({"get", "msrc", "other", "-w", "-o",
                                       "jsonpath={.spec.timeoutSeconds}{'\\n'}"}),
                      .output = folder_->path() / "watch"});
  // Each change of it is a line, also those of its status.
  const auto seen = [](const std::string& lines) {
    return rig::eventually(Ms{20'000}, [&] {
      return rig::read_file(folder_->path() / "watch").find(lines) != std::string::npos;
    });
  };
  EXPECT_TRUE(seen("5\n"));
  EXPECT_THAT(told({"diff", "-f", "-"}, source + "5}\n"), "");
  EXPECT_THAT(told({"apply", "-f", "-"}, source + "7}\n"), HasSubstr("other configured"));
  EXPECT_TRUE(seen("5\n7\n")) << rig::read_file(folder_->path() / "watch");
  EXPECT_THAT(told({"apply", "--server-side", "--force-conflicts", "-f", "-"}, source + "8}\n"),
              HasSubstr("serverside-applied"));
  EXPECT_THAT(refusal({"apply", "-f", "-"}, source + "-1}\n"), HasSubstr("spec.timeoutSeconds"));
  EXPECT_THAT(told({"delete", "msrc", "other"}), HasSubstr("deleted"));
  EXPECT_THAT(refusal({"get", "msrc", "other"}), HasSubstr("\"other\" not found"));
}

TEST_F(Kubectl, CreatesAndScalesWorkloads) {
  EXPECT_THAT(told({"create", "namespace", "shop"}), HasSubstr("namespace/shop created"));
  EXPECT_THAT(told({"create", "deployment", "web", "--image=model", "--replicas=2", "-n", "shop"}),
              HasSubstr("deployment.apps/web created"));
  EXPECT_TRUE(shows({"get", "deploy", "web", "-n", "shop"}, "web +2/2 +2 +2"));
  told({"scale", "deploy", "web", "--replicas=1", "-n", "shop"});
  EXPECT_TRUE(shows({"get", "deploy", "web", "-n", "shop"}, "web +1/1 +1 +1"));
  told({"rollout", "status", "deploy/web", "-n", "shop", "--timeout=20s"});
  told({"wait", "--for=condition=Available", "deploy/web", "-n", "shop", "--timeout=20s"});
  told({"create", "configmap", "c", "--from-literal=a=b", "-n", "shop"});
  told({"create", "secret", "generic", "s", "--from-literal=key=value", "-n", "shop"});
  EXPECT_EQ(told({"get", "secret", "s", "-n", "shop", "-o", "jsonpath={.data.key}"}), "dmFsdWU=");
  told({"create", "serviceaccount", "sa", "-n", "shop"});
  told({"create", "service", "clusterip", "web", "--tcp=80:8080", "-n", "shop"});
  told({"create", "job", "once", "--image=model", "-n", "shop"});
  told({"create", "role", "reader", "--verb=get", "--resource=pods", "-n", "shop"});
  told({"create", "rolebinding", "reader", "--role=reader", "--serviceaccount=shop:sa", "-n",
        "shop"});
  told({"create", "pdb", "web", "--selector=app=web", "--min-available=1", "-n", "shop"});
  told({"autoscale", "deploy", "web", "--min=1", "--max=3", "--cpu=80%", "-n", "shop"});
  EXPECT_THAT(told({"get", "hpa", "-n", "shop"}), HasSubstr("Deployment/web"));
  told({"delete", "namespace", "shop"});
}

TEST_F(Kubectl, IsToldWhatASandboxCannotDo) {
  ASSERT_TRUE(shows({"get", "pods", "-n", "demo"}, "llm-.* Running"));
  const auto pod = told({"get", "pods", "-n", "demo", "-o", "name"});
  const auto name = pod.substr(0, pod.find('\n'));
  EXPECT_THAT(refusal({"logs", name, "-n", "demo"}), HasSubstr("no containers"));
  EXPECT_THAT(refusal({"exec", name, "-n", "demo", "--", "true"}), HasSubstr("no containers"));
  EXPECT_THAT(refusal({"port-forward", name, "8080", "-n", "demo"}), HasSubstr("no containers"));
}

TEST_F(Kubectl, HasUsAsItsPlugin) {
  rig::fs::create_symlink(POOLSCALER_BINARY, folder_->path() / "kubectl-poolscaler");
  ASSERT_EQ(setenv("PATH", (folder_->path().string() + ":" + rig::environment("PATH")).c_str(), 1),
            0);
  ASSERT_EQ(setenv("KUBECONFIG", kubeconfig().c_str(), 1), 0);
  ASSERT_TRUE(shows({"get", "spol", "llm", "-n", "demo"}, " True "));
  const auto plugin = rig::run({kubectl_.string(), "poolscaler", "explain", "demo/llm"});
  EXPECT_EQ(plugin.exit_code, 0) << plugin.err;
  EXPECT_THAT(plugin.out, HasSubstr("demo/llm"));
  EXPECT_THAT(rig::run({kubectl_.string(), "plugin", "list"}).out, HasSubstr("kubectl-poolscaler"));
}

TEST_F(Kubectl, ShowsPoolsAndBudgetsByItsVerbs) {
  for (const auto* example : {"accelerator-pool.yaml", "cost-budget.yaml"})
    told({"apply", "-f", in_checkout("deploy/examples") / example});
  const auto verb = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), POOLSCALER_BINARY);
    arguments.insert(arguments.end(), {"--kubeconfig", kubeconfig().string()});
    return rig::run(arguments);
  };
  const auto top = verb({"top"});  // no terminal reads it, so it is told once
  EXPECT_EQ(top.exit_code, 0) << top.err;
  EXPECT_THAT(top.out, HasSubstr("h100  nvidia.com/gpu x 8 a node (H100-SXM)"));
  const auto fleet = verb({"top", "--once", "-o", "json"});
  EXPECT_EQ(fleet.exit_code, 0) << fleet.err;
  const auto all = json::parse(fleet.out);
  const auto named = [](const json& list, const std::string& name) {
    for (const auto& one : list)
      if (one["name"] == name) return one;
    return json::object();
  };
  EXPECT_EQ(named(all["pools"], "h100")["name"], "h100");
  EXPECT_EQ(named(all["budgets"], "shop")["onLimit"], "Shed");
  const auto budget = verb({"budget", "shop"});
  EXPECT_EQ(budget.exit_code, 0) << budget.err;
  EXPECT_THAT(budget.out, HasSubstr("shop  "));
  const auto nobody = verb({"budget", "nobody"});
  EXPECT_EQ(nobody.exit_code, 2);
  EXPECT_THAT(nobody.err, HasSubstr("budget 'nobody': "));
}

}  // namespace
}  // namespace poolscaler
