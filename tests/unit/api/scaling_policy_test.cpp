#include <fmt/format.h>
#include <gmock/gmock.h>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/domain/suspendable.hpp"
#include "unit/api/policies.hpp"

namespace poolscaler {
namespace {

using api::read_scaling_policy;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& patch,
                    api::UnknownFields unknown = api::UnknownFields::Tolerate) {
  const auto policy = read_scaling_policy(policy_with(patch), unknown);
  return policy ? "accepted" : text_of(policy.error());
}

TEST(ScalingPolicyReader, FillsInTheDefaultsOfTheDomain) {
  const auto read = read_scaling_policy(policy_with());
  ASSERT_TRUE(read) << text_of(read.error());
  const ScalingPolicy defaults{.target = {}, .max_replicas = 10, .signals = {}};
  EXPECT_EQ(read->target, (TargetRef{"apps/v1", "Deployment", "web"}));
  EXPECT_EQ(read->interval_seconds, defaults.interval_seconds);
  EXPECT_EQ(read->mode, defaults.mode);
  EXPECT_EQ(read->min_replicas, defaults.min_replicas);
  EXPECT_EQ(read->max_replicas, 10);
  EXPECT_EQ(read->combine, defaults.combine);
  EXPECT_EQ(read->pause.scale_up, defaults.pause.scale_up);
  EXPECT_EQ(read->pause.scale_down, defaults.pause.scale_down);
  EXPECT_EQ(read->scale_to_zero.idle_after_seconds, defaults.scale_to_zero.idle_after_seconds);
  EXPECT_EQ(read->scale_to_zero.grace_seconds, defaults.scale_to_zero.grace_seconds);
  EXPECT_EQ(read->scale_to_zero.keep_alive, defaults.scale_to_zero.keep_alive);
  EXPECT_EQ(read->scale_to_zero.replica_seconds_per_miss,
            defaults.scale_to_zero.replica_seconds_per_miss);
  EXPECT_FALSE(read->scale_to_zero.expected_cold_start_seconds);
  EXPECT_FALSE(read->fallback);
}

TEST(ScalingPolicyReader, FillsInTheDefaultsOfASignal) {
  const auto read = read_scaling_policy(policy_with());
  ASSERT_TRUE(read);
  ASSERT_EQ(read->signals.size(), 1U);
  const auto& signal = read->signals[0];
  EXPECT_EQ(std::get<MetricSelector>(signal.query), MetricSelector{.metric = "queue_depth"});
  EXPECT_EQ(signal.target_type, TargetType::PerReplica);
  EXPECT_EQ(signal.target, 10);
  EXPECT_EQ(signal.activation_above, 0);
  EXPECT_EQ(signal.max_age_seconds, 120);
  EXPECT_EQ(signal.on_missing, OnMissing::Hold);
  EXPECT_FALSE(signal.tolerance_up);
  EXPECT_FALSE(signal.tolerance_down);
}

void expect_same(const ScalingRules& actual, const ScalingRules& expected) {
  EXPECT_EQ(actual.stabilization_window_seconds, expected.stabilization_window_seconds);
  EXPECT_EQ(actual.select_policy, expected.select_policy);
  EXPECT_EQ(actual.tolerance, expected.tolerance);
  ASSERT_EQ(actual.policies.size(), expected.policies.size());
  for (std::size_t i = 0; i < actual.policies.size(); ++i) {
    EXPECT_EQ(actual.policies[i].type, expected.policies[i].type);
    EXPECT_EQ(actual.policies[i].value, expected.policies[i].value);
    EXPECT_EQ(actual.policies[i].period_seconds, expected.policies[i].period_seconds);
  }
}

TEST(ScalingPolicyReader, DefaultsToTheBehaviorOfTheHpa) {
  const auto read = read_scaling_policy(policy_with());
  ASSERT_TRUE(read);
  expect_same(read->behavior.scale_up, Behavior{}.scale_up);
  expect_same(read->behavior.scale_down, Behavior{}.scale_down);
}

TEST(ScalingPolicyReader, KeepsAWindowThatIsSetBesideLearnedIdleTimes) {
  const auto read = read_scaling_policy(policy_with(R"(
scaleToZero: {keepAlive: Learned}
behavior: {scaleDown: {stabilizationWindowSeconds: 300}}
)"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->behavior.scale_down.stabilization_window_seconds, 300);
}

void expect_behavior_of_every_field(const Behavior& behavior) {
  expect_same(behavior.scale_up, {.stabilization_window_seconds = 7,
                                        .policies = {{RatePolicyType::Percent, 300, 20}},
                                        .select_policy = SelectPolicy::Min,
                                        .tolerance = 0.25});
  EXPECT_EQ(behavior.scale_down.select_policy, SelectPolicy::Disabled);
  EXPECT_EQ(behavior.scale_down.stabilization_window_seconds, 0) << "each has its own time";
}

TEST(ScalingPolicyReader, ReadsEveryField) {
  const auto read = read_scaling_policy(policy_with(R"(
intervalSeconds: 30
mode: Recommend
pause: {scaleUp: true, scaleDown: true}
minReplicas: 2
combine: Min
scaleToZero: {idleAfterSeconds: 60, graceSeconds: 90, keepAlive: Learned,
              replicaSecondsPerMiss: 700, coldStart: {expectedSeconds: 45}}
fallback: {afterSeconds: 180, replicas: 4, behavior: AtMost}
behavior:
  scaleUp: {stabilizationWindowSeconds: 7, selectPolicy: Min, tolerance: "0.25",
            policies: [{type: Percent, value: 300, periodSeconds: 20}]}
  scaleDown: {selectPolicy: Disabled}
signals:
  - name: rate
    metricSourceRef: {name: main}
    metric:
      name: requests_total
      matchers: [{label: job, operator: NotRegex, value: "a|b"}, {label: app, value: web}]
      aggregation: Max
      rangeFunction: Rate
      windowSeconds: 120
    target: {type: Utilization, value: "0.8"}
    activation: {above: 500m}
    tolerance: {up: "0.05", down: 1}
    maxAgeSeconds: 60
    onMissing: Fallback
  - name: raw
    metricSourceRef: {name: main}
    query: sum(up)
    target: {type: Total, value: 2Ki}
)"));
  ASSERT_TRUE(read) << text_of(read.error());
  EXPECT_EQ(read->interval_seconds, 30);
  EXPECT_EQ(read->mode, Mode::Recommend);
  EXPECT_TRUE(read->pause.scale_up && read->pause.scale_down);
  EXPECT_EQ(read->min_replicas, 2);
  EXPECT_EQ(read->combine, Combine::Min);
  EXPECT_EQ(read->scale_to_zero.idle_after_seconds, 60);
  EXPECT_EQ(read->scale_to_zero.grace_seconds, 90);
  EXPECT_EQ(read->scale_to_zero.keep_alive, KeepAlive::Learned);
  EXPECT_EQ(read->scale_to_zero.replica_seconds_per_miss, 700);
  EXPECT_EQ(read->scale_to_zero.expected_cold_start_seconds, 45);
  ASSERT_TRUE(read->fallback);
  EXPECT_EQ(read->fallback->after_seconds, 180);
  EXPECT_EQ(read->fallback->replicas, 4);
  EXPECT_EQ(read->fallback->behavior, FallbackBehavior::AtMost);
  expect_behavior_of_every_field(read->behavior);
  ASSERT_EQ(read->signals.size(), 2U);
  const auto& rate = read->signals[0];
  EXPECT_EQ(std::get<MetricSelector>(rate.query),
            (MetricSelector{.metric = "requests_total",
                            .matchers = {{"job", MatchOperator::NotRegex, "a|b"},
                                         {"app", MatchOperator::Equal, "web"}},
                            .aggregation = Aggregation::Max,
                            .range_function = RangeFunction::Rate,
                            .window_seconds = 120}));
  EXPECT_EQ(rate.source, "main");
  EXPECT_EQ(rate.target, 0.8);
  EXPECT_EQ(rate.activation_above, 0.5);
  EXPECT_EQ(rate.tolerance_up, 0.05);
  EXPECT_EQ(rate.tolerance_down, 1);
  EXPECT_EQ(rate.max_age_seconds, 60);
  EXPECT_EQ(rate.on_missing, OnMissing::Fallback);
  EXPECT_EQ(std::get<RawQuery>(read->signals[1].query).promql, "sum(up)");
  EXPECT_EQ(read->signals[1].target, 2048);
}

TEST(ScalingPolicyReader, NamesFieldValueLimitAndRemedy) {
  EXPECT_EQ(refusal("{maxReplicas: 0}"),
            "spec.maxReplicas is 0, must be at least 1: choose from 1 to 100000, for example 20\n");
  EXPECT_EQ(refusal("{minReplicas: 11}"),
            "spec.minReplicas is 11, must be at most `maxReplicas`: lower `minReplicas` or raise "
            "`maxReplicas`\n");
  EXPECT_EQ(refusal("{mode: automatic}"),
            "spec.mode is \"automatic\", must be one of Automatic, Recommend, Paused: did you mean "
            "Automatic?\n");
  EXPECT_EQ(refusal("{scaleTargetRef: {apiVersion: batch/v1, kind: Job}}"),
            "spec.maxReplicas is 10, must be 1 for a job, which runs or is suspended: set "
            "`maxReplicas: 1`\n");
  EXPECT_EQ(refusal("{maxReplicas: null}"), "spec.maxReplicas is required: for example 20\n");
  EXPECT_EQ(refusal("{signals: []}"),
            "spec.signals must have at least one item: add a signal, or a `schedule` where time "
            "alone decides\n");
  EXPECT_EQ(refusal("{scaleTargetRef: {name: 8}}"),
            "spec.scaleTargetRef.name is 8, must be text: put it in quotes\n");
}

TEST(ScalingPolicyReader, NamesTheItemThatBreaksARule) {
  EXPECT_EQ(refusal("{schedule: [{name: a, start: '0 8 * * *', end: '0 9 * * *', floor: 2}, "
                    "{name: b, start: '0 8 * * *', end: '0 9 * * *', floor: 20}]}"),
            "spec.schedule must have no `floor` above `maxReplicas`: lower the floor or raise "
            "`maxReplicas` (in schedule[1])\n");
}

TEST(ScalingPolicyReader, KnowsTheKindsOfJobsThatTheApiServerKnows) {
  const auto schema = api::crd_json(api::Kind::ScalingPolicy).dump();
  for (const auto& job : suspendable_kinds()) {
    EXPECT_THAT(schema, HasSubstr(fmt::format("(self.scaleTargetRef.kind == '{}' && "
                                              "self.scaleTargetRef.apiVersion.startsWith('{}/'))",
                                              job.kind, job.group)));
    EXPECT_THAT(refusal(fmt::format("{{scaleTargetRef: {{apiVersion: {}/v1, kind: {}}}}}",
                                    job.group, job.kind)),
                HasSubstr("must be 1 for a job"));
  }
}

TEST(ScalingPolicyReader, SaysHowToWriteAFraction) {
  EXPECT_THAT(refusal("{behavior: {scaleUp: {tolerance: 0.05}}}"),
              HasSubstr("spec.behavior.scaleUp.tolerance is 0.05, must be a whole number, or a "
                        "decimal in quotes such as '0.8' or '500m': write \"0.05\""));
}

TEST(ScalingPolicyReader, CollectsAllErrorsAndStopsAtTheirLimit) {
  EXPECT_EQ(refusal("{maxReplicas: 0, intervalSeconds: 1, combine: Sum}"),
            "spec.intervalSeconds is 1, must be at least 5: choose from 5 to 300, for example 30\n"
            "spec.maxReplicas is 0, must be at least 1: choose from 1 to 100000, for example 20\n"
            "spec.combine is \"Sum\", must be one of Max, Min, Formula: for example Max\n");
  auto many = policy_with();
  many["spec"]["signals"] = nlohmann::json::array();
  for (int i = 0; i < 12; ++i) many["spec"]["signals"].push_back({{"maxAgeSeconds", 1}});
  const auto read = read_scaling_policy(many);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().size(), api::field_errors_max);
}

TEST(ScalingPolicyReader, ReportsUnknownFieldsOnlyWhenAsked) {
  const auto* typo = "{minReplica: 0}";
  EXPECT_EQ(refusal(typo), "accepted");
  EXPECT_EQ(refusal(typo, api::UnknownFields::Report),
            "spec.minReplica is not a known field: did you mean `minReplicas`?\n");
}

TEST(ScalingPolicyReader, TreatsNullAsMissingLikeTheApiServer) {
  auto object = policy_with();
  object["spec"]["minReplicas"] = nullptr;
  object["spec"]["fallback"] = nullptr;
  const auto read = read_scaling_policy(object);
  ASSERT_TRUE(read) << text_of(read.error());
  EXPECT_EQ(read->min_replicas, 1);
}

TEST(ScalingPolicyReader, RefusesObjectsWithoutSpec) {
  for (const auto* text : {"null", "[]", "3", "\"x\"", "{}", "{\"spec\":null}", "{\"spec\":[]}"})
    EXPECT_FALSE(read_scaling_policy(nlohmann::json::parse(text))) << text;
}

TEST(FieldErrors, AreSummedUpInOneLine) {
  const api::FieldError error{.path = "spec.a", .value = "1", .problem = "must be at least 2"};
  EXPECT_EQ(api::summary({error}), "spec.a is 1, must be at least 2");
  EXPECT_THAT(api::summary({error, error, error, error, error}), testing::EndsWith("; and 2 more"));
}

TEST(WithDefaults, DoesWhatTheApiServerDoes) {
  auto object = policy_with("{mistake: 1, pause: {scaleUp: true}}");
  object["metadata"]["labels"]["kept"] = "yes";
  const auto completed = api::with_defaults(api::Kind::ScalingPolicy, object);
  EXPECT_FALSE(completed["spec"].contains("mistake"));
  EXPECT_EQ(completed["spec"]["pause"], nlohmann::json({{"scaleUp", true}, {"scaleDown", false}}));
  EXPECT_EQ(completed["spec"]["signals"][0]["onMissing"], "Hold");
  EXPECT_EQ(completed["spec"]["behavior"]["scaleDown"]["tolerance"], "0.1");
  EXPECT_EQ(completed["metadata"]["labels"]["kept"], "yes");
  EXPECT_EQ(api::with_defaults(api::Kind::ScalingPolicy, completed), completed);
}

}  // namespace
}  // namespace poolscaler
