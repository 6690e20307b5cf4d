#include "poolscaler/engine/forecast.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "poolscaler/base/check.hpp"
#include "poolscaler/engine/cold_start.hpp"

namespace poolscaler::engine {
namespace {

using Values = std::span<const double>;

constexpr std::array alphas = {0.1, 0.3, 0.6};
constexpr std::array betas = {0.02, 0.1, 0.3};
constexpr double damping = 0.9;

/// Sums of absolute errors of a method and of the last value, over the same origins.
struct Errors {
  double method = 0;
  double last_value = 0;
  std::int32_t samples = 0;

  void add(double predicted, double last, double actual) {
    if (!std::isfinite(predicted) || !std::isfinite(last) || !std::isfinite(actual)) return;
    method += std::abs(predicted - actual);
    last_value += std::abs(last - actual);
    ++samples;
  }
  /// Where the last value makes no error there is nothing to win, but something to lose.
  [[nodiscard]] double skill() const {
    if (last_value > 0) return 1 - method / last_value;
    return method > 0 ? -1 : 0;
  }
};

/// Over all origins, and over those of the newest day.
struct Trial {
  Errors all{};
  Errors last_day{};

  [[nodiscard]] double gain_of_last_day() const {
    const double an_average_day = all.last_value * last_day.samples / std::max(all.samples, 1);
    return an_average_day > 0 ? (last_day.last_value - last_day.method) / an_average_day : 0;
  }
};

/// Origins [from, to) of the values, each judged `ahead` steps later; the last day begins at `day`.
struct Origins {
  std::size_t from;
  std::size_t to;
  std::size_t ahead;
  std::size_t day;

