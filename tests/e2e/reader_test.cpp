// What somebody sees who may view a namespace, and nothing more: `explain` and `diff` against a
// real API server, with the role that the chart gives to readers.
#include <gmock/gmock.h>

#include "e2e/world.hpp"

namespace poolscaler::e2e {
namespace {

using testing::HasSubstr;

class Reader : public Case {
 protected:
  void SetUp() override {
    Case::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const json metadata{{"name", "reader"}, {"namespace", ns()}};
    cluster().apply(
        json{{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", metadata}}.dump());
    const json role{
        {"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", "view"}};
    const json subject{{"kind", "ServiceAccount"}, {"name", "reader"}, {"namespace", ns()}};
    cluster().apply(json{{"apiVersion", "rbac.authorization.k8s.io/v1"},
                         {"kind", "RoleBinding"},
                         {"metadata", metadata},
                         {"roleRef", role},
                         {"subjects", json::array({subject})}}
                        .dump());
    kubeconfig_ = cluster().service_account_kubeconfig(ns(), "reader");
  }

  void TearDown() override {
    if (!kubeconfig_.empty()) expect_no_writes();
    Case::TearDown();
  }

  void expect_no_writes() {
    for (const auto& request : cluster().requests_by("system:serviceaccount:" + ns() + ":reader")) {
      EXPECT_FALSE(request.writes()) << request.verb << " " << request.resource;
    }
  }

  rig::Finished as_reader(const std::string& verb, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), verb);
    arguments.insert(arguments.end(), {"--kubeconfig", kubeconfig_.string()});
    return poolscaler(arguments);
  }

  /// Three replicas that two would do for, held by a window of an hour that has just begun.
  void hold_three() {
    start_operator();
    make_deployment("llm", 1);
    set_load("llm", 30);
    make_policy("llm", {{"minReplicas", 1},
                        {"behavior",
                         {{"scaleDown", {{"stabilizationWindowSeconds", 3600}}}}}});
    ASSERT_TRUE(reaches("llm", 3));
    // Three are asked for again, so that it is this that holds them and not the fresh start.
    reason_becomes("AtTarget");
    set_load("llm", 20);
    reason_becomes("Stabilized");
  }

  void reason_becomes(const std::string& reason) {
    ASSERT_TRUE(rig::eventually(Ms{45'000}, [&] { return last_reason("llm") == reason; }))
        << policy_object("llm").dump(1);
  }

  rig::fs::path file_of(json object) {
    if (object["kind"] == "ScalingPolicy") object["metadata"]["namespace"] = ns();
    return files_.write("policy-" + std::to_string(++written_) + ".json", object.dump());
  }

 private:
  rig::fs::path kubeconfig_;
  rig::TempDir files_;
  int written_ = 0;
};

TEST_F(Reader, IsToldTheLastDecisionAndWhatWouldChangeIt) {
  hold_three();
  const auto told = as_reader("explain", {ns() + "/llm"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("stays at 3 because Stabilized"));
  EXPECT_THAT(told.out, HasSubstr("20 / 10 per replica = 2"));
  EXPECT_THAT(told.out, HasSubstr("not below 3 within 3600 s"));
  EXPECT_THAT(told.out, HasSubstr("to scale down now"));
  EXPECT_THAT(told.out, HasSubstr("to scale up now"));
  EXPECT_THAT(told.out, HasSubstr("would have to rise above"));
}

TEST_F(Reader, CarriesOutAnAnswerAndItHappens) {
  hold_three();
  const auto told = as_reader("explain", {ns() + "/llm", "--why-not", "down", "-o", "json"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  const auto account = json::parse(told.out);
  EXPECT_EQ(account["reason"], "Stabilized") << told.out;
  EXPECT_EQ(account["policy"], ns() + "/llm");
  EXPECT_FALSE(account["steps"].empty());
  EXPECT_THAT(told.out, HasSubstr("behavior.scaleDown.stabilizationWindowSeconds"));
  change_policy("llm", {{"behavior", {{"scaleDown", {{"stabilizationWindowSeconds", 0}}}}}});
  EXPECT_TRUE(reaches("llm", 2));
}

TEST_F(Reader, IsToldWhyThereIsNothingToTell) {
  const auto absent = as_reader("explain", {ns() + "/nobody"});
  EXPECT_EQ(absent.exit_code, 2);
  EXPECT_THAT(absent.err, HasSubstr("policy '" + ns() + "/nobody'"));
  const auto foreign = as_reader("explain", {"kube-system/llm"});
  EXPECT_EQ(foreign.exit_code, 1);
  EXPECT_THAT(foreign.err, HasSubstr("forbidden"));
  make_policy("undecided");
  const auto undecided = as_reader("explain", {ns() + "/undecided"});
  EXPECT_EQ(undecided.exit_code, 2);
  EXPECT_THAT(undecided.err, HasSubstr("is the operator running?"));
}

TEST_F(Reader, SeesWhatAManifestWouldChange) {
  hold_three();
  const json object = policy("llm", {{"minReplicas", 1},
                                     {"behavior",
                                      {{"scaleDown", {{"stabilizationWindowSeconds", 3600}}}}}});
  const auto same = as_reader("diff", {file_of(object)});
  EXPECT_EQ(same.exit_code, 0) << same.out << same.err;
  EXPECT_THAT(same.out, HasSubstr("0 of 1 differ"));
  auto smaller = object;
  smaller["spec"]["maxReplicas"] = 2;
  const auto changed = as_reader("diff", {file_of(smaller)});
  EXPECT_EQ(changed.exit_code, 1) << changed.err;
  EXPECT_THAT(changed.out, HasSubstr("spec.maxReplicas: 10 -> 2"));
  EXPECT_THAT(changed.out, HasSubstr("effect now: desired 3 -> 2"));
  auto other = object;
  other["metadata"]["name"] = "other";
  const auto created = as_reader("diff", {file_of(other), "-o", "json"});
  EXPECT_EQ(created.exit_code, 1) << created.err;
  EXPECT_EQ(json::parse(created.out)["objects"][0]["change"], "Create");
}

TEST_F(Reader, IsToldWhatItMayNotRead) {
  const json source{{"apiVersion", "poolscaler.dev/v1alpha1"},
                    {"kind", "MetricSource"},
                    {"metadata", {{"name", "rig"}}},
                    {"spec", {{"url", "http://prometheus:9090"}}}};
  const auto refused = as_reader("diff", {file_of(source)});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("reading MetricSource 'rig'"));
  EXPECT_THAT(refused.err, HasSubstr("forbidden"));
}

}  // namespace
}  // namespace poolscaler::e2e
