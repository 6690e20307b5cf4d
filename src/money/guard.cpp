#include "poolscaler/money/guard.hpp"

#include <algorithm>

namespace poolscaler::money {
namespace {

constexpr std::int64_t percent = 100;  // basis points
constexpr std::int64_t warn_used = 80 * percent;
constexpr std::int64_t clear_used = 75 * percent;
constexpr std::int64_t warn_forecast = 100 * percent;
constexpr std::int64_t clear_forecast = 95 * percent;
constexpr std::int64_t full = 100 * percent;

void arm_anew(GuardState& state, const GuardReading& reading) {
  if (state.period_begin == reading.period_begin && state.amount == reading.amount) return;
  if (reading.continuous && state.amount == reading.amount) {
    state.period_begin = reading.period_begin;
    state.fired.clear();
    return;
  }
  // Whoever is being taken at the end of a period is not given another grace in the next.
  const auto over_since = reading.last_moment ? state.over_since : std::nullopt;
  state = {.period_begin = reading.period_begin,
           .amount = reading.amount,
           .over_since = over_since};
}

bool takes(const GuardRules& rules) {
  return rules.on_limit == OnLimit::Shed || rules.on_limit == OnLimit::ScaleToZero;
}

std::vector<int> fire(GuardState& state, const GuardRules& rules, std::int64_t used) {
  std::vector<int> fired;
  for (const auto threshold : rules.thresholds) {
    const bool said = std::ranges::find(state.fired, threshold) != state.fired.end();
    if (used < threshold * percent || said) continue;
    fired.push_back(threshold);
    state.fired.push_back(threshold);
  }
  return fired;
}

void warn(GuardState& state, const GuardReading& reading) {
  std::shift_right(state.near.begin(), state.near.end(), 1);
  state.near.front() = reading.used_basis_points >= warn_used ||
                       reading.forecast_basis_points >= warn_forecast;
  if (std::ranges::count(state.near, true) >= 2) state.warned = true;
  if (reading.used_basis_points < clear_used && reading.forecast_basis_points < clear_forecast)
    state.warned = false;
}

void freeze(GuardState& state, const GuardRules& rules, const GuardReading& reading) {
  const auto used = reading.used_basis_points;
  const bool last_moment = reading.last_moment && takes(rules);
  if (used >= full || last_moment) {
    if (!state.frozen_since) state.frozen_since = reading.now;
  } else if (state.frozen_since && used <= rules.resume_at_percent * percent &&
             reading.now - *state.frozen_since >= rules.cool_down) {
    state.frozen_since.reset();
  }
  if (used <= full && !last_moment) {
    state.over_since.reset();
  } else if (!state.over_since) {
    state.over_since = reading.now;
  }
}

GuardAct act_of(const GuardState& state, const GuardRules& rules, const GuardReading& reading) {
  if (!state.frozen_since || rules.on_limit == OnLimit::Notify) return GuardAct::None;
  const bool may_take = reading.trusted && state.over_since &&
                        reading.now - *state.over_since >= rules.grace;
  if (may_take && rules.on_limit == OnLimit::Shed) return GuardAct::Shed;
  if (may_take && rules.on_limit == OnLimit::ScaleToZero) return GuardAct::ScaleToZero;
  return GuardAct::Freeze;
}

}  // namespace

std::string_view name_of(GuardAct act) {
  switch (act) {
    case GuardAct::None: return "None";
    case GuardAct::Freeze: return "Freeze";
    case GuardAct::Shed: return "Shed";
    case GuardAct::ScaleToZero: return "ScaleToZero";
  }
  return {};
}

GuardVerdict judge(GuardState state, const GuardRules& rules, const GuardReading& reading) {
  arm_anew(state, reading);
  auto fired = fire(state, rules, reading.used_basis_points);
  warn(state, reading);
  freeze(state, rules, reading);
  GuardVerdict verdict{.state = {},
                       .fired = std::move(fired),
                       .warned = state.warned,
                       .act = act_of(state, rules, reading)};
  if (verdict.act != GuardAct::None)
    verdict.resumes_earliest = *state.frozen_since + rules.cool_down;
  verdict.state = std::move(state);
  return verdict;
}

}  // namespace poolscaler::money
