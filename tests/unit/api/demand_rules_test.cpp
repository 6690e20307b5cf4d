#include <gmock/gmock.h>

#include "unit/api/policies.hpp"

namespace poolscaler {
namespace {

using api::read_scaling_policy;
using testing::HasSubstr;

/// A policy with these signals and, below them, anything else.
std::string refusal(const std::string& patch) {
  const auto policy = read_scaling_policy(policy_with(patch), api::UnknownFields::Report);
  return policy ? "accepted" : text_of(policy.error());
}

std::string with_steps(const std::string& steps) {
  return refusal("signals: [{name: q, metricSourceRef: {name: p}, metric: {name: q}, steps: " +
                 steps + "}]");
}

std::string with_formula(const std::string& expression) {
  return refusal("{combine: Formula, formula: {expression: \"" + expression +
                 "\"}, signals: [{name: queue, metricSourceRef: {name: p}, metric: {name: q}, "
                 "target: {type: PerReplica, value: 10}}, {name: gpu-busy, metricSourceRef: "
                 "{name: p}, metric: {name: b}}]}");
}

std::string with_resource(const std::string& rest) {
  return refusal("signals: [{name: cpu, resource: {name: cpu}, " + rest + "}]");
}

TEST(Matchers, OfARegularExpressionAreReadAsTheServerWouldReadThem) {
  const auto with_value = [](const std::string& operation, const std::string& value) {
    return refusal("signals: [{name: q, metricSourceRef: {name: p}, metric: {name: q, matchers: "
                   "[{label: a, value: b}, {label: model, operator: " +
                   operation + ", value: '" + value +
                   "'}]}, target: {type: PerReplica, value: 1}}]");
  };
  EXPECT_EQ(with_value("Regex", "llama-3.*|(?i)qwen"), "accepted");
  EXPECT_EQ(with_value("Equal", "llama-3("), "accepted") << "no regular expression";
  EXPECT_EQ(with_value("Regex", "llama-3("),
            "spec.signals[0].metric.matchers[1].value is \"llama-3(\", character 8: '(' opens a "
            "group that nothing closes: close it with ')', or write '\\(' for the character\n");
  EXPECT_THAT(with_value("NotRegex", "(?!canary).*"),
              HasSubstr("character 1: '(?!' is a lookahead, which RE2 does not have: say what must "
                        "match, and what must not with another matcher (operator NotRegex)"));
}

TEST(PodResources, NeedNoSource) {
  EXPECT_EQ(with_resource("target: {type: Utilization, value: \"0.7\"}"), "accepted");
  EXPECT_EQ(with_resource("target: {type: PerReplica, value: 500m}"), "accepted");
  EXPECT_THAT(with_resource("target: {type: Total, value: 1}"),
              HasSubstr("target.type is \"Total\", must be Utilization or PerReplica"));
  EXPECT_THAT(with_resource("metricSourceRef: {name: p}, target: {type: PerReplica, value: 1}"),
              HasSubstr("must be set, but for a `resource`"));
  EXPECT_THAT(refusal("signals: [{name: q, metric: {name: q}, target: {type: Total, value: 1}}]"),
              HasSubstr("metricSourceRef must be set, but for a `resource`"));
  EXPECT_THAT(with_resource("metric: {name: q}, target: {type: PerReplica, value: 1}"),
              HasSubstr("exactly one of `preset`, `metric`, `query` and `resource`"));
}

TEST(PodResources, AreRead) {
  const auto policy = read_scaling_policy(
      policy_with("signals: [{name: m, resource: {name: memory, container: server}, "
                  "target: {type: PerReplica, value: 2Gi}}]"));
  ASSERT_TRUE(policy) << text_of(policy.error());
  const PodResource expected{.resource = Resource::Memory, .container = "server"};
  EXPECT_EQ(std::get<PodResource>(policy->signals[0].query), expected);
  EXPECT_EQ(policy->signals[0].source, "");
  EXPECT_EQ(policy->signals[0].target, 2147483648.0);
}

TEST(StepsOfASignal, AreReadInOrder) {
  const auto policy = read_scaling_policy(
      policy_with("signals: [{name: q, metricSourceRef: {name: p}, metric: {name: q}, steps: "
                  "[{change: -1}, {above: \"0.5\", change: 0}, {above: 20, change: 3}]}]"));
  ASSERT_TRUE(policy) << text_of(policy.error());
  const auto& signal = policy->signals[0];
  EXPECT_EQ(signal.target_type, TargetType::Steps);
  EXPECT_EQ(signal.step_kind, StepKind::Change);
  const std::vector<ScalingStep> expected{{.above = {}, .amount = -1},
                                          {.above = 0.5, .amount = 0},
                                          {.above = 20, .amount = 3}};
  EXPECT_EQ(signal.steps, expected);
}

TEST(StepsOfASignal, AreRefusedWhereTheyMeanNothing) {
  EXPECT_EQ(with_steps("[{above: 5, changePercent: 50}]"), "accepted");
  EXPECT_THAT(with_steps("[{above: 5}]"), HasSubstr("exactly one of `replicas`, `change`"));
  EXPECT_THAT(with_steps("[{above: 5, replicas: 1, change: 1}]"), HasSubstr("exactly one of"));
  EXPECT_THAT(with_steps("[{above: 5, replicas: 1}, {above: 9, change: 1}]"),
              HasSubstr("steps[1] is change, must have `replicas` like the steps before it"));
  EXPECT_THAT(with_steps("[{above: 5, replicas: 1}, {above: 5, replicas: 2}]"),
              HasSubstr("steps[1].above is 5, must be above the 5 of the step before it"));
  EXPECT_THAT(with_steps("[{replicas: 1}, {replicas: 2}]"),
              HasSubstr("steps[1].above is required in all steps but the first"));
  EXPECT_THAT(with_steps("[{replicas: 3}, {above: 5, replicas: 2}]"),
              HasSubstr("steps[1].replicas is 2, must be at least the 3 of the step before it"));
  EXPECT_THAT(with_steps("[{above: 5, change: -1}, {above: 9, change: 1}]"),
              HasSubstr("must not remove replicas where lower values"));
  EXPECT_THAT(with_steps("[{above: -1, change: 1}]"), HasSubstr("steps[0].above"));
  EXPECT_THAT(with_steps("[]"), HasSubstr("at least 1 items"));
  EXPECT_THAT(refusal("signals: [{name: q, metricSourceRef: {name: p}, metric: {name: q}, "
                      "tolerance: {up: 0}, steps: [{above: 5, change: 1}]}]"),
              HasSubstr("must stand alone"));
  EXPECT_THAT(refusal("signals: [{name: q, metricSourceRef: {name: p}, metric: {name: q}}]"),
              HasSubstr("must each have a `target` or `steps`"));
}

TEST(FormulaOfAPolicy, IsBoundToItsSignals) {
  const auto policy = read_scaling_policy(policy_with(
      "{combine: Formula, formula: {expression: b_a + a, target: {type: Total, value: 3}}, "
      "signals: [{name: a, metricSourceRef: {name: p}, metric: {name: q}}, "
      "{name: b-a, metricSourceRef: {name: p}, metric: {name: b}}]}"));
  ASSERT_TRUE(policy) << text_of(policy.error());
  EXPECT_EQ(policy->combine, Combine::Formula);
  ASSERT_TRUE(policy->formula);
  EXPECT_EQ(policy->formula->signal_of_operand, (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(policy->formula->target_type, TargetType::Total);
  EXPECT_EQ(policy->formula->target, 3);
  EXPECT_EQ(policy->signals[0].target_type, TargetType::None);
}

TEST(FormulaOfAPolicy, IsRefusedWithThePlace) {
  EXPECT_EQ(with_formula("max(queue.replicas, gpu_busy * 4)"), "accepted");
  EXPECT_THAT(with_formula("max(queue, gpu_busy"),
              HasSubstr("spec.formula.expression is \"max(queue, gpu_busy\", character 20: ')' is "
                        "missing"));
  EXPECT_THAT(with_formula("quue + gpu_busy"),
              HasSubstr("character 1: no signal is named 'quue': did you mean queue?"));
  EXPECT_THAT(with_formula("gpu-busy"), HasSubstr("no signal is named 'gpu'"));
  EXPECT_THAT(with_formula("gpu_busy.replicas"),
              HasSubstr("signal 'gpu-busy' asks for no replicas"));
  EXPECT_THAT(with_formula("queue"), HasSubstr("the formula does not read it"));
  EXPECT_THAT(with_formula("1 + 1"), HasSubstr("reads no signal"));
  EXPECT_THAT(refusal("combine: Formula"), HasSubstr("must be set with `combine: Formula`"));
  EXPECT_THAT(refusal("formula: {expression: queue}"),
              HasSubstr("must be set with `combine: Formula`"));
}

}  // namespace
}  // namespace poolscaler
