// The service model against its plain twin, on small random loads in which everything happens at
// the same instants as often as can be.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "naive_replay.hpp"

namespace poolscaler::replay {
namespace {

/// Asks for what a rule says at fixed times.
class RuleScaler final : public Scaler {
 public:
  RuleScaler(testing::Rule rule, Micros period) : rule_(std::move(rule)), period_(period) {}
  std::int32_t min_replicas() const override { return 0; }
  std::int32_t max_replicas() const override { return 1000; }
  Micros next_evaluation(Micros now, std::int32_t, std::optional<Micros>) const override {
    return (now / period_ + 1) * period_;
  }
  std::optional<Wanted> evaluate(const Sight& sight) override {
    return Wanted{.replicas = rule_(sight)};
  }

 private:
  testing::Rule rule_;
  Micros period_;
};

Load arbitrary_load() {
  Load load{.name = "random", .constant_service = *rc::gen::arbitrary<bool>()};
  const auto count = *rc::gen::inRange(1, 40);
  const auto constant = *rc::gen::inRange(0, 9);
  std::int64_t at = 0;
  for (int i = 0; i < count; ++i) {
    at += *rc::gen::weightedOneOf<int>(
        {{3, rc::gen::just(0)}, {3, rc::gen::inRange(0, 4)}, {1, rc::gen::inRange(0, 30)}});
    const auto service = load.constant_service ? constant : *rc::gen::inRange(0, 12);
    load.requests.push_back({.arrival = Micros(at), .service = Micros(service)});
  }
  load.end = Micros(at);
  return load;
}

/// Wild, and the same for the same sight.
testing::Rule arbitrary_rule() {
  const auto a = *rc::gen::inRange(0, 3);
  const auto b = *rc::gen::inRange(1, 4);
  const auto most = *rc::gen::inRange(1, 5);
  return [=](const Sight& sight) {
    const auto wanted = (sight.waiting + b - 1) / b + a * sight.running_on_ready +
                        sight.arrivals_last_minute % 2 + sight.inflight_micros % 3;
    // Something always serves in the end.
    const auto least = sight.inflight() > 0 ? 1 : 0;
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(wanted, least, most));
  };
}

RC_GTEST_PROP(ReplayLaw, AgreesWithThePlainModel, ()) {
  const auto load = arbitrary_load();
  RC_PRE(load.end > Micros(1));
  const auto end = load.end.count();
  const auto begin = *rc::gen::inRange<std::int64_t>(0, end);
  const testing::NaiveSetup naive{.slots = *rc::gen::inRange(1, 4),
                                  .cold_start = *rc::gen::inRange(0, 9),
                                  .period = *rc::gen::inRange(1, 8),
                                  .delayed_above = *rc::gen::inRange(0, 3),
                                  .begin = begin,
                                  .end = *rc::gen::inRange<std::int64_t>(begin + 1, end + 1),
                                  .at_start = 0};
  const auto rule = arbitrary_rule();
  const Setup setup{.slots = naive.slots,
                    .cold_start = Micros(naive.cold_start),
                    .start = Start::Floor,
                    .delayed_above = Micros(naive.delayed_above),
                    .measured = Interval{Micros(naive.begin), Micros(naive.end)}};
  RuleScaler scaler(rule, Micros(naive.period));
  auto tally = replay(load, setup, scaler).value();
  auto expected = testing::naive_replay(load, naive, rule);

  RC_ASSERT(tally.replica_micros == expected.replica_micros);
  RC_ASSERT(tally.requests == std::ssize(expected.waits));
  RC_ASSERT(tally.delayed == expected.delayed);
  RC_ASSERT(tally.cold_starts == expected.cold_starts);
  RC_ASSERT(tally.starts_from_zero == expected.starts_from_zero);
  std::erase(expected.waits, 0);
  std::vector<std::int64_t> waits;
  for (const auto wait : tally.waits) waits.push_back(wait.count());
  RC_ASSERT(waits == expected.waits);

  const auto bounds = bounds_of(load, setup, *setup.measured);
  const auto plain = testing::naive_bounds(load, naive);
  RC_ASSERT(bounds.peak == plain.peak);
  RC_ASSERT(std::abs(bounds.work_replica_seconds - plain.work_replica_seconds) < 1e-12);
  RC_ASSERT(std::abs(bounds.zero_wait_replica_seconds - plain.zero_wait_replica_seconds) < 1e-12);
}

}  // namespace
}  // namespace poolscaler::replay
