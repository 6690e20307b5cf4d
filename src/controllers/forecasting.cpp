// Whose history is to be read, and when. At the start all of them are due: they wait in a row and
// are asked for one by one, at a pace that no source feels, then each again after about an hour.

#include <algorithm>
#include <utility>

#include "poolscaler/engine/forecast.hpp"
#include "steps.hpp"

namespace poolscaler::controllers {
namespace {

constexpr Millis pace{250};
/// The hour is a little shorter for each policy, by its own hash, so that a row falls apart.
constexpr std::size_t spread_seconds = 600;
constexpr Seconds retry_after{300};
constexpr std::size_t retry_spread_seconds = 60;

bool forecasts(const ScalingPolicy* spec) {
  return spec != nullptr && spec->forecast != ForecastMode::Off;
}

Seconds spread(std::size_t hash, std::size_t seconds) {
  return Seconds(static_cast<std::int64_t>(hash % seconds));
}

HistoryQuestion question_of(const PolicyRuntime& runtime, Instant now) {
  const auto& spec = runtime.policy->spec;
  const Millis step = engine::history_step;
  const Instant to(now.time_since_epoch() / step * step);
  HistoryQuestion question{
      .policy = runtime.policy->key,
      .spec = spec,
      .signals = {},
      .queries = {},
      .horizon = engine::forecast_horizon(spec->scale_to_zero, runtime.memory.cold_starts).length};
  for (std::size_t i = 0; i < spec->signals.size(); ++i) {
    if (!engine::can_be_forecast(spec->signals[i])) continue;
    question.signals.push_back(i);
    question.queries.push_back({.signal = query_of(spec->signals[i], runtime.policy->key.ns),
                                .from = to - engine::history_length + step,
                                .to = to,
                                .step = engine::history_step});
  }
  return question;
}

}  // namespace

/// Of a policy that is new or has changed: what was learned was of another spec.
void Rounds::Steps::begin_forecasting(PolicyRuntime& runtime, const PolicyRecord& policy) {
  runtime.pasts.clear();
  if (forecasts(policy.spec.get()))
    histories_due_.no_later(policy.key, parts_.clock.monotonic());
  else
    histories_due_.erase(policy.key);
}

void Rounds::Steps::select_histories(Millis now) {
  for (const auto& due : histories_due_.take_due(now)) {
    const auto found = runtimes_.find(due.key);
    if (found == runtimes_.end() || std::exchange(found->second.history_waits, true)) continue;
    histories_.push_back(due.key);
  }
  while (!histories_.empty() && now >= next_history_ && history_lane_.is_free()) {
    const auto key = std::move(histories_.front());
    histories_.pop_front();
    const auto found = runtimes_.find(key);
    if (found == runtimes_.end()) continue;
    found->second.history_waits = false;
    if (!forecasts(found->second.policy->spec.get())) continue;
    next_history_ = now + pace;
    history_lane_.ask(question_of(found->second, parts_.clock.now()));
  }
}

/// A read that fails leaves what an earlier one taught, which the engine uses until it is too old.
void Rounds::Steps::take_histories() {
  for (auto& answer : history_lane_.take_answers()) {
    const auto found = runtimes_.find(answer.policy);
    if (found == runtimes_.end()) continue;
    auto& runtime = found->second;
    if (runtime.policy->spec != answer.spec) {
      begin_forecasting(runtime, *runtime.policy);
      continue;
    }
    bool complete = true;
    runtime.pasts.resize(answer.pasts.size());
    for (std::size_t i = 0; i < answer.pasts.size(); ++i) {
      auto& past = answer.pasts[i];
      complete = complete && past.problem.empty();
      if (past.model)
        runtime.pasts[i] = std::move(past);
      else
        runtime.pasts[i].problem = std::move(past.problem);
    }
    const auto hash = runtime.phase_hash;
    const Seconds pause = complete
                              ? engine::history_period - spread(hash, spread_seconds)
                              : retry_after + spread(hash, retry_spread_seconds);
    histories_due_.set(answer.policy, parts_.clock.monotonic() + pause);
  }
}

}  // namespace poolscaler::controllers
