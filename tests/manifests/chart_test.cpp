// The chart through the real Helm: linted strictly, rendered with its defaults and with the values
// that change its shape.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "manifests/generated_files.hpp"
#include "manifests/helm.hpp"
#include "poolscaler/kube/node_groups.hpp"
#include "support/process.hpp"

namespace poolscaler {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Chart : public ::testing::Test {
 protected:
  void SetUp() override {
    helm_ = helm_program();
    if (!helm_.empty()) return;
    ASSERT_NE(rig::environment("CI"), "true") << no_helm;
    GTEST_SKIP() << no_helm;
  }

  [[nodiscard]] rig::Finished helm(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), helm_.string());
    return rig::run(arguments);
  }

  [[nodiscard]] rig::Finished render(const std::vector<std::string>& values) const {
    std::vector<std::string> arguments{"template", "poolscaler", chart_path().string(),
                                       "--namespace", "poolscaler-system"};
    for (const auto& value : values) arguments.insert(arguments.end(), {"--set", value});
    return helm(arguments);
  }

  [[nodiscard]] std::vector<json> objects(const std::vector<std::string>& values) const {
    const auto rendered = render(values);
    EXPECT_EQ(rendered.exit_code, 0) << rendered.err;
    auto read = api::read_yaml(rendered.out);
    EXPECT_TRUE(read) << (read ? "" : read.error().message);
    return read ? *std::move(read) : std::vector<json>();
  }

  rig::fs::path helm_;
};

json first_of_kind(const std::vector<json>& objects, const std::string& kind) {
  for (const auto& object : objects)
    if (object["kind"] == kind) return object;
  return nullptr;
}

TEST_F(Chart, PassesTheStrictLint) {
  const auto lint = helm({"lint", "--strict", chart_path().string()});
  EXPECT_EQ(lint.exit_code, 0) << lint.out << lint.err;
}

TEST_F(Chart, RendersTheCommittedManifests) {
  const auto rendered =
      rig::run({"/usr/bin/env", fmt::format("HELM={}", helm_.string()),
                source_path("scripts/render-deploy.sh").string(), "--stdout"});
  ASSERT_EQ(rendered.exit_code, 0) << rendered.err;
  EXPECT_EQ(rendered.out, file_text(source_path("deploy/poolscaler.yaml")))
      << "deploy/poolscaler.yaml is out of date: run scripts/render-deploy.sh";
}

TEST_F(Chart, RefusesUnknownAndOutrageousValues) {
  EXPECT_THAT(render({"replica=3"}).err, HasSubstr("replica"));
  EXPECT_THAT(render({"replicas=99"}).err, HasSubstr("maximum"));
  EXPECT_THAT(render({"log.level=loud"}).err, HasSubstr("level"));
}

TEST_F(Chart, KeepsTheDefinitionsUnlessToldOtherwise) {
  const auto keep = [](const json& crd) {
    return crd["metadata"].contains("annotations") &&
           crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep";
  };
  EXPECT_TRUE(keep(first_of_kind(objects({}), "CustomResourceDefinition")));
  EXPECT_FALSE(keep(first_of_kind(objects({"crds.keep=false"}), "CustomResourceDefinition")));
  EXPECT_TRUE(first_of_kind(objects({"crds.enabled=false"}), "CustomResourceDefinition").is_null());
}

TEST_F(Chart, BindsNamespacesOneByOneWhenTheyAreListed) {
  const auto all = objects({"watchNamespaces[0]=shop", "watchNamespaces[1]=lab"});
  std::vector<std::string> namespaces;
  for (const auto& object : all) {
    if (object["kind"] == "ClusterRoleBinding")
      EXPECT_THAT(object["roleRef"]["name"].get<std::string>(),
                  testing::AnyOf("poolscaler-metric-sources", "poolscaler-pools"));
    else if (object["kind"] == "RoleBinding" && object["roleRef"]["kind"] == "ClusterRole")
      namespaces.push_back(object["metadata"]["namespace"]);
  }
  EXPECT_THAT(namespaces, testing::ElementsAre("shop", "lab"));
  const auto pod = first_of_kind(all, "Deployment")["spec"]["template"]["spec"];
  EXPECT_THAT(pod["containers"][0]["args"].get<std::vector<std::string>>(),
              testing::IsSupersetOf({"--watch-namespace=shop", "--watch-namespace=lab"}));
}

TEST_F(Chart, GivesRightsToMoreKindsOfTargets) {
  const auto all = objects({"rbac.extraScaleTargets[0].apiGroup=leaderworkerset.x-k8s.io",
                            "rbac.extraScaleTargets[0].resources[0]=leaderworkersets"});
  EXPECT_THAT(first_of_kind(all, "ClusterRole")["rules"].dump(),
              testing::AllOf(HasSubstr("leaderworkersets/scale"), HasSubstr("deployments/scale")));
}

