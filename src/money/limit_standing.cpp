#include "limit_standing.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "poolscaler/money/integral.hpp"
#include "wide.hpp"

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

bool takes(const CostBudget& budget) {
  return budget.on_limit == OnBudgetLimit::Shed || budget.on_limit == OnBudgetLimit::ScaleToZero;
}

/// What `window` costs when what runs now is taken from now on, in Integral::parts.
Wide stopping_cost(const BudgetFacts& facts, HourlyRate floor, const Period& window) {
  const auto within = [&](Millis after) {
    return std::clamp(facts.now + facts.notice + after, window.begin, window.end) - window.begin;
  };
  Wide cost = 0;
  auto soonest = window.length();
  for (const auto& one : facts.stopping) {
    cost += Wide{within(one.after).count()} * one.rate.nano();
    soonest = std::min(soonest, within(one.after));
  }
  return cost + Wide{(window.length() - soonest).count()} * floor.nano();
}

/// Whether the amount holds only when something is taken in this very look. What is protected has
/// its part only while that is there: what costs more by itself takes nothing from others.
bool is_last_moment(const BudgetFacts& facts, const AccruedCap& cap) {
  if (!takes(facts.budget)) return false;
  const bool zero = facts.budget.on_limit == OnBudgetLimit::ScaleToZero;
  const auto floor = facts.committed() + (zero ? HourlyRate() : facts.floor);
  const auto breaks = [&](const Period& window, Amount room) {
    const auto kept = cost_of(floor, window.length()) > room ? HourlyRate() : floor;
    return stopping_cost(facts, kept, window) > Wide{room.nano()} * Integral::parts;
  };
  const Period left{std::min(facts.now, cap.period.end), cap.period.end};
  const auto next = period_at(cap.kind, *facts.ledger.zone, cap.period.end);
  return breaks(left, cap.most - cap.accrued) || breaks(next, cap.most);
}

/// What keeps the amount from holding, in words; empty: nothing that is known.
std::string broken_by(const BudgetFacts& facts, const LimitStanding& standing) {
  const auto rest = standing.amount - standing.used;
  if (rest >= Amount() && standing.headroom < Amount())
    return fmt::format("; what is protected costs {} more than is left",
                       shown(Amount() - standing.headroom));
  const auto over = *standing.projected_worst - standing.amount;
  if (takes(facts.budget) || over <= Amount()) return {};
  return fmt::format("; if all of it goes on, the {} ends {} over: {} takes nothing",
                     name_of(*standing.period), shown(over),
                     facts.budget.on_limit == OnBudgetLimit::Freeze ? "Freeze" : "Notify");
}

std::optional<Instant> yet_to_come(const std::optional<Instant>& at, Instant now) {
  return at && *at > now ? at : std::nullopt;
}

std::string words_of(const BudgetFacts& facts, const LimitStanding& standing, HourlyRate rate,
                     const std::string& broken_by = {}) {
  auto words = fmt::format("{} of {} {}, {}", shown(standing.used), shown(standing.amount),
                           standing.period ? fmt::format("this {}", name_of(*standing.period))
                                           : std::string("an hour"),
                           percent_text(standing.used_basis_points));
  if (standing.exhausted_at && standing.used < standing.amount)
    words += fmt::format("; at {} an hour spent at {}", shown(rate),
                         to_rfc3339(*standing.exhausted_at));
  words += broken_by;
  switch (standing.act) {
    case GuardAct::None: return words;
    case GuardAct::Freeze: words += "; growth is frozen"; break;
    case GuardAct::Shed: words += "; replicas are taken, lowest priority first"; break;
    case GuardAct::ScaleToZero: words += "; everything goes to zero"; break;
  }
  words += "; resumes " +
           words_of(Resumption{.percent = facts.budget.resume_at_percent,
                               .earliest = yet_to_come(standing.resumes_earliest, facts.now)});
  if (standing.current)
    words += fmt::format(", or with the next {} at {}", name_of(*standing.period),
                         to_rfc3339(standing.current->end));
  return words;
}

void take_verdict(LimitStanding& standing, const GuardVerdict& verdict, Millis grace) {
  standing.fired = verdict.state.fired;
  std::ranges::sort(standing.fired);
  standing.fired_now = verdict.fired;
  standing.warned = verdict.warned;
  if (verdict.warned) standing.warned_by = warned_by(standing);
  standing.act = verdict.act;
  if (verdict.act != GuardAct::None) standing.frozen_since = verdict.state.frozen_since;
  if (verdict.act >= GuardAct::Shed && verdict.state.over_since)
    standing.taking_since = *verdict.state.over_since + grace;
  standing.resumes_earliest = verdict.resumes_earliest;
}

void freeze(Limit& limit, const BudgetFacts& facts, const GuardVerdict& verdict) {
  limit.frozen = verdict.act != GuardAct::None;
  if (limit.frozen)
    limit.resumption = Resumption{.percent = facts.budget.resume_at_percent,
                                  .earliest = yet_to_come(verdict.resumes_earliest, facts.now)};
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
  take_verdict(standing, verdict, Seconds(facts.budget.grace_seconds));
  standing.words = words_of(facts, standing, facts.sums.marginal);
  judged.limit.rate = facts.sums.marginal + facts.coming;
  judged.limit.hold = facts.hold;
  freeze(judged.limit, facts, verdict);
  return judged;
}

/// What is spent an hour may be above the pace while the period usually ends within its amount.
RateCap burst_of(int percent, const LimitStanding& standing) {
  const bool fits = standing.projected_typical.value_or(Amount()) <= standing.amount;
  const int allowed = fits ? percent : 100;
  return {.most = HourlyRate::of(narrowed(Wide{standing.pace->nano()} * allowed / 100)),
          .pace_percent = allowed};
}

void add_burst(JudgedLimit& judged, int percent) {
  const auto cap = burst_of(percent, judged.standing);
  judged.paced = judged.limit;
  judged.paced->frozen = false;  // as the limit itself says
  judged.paced->cap = cap;
  judged.standing.words += fmt::format("; nothing grows beyond {} an hour, {} % of its pace",
                                       shown(cap.most), cap.pace_percent);
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
  reading.last_moment = is_last_moment(facts, cap);
  const auto verdict = judge(std::move(state), rules_of(facts.budget), reading);
  state = verdict.state;
  take_verdict(standing, verdict, Seconds(facts.budget.grace_seconds));
  standing.words =
      words_of(facts, standing, facts.sums.rate, broken_by(facts, standing));
  judged.limit.cap = cap;
  judged.limit.rate = rate;
  judged.limit.hold = facts.hold;
  judged.limit.notice = facts.notice;
  judged.next = next_period(judged.limit, *facts.ledger.zone, facts.now);
  freeze(judged.limit, facts, verdict);
  if (declared.burst_percent) add_burst(judged, *declared.burst_percent);
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
  judged.limit.trouble = trouble;
  judged.standing.act = GuardAct::Freeze;
  judged.standing.words = "growth is frozen: " + trouble;
  return judged;
}

}  // namespace poolscaler::money
