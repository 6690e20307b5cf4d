#include <gmock/gmock.h>

#include "convert/converted.hpp"

namespace poolscaler::convert {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

/// An HPA with `metrics`, and `more` as further fields of its spec (JSON merge patch in YAML).
Conversion hpa(const std::string& metrics, const std::string& more = "{}") {
  auto objects = api::read_yaml(R"(
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop, labels: {team: a}, annotations: {owner: ml}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 10
  metrics: )" + metrics + "\n---\n" + more);
  auto object = objects.value().at(0);
  object["spec"].merge_patch(objects.value().at(1));
  return convert(object);
}

const std::string external =
    "[{type: External, external: {metric: {name: queue_depth, selector: {matchLabels: {queue: "
    "prompts}}}, target: {type: AverageValue, averageValue: \"30\"}}}]";

TEST(Hpa, KeepsAReplicaWhereAllThatItReadsIsOfPods) {
  const std::string pods =
      "{type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 5}}}";
  const auto done = hpa("[" + pods + "]", "{minReplicas: 0}");
  EXPECT_EQ(policy_of(done)["spec"]["minReplicas"], 1) << notes_of(done);
  EXPECT_THAT(notes_of(done), HasSubstr("differs: spec.minReplicas asks for zero"));
  EXPECT_EQ(policy_of(hpa(external, "{minReplicas: 0}"))["spec"]["minReplicas"], 0);
}

TEST(Hpa, PointsAtItsOwnFieldWhereAPolicyCannotHaveIt) {
  const auto zero = hpa("[{type: External, external: {metric: {name: q}, target: {type: "
                        "AverageValue, averageValue: 0}}}]");
  EXPECT_THAT(notes_of(zero),
              HasSubstr("error: spec.metrics[0].external.target.averageValue (\"0\") must be above "
                        "0 (it becomes spec.signals[0].target.value of the ScalingPolicy): "));
  EXPECT_THAT(notes_of(hpa(external, "{minReplicas: 11}")),
              HasSubstr("error: spec.minReplicas is 11, must be at most spec.maxReplicas, which is "
                        "10"));
}

TEST(Hpa, WritesLabelsAsPrometheusHasThem) {
  const auto done = hpa("[{type: External, external: {metric: {name: q, selector: {matchLabels: "
                        "{app.kubernetes.io/name: b}, matchExpressions: [{key: 1st, operator: "
                        "Exists}]}}, target: {type: AverageValue, averageValue: 5}}}]");
  const auto matchers = policy_of(done)["spec"]["signals"][0]["metric"]["matchers"];
  ASSERT_EQ(matchers.size(), 2U) << notes_of(done);
  EXPECT_EQ(matchers[0]["label"], "app_kubernetes_io_name");
  EXPECT_EQ(matchers[1]["label"], "_1st");
  EXPECT_THAT(notes_of(done), HasSubstr("differs: spec.metrics[0].external.metric.selector."
                                        "matchLabels has a label 'app.kubernetes.io/name'"));
}

TEST(Hpa, BecomesAPolicyOfTheSameName) {
  const auto done = hpa(external);
  const auto policy = policy_of(done);
  ASSERT_FALSE(policy.is_null()) << notes_of(done);
  EXPECT_EQ(policy["metadata"],
            (json{{"name", "web"}, {"namespace", "shop"}, {"labels", {{"team", "a"}}}}));
  EXPECT_THAT(notes_of(done), HasSubstr("metadata.annotations.owner stays with the old object"));
  EXPECT_EQ(policy["spec"]["scaleTargetRef"]["name"], "web");
  EXPECT_EQ(policy["spec"]["minReplicas"], 2);
  EXPECT_EQ(policy["spec"]["maxReplicas"], 10);
  EXPECT_EQ(policy["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"], 300);
}

TEST(Hpa, ExternalMetricsAreReadFromPrometheus) {
  const auto done = hpa(external);
  const auto signal = policy_of(done)["spec"]["signals"][0];
  EXPECT_EQ(signal["name"], "queue-depth");
  EXPECT_EQ(signal["metric"]["name"], "queue_depth");
  EXPECT_EQ(signal["metric"]["matchers"][0]["value"], "prompts");
  EXPECT_EQ(signal["target"], (json{{"type", "PerReplica"}, {"value", "30"}}));
  EXPECT_THAT(notes_of(done), HasSubstr("differs: spec.metrics[0].external came from the metrics "
                                        "API of an adapter and is read from MetricSource "
                                        "'prometheus'"));
}

TEST(Hpa, ReckonsInThousandths) {
  const auto target = [](const std::string& value) {
    const auto done = hpa("[{type: External, external: {metric: {name: q}, target: {type: "
                          "AverageValue, averageValue: " + value + "}}}]");
    return policy_of(done)["spec"]["signals"][0]["target"]["value"];
  };
  EXPECT_EQ(target("500u"), "0.001");
  EXPECT_EQ(target("1500u"), "0.002");
  EXPECT_EQ(target("'0.25'"), "0.25");
}

TEST(Hpa, ValueTargetsAreTotals) {
  const auto done = hpa(
      "[{type: Object, object: {describedObject: {apiVersion: v1, kind: Service, name: s}, metric: "
      "{name: rps}, target: {type: Value, value: 2500m}}}]");
  EXPECT_EQ(policy_of(done)["spec"]["signals"][0]["target"],
            (json{{"type", "Total"}, {"value", "2500m"}}));
  EXPECT_THAT(notes_of(done), HasSubstr("lost: spec.metrics[0].object.describedObject"));
}

TEST(Hpa, SelectorsWithExpressionsBecomeMatchers) {
  const auto done = hpa(
      "[{type: External, external: {metric: {name: q, selector: {matchExpressions: [{key: a, "
      "operator: In, values: [x.1, z]}, {key: d, operator: In, values: [x.1]}, {key: b, operator: "
      "Exists}, {key: c, operator: "
      "DoesNotExist}]}}, target: {type: AverageValue, averageValue: 1}}}]");
  EXPECT_EQ(policy_of(done)["spec"]["signals"][0]["metric"]["matchers"],
            (json::array({{{"label", "a"}, {"operator", "Regex"}, {"value", "x\\.1|z"}},
                          {{"label", "d"}, {"operator", "Equal"}, {"value", "x.1"}},
                          {{"label", "b"}, {"operator", "NotEqual"}, {"value", ""}},
                          {{"label", "c"}, {"operator", "Equal"}, {"value", ""}}})));
}

TEST(Hpa, BehaviorIsKeptWordForWord) {
  const auto done = hpa(external, R"(
behavior:
  scaleUp: {stabilizationWindowSeconds: 30, selectPolicy: Min, tolerance: 0.05,
            policies: [{type: Pods, value: 2, periodSeconds: 60}]}
  scaleDown: {selectPolicy: Disabled})");
  const auto behavior = policy_of(done)["spec"]["behavior"];
  EXPECT_EQ(behavior["scaleUp"],
            (json{{"stabilizationWindowSeconds", 30},
                  {"selectPolicy", "Min"},
                  {"tolerance", "0.05"},
                  {"policies", {{{"type", "Pods"}, {"value", 2}, {"periodSeconds", 60}}}}}));
  EXPECT_EQ(behavior["scaleDown"]["selectPolicy"], "Disabled");
  EXPECT_EQ(behavior["scaleDown"]["policies"][0]["value"], 100);
}

TEST(Hpa, MakesDefaultsExplicitAndSaysSo) {
  const auto done = hpa(external, "minReplicas: null");
  EXPECT_EQ(policy_of(done)["spec"]["minReplicas"], 1);
  EXPECT_THAT(notes_of(done), HasSubstr("note: spec.minReplicas was not set; HPA's default 1"));
  EXPECT_THAT(notes_of(done), HasSubstr("note: spec.behavior was not set"));
}

TEST(Hpa, SignalsOfOneMetricGetNamesOfTheirOwn) {
  const auto one = external.substr(1, external.size() - 2);
  const auto done = hpa("[" + one + ", " + one + "]");
  EXPECT_EQ(policy_of(done)["spec"]["signals"][1]["name"], "queue-depth-2");
}

TEST(Hpa, ResourcesBecomeSignalsOfThePods) {
  if (!has_resource_signals()) GTEST_SKIP() << "SKIPPED: no signals of resources here";
  const auto done = hpa(
      "[{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: "
      "80}}}, {type: ContainerResource, containerResource: {name: memory, container: app, target: "
      "{type: AverageValue, averageValue: 2Gi}}}]");
  const auto signals = policy_of(done)["spec"]["signals"];
  EXPECT_EQ(signals[0]["resource"], (json{{"name", "cpu"}})) << notes_of(done);
  EXPECT_EQ(signals[0]["target"], (json{{"type", "Utilization"}, {"value", "0.8"}}));
  EXPECT_EQ(signals[1]["resource"], (json{{"name", "memory"}, {"container", "app"}}));
  EXPECT_EQ(signals[1]["target"], (json{{"type", "PerReplica"}, {"value", "2Gi"}}));
  EXPECT_FALSE(done.has(Severity::Lost) || done.has(Severity::Differs)) << notes_of(done);
}

TEST(Hpa, OfVersionOneHasCpuAlone) {
  if (!has_resource_signals()) GTEST_SKIP() << "SKIPPED: no signals of resources here";
  const auto done = converted(R"(
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: web, annotations: {autoscaling.alpha.kubernetes.io/metrics: "[]"}}
spec:
  scaleTargetRef: {kind: Deployment, name: web}
  maxReplicas: 4)");
  EXPECT_EQ(policy_of(done)["spec"]["signals"][0]["target"]["value"], "0.8") << notes_of(done);
  EXPECT_EQ(policy_of(done)["spec"]["scaleTargetRef"]["apiVersion"], "apps/v1");
  EXPECT_THAT(notes_of(done), HasSubstr("lost: metadata.annotations.autoscaling.alpha"));
}

