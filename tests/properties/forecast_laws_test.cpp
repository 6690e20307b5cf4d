// Laws of the forecast: it may raise and do nothing else, and nothing can make it harmful - no
// past, a wrong past, missing data, a restart, a clock that jumps.

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "arbitrary.hpp"
#include "poolscaler/engine/forecast.hpp"
#include "support/restarted.hpp"

namespace poolscaler::laws {
namespace {

ScalingPolicy forecasting_policy(Scope scope = {}) {
  auto policy = arbitrary_policy(scope);
  if (policy.formula) policy.combine = Combine::Max;  // which cannot be forecast
  policy.formula.reset();
  policy.forecast = ForecastMode::On;
  policy.scale_to_zero.expected_cold_start_seconds = *rc::gen::element(20, 300, 3600);
  return policy;
}

ScalingPolicy with_mode(ScalingPolicy policy, ForecastMode mode) {
  policy.forecast = mode;
  return policy;
}

/// A past that says anything, also what no learner would.
LearnedPast arbitrary_past_of_signal(Instant now) {
  if (*rc::gen::inRange(0, 8) == 0) return {.problem = "it cannot be read"};
  ForecastModel model{.step = *rc::gen::element(Seconds(60), Seconds(120), Seconds(3600)),
                      .until = now - Seconds(*rc::gen::element(0, 0, 100, 5000, 20'000, -5000))};
  model.test = {.method = *rc::gen::element(ForecastMethod::LastValue,
                                            ForecastMethod::SameTimeYesterday,
                                            ForecastMethod::SameTimeLastWeek,
                                            ForecastMethod::DampedTrend),
                .samples = *rc::gen::element(0, 59, 60, 5000),
                .skill = *rc::gen::element(-1.0, 0.0, 0.5, 1.0),
                .gain_of_last_day = *rc::gen::element(-1.0, 0.0, 1.0)};
  model.trend = {.level = *rc::gen::inRange(-50, 2000) / 1.0,
                 .trend = *rc::gen::inRange(-100, 100) / 1.0,
                 .at = model.until,
                 .any = *rc::gen::arbitrary<bool>()};
  const auto size = *rc::gen::inRange(0, 100);
  model.season_first = model.until - Seconds(*rc::gen::inRange(-1000, 90'000));
  for (int i = 0; i < size; ++i)
    model.season.push_back(*rc::gen::inRange(0, 8) == 0
                               ? std::numeric_limits<float>::quiet_NaN()
                               : static_cast<float>(*rc::gen::inRange(-10, 3000)));
  return {.model = std::make_shared<const ForecastModel>(std::move(model))};
}

Observation with_pasts(Observation observation, Instant now) {
  const auto count = *rc::gen::inRange(std::size_t{0}, observation.signals.size() + 1);
  for (std::size_t i = 0; i < count; ++i)
    observation.pasts.push_back(arbitrary_past_of_signal(now));
  return observation;
}

/// A world that a forecast has already acted upon.
World forecast_past(const ScalingPolicy& policy) {
  World world{.replicas = *rc::gen::inRange(0, 15)};
  const auto rounds = *rc::gen::inRange(0, 12);
  for (int i = 0; i < rounds; ++i) {
    const auto observation = arbitrary_observation(policy, world.replicas, world.now);
    static_cast<void>(world.decide(with_pasts(observation, world.now), policy));
    world.now = arbitrary_next(world.now, true);
  }
  return world;
}

RC_GTEST_PROP(Forecasting, NeverLowers, ()) {
  const auto policy = forecasting_policy();
  const auto world = forecast_past(policy);
  const auto observation =
      with_pasts(arbitrary_observation(policy, world.replicas, world.now), world.now);
  const auto on = engine::decide(observation, policy, world.memory, world.now).decision;
  const auto off = engine::decide(observation, with_mode(policy, ForecastMode::Off), world.memory,
                                  world.now)
                       .decision;
  RC_LOG() << on.explanation.line() << "\n" << off.explanation.line() << "\n";
  RC_ASSERT(on.desired >= off.desired);
  RC_ASSERT(on.recommended >= off.recommended);
  RC_ASSERT(on.desired <= std::max(policy.max_replicas, on.current));
  RC_CLASSIFY(on.desired > off.desired);
}

RC_GTEST_PROP(Forecasting, InShadowDecidesAsWithoutIt, ()) {
  const auto policy = forecasting_policy();
  const auto world = forecast_past(policy);
  const auto observation =
      with_pasts(arbitrary_observation(policy, world.replicas, world.now), world.now);
  const auto decide_in = [&](ForecastMode mode) {
    return engine::decide(observation, with_mode(policy, mode), world.memory, world.now);
  };
  auto shadow = decide_in(ForecastMode::Shadow);
  const auto on = decide_in(ForecastMode::On);
  const auto off = decide_in(ForecastMode::Off);
  RC_ASSERT(shadow.decision.action == off.decision.action);
  RC_ASSERT(shadow.decision.reason == off.decision.reason);
  RC_ASSERT(shadow.decision.recommended == off.decision.recommended);
  RC_ASSERT(shadow.decision.limited == off.decision.limited);
  RC_ASSERT(shadow.decision.forecast->replicas == on.decision.forecast->replicas);
  shadow.memory.trends.clear();
  RC_ASSERT(shadow.memory == off.memory);
}

RC_GTEST_PROP(Forecasting, WithoutAHistoryDecidesAsWithoutIt, ()) {
  const auto policy = forecasting_policy();
  const auto world = forecast_past(policy);
  auto observation = arbitrary_observation(policy, world.replicas, world.now);
  if (*rc::gen::arbitrary<bool>())
    observation.pasts.assign(observation.signals.size(), {.problem = "the source is gone"});
  auto on = engine::decide(observation, policy, world.memory, world.now);
  const auto off =
      engine::decide(observation, with_mode(policy, ForecastMode::Off), world.memory, world.now);
  RC_ASSERT(on.decision.action == off.decision.action);
  RC_ASSERT(on.decision.reason == off.decision.reason);
  on.memory.trends.clear();
  RC_ASSERT(on.memory == off.memory);
}

RC_GTEST_PROP(Forecasting, SpeaksOnlyOfWhatIsFreshAndProven, ()) {
  const auto policy = forecasting_policy();
  const auto world = forecast_past(policy);
  const auto observation =
      with_pasts(arbitrary_observation(policy, world.replicas, world.now), world.now);
  const auto decision = engine::decide(observation, policy, world.memory, world.now).decision;
  RC_ASSERT(decision.forecast.has_value());
  for (const auto& one : decision.forecast->signals) {
    RC_ASSERT(engine::can_be_forecast(policy.signals[one.signal]));
    if (!one.value) {
      RC_ASSERT(!one.problem.empty());
      continue;
    }
    const auto& model = *observation.pasts.at(one.signal).model;
    RC_ASSERT(is_usable(decision.signals[one.signal].state));
    RC_ASSERT(model.test.helps());
    RC_ASSERT(world.now - model.until <= engine::history_age_max);
    RC_ASSERT(std::isfinite(*one.value) && *one.value >= 0);
  }
}

RC_GTEST_PROP(Forecasting, HoldsItsLawsUnderAnyClock, ()) {
  const auto policy = forecasting_policy();
  auto world = forecast_past(policy);
  const auto rounds = *rc::gen::inRange(1, 40);
  for (int i = 0; i < rounds; ++i) {
    world.now = arbitrary_next(world.now, true);
    const auto observation =
        with_pasts(arbitrary_observation(policy, world.replicas, world.now), world.now);
    const auto off = engine::decide(observation, with_mode(policy, ForecastMode::Off),
                                    world.memory, world.now)
                         .decision;
    RC_ASSERT(world.decide(observation, policy).desired >= off.desired);
    RC_ASSERT(world.memory.trends.size() <= policy.signals.size());
    for (const auto& followed : world.memory.trends)
      RC_ASSERT(std::isfinite(followed.trend.level) || !followed.trend.any);
  }
}

/// Rounds in which the same is forecast all the time.
void live_with_forecast(World& world, const ScalingPolicy& policy,
                        const std::vector<SignalReading>& readings, double value, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    world.now += Seconds(policy.interval_seconds);
    ForecastModel model{.test = {.method = ForecastMethod::SameTimeYesterday,
                                 .samples = 500,
                                 .skill = 0.5},
                        .step = Seconds(3600),
                        .until = world.now,
                        .season_first = world.now - engine::season_day,
                        .season = std::vector<float>(24, static_cast<float>(value))};
    auto observation = settled_observation(world, readings);
    observation.pasts.assign(readings.size(),
                             {.model = std::make_shared<const ForecastModel>(std::move(model))});
    static_cast<void>(world.decide(observation, policy));
  }
}

RC_GTEST_PROP(Forecasting, ComesToTheSameAfterARestart, ()) {
  auto policy = forecasting_policy({.per_replica_only = true, .may_pause = false});
  policy.behavior.scale_up.tolerance = policy.behavior.scale_down.tolerance = 0;
  for (auto& signal : policy.signals) signal.tolerance_up = signal.tolerance_down = std::nullopt;
  policy.scale_to_zero.keep_alive = KeepAlive::Fixed;
  World steady{.replicas = *rc::gen::inRange(0, 15)};
  std::vector<SignalReading> readings;
  for (std::size_t i = 0; i < policy.signals.size(); ++i) readings.push_back(arbitrary_value());
  const double value = *rc::gen::inRange(0, 500);
  auto restarted = steady;
  const auto before = *rc::gen::inRange(0, 60);
  live_with_forecast(restarted, policy, readings, value, before);
  restarted.memory = after_restart(restarted.memory, restarted.now);
  live_steadily(restarted, policy, readings, *rc::gen::inRange(0, 20));  // not read again yet
  live_with_forecast(restarted, policy, readings, value, 400);
  live_with_forecast(steady, policy, readings, value, 400 + before);
  RC_ASSERT(restarted.replicas == steady.replicas);
}

}  // namespace
}  // namespace poolscaler::laws
