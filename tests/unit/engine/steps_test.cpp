#include "steps.hpp"

#include <gtest/gtest.h>

#include "unit/engine/moment.hpp"

namespace poolscaler::engine {
namespace {

Signal signal_of(StepKind kind, std::vector<ScalingStep> steps) {
  return {.name = "queue",
          .source = "prometheus",
          .query = MetricSelector{.metric = "queue"},
          .target_type = TargetType::Steps,
          .target = 0,
          .step_kind = kind,
          .steps = std::move(steps)};
}

/// What is asked for at `value` by a target of that size and those pods.
std::int32_t asked(const Signal& signal, double value, std::int32_t current, PodCounts pods) {
  const Observation observation{.target = {.uid = "u",
                                           .spec_replicas = current,
                                           .pods = pods,
                                           .created = now - Seconds(86'400)},
                                .policy_created = now - Seconds(86'400)};
  const ScalingPolicy policy{.target = {}, .max_replicas = 100, .signals = {}};
  const Deliberation d(observation, policy, {}, now);
  return stepped(signal, step_for(signal, value), d);
}
std::int32_t asked(const Signal& signal, double value, std::int32_t current) {
  return asked(signal, value, current, {.ready = current});
}

TEST(Steps, HoldAboveTheirBoundAndNotAtIt) {
  const auto signal = signal_of(StepKind::Replicas, {{.above = 0, .amount = 1},
                                                     {.above = 50, .amount = 4}});
  EXPECT_EQ(asked(signal, 0, 3), 0);
  EXPECT_EQ(asked(signal, 0.1, 3), 1);
  EXPECT_EQ(asked(signal, 50, 3), 1);
  EXPECT_EQ(asked(signal, 50.1, 3), 4);
  EXPECT_EQ(asked(signal, 50.1, 0), 4);
}

TEST(Steps, ChangeWhatThereIs) {
  const auto signal = signal_of(StepKind::Change, {{.above = {}, .amount = -2},
                                                   {.above = 10, .amount = 0},
                                                   {.above = 50, .amount = 3}});
  EXPECT_EQ(asked(signal, 10, 5), 3);
  EXPECT_EQ(asked(signal, 10, 1), 0);
  EXPECT_EQ(asked(signal, 11, 5), 5);
  EXPECT_EQ(asked(signal, 51, 5), 8);
  EXPECT_EQ(asked(signal, 51, 0), 3);
}

TEST(Steps, ChangeNothingBelowTheLowest) {
  const auto signal = signal_of(StepKind::Change, {{.above = 50, .amount = 3}});
  EXPECT_EQ(asked(signal, 50, 5), 5);
}

TEST(Steps, ChangeByAtLeastOneForAPercentage) {
  const auto signal = signal_of(StepKind::ChangePercent, {{.above = {}, .amount = -10},
                                                          {.above = 10, .amount = 0},
                                                          {.above = 50, .amount = 25}});
  EXPECT_EQ(asked(signal, 0, 5), 4);
  EXPECT_EQ(asked(signal, 0, 29), 27);
  EXPECT_EQ(asked(signal, 51, 2), 3);
  EXPECT_EQ(asked(signal, 51, 11), 13);
  EXPECT_EQ(asked(signal, 51, 0), 1);
}

TEST(Steps, DoNotAddTwiceWhileReplicasStart) {
  const auto signal =
      signal_of(StepKind::Change, {{.above = 50, .amount = 3}, {.above = 90, .amount = 5}});
  const PodCounts three_start{.ready = 2, .starting = 3, .youngest = now - Seconds(10)};
  EXPECT_EQ(asked(signal, 60, 5, three_start), 5);
  EXPECT_EQ(asked(signal, 95, 5, three_start), 7);
  // What has not become ready for long is broken, and no longer on its way.
  const PodCounts three_broken{.ready = 2, .starting = 3, .youngest = now - Seconds(10'000)};
  EXPECT_EQ(asked(signal, 60, 5, three_broken), 8);
  EXPECT_EQ(asked(signal, 60, 5, {.ready = 2, .unschedulable = 3}), 5);
}

TEST(Steps, SayWhatTheyDo) {
  const auto signal = signal_of(StepKind::ChangePercent,
                                {{.above = {}, .amount = -10}, {.above = 50, .amount = 25}});
  EXPECT_EQ(text_of(signal, step_for(signal, 0)), "removes 10 %");
  EXPECT_EQ(text_of(signal, step_for(signal, 60)), "above 50, adds 25 %");
  EXPECT_EQ(text_of(signal, nullptr), "below every step");
}

}  // namespace
}  // namespace poolscaler::engine
