// One arbitration of a whole fleet: 10,000 policies over 100 pools and 100 budgets, each policy
// under one budget and each pool under another, with room for a part of what is wanted or for all
// of it. Each is told as well how many replicas it may have, up to 100.

#include <benchmark/benchmark.h>

#include <string>

#include "poolscaler/money/arbitrate.hpp"

namespace poolscaler::money {
namespace {

const Instant now{Seconds{1'800'000'000}};

struct Fleet {
  std::vector<Claim> claims{};
  std::vector<PoolSupply> pools{};
  std::vector<Limit> limits{};
};

/// `nodes`: how many may be added to each pool.
Fleet fleet_of(std::size_t policies, std::size_t shared, std::int64_t nodes) {
  Fleet fleet;
  const auto price = HourlyRate::of(32'770'000'000);
  const auto share = HourlyRate::of(price.nano() / 8);
  for (std::size_t i = 0; i < shared; ++i) {
    fleet.limits.push_back({.budget = std::to_string(i), .cap = RateCap{price * (nodes + 5)}});
    fleet.pools.push_back({.per_node = 8,
                           .free_nodes = {0, 5, 5, 0, 5},
                           .tiers = {{.price = HourlyRate(), .nodes = 5},
                                     {.price = HourlyRate::of(price.nano() / 3), .nodes = 10},
                                     {.price = price, .nodes = nodes}},
                           .share = share,
                           .places = {{{.share = share, .nodes = {0, 5, 5, 0, 5, 0, 0, 0, 0}}}},
                           .limits = {i}});
  }
  for (std::size_t i = 0; i < policies; ++i)
    fleet.claims.push_back({.policy = "namespace-" + std::to_string(i % 97) + "/policy-" +
                                      std::to_string(i),
                            .pool = i % shared,
                            .accelerators = std::int64_t{1} << (i % 3),
                            .replicas = static_cast<std::int64_t>(i % 4),
                            .wanted = static_cast<std::int64_t>(i % 7),
                            .protected_replicas = 1,
                            .priority = static_cast<std::int32_t>(i % 5),
                            .weight = 1 + static_cast<std::int64_t>(i % 3),
                            .reach = 100,
                            .limits = {(i / shared) % shared}});
  return fleet;
}

void arbitrate_fleet(benchmark::State& state) {
  const auto fleet = fleet_of(static_cast<std::size_t>(state.range(0)), 100, state.range(1));
  std::int64_t granted = 0;
  std::int64_t wanted = 0;
  for (auto _ : state) {
    const auto result = arbitrate(fleet.claims, fleet.pools, fleet.limits, now);
    benchmark::DoNotOptimize(result.grants.data());
    granted = 0;
    for (const auto& grant : result.grants) granted += grant.granted;
  }
  for (const auto& claim : fleet.claims) wanted += claim.wanted;
  state.counters["wanted"] = static_cast<double>(wanted);
  state.counters["granted"] = static_cast<double>(granted);
}
BENCHMARK(arbitrate_fleet)
    ->Args({1'000, 20})
    ->Args({10'000, 20})
    ->Args({10'000, 2'000})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace poolscaler::money