TEST(Hpa, RefusesWhatItDoesNotKnow) {
  const auto refused = [](const std::string& metrics, const std::string& more = "{}") {
    const auto done = hpa(metrics, more);
    EXPECT_TRUE(done.objects.empty());
    EXPECT_TRUE(done.has(Severity::Invalid));
    return notes_of(done);
  };
  EXPECT_THAT(refused(external, "maxReplica: 3"),
              HasSubstr("error: spec.maxReplica (3) is no field that is known here"));
  EXPECT_THAT(refused(external, "maxReplicas: null"), HasSubstr("spec.maxReplicas is required"));
  EXPECT_THAT(refused(external, "maxReplicas: many"), HasSubstr("must be a whole number"));
  EXPECT_THAT(refused(external, "maxReplicas: 1"), HasSubstr("minReplicas"));
  EXPECT_THAT(refused(external, "behavior: {scaleUp: {policies: [{type: Pods, value: 0, "
                                "periodSeconds: 15}]}}"),
              HasSubstr("behavior.scaleUp.policies[0].value (0) must be above 0"));
  EXPECT_THAT(refused(external, "behavior: {scaleUp: {policies: [{type: Pods, value: 1}]}}"),
              HasSubstr("error: spec.behavior.scaleUp.policies[0].periodSeconds is required"));
  EXPECT_THAT(refused("[{type: Resource, resource: {name: cpu, target: {type: Value, value: 1}}}]"),
              HasSubstr("resource.target.type (\"Value\") must be Utilization or AverageValue"));
  EXPECT_THAT(refused("[{type: Pods, pods: {metric: {name: q}, target: {type: Value, value: 1}}}]"),
              HasSubstr("must be AverageValue for this kind of metric"));
  EXPECT_THAT(refused("[{type: Magic}]"),
              HasSubstr("spec.metrics[0].type (\"Magic\") must be one"));
  EXPECT_THAT(refused("{}"), HasSubstr("spec.metrics must be a list"));
  EXPECT_THAT(refused("[7]"), HasSubstr("spec.metrics[0] (7) must be an object"));
  EXPECT_THAT(refused("[{type: External, external: {metric: {name: q}, target: {type: "
                      "AverageValue}}}]"),
              HasSubstr("needs `averageValue` beside it"));
  EXPECT_THAT(refused("[{type: External, external: {metric: {name: q}, target: {type: "
                      "AverageValue, averageValue: lots}}}]"),
              HasSubstr("must be a number from 0"));
}

TEST(Hpa, NamesVersionsThatAreNotConverted) {
  const auto done = converted("{apiVersion: autoscaling/v2beta2, kind: HorizontalPodAutoscaler}");
  EXPECT_TRUE(done.objects.empty());
  EXPECT_FALSE(done.has(Severity::Invalid));
  EXPECT_THAT(notes_of(done), HasSubstr("kubectl get hpa.v2.autoscaling NAME"));
}

TEST(Convert, LeavesOtherKindsAlone) {
  EXPECT_TRUE(converted("{apiVersion: v1, kind: Service}").is_foreign);
  EXPECT_TRUE(convert(json(7)).is_foreign);
}

TEST(Convert, WritesEachSourceOnceAndNotesAsComments) {
  const std::vector<Conversion> all{hpa(external), hpa(external)};
  const auto yaml = yaml_of(all);
  EXPECT_THAT(yaml, HasSubstr("# From HorizontalPodAutoscaler 'shop/web'.\n# differs: "));
  const auto back = api::read_yaml(yaml);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->size(), 2U);
  EXPECT_EQ(back->at(0), policy_of(all[0]));
}

}  // namespace
}  // namespace poolscaler::convert
