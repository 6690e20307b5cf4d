#include <set>

#include <gmock/gmock.h>

#include "convert/converted.hpp"

namespace poolscaler::convert {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::string prometheus =
    "{type: prometheus, metadata: {serverAddress: 'http://prometheus.monitoring:9090/', query: "
    "sum(queue), threshold: '5', activationThreshold: '2'}}";

Conversion keda(const std::string& triggers, const std::string& more = "{}",
                const std::string& annotations = "{}") {
  auto objects = api::read_yaml(R"(
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web, namespace: shop, annotations: )" + annotations + R"(}
spec:
  scaleTargetRef: {name: web}
  triggers: [)" + triggers + "]\n---\n" + more);
  auto object = objects.value().at(0);
  object["spec"].merge_patch(objects.value().at(1));
  return convert(object);
}

TEST(ScaledObject, BecomesAPolicyAndTheSourceThatItsTriggerNames) {
  const auto done = keda(prometheus);
  ASSERT_EQ(done.objects.size(), 2U) << notes_of(done);
  EXPECT_EQ(done.objects[0]["kind"], "MetricSource");
  EXPECT_EQ(done.objects[0]["metadata"]["name"], "prometheus.monitoring-9090");
  EXPECT_EQ(done.objects[0]["spec"],
            (json{{"url", "http://prometheus.monitoring:9090"},
                  {"rawQueryNamespaces", {"shop"}}}));
  const auto spec = policy_of(done)["spec"];
  EXPECT_EQ(spec["minReplicas"], 0);
  EXPECT_EQ(spec["maxReplicas"], 100);
  EXPECT_EQ(spec["scaleToZero"]["idleAfterSeconds"], 300);
  const auto signal = spec["signals"][0];
  EXPECT_EQ(signal["query"], "sum(queue)");
  EXPECT_EQ(signal["metricSourceRef"]["name"], "prometheus.monitoring-9090");
  EXPECT_EQ(signal["target"], (json{{"type", "PerReplica"}, {"value", "5"}}));
  EXPECT_EQ(signal["activation"]["above"], "2");
}

TEST(ScaledObject, KeepsAReplicaWhereAllThatItReadsIsOfPods) {
  const std::string cpu = "{type: cpu, metadata: {type: Utilization, value: '60'}}";
  const std::string memory = "{type: memory, metadata: {type: AverageValue, value: 1Gi}}";
  const auto done = keda(cpu + ", " + memory);
  EXPECT_EQ(policy_of(done)["spec"]["minReplicas"], 1) << notes_of(done);
  EXPECT_TRUE(done.has(Severity::Differs));
  EXPECT_THAT(notes_of(done), HasSubstr("differs: spec.minReplicaCount asks for zero, and becomes "
                                        "`minReplicas: 1`"));
  const auto kept = keda(cpu, "{minReplicaCount: 3, idleReplicaCount: 0}");
  EXPECT_EQ(policy_of(kept)["spec"]["minReplicas"], 3) << notes_of(kept);
  EXPECT_FALSE(policy_of(kept)["spec"].contains("formula"));
  // A trigger that is not converted wakes nothing either.
  EXPECT_EQ(policy_of(keda(cpu + ", {type: kafka, metadata: {}}"))["spec"]["minReplicas"], 1);
  EXPECT_EQ(policy_of(keda(cpu + ", " + prometheus))["spec"]["minReplicas"], 0);
  EXPECT_EQ(policy_of(keda(cpu + ", {type: cron, metadata: {timezone: UTC, start: 0 8 * * *, end: "
                                 "0 9 * * *, desiredReplicas: '2'}}"))["spec"]["minReplicas"],
            0);
}

TEST(ScaledObject, PointsAtItsOwnFieldWhereAPolicyCannotHaveIt) {
  const auto bad = [](const std::string& from, const std::string& to) {
    auto trigger = prometheus;
    return trigger.replace(trigger.find(from), from.size(), to);
  };
  EXPECT_THAT(notes_of(keda(prometheus + ", " + bad("'5'", "'0'"))),
              HasSubstr("error: spec.triggers[1].metadata.threshold (\"0\") must be above 0"));
  EXPECT_THAT(notes_of(keda(bad("http://", "http://user:pw@"))),
              HasSubstr("error: spec.triggers[0].metadata.serverAddress ("));
  EXPECT_THAT(notes_of(keda(prometheus, "{minReplicaCount: 5, maxReplicaCount: 3}")),
              HasSubstr("error: spec.minReplicaCount is 5, must be at most spec.maxReplicaCount"));
  const std::string windows =
      "{type: cron, metadata: {timezone: Mars/X, start: 0 8 * * 7, end: 0 9 * * 1, "
      "desiredReplicas: '2'}}";
  const auto cron = notes_of(keda(prometheus + ", " + windows));
  EXPECT_THAT(cron, HasSubstr("error: spec.triggers[1].metadata.start (\"0 8 * * 7\")"));
  EXPECT_THAT(cron, HasSubstr("error: spec.triggers[1].metadata.timezone (\"Mars/X\")"));
}

