// What the views of pools and of budgets say alike.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/explain/fleet_view.hpp"

namespace poolscaler::explain {

/// "45s", "12m", "3h 20m", "2d 4h".
[[nodiscard]] std::string time_text(Millis time);
/// "this hour", "today", "this month".
[[nodiscard]] std::string_view period_words(BudgetPeriod period);
/// Those that are not as they should be, one on a line.
[[nodiscard]] std::string conditions_text(const std::vector<api::Condition>& conditions,
                                          const TextStyle& style);
/// A table of limits; empty where there is no budget.
[[nodiscard]] std::string budgets_text(const std::vector<BudgetView>& budgets,
                                       const TextStyle& style);
[[nodiscard]] nlohmann::json budget_json(const BudgetView& budget);

}  // namespace poolscaler::explain
