// What the book of budgets knows, as the statuses of budgets, pools and policies hold it, and back.
// Pure.
//
// Law: a state that goes through a status and its JSON is the same state (money_status_test.cpp),
// within the bounds of the status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "poolscaler/api/budget_status.hpp"
#include "poolscaler/api/ledger_status.hpp"
#include "poolscaler/money/budget_book.hpp"

namespace poolscaler::controllers::told {

[[nodiscard]] api::LedgerStatus ledger_status(const money::LedgerState& state);
[[nodiscard]] money::LedgerState ledger_state(const api::LedgerStatus& status);

struct BudgetStatusInput {
  const CostBudget& budget;
  std::int64_t generation = 0;
  const money::BudgetStanding& standing;
  /// Nothing while there is trouble with the budget and it was never counted.
  const std::optional<money::BudgetState>& state;
  const std::vector<api::Condition>& conditions_before;
};
[[nodiscard]] api::BudgetStatus budget_status(const BudgetStatusInput& input, Instant now);

/// Of the budget with this uid; nothing where the status holds no ledger.
[[nodiscard]] std::optional<money::BudgetState> budget_state(const std::string& uid,
                                                             const api::BudgetStatus& status);

/// "Ready", "BudgetExceeded", "Forecast", "PricesKnown" and "Anomaly".
[[nodiscard]] std::vector<api::Condition> budget_conditions(const BudgetStatusInput& input,
                                                            Instant now);

}  // namespace poolscaler::controllers::told
