#include "poolscaler/simulation/replay/policy_scaler.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "poolscaler/simulation/replay/families.hpp"
#include "poolscaler/simulation/replay/floors.hpp"
#include "poolscaler/simulation/replay/replay.hpp"
#include "unit/simulation/replay/moments.hpp"
#include "waves.hpp"

namespace poolscaler::replay {
namespace {

using ::testing::HasSubstr;

const Instant begun{Seconds{1'800'000'000}};

Signal signal_of(std::string name, std::string metric) {
  return {.name = std::move(name),
          .source = "prometheus",
          .query = MetricSelector{.metric = std::move(metric)},
          .target_type = TargetType::PerReplica,
          .target = 4};
}

ScalingPolicy policy_of(std::vector<Signal> signals) {
  return {.target = {.api_version = "apps/v1", .kind = "Deployment", .name = "web"},
          .min_replicas = 0,
          .max_replicas = 10,
          .signals = std::move(signals)};
}

Meaning meaning(const ScalingPolicy& policy, const SaidMeanings& said = {}) {
  const auto sources = sources_of(policy, said, false);
  EXPECT_TRUE(sources) << sources.error().message;
  return sources->front().meaning;
}

std::string refusal(const ScalingPolicy& policy, const SaidMeanings& said = {},
                    bool metric_load = false) {
  const auto sources = sources_of(policy, said, metric_load);
  return sources ? "accepted" : sources.error().message;
}

TEST(Meanings, FollowWhatWasSaidThenTheMetricThenTheName) {
  EXPECT_EQ(meaning(policy_of({signal_of("a", "vllm:num_requests_waiting")})), Meaning::Queue);
  EXPECT_EQ(meaning(policy_of({signal_of("inflight", "my_metric")})), Meaning::Inflight);
  EXPECT_EQ(meaning(policy_of({signal_of("queue", "my_metric")}), {{"queue", Meaning::Rate}}),
            Meaning::Rate);
}

TEST(Meanings, FollowTheCatalogueOfPresets) {
  const auto of_preset = [](const char* name) {
    auto signal = signal_of("x", "m");
    signal.preset = name;
    return policy_of({signal});
  };
  EXPECT_EQ(meaning(of_preset("vllm-queue")), Meaning::Queue);
  EXPECT_EQ(meaning(of_preset("vllm-concurrency")), Meaning::Inflight);
  EXPECT_EQ(meaning(of_preset("vllm-kv")), Meaning::Utilization);
  EXPECT_THAT(refusal(of_preset("vllm-queue-seconds")), HasSubstr("--map x="));
}

TEST(Meanings, WhatIsNotKnownIsRefusedWithTheRemedy) {
  EXPECT_THAT(refusal(policy_of({signal_of("latency", "p99_seconds")})),
              HasSubstr("--map latency=WORD, one of queue, running, inflight, utilization"));
  EXPECT_THAT(refusal(policy_of({signal_of("queue", "m")}), {{"other", Meaning::Queue}}),
              HasSubstr("no signal 'other'"));
  auto raw = signal_of("x", "");
  raw.query = RawQuery{"sum(a)"};
  EXPECT_THAT(refusal(policy_of({raw})), HasSubstr("--map x="));
  auto most = signal_of("queue", "queue_depth");
  std::get<MetricSelector>(most.query).aggregation = Aggregation::Max;
  EXPECT_THAT(refusal(policy_of({most})), HasSubstr("extreme"));
}

TEST(Meanings, AMetricTraceIsTheValueOfTheOnlySignal) {
  const auto one = policy_of({signal_of("latency", "p99_seconds")});
  EXPECT_EQ(sources_of(one, {}, true)->front().meaning, Meaning::Value);
  EXPECT_THAT(refusal(one, {{"latency", Meaning::Queue}}, true), HasSubstr("metric trace"));
  EXPECT_THAT(refusal(policy_of({signal_of("a", "a"), signal_of("b", "b")}), {}, true),
              HasSubstr("one of several"));
}

PolicyScaler scaler_of(const ScalingPolicy& policy) {
  return {policy, sources_of(policy, {}, false).value(), begun};
}

TEST(PolicyScaler, LooksEachSecondAtZeroAndElseEachInterval) {
  const auto scaler = scaler_of(policy_of({signal_of("queue", "q")}));
  EXPECT_EQ(scaler.next_evaluation(Micros(1), 0, {}), 1 * s);
  EXPECT_EQ(scaler.next_evaluation(14 * s, 1, {}), 15 * s);
  EXPECT_EQ(scaler.next_evaluation(15 * s, 1, {}), 30 * s);
}

TEST(PolicyScaler, SleepsAtZeroUntilARequestArrives) {
  const auto scaler = scaler_of(policy_of({signal_of("queue", "q")}));
  EXPECT_EQ(scaler.next_evaluation(2 * s, 0, Micros(7'500'000)), 8 * s);
  EXPECT_EQ(scaler.next_evaluation(2 * s, 0, 8 * s), 8 * s);
  EXPECT_EQ(scaler.next_evaluation(2 * s, 0, 100 * s), 15 * s) << "rounds go on";
  EXPECT_EQ(scaler.next_evaluation(2 * s, 0, Micros(2'000'001)), 3 * s);
  auto utilization = signal_of("utilization", "u");
  std::get<MetricSelector>(utilization.query).aggregation = Aggregation::Avg;
  utilization.target_type = TargetType::Utilization;
  utilization.target = 0.5;
  const auto other = scaler_of(policy_of({signal_of("queue", "q"), utilization}));
  EXPECT_EQ(other.next_evaluation(2 * s, 0, 100 * s), 3 * s) << "of this nothing is known ahead";
}

/// Looks each second, whatever it is told.
class Sleepless final : public Scaler {
 public:
  explicit Sleepless(std::unique_ptr<Scaler> scaler) : scaler_(std::move(scaler)) {}
  std::int32_t min_replicas() const override { return scaler_->min_replicas(); }
  std::int32_t max_replicas() const override { return scaler_->max_replicas(); }
  Micros next_evaluation(Micros now, std::int32_t current, std::optional<Micros>) const override {
    return scaler_->next_evaluation(now, current, std::nullopt);
  }
  std::optional<Wanted> evaluate(const Sight& sight) override { return scaler_->evaluate(sight); }
  std::vector<Watched> watches() const override { return scaler_->watches(); }
  void see(std::size_t index, const Course& course) override { scaler_->see(index, course); }

 private:
  std::unique_ptr<Scaler> scaler_;
};

void expect_same_asleep_and_awake(const ScalingPolicy& policy, const Load& load,
                                  const std::string& label) {
  const auto made = [&] {
    return std::make_unique<PolicyScaler>(policy, sources_of(policy, {}, false).value(), begun);
  };
  const auto asleep = made();
  Sleepless awake(made());
  const auto first = figures_of(replay(load, {}, *asleep).value());
  const auto second = figures_of(replay(load, {}, awake).value());
  EXPECT_EQ(first.replica_seconds, second.replica_seconds) << label;
  EXPECT_EQ(first.delayed, second.delayed) << label;
  EXPECT_EQ(first.cold_starts, second.cold_starts) << label;
  EXPECT_EQ(first.decisions, second.decisions) << label;
  EXPECT_EQ(first.reasons, second.reasons) << label;
  EXPECT_GT(first.cold_starts, 0) << label;
}

TEST(PolicyScaler, ComesToTheSameAsleepAndAwake) {
  auto load = waves();
  load.end += Micros(std::chrono::hours(3));  // a long rest
  for (const auto pace : {Pace::Usual, Pace::Fast, Pace::Averaged})
    for (const double activation : {0.0, 3.0})
      for (const Knobs& knobs : {Knobs{.idle_after_seconds = 20, .pace = pace},
                                 Knobs{.idle_after_seconds = 300, .pace = pace},
                                 Knobs{.min_replicas = 1, .pace = pace},
                                 Knobs{.idle_after_seconds = 0, .seconds_per_miss = 3000,
                                       .pace = pace}}) {
        auto policy = turned(plain_policy(8, 50), knobs);
        for (auto& signal : policy.signals) signal.activation_above = activation;
        expect_same_asleep_and_awake(policy, load, knobs.label());
        policy.schedule = schedule_of({{"busy", "7,47 * * * *", 1000, 3}});
        expect_same_asleep_and_awake(policy, load, knobs.label() + ", with windows");
      }
}

TEST(PolicyScaler, WakesWithinASecondAndStaysSilentMeanwhile) {
  auto scaler = scaler_of(policy_of({signal_of("queue", "q")}));
  EXPECT_FALSE(scaler.evaluate({.now = 16 * s, .slots = 8}));
  const auto woken = scaler.evaluate({.now = 17 * s, .waiting = 5, .slots = 8});
  ASSERT_TRUE(woken);
  EXPECT_EQ(woken->replicas, 2);
  EXPECT_EQ(woken->reason, Reason::WokenFromZero);
}

TEST(PolicyScaler, ReadsUtilizationAsAbsentWithoutReplicas) {
  auto signal = signal_of("utilization", "u");
  std::get<MetricSelector>(signal.query).aggregation = Aggregation::Avg;
  signal.target_type = TargetType::Utilization;
  signal.target = 0.5;
  auto policy = policy_of({signal});
  policy.min_replicas = 1;
  auto scaler = scaler_of(policy);
  const auto grown =
      scaler.evaluate({.now = 15 * s, .running = 8, .running_on_ready = 8, .ready = 1, .slots = 8});
  EXPECT_EQ(grown->replicas, 2);
  const auto starting = scaler.evaluate({.now = 30 * s, .starting = 1, .slots = 8});
  EXPECT_EQ(starting->reason, Reason::MetricAbsent);
}

TEST(PolicyScaler, AWindowLooksBack) {
  auto signal = signal_of("inflight", "i");
  auto& selector = std::get<MetricSelector>(signal.query);
  selector.range_function = RangeFunction::AvgOverTime;
  selector.window_seconds = 60;
  auto policy = policy_of({signal});
  policy.min_replicas = 1;
  auto scaler = scaler_of(policy);
  ASSERT_EQ(scaler.watches().size(), 1U);
  EXPECT_EQ(scaler.watches()[0].window, 60 * s);
  Course course(60 * s);
  scaler.see(0, course);
  course.change(Micros(0), 0);
  course.change(45 * s, 40);
  // 40 for a quarter of the minute: 10 / 4.
  EXPECT_EQ(scaler.evaluate({.now = 60 * s, .running = 40, .ready = 1, .slots = 8})->replicas, 3);
}

TEST(PolicyScaler, AWindowOpensOnTimeAndNotWithTheNextRound) {
  auto policy = policy_of({signal_of("queue", "q")});
  policy.interval_seconds = 60;
  policy.schedule = schedule_of({{"busy", "0 9 * * *", 600, 3}});
  policy.schedule.front().pre_warm = false;
  // 08:58:47: the window opens 73 s later, which is no round.
  const auto start = std::chrono::floor<std::chrono::days>(begun) + Seconds(9 * 3600 - 73);
  PolicyScaler scaler(policy, sources_of(policy, {}, false).value(), start);
  EXPECT_EQ(scaler.next_evaluation(Micros(0), 1, {}), 60 * s);
  EXPECT_EQ(scaler.evaluate({.now = 60 * s, .ready = 1, .slots = 8})->replicas, 1);
  ASSERT_EQ(scaler.next_evaluation(60 * s, 1, {}), 73 * s);
  const auto opened = scaler.evaluate({.now = 73 * s, .ready = 1, .slots = 8});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->replicas, 3);
  EXPECT_EQ(opened->reason, Reason::ScheduleFloor);
  EXPECT_EQ(scaler.next_evaluation(73 * s, 3, {}), 120 * s);
  EXPECT_EQ(scaler.next_evaluation(660 * s, 3, {}), 673 * s);
}

TEST(PolicyScaler, RecommendIsSimulatedAsIfItWrote) {
  auto policy = policy_of({signal_of("queue", "q")});
  policy.mode = Mode::Recommend;
  auto scaler = scaler_of(policy);
  EXPECT_EQ(scaler.evaluate({.now = 15 * s, .waiting = 5, .slots = 8})->replicas, 2);
}

TEST(PolicyScaler, AMetricTraceDrivesTheReplicas) {
  Load load{.name = "m", .samples = {{0 * s, 3}, {100 * s, 30}}, .end = 1000 * s};
  auto policy = policy_of({signal_of("latency", "l")});
  policy.behavior.scale_down.stabilization_window_seconds = 0;
  PolicyScaler scaler(policy, sources_of(policy, {}, true).value(), begun);
  const auto tally = replay(load, {.start = Start::Floor}, scaler).value();
  EXPECT_EQ(tally.most_replicas, 8);
  EXPECT_EQ(tally.starts_from_zero, 1);
  EXPECT_EQ(tally.requests, 0);
}

/// A metric trace of quiet days with a busy hour at nine.
std::optional<double> at_nine(Micros now) {
  const auto of_day = now % (86'400 * s);
  return of_day >= 9 * 3600 * s && of_day < 10 * 3600 * s ? 40 : 2;
}

/// The replicas at 8:56 of each day; each takes five minutes to start.
std::vector<std::int32_t> before_nine(ForecastMode mode, int days) {
  auto policy = policy_of({signal_of("latency", "l")});
  policy.forecast = mode;
  policy.min_replicas = 1;
  policy.scale_to_zero.expected_cold_start_seconds = 300;
  PolicyScaler scaler(policy, sources_of(policy, {}, true).value(), begun);
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> asked(20, 1);  // of the last five minutes, oldest first
  std::int32_t current = 1;
  for (Micros now = 15 * s; now < days * 86'400 * s; now += 15 * s) {
    const auto ready = *std::ranges::min_element(asked);
    current = scaler
                  .evaluate({.now = now,
                             .ready = ready,
                             .starting = current - ready,
                             .value = at_nine(now)})
                  ->replicas;
    asked.erase(asked.begin());
    asked.push_back(current);
    if (now % (86'400 * s) == (9 * 3600 - 240) * s) replicas.push_back(current);
  }
  return replicas;
}

TEST(PolicyScaler, ForecastsByWhatItHasSeenAndNothingElse) {
  EXPECT_EQ(before_nine(ForecastMode::On, 4), (std::vector<std::int32_t>{1, 1, 10, 10}))
      << "one day to see it, another to prove it";
  EXPECT_EQ(before_nine(ForecastMode::Shadow, 4), (std::vector<std::int32_t>{1, 1, 1, 1}));
}

}  // namespace
}  // namespace poolscaler::replay
