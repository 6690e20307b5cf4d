#include <gmock/gmock.h>

#include "unit/api/policies.hpp"

namespace poolscaler {
namespace {

using api::read_accelerator_pool;
using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

/// The smallest valid pool, with `patch` (a JSON merge patch in YAML) on its spec.
json pool_with(const std::string& patch = "{}") {
  auto objects = api::read_yaml(R"(
metadata: {name: h100}
spec:
  accelerator: {resource: nvidia.com/gpu, perNode: 8}
  nodeGroups:
    - name: a
      backendRef: {apiVersion: karpenter.sh/v1, kind: NodePool, name: a}
      maxNodes: 4
---
)" + patch);
  auto pool = objects.value().at(0);
  pool["spec"].merge_patch(objects.value().at(1));
  return pool;
}

/// With `more` in its only group.
json with_group(const std::string& more) {
  auto pool = pool_with();
  pool["spec"]["nodeGroups"][0].merge_patch(api::read_yaml(more).value().at(0));
  return pool;
}

std::string refused_pool(const json& object) {
  const auto pool = read_accelerator_pool(object, api::UnknownFields::Report);
  return pool ? "accepted\n" : text_of(pool.error());
}

HourlyRate rate(std::string_view text) { return parse_hourly_rate(text).value(); }

TEST(AcceleratorPoolReader, FillsInDefaults) {
  const auto pool = read_accelerator_pool(pool_with());
  ASSERT_TRUE(pool) << text_of(pool.error());
  EXPECT_EQ(pool->name, "h100");
  EXPECT_EQ(pool->mode, PoolMode::Automatic);
  EXPECT_EQ(pool->currency, Currency());
  EXPECT_EQ(pool->warm.nodes, 0);
  EXPECT_EQ(pool->mix.strategy, MixStrategy::Cheapest);
  EXPECT_EQ(pool->mix.spot_percent_max, 100);
  EXPECT_EQ(pool->scale_down.idle_after_seconds, 600);
  EXPECT_EQ(pool->scale_down.drain_timeout_seconds, 900);
  EXPECT_FALSE(pool->limits.max_nodes);
  ASSERT_EQ(pool->node_groups.size(), 1U);
  const auto& only = pool->node_groups[0];
  EXPECT_EQ(only.capacity_type, CapacityType::OnDemand);
  EXPECT_EQ(only.zones, 1);
  EXPECT_EQ(only.min_nodes, 0);
  EXPECT_FALSE(only.price);
}

TEST(AcceleratorPoolReader, ReadsEveryFieldOfAGroup) {
  const auto pool = read_accelerator_pool(
      with_group("{capacityType: Reserved, zones: 3, minNodes: 1, price: '61.4', provider: aws, "
                 "instanceType: p5.48xlarge, region: us-east-1, zone: use1-az2, commitment: 1y, "
                 "nodeSelector: [{key: example.com/group, value: a}], "
                 "backendRef: {apiVersion: example.com/v1, kind: Group, namespace: infra}, "
                 "paths: {desired: 'spec.scaling[0].size', min: spec.min, max: spec.max, "
                 "observed: status.size}}"),
      api::UnknownFields::Report);
  ASSERT_TRUE(pool) << text_of(pool.error());
  const auto& only = pool->node_groups[0];
  EXPECT_EQ(only.capacity_type, CapacityType::Reserved);
  EXPECT_EQ(only.backend, (BackendRef{"example.com/v1", "Group", "infra", "a"}));
  EXPECT_EQ(only.paths,
            (BackendPaths{"spec.scaling[0].size", "spec.min", "spec.max", "status.size"}));
  EXPECT_EQ(only.zones, 3);
  EXPECT_EQ(only.min_nodes, 1);
  EXPECT_EQ(only.max_nodes, 4);
  EXPECT_EQ(only.price, rate("61.4"));
  EXPECT_EQ(only.provider + only.instance_type + only.region + only.zone + only.commitment,
            "awsp5.48xlargeus-east-1use1-az21y");
  EXPECT_EQ(only.node_selector, (std::vector<LabelValue>{{"example.com/group", "a"}}));
}

TEST(AcceleratorPoolReader, TakesNodesForPodsWithAndWithoutAnObject) {
  EXPECT_FALSE(read_accelerator_pool(pool_with())->node_groups[0].follows_pods);
  const auto with = read_accelerator_pool(with_group("{growth: PendingPods}"));
  ASSERT_TRUE(with) << text_of(with.error());
  EXPECT_TRUE(with->node_groups[0].follows_pods && with->node_groups[0].backend);
  auto object = with_group(
      "{growth: PendingPods, backendRef: null, nodeSelector: [{key: a, value: b}]}");
  object["spec"]["mix"]["minOnDemandNodes"] = 1;
  const auto without = read_accelerator_pool(object, api::UnknownFields::Report);
  ASSERT_TRUE(without) << text_of(without.error());
  EXPECT_TRUE(without->node_groups[0].follows_pods);
  EXPECT_FALSE(without->node_groups[0].backend);
}

TEST(AcceleratorPoolReader, ReadsTheRest) {
  const auto pool = read_accelerator_pool(
      pool_with("{mode: Recommend, currency: EUR, accelerator: {product: H100}, "
                "mix: {strategy: OnDemandFirst, maxSpotPercent: 50, minOnDemandNodes: 1}, "
                "scaleDown: {idleAfterSeconds: 60, drainTimeoutSeconds: 120}, "
                "limits: {maxNodes: 3, maxHourly: '200'}}"),
      api::UnknownFields::Report);
  ASSERT_TRUE(pool) << text_of(pool.error());
  EXPECT_EQ(pool->mode, PoolMode::Recommend);
  EXPECT_EQ(pool->currency.code(), "EUR");
  EXPECT_EQ(pool->accelerator.product, "H100");
  EXPECT_EQ(pool->mix.strategy, MixStrategy::OnDemandFirst);
  EXPECT_EQ(pool->mix.spot_percent_max, 50);
  EXPECT_EQ(pool->mix.on_demand_nodes_min, 1);
  EXPECT_EQ(pool->scale_down.idle_after_seconds, 60);
  EXPECT_EQ(pool->scale_down.drain_timeout_seconds, 120);
  EXPECT_EQ(pool->limits.max_nodes, 3);
  EXPECT_EQ(pool->limits.max_hourly, rate("200"));
}

TEST(AcceleratorPoolReader, ReadsWarmWindowsAsFloorsOfNodes) {
  const auto pool = read_accelerator_pool(
      pool_with("{warm: {nodes: 1, schedule: [{name: day, start: 0 8 * * mon-fri, "
                "end: 0 18 * * mon-fri, timeZone: Europe/Berlin, nodes: 2, "
                "exceptions: ['12-25']}]}}"),
      api::UnknownFields::Report);
  ASSERT_TRUE(pool) << text_of(pool.error());
  EXPECT_EQ(pool->warm.nodes, 1);
  ASSERT_EQ(pool->warm.schedule.size(), 1U);
  const auto& window = pool->warm.schedule[0];
  EXPECT_EQ(window.floor, 2);
  EXPECT_FALSE(window.ceiling || window.pin || window.off || window.pre_warm);
  EXPECT_EQ(window.zone->name(), "Europe/Berlin");
  EXPECT_TRUE(is_open(window, parse_rfc3339("2026-11-27T10:00:00Z").value()));
  EXPECT_FALSE(is_open(window, parse_rfc3339("2026-12-25T10:00:00Z").value()));
}

TEST(AcceleratorPoolReader, NamesWhatIsWrongInAGroup) {
  const auto told = [](const std::string& more) { return refused_pool(with_group(more)); };
  EXPECT_THAT(told("{minNodes: 5}"),
              StartsWith("spec.nodeGroups[0].minNodes is 5, must be at most `maxNodes`"));
  EXPECT_THAT(told("{backendRef: null}"),
              HasSubstr("must have `backendRef` or `nodeSelector`"));
  EXPECT_THAT(told("{backendRef: null, nodeSelector: []}"),
              HasSubstr("must have `backendRef` or `nodeSelector`"));
  EXPECT_THAT(told("{backendRef: null, nodeSelector: [{key: a, value: b}], minNodes: 1}"),
              HasSubstr("minNodes is 1, must be 0 without `backendRef`"));
  EXPECT_EQ(told("{backendRef: null, nodeSelector: [{key: a, value: b}]}"), "accepted\n");
  EXPECT_THAT(told("{growth: PendingPods, minNodes: 1}"),
              HasSubstr("minNodes is 1, must be 0 with `growth: PendingPods`"));
  EXPECT_THAT(told("{growth: Nodes}"), HasSubstr("growth is \"Nodes\", must be"));
  EXPECT_THAT(told("{backendRef: null, growth: PendingPods}"),
              HasSubstr("must have `backendRef` or `nodeSelector`"));
  EXPECT_THAT(told("{backendRef: null, nodeSelector: [{key: a, value: b}], "
                   "paths: {desired: spec.size}}"),
              HasSubstr("paths must come with `backendRef`"));
  EXPECT_THAT(told("{paths: {desired: status.size}}"),
              HasSubstr("paths.desired is \"status.size\", must lie below `spec`"));
  EXPECT_THAT(told("{paths: {desired: spec..size}}"), HasSubstr("must be the path of a field"));
  EXPECT_THAT(told("{commitment: 1y}"), HasSubstr("must come with `capacityType: Reserved`"));
  EXPECT_THAT(told("{price: '0.00'}"),
              StartsWith("spec.nodeGroups[0].price is \"0.00\", must be above 0"));
  EXPECT_THAT(told("{price: '-1'}"), HasSubstr("must be an amount such as '98.32'"));
  EXPECT_THAT(told("{price: 98.32}"), HasSubstr("put it in quotes"));
  EXPECT_THAT(told("{maxNodes: null}"), HasSubstr("maxNodes is required"));
  EXPECT_THAT(told("{maxNodes: -1}"), HasSubstr("must be at least 0"));
  EXPECT_THAT(told("{nodeSelector: [{key: a, value: b}, {key: a, value: c}]}"),
              HasSubstr("must be unique within the list"));
  EXPECT_THAT(told("{capacitytype: Spot}"), HasSubstr("did you mean `capacityType`?"));
}

TEST(AcceleratorPoolReader, NamesWhatIsWrongBetweenGroups) {
  const auto two = [](const std::string& more) {
    return refused_pool(pool_with(
        "{nodeGroups: [{name: a, maxNodes: 4, minNodes: 2, capacityType: Spot, backendRef: "
        "{apiVersion: karpenter.sh/v1, kind: NodePool, name: a}}, {name: b, maxNodes: 4, "
        "minNodes: 2, capacityType: Spot, backendRef: "
        "{apiVersion: karpenter.sh/v1, kind: NodePool, name: " + more));
  };
  EXPECT_EQ(two("b}}]}"), "accepted\n");
  EXPECT_THAT(two("a}}]}"), HasSubstr("must have a `backendRef` of its own in each group"));
  EXPECT_THAT(two("b}}], limits: {maxNodes: 3}}"),
              StartsWith("spec.limits.maxNodes is 3, must be at least the sum of `minNodes`"));
  EXPECT_EQ(two("b}}], limits: {maxNodes: 4}}"), "accepted\n");
  EXPECT_THAT(two("b}}], mix: {minOnDemandNodes: 1}}"),
              StartsWith("spec.mix.minOnDemandNodes is 1, must be 0 where no group can give"));
}

TEST(AcceleratorPoolReader, NamesWhatIsWrongElsewhere) {
  const auto told = [](const std::string& patch) { return refused_pool(pool_with(patch)); };
  EXPECT_THAT(told("{accelerator: {resource: gpu}}"),
              HasSubstr("must be the name of an extended resource"));
  EXPECT_THAT(told("{accelerator: {perNode: 0}}"), HasSubstr("must be at least 1"));
  EXPECT_THAT(told("{nodeGroups: []}"), HasSubstr("must be at least 1 items"));
  EXPECT_THAT(told("{mix: {maxSpotPercent: 101}}"), HasSubstr("must be at most 100"));
  EXPECT_THAT(told("{limits: {maxHourly: '0'}}"), HasSubstr("must be above 0"));
  EXPECT_THAT(told("{currency: DOGE}"), StartsWith("spec.currency is"));
  const std::string window = "{warm: {schedule: [{name: a, nodes: 1, start: 0 8 * * *";
  EXPECT_THAT(told(window + "}]}}"),
              HasSubstr("must have exactly one of `end` and `durationSeconds`"));
  EXPECT_THAT(told(window + ", end: 0 8 * * *}]}}"), HasSubstr("must differ from `start`"));
  EXPECT_THAT(told(window + ", end: 0 25 * * *}]}}"), StartsWith("spec.warm.schedule[0].end is"));
  EXPECT_THAT(told(window + ", end: 0 9 * * *, timeZone: Mars/Base}]}}"),
              HasSubstr("is no time zone"));
  EXPECT_THAT(told(window + ", end: 0 9 * * *, floor: 1}]}}"), HasSubstr("is not a known field"));
  auto nameless = pool_with();
  nameless.erase("metadata");
  EXPECT_THAT(refused_pool(nameless), StartsWith("metadata.name is required: for example h100"));
}

}  // namespace
}  // namespace poolscaler
