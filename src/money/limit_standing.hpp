// Where one limit of one budget stands, and what its guard makes of it.
#pragma once

#include <optional>

#include "outlay.hpp"
#include "poolscaler/money/budget_book.hpp"

namespace poolscaler::money {

/// What stands on the bill, or is on order, and is off it so long after it has been taken.
struct Stopping {
  HourlyRate rate;
  Millis after;
};

/// What is known of a budget in one round.
struct BudgetFacts {
  const CostBudget& budget;
  const Ledger& ledger;
  const Sums& sums;
  HourlyRate coming{};  // granted, and not there yet
  HourlyRate floor{};   // of what is protected
  Millis hold{};
  Millis notice{};  // until what has to go is taken
  const std::vector<Stopping>& stopping;  // where the budget takes anything
  const std::optional<WeekProfile>& usual;
  Instant now;

  [[nodiscard]] HourlyRate committed() const { return sums.rate - sums.marginal; }
};

struct JudgedLimit {
  Limit limit;
  std::optional<Limit> next{};   // of the period after this one
  std::optional<Limit> paced{};  // burstPercent
  LimitStanding standing;
};

/// `state` is that of its guard, and is brought up to date.
[[nodiscard]] JudgedLimit judge_limit(const BudgetFacts& facts, const BudgetLimit& declared,
                                      GuardState& state);

/// Of a budget that cannot be counted: nothing grows under it.
[[nodiscard]] JudgedLimit frozen_limit(const CostBudget& budget, const BudgetLimit& declared,
                                       const std::string& trouble);

[[nodiscard]] PeriodKind kind_of(BudgetPeriod period);

}  // namespace poolscaler::money
