// CostBudget: what may be spent, by whom, in which period, and what happens at the limit. Budgets
// nest: of several that select a policy all must pass. Valid by construction.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/domain/accelerator_pool.hpp"
#include "poolscaler/domain/amount.hpp"
#include "poolscaler/domain/time_zone.hpp"

namespace poolscaler {

/// All parts that are set must fit; an empty selector selects everything.
struct BudgetSelector {
  std::vector<std::string> namespaces{};
  std::vector<LabelValue> policy_labels{};
  std::vector<std::string> pools{};
  [[nodiscard]] bool selects_all() const {
    return namespaces.empty() && policy_labels.empty() && pools.empty();
  }
};

enum class LimitMode { Rate, Accrued };
enum class BudgetPeriod { Hour, Day, Month };
enum class OnBudgetLimit { Freeze, Shed, ScaleToZero, Notify };

struct BudgetLimit {
  std::string name;  // unique within the budget: "daily"
  LimitMode mode;
  BudgetPeriod period = BudgetPeriod::Hour;  // of Accrued; a Rate is per hour
  Amount amount;                             // of a Rate: per hour
  /// Of Accrued: nothing grows beyond this part of its pace, what may be spent an hour to have all
  /// of it at the end.
  std::optional<int> burst_percent{};
};

struct CostBudget {
  std::string name;
  Currency currency{};
  BudgetSelector selector{};
  std::vector<BudgetLimit> limits;
  std::shared_ptr<const TimeZone> zone;  // in which hours, days and months are counted
  std::vector<int> thresholds = {50, 80, 100};  // percent, ascending
  OnBudgetLimit on_limit = OnBudgetLimit::Freeze;
  int grace_seconds = 120;
  int resume_at_percent = 95;
  int cool_down_seconds = 600;
  int shed_step_max = 10;  // replicas in one round, unless an accrued amount needs more
  /// Labels of policies by which the ledger tells tenants apart, besides the namespace.
  std::vector<std::string> cost_labels{};
};

}  // namespace poolscaler
