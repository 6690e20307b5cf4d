// Observation files: what they mean, and that nonsense is refused with line, field and remedy.

#include "poolscaler/explain/observation_file.hpp"

#include <gmock/gmock.h>

#include "situations.hpp"

namespace poolscaler::explain {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

const ScalingPolicy policy = queue_situation(1, 0).policy;

std::vector<std::string> errors_of(std::string_view text) {
  const auto read = read_observation_file(text, policy);
  std::vector<std::string> lines;
  if (read) return lines;
  for (const auto& error : read.error())
    lines.push_back(std::to_string(error.line) + ": " + error.text);
  return lines;
}

TEST(ObservationFile, MeansASettledTargetUnlessItSaysOtherwise) {
  const auto read = read_observation_file(R"(now: "2026-11-27T08:00:00Z"
target: {replicas: 3}
signals: [{name: queue, value: 48}]
memory: {}
)",
                                          policy);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(to_rfc3339(read->now), "2026-11-27T08:00:00Z");
  EXPECT_EQ(read->observation.target.pods.ready, 3);
  EXPECT_EQ(read->observation.signals.at(0).state, SignalState::Value);
  EXPECT_EQ(read->decide().decision.desired, 5);
}

TEST(ObservationFile, WithoutMemoryIsTheFirstLookOfAnOperator) {
  const auto read = read_observation_file(R"(now: "2026-11-27T08:00:00Z"
target: {replicas: 3}
signals: [{name: queue, value: 5}]
)",
                                          policy);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->decide().decision.reason, Reason::AwaitingFreshWindow);
}

TEST(ObservationFile, JudgesTheAgeOfASampleAsTheOperatorDoes) {
  auto aged = policy;
  aged.signals.at(0).max_age_seconds = 30;
  const auto read = [&](const std::string& age) {
    return read_observation_file("now: \"2026-11-27T08:00:00Z\"\ntarget: {replicas: 3}\n"
                                 "memory: {}\n"
                                 "signals: [{name: queue, value: 5, ageSeconds: " + age + "}]\n",
                                 aged)
        .value();
  };
  EXPECT_EQ(read("30").observation.signals.at(0).state, SignalState::Value);
  EXPECT_EQ(read("30").decide().decision.desired, 1);
  const auto stale = read("100");
  EXPECT_EQ(stale.observation.signals.at(0).state, SignalState::Stale);
  EXPECT_EQ(stale.observation.signals.at(0).detail,
            "the oldest sample is 100 s old, at most 30 s are allowed");
  EXPECT_EQ(stale.memory.unusable_since.at(0), stale.now - Seconds(70));
  EXPECT_EQ(stale.decide().decision.desired, 3);
  EXPECT_EQ(stale.decide().decision.reason, Reason::MetricStale);
  aged.signals.at(0).query = RawQuery{"sum(queue)"};
  EXPECT_EQ(read("100").observation.signals.at(0).state, SignalState::Value);
  aged.signals.at(0).query = PodResource{};
  EXPECT_EQ(read("100").observation.signals.at(0).detail,
            "every pod was measured more than 30 s ago");
}

