// What one decision costs: a steady policy of one queue signal is the case that counts, since a
// fleet is steady most of the time; the others show what each part adds.

#include <benchmark/benchmark.h>

#include "poolscaler/engine/decide.hpp"

namespace poolscaler {
namespace {

const Instant start{Seconds{1'800'000'000}};

Signal signal_of(std::string name, TargetType type, double target) {
  return {.name = std::move(name),
          .source = "prometheus",
          .query = MetricSelector{.metric = "queue_depth"},
          .target_type = type,
          .target = target};
}

ScalingPolicy policy_of(std::vector<Signal> signals) {
  return {.target = {.api_version = "apps/v1", .kind = "Deployment", .name = "web"},
          .min_replicas = 0,
          .max_replicas = 100,
          .signals = std::move(signals)};
}

Observation observation_of(std::int32_t replicas, std::vector<double> values) {
  Observation observation{.target = {.uid = "0b6f2a3e-5d4c-4b8a-9f3e-7c1d2e3f4a5b",
                                     .spec_replicas = replicas,
                                     .status_replicas = replicas,
                                     .pods = {.ready = replicas, .youngest = start},
                                     .created = start},
                          .policy_created = start};
  for (const auto value : values)
    observation.signals.push_back(
        {.state = value == 0 ? SignalState::Zero : SignalState::Value, .value = value});
  return observation;
}

/// Decides again and again, a round of 15 s apart, as the operator does.
void decide_rounds(benchmark::State& state, const ScalingPolicy& policy,
                   const Observation& observation) {
  Memory memory;
  auto now = start;
  for (auto _ : state) {
    auto outcome = engine::decide(observation, policy, memory, now);
    benchmark::DoNotOptimize(outcome.decision.desired);
    memory = std::move(outcome.memory);
    now += Seconds(15);
  }
  state.SetItemsProcessed(state.iterations());
}

void steady_queue(benchmark::State& state) {
  decide_rounds(state, policy_of({signal_of("queue", TargetType::PerReplica, 10)}),
                observation_of(5, {48}));
}
BENCHMARK(steady_queue);

void steady_at_zero(benchmark::State& state) {
  decide_rounds(state, policy_of({signal_of("queue", TargetType::PerReplica, 10)}),
                observation_of(0, {0}));
}
BENCHMARK(steady_at_zero);

void steady_utilization(benchmark::State& state) {
  decide_rounds(state, policy_of({signal_of("gpu", TargetType::Utilization, 0.8)}),
                observation_of(5, {0.7931}));
}
BENCHMARK(steady_utilization);

void four_signals(benchmark::State& state) {
  decide_rounds(state,
                policy_of({signal_of("queue", TargetType::PerReplica, 10),
                           signal_of("running", TargetType::PerReplica, 4),
                           signal_of("latency", TargetType::Total, 2),
                           signal_of("gpu", TargetType::Utilization, 0.8)}),
                observation_of(5, {48, 20, 1.97, 0.78}));
}
BENCHMARK(four_signals);

/// Office hours and nights: what looking at a schedule adds.
void two_windows(benchmark::State& state) {
  const auto zone = std::make_shared<const TimeZone>(
      "UTC", std::vector<Stretch>{{std::chrono::sys_seconds{}, Seconds(0)}});
  auto policy = policy_of({signal_of("queue", TargetType::PerReplica, 10)});
  policy.schedule = {{.name = "office",
                      .start = parse_cron("0 8 * * mon-fri").value(),
                      .end = parse_cron("0 18 * * mon-fri").value(),
                      .zone = zone,
                      .floor = 2},
                     {.name = "night",
                      .start = parse_cron("0 22 * * *").value(),
                      .end = Seconds(28'800),
                      .zone = zone,
                      .ceiling = 20}};
  decide_rounds(state, policy, observation_of(5, {48}));
}
BENCHMARK(two_windows);

void held_by_the_window(benchmark::State& state) {
  const auto policy = policy_of({signal_of("queue", TargetType::PerReplica, 10)});
  auto high = observation_of(5, {48});
  auto low = observation_of(5, {20});
  Memory memory;
  auto now = start;
  for (auto _ : state) {
    const bool peak = now.time_since_epoch() % Seconds(240) < Seconds(15);
    auto outcome = engine::decide(peak ? high : low, policy, memory, now);
    benchmark::DoNotOptimize(outcome.decision.desired);
    memory = std::move(outcome.memory);
    now += Seconds(15);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(held_by_the_window);

}  // namespace
}  // namespace poolscaler
