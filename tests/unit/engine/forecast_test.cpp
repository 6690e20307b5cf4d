#include "poolscaler/engine/forecast.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include <gtest/gtest.h>

#include "poolscaler/engine/cold_start.hpp"

namespace poolscaler::engine {
namespace {

const Instant begun{Seconds(1'700'000'000)};
constexpr Seconds step{120};
constexpr Seconds horizon{300};
constexpr double gap = std::numeric_limits<double>::quiet_NaN();

template <class F>
Past past_of(std::size_t days, F value_at) {
  Past past{.first = begun, .step = step, .values = {}};
  const auto points = days * 86'400 / static_cast<std::size_t>(step.count());
  for (std::size_t i = 0; i < points; ++i)
    past.values.push_back(value_at(static_cast<std::int64_t>(i) * step.count()));
  return past;
}

Instant end_of(const Past& past) {
  return past.first + Millis(past.step) * static_cast<std::int64_t>(past.values.size() - 1);
}

/// With the trend as it is in the model.
std::optional<double> predicted_by(const ForecastModel& model, Instant now, Seconds ahead) {
  return predict(model, model.trend, now, ahead);
}

double hours_of(std::int64_t seconds) { return static_cast<double>(seconds) / 3600; }

/// Quiet but for a burst from nine to ten in the morning of each day.
double at_nine(std::int64_t seconds) {
  const auto of_day = seconds % 86'400;
  return of_day >= 9 * 3600 && of_day < 10 * 3600 ? 80 : 2;
}

TEST(Forecast, LearnsTheTimeOfTheDay) {
  const auto past = past_of(3, at_nine);
  const auto model = learn_forecast(past, horizon);
  EXPECT_EQ(model.test.method, ForecastMethod::SameTimeYesterday);
  EXPECT_TRUE(model.test.helps());
  EXPECT_DOUBLE_EQ(model.test.skill, 1);
  const auto day = begun + Seconds(3 * 86'400);
  EXPECT_EQ(predicted_by(model, day + Seconds(9 * 3600 - 301), horizon), 2);
  EXPECT_EQ(predicted_by(model, day + Seconds(9 * 3600 - 300), horizon), 80);
  EXPECT_EQ(predicted_by(model, day + Seconds(10 * 3600 - 300), horizon), 2);
}

TEST(Forecast, LearnsTheDayOfTheWeek) {
  const auto past = past_of(15, [](std::int64_t seconds) {
    return seconds / 86'400 % 7 < 5 ? at_nine(seconds) : 1;
  });
  const auto model = learn_forecast(past, horizon);
  EXPECT_EQ(model.test.method, ForecastMethod::SameTimeLastWeek);
  EXPECT_EQ(predicted_by(model, begun + Seconds(19 * 86'400 + 9 * 3600), horizon), 1);
  EXPECT_EQ(predicted_by(model, begun + Seconds(21 * 86'400 + 9 * 3600), horizon), 80);
}

TEST(Forecast, FollowsATrend) {
  const auto past = past_of(1, [](std::int64_t seconds) {
    return 50 + 40 * std::sin(hours_of(seconds) * 2 * std::numbers::pi / 5);
  });
  auto model = learn_forecast(past, horizon);
  EXPECT_EQ(model.test.method, ForecastMethod::DampedTrend);
  EXPECT_GT(model.test.skill, 0.2);
  const auto now = end_of(past);
  const double last = past.values.back();
  const bool rising = last > past.values[past.values.size() - 2];
  const auto predicted = predicted_by(model, now, horizon);
  ASSERT_TRUE(predicted);
  EXPECT_EQ(*predicted > last, rising);
  observe(model.trend, model.step, now, 1000);
  EXPECT_EQ(predicted_by(model, now, horizon), predicted) << "seen already";
  observe(model.trend, model.step, now + step, last + 20);
  EXPECT_GT(*predicted_by(model, now + step, horizon), *predicted);
}

TEST(Forecast, IsSilentWhereTheLastValueIsBest) {
  std::mt19937 random(5);
  double walk = 1000;
  const auto past = past_of(3, [&](std::int64_t) {
    walk += static_cast<double>(random() % 201) - 100;
    return walk;
  });
  const auto model = learn_forecast(past, horizon);
  EXPECT_FALSE(model.test.helps()) << name_of(model.test.method) << " " << model.test.skill;
  EXPECT_GT(model.test.samples, 1000);
  EXPECT_EQ(predicted_by(model, end_of(past), horizon), std::nullopt);
  EXPECT_TRUE(model.season.empty());
  EXPECT_FALSE(learn_forecast(past_of(3, [](std::int64_t) { return 7.0; }), horizon).test.helps())
      << "nothing can be won";
}

TEST(Forecast, NeedsEnoughOfAPast) {
  for (const std::size_t points : {0U, 1U, 5U, 100U}) {
    Past past{.first = begun, .step = step, .values = {}};
    for (std::size_t i = 0; i < points; ++i) past.values.push_back(static_cast<double>(i));
    const auto model = learn_forecast(past, horizon);
    EXPECT_FALSE(model.test.helps()) << points;
    EXPECT_EQ(predicted_by(model, begun, horizon), std::nullopt);
  }
  EXPECT_FALSE(learn_forecast(past_of(2, [](std::int64_t) { return gap; }), horizon).test.helps());
}

TEST(Forecast, GapsArePartOfLife) {
  const auto past = past_of(3, [](std::int64_t seconds) {
    return seconds / 120 % 7 == 3 ? gap : at_nine(seconds);
  });
  const auto model = learn_forecast(past, horizon);
  EXPECT_EQ(model.test.method, ForecastMethod::SameTimeYesterday);
  EXPECT_GT(model.test.skill, 0.9);
  int known = 0;
  for (int i = 0; i < 720; ++i) {
    const auto value = predicted_by(model, end_of(past) + Seconds(120 * i), horizon);
    if (!value) continue;
    ++known;
    EXPECT_TRUE(*value == 2 || *value == 80);
  }
  EXPECT_GT(known, 600);
  EXPECT_LT(known, 720);
}

TEST(Forecast, IsNeverNegativeAndForgetsWhatNobodySees) {
  const auto past = past_of(2, [](std::int64_t seconds) {
    return std::max(0.0, 500 - static_cast<double>(seconds % 40'000) / 60);
  });
  auto model = learn_forecast(past, horizon);
  ASSERT_EQ(model.test.method, ForecastMethod::DampedTrend);
  for (int i = 1; i < 300; ++i) {
    const auto now = end_of(past) + Seconds(120 * i);
    observe(model.trend, model.step, now, std::max(0.0, 40.0 - i));
    EXPECT_GE(predicted_by(model, now, horizon).value_or(0), 0);
  }
  EXPECT_EQ(predicted_by(model, end_of(past) + Seconds(120 * 400), horizon), std::nullopt);
}

TEST(Forecast, IsSilentAfterADayThatCostMoreThanAGoodOneGains) {
  // Right for two weeks; on the last day nobody came.
  const auto past = past_of(15, [](std::int64_t seconds) {
    return seconds / 86'400 == 14 ? 2.0 : at_nine(seconds);
  });
  const auto model = learn_forecast(past, horizon);
  EXPECT_GT(model.test.skill, 0);
  EXPECT_LT(model.test.gain_of_last_day, -model.test.skill);
  EXPECT_FALSE(model.test.helps());
  EXPECT_EQ(predicted_by(model, end_of(past), horizon), std::nullopt);
}

TEST(Forecast, SpeaksAfterAQuietDayOnWhichALittleWasLost) {
  // Sundays have no burst but a slow ripple, of which the last value knows more than last week.
  const auto past = past_of(15, [](std::int64_t seconds) {
    const double week = static_cast<double>(seconds / (7 * 86'400));
    return seconds / 86'400 % 7 == 0 ? 3 + std::sin(hours_of(seconds) + 2 * week)
                                     : at_nine(seconds);
  });
  const auto model = learn_forecast(past, horizon);
  EXPECT_EQ(model.test.method, ForecastMethod::SameTimeLastWeek);
  EXPECT_LT(model.test.gain_of_last_day, 0);
  EXPECT_TRUE(model.test.helps()) << "Monday morning is near";
}

TEST(Forecast, LooksForTheHighestUntilTheHorizon) {
  const auto model = learn_forecast(past_of(3, at_nine), Seconds(600));
  const auto day = begun + Seconds(3 * 86'400);
  const auto highest = [&](std::int64_t seconds) {
    return highest_until(model, model.trend, day + Seconds(seconds), Seconds(600));
  };
  EXPECT_EQ(highest(9 * 3600 - 720), 2) << "up to a sample of the quiet time";
  EXPECT_EQ(highest(9 * 3600 - 719), 80) << "from there on it may have begun";
  EXPECT_EQ(highest(10 * 3600 - 300), 80) << "the end of the burst comes before the horizon";
  EXPECT_EQ(highest(10 * 3600), 2);
}

TEST(Forecast, HasAHorizonOfOneColdStart) {
  ScaleToZero rules;
  auto horizon_now = forecast_horizon(rules, {});
  EXPECT_EQ(horizon_now.length, Seconds(300));
  EXPECT_EQ(horizon_now.source, HorizonSource::Default);
  rules.expected_cold_start_seconds = 90;
  EXPECT_EQ(forecast_horizon(rules, {}).source, HorizonSource::Expected);
  EXPECT_EQ(forecast_horizon(rules, {}).length, Seconds(90));
  const auto starts = cold_starts_from(std::vector<Millis>(5, Millis(41'200)));
  horizon_now = forecast_horizon(rules, starts);
  EXPECT_EQ(horizon_now.length, Seconds(42));
  EXPECT_EQ(horizon_now.source, HorizonSource::Learned);
}

TEST(Forecast, LooksOnlyAtTheNewestPoints) {
  auto past = past_of(20, at_nine);
  ASSERT_GT(past.values.size(), past_points_max);
  const auto model = learn_forecast(past, horizon);
  EXPECT_LE(static_cast<std::size_t>(model.test.samples), past_points_max);
  EXPECT_EQ(predicted_by(model, begun + Seconds(20 * 86'400 + 9 * 3600 - 300), horizon), 80);
}

}  // namespace
}  // namespace poolscaler::engine
