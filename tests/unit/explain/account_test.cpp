// A decision told as text and as JSON.

#include "poolscaler/explain/account.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "situations.hpp"

namespace poolscaler::explain {
namespace {

Account told(const Situation& situation) {
  auto account = account_of(situation, situation.decide().decision);
  account.policy = "shop/llm";
  return account;
}

TEST(Account, NumbersItsStepsAndSaysWhatIsHeldBack) {
  auto situation = queue_situation(8, 20);
  situation.memory.recommendations = {{situation.now - Seconds(160), 8}};
  EXPECT_EQ(text_of(told(situation)),
            "shop/llm: Deployment llm at 2027-01-15T08:00:00Z, stays at 8 because Stabilized\n"
            "   1  signal 'queue'  8 -> 2  SignalBelowTarget: 20 / 10 per replica = 2\n"
            "   2  stabilization   2 -> 8  Stabilized: not below 8 within 300 s, recommended 160 s "
            "ago\n");
}

TEST(Account, SaysAtOnceWhatWasAbsentAndTakenForZero) {
  auto situation = queue_situation(2, 48);
  auto errors = signal_named("errors", TargetType::PerReplica, 1);
  errors.on_missing = OnMissing::Zero;
  situation.policy.signals.push_back(errors);
  situation.observation.signals.push_back({.state = SignalState::Absent});
  const auto text = text_of(told(situation));
  EXPECT_THAT(text, testing::HasSubstr("2 -> 5 because SignalAboveTarget, with 'errors' absent and "
                                       "so 0\n"));
  EXPECT_THAT(text, testing::HasSubstr("AbsentIsZero: Absent counts as 0"));
  situation.observation.signals.back() = reading_of(0);
  EXPECT_THAT(text_of(told(situation)), testing::HasSubstr("because SignalAboveTarget\n"));
}

TEST(Account, SaysWhatModeAutomaticWouldDo) {
  auto situation = queue_situation(2, 48);
  situation.policy.mode = Mode::Recommend;
  EXPECT_THAT(text_of(told(situation)), testing::HasSubstr("in mode Automatic it would be 5\n"));
}

TEST(Account, HasTheSameAsJson) {
  auto account = told(queue_situation(2, 48));
  account.why_nots.push_back(why_not(queue_situation(5, 48), Trend::Up));
  account.notes.push_back("odd \xff bytes");
  const auto json = nlohmann::json::parse(json_of(account));
  EXPECT_EQ(json["desired"], 5);
  EXPECT_EQ(json["reason"], "SignalAboveTarget");
  EXPECT_EQ(json["steps"][0]["subject"], "queue");
  EXPECT_EQ(json["whyNot"][0]["direction"], "up");
  EXPECT_EQ(json["whyNot"][0]["ways"][0][0]["lever"], "Signal");
}

}  // namespace
}  // namespace poolscaler::explain
