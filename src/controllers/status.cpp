#include "status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "poolscaler/base/check.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/engine/cold_start.hpp"
#include "poolscaler/engine/decide.hpp"
#include "poolscaler/engine/schedule.hpp"

namespace poolscaler::controllers {
namespace {

using api::ConditionStatus;

constexpr std::size_t message_bytes_max = 1024;
constexpr std::size_t digest_entries_max = 64;

struct Verdict {
  ConditionStatus status;
  Reason reason;
  std::string message{};  // the reason's own text when empty
};

Reason reason_of(SignalState state) {
  switch (state) {
    case SignalState::Absent: return Reason::MetricAbsent;
    case SignalState::NotANumber: return Reason::MetricNotANumber;
    case SignalState::Stale: return Reason::MetricStale;
    case SignalState::Partial: return Reason::MetricPartial;
    case SignalState::Error: return Reason::MetricError;
    case SignalState::Value:
    case SignalState::Zero: break;
  }
  return Reason::SignalsHealthy;
}

/// What is known of a signal: the engine makes one value of the readings of many pods.
SignalReading told_reading(const StatusInput& input, std::size_t i) {
  auto reading = input.readings[i];
  if (input.decision == nullptr || i >= input.decision->signals.size()) return reading;
  const auto& wish = input.decision->signals[i];
  reading.state = wish.state;
  reading.value = wish.value;
  if (!wish.detail.empty()) reading.detail = wish.detail;
  return reading;
}

/// What keeps the policy from doing its work, most fundamental first.
std::optional<Trouble> main_trouble(const StatusInput& input) {
  const auto& policy = *input.view.policy;
  if (policy.spec == nullptr) return Trouble{Reason::InvalidSpec, policy.errors};
  if (input.view.target_trouble) return input.view.target_trouble;
  if (input.blocked) return input.blocked;
  for (const auto& trouble : input.view.signal_troubles)
    if (trouble) return trouble;
  return std::nullopt;
}

Verdict ready(const StatusInput& input) {
  if (auto trouble = main_trouble(input))
    return {ConditionStatus::False, trouble->reason, std::move(trouble->message)};
  if (input.decision == nullptr) return {ConditionStatus::Unknown, Reason::AwaitingFirstRound};
  return {ConditionStatus::True, Reason::Accepted};
}

Verdict metrics_healthy(const StatusInput& input) {
  const auto& signals = input.view.policy->spec->signals;
  std::string message;
  std::optional<Reason> worst;
  for (std::size_t i = 0; i < signals.size() && i < input.readings.size(); ++i) {
    const auto reading = told_reading(input, i);
    if (is_usable(reading.state)) continue;
    if (!worst) worst = reason_of(reading.state);
    const bool is_zero =
        reading.state == SignalState::Absent && signals[i].on_missing == OnMissing::Zero;
    message += fmt::format("{}'{}' is {}{}{}{}", message.empty() ? "" : "; ", signals[i].name,
                           name_of(reading.state), is_zero ? " and counts as 0" : "",
                           reading.detail.empty() ? "" : ": ", reading.detail);
  }
  const auto& formula = input.decision->formula;
  if (!worst && formula && !is_usable(formula->state)) {
    worst = reason_of(formula->state);
    message = fmt::format("the formula has no result: {}", formula->detail);
  }
  if (worst) return {ConditionStatus::False, *worst, std::move(message)};
  return {ConditionStatus::True, Reason::SignalsHealthy};
}

Verdict paused(const ScalingPolicy& spec) {
  if (spec.mode == Mode::Paused) return {ConditionStatus::True, Reason::Paused};
  if (spec.pause.scale_up && spec.pause.scale_down)
    return {ConditionStatus::True, Reason::Paused, "scaling up and scaling down are both paused"};
  if (spec.pause.scale_up) return {ConditionStatus::True, Reason::ScaleUpPaused};
  if (spec.pause.scale_down) return {ConditionStatus::True, Reason::ScaleDownPaused};
  return {ConditionStatus::False, Reason::NotPaused};
}

Verdict conflict(const StatusInput& input) {
  if (input.view.conflict)
    return {ConditionStatus::True, input.view.conflict->reason, input.view.conflict->message};
  if (input.blocked && input.blocked->reason == Reason::ExternalWriter)
    return {ConditionStatus::True, Reason::ExternalWriter, input.blocked->message};
  return {ConditionStatus::False, Reason::NoConflict};
}

/// What pool or budget have said, where they are the limit.
std::string words_of_limit(const Decision& decision) {
  for (const auto& step : decision.explanation.steps)
    if (step.reason == *decision.limited &&
        (step.stage == "money" || step.stage == "pool" || step.stage == "shed"))
      return step.numbers;
  return {};
}

Verdict limited(const Decision& decision) {
  if (decision.limited)
    return {ConditionStatus::True, *decision.limited, words_of_limit(decision)};
  return {ConditionStatus::False, Reason::NotLimited};
}

std::array<Verdict, condition_count> verdicts(const StatusInput& input) {
  const auto* spec = input.view.policy->spec.get();
  auto main = ready(input);
  // Nothing was decided, so nothing can be said: the reason is that of Ready.
  const Verdict unknown{ConditionStatus::Unknown, main.reason, main.message};
  std::array<Verdict, condition_count> out;
  out.fill(unknown);
  out[0] = std::move(main);
  if (spec == nullptr) return out;
  out[5] = paused(*spec);
  out[6] = conflict(input);
  if (input.decision == nullptr) return out;
  const auto& decision = *input.decision;
  out[1] = metrics_healthy(input);
  out[2] = decision.active ? Verdict{ConditionStatus::True, Reason::Active}
                           : Verdict{ConditionStatus::False, Reason::Inactive};
  out[3] = limited(decision);
  out[4] = decision.fallback_active ? Verdict{ConditionStatus::True, Reason::FallbackActive}
                                    : Verdict{ConditionStatus::False, Reason::NoFallback};
  return out;
}

std::vector<api::Condition> make_conditions(const StatusInput& input, Instant now) {
  std::vector<api::Condition> out;
  auto all = verdicts(input);
  for (std::size_t i = 0; i < condition_count; ++i) {
    auto& verdict = all[i];
    const auto& before = input.before.conditions[i];
    const bool kept = input.before.any && before.status == verdict.status;
    if (verdict.message.empty()) verdict.message = text_of(verdict.reason);
    out.push_back({.type = std::string(condition_types[i]),
                   .status = verdict.status,
                   .reason = verdict.reason,
                   .message = capped(escaped(verdict.message), message_bytes_max),
                   .observed_generation = input.view.policy->generation,
                   .last_transition = kept ? before.last_transition : now});
  }
  return out;
}

std::vector<api::SignalStatus> make_signals(const StatusInput& input) {
  std::vector<api::SignalStatus> out;
  const auto& signals = input.view.policy->spec->signals;
  for (std::size_t i = 0; i < signals.size() && i < input.readings.size(); ++i) {
    const auto reading = told_reading(input, i);
    api::SignalStatus status{.name = signals[i].name,
                             .state = reading.state,
                             .value = is_usable(reading.state) ? reading.value : 0,
                             .target = signals[i].target,
                             .age_seconds = reading.age_seconds,
                             .detail = reading.detail};
    if (input.decision != nullptr && i < input.decision->signals.size())
      status.replicas = input.decision->signals[i].replicas;
    out.push_back(std::move(status));
  }
  return out;
}

/// "queue 48 of 10", or its state.
std::string signal_text(const api::SignalStatus& signal) {
  if (!is_usable(signal.state)) return fmt::format("{} {}", signal.name, name_of(signal.state));
  const auto value = fmt::format("{} {}", signal.name, brief(signal.value));
  return signal.target > 0 ? fmt::format("{} of {}", value, brief(signal.target)) : value;
}

std::vector<TimedReplicas> newest(const std::vector<TimedReplicas>& entries) {
  const auto skipped =
      entries.size() > digest_entries_max ? entries.size() - digest_entries_max : 0;
  return {entries.begin() + static_cast<std::ptrdiff_t>(skipped), entries.end()};
}

void tell_decision(const StatusInput& input, api::PolicyStatus& status) {
  if (input.blocked && input.blocked->reason != Reason::WriteFailed) {
    status.decision_reason = input.blocked->reason;
    status.decision_message = input.blocked->message;
  } else {
    status.decision_reason = input.decision->reason;
    status.decision_message = input.decision->explanation.line();
  }
  status.decision_time = input.decided_at;
  status.decision_steps = input.decision->explanation.steps;
}

std::string_view name_of(engine::WindowEvent event) {
  switch (event) {
    case engine::WindowEvent::PreWarm: return "PreWarm";
    case engine::WindowEvent::Start: return "Start";
    case engine::WindowEvent::End: return "End";
  }
  return "Start";
}

void tell_schedule(const StatusInput& input, api::PolicyStatus& status, Instant now) {
  const auto& spec = *input.view.policy->spec;
  if (spec.schedule.empty()) return;
  auto look = engine::look_at_schedule(spec, input.memory, now);
  status.open_windows = std::move(look.open);
  if (!look.next) return;
  const auto window = std::ranges::find(spec.schedule, look.next->window, &Window::name);
  status.next_schedule_change = {.time = look.next->at,
                                 .window = look.next->window,
                                 .event = name_of(look.next->event),
                                 .effect = engine::words_of(*window)};
}

std::size_t schedule_hash(const api::PolicyStatus& status) {
  std::string text;
  for (const auto& name : status.open_windows) text += name + "\n";
  if (const auto& next = status.next_schedule_change)
    text += fmt::format("{} {} {}", to_rfc3339(next->time), next->window, next->event);
  return stable_hash(text);
}

void tell_forecast(const StatusInput& input, api::PolicyStatus& status) {
  const auto& forecast = input.decision->forecast;
  if (!forecast) return;
  auto& told = status.forecast.emplace(
      api::ForecastStatus{.horizon = forecast->horizon, .replicas = forecast->replicas});
  for (const auto& one : forecast->signals)
    told.signals.push_back({.name = input.view.policy->spec->signals[one.signal].name,
                            .reason = one.reason,
                            .test = one.test,
                            .value = one.value,
                            .replicas = one.replicas,
                            .detail = one.problem});
}

/// In whole seconds, halves up.
std::int64_t rounded_seconds(Millis time) { return (time.count() + 500) / 1000; }

void tell_learned(const Memory& memory, api::PolicyStatus& status, Instant now) {
  const auto measured = engine::measured_cold_start(memory.cold_starts);
  if (measured.samples > 0)
    status.cold_start = {.p50_seconds = rounded_seconds(measured.p50),
                         .p90_seconds = rounded_seconds(measured.p90),
                         .samples = static_cast<std::int64_t>(measured.samples)};
  status.cold_starts = engine::samples_of(memory.cold_starts);
  status.woken_at = memory.woken_at;
  status.keep_alive = memory.keep_alive.layers;
  status.last_needs = engine::last_needs(memory.keep_alive, now);
}

/// Which forecasts speak, and how, and why others do not: what they say moves with every round.
std::size_t forecast_hash(const api::PolicyStatus& status) {
  std::string text;
  if (!status.forecast) return stable_hash(text);
  for (const auto& signal : status.forecast->signals)
    text += fmt::format("{} {} {} {}\n", signal.name,
                        signal.value ? "speaks" : name_of(signal.reason),
                        signal.test ? name_of(signal.test->method) : "", signal.detail);
  return stable_hash(without_digits(text));
}

void tell_terms(const StatusInput& input, api::PolicyStatus& status) {
  if (input.terms == nullptr) return;
  status.accelerators = api::PolicyAcceleratorStatus{.pool = input.view.policy->spec->pool,
                                                     .per_replica = input.terms->per_replica};
  status.effective_max = input.terms->effective_max;
  auto& cost = status.cost.emplace(api::PolicyCostStatus{.ledger = input.terms->ledger});
  if (!input.terms->costs) return;
  cost.hourly = input.terms->costs->of(status.current_replicas);
  cost.hourly_desired = input.terms->costs->of(status.recommended_replicas);
}

bool moved(double from, double to, double target) {
  const double scale = std::max({std::abs(from), std::abs(to), target});
  return std::abs(to - from) > numbers_moved_fraction * scale;
}

/// Which of the quiet reasons it is changes with every jitter and asks nothing of anybody.
Reason meaning_of(Reason reason) {
  return reason == Reason::WithinTolerance ? Reason::AtTarget : reason;
}

bool same_reason(const std::optional<Reason>& a, const std::optional<Reason>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return meaning_of(*a) == meaning_of(*b);
}

/// What is not known yet says nothing new.
bool moved(const std::optional<std::int32_t>& from, const std::optional<std::int32_t>& to) {
  if (!from || !to) return to.has_value();
  return moved(*from, *to, 0);
}

bool has_value(SignalState state) { return is_usable(state); }

/// Its words are amounts, which move although nothing else does.
bool is_of_money(Reason reason) {
  return reason == Reason::CappedByBudget || reason == Reason::CappedByPolicyCost ||
         reason == Reason::ShedByBudget || reason == Reason::ZeroedByBudget;
}

}  // namespace

api::PolicyStatus make_status(const StatusInput& input, Instant now) {
  const auto& policy = *input.view.policy;
  api::PolicyStatus status{.observed_generation = policy.generation};
  if (policy.target) status.target_text = policy.target->kind + "/" + policy.target->name;
  const auto& target = input.view.target;
  if (!input.view.target_trouble && policy.spec != nullptr) {
    status.target_uid = target.uid;
    status.selector = input.view.selector;
    status.current_replicas = input.confirmed_replicas.value_or(target.spec_replicas);
    status.ready_replicas = target.pods.ready;
    status.desired_replicas = status.current_replicas;
    status.recommended_replicas = status.current_replicas;
  }
  if (policy.spec != nullptr && input.decision != nullptr) {
    status.signals = make_signals(input);
    if (!status.signals.empty()) {
      const auto& first = status.signals.front();
      status.signal_text = signal_text(first);
    }
    tell_decision(input, status);
    tell_forecast(input, status);
    if (!input.blocked || input.blocked->reason == Reason::WriteFailed)
      status.desired_replicas = input.decision->desired;
    status.recommended_replicas = input.decision->recommended;
  } else if (const auto trouble = main_trouble(input)) {
    status.decision_reason = trouble->reason;
    status.decision_message = trouble->message;
  }
  if (policy.spec != nullptr) tell_schedule(input, status, now);
  if (policy.spec != nullptr) tell_terms(input, status);
  status.conditions = make_conditions(input, now);
  status.last_scale = input.last_scale;
  status.recommendations = newest(input.memory.recommendations);
  status.scale_ups = newest(input.memory.scale_ups);
  status.scale_downs = newest(input.memory.scale_downs);
  tell_learned(input.memory, status, now);
  return status;
}

ConditionDigest digest_of(const api::Condition& condition) {
  return {.status = condition.status,
          .reason = condition.reason,
          .last_transition = condition.last_transition,
          .message_hash = stable_hash(without_digits(condition.message))};
}

StatusDigest digest_of(const api::PolicyStatus& status) {
  StatusDigest digest{.any = !status.conditions.empty(),
                      .observed_generation = status.observed_generation,
                      .identity_hash = stable_hash(status.target_text + "\n" + status.target_uid +
                                                   "\n" + status.selector),
                      .current = status.current_replicas,
                      .ready = status.ready_replicas,
                      .desired = status.desired_replicas,
                      .recommended = status.recommended_replicas,
                      .reason = status.decision_reason,
                      .schedule_hash = schedule_hash(status),
                      .forecast_hash = forecast_hash(status)};
  for (const auto& condition : status.conditions)
    for (std::size_t i = 0; i < condition_count; ++i)
      if (condition.type == condition_types[i]) digest.conditions[i] = digest_of(condition);
  for (const auto& signal : status.signals)
    digest.signals.push_back({signal.state, signal.value, signal.target});
  if (status.last_scale) digest.last_scale = status.last_scale->time;
  digest.effective_max = status.effective_max;
  if (status.decision_reason && is_of_money(*status.decision_reason))
    digest.amounts_hash = stable_hash(status.decision_message);
  if (status.cost && status.cost->hourly) digest.hourly_cost = status.cost->hourly->nano();
  if (status.cost && status.cost->ledger && status.cost->ledger->rate > HourlyRate())
    digest.counted_to = status.cost->ledger->counted_to;
  if (status.forecast)
    for (const auto& signal : status.forecast->signals)
      digest.skills.push_back(signal.test ? signal.test->skill : 0);
  return digest;
}

std::shared_ptr<const Restored> restored_from(const api::PolicyStatus& status,
                                              const ScalingPolicy* spec) {
  auto restored = std::make_shared<Restored>();
  restored->digest = digest_of(status);
  restored->last_scale = status.last_scale;
  if (status.cost) restored->cost_ledger = status.cost->ledger;
  auto& memory = restored->memory;
  memory.target_uid = status.target_uid;
  memory.recommendations = status.recommendations;
  memory.scale_ups = status.scale_ups;
  memory.scale_downs = status.scale_downs;
  if (status.last_scale) {
    const auto& last = *status.last_scale;
    memory.last_scale = last.time;
    if (last.from) memory.last_direction = last.to > *last.from ? Trend::Up : Trend::Down;
  }
  memory.cold_starts = engine::cold_starts_from(status.cold_starts);
  memory.woken_at = status.woken_at;
  memory.keep_alive.layers = status.keep_alive;
  memory.keep_alive.told = status.last_needs;
  if (spec == nullptr) return restored;
  memory.unusable_since.resize(spec->signals.size());
  return restored;
}

bool same_meaning(const StatusDigest& a, const StatusDigest& b) {
  const bool same_facts = a.any == b.any && a.observed_generation == b.observed_generation &&
                          a.identity_hash == b.identity_hash && a.current == b.current &&
                          a.desired == b.desired && a.recommended == b.recommended &&
                          a.last_scale == b.last_scale && a.schedule_hash == b.schedule_hash &&
                          a.forecast_hash == b.forecast_hash &&
                          (a.ready >= a.current) == (b.ready >= b.current) &&
                          same_reason(a.reason, b.reason) && a.signals.size() == b.signals.size();
  if (!same_facts) return false;
  for (std::size_t i = 0; i < condition_count; ++i)
    if (a.conditions[i].status != b.conditions[i].status ||
        meaning_of(a.conditions[i].reason) != meaning_of(b.conditions[i].reason))
      return false;
  for (std::size_t i = 0; i < a.signals.size(); ++i)
    if (has_value(a.signals[i].state) != has_value(b.signals[i].state)) return false;
  return true;
}

bool numbers_moved(const StatusDigest& from, const StatusDigest& to) {
  if (from.ready != to.ready || from.reason != to.reason || from.counted_to != to.counted_to ||
      from.amounts_hash != to.amounts_hash)
    return true;
  if (moved(from.effective_max, to.effective_max)) return true;
  if (moved(static_cast<double>(from.hourly_cost), static_cast<double>(to.hourly_cost), 0))
    return true;
  for (std::size_t i = 0; i < condition_count; ++i)
    if (from.conditions[i].message_hash != to.conditions[i].message_hash) return true;
  for (std::size_t i = 0; i < std::min(from.skills.size(), to.skills.size()); ++i)
    if (std::abs(from.skills[i] - to.skills[i]) > numbers_moved_fraction) return true;
  for (std::size_t i = 0; i < std::min(from.signals.size(), to.signals.size()); ++i) {
    const auto& was = from.signals[i];
    const auto& is = to.signals[i];
    if (was.state != is.state || moved(was.value, is.value, is.target)) return true;
  }
  return false;
}

const ConditionDigest& condition(const StatusDigest& digest, std::string_view type) {
  for (std::size_t i = 0; i < condition_count; ++i)
    if (condition_types[i] == type) return digest.conditions[i];
  CHECK(false, "only the types of the list are asked for");
}

}  // namespace poolscaler::controllers
