// What would have to change, in numbers that a person can check by hand.

#include "poolscaler/explain/why_not.hpp"

#include <gmock/gmock.h>

#include "situations.hpp"

namespace poolscaler::explain {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> told(const Situation& situation, Trend direction) {
  std::vector<std::string> texts;
  for (const auto& way : why_not(situation, direction).ways) {
    std::string text;
    for (const auto& change : way) text += (text.empty() ? "" : " and ") + change.text;
    texts.push_back(text);
  }
  return texts;
}

TEST(WhyNot, NamesTheValueThatTheToleranceEndsAt) {
  const auto situation = queue_situation(5, 48);
  EXPECT_THAT(told(situation, Trend::Up),
              ElementsAre("signal 'queue' would have to rise above 55 (now 48)"));
  EXPECT_THAT(told(situation, Trend::Down),
              ElementsAre("signal 'queue' would have to fall to 40 or less (now 48)"));
}

TEST(WhyNot, SaysWhenItHappensAnyway) {
  const auto answer = why_not(queue_situation(2, 48), Trend::Up);
  EXPECT_EQ(answer.happens, 5);
  EXPECT_THAT(answer.ways, IsEmpty());
  EXPECT_EQ(text_of(answer), "scaling up happens now: 2 -> 5\n");
}

TEST(WhyNot, NamesTheBoundAndHowFarItHasToMove) {
  auto situation = queue_situation(8, 100);
  EXPECT_THAT(told(situation, Trend::Up),
              ElementsAre("maxReplicas would have to be at least 9 (is 8)"));
  situation = queue_situation(2, 5);
  situation.policy.min_replicas = 2;
  EXPECT_THAT(told(situation, Trend::Down),
              ElementsAre("minReplicas would have to be at most 1 (is 2)"));
}

TEST(WhyNot, CountsTheSecondsOfTheWindow) {
  auto situation = queue_situation(8, 20);
  situation.memory.recommendations = {{situation.now - Seconds(160), 8}};
  const auto ways = told(situation, Trend::Down);
  EXPECT_THAT(ways, testing::Contains(HasSubstr("150 s would have to pass")));
  EXPECT_THAT(ways, testing::Contains(HasSubstr("recommended 160 s ago")));
  EXPECT_THAT(ways, testing::Contains(
                        "behavior.scaleDown.stabilizationWindowSeconds would have to be at most "
                        "160 (is 300)"));
}

TEST(WhyNot, AsksForDataWhereItIsMissing) {
  auto situation = queue_situation(5, 0);
  situation.policy.signals.push_back(signal_named("gpu", TargetType::PerReplica, 10));
  situation.observation.signals.push_back({.state = SignalState::Absent});
  situation.memory.unusable_since = {std::nullopt, situation.now - Seconds(40)};
  EXPECT_THAT(told(situation, Trend::Down),
              ElementsAre("signal 'gpu' would have to have data (Absent now), 40 or less"));
}

TEST(WhyNot, NamesAllThatIsNeededTogether) {
  auto situation = queue_situation(5, 48);
  situation.policy.signals.push_back(signal_named("gpu", TargetType::PerReplica, 10));
  situation.observation.signals.push_back(reading_of(50));
  EXPECT_THAT(told(situation, Trend::Down),
              ElementsAre("signal 'queue' would have to fall to 40 or less (now 48) and signal "
                          "'gpu' would have to fall to 40 or less (now 50)"));
  EXPECT_THAT(text_of(why_not(situation, Trend::Down)), HasSubstr("all of this together"));
}

TEST(WhyNot, KnowsPausesAndModes) {
  auto situation = queue_situation(2, 48);
  situation.policy.pause.scale_up = true;
  EXPECT_THAT(told(situation, Trend::Up), ElementsAre("pause.scaleUp would have to be off"));
  situation.policy.pause.scale_up = false;
  situation.policy.mode = Mode::Recommend;
  EXPECT_THAT(told(situation, Trend::Up), ElementsAre("mode would have to be Automatic"));
}

TEST(WhyNot, CountsIdleTimeDown) {
  auto situation = queue_situation(1, 0);
  situation.policy.min_replicas = 0;
  situation.policy.scale_to_zero.idle_after_seconds = 600;
  situation.policy.behavior.scale_down.stabilization_window_seconds = 0;
  situation.memory.recommendations = {{situation.now - Seconds(15), 0}};
  situation.memory.idle = Seconds(300);
  situation.memory.idle_counted_to = situation.now;
  const auto ways = told(situation, Trend::Down);
  EXPECT_THAT(ways, testing::Contains(HasSubstr("300 s would have to pass")));
  EXPECT_THAT(ways, testing::Contains(
                        "scaleToZero.idleAfterSeconds would have to be at most 300 (is 600)"));
}

TEST(WhyNot, HasNoAnswerWhereThereIsNone) {
  const auto answer = why_not(queue_situation(0, 0), Trend::Down);
  EXPECT_THAT(answer.ways, IsEmpty());
  EXPECT_EQ(text_of(answer), "nothing that is known here would scale down now\n");
}

TEST(WhyNot, IsCarriedOutByWhatItSays) {
  const auto situation = queue_situation(5, 48);
  for (const auto direction : {Trend::Up, Trend::Down})
    for (const auto& way : why_not(situation, direction).ways)
      EXPECT_TRUE(moves(changed(situation, direction, way), direction)) << way.front().text;
}

}  // namespace
}  // namespace poolscaler::explain
