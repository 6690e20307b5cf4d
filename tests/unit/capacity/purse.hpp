// The money of a theatre, as the operator counts it: a book of budgets that is shown each look, and
// what budgets take.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "poolscaler/money/budget_book.hpp"
#include "theatre.hpp"

namespace poolscaler::capacity {

class Purse {
 public:
  /// The theatre's limits are those of the budget from now on; the purse has to stay where it is.
  Purse(Theatre& world, CostBudget budget, Millis between);

  /// A look: what is planned is done, and what the budget takes is taken; of policies that are not
  /// due what they want is heard, and no more.
  void round(const std::vector<bool>& due);
  /// Another process goes on with what was stored of the ledger.
  void restart();
  [[nodiscard]] std::int64_t taken() const { return taken_; }

 private:
  void look(const Sight& sight);
  [[nodiscard]] std::vector<money::Holding> holdings(const Sight& sight) const;

  Theatre& world_;
  std::shared_ptr<const CostBudget> budget_;
  Millis between_;
  money::BudgetBook book_{};
  money::Standings standings_{};
  money::ShedSteps steps_{};
  std::vector<std::pair<std::size_t, std::int64_t>> most_{};  // by asking, what is taken now
  std::int64_t taken_ = 0;
};

/// By the clock of the world.
[[nodiscard]] std::shared_ptr<const TimeZone> utc();

}  // namespace poolscaler::capacity
