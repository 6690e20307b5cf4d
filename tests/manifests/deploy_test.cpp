// deploy/poolscaler.yaml: what the operator may do, how its pod is closed in, and that it has our
// definitions unchanged.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "manifests/generated_files.hpp"

namespace poolscaler {
namespace {

using nlohmann::json;

std::vector<json> deployed() {
  auto read = api::read_yaml(file_text(source_path("deploy/poolscaler.yaml")));
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return read ? *std::move(read) : std::vector<json>();
}

std::vector<json> of_kind(const std::string& kind) {
  std::vector<json> found;
  for (auto& object : deployed())
    if (object["kind"] == kind) found.push_back(std::move(object));
  return found;
}

/// The rules that are bound to the operator's service account.
std::vector<json> operator_rules() {
  std::set<std::string> bound;
  for (const auto* kind : {"ClusterRoleBinding", "RoleBinding"})
    for (const auto& binding : of_kind(kind)) bound.insert(binding["roleRef"]["name"]);
  std::vector<json> rules;
  for (const auto* kind : {"ClusterRole", "Role"})
    for (const auto& role : of_kind(kind)) {
      if (!bound.contains(role["metadata"]["name"].get<std::string>())) continue;
      for (const auto& rule : role["rules"]) rules.push_back(rule);
    }
  return rules;
}

TEST(OperatorRights, NeverHaveWildcardsOrPowersBeyondTheTask) {
  const std::set<std::string> writing = {"create", "update", "patch", "delete", "deletecollection"};
  const std::set<std::string> writable = {
      "scalingpolicies/status", "metricsources/status", "acceleratorpools/status",
      "costbudgets/status",     "deployments/scale",    "statefulsets/scale",
      "replicasets/scale",      "events",               "leases",
      // Jobs that are suspended and resumed: they have no subresource for that.
      "jobs", "jobsets", "trainjobs",
      // Nodes: our marks on them, evictions, and what says how many a group has.
      "nodes", "pods/eviction", "nodepools/scale", "machinedeployments/scale", "machinesets/scale",
      "machinepools/scale", "machines", "nodegroups", "containernodepools", "nodepools",
      "managedclustersagentpools", "kubernetesclusternodepools"};
  ASSERT_FALSE(operator_rules().empty());
  for (const auto& rule : operator_rules()) {
    EXPECT_FALSE(rule.contains("nonResourceURLs"));
    for (const auto& group : rule["apiGroups"]) EXPECT_NE(group, "*");
    for (const auto& verb : rule["verbs"]) {
      EXPECT_THAT(std::string(verb), testing::AnyOf("get", "list", "watch", "create", "patch",
                                                    "update"));
      for (const auto& resource : rule["resources"]) {
        EXPECT_THAT(std::string(resource), testing::Not(testing::AnyOf("*", "secrets")));
        EXPECT_TRUE(!writing.contains(verb) || writable.contains(resource)) << rule;
      }
    }
  }
}

TEST(OperatorRights, WriteTheCountAloneWhereThatIsASubresource) {
  const std::set<std::string> with_template = {"karpenter.sh", "cluster.x-k8s.io"};
  for (const auto& rule : operator_rules()) {
    if (!with_template.contains(rule["apiGroups"][0].get<std::string>())) continue;
    for (const auto& resource : rule["resources"]) {
      if (resource == "machines" || std::string(resource).ends_with("/scale")) continue;
      EXPECT_EQ(rule["verbs"], json({"get", "list", "watch"})) << rule;
    }
  }
}

TEST(OperatorRights, ReachOneLeaseByName) {
  for (const auto& rule : operator_rules()) {
    if (rule["resources"] != json{"leases"} || rule["verbs"] == json{"create"}) continue;
    EXPECT_EQ(rule["resourceNames"], json{"poolscaler"});
  }
}

TEST(OperatorPod, KeepsToTheRestrictedStandard) {
  const auto deployments = of_kind("Deployment");
  ASSERT_EQ(deployments.size(), 1U);
  const auto& pod = deployments[0]["spec"]["template"]["spec"];
  EXPECT_EQ(deployments[0]["spec"]["replicas"], 2);
  EXPECT_EQ(pod["securityContext"]["runAsNonRoot"], true);
  EXPECT_EQ(pod["securityContext"]["runAsUser"], 65532);
  EXPECT_EQ(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
  EXPECT_FALSE(pod.contains("hostNetwork") || pod.contains("hostPID") || pod.contains("volumes"));
  ASSERT_EQ(pod["containers"].size(), 1U);
  const auto& container = pod["containers"][0];
  EXPECT_EQ(container["securityContext"],
            json({{"allowPrivilegeEscalation", false},
                  {"readOnlyRootFilesystem", true},
                  {"capabilities", {{"drop", {"ALL"}}}}}));
  EXPECT_EQ(container["livenessProbe"]["httpGet"]["path"], "/healthz");
  EXPECT_EQ(container["readinessProbe"]["httpGet"]["path"], "/readyz");
  EXPECT_TRUE(container["resources"].contains("limits"));
}

TEST(Deploy, HasTheCustomResourceDefinitionsUnchanged) {
  const auto definitions = of_kind("CustomResourceDefinition");
  ASSERT_EQ(definitions.size(), api::all_kinds.size());
  for (const auto kind : api::all_kinds) {
    const auto expected = api::crd_json(kind);
    EXPECT_THAT(definitions, testing::Contains(testing::ResultOf(
                                 [](const json& crd) { return crd["spec"]; }, expected["spec"])));
  }
}

}  // namespace
}  // namespace poolscaler