TEST(ScaledObject, NamesTheTargetsThatAFormulaMakesNothingOf) {
  const auto one = [](const std::string& name, const std::string& more) {
    return prometheus.substr(0, prometheus.size() - 1) + ", name: " + name + more + "}";
  };
  const auto notes =
      notes_of(keda(one("a", "") + ", " + one("b", ", metricType: Value"),
                    "{advanced: {scalingModifiers: {formula: a + b, target: '3'}}}"));
  EXPECT_THAT(notes, HasSubstr("note: spec.triggers[0].metadata.threshold counts for nothing"));
  EXPECT_THAT(notes, HasSubstr("note: spec.triggers[1].metadata.threshold counts for nothing"));
  EXPECT_THAT(notes, HasSubstr("note: spec.triggers[1].metricType counts for nothing"));
  EXPECT_THAT(notes, Not(HasSubstr("spec.triggers[0].metricType")));
}

TEST(ScaledObject, SaysThatMissingDataIsNoZeroHere) {
  EXPECT_THAT(notes_of(keda(prometheus)),
              HasSubstr("differs: spec.triggers[0].metadata.ignoreNullValues"));
  auto strict = prometheus;
  strict.insert(strict.find("query"), "ignoreNullValues: 'false', ");
  EXPECT_THAT(notes_of(keda(strict)), Not(HasSubstr("ignoreNullValues")));
}

TEST(ScaledObject, ValueMetricsAreTotals) {
  const auto done = keda(prometheus.substr(0, prometheus.size() - 1) + ", metricType: Value}");
  EXPECT_EQ(policy_of(done)["spec"]["signals"][0]["target"]["type"], "Total");
}

TEST(ScaledObject, CountsFailuresAsTime) {
  const auto done = keda(prometheus, "{pollingInterval: 20, minReplicaCount: 1, fallback: "
                                     "{failureThreshold: 3, replicas: 6, behavior: "
                                     "currentReplicasIfHigher}}");
  const auto spec = policy_of(done)["spec"];
  EXPECT_EQ(spec["intervalSeconds"], 20);
  EXPECT_EQ(spec["fallback"],
            (json{{"afterSeconds", 60}, {"replicas", 6}, {"behavior", "AtLeast"}}))
      << notes_of(done);
  EXPECT_FALSE(spec["signals"][0].contains("onMissing")) << "which would not wait for failures";
}

TEST(ScaledObject, KeepsReplicasOfItselfWhereKedaWasTold) {
  const auto done = keda(prometheus, "{fallback: {failureThreshold: 3, replicas: 6, behavior: "
                                     "currentReplicas}}");
  EXPECT_FALSE(policy_of(done)["spec"].contains("fallback"));
  EXPECT_FALSE(policy_of(done).is_null()) << notes_of(done);
}

TEST(ScaledObject, IdleReplicasAreScaleToZeroAndAFormula) {
  const auto done = keda(prometheus, "{minReplicaCount: 3, idleReplicaCount: 0}");
  const auto spec = policy_of(done)["spec"];
  EXPECT_EQ(spec["minReplicas"], 0) << notes_of(done);
  EXPECT_EQ(spec["combine"], "Formula");
  EXPECT_EQ(spec["formula"],
            (json{{"expression", "max(prometheus.replicas ?? 0, 3)"}}));
}

TEST(ScaledObject, BehaviorComesFromItsHpaConfiguration) {
  const auto done = keda(prometheus, "{advanced: {restoreToOriginalReplicaCount: true, "
                                     "horizontalPodAutoscalerConfig: {behavior: {scaleDown: "
                                     "{stabilizationWindowSeconds: 60}}}}}");
  EXPECT_EQ(policy_of(done)["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"], 60);
  EXPECT_THAT(notes_of(done), HasSubstr("lost: spec.advanced.restoreToOriginalReplicaCount"));
}

