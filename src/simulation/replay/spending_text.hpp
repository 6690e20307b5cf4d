// Nodes and money of a study, in words and tables.
#pragma once

#include <string>
#include <vector>

#include "poolscaler/simulation/replay/study.hpp"

namespace poolscaler::replay {

/// Whether some run had nodes.
[[nodiscard]] bool has_spending(const Study& study);

/// Head and rows of what nodes came to, for each run of a policy, or for the pool that all share.
[[nodiscard]] std::vector<std::vector<std::string>> spending_rows(const Study& study);
/// "all/month: at most 41.00 % used", one for each limit of a run.
[[nodiscard]] std::vector<std::string> limit_lines(const Spending& spending);
/// "CappedByBudget 12", one for each reason that cut something.
[[nodiscard]] std::vector<std::string> capped_lines(const ReasonCounts& capped);
/// Head and rows of what each policy had of a pool that all share, what was idle, and the sum.
[[nodiscard]] std::vector<std::vector<std::string>> share_rows(const PoolBill& bill);

/// All of it as text; empty without nodes.
[[nodiscard]] std::string spending_text(const Study& study);

}  // namespace poolscaler::replay