TEST(ObservationFile, KeepsEveryAge) {
  const auto read = read_observation_file(R"(now: "2026-11-27T08:00:00Z"
policyAgeSeconds: 100
target: {replicas: 4, readyReplicas: 1, startingReplicas: 2, unschedulableReplicas: 1,
         ageSeconds: 200, youngestPodAgeSeconds: 30}
signals: [{name: queue, state: Stale, missingForSeconds: 40}]
memory:
  observedForSeconds: 90
  idleForSeconds: 60.5
  lastScaleAgeSeconds: 20
  recommendations: [{replicas: 2, ageSeconds: 10}, {replicas: 8, ageSeconds: 50}]
  scaleUps: [{replicas: 1, ageSeconds: 20}]
)",
                                          policy);
  ASSERT_TRUE(read.has_value());
  const auto now = read->now;
  EXPECT_EQ(read->observation.policy_created, now - Seconds(100));
  EXPECT_EQ(read->observation.target.created, now - Seconds(200));
  EXPECT_EQ(read->observation.target.pods.youngest, now - Seconds(30));
  EXPECT_EQ(read->observation.target.pods.unschedulable, 1);
  EXPECT_EQ(read->memory.observed_since, now - Seconds(90));
  EXPECT_EQ(read->memory.idle, Millis(60'500));
  EXPECT_EQ(read->memory.unusable_since.at(0), now - Seconds(40));
  EXPECT_THAT(read->memory.recommendations,
              testing::ElementsAre(TimedReplicas{now - Seconds(50), 8},
                                   TimedReplicas{now - Seconds(10), 2}));
  EXPECT_THAT(read->memory.scale_ups, testing::ElementsAre(TimedReplicas{now - Seconds(20), 1}));
}

TEST(ObservationFile, WhoHasJustBegunToLookLowersNothing) {
  const std::string head = "now: \"2026-11-27T08:00:00Z\"\ntarget: {replicas: 8}\n"
                           "signals: [{name: queue, value: 10}]\nmemory: ";
  const auto desired = [&](const std::string& memory) {
    const auto read = read_observation_file(head + memory + "\n", policy);
    EXPECT_TRUE(read.has_value()) << memory;
    return read->decide().decision.desired;
  };
  EXPECT_EQ(desired("{observedForSeconds: 10}"), 8);
  EXPECT_EQ(desired("{}"), 1);
  EXPECT_THAT(errors_of(head + "{observedForSeconds: 10, idleForSeconds: 60}\n"),
              Contains(HasSubstr("must be at most observedForSeconds")));
  EXPECT_THAT(errors_of(head + "{recommendations: [{replicas: 3}]}\n"),
              Contains(HasSubstr("recommendations[0].ageSeconds is required")));
}

TEST(ObservationFile, CollectsErrorsWithLineFieldValueAndRemedy) {
  const auto errors = errors_of(R"(now: noon
target: {replicas: -1, colour: red}
signals:
  - name: quue
    value: 48
  - name: queue
    value: many
)");
  EXPECT_THAT(errors, Contains(AllOf(HasSubstr("1: now"), HasSubstr("noon"), HasSubstr("T08:00"))));
  EXPECT_THAT(errors, Contains(AllOf(HasSubstr("2: target.replicas"), HasSubstr("-1"))));
  EXPECT_THAT(errors, Contains(AllOf(HasSubstr("2: target.colour"), HasSubstr("known here:"))));
  EXPECT_THAT(errors, Contains(AllOf(HasSubstr("4: signals[0].name"), HasSubstr("quue"))));
  EXPECT_THAT(errors, Contains(AllOf(HasSubstr("7: signals[1].value"), HasSubstr("number"))));
}

TEST(ObservationFile, WantsEachSignalOnceAndEitherAValueOrAState) {
  const std::string head = "now: \"2026-11-27T08:00:00Z\"\ntarget: {replicas: 1}\nsignals: ";
  EXPECT_THAT(errors_of(head + "[]"), Contains(HasSubstr("an entry for 'queue'")));
  EXPECT_THAT(errors_of(head + "[{name: queue}]"), Contains(HasSubstr("or else 'state'")));
  EXPECT_THAT(errors_of(head + "[{name: queue, value: 1, state: Absent}]"),
              Contains(HasSubstr("but not both")));
  EXPECT_THAT(errors_of(head + "[{name: queue, state: Value}]"),
              Contains(HasSubstr("must be Absent")));
  EXPECT_THAT(errors_of(head + "[{name: queue, value: 1}, {name: queue, value: 1}]"),
              Contains(HasSubstr("stands twice")));
  EXPECT_THAT(errors_of(head + "{queue: 1}"), Contains(HasSubstr("must be a list")));
  EXPECT_THAT(errors_of(head + "[{name: queue, state: Absent, missingForSeconds: 9}]"),
              Contains(HasSubstr("needs 'memory'")));
}

TEST(ObservationFile, RefusesWhatIsNoObservationAtAll) {
  for (const auto* text : {"", "7", "[1]", "a: 1\n---\nb: 2\n", "now: [", "target: 3"})
    EXPECT_FALSE(errors_of(text).empty()) << text;
}

TEST(PolicyFile, HoldsOnePolicyAmongOthers) {
  constexpr std::string_view one = R"(kind: Service
apiVersion: v1
---
apiVersion: poolscaler.dev/v1alpha1
kind: ScalingPolicy
metadata: {name: llm, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: llm}
  maxReplicas: 8
  signals:
    - name: queue
      metricSourceRef: {name: prometheus}
      metric: {name: q}
      target: {type: PerReplica, value: 10}
)";
  const auto read = read_policy_file(one);
  ASSERT_TRUE(read.has_value()) << read.error().front().text;
  EXPECT_EQ(read->name, "llm");
  EXPECT_EQ(read->ns, "shop");
  EXPECT_FALSE(read_policy_file(std::string(one) + "---\n" + std::string(one)).has_value());
  auto broken = std::string(one);
  broken.replace(broken.find("maxReplicas: 8"), 14, "maxReplicas: 0");
  const auto errors = read_policy_file(broken);
  ASSERT_FALSE(errors.has_value());
  EXPECT_EQ(errors.error().front().line, 9);
  EXPECT_THAT(errors.error().front().text, HasSubstr("spec.maxReplicas"));
}

}  // namespace
}  // namespace poolscaler::explain