TEST(ScaledObject, PausesAsItsAnnotationsSay) {
  const auto paused = keda(prometheus, "{}", "{autoscaling.keda.sh/paused: 'true'}");
  EXPECT_EQ(policy_of(paused)["spec"]["mode"], "Paused");
  const auto in = keda(prometheus, "{}", "{autoscaling.keda.sh/paused-scale-in: 'true'}");
  EXPECT_EQ(policy_of(in)["spec"]["pause"], (json{{"scaleDown", true}}));
  const auto at = keda(prometheus, "{}", "{autoscaling.keda.sh/paused-replicas: '4'}");
  EXPECT_EQ(policy_of(at)["spec"]["mode"], "Paused");
  EXPECT_THAT(notes_of(at), HasSubstr("scale the target to \"4\" first"));
}

TEST(ScaledObject, CronTriggersBecomeWindows) {
  if (!has_schedules()) GTEST_SKIP() << "SKIPPED: no schedules here";
  const auto done = keda(prometheus +
                         ", {type: cron, metadata: {timezone: Europe/Berlin, start: 0 8 * * 1-5, "
                         "end: 0 18 * * 1-5, desiredReplicas: '5'}}");
  EXPECT_EQ(policy_of(done)["spec"]["schedule"],
            (json::array({{{"name", "cron"},
                           {"start", "0 8 * * 1-5"},
                           {"end", "0 18 * * 1-5"},
                           {"timeZone", "Europe/Berlin"},
                           {"floor", 5}}})))
      << notes_of(done);
}

TEST(ScaledObject, NamesTurnsOfCronThatKedaTakesOtherwise) {
  const auto notes = [](const std::string& start, const std::string& end) {
    return notes_of(keda("{type: cron, metadata: {timezone: UTC, start: '" + start + "', end: '" +
                         end + "', desiredReplicas: '5'}}"));
  };
  for (const auto* start : {"0 8,9 * * *", "0 8 * * 1-5"})
    EXPECT_THAT(notes(start, "0 18 * * 5"),
                HasSubstr("differs: spec.triggers[0].metadata.start fires several times before "
                          "the end: KEDA opens with the last of them"));
  EXPECT_THAT(notes("0 8 * * *", "0 12,18 * * *"), HasSubstr("metadata.end fires several times"));
  EXPECT_THAT(notes("0 8 * * 1-5", "0 18 * * 1-5"), Not(HasSubstr("fires several times")));
  EXPECT_THAT(notes("0 22 * * *", "0 6 * * *"), Not(HasSubstr("fires several times")));
}

TEST(ScaledObject, WindowsHaveTheLeastOfAnActiveTarget) {
  const auto of = [](const char* desired) {
    const auto done = keda(prometheus + ", {type: cron, metadata: {timezone: UTC, start: 0 8 * * "
                                        "*, end: 0 18 * * *, desiredReplicas: '" +
                               desired + "'}}",
                           "{minReplicaCount: 3, idleReplicaCount: 0}");
    return policy_of(done)["spec"]["schedule"][0]["floor"];
  };
  EXPECT_EQ(of("1"), 3);
  EXPECT_EQ(of("5"), 5);
}

TEST(ScaledObject, WhatThePodsUseKeepsNoTargetFromZero) {
  const std::string cpu = "{type: cpu, metricType: Utilization, metadata: {value: '60'}}, ";
  const auto done = keda(cpu + prometheus);
  const auto signals = policy_of(done)["spec"]["signals"];
  EXPECT_EQ(signals[0]["activation"]["above"], 1'000'000'000'000) << notes_of(done);
  EXPECT_EQ(signals[1]["activation"]["above"], "2");
  const auto awake = policy_of(keda(cpu + prometheus, "{minReplicaCount: 1}"));
  EXPECT_FALSE(awake["spec"]["signals"][0].contains("activation"));
}

TEST(ScaledObject, EachServerHasASourceOfItsOwn) {
  std::set<std::string> names;
  const std::vector<std::string> urls{
      "http://prom.monitoring:9090", "http://prom-monitoring:9090", "https://prom-monitoring:9090",
      "http://prom:9090",            "http://prom-9090",            "http://prom/9090",
      "http://prom:9090/a/b",        "http://prom:9090/a-b"};
  for (const auto& url : urls) {
    const auto done = keda("{type: prometheus, metadata: {serverAddress: '" + url +
                           "', query: a, threshold: '1'}}");
    ASSERT_EQ(done.objects.size(), 2U) << notes_of(done);
    names.insert(done.objects[0]["metadata"]["name"].get<std::string>());
  }
  EXPECT_EQ(names.size(), urls.size());
}

