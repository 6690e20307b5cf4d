// Forecast, as data: what the past of a signal taught, and what is made of it in a decision. The
// rules are the engine's (engine/forecast.hpp, look_ahead.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/reason.hpp"

namespace poolscaler {

/// Shadow computes and reports, and changes nothing.
enum class ForecastMode { Off, Shadow, On };

enum class ForecastMethod { LastValue, SameTimeYesterday, SameTimeLastWeek, DampedTrend };
[[nodiscard]] std::string_view name_of(ForecastMethod method);

/// How a method did on the second half of the past, and on the newest day of it.
struct BackTest {
  ForecastMethod method = ForecastMethod::LastValue;
  std::int32_t samples = 0;  // origins that could be judged
  /// 1 - error of the method / error of the last value: 1 is perfect, 0 no better, below 0 worse.
  double skill = 0;
  /// What it gained on the newest day, in the same unit: the last value's errors of an average day.
  double gain_of_last_day = 0;

  /// Fewer origins than this prove nothing.
  static constexpr std::int32_t samples_min = 60;
  /// A day on which it loses more than it gains on an average one makes it silent.
  [[nodiscard]] bool helps() const {
    return samples >= samples_min && skill > 0 && gain_of_last_day >= -skill;
  }
};

/// Level and trend as of `at`, moved on with each new value.
struct DampedTrend {
  double alpha = 0.3;
  double beta = 0.1;
  double level = 0;
  double trend = 0;  // for one step
  Instant at{};
  bool any = false;
  bool operator==(const DampedTrend&) const = default;
};

/// What is kept of a past: small, unless the best method needs a whole day or week of it.
struct ForecastModel {
  BackTest test{};
  Seconds step{60};
  Instant until{};  // the newest moment of the past
  DampedTrend trend{};
  Instant season_first{};
  std::vector<float> season{};  // one day or week of values, NaN where there was none
};

/// What the history of one signal taught, or why there is nothing.
struct LearnedPast {
  std::shared_ptr<const ForecastModel> model{};
  std::string problem{};
};

/// A trend that readings have moved on since it was learned.
struct FollowedTrend {
  DampedTrend trend{};
  Instant learned_until{};
  bool operator==(const FollowedTrend&) const = default;
};

/// Whence the length of a horizon: from measured cold starts, from the policy, or from neither.
enum class HorizonSource { Learned, Expected, Default };
[[nodiscard]] std::string_view name_of(HorizonSource source);

struct ForecastHorizon {
  Seconds length{300};
  HorizonSource source = HorizonSource::Default;
};

/// What the forecast of one signal comes to.
struct SignalForecast {
  std::size_t signal = 0;
  Reason reason = Reason::ForecastNoHistory;
  std::optional<BackTest> test{};
  std::optional<double> value{};  // the highest within the horizon, where it may speak
  std::int32_t replicas = 0;      // what that asks for
  std::string problem{};          // why it does not speak
};

/// In modes Shadow and On.
struct Forecast {
  ForecastHorizon horizon{};
  std::optional<std::int32_t> replicas{};  // what is asked for; nothing while no signal speaks
  std::vector<SignalForecast> signals{};
};

}  // namespace poolscaler
