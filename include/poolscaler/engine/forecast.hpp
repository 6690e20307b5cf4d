// Forecast: what a signal will be a while from now, learned from its own past alone. Pure.
//
// Two methods compete with doing nothing (the last value): the value of a day or a week before, and
// Holt's level and trend with a trend that dies away. The settings are chosen on the first half of
// the past and judged on the second, origin by origin, each with what was known then. Only a method
// whose error there is smaller than the last value's may speak; a past that does not help keeps the
// forecast silent until it is learned anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "poolscaler/base/time.hpp"

namespace poolscaler::engine {

/// Evenly spaced values, oldest first.
struct Past {
  Instant first;
  Seconds step;
  std::vector<double> values;  // NaN where there was none
};

enum class ForecastMethod { LastValue, SameTimeYesterday, SameTimeLastWeek, DampedTrend };
[[nodiscard]] std::string_view name_of(ForecastMethod method);

/// How a method did on the second half of the past.
struct BackTest {
  ForecastMethod method = ForecastMethod::LastValue;
  std::int32_t samples = 0;  // origins that could be judged
  /// 1 - error of the method / error of the last value: 1 is perfect, 0 no better, below 0 worse.
  double skill = 0;

  /// Fewer origins than this prove nothing.
  static constexpr std::int32_t samples_min = 60;
  [[nodiscard]] bool helps() const { return samples >= samples_min && skill > 0; }
};

/// Level and trend as of `at`, moved on with each new value.
struct DampedTrend {
  double alpha = 0.3;
  double beta = 0.1;
  double level = 0;
  double trend = 0;  // for one step
  Instant at{};
  bool any = false;

  static constexpr double damping = 0.9;
  void take(double value);
  /// A step without a value: the trend goes on and dies away.
  void pass();
  [[nodiscard]] double after(std::int64_t steps) const;
};

/// What is kept of a past: small, unless the best method needs a whole day or week of it.
struct ForecastModel {
  BackTest test{};
  Seconds step{60};
  DampedTrend trend{};
  Instant season_first{};
  std::vector<float> season{};  // one day or week of values, NaN where there was none
};

/// The largest past that is looked at; older values are left out.
inline constexpr std::size_t past_points_max = 11'000;
inline constexpr Seconds season_day{86'400};
inline constexpr Seconds season_week{7 * 86'400};

/// Learns from the past what helps at this horizon; REQUIRES: a step and a horizon above 0.
[[nodiscard]] ForecastModel learn_forecast(const Past& past, Seconds horizon);

/// Moves the model on: `value` is what was seen at `at`. Values that are not newer change nothing.
void observe(ForecastModel& model, Instant at, double value);

/// What the signal will be at `now` + `horizon`, never negative. Nothing when the model does not
/// help, or does not know.
[[nodiscard]] std::optional<double> predict(const ForecastModel& model, Instant now,
                                            Seconds horizon);

}  // namespace poolscaler::engine