TEST(ScaledObject, IsNotPausedByWhatMeansNo) {
  for (const auto* no : {"'false'", "'False'", "'0'", "'F'"})
    EXPECT_FALSE(policy_of(keda(prometheus, "{}", std::string("{autoscaling.keda.sh/paused: ") +
                                                      no + "}"))["spec"]
                     .contains("mode"))
        << no;
}

TEST(ScaledObject, SaysWhatIsCut) {
  EXPECT_THAT(notes_of(keda(prometheus, "{initialCooldownPeriod: 90000}")),
              HasSubstr("differs: spec.initialCooldownPeriod (90000) becomes "
                        "`scaleToZero.graceSeconds`, and is outside of 0 to 86400 seconds"));
}

TEST(ScaledObject, ResourceTriggersBecomeSignalsOfThePods) {
  if (!has_resource_signals()) GTEST_SKIP() << "SKIPPED: no signals of resources here";
  const auto done = keda("{type: cpu, metricType: Utilization, metadata: {value: '60'}}, {type: "
                         "memory, metricType: AverageValue, metadata: {value: 1Gi, containerName: "
                         "app}}",
                         "{minReplicaCount: 1}");
  const auto signals = policy_of(done)["spec"]["signals"];
  EXPECT_EQ(signals[0]["target"]["value"], "0.6") << notes_of(done);
  EXPECT_EQ(signals[1]["resource"]["container"], "app");
}

TEST(ScaledObject, NamesTriggersThatAreNotConverted) {
  const auto mixed = keda(prometheus + ", {type: kafka, metadata: {topic: t}}");
  EXPECT_EQ(policy_of(mixed)["spec"]["signals"].size(), 1U);
  EXPECT_THAT(notes_of(mixed), HasSubstr("lost: spec.triggers[1].type (\"kafka\") is a trigger "
                                         "that is not converted"));
  const auto alone = keda("{type: kafka, metadata: {topic: t}}");
  EXPECT_TRUE(alone.objects.empty());
  EXPECT_FALSE(alone.has(Severity::Invalid));
  EXPECT_THAT(notes_of(alone), HasSubstr("nothing that could be converted"));
}

const std::string modified =
    "{type: prometheus, name: trig_one, metadata: {serverAddress: 'http://p:9090', query: a, "
    "threshold: '1'}}, {type: prometheus, name: Trig_Two, metadata: {serverAddress: "
    "'http://p:9090', query: b, threshold: '1', activationThreshold: '7'}}";

json formula_of(const Conversion& conversion) {
  return policy_of(conversion).value("/spec/formula"_json_pointer, json());
}

TEST(ScaledObject, ScalingModifiersBecomeAFormula) {
  const auto done =
      keda(modified, "{advanced: {scalingModifiers: {formula: 'float(trig_one) + 1.5e1 * Trig_Two "
                     "> 3 and not (trig_one == 0) ? 10 : trig_one / 2', target: 2500m, "
                     "activationTarget: '3'}}}");
  EXPECT_EQ(formula_of(done),
            (json{{"expression", "(trig_one) + 1.5e1 * trig_two > 3 && ! (trig_one == 0) ? 10 : "
                                 "trig_one / 2"},
                  {"target", {{"type", "PerReplica"}, {"value", "2500m"}}}}))
      << notes_of(done);
  const auto spec = policy_of(done)["spec"];
  EXPECT_EQ(spec["combine"], "Formula");
  EXPECT_FALSE(spec["signals"][0].contains("target")) << "the formula alone reads its value";
  EXPECT_EQ(spec["signals"][1]["name"], "trig-two");
  EXPECT_EQ(spec["signals"][1]["activation"]["above"], "7");
  EXPECT_THAT(notes_of(done), HasSubstr("lost: spec.advanced.scalingModifiers.activationTarget"));
  EXPECT_THAT(notes_of(done), HasSubstr("differs: spec.advanced.scalingModifiers.formula"));
}