TEST_F(Chart, WatchesNodesOnlyWhereItMayNotManageThem) {
  const auto rules = [this](const std::vector<std::string>& values) {
    std::string text;
    for (const auto& object : objects(values))
      if (object["metadata"]["name"] == "poolscaler-nodes" && object["kind"] == "ClusterRole")
        text = object["rules"].dump();
    return text;
  };
  EXPECT_THAT(rules({}), testing::AllOf(HasSubstr("pods/eviction"), HasSubstr("nodepools/scale")));
  const auto watched = rules({"nodeGroups.manage=false"});
  EXPECT_THAT(watched, testing::AllOf(HasSubstr("nodes"), HasSubstr("nodepools")));
  EXPECT_THAT(watched, testing::Not(HasSubstr("patch")));
  EXPECT_THAT(watched, testing::Not(HasSubstr("create")));
  EXPECT_EQ(rules({"nodeGroups.enabled=false"}), "");
  EXPECT_EQ(rules({"watchNamespaces[0]=shop"}), "");
  EXPECT_THAT(rules({}), testing::Not(HasSubstr("[\"pods\"]")));
  EXPECT_THAT(rules({"nodeGroups.extraBackends[0].apiGroup=example.com",
                     "nodeGroups.extraBackends[0].objects[0]=fleets"}),
              HasSubstr("fleets"));
}

TEST_F(Chart, GivesNodeGroupsBesideListedNamespacesWhenItIsToldTo) {
  const std::vector<std::string> values = {"watchNamespaces[0]=shop",
                                           "nodeGroups.besideNamespaces=true"};
  const auto all = objects(values);
  json role;
  std::set<std::string> bound;
  for (const auto& object : all) {
    if (object["kind"] == "ClusterRole" && object["metadata"]["name"] == "poolscaler-nodes")
      role = object["rules"];
    if (object["kind"] == "ClusterRoleBinding") bound.insert(object["roleRef"]["name"]);
  }
  EXPECT_THAT(role.dump(), testing::AllOf(HasSubstr("pods/eviction"), HasSubstr("nodepools/scale"),
                                          HasSubstr("[\"pods\"]")));
  EXPECT_THAT(bound, testing::ElementsAre("poolscaler-metric-sources", "poolscaler-nodes",
                                          "poolscaler-pools"))
      << "policies and their targets stay with the listed namespaces";
}

TEST_F(Chart, HasRightsForEveryKindOfNodeGroup) {
  std::set<std::string> given;
  for (const auto& object : objects({}))
    if (object["kind"] == "ClusterRole")
      for (const auto& rule : object["rules"])
        for (const auto& group : rule["apiGroups"]) given.insert(group);
  for (const auto& kind : kube::group_kinds())
    EXPECT_TRUE(given.contains(std::string(kind.group))) << kind.called;
}

TEST_F(Chart, NamesTheImageByDigestWhenThereIsOne) {
  const auto image_of = [this](const std::vector<std::string>& values) {
    const auto pod = first_of_kind(objects(values), "Deployment")["spec"]["template"]["spec"];
    return pod["containers"][0]["image"].get<std::string>();
  };
  EXPECT_EQ(image_of({"image.tag=x"}), "ghcr.io/poolscaler/poolscaler:x");
  const auto digest = std::string("sha256:").append(64, 'a');
  EXPECT_EQ(image_of({"image.registry=", "image.digest=" + digest}),
            "poolscaler/poolscaler@" + digest);
}

TEST_F(Chart, MountsCredentialsAndPassesMoreArguments) {
  const auto pod = first_of_kind(
      objects({"extraVolumes[0].name=prom", "extraVolumes[0].secret.secretName=prom",
               "extraVolumeMounts[0].name=prom",
               "extraVolumeMounts[0].mountPath=/etc/poolscaler/prom",
               "extraArgs[0]=--leader-elect=true", "podLabels.team=ml",
               "commonAnnotations.owner=platform", "nodeSelector.pool=system"}),
      "Deployment")["spec"]["template"]["spec"];
  EXPECT_EQ(pod["volumes"][0]["secret"]["secretName"], "prom");
  EXPECT_EQ(pod["containers"][0]["volumeMounts"][0]["mountPath"], "/etc/poolscaler/prom");
  EXPECT_EQ(pod["containers"][0]["args"].back(), "--leader-elect=true");
  EXPECT_EQ(pod["nodeSelector"]["pool"], "system");
}

}  // namespace
}  // namespace poolscaler
