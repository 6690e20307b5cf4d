// Nodes and money of a study, in words and tables.
#pragma once

#include <string>
#include <vector>

#include "poolscaler/simulation/replay/study.hpp"

namespace poolscaler::replay {

/// Whether some run had nodes.
[[nodiscard]] bool has_spending(const Study& study);

/// Head and rows of what nodes came to, for each run of a policy.
[[nodiscard]] std::vector<std::vector<std::string>> spending_rows(const Study& study);
/// "all/month: at most 41.00 % used", one for each limit of a run.
[[nodiscard]] std::vector<std::string> limit_lines(const Spending& spending);
/// "CappedByBudget 12", one for each reason that cut something.
[[nodiscard]] std::vector<std::string> capped_lines(const Spending& spending);

/// All of it as text; empty without nodes.
[[nodiscard]] std::string spending_text(const Study& study);

}  // namespace poolscaler::replay
