#include "poolscaler/kube/node_groups.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "support/group_objects.hpp"

namespace poolscaler::kube {
namespace {

using nlohmann::json;
using ::poolscaler::testing::group_object;
using ::poolscaler::testing::group_objects;
using ::poolscaler::testing::GroupObject;
using ::poolscaler::testing::served;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string capi = "cluster.x-k8s.io/v1beta2";

GroupReading reading_of(const GroupObject& example, const json& changes = json::object()) {
  auto object = served(example);
  object.merge_patch(changes);
  const auto reading = read_group(object, example.group);
  EXPECT_TRUE(reading) << (reading ? "" : reading.error().message);
  return reading ? *reading : GroupReading{};
}

std::string problem_of(const GroupObject& example, const json& changes) {
  auto object = served(example);
  object.merge_patch(changes);
  const auto reading = read_group(object, example.group);
  return reading ? "none" : reading.error().message;
}

json at_path(const std::string& pointer, json value) {
  return json({{pointer, std::move(value)}}).unflatten();
}

Resource resource_of(const GroupObject& example) {
  const auto parts = split_api_version(example.group.backend->api_version).value();
  return {.group = parts.first,
          .version = parts.second,
          .plural = "things",
          .kind = example.group.backend->kind,
          .namespaced = !example.group.backend->ns.empty()};
}

class EachKind : public ::testing::TestWithParam<GroupObject> {};

std::string name_of_case(const ::testing::TestParamInfo<GroupObject>& info) {
  std::string name;
  for (const char c : info.param.group.backend->api_version + "_" + info.param.group.backend->kind)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(NodeGroup, EachKind, ::testing::ValuesIn(group_objects()), name_of_case);

TEST_P(EachKind, IsReadAsThreeNodesThatAnybodyMayChange) {
  const auto reading = reading_of(GetParam());
  EXPECT_EQ(reading.uid, "u");
  EXPECT_EQ(reading.resource_version, "7");
  EXPECT_TRUE(reading.has_count);
  EXPECT_EQ(reading.desired, 3);
  EXPECT_EQ(reading.owned_elsewhere, "");
  EXPECT_EQ(reading.busy, "");
  EXPECT_EQ(reading.trouble, "");
}

TEST_P(EachKind, KnowsItsNodes) {
  const auto& example = GetParam();
  const auto marks = reading_of(example).marks;
  if (example.label.key.empty()) {
    EXPECT_EQ(marks.owner, "gpu");
    EXPECT_EQ(marks.ns, "team");
    return;
  }
  ASSERT_EQ(marks.labels.size(), 1U);
  EXPECT_EQ(marks.labels[0], example.label);
}

TEST_P(EachKind, IsToldByTheGroupsOwnSelectorWhereThereIsOne) {
  auto example = GetParam();
  example.group.node_selector = {{"pool", "mine"}};
  EXPECT_EQ(reading_of(example).marks.labels, example.group.node_selector);
}

TEST_P(EachKind, IsLeftAloneWhenSomebodyElseOwnsTheCount) {
  const auto& example = GetParam();
  if (example.owned_elsewhere.is_null()) return;  // nobody else can
  const auto reading = reading_of(example, example.owned_elsewhere);
  EXPECT_THAT(reading.owned_elsewhere, HasSubstr("; "));
  const auto write = group_write(example.group, reading, 6);
  ASSERT_FALSE(write);
  EXPECT_EQ(write.error().message, reading.owned_elsewhere);
}

TEST_P(EachKind, FollowsPodsWithinTheBoundsOfTheAutoscalerThatOwnsItsCount) {
  const auto& example = GetParam();
  if (example.autoscaled.is_null()) return;  // its object cannot say so
  const auto reading = reading_of(example, example.autoscaled);
  EXPECT_EQ(reading.owned_elsewhere, "");
  EXPECT_FALSE(reading.has_count);
  EXPECT_EQ(reading.min, 3);
  EXPECT_EQ(reading.max, 9);
  EXPECT_EQ(reading.step, 1) << "nodes come one by one, in whichever zone";
  EXPECT_THAT(group_write(example.group, reading, 6).error().message, HasSubstr("takes no count"));
}

TEST_P(EachKind, FollowsPodsWhereItsPoolSaysSo) {
  auto example = GetParam();
  example.group.follows_pods = true;
  const auto changes =
      example.owned_elsewhere.is_null() ? json::object() : example.owned_elsewhere;
  const auto reading = reading_of(example, changes);
  EXPECT_FALSE(reading.has_count);
  EXPECT_EQ(reading.owned_elsewhere, "");
  EXPECT_EQ(reading.max, reading_of(GetParam()).max);
  EXPECT_FALSE(group_write(example.group, reading, 6));
}

TEST_P(EachKind, IsWrittenAtItsCountAlone) {
  const auto& example = GetParam();
  const auto write = group_write(example.group, reading_of(example), 6);
  ASSERT_TRUE(write) << write.error().message;
  const auto request = group_request(resource_of(example), *write);
  ASSERT_TRUE(request) << request.error().message;
  const auto body = json::parse(request->body);
  EXPECT_THAT(request->path, ::testing::AnyOf(::testing::EndsWith("/things/gpu"),
                                              ::testing::EndsWith("/things/gpu/scale")));
  ASSERT_EQ(body.size(), 3U);
  EXPECT_EQ(body[0]["op"], "test");
  EXPECT_EQ(body[1]["op"], "test");
  EXPECT_EQ(body[2]["op"], "add");
  auto object = served(example);
  object = object.patch(body);
  EXPECT_EQ(read_group(object, example.group)->desired, 6);
  EXPECT_EQ(read_group_answer(object, *write)->nodes, 6);
  object["metadata"]["uid"] = "another";
  EXPECT_THROW(object = object.patch(body), json::other_error);
}

TEST_P(EachKind, RefusesWhatIsNoCount) {
  const auto& example = GetParam();
  const auto* kind =
      group_kind_of(example.group.backend->api_version, example.group.backend->kind);
  ASSERT_NE(kind, nullptr);
  std::string pointer = "/" + std::string(kind->desired);
  std::ranges::replace(pointer, '.', '/');
  for (const auto& bad : {json(-1), json(2.5), json("three"), json(3'000'000'000), json(true),
                          json::array({3}), json(1e300), json("-3"), json("1.5")}) {
    auto object = served(example);
    object[json::json_pointer(pointer)] = bad;
    const auto reading = read_group(object, example.group);
    ASSERT_FALSE(reading) << bad;
    EXPECT_EQ(reading.error().kind, ErrorKind::InvalidInput);
    EXPECT_THAT(reading.error().message, HasSubstr(std::string(kind->desired))) << bad;
    EXPECT_THAT(reading.error().message, HasSubstr("gpu")) << bad;
  }
}

TEST_P(EachKind, MustBeAnObjectOfTheApi) {
  EXPECT_THAT(problem_of(GetParam(), {{"metadata", {{"uid", nullptr}}}}), HasSubstr("no uid"));
  EXPECT_THAT(problem_of(GetParam(), {{"kind", "Table"}}), HasSubstr("another kind"));
}

TEST(NodeGroups, AreOneRowAKind) {
  std::set<std::string> seen;
  for (const auto& kind : group_kinds()) {
    EXPECT_FALSE(kind.desired.empty()) << kind.called;
    EXPECT_TRUE(seen.insert(fmt::format("{}/{} {}", kind.group, kind.version, kind.kind)).second);
    EXPECT_NE(kind.label.empty(), kind.machine_owner.empty()) << kind.called;
  }
}

TEST(NodeGroups, TakeTheRowOfTheVersionFirst) {
  EXPECT_THAT(std::string(group_kind_of("eks.aws.upbound.io/v1beta1", "NodeGroup")->desired),
              HasSubstr("scalingConfig[0]"));
  EXPECT_THAT(std::string(group_kind_of("eks.aws.upbound.io/v1beta2", "NodeGroup")->desired),
              HasSubstr("scalingConfig.desiredSize"));
  EXPECT_EQ(group_kind_of("cluster.x-k8s.io/v1beta1", "MachineDeployment")->desired,
            "spec.replicas");
  EXPECT_EQ(group_kind_of("apps/v1", "Deployment"), nullptr);
  EXPECT_EQ(group_kind_of("v1", "NodePool"), nullptr);
}

TEST(NodeGroups, ReadAListWithOneEntryToo) {
  auto example = group_object("eks.aws.upbound.io/v1beta2", "NodeGroup");
  example.group.backend->api_version = "eks.aws.upbound.io/v1beta1";
  const auto listed =
      json::parse(R"({"spec": {"forProvider": {"scalingConfig": [{"desiredSize": 4}]}}})");
  const auto reading = reading_of(example, listed);
  EXPECT_EQ(reading.desired, 4);
  const auto write = group_write(example.group, reading, 5);
  EXPECT_THAT(group_request(resource_of(example), *write)->body,
              HasSubstr("/spec/forProvider/scalingConfig/0/desiredSize"));
}

TEST(NodeGroups, TakeNoCountWhereNodesFollowPendingPods) {
  const auto example = group_object("karpenter.sh/v1", "NodePool");
  const auto reading = reading_of(example, {{"spec", {{"replicas", nullptr}}}});
  EXPECT_FALSE(reading.has_count);
  EXPECT_EQ(reading.max, 8);
  EXPECT_THAT(group_write(example.group, reading, 1).error().message, HasSubstr("pending"));
}

TEST(NodeGroups, MustSayACountOtherwise) {
  const auto example = group_object(capi, "MachineDeployment");
  EXPECT_THAT(problem_of(example, {{"spec", {{"replicas", nullptr}}}}),
              HasSubstr("MachineDeployment team/gpu (cluster.x-k8s.io/v1beta2): spec.replicas is "
                        "not set"));
}

TEST(NodeGroups, CountTheNodesOfAllZones) {
  const auto example = group_object("container.gcp.upbound.io/v1beta2", "NodePool");
  const auto reading = reading_of(example);
  EXPECT_EQ(reading.step, 3);
  EXPECT_EQ(reading.observed, 3);
  const auto write = group_write(example.group, reading, 9);
  EXPECT_EQ(json::parse(group_request(resource_of(example), *write)->body)[2]["value"], 3);
  EXPECT_THAT(group_write(example.group, reading, 4).error().message,
              HasSubstr("must be a multiple of 3"));
}

TEST(NodeGroups, MustAgreeWithTheirObjectOnTheZones) {
  auto example = group_object("container.cnrm.cloud.google.com/v1beta1", "ContainerNodePool");
  example.group.zones = 1;
  EXPECT_THAT(problem_of(example, json::object()), HasSubstr("set zones to 3"));
}

TEST(NodeGroups, KeepToTheBackendsOwnBounds) {
  const auto example = group_object("eks.services.k8s.aws/v1alpha1", "Nodegroup");
  const auto reading = reading_of(example, at_path("/spec/scalingConfig/minSize", 2));
  EXPECT_EQ(reading.min, 2);
  EXPECT_EQ(reading.max, 8);
  EXPECT_TRUE(group_write(example.group, reading, 2));
  EXPECT_THAT(group_write(example.group, reading, 1).error().message, HasSubstr("smallest"));
  EXPECT_THAT(group_write(example.group, reading, 9).error().message, HasSubstr("largest"));
  EXPECT_THAT(problem_of(example, at_path("/spec/scalingConfig/minSize", 9)),
              HasSubstr("no count is allowed"));
  EXPECT_THAT(problem_of(example, at_path("/spec/scalingConfig/maxSize", "lots")),
              HasSubstr("spec.scalingConfig.maxSize is lots"));
}

TEST(NodeGroups, ReadBoundsThatAreQuantities) {
  const auto example = group_object("karpenter.sh/v1", "NodePool");
  EXPECT_EQ(reading_of(example, at_path("/spec/limits/nodes", "1k")).max, 1000);
  EXPECT_EQ(reading_of(example, at_path("/spec/limits/nodes", 5)).max, 5);
  EXPECT_THAT(problem_of(example, at_path("/spec/limits/nodes", "500m")),
              HasSubstr("spec.limits.nodes is 500m"));
}

TEST(NodeGroups, ReadLimitsOfAcceleratorsAlone) {
  const auto example = group_object("karpenter.sh/v1", "NodePool");
  const json limits = {{"spec", {{"limits", {{"nvidia.com/gpu", "64"}, {"cpu", "1500m"}}}}}};
  EXPECT_THAT(reading_of(example, limits).limits,
              ElementsAre(ResourceLimit{.resource = "nvidia.com/gpu", .count = 64}));
  const json wrong = {{"spec", {{"limits", {{"nvidia.com/gpu", "many"}}}}}};
  EXPECT_THAT(problem_of(example, wrong), HasSubstr("spec.limits[nvidia.com/gpu] is many"));
}

TEST(NodeGroups, WaitWhileAnEarlierChangeIsMade) {
  const auto ack = group_object("eks.services.k8s.aws/v1alpha1", "Nodegroup");
  const auto updating = reading_of(ack, at_path("/status/status", "UPDATING"));
  EXPECT_THAT(updating.busy, HasSubstr("status.status is UPDATING"));
  EXPECT_EQ(group_write(ack.group, updating, 4).error().kind, ErrorKind::Unavailable);
  const auto aso =
      group_object("containerservice.azure.com/v1api20250801", "ManagedClustersAgentPool");
  EXPECT_NE(reading_of(aso, at_path("/status/provisioningState", "Scaling")).busy, "");
  const auto failed = reading_of(aso, at_path("/status/provisioningState", "Failed"));
  EXPECT_EQ(failed.busy, "");
  EXPECT_THAT(failed.trouble, HasSubstr("Azure could not"));
  const auto eks = group_object("eks.aws.upbound.io/v1beta2", "NodeGroup");
  const json ongoing = {
      {"status",
       {{"conditions", json::array({{{"type", "AsyncOperation"}, {"reason", "Ongoing"}}})}}}};
  EXPECT_THAT(reading_of(eks, ongoing).busy, HasSubstr("still being made"));
  auto deleting = reading_of(eks, at_path("/metadata/deletionTimestamp", "2026-11-27T19:00:00Z"));
  EXPECT_EQ(group_write(eks.group, deleting, 4).error().kind, ErrorKind::Unavailable);
}

TEST(NodeGroups, TellWhatTheirControllersComplainOf) {
  const auto pool = group_object("karpenter.sh/v1", "NodePool");
  const auto not_ready = json::parse(R"({"status": {"conditions": [
      {"type": "ValidationSucceeded", "status": "True"}, {"type": "Ready", "status": "False"}]}})");
  EXPECT_THAT(reading_of(pool, not_ready).trouble,
              HasSubstr("makes no nodes before it is ready"));
}

TEST(NodeGroups, OwnedByClusterAutoscalerNeedBothOfItsBounds) {
  const auto example = group_object(capi, "MachineDeployment");
  const std::string max = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size";
  const auto reading = reading_of(example, {{"metadata", {{"annotations", {{max, "4"}}}}}});
  EXPECT_TRUE(reading.has_count);
  EXPECT_EQ(reading.max, 4);
}

TEST(NodeGroups, ThatFollowPodsNeedNoCountAndAreNeverTooBusyForOne) {
  const auto example =
      group_object("containerservice.azure.com/v1api20250801", "ManagedClustersAgentPool");
  auto changes = example.autoscaled;
  changes["spec"]["count"] = nullptr;
  changes["status"]["provisioningState"] = "Scaling";
  const auto reading = reading_of(example, changes);
  EXPECT_FALSE(reading.has_count);
  EXPECT_EQ(reading.busy, "") << "it is its autoscaler that scales";
}

TEST(NodeGroups, OfClusterApiMakeNoNodesWhileTheyArePaused) {
  const auto example = group_object(capi, "MachineDeployment");
  auto changes = example.autoscaled;
  changes["metadata"]["annotations"]["cluster.x-k8s.io/paused"] = "true";
  EXPECT_THAT(reading_of(example, changes).trouble, HasSubstr("told to leave it alone"));
}

TEST(NodeGroups, OfAMachineDeploymentAreItsOwnWhoeverScalesIt) {
  const auto example = group_object(capi, "MachineSet");
  auto changes = example.autoscaled;
  changes.merge_patch(example.owned_elsewhere);
  EXPECT_THAT(reading_of(example, changes).owned_elsewhere,
              HasSubstr("name the MachineDeployment"));
}

TEST(NodeGroups, SayWhatANodeOfAnEmptyOneWouldHave) {
  const auto reading = reading_of(group_object(capi, "MachineDeployment"));
  EXPECT_EQ(reading.hint.resource, "nvidia.com/gpu");
  EXPECT_EQ(reading.hint.per_node, 8);
}

TEST(NodeGroups, AreWhatThePoolDescribesWhereTheKindIsNotKnown) {
  NodeGroup group{.name = "edge",
                  .backend = BackendRef{.api_version = "example.com/v1",
                                        .kind = "Fleet",
                                        .ns = "",
                                        .name = "gpu"},
                  .max_nodes = 10};
  const json object = {{"kind", "Fleet"},
                       {"metadata", {{"uid", "u"}, {"resourceVersion", "7"}}},
                       {"spec", {{"sizes", {{{"want", 2}, {"least", 1}}}}}},
                       {"status", {{"have", 2}}}};
  EXPECT_THAT(read_group(object, group).error().message, HasSubstr("paths.desired"));
  group.paths = BackendPaths{.desired = "spec.sizes[0].want",
                             .min = "spec.sizes[0].least",
                             .observed = "status.have"};
  EXPECT_THAT(read_group(object, group).error().message, HasSubstr("nodeSelector"));
  group.node_selector = {{"fleet", "gpu"}};
  const auto reading = read_group(object, group);
  ASSERT_TRUE(reading) << reading.error().message;
  EXPECT_EQ(reading->desired, 2);
  EXPECT_EQ(reading->min, 1);
  EXPECT_EQ(reading->observed, 2);
  EXPECT_EQ(reading->removal, NodeRemoval::Any);
  const auto write = group_write(group, *reading, 5);
  const Resource fleets{"example.com", "v1", "fleets", "Fleet", false};
  EXPECT_EQ(json::parse(group_request(fleets, *write)->body)[2],
            json::parse(R"({"op": "add", "path": "/spec/sizes/0/want", "value": 5})"));
  group.paths->desired = "spec.sizes[name=a].want";
  EXPECT_THAT(read_group(object, group).error().message, HasSubstr("paths.desired"));
  group.paths->desired = "spec.none";
  EXPECT_THAT(read_group(object, group).error().message, HasSubstr("spec.none is not set"));
  group.follows_pods = true;
  EXPECT_FALSE(read_group(object, group)->has_count);
}

TEST(NodeGroups, OfClusterApiKnowNodesByTheirOwner) {
  const auto marks = reading_of(group_object(capi, "MachineDeployment")).marks;
  const auto node = [](const std::string& ns, const std::string& owner) {
    return read_origin({{"metadata",
                         {{"annotations",
                           {{"cluster.x-k8s.io/cluster-namespace", ns},
                            {"cluster.x-k8s.io/machine", owner + "-x7f2k"},
                            {"cluster.x-k8s.io/owner-kind", "MachineSet"},
                            {"cluster.x-k8s.io/owner-name", owner}}}}}});
  };
  const LabelOf no_labels = [](const std::string&) { return nullptr; };
  EXPECT_TRUE(belongs(marks, "n", no_labels, node("team", "gpu-58d9b96dd9")));
  EXPECT_FALSE(belongs(marks, "n", no_labels, node("team", "gpu-large-58d9b96dd9")));
  EXPECT_FALSE(belongs(marks, "n", no_labels, node("other", "gpu-58d9b96dd9")));
  EXPECT_FALSE(belongs(marks, "n", no_labels, node("team", "gpu")));
  EXPECT_FALSE(belongs(marks, "n", no_labels, {}));
  const auto pool = reading_of(group_object(capi, "MachinePool")).marks;
  EXPECT_TRUE(belongs(pool, "node-a", no_labels, {}));
  EXPECT_FALSE(belongs(pool, "node-c", no_labels, {}));
  EXPECT_EQ(node("team", "gpu-1").machine, "gpu-1-x7f2k");
}

TEST(NodeGroups, ByLabelsKnowNodesThatHaveAllOfThem) {
  const NodeMarks marks{.labels = {{"a", "1"}, {"b", "2"}}};
  std::map<std::string, std::string> labels{{"a", "1"}};
  const LabelOf of = [&](const std::string& key) {
    const auto found = labels.find(key);
    return found == labels.end() ? nullptr : &found->second;
  };
  EXPECT_FALSE(belongs(marks, "n", of, {}));
  labels["b"] = "2";
  EXPECT_TRUE(belongs(marks, "n", of, {}));
}

RC_GTEST_PROP(NodeGroups, WriteWhatIsReadBackWhateverTheCount, ()) {
  const auto examples = group_objects();
  const auto& example = examples[*rc::gen::inRange<std::size_t>(0, examples.size())];
  const auto zones = example.group.zones;
  auto object = served(example);
  object["metadata"]["annotations"]["x"] = "y";
  const auto reading = read_group(object, example.group);
  RC_ASSERT(reading.has_value());
  const auto top = reading->max.value_or(1000) / zones;
  const auto nodes = *rc::gen::inRange(0, top + 1) * zones;
  const auto write = group_write(example.group, *reading, nodes);
  RC_ASSERT(write.has_value());
  object = object.patch(json::parse(group_request(resource_of(example), *write)->body));
  RC_ASSERT(read_group(object, example.group)->desired == nodes);
}

}  // namespace
}  // namespace poolscaler::kube
