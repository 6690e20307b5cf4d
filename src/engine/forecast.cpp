#include "poolscaler/engine/forecast.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "poolscaler/base/check.hpp"

namespace poolscaler::engine {
namespace {

using Values = std::span<const double>;

constexpr std::array alphas = {0.1, 0.3, 0.6};
constexpr std::array betas = {0.02, 0.1, 0.3};

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
  /// Where the last value makes no error there is nothing to win.
  [[nodiscard]] double skill() const { return last_value > 0 ? 1 - method / last_value : 0; }
};

/// Origins [from, to) of the values, each judged `ahead` steps later.
struct Origins {
  std::size_t from;
  std::size_t to;
  std::size_t ahead;
};

Errors test_season(Values values, std::size_t season, const Origins& origins) {
  Errors errors;
  for (std::size_t i = origins.from; i < origins.to; ++i) {
    const auto target = i + origins.ahead;
    if (target < season) continue;
    errors.add(values[target - season], values[i], values[target]);
  }
  return errors;
}

void move_on(DampedTrend& trend, double value) {
  if (std::isfinite(value))
    trend.take(value);
  else
    trend.pass();
}

/// The model runs over all values; only the origins are judged.
Errors test_trend(Values values, DampedTrend& trend, const Origins& origins) {
  Errors errors;
  const auto ahead = static_cast<std::int64_t>(origins.ahead);
  for (std::size_t i = 0; i < origins.to; ++i) {
    move_on(trend, values[i]);
    if (i >= origins.from && trend.any)
      errors.add(std::max(0.0, trend.after(ahead)), values[i], values[i + origins.ahead]);
  }
  return errors;
}

/// The settings that do best on the first half.
DampedTrend best_settings(Values values, const Origins& first_half) {
  DampedTrend best{};
  double best_skill = -std::numeric_limits<double>::infinity();
  for (const double alpha : alphas) {
    for (const double beta : betas) {
      DampedTrend trend{.alpha = alpha, .beta = beta};
      const double skill = test_trend(values, trend, first_half).skill();
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

void consider(BackTest& best, ForecastMethod method, const Errors& errors) {
  const BackTest test{.method = method, .samples = errors.samples, .skill = errors.skill()};
  if (test.helps() && (!best.helps() || test.skill > best.skill)) best = test;
  // Of methods that do not help the one that has been judged most is told.
  if (!best.helps() && test.samples > best.samples) best = test;
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

std::string_view name_of(ForecastMethod method) {
  switch (method) {
    case ForecastMethod::LastValue: return "LastValue";
    case ForecastMethod::SameTimeYesterday: return "SameTimeYesterday";
    case ForecastMethod::SameTimeLastWeek: return "SameTimeLastWeek";
    case ForecastMethod::DampedTrend: return "DampedTrend";
  }
  return "";
}

void DampedTrend::take(double value) {
  if (!any) {
    level = value;
    any = true;
    return;
  }
  const double before = level;
  level = alpha * value + (1 - alpha) * (before + damping * trend);
  trend = beta * (level - before) + (1 - beta) * damping * trend;
}

void DampedTrend::pass() {
  trend *= damping;
  level += trend;
}

double DampedTrend::after(std::int64_t steps) const {
  const double sum = damping * (1 - std::pow(damping, static_cast<double>(steps))) / (1 - damping);
  return level + trend * sum;
}

ForecastModel learn_forecast(const Past& past, Seconds horizon) {
  CHECK(past.step.count() > 0 && horizon.count() > 0, "a step and a horizon");
  ForecastModel model{.step = past.step};
  Values values(past.values);
  if (values.size() > past_points_max) values = values.last(past_points_max);
  const std::size_t ahead = steps_in(horizon, past.step);
  if (values.size() < 2 * ahead + 2) return model;
  const std::size_t end = values.size() - ahead;
  const std::size_t half = values.size() / 2;
  const Origins second_half{.from = half, .to = end, .ahead = ahead};

  model.trend = best_settings(values, {.from = 0, .to = half - std::min(half, ahead),
                                       .ahead = ahead});
  consider(model.test, ForecastMethod::DampedTrend,
           test_trend(values, model.trend, second_half));
  for (std::size_t i = end; i < values.size(); ++i) move_on(model.trend, values[i]);
  model.trend.at =
      past.first + Millis(past.step) * static_cast<std::int64_t>(past.values.size() - 1);

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

void observe(ForecastModel& model, Instant at, double value) {
  auto& trend = model.trend;
  if (!std::isfinite(value) || at < trend.at + model.step) return;
  const auto steps = (at - trend.at) / Millis(model.step);
  // After a gap the trend has died away; more steps would change nothing.
  constexpr std::int64_t passes_max = 200;
  for (std::int64_t i = 1; i < std::min(steps, passes_max); ++i) trend.pass();
  trend.take(value);
  trend.at = at;
}

std::optional<double> predict(const ForecastModel& model, Instant now, Seconds horizon) {
  if (!model.test.helps()) return std::nullopt;
  switch (model.test.method) {
    case ForecastMethod::LastValue: return std::nullopt;
    case ForecastMethod::SameTimeYesterday:
    case ForecastMethod::SameTimeLastWeek: {
      const auto value = same_time(model, now + Millis(horizon));
      return value ? std::optional(std::max(0.0, *value)) : std::nullopt;
    }
    case ForecastMethod::DampedTrend: {
      const auto ahead = now + Millis(horizon) - model.trend.at;
      const auto steps = ahead / Millis(model.step);
      // What nobody has seen for longer than the trend lives is not known.
      constexpr std::int64_t steps_max = 60;
      if (!model.trend.any || steps < 0 || steps > steps_max) return std::nullopt;
      const double value = model.trend.after(steps);
      return std::isfinite(value) ? std::optional(std::max(0.0, value)) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace poolscaler::engine
