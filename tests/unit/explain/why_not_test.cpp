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

/// From that hour on, UTC; it is 08:00.
Window window_of(const char* name, const std::string& hour, Seconds length) {
  return {.name = name,
          .start = parse_cron("0 " + hour + " * * *").value(),
          .end = length,
          .zone = std::make_shared<const TimeZone>(
              "UTC", std::vector<Stretch>{{.begin = {}, .offset = Seconds(0)}})};
}

TEST(WhyNot, LooksAsFarAsTheNextTurnOfAWindow) {
  auto situation = queue_situation(1, 0);
  situation.policy.schedule = {window_of("day", "9", std::chrono::hours(1))};
  situation.policy.schedule[0].floor = 5;
  EXPECT_THAT(told(situation, Trend::Up),
              testing::Contains(HasSubstr("3600 s would have to pass")));
}

TEST(WhyNot, NamesTheWindowThatHoldsAlone) {
  auto situation = queue_situation(6, 200);
  auto& schedule = situation.policy.schedule;
  schedule = {window_of("high", "7", std::chrono::hours(30)),
              window_of("low", "7", std::chrono::hours(30))};
  schedule[0].ceiling = schedule[1].floor = 6;
  EXPECT_THAT(told(situation, Trend::Up),
              ElementsAre("the schedule's window 'high' would have to be closed"));
  situation.observation.signals[0] = reading_of(10);
  EXPECT_THAT(told(situation, Trend::Down),
              ElementsAre("the schedule's window 'low' would have to be closed"));
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

Situation formula_situation(const std::string& text, double queue, double running,
                            std::int32_t replicas) {
  auto situation = queue_situation(replicas, queue);
  auto& policy = situation.policy;
  policy.max_replicas = 50;
  policy.signals.push_back(signal_named("running", TargetType::None, 0));
  policy.signals.at(0).target_type = TargetType::None;
  situation.observation.signals.push_back(reading_of(running));
  policy.combine = Combine::Formula;
  auto formula = parse_formula(text).value();
  std::vector<std::size_t> signals;
  for (const auto& operand : formula.operands())
    signals.push_back(operand.signal == "queue" ? 0 : 1);
  policy.formula = {.formula = std::move(formula), .signal_of_operand = signals};
  return situation;
}

TEST(WhyNot, FindsWhatAFormulaMakesOfLess) {
  EXPECT_THAT(told(formula_situation("queue / running", 30, 10, 3), Trend::Up),
              testing::Contains(HasSubstr("signal 'running' would have to fall ")));
  EXPECT_THAT(told(formula_situation("max(queue / 10, 8 - running)", 5, 6, 3), Trend::Up),
              testing::Contains("signal 'running' would have to fall just below 5 (now 6)"));
  EXPECT_THAT(told(formula_situation("queue > 10 ? 2 : running", 5, 6, 6), Trend::Down),
              testing::Contains("signal 'queue' would have to rise just above 10 (now 5)"));
}

TEST(WhyNot, TellsNoDust) {
  EXPECT_THAT(told(formula_situation("queue > 0 ? 5 : running", 0, 3, 3), Trend::Up),
              testing::Contains("signal 'queue' would have to rise just above 0 (now 0)"));
  EXPECT_THAT(told(formula_situation("queue > 0 ? 5 : 2 + 0 * running", 4, 3, 5), Trend::Down),
              testing::Contains("signal 'queue' would have to fall to 0 (now 4)"));
}

TEST(WhyNot, DoesNotSayThatNothingWouldWhereItOnlyTried) {
  const auto answer = why_not(formula_situation("3 + 0 * queue * running", 4, 3, 3), Trend::Up);
  EXPECT_THAT(answer.ways, IsEmpty());
  EXPECT_THAT(text_of(answer), HasSubstr("was found among the values tried"));
}

TEST(WhyNot, SaysBelowWhichTheToleranceWouldHaveToBe) {
  EXPECT_THAT(told(queue_situation(4, 44), Trend::Up),
              testing::Contains("the tolerance of behavior.scaleUp would have to be below 0.1 "
                                "(is 0.1)"));
}

TEST(WhyNot, IsCarriedOutByWhatAFormulaIsSaidToDo) {
  for (const auto* text :
       {"queue / max(running, 1)", "queue / running", "queue > 10 ? 2 : running",
        "max(queue/10, 8 - running)", "(queue + running)/10", "clamp(queue - running, 1, 20)",
        "running > 5 ? queue / 5 : queue / 20", "abs(queue - running)", "running ?? queue"})
    for (const auto& [queue, running, replicas] :
         {std::tuple{55., 0., 4}, {30., 2., 6}, {5., 7., 3}, {40., 10., 8}})
      for (const auto direction : {Trend::Up, Trend::Down}) {
        const auto situation = formula_situation(text, queue, running, replicas);
        const auto answer = why_not(situation, direction);
        for (const auto& way : answer.ways)
          EXPECT_TRUE(moves(changed(situation, direction, way), direction))
              << text << ": " << way.front().text;
        // What a few values of one operand alone can do, an answer finds.
        if (answer.happens || (!answer.ways.empty() && answer.ways.front().size() == 1)) continue;
        for (const double value : {0., 0.1, 1., 2., 3., 5., 6., 8., 10., 11., 20., 50., 100., 1e5})
          for (const bool first : {true, false}) {
            const auto other = formula_situation(text, first ? value : queue,
                                                 first ? running : value, replicas);
            EXPECT_FALSE(moves(other, direction))
                << text << " at " << queue << ", " << running << ": " << value;
          }
      }
}

TEST(WhyNot, IsCarriedOutByWhatItSays) {
  const auto situation = queue_situation(5, 48);
  for (const auto direction : {Trend::Up, Trend::Down})
    for (const auto& way : why_not(situation, direction).ways)
      EXPECT_TRUE(moves(changed(situation, direction, way), direction)) << way.front().text;
}

}  // namespace
}  // namespace poolscaler::explain
