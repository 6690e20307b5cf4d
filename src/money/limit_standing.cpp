#include "limit_standing.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "poolscaler/money/integral.hpp"

namespace poolscaler::money {
namespace {

constexpr std::int64_t near_used = 8'000;  // basis points

HourlyRate rate_of(Amount amount) { return HourlyRate::of(amount.nano()); }
Amount per_hour(HourlyRate rate) { return Amount::of(rate.nano()); }

OnLimit on_limit_of(OnBudgetLimit on) {
  switch (on) {
    case OnBudgetLimit::Freeze: return OnLimit::Freeze;
    case OnBudgetLimit::Shed: return OnLimit::Shed;
    case OnBudgetLimit::ScaleToZero: return OnLimit::ScaleToZero;
    case OnBudgetLimit::Notify: return OnLimit::Notify;
  }
  return OnLimit::Freeze;
}

GuardRules rules_of(const CostBudget& budget) {
  return {.thresholds = budget.thresholds,
          .on_limit = on_limit_of(budget.on_limit),
          .grace = Seconds(budget.grace_seconds),
          .resume_at_percent = budget.resume_at_percent,
          .cool_down = Seconds(budget.cool_down_seconds)};
}

Limit bare_limit(const CostBudget& budget, const BudgetLimit& declared) {
  return {.budget = budget.name,
          .cap = RateCap{rate_of(declared.amount)},
          .owner = LimitOwner::Budget,
          .name = declared.name};
}

LimitStanding bare_standing(const BudgetLimit& declared) {
  LimitStanding standing{.name = declared.name, .mode = declared.mode, .amount = declared.amount};
  if (declared.mode == LimitMode::Accrued) standing.period = kind_of(declared.period);
  return standing;
}

/// In words, by what the limit is near.
std::string_view warned_by(const LimitStanding& standing) {
  if (standing.used_basis_points >= near_used) return "used";
  return standing.projected_typical ? "typical projection" : "worst projection";
}

std::string percent_text(std::int64_t basis_points) {
  if (basis_points >= no_bound) return "over";
  return fmt::format("{}.{:02} %", basis_points / 100, basis_points % 100);
}

std::string words_of(const CostBudget& budget, const LimitStanding& standing, HourlyRate rate) {
  auto words = fmt::format("{} of {} {}, {}", shown(standing.used), shown(standing.amount),
                           standing.period ? fmt::format("this {}", name_of(*standing.period))
                                           : std::string("an hour"),
                           percent_text(standing.used_basis_points));
  if (standing.exhausted_at && standing.used < standing.amount)
    words += fmt::format("; at {} an hour spent at {}", shown(rate),
                         to_rfc3339(*standing.exhausted_at));
  switch (standing.act) {
    case GuardAct::None: return words;
    case GuardAct::Freeze: words += "; growth is frozen"; break;
    case GuardAct::Shed: words += "; replicas are taken, lowest priority first"; break;
    case GuardAct::ScaleToZero: words += "; everything goes to zero"; break;
  }
  words += fmt::format("; resumes at {} % and not before {}", budget.resume_at_percent,
                       to_rfc3339(*standing.resumes_earliest));
  if (standing.current)
    words += fmt::format(", or with the next {} at {}", name_of(*standing.period),
                         to_rfc3339(standing.current->end));
  return words;
}

void take_verdict(LimitStanding& standing, const GuardVerdict& verdict) {
  standing.fired = verdict.state.fired;
  std::ranges::sort(standing.fired);
  standing.fired_now = verdict.fired;
  standing.warned = verdict.warned;
  if (verdict.warned) standing.warned_by = warned_by(standing);
  standing.act = verdict.act;
  if (verdict.act != GuardAct::None) standing.frozen_since = verdict.state.frozen_since;
  standing.resumes_earliest = verdict.resumes_earliest;
}

/// What the guard is told apart from how much is used.
GuardReading reading_of(const BudgetFacts& facts, const BudgetLimit& declared,
                        const LimitStanding& standing) {
  return {.now = facts.now,
          .period_begin = {},
          .amount = declared.amount,
          .used_basis_points = standing.used_basis_points,
          .trusted = facts.sums.unpriced == 0 && facts.sums.doubtful == 0};
}

JudgedLimit judge_rate(const BudgetFacts& facts, const BudgetLimit& declared, GuardState& state) {
  JudgedLimit judged{.limit = bare_limit(facts.budget, declared),
                     .standing = bare_standing(declared)};
  auto& standing = judged.standing;
  standing.used = per_hour(facts.sums.marginal);
  standing.used_basis_points = basis_points(standing.used, declared.amount);
  standing.headroom = declared.amount - standing.used - per_hour(facts.coming);
  auto reading = reading_of(facts, declared, standing);
  reading.period_begin = period_at(PeriodKind::Day, *facts.ledger.zone, facts.now).begin;
  reading.continuous = true;
  const auto verdict = judge(std::move(state), rules_of(facts.budget), reading);
  state = verdict.state;
  take_verdict(standing, verdict);
  standing.words = words_of(facts.budget, standing, facts.sums.marginal);
  judged.limit.rate = facts.sums.marginal + facts.coming;
  judged.limit.hold = facts.hold;
  judged.limit.frozen = verdict.act != GuardAct::None;
  return judged;
}

JudgedLimit judge_accrued(const BudgetFacts& facts, const BudgetLimit& declared,
                          GuardState& state) {
  JudgedLimit judged{.limit = bare_limit(facts.budget, declared),
                     .standing = bare_standing(declared)};
  auto& standing = judged.standing;
  const auto& book = *facts.ledger.book_of(kind_of(declared.period));
  const auto rate = facts.sums.rate + facts.coming;
  const AccruedCap cap{.kind = book.kind,
                       .period = book.period,
                       .most = declared.amount,
                       .accrued = book.book.bill.rounded_up(),
                       .floor = facts.floor + facts.committed()};
  standing.current = book.period;
  standing.partial = book.partial;
  standing.used = cap.accrued;
  standing.used_basis_points = basis_points(standing.used, declared.amount);
  const auto left = std::max(cap.period.end - facts.now, Millis(0));
  standing.headroom = declared.amount - standing.used - cost_of(cap.floor, left);
  standing.projected_worst = worst_projection(cap, facts.sums.rate, facts.now);
  if (facts.usual)
    standing.projected_typical =
        typical_projection(cap, *facts.usual, *facts.ledger.zone, facts.now);
  standing.pace = pace(cap, facts.now);
  standing.exhausted_at = exhausted_at(cap, facts.sums.rate, facts.now);
  auto reading = reading_of(facts, declared, standing);
  reading.period_begin = book.period.begin;
  reading.forecast_basis_points = basis_points(
      standing.projected_typical.value_or(*standing.projected_worst), declared.amount);
  const auto verdict = judge(std::move(state), rules_of(facts.budget), reading);
  state = verdict.state;
  take_verdict(standing, verdict);
  standing.words = words_of(facts.budget, standing, facts.sums.rate);
  judged.limit.cap = cap;
  judged.limit.rate = rate;
  judged.limit.hold = facts.hold;
  judged.limit.frozen = verdict.act != GuardAct::None;
  return judged;
}

}  // namespace

PeriodKind kind_of(BudgetPeriod period) {
  switch (period) {
    case BudgetPeriod::Hour: return PeriodKind::Hour;
    case BudgetPeriod::Day: return PeriodKind::Day;
    case BudgetPeriod::Month: return PeriodKind::Month;
  }
  return PeriodKind::Hour;
}

JudgedLimit judge_limit(const BudgetFacts& facts, const BudgetLimit& declared, GuardState& state) {
  return declared.mode == LimitMode::Rate ? judge_rate(facts, declared, state)
                                          : judge_accrued(facts, declared, state);
}

JudgedLimit frozen_limit(const CostBudget& budget, const BudgetLimit& declared,
                         const std::string& trouble) {
  JudgedLimit judged{.limit = bare_limit(budget, declared), .standing = bare_standing(declared)};
  judged.limit.frozen = true;
  judged.standing.act = GuardAct::Freeze;
  judged.standing.words = "growth is frozen: " + trouble;
  return judged;
}

}  // namespace poolscaler::money
