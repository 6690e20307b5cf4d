// Stage 4: the forecast. Replicas take a while to start, so what will be needed when one asked for
// now is ready is asked for now. It may raise the number and nothing else: without a past that has
// proven itself, without a fresh reading of the signal, or in mode Shadow all is as without it.
//
// What was raised is remembered like any other recommendation, so that a forecast that flickers
// does not shake the target: it goes down through the same windows.

#include <algorithm>
#include <cmath>

#include "arithmetic.hpp"
#include "deliberation.hpp"
#include "numbers.hpp"
#include "poolscaler/engine/forecast.hpp"

namespace poolscaler::engine {
namespace {

/// A past that ends later than this after now belongs to another clock.
constexpr Seconds ahead_of_clock_max{600};

/// The trend of a signal as readings have moved it on since it was learned.
const DampedTrend& followed(Deliberation& d, std::size_t signal, const ForecastModel& model) {
  auto& trends = d.memory.trends;
  trends.resize(d.policy.signals.size());
  auto& [trend, learned_until] = trends[signal];
  if (learned_until != model.until) {
    trend = model.trend;
    learned_until = model.until;
  }
  const auto& wish = d.decision.signals[signal];
  if (is_usable(wish.state)) observe(trend, model.step, d.now, wish.value);
  return trend;
}

void stay_silent(SignalForecast& forecast, Reason reason, std::string problem) {
  forecast.reason = reason;
  forecast.problem = std::move(problem);
}

/// Two digits tell enough.
double rounded(double skill) { return std::round(skill * 100) / 100; }

std::string why_unproven(const BackTest& test) {
  Numbers text;
  text << "silent: ";
  if (test.samples < BackTest::samples_min) {
    text << "of its past only " << test.samples << " moments could be judged, "
         << BackTest::samples_min << " are needed";
    return text.text();
  }
  text << name_of(test.method) << " has not beaten the last value, skill " << rounded(test.skill)
       << " over " << test.samples << ", on the last day " << rounded(test.gain_of_last_day);
  return text.text();
}

/// What keeps the past from being used, if something does.
bool has_past(const Deliberation& d, const LearnedPast* past, SignalForecast& forecast) {
  const auto none = [&](std::string why) {
    stay_silent(forecast, Reason::ForecastNoHistory, "no history: " + std::move(why));
    return false;
  };
  if (past == nullptr || (!past->model && past->problem.empty()))
    return none("it has not been read yet");
  if (!past->model) return none(past->problem);
  const auto& model = *past->model;
  forecast.test = model.test;
  const auto age = d.now - model.until;
  if (age <= history_age_max && age >= -ahead_of_clock_max) return true;
  Numbers text;
  text << "it ends " << (age.count() < 0 ? -age : age)
       << (age.count() < 0 ? " in the future" : " ago");
  if (!past->problem.empty()) text << ", " << past->problem;
  return none(text.text());
}

/// What the predicted value asks for, as a reading of it would.
std::int32_t replicas_for(const Deliberation& d, const Signal& signal, double value) {
  const bool active = value > signal.activation_above;
  const auto proposal = average_value_target(value, signal.target, d.current,
                                             tolerance_of(signal, d.policy.behavior));
  return active ? std::max(proposal.replicas, 1) : 0;
}

SignalForecast forecast_of(Deliberation& d, std::size_t signal, const ForecastHorizon& horizon) {
  SignalForecast forecast{.signal = signal};
  const auto& pasts = d.observation.pasts;
  const auto* const past = signal < pasts.size() ? &pasts[signal] : nullptr;
  if (!has_past(d, past, forecast)) return forecast;
  const auto& model = *past->model;
  const auto& trend = followed(d, signal, model);
  const auto& wish = d.decision.signals[signal];
  if (!is_usable(wish.state)) {
    stay_silent(forecast, missing_reason(wish.state), "silent while the signal has no usable data");
  } else if (!model.test.helps()) {
    stay_silent(forecast, Reason::ForecastUnproven, why_unproven(model.test));
  } else if (const auto value = highest_until(model, trend, d.now, horizon.length)) {
    forecast.value = value;
    forecast.replicas = replicas_for(d, d.policy.signals[signal], *value);
    const bool above = forecast.replicas > d.number;
    forecast.reason = above ? Reason::ForecastAboveSignals : Reason::ForecastNotAbove;
  } else {
    stay_silent(forecast, Reason::ForecastNoHistory,
                "no history: nothing is known of the time that is looked at");
  }
  return forecast;
}

std::string text_of(const SignalForecast& forecast, const Signal& signal,
                    const ForecastHorizon& horizon) {
  if (!forecast.value) return forecast.problem;
  const auto& test = *forecast.test;
  Numbers text;
  text << "will reach " << *forecast.value << " within " << Millis(horizon.length);
  if (horizon.source != HorizonSource::Learned) text << " (no cold start learned yet)";
  text << ", / " << signal.target << " per replica = " << forecast.replicas << " ("
       << name_of(test.method) << ", skill " << rounded(test.skill) << " over " << test.samples
       << ")";
  return text.text();
}

/// The wishes with each raised to its forecast, as `combine` puts them together.
std::optional<std::int32_t> combined(const Deliberation& d, const Forecast& forecast) {
  std::optional<std::int32_t> most;
  for (const auto& one : forecast.signals)
    if (one.value) most = std::max(most.value_or(0), one.replicas);
  if (!most || d.policy.combine == Combine::Max) return most;
  std::optional<std::int32_t> least;
  for (std::size_t i = 0; i < d.wishes.size(); ++i) {
    const auto& wish = d.wishes[i];
    if (wish.standing != Standing::Counts && wish.standing != Standing::Fallback) continue;
    auto replicas = wish.replicas;
    for (const auto& one : forecast.signals)
      if (one.signal == i && one.value) replicas = std::max(replicas, one.replicas);
    least = std::min(least.value_or(replicas), replicas);
  }
  return least;
}

void tell(Deliberation& d, const SignalForecast& one, std::string text) {
  d.decision.explanation.steps.push_back({.stage = "forecast",
                                          .subject = d.policy.signals[one.signal].name,
                                          .before = d.number,
                                          .after = d.number,
                                          .reason = one.reason,
                                          .numbers = std::move(text)});
}

/// From here on the forecast is what is asked for; the limits follow.
void raise_to(Deliberation& d, std::int32_t replicas) {
  d.number = d.asked = replicas;
  d.recommendation = std::max(d.recommendation, replicas);
  d.hold = Reason::ForecastAboveSignals;
  if (replicas > d.current) d.cause = Reason::ForecastAboveSignals;
  d.limit.reset();
}

}  // namespace

void look_ahead(Deliberation& d) {
  if (d.policy.forecast == ForecastMode::Off) return d.memory.trends.clear();
  auto& forecast = d.decision.forecast.emplace();
  forecast.horizon = forecast_horizon(d.policy.scale_to_zero, d.memory.cold_starts);
  for (std::size_t i = 0; i < d.policy.signals.size(); ++i)
    if (can_be_forecast(d.policy.signals[i]))
      forecast.signals.push_back(forecast_of(d, i, forecast.horizon));
  forecast.replicas = combined(d, forecast);
  const bool raises = forecast.replicas && *forecast.replicas > d.number;
  const bool shadow = d.policy.forecast == ForecastMode::Shadow;
  for (auto& one : forecast.signals) {
    if (shadow && one.reason == Reason::ForecastAboveSignals) one.reason = Reason::ForecastShadow;
    tell(d, one, text_of(one, d.policy.signals[one.signal], forecast.horizon));
  }
  if (!raises || shadow) return;
  auto& last = d.decision.explanation.steps.back();
  if (forecast.signals.size() == 1) {
    last.after = *forecast.replicas;
    raise_to(d, *forecast.replicas);
    return;
  }
  d.propose("forecast", *forecast.replicas, Reason::ForecastAboveSignals,
            (Numbers() << "with the forecasts = " << *forecast.replicas).text());
  raise_to(d, *forecast.replicas);
}

}  // namespace poolscaler::engine
