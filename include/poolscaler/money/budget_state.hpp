// What the book of budgets keeps over a restart or a change of leaders, as plain values: one
// LedgerState for each pool and policy, one BudgetState for each budget.
//
// Each is stored in the status of its own object by compare-and-set. It goes out and in without
// loss: a book that adopts it goes on as the one that gave it. Everything is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "poolscaler/domain/cost_budget.hpp"
#include "poolscaler/money/anomaly.hpp"
#include "poolscaler/money/guard.hpp"
#include "poolscaler/money/ledger.hpp"

namespace poolscaler::money {

/// A ledger without what only a running process knows.
struct LedgerState {
  std::string zone;                       // name
  std::vector<std::string> dimensions{};  // "namespace", then labels of policies
  Instant counted_to;
  HourlyRate rate{};        // at counted_to, commitments included
  std::size_t unpriced = 0;  // nodes at counted_to without a price
  std::vector<PeriodBook> books{};  // hour, day and month
  bool operator==(const LedgerState&) const = default;
};

/// The guard of one limit; of another mode or period under the same name it is void.
struct NamedGuard {
  std::string limit;  // name within the budget
  LimitMode mode;
  BudgetPeriod period;
  GuardState state;
  bool operator==(const NamedGuard&) const = default;
};

/// Nodes of one kind in the hour that is not over yet.
struct OpenGroup {
  std::string group;
  std::int64_t node_micros = 0;  // nodes x microseconds
  Integral cost{};
  bool operator==(const OpenGroup&) const = default;
};

/// What hours have cost, for anomalies and typical projections.
struct CostHistory {
  std::vector<CostHour> hours{};  // over, oldest first; prices to 1/10,000
  Instant open_begin{};           // of the hour that is not over
  std::vector<OpenGroup> open{};
  bool operator==(const CostHistory&) const = default;
};

/// The last four weeks, and the hour beside them that anomalies look at.
inline constexpr std::size_t history_hours_max = 24 * 28 + 2;
/// Kinds of nodes that a budget's history tells apart; more go together as `other_values`.
inline constexpr std::size_t history_groups_max = 4;

struct BudgetState {
  std::string uid;  // of the CostBudget: one that was deleted and made again starts anew
  LedgerState ledger;
  std::vector<NamedGuard> guards{};
  CostHistory history{};
  std::uint64_t selector = 0;  // a digest: hours of another selection are not comparable
  bool operator==(const BudgetState&) const = default;
};

}  // namespace poolscaler::money
