// Forecast: what a signal will be a while from now, learned from its own past alone. Pure.
//
// Two methods compete with doing nothing (the last value): the value of a day or a week before, and
// Holt's level and trend with a trend that dies away. The settings are chosen on the first half of
// the past and judged on the second, origin by origin, each with what was known then. Only a method
// whose error there is smaller than the last value's may speak, and not after a day on which it
// lost more than it gains on an average one. A past that does not help keeps the forecast silent
// until it is learned anew.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/forecast.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::engine {

/// Evenly spaced values, oldest first.
struct Past {
  Instant first;
  Seconds step;
  std::vector<double> values;  // NaN where there was none
};

/// The largest past that is looked at; older values are left out.
inline constexpr std::size_t past_points_max = 11'000;
inline constexpr Seconds season_day{86'400};
inline constexpr Seconds season_week{7 * 86'400};

/// What is asked of a source, so that a week has another to be judged by: 10,080 points.
inline constexpr Seconds history_step{120};
inline constexpr Seconds history_length{2 * season_week};
/// Learned anew so often; what is older than the age is no history any more.
inline constexpr Seconds history_period{3600};
inline constexpr Seconds history_age_max{3 * 3600};

/// Only a demand that does not depend on how many replicas there are: the value of a metric source
/// that is held against a target per replica.
[[nodiscard]] bool can_be_forecast(const Signal& signal);

/// How far ahead: as long as a replica takes to start (p90).
[[nodiscard]] ForecastHorizon forecast_horizon(const ScaleToZero& policy, const ColdStarts& starts);

/// Learns from the past what helps at this horizon; REQUIRES: a step and a horizon above 0.
[[nodiscard]] ForecastModel learn_forecast(const Past& past, Seconds horizon);

/// Moves a trend on: `value` is what was seen at `at`. Values that are not newer change nothing.
void observe(DampedTrend& trend, Seconds step, Instant at, double value);

/// What the signal will be at `now` + `horizon`, never negative. Nothing when the model does not
/// help, or does not know. `trend` is the model's own, moved on since.
[[nodiscard]] std::optional<double> predict(const ForecastModel& model, const DampedTrend& trend,
                                            Instant now, Seconds horizon);

/// The most that is predicted for any moment until then: what is asked for now is there at the end
/// of the horizon, and what was asked for earlier must stay for what comes before.
[[nodiscard]] std::optional<double> highest_until(const ForecastModel& model,
                                                  const DampedTrend& trend, Instant now,
                                                  Seconds horizon);

}  // namespace poolscaler::engine
