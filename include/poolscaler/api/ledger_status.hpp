// What is kept of a ledger in the status of an object, so that a restart or another leader goes on
// where the last one stopped: all of money::Ledger but the nodes that run now.
//
// The renderer loses nothing within the bounds below; beyond them it leaves out what stands last. A
// ledger of which the reader cannot read a part is not there at all: it would say too little.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/amount.hpp"
#include "poolscaler/domain/cost_budget.hpp"

namespace poolscaler::api {

inline constexpr std::size_t ledger_dimensions_max = 4;
/// Of one period: 256 of each dimension, and the others.
inline constexpr std::size_t ledger_tenants_max = ledger_dimensions_max * 257;

/// A sum of rate x time: `rest` counts the 1/3,600,000 of a nano-unit above `amount`.
struct ExactAmount {
  Amount amount{};
  std::int64_t rest = 0;
  bool operator==(const ExactAmount&) const = default;
};

struct TenantCost {
  std::string dimension;  // "namespace"
  std::string value;      // "shop"; empty: the label is missing
  ExactAmount cost{};
  bool operator==(const TenantCost&) const = default;
};

struct ClosedPeriodStatus {
  Instant begin;
  Instant end;
  ExactAmount bill{};
  bool operator==(const ClosedPeriodStatus&) const = default;
};

struct PeriodStatus {
  BudgetPeriod kind;
  Instant begin;
  Instant end;
  bool partial = false;  // the ledger was opened after `begin`
  ExactAmount bill{};
  ExactAmount idle{};
  Millis unpriced{};  // node-time without a price
  std::vector<TenantCost> tenants{};
  std::optional<ClosedPeriodStatus> closed{};  // the one before
  bool operator==(const PeriodStatus&) const = default;
};

struct LedgerStatus {
  Instant counted_to;
  std::string time_zone = "UTC";
  HourlyRate rate{};  // of all priced nodes at counted_to
  std::int64_t unpriced_nodes = 0;
  std::vector<std::string> dimensions{};
  std::vector<PeriodStatus> periods{};  // at most one of each kind
  bool operator==(const LedgerStatus&) const = default;
};

}  // namespace poolscaler::api
