// status of a CostBudget: where its limits stand, and what must be known after a restart: the
// ledger, what each guard has said and done, and the cost of past hours.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/api/ledger_status.hpp"
#include "poolscaler/api/objects.hpp"

namespace poolscaler::api {

inline constexpr std::size_t budget_limits_max = 8;
inline constexpr std::size_t thresholds_max = 8;
inline constexpr std::size_t history_hours_max = 745;  // 31 days and the hour that comes twice
/// Of one hour, and kinds and prices of all hours; older hours are left out where there are more.
inline constexpr std::size_t history_groups_max = 64;
inline constexpr std::size_t history_prices_max = 512;

/// All of money::GuardState.
struct GuardStatus {
  Instant period_begin{};
  Amount amount{};
  std::vector<int> fired{};    // thresholds said in this period, percent
  std::array<bool, 3> near{};  // the last rounds, newest first
  bool warned = false;
  std::optional<Instant> frozen_since{};
  std::optional<Instant> over_since{};
  bool operator==(const GuardStatus&) const = default;
};

struct LimitStatus {
  std::string name;
  LimitMode mode = LimitMode::Rate;
  BudgetPeriod period = BudgetPeriod::Hour;
  Amount amount{};
  // Of an Accrued one.
  std::optional<Instant> period_begin{};
  std::optional<Instant> period_end{};
  bool partial = false;  // the budget is younger than the period
  std::optional<HourlyRate> pace{};
  Amount accrued{};  // rounded up; of a Rate: the rate
  std::int64_t used_basis_points = 0;
  Amount headroom{};  // negative: over the limit
  std::optional<Amount> projected_worst{};
  std::optional<Amount> projected_typical{};
  std::optional<Instant> exhausted_at{};
  std::optional<Instant> resumes_at{};  // at the earliest, while frozen
  std::string_view act = "None";        // money::name_of(GuardAct): what is done now
  std::string message{};                // where it stands, in a sentence
  GuardStatus guard{};
  bool operator==(const LimitStatus&) const = default;
};

/// The last full hour that was judged.
struct AnomalyStatus {
  Instant hour;
  bool anomalous = false;
  std::string_view baseline = "TooShort";  // "HourOfWeek", "Mean" or "TooShort"
  Amount cost{};
  Amount expected{};
  // How it differs: more nodes, dearer ones, dearer kinds. May be negative.
  Amount by_nodes{};
  Amount by_price{};
  Amount by_mix{};
  std::string message{};
  bool operator==(const AnomalyStatus&) const = default;
};

/// Nodes of one kind and price in one hour: money::GroupHour.
struct GroupHourStatus {
  std::string group;
  std::int64_t milli_nodes;
  HourlyRate price;
  bool operator==(const GroupHourStatus&) const = default;
};

struct CostHourStatus {
  Instant begin;
  std::vector<GroupHourStatus> groups{};
  bool excluded = false;
  bool operator==(const CostHourStatus&) const = default;
};

/// Nodes of one kind in the hour that is not over: money::OpenGroup.
struct OpenGroupStatus {
  std::string group;
  std::int64_t node_micros = 0;
  ExactAmount cost{};
  bool operator==(const OpenGroupStatus&) const = default;
};

struct OpenHourStatus {
  Instant begin;
  std::vector<OpenGroupStatus> groups{};
  bool operator==(const OpenHourStatus&) const = default;
};

struct BudgetStatus {
  std::int64_t observed_generation = 0;
  /// Ready, BudgetExceeded, Forecast, PricesKnown, Anomaly.
  std::vector<Condition> conditions{};
  Currency currency{};
  HourlyRate rate{};       // marginal, of all that it selects
  HourlyRate committed{};  // paid anyway: accrues, and is no part of a rate
  std::int64_t nodes = 0;
  std::int64_t unpriced_nodes = 0;
  std::int64_t doubtful_nodes = 0;  // with a stale price, or several
  std::optional<LedgerStatus> ledger{};
  std::vector<LimitStatus> limits{};
  std::optional<AnomalyStatus> anomaly{};
  std::vector<CostHourStatus> history{};  // oldest first
  std::optional<OpenHourStatus> open_hour{};
  std::uint64_t selection = 0;  // a digest: hours of another selection are not comparable
};

/// The JSON object that goes under `.status`.
[[nodiscard]] std::string render_budget_status(const BudgetStatus& status);
/// Lenient: what cannot be read is left at its default.
[[nodiscard]] BudgetStatus read_budget_status(const nlohmann::json& object);

}  // namespace poolscaler::api