  void judge(Trial& trial, std::size_t origin, double predicted, Values values) const {
    const double actual = values[origin + ahead];
    trial.all.add(predicted, values[origin], actual);
    if (origin >= day) trial.last_day.add(predicted, values[origin], actual);
  }
};

Trial test_season(Values values, std::size_t season, const Origins& origins) {
  Trial trial;
  for (std::size_t i = origins.from; i < origins.to; ++i)
    if (i + origins.ahead >= season)
      origins.judge(trial, i, values[i + origins.ahead - season], values);
  return trial;
}

void take(DampedTrend& trend, double value) {
  if (!trend.any) {
    trend.level = value;
    trend.any = true;
    return;
  }
  const double before = trend.level;
  const double damped = damping * trend.trend;
  trend.level = trend.alpha * value + (1 - trend.alpha) * (before + damped);
  trend.trend = trend.beta * (trend.level - before) + (1 - trend.beta) * damped;
}

/// A step without a value: the trend goes on and dies away.
void pass(DampedTrend& trend) {
  trend.trend *= damping;
  trend.level += trend.trend;
}

double after(const DampedTrend& trend, std::int64_t steps) {
  const double sum = damping * (1 - std::pow(damping, static_cast<double>(steps))) / (1 - damping);
  return trend.level + trend.trend * sum;
}

void move_on(DampedTrend& trend, double value) {
  if (std::isfinite(value))
    take(trend, value);
  else
    pass(trend);
}

/// The model runs over all values; only the origins are judged.
Trial test_trend(Values values, DampedTrend& trend, const Origins& origins) {
  Trial trial;
  const auto ahead = static_cast<std::int64_t>(origins.ahead);
  for (std::size_t i = 0; i < origins.to; ++i) {
    move_on(trend, values[i]);
    if (i >= origins.from && trend.any)
      origins.judge(trial, i, std::max(0.0, after(trend, ahead)), values);
  }
  return trial;
}

/// The settings that do best on the first half.
DampedTrend best_settings(Values values, const Origins& first_half) {
  DampedTrend best{};
  double best_skill = -std::numeric_limits<double>::infinity();
  for (const double alpha : alphas) {
    for (const double beta : betas) {
      DampedTrend trend{.alpha = alpha, .beta = beta};
      const double skill = test_trend(values, trend, first_half).all.skill();
      if (skill <= best_skill) continue;
      best_skill = skill;
      best = {.alpha = alpha, .beta = beta};
    }
  }
  return best;
}

std::size_t steps_in(Seconds time, Seconds step) {
  return static_cast<std::size_t>((time.count() + step.count() - 1) / step.count());
}

/// Of methods that do not help the one is told that came closest, as far as it could be judged.
bool is_better(const BackTest& test, const BackTest& than) {
  const auto judged = [](const BackTest& one) { return one.samples >= BackTest::samples_min; };
  if (test.helps() != than.helps()) return test.helps();
  if (judged(test) != judged(than)) return judged(test);
  return judged(test) ? test.skill > than.skill : test.samples > than.samples;
}

void consider(BackTest& best, ForecastMethod method, const Trial& trial) {
  const BackTest test{.method = method,
                      .samples = trial.all.samples,
                      .skill = trial.all.skill(),
                      .gain_of_last_day = trial.gain_of_last_day()};
  if (is_better(test, best)) best = test;
}

/// The newest season of the values, so that each time of the day or week is in it once.
void keep_season(ForecastModel& model, const Past& past, Values values, std::size_t season) {
  const auto skipped = past.values.size() - season;
  model.season_first = past.first + Millis(past.step) * static_cast<std::int64_t>(skipped);
  model.season.reserve(season);
  for (const double value : values.last(season)) model.season.push_back(static_cast<float>(value));
}

std::optional<double> same_time(const ForecastModel& model, Instant at) {
  const auto size = static_cast<std::int64_t>(model.season.size());
  if (size == 0) return std::nullopt;
  const auto since = at - model.season_first;
  if (since.count() < 0) return std::nullopt;
  const double value = model.season[static_cast<std::size_t>((since / Millis(model.step)) % size)];
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

bool can_be_forecast(const Signal& signal) {
  return signal.target_type == TargetType::PerReplica &&
         !std::holds_alternative<PodResource>(signal.query);
}

ForecastHorizon forecast_horizon(const ScaleToZero& policy, const ColdStarts& starts) {
  const auto estimate = expected_cold_start(policy, starts);
  const auto source = estimate.learned                     ? HorizonSource::Learned
                      : policy.expected_cold_start_seconds ? HorizonSource::Expected
                                                           : HorizonSource::Default;
  return {.length = std::max(std::chrono::ceil<Seconds>(estimate.p90), Seconds(1)),
          .source = source};
}

ForecastModel learn_forecast(const Past& past, Seconds horizon) {
  CHECK(past.step.count() > 0 && horizon.count() > 0, "a step and a horizon");
  ForecastModel model{.step = past.step, .until = past.first};
  if (past.values.empty()) return model;
  model.until = past.first + Millis(past.step) * static_cast<std::int64_t>(past.values.size() - 1);
  Values values(past.values);
  if (values.size() > past_points_max) values = values.last(past_points_max);
  const std::size_t ahead = steps_in(horizon, past.step);
  if (values.size() < 2 * ahead + 2) return model;
  const std::size_t end = values.size() - ahead;
  const std::size_t half = values.size() / 2;
  const auto day = steps_in(season_day, past.step);
  const Origins second_half{
      .from = half, .to = end, .ahead = ahead, .day = end - std::min(end, day)};

  model.trend = best_settings(
      values, {.from = 0, .to = half - std::min(half, ahead), .ahead = ahead, .day = half});
  consider(model.test, ForecastMethod::DampedTrend,
           test_trend(values, model.trend, second_half));
  for (std::size_t i = end; i < values.size(); ++i) move_on(model.trend, values[i]);
  model.trend.at = model.until;

  for (const auto& [method, time] :
       {std::pair(ForecastMethod::SameTimeYesterday, season_day),
        std::pair(ForecastMethod::SameTimeLastWeek, season_week)}) {
    const std::size_t season = steps_in(time, past.step);
    const bool divides = time.count() % past.step.count() == 0;
    if (!divides || values.size() < season + ahead || ahead > season) continue;
    consider(model.test, method, test_season(values, season, second_half));
    if (model.test.method == method) {
      model.season.clear();
      if (model.test.helps()) keep_season(model, past, values, season);
    }
  }
  return model;
}

void observe(DampedTrend& trend, Seconds step, Instant at, double value) {
  if (!std::isfinite(value) || at < trend.at + step) return;
  const auto steps = (at - trend.at) / Millis(step);
  // After a gap the trend has died away; more steps would change nothing.
  constexpr std::int64_t passes_max = 200;
  for (std::int64_t i = 1; i < std::min(steps, passes_max); ++i) pass(trend);
  take(trend, value);
  trend.at = at;
}

std::optional<double> predict(const ForecastModel& model, const DampedTrend& trend, Instant now,
                              Seconds horizon) {
  if (!model.test.helps()) return std::nullopt;
  switch (model.test.method) {
    case ForecastMethod::LastValue: return std::nullopt;
    case ForecastMethod::SameTimeYesterday:
    case ForecastMethod::SameTimeLastWeek: {
      const auto value = same_time(model, now + Millis(horizon));
      return value ? std::optional(std::max(0.0, *value)) : std::nullopt;
    }
    case ForecastMethod::DampedTrend: {
      const auto ahead = now + Millis(horizon) - trend.at;
      const auto steps = ahead / Millis(model.step);
      // What nobody has seen for longer than the trend lives is not known.
      constexpr std::int64_t steps_max = 60;
      if (!trend.any || steps < 0 || steps > steps_max) return std::nullopt;
      const double value = after(trend, steps);
      return std::isfinite(value) ? std::optional(std::max(0.0, value)) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<double> highest_until(const ForecastModel& model, const DampedTrend& trend,
                                    Instant now, Seconds horizon) {
  constexpr std::int64_t looks_max = 64;
  const auto stride = std::max(model.step, Seconds((horizon.count() - 1) / looks_max + 1));
  std::optional<double> highest;
  const auto look = [&](Seconds ahead) {
    if (const auto value = predict(model, trend, now, ahead))
      highest = std::max(highest.value_or(0), *value);
  };
  for (auto ahead = stride; ahead < horizon; ahead += stride) look(ahead);
  look(horizon);
  // Between two samples the value may have been that of either.
  look(horizon + model.step - Seconds(1));
  return highest;
}

}  // namespace poolscaler::engine
