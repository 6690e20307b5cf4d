#include "poolscaler/api/presets.hpp"

#include <gmock/gmock.h>

#include <set>

#include "unit/api/policies.hpp"

namespace poolscaler {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

json policy_with_preset(const std::string& preset, const std::string& more = "{}",
                        const std::string& target = "{}") {
  auto policy = policy_with();
  auto& signal = policy["spec"]["signals"][0];
  signal.erase("metric");
  signal.erase("target");
  const auto parts = api::read_yaml("preset: {" + preset + "}\nmore: " + more +
                                    "\ntarget: " + target).value()[0];
  signal["preset"] = parts["preset"];
  signal.merge_patch(parts["more"]);
  policy["spec"]["scaleTargetRef"].merge_patch(parts["target"]);
  return policy;
}

Signal signal_with(const std::string& preset, const std::string& more = "{}",
                   const std::string& target = "{}") {
  const auto read = api::read_scaling_policy(policy_with_preset(preset, more, target),
                                             api::UnknownFields::Report);
  if (!read) throw std::runtime_error(text_of(read.error()));
  return read->signals[0];
}

std::string refused_preset(const std::string& preset, const std::string& more = "{}") {
  const auto read =
      api::read_scaling_policy(policy_with_preset(preset, more), api::UnknownFields::Report);
  return read ? "accepted" : text_of(read.error());
}

const MetricSelector& selector_of(const Signal& signal) {
  return std::get<MetricSelector>(signal.query);
}

TEST(Presets, BringTheirTargetAndAge) {
  const auto queue = signal_with("name: vllm-queue");
  EXPECT_EQ(queue.preset, "vllm-queue");
  EXPECT_EQ(queue.target_type, TargetType::PerReplica);
  EXPECT_EQ(queue.target, 5);
  EXPECT_EQ(queue.activation_above, 0);
  EXPECT_EQ(queue.max_age_seconds, 120);
  EXPECT_EQ(selector_of(queue).metric, "vllm:num_requests_waiting");
  EXPECT_EQ(signal_with("name: gpu-idle").activation_above, 0.05);
  EXPECT_EQ(signal_with("name: sqs-backlog, queue: q").max_age_seconds, 600);
}

TEST(Presets, GiveWayToWhatThePolicySays) {
  const auto signal = signal_with(
      "name: vllm-queue",
      "{target: {type: Total, value: 7}, activation: {above: 3}, maxAgeSeconds: 30}");
  EXPECT_EQ(signal.target_type, TargetType::Total);
  EXPECT_EQ(signal.target, 7);
  EXPECT_EQ(signal.activation_above, 3);
  EXPECT_EQ(signal.max_age_seconds, 30);
}

TEST(Presets, ReadTheTargetsPodsByTheirNames) {
  const auto pods = [](const std::string& preset, const std::string& target) {
    return selector_of(signal_with(preset, "{}", target)).matchers.back();
  };
  const std::string random = "[bcdfghjklmnpqrstvwxz2456789]{5}";
  EXPECT_EQ(pods("name: vllm-queue", "{name: llm.v1}"),
            (Matcher{"pod", MatchOperator::Regex, "llm\\.v1-[0-9a-z]+-" + random}));
  EXPECT_EQ(pods("name: vllm-queue", "{kind: StatefulSet}").value, "web-[0-9]+");
  EXPECT_EQ(pods("name: vllm-queue", "{kind: LeaderWorkerSet, apiVersion: x.io/v1}").value,
            "web-[0-9]+(-[0-9]+)?");
  EXPECT_EQ(pods("name: vllm-queue", "{kind: ReplicaSet}").value, "web-" + random);
  EXPECT_EQ(pods("name: vllm-queue", "{kind: InferenceService, apiVersion: x.io/v1}").value,
            "web-.*");
  EXPECT_EQ(pods("name: vllm-queue, podLabel: exported_pod", "{}").label, "exported_pod");
  const std::string long_name(60, 'a');
  EXPECT_EQ(pods("name: vllm-queue", "{name: " + long_name + "}").value,
            long_name.substr(0, 46) + ".*");
}

TEST(Presets, ReadTheWholeNamespaceWhenAsked) {
  EXPECT_TRUE(selector_of(signal_with("name: vllm-queue, pods: Any")).matchers.empty());
  EXPECT_THAT(selector_of(signal_with("name: vllm-queue, pods: Any, model: llama")).matchers,
              ElementsAre(Matcher{"model_name", MatchOperator::Equal, "llama"}));
}

TEST(Presets, AskForBothNamesOfARenamedMetric) {
  const auto signal = signal_with("name: vllm-kv");
  EXPECT_EQ(selector_of(signal).metric, "vllm:kv_cache_usage_perc");
  EXPECT_THAT(selector_of(signal).other_names, ElementsAre("vllm:gpu_cache_usage_perc"));
  EXPECT_EQ(selector_of(signal).range_function, RangeFunction::MaxOverTime);
  EXPECT_EQ(selector_of(signal).window_seconds, 60);
}

TEST(Presets, AreMadeOfSeveralMetricsWhereTheyMustBe) {
  const auto idle = std::get<DerivedQuery>(signal_with("name: vllm-idle").query);
  ASSERT_EQ(idle.terms.size(), 3U);
  EXPECT_EQ(idle.terms[0].window_seconds, 0);
  EXPECT_EQ(idle.terms[2].window_seconds, 600);
  const auto time =
      std::get<DerivedQuery>(signal_with("name: triton-queue-ms, windowSeconds: 120").query);
  EXPECT_EQ(time.divisor.front().window_seconds, 120);
  EXPECT_EQ(time.scale, 0.001);
}

TEST(Presets, LeaveOutSlicesThatAlwaysShowZero) {
  const auto util = std::get<DerivedQuery>(signal_with("name: dcgm-util").query);
  EXPECT_THAT(util.terms[0].matchers,
              testing::Contains(Matcher{"GPU_I_PROFILE", MatchOperator::Equal, ""}));
}

TEST(Presets, NamesUnknownOnesWithTheListAndTheClosest) {
  const auto text = refused_preset("name: vlm-queue");
  EXPECT_THAT(text, HasSubstr("spec.signals[0].preset.name is \"vlm-queue\", must be one of "));
  EXPECT_THAT(text, HasSubstr("kafka-lag"));
  EXPECT_THAT(text, HasSubstr("did you mean vllm-queue?"));
}

TEST(Presets, RefusesMissingAndForeignParameters) {
  EXPECT_THAT(refused_preset("name: rabbitmq-ready"),
              HasSubstr("spec.signals[0].preset.queue is required by preset rabbitmq-ready"));
  const auto foreign = refused_preset("name: vllm-queue, queue: prompts");
  EXPECT_THAT(foreign, HasSubstr("spec.signals[0].preset.queue is \"prompts\", is no parameter of "
                                 "preset vllm-queue: it takes model, pods, podLabel"));
  EXPECT_THAT(refused_preset("name: vllm-queue, windowSeconds: 60"), HasSubstr("is no parameter"));
  EXPECT_THAT(refused_preset("name: kafka-lag, topic: t, consumerGroup: g, pods: Any"),
              HasSubstr("is no parameter"));
  EXPECT_THAT(refused_preset("name: generic-queue"), HasSubstr("preset.metric is required"));
  EXPECT_THAT(refused_preset("name: generic-queue, metric: 'a b'"), HasSubstr("preset.metric"));
  EXPECT_THAT(refused_preset("name: vllm-queue, modell: x"), HasSubstr("did you mean `model`?"));
  EXPECT_THAT(refused_preset("name: vllm-queue, model: 7"), HasSubstr("must be text"));
}

TEST(Presets, RefusesATargetThatTheReadingCannotPass) {
  EXPECT_THAT(refused_preset("name: vllm-kv", "{target: {type: Utilization, value: 80}}"),
              HasSubstr("must be below 1, which a reading of preset vllm-kv never exceeds: choose "
                        "a ratio, such as \"0.8\""));
  EXPECT_EQ(refused_preset("name: vllm-kv", "{target: {type: Utilization, value: \"0.9\"}}"),
            "accepted");
}

TEST(Presets, RefusesAnActivationThatTheReadingCannotPass) {
  const auto told = [](const char* above) {
    return refused_preset("name: dcgm-util", std::string("{activation: {above: ") + above + "}}");
  };
  EXPECT_THAT(told("10"), HasSubstr("spec.signals[0].activation.above is 10, must be below 1, "
                                    "which a reading of preset dcgm-util never exceeds"));
  EXPECT_EQ(told("\"0.1\""), "accepted");
  EXPECT_THAT(refused_preset("name: vllm-kv", "{steps: [{change: 0}, {above: 5, change: 1}]}"),
              HasSubstr("spec.signals[0].steps[1].above is 5, must be below 1"));
}

TEST(Presets, RefusesTwoInputsAndNoTarget) {
  EXPECT_THAT(refused_preset("name: vllm-queue", "{metric: {name: x}}"),
              HasSubstr("exactly one of"));
  auto policy = policy_with();
  policy["spec"]["signals"][0].erase("target");
  const auto read = api::read_scaling_policy(policy);
  ASSERT_FALSE(read);
  EXPECT_THAT(text_of(read.error()),
              HasSubstr("spec.signals must each have a `target` or `steps`"));
}

TEST(Presets, SayWhyTheySeeNothingAtZero) {
  EXPECT_THAT(std::string(api::remark_on_absence("vllm-queue")), HasSubstr("wake from zero"));
  EXPECT_THAT(std::string(api::remark_on_absence("dcgm-util")), HasSubstr("pods"));
  EXPECT_EQ(api::remark_on_absence("epp-wake"), "");
  EXPECT_EQ(api::remark_on_absence(""), "");
}

TEST(Catalogue, IsWholeAndEachNameStandsOnce) {
  std::set<std::string_view> names;
  for (const auto* preset : api::presets()) {
    EXPECT_TRUE(names.insert(preset->name).second) << preset->name;
    for (const auto text : {preset->framework, preset->versions, preset->reads, preset->unit,
                            preset->target, preset->activation, preset->caveat})
      EXPECT_FALSE(text.empty()) << preset->name;
    EXPECT_EQ(preset->caveat.back(), '.') << preset->name;
    EXPECT_FALSE(preset->terms[0].names.empty()) << preset->name;
    EXPECT_THAT(api::presets_page(), HasSubstr("### " + std::string(preset->name) + "\n"));
    EXPECT_THAT(api::presets_text(), HasSubstr(std::string(preset->name) + "\n"));
  }
  EXPECT_EQ(api::presets_json().size(), names.size());
}

}  // namespace
}  // namespace poolscaler
