// How long it takes to plan the queries of a fleet, and to split one answer over it again.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "poolscaler/query/planner.hpp"

namespace poolscaler::query {
namespace {

/// `count` signals of five shapes; each namespace has its own queues.
std::vector<SignalQuery> fleet(std::int64_t count) {
  std::vector<SignalQuery> signals;
  for (std::int64_t i = 0; i < count; ++i) {
    MetricSelector selector{
        .metric = fmt::format("metric_{}", i % 5),
        .matchers = {{"queue", MatchOperator::Equal, fmt::format("queue-{}", i)},
                     {"job", MatchOperator::Equal, "inference"}}};
    signals.push_back({.source = "main",
                       .ns = fmt::format("team-{}", i % 50),
                       .query = std::move(selector),
                       .max_age_seconds = 120});
  }
  return signals;
}

void plans(benchmark::State& state) {
  const auto signals = fleet(state.range(0));
  std::size_t queries = 0;
  for (auto _ : state) {
    const auto planned = plan(signals);
    queries = planned.size();
    benchmark::DoNotOptimize(planned.data());
  }
  state.counters["queries"] = static_cast<double>(queries);
  state.SetComplexityN(state.range(0));
}
BENCHMARK(plans)->RangeMultiplier(10)->Range(100, 100'000)->Complexity()->Unit(
    benchmark::kMillisecond);

void splits(benchmark::State& state) {
  const auto signals = fleet(state.range(0));
  const auto planned = plan(signals);
  std::vector<QueryAnswer> answers(planned.size());
  for (std::size_t i = 0; i < planned.size(); ++i)
    for (const auto index : planned[i].waiting)
      for (const std::string part : {"0", "1"})
        answers[i].samples.push_back({.labels = {{"namespace", signals[index].ns},
                                                 {"queue", fmt::format("queue-{}", index)},
                                                 {"job", "inference"},
                                                 {planned[i].part_label, part}},
                                      .time_seconds = 1e9,
                                      .value = 1e9 - 5});
  const QueryAnswer no_ages{.samples = {}};
  for (auto _ : state) {
    for (std::size_t i = 0; i < planned.size(); ++i) {
      const SharedAnswer shared(planned[i], answers[i], no_ages);
      for (const auto index : planned[i].waiting)
        benchmark::DoNotOptimize(shared.reading(signals[index]));
    }
  }
  state.SetComplexityN(state.range(0));
}
BENCHMARK(splits)->RangeMultiplier(10)->Range(100, 100'000)->Complexity()->Unit(
    benchmark::kMillisecond);

}  // namespace
}  // namespace poolscaler::query
