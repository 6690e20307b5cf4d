// The last decision of a policy in the cluster, from its status, and what its why-not is worth.

#include "poolscaler/explain/live.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "poolscaler/api/objects.hpp"
#include "situations.hpp"

namespace poolscaler::explain {
namespace {

using Json = nlohmann::json;

Json object_with(const api::PolicyStatus& status) {
  auto object = Json::parse(R"({
    "metadata": {"name": "llm", "namespace": "shop", "generation": 1,
                 "creationTimestamp": "2026-12-01T00:00:00Z"},
    "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llm"},
             "maxReplicas": 8,
             "signals": [{"name": "queue", "metricSourceRef": {"name": "prometheus"},
                          "metric": {"name": "q"},
                          "target": {"type": "PerReplica", "value": 10}}]}})");
  object["status"] = Json::parse(api::render_status(status));
  return object;
}

/// The status that a decision which holds the replicas leaves behind.
api::PolicyStatus status_of(const Situation& situation) {
  const auto outcome = situation.decide();
  api::PolicyStatus status{.observed_generation = 1, .target_uid = "u"};
  status.current_replicas = status.ready_replicas = status.desired_replicas =
      status.recommended_replicas = situation.observation.target.spec_replicas;
  const auto& reading = situation.observation.signals.front();
  status.signals = {
      {.name = "queue", .state = reading.state, .value = reading.value, .target = 10}};
  status.decision_time = situation.now;
  status.decision_reason = outcome.decision.reason;
  status.decision_message = outcome.decision.explanation.line();
  status.decision_steps = outcome.decision.explanation.steps;
  status.recommendations = outcome.memory.recommendations;
  return status;
}

/// Of a decision about 8 replicas and 20 waiting requests.
api::PolicyStatus held_status() {
  auto situation = queue_situation(8, 20);
  situation.memory.recommendations = {{situation.now - Seconds(160), 8}};
  return status_of(situation);
}

TEST(LiveAccount, TellsTheRecordedStepsAndWhatWouldChangeThem) {
  const auto account = account_of_object(object_with(held_status()), {Trend::Down});
  ASSERT_TRUE(account.has_value()) << account.error().message;
  EXPECT_EQ(account->policy, "shop/llm");
  EXPECT_EQ(account->reason, "Stabilized");
  EXPECT_EQ(account->steps.size(), 2U);
  EXPECT_THAT(account->notes, testing::IsEmpty());
  EXPECT_THAT(text_of(*account), testing::HasSubstr("150 s would have to pass"));
}

TEST(LiveAccount, AgreesAfterARestart) {
  auto situation = queue_situation(8, 20);
  situation.memory = Memory{.target_uid = "u"};
  for (const int seconds : {300, 150}) {
    const auto account = account_of_object(object_with(status_of(situation)), {Trend::Down});
    ASSERT_TRUE(account.has_value()) << account.error().message;
    EXPECT_EQ(account->reason, "AwaitingFreshWindow");
    EXPECT_THAT(account->notes, testing::IsEmpty());
    EXPECT_THAT(text_of(*account),
                testing::HasSubstr(std::to_string(seconds) + " s would have to pass"));
    for (int rounds = 0; rounds < 10; ++rounds) {
      situation.memory = situation.decide().memory;
      situation.now += Seconds(15);
    }
  }
}

TEST(LiveAccount, AgreesAboutIdleTimeAfterARestart) {
  auto situation = queue_situation(1, 0);
  situation.memory = Memory{.target_uid = "u"};
  situation.policy.min_replicas = 0;
  for (int rounds = 0; rounds < 4; ++rounds) {
    auto object = object_with(status_of(situation));
    object["spec"]["minReplicas"] = 0;
    const auto account = account_of_object(object, {Trend::Down});
    ASSERT_TRUE(account.has_value()) << account.error().message;
    EXPECT_EQ(account->reason, "AwaitingFreshWindow");
    EXPECT_THAT(account->notes, testing::IsEmpty()) << rounds;
    situation.memory = situation.decide().memory;
    situation.now += Seconds(15);
  }
}

TEST(LiveAccount, SaysWhereTheStatusDoesNotKnowEnough) {
  auto status = held_status();
  status.recommendations.clear();
  status.decision_reason = Reason::AtTarget;
  status.observed_generation = 0;
  const auto account = account_of_object(object_with(status), {});
  ASSERT_TRUE(account.has_value());
  EXPECT_THAT(account->notes,
              testing::ElementsAre(testing::HasSubstr("the spec has changed"),
                                   testing::HasSubstr("is not all that was known")));
}

TEST(LiveAccount, SaysWhichLimitWouldHaveToGrantMore) {
  auto situation = queue_situation(2, 80);
  situation.observation.grant = Grant{.most = 2,
                                      .reason = Reason::CappedByBudget,
                                      .words = "6 more asked for, 0 granted: budget all"};
  const auto account = account_of_object(object_with(status_of(situation)), {Trend::Up});
  ASSERT_TRUE(account.has_value()) << account.error().message;
  EXPECT_EQ(account->reason, "CappedByBudget");
  EXPECT_THAT(account->notes, testing::IsEmpty());
  EXPECT_THAT(text_of(*account),
              testing::HasSubstr("its pool and the budgets would have to grant more than 2: 6 more "
                                 "asked for, 0 granted: budget all"));
}

TEST(LiveAccount, KnowsHowManyItMightHave) {
  auto status = status_of(queue_situation(2, 20));
  status.effective_max = 2;
  const auto account = account_of_object(object_with(status), {Trend::Up});
  ASSERT_TRUE(account.has_value()) << account.error().message;
  EXPECT_THAT(account->notes, testing::IsEmpty());
  EXPECT_THAT(text_of(*account),
              testing::HasSubstr("its pool and the budgets would have to grant more than 2\n"));
}

TEST(LiveAccount, OfATargetThatIsNotFoundSaysSo) {
  const auto account = account_of_object(
      object_with({.decision_reason = Reason::TargetNotFound, .decision_message = "make it"}), {});
  ASSERT_FALSE(account.has_value());
  EXPECT_THAT(account.error().message,
              testing::HasSubstr("nothing is decided: TargetNotFound: make it"));
}

TEST(LiveAccount, NeedsADecision) {
  const auto account = account_of_object(object_with({}), {});
  ASSERT_FALSE(account.has_value());
  EXPECT_THAT(account.error().message, testing::HasSubstr("is the operator running?"));
}

TEST(LiveAccount, OfAnInvalidSpecIsAnError) {
  auto object = object_with(held_status());
  object["spec"]["maxReplicas"] = 0;
  EXPECT_FALSE(account_of_object(object, {}).has_value());
}

}  // namespace
}  // namespace poolscaler::explain
