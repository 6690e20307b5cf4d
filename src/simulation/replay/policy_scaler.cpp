#include "poolscaler/simulation/replay/policy_scaler.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "poolscaler/engine/decide.hpp"
#include "poolscaler/engine/schedule.hpp"
#include "rest.hpp"
#include "seen_past.hpp"

namespace poolscaler::replay {
namespace {

constexpr Micros second{1'000'000};
constexpr Micros rate_window{60'000'000};

Micros micros(int seconds) { return Micros(Seconds(seconds)); }

/// The first multiple of `period` after `now`.
Micros next_multiple(Micros now, Micros period) { return (now / period + 1) * period; }

ScalingPolicy as_simulated(ScalingPolicy policy) {
  // What it would do is the question, so it does it.
  if (policy.mode == Mode::Recommend) policy.mode = Mode::Automatic;
  return policy;
}

}  // namespace

PolicyScaler::PolicyScaler(const ScalingPolicy& policy, std::vector<SignalSource> sources,
                           Instant start)
    : policy_(as_simulated(policy)),
      start_(start),
      observation_{.target = {.uid = "simulated",
                              .pods = {},
                              .created = start - std::chrono::hours(24 * 365)},
                   .policy_created = start - std::chrono::hours(24 * 365)} {
  for (std::size_t i = 0; i < policy_.signals.size(); ++i) {
    Reader reader{.source = sources[i]};
    if (const auto* const selector = std::get_if<MetricSelector>(&policy_.signals[i].query)) {
      reader.function = selector->range_function;
      reader.window = micros(selector->window_seconds);
    }
    if (reader.source.meaning == Meaning::Rate && reader.function != RangeFunction::Increase) {
      // The sight has the rate of the last minute; others are counted.
      if (reader.function == RangeFunction::Rate && reader.window == rate_window)
        reader.function = RangeFunction::None;
    }
    if (reader.function != RangeFunction::None) watched_.push_back(i);
    readers_.push_back(reader);
  }
  observation_.signals.resize(readers_.size());
  if (policy_.forecast != ForecastMode::Off) seen_ = std::make_unique<SeenPast>(policy_, start);
  sleeps_ = only_requests_wake();
  plan_change(Micros(0));
}

Instant PolicyScaler::clock_at(Micros now) const {
  return start_ + std::chrono::floor<Millis>(now);
}

/// A window opens and closes on time, not with the next round.
void PolicyScaler::plan_change(Micros now) {
  if (policy_.schedule.empty()) return;
  planned_with_ = memory_.cold_starts;
  auto phases = engine::phases_of_windows(policy_, memory_, clock_at(now));
  next_change_.reset();
  if (phases.until != Instant::max())
    next_change_ = std::max<Micros>(phases.until - start_, now + Millis(1));
  observation_.windows = std::move(phases);
}

/// A window that is pre-warmed is so by the cold start that is learned.
bool PolicyScaler::learned_cold_start() const {
  const auto& starts = memory_.cold_starts;
  return starts.samples != planned_with_.samples || starts.tenths != planned_with_.tenths;
}

PolicyScaler::~PolicyScaler() = default;

Micros PolicyScaler::next_evaluation(Micros now, std::int32_t current,
                                     std::optional<Micros> quiet_until) const {
  auto next = next_multiple(now, micros(policy_.interval_seconds));
  if (rests_ && quiet_until && *quiet_until > next) {
    const auto until = next_change_ ? std::min(*quiet_until, *next_change_) : *quiet_until;
    const auto period = micros(policy_.interval_seconds);
    next = std::max(next, (until - Micros(1)) / period * period);
  } else if (current == 0) {
    auto look = next_multiple(now, second);
    if (quiet_until && sleeps_ && *quiet_until > look && !wakes())
      look = *quiet_until >= next ? next : next_multiple(*quiet_until - Micros(1), second);
    next = std::min(next, look);
  }
  return next_change_ ? std::min(next, *next_change_) : next;
}

/// The rounds since the last one, which have not been played: all as it was.
std::int64_t PolicyScaler::pass_over(Micros now) {
  const auto period = micros(policy_.interval_seconds);
  const auto last = (now - Micros(1)) / period;
  const auto rounds = rests_ ? std::max<std::int64_t>(last - last_round_ / period, 0) : 0;
  if (rounds > 0) rest(memory_, clock_at(last * period));
  return rounds;
}

/// Whether no signal can rise while no request waits, runs or arrives: then looks in between would
/// find nothing.
bool PolicyScaler::only_requests_wake() const {
  const auto falls = [](const Reader& reader) {
    switch (reader.source.meaning) {
      case Meaning::Queue:
      case Meaning::Running:
      case Meaning::Inflight:
        return reader.function != RangeFunction::Rate && reader.function != RangeFunction::Increase;
      case Meaning::Rate:
        return reader.function == RangeFunction::None || reader.function == RangeFunction::Rate ||
               reader.function == RangeFunction::Increase;
      case Meaning::Utilization:
      case Meaning::Value: return false;
    }
    return false;
  };
  return std::ranges::all_of(readers_, falls);
}

std::vector<Watched> PolicyScaler::watches() const {
  std::vector<Watched> watches;
  for (const auto i : watched_)
    watches.push_back({.meaning = readers_[i].source.meaning, .window = readers_[i].window});
  return watches;
}

void PolicyScaler::see(std::size_t index, const Course& course) {
  readers_[watched_[index]].course = &course;
}

std::optional<double> PolicyScaler::value_of(const Reader& reader, const Sight& sight) const {
  if (reader.function == RangeFunction::None) return sight.reading(reader.source.meaning);
  if (reader.source.meaning == Meaning::Rate) {
    const auto before = reader.course->value(sight.now - reader.window);
    const double count = static_cast<double>(sight.arrivals) - before.value_or(0);
    return reader.function == RangeFunction::Increase ? count : count / seconds_of(reader.window);
  }
  switch (reader.function) {
    case RangeFunction::AvgOverTime: return reader.course->average(sight.now, reader.window);
    case RangeFunction::MaxOverTime: return reader.course->most(sight.now, reader.window);
    case RangeFunction::MinOverTime: return reader.course->least(sight.now, reader.window);
    case RangeFunction::Rate:
    case RangeFunction::Increase: {
      const auto from = reader.course->value(sight.now - reader.window);
      const auto to = reader.course->value(sight.now);
      if (!from || !to) return std::nullopt;
      const double rise = *to - *from;
      return reader.function == RangeFunction::Increase ? rise : rise / seconds_of(reader.window);
    }
    case RangeFunction::None: break;
  }
  return std::nullopt;
}

void PolicyScaler::read(const Sight& sight) {
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    const auto& source = readers_[i].source;
    auto value = value_of(readers_[i], sight);
    if (value && source.per_ready)
      value = sight.ready > 0 ? std::optional(*value / sight.ready) : std::nullopt;
    auto& reading = observation_.signals[i];
    if (!value) {
      reading = {.state = SignalState::Absent};
      continue;
    }
    reading = {.state = *value == 0 ? SignalState::Zero : SignalState::Value,
               .value = *value * source.scale,
               .age_seconds = 0};
  }
}