TEST(ScaledObject, ResourcesAndIdleReplicasCountBesideAFormula) {
  const auto done =
      keda(modified + ", {type: cpu, metricType: Utilization, metadata: {value: '60'}}",
           "{minReplicaCount: 2, idleReplicaCount: 0, advanced: {scalingModifiers: {formula: "
           "trig_one + Trig_Two, target: 2500m}}}");
  EXPECT_EQ(formula_of(done)["expression"],
            "max(trig_one + trig_two, (cpu.replicas ?? 0) * 2.5, 2 * 2.5)")
      << notes_of(done);
  const auto total =
      keda(modified + ", {type: cpu, metricType: Utilization, metadata: {value: '60'}}",
           "{advanced: {scalingModifiers: {formula: trig_one + Trig_Two, target: '5', metricType: "
           "Value}}}");
  EXPECT_EQ(formula_of(total)["target"]["type"], "Total") << notes_of(total);
  EXPECT_THAT(notes_of(total), HasSubstr("beside which signal 'cpu' asks for nothing"));
}

TEST(ScaledObject, NamesFormulasThatAreNotConverted) {
  const auto lost = [](const std::string& formula) {
    const auto done = keda(modified, "{advanced: {scalingModifiers: {formula: '" + formula +
                                         "', target: '2'}}}");
    EXPECT_FALSE(policy_of(done)["spec"].contains("formula"));
    EXPECT_EQ(policy_of(done)["spec"]["signals"][0]["target"]["value"], "1");
    return notes_of(done);
  };
  EXPECT_THAT(lost("trig_one + kafka"),
              HasSubstr("character 12: 'kafka' is the name of no trigger that became a signal"));
  EXPECT_THAT(lost("trig_one ** 2"), HasSubstr("lost: spec.advanced.scalingModifiers.formula"));
  EXPECT_THAT(lost("sum([trig_one, Trig_Two])"), HasSubstr("unknown function 'sum'"));
  const auto wrong = keda(modified, "{advanced: {scalingModifiers: {formula: trig_one}}}");
  EXPECT_THAT(notes_of(wrong), HasSubstr("scalingModifiers.target is required"));
}

TEST(ScaledObject, NamesAnnotationsThatAreLost) {
  EXPECT_THAT(notes_of(keda(prometheus, "{}", "{autoscaling.keda.sh/force-activation: 'true'}")),
              HasSubstr("lost: metadata.annotations.autoscaling.keda.sh/force-activation"));
}

TEST(ScaledObject, IsNoScaledJob) {
  const auto job =
      converted("{apiVersion: keda.sh/v1alpha1, kind: ScaledJob, metadata: {name: j}}");
  EXPECT_TRUE(job.objects.empty());
  EXPECT_THAT(notes_of(job), HasSubstr("it starts a Job for each piece of work"));
}

TEST(ScaledObject, NamesCredentialsThatAreLost) {
  const auto done =
      keda(prometheus.substr(0, prometheus.size() - 1) + ", authenticationRef: {name: token}}");
  EXPECT_THAT(notes_of(done), HasSubstr("lost: spec.triggers[0].authenticationRef credentials "
                                        "never stand beside a policy"));
}

TEST(ScaledObject, RefusesWhatItDoesNotKnow) {
  const auto refused = [](const std::string& triggers, const std::string& more = "{}") {
    const auto done = keda(triggers, more);
    EXPECT_TRUE(done.objects.empty());
    EXPECT_TRUE(done.has(Severity::Invalid));
    return notes_of(done);
  };
  EXPECT_THAT(refused(prometheus, "coolDownPeriod: 3"), HasSubstr("spec.coolDownPeriod (3) is no"));
  EXPECT_THAT(refused(""), HasSubstr("spec.triggers must have an item"));
  EXPECT_THAT(refused("{type: prometheus, metadata: {query: q}}"),
              HasSubstr("metadata.serverAddress is required"));
  EXPECT_THAT(refused("{type: prometheus, metadata: {serverAddress: 'ftp://x', query: q, "
                      "threshold: '1'}}"),
              HasSubstr("spec.url"));
  EXPECT_THAT(refused(prometheus, "fallback: {failureThreshold: 3, replicas: 1, behavior: maybe}"),
              HasSubstr("spec.fallback.behavior (\"maybe\") must be one of"));
  EXPECT_THAT(refused(prometheus, "pollingInterval: -5"), HasSubstr("must be above 0"));
}

}  // namespace
}  // namespace poolscaler::convert
