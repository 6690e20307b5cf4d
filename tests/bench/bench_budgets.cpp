// One look of the book of budgets at a whole cluster: 5,000 nodes of 100 pools under 10,000
// policies, and budgets of which half are about pools and half about namespaces.

#include <benchmark/benchmark.h>

#include <string>

#include "poolscaler/money/budget_book.hpp"

namespace poolscaler::money {
namespace {

constexpr std::size_t pools = 100;
constexpr std::size_t nodes = 5'000;
constexpr std::size_t policies = 10'000;
constexpr std::size_t namespaces = 97;

std::string pool_name(std::size_t i) { return "pool-" + std::to_string(i % pools); }
std::string space_name(std::size_t i) { return "namespace-" + std::to_string(i % namespaces); }

BudgetRound cluster_of(std::size_t budgets) {
  BudgetRound round{.now = Instant(Seconds{1'800'000'000})};
  const auto utc = std::make_shared<const TimeZone>(
      "UTC", std::vector<Stretch>{{.begin = {}, .offset = Seconds(0)}});
  for (std::size_t i = 0; i < pools; ++i)
    round.pools.push_back({.name = pool_name(i), .uid = pool_name(i)});
  for (std::size_t i = 0; i < policies; ++i)
    round.tenants.push_back({.uid = std::to_string(i),
                             .policy = space_name(i) + "/policy-" + std::to_string(i),
                             .ns = space_name(i),
                             .pool = pool_name(i)});
  for (std::size_t i = 0; i < nodes; ++i)
    round.nodes.push_back({.uid = "node-" + std::to_string(i),
                           .pool = pool_name(i),
                           .kind = "p5.48xlarge OnDemand",
                           .rate = HourlyRate::of(55'040'000'000),
                           .started = round.now,
                           .accelerators = 8,
                           .uses = {{i, 4}, {i + nodes, 2}}});
  for (std::size_t i = 0; i < budgets; ++i) {
    CostBudget budget{.name = std::to_string(i),
                      .limits = {{.name = "rate",
                                  .mode = LimitMode::Rate,
                                  .amount = Amount::of(1'000'000'000'000)},
                                 {.name = "month",
                                  .mode = LimitMode::Accrued,
                                  .period = BudgetPeriod::Month,
                                  .amount = Amount::of(1'000'000'000'000'000)}},
                      .zone = utc};
    if (i % 2 == 0)
      budget.selector.pools = {pool_name(i / 2)};
    else
      budget.selector.namespaces = {space_name(i / 2)};
    round.budgets.push_back({budget.name, std::make_shared<const CostBudget>(budget)});
  }
  return round;
}

void look_at_a_cluster(benchmark::State& state) {
  auto round = cluster_of(static_cast<std::size_t>(state.range(0)));
  BudgetBook book;
  static_cast<void>(book.look(round));
  for (auto _ : state) {
    round.now += Seconds(15);
    const auto standings = book.look(round);
    benchmark::DoNotOptimize(standings.budgets.data());
  }
}
BENCHMARK(look_at_a_cluster)->Arg(1)->Arg(10)->Arg(100)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace poolscaler::money