bool PolicyScaler::wakes() const {
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    const auto& reading = observation_.signals[i];
    if (is_usable(reading.state) && reading.value > policy_.signals[i].activation_above)
      return true;
  }
  return false;
}

std::optional<Wanted> PolicyScaler::evaluate(const Sight& sight) {
  read(sight);
  const auto current = sight.current();
  const bool changes = next_change_ && sight.now >= *next_change_;
  const bool is_due =
      changes || sight.called || sight.now % micros(policy_.interval_seconds) == Micros(0);
  if (!is_due && !(current == 0 && wakes())) return std::nullopt;
  auto& target = observation_.target;
  target.spec_replicas = current;
  target.status_replicas = current;
  target.pods = {.ready = sight.ready, .starting = sight.starting};
  if (sight.youngest) target.pods.youngest = clock_at(*sight.youngest);
  if (sight.latest_ready) target.pods.latest_ready = clock_at(*sight.latest_ready);
  const auto now = clock_at(sight.now);
  if (seen_) {
    seen_->see(observation_, memory_, now);
    observation_.pasts = seen_->learned();
  }
  const auto passed_over = pass_over(sight.now);
  if (limited_) before_ = memory_;
  decided_at_ = now;
  auto outcome = engine::decide_without_words(observation_, policy_, std::move(memory_), now);
  memory_ = std::move(outcome.memory);
  rests_ = sleeps_ && is_at_rest(observation_, policy_, outcome.decision, memory_);
  last_round_ = sight.now;
  if (changes || (next_change_ && learned_cold_start())) plan_change(sight.now);
  return Wanted{.replicas = outcome.decision.desired,
                .reason = outcome.decision.reason,
                .passed_over = passed_over};
}

Wanted PolicyScaler::keep_to(const Grant& grant) {
  observation_.grant = grant;
  auto outcome = engine::decide_without_words(observation_, policy_, before_, decided_at_);
  observation_.grant.reset();
  memory_ = std::move(outcome.memory);
  return {.replicas = outcome.decision.desired, .reason = outcome.decision.reason};
}

}  // namespace poolscaler::replay
