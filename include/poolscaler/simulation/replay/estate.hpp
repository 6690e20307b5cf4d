// A run with nodes and money: what it is given, and what it came to. One pool of accelerators, what
// its nodes cost and when, the budgets over it, and the policies that draw on it. Nodes and grants
// are decided by the operator's own code: capacity::plan and money::BudgetBook.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/domain/accelerator_pool.hpp"
#include "poolscaler/domain/cost_budget.hpp"
#include "poolscaler/domain/price_catalog.hpp"
#include "poolscaler/domain/reason.hpp"
#include "poolscaler/domain/scaling_policy.hpp"
#include "poolscaler/money/caps.hpp"
#include "poolscaler/simulation/replay/load.hpp"

namespace poolscaler::replay {

using ReasonCounts = std::array<std::int64_t, all_reasons.size()>;

struct SpotPoint {
  Instant at;
  HourlyRate price;
};

/// What spot nodes of one type cost in one zone; each price holds until the next.
struct SpotSeries {
  std::string region;
  std::string zone;
  std::string instance_type;
  std::vector<SpotPoint> points{};  // by time; never empty
};

inline constexpr std::size_t spot_points_max = 1'000'000;

/// "ts,region,zone,instance_type,spot_price,...": lines of each series by time. Errors:
/// InvalidInput with file, line and what was expected.
[[nodiscard]] Result<std::vector<SpotSeries>> read_spot_series(std::string_view name,
                                                               std::string_view text);

/// Who draws on the pool.
struct Drawing {
  std::string policy;  // "shop/web"
  std::string ns;
  std::vector<LabelValue> labels{};
  PolicyCost cost{};
  std::int32_t accelerators = 1;  // of one replica
  std::int32_t min_replicas = 0;
  Millis interval = std::chrono::seconds(15);  // between two decisions
};

/// Spot nodes that the provider takes back, with notice.
struct Interruptions {
  double hourly_share = 0;  // of the spot nodes of a group, that an hour takes on average; below 1
  Micros notice{120'000'000};  // until what has got it is gone
  std::uint64_t seed = 0;
};

struct Estate {
  AcceleratorPool pool;
  /// Taken as fresh, whatever their dates.
  std::vector<std::shared_ptr<const PriceCatalog>> catalogs{};
  std::vector<std::shared_ptr<const CostBudget>> budgets{};
  /// Of groups of spot nodes without a price of their own. Moved to begin with the run, unless the
  /// run lies within them.
  std::vector<SpotSeries> spot{};
  Interruptions interruptions{};
  Micros node_boot{300'000'000};  // from asking for a node until pods can start on it
  Instant start{};                // what 0 of the trace is on the clock
  Drawing drawing{};              // of the one policy that is played alone
};

/// A node may boot this long: what takes longer does not come, as the operator sees it.
inline constexpr std::int64_t node_boot_seconds_max = 890;

/// InvalidInput for what cannot be played: a replica that spans nodes, a pool of which no node has
/// a price, budgets in another currency.
[[nodiscard]] Result<void> check(const Estate& estate);

/// What the accelerators of a replica cost on the cheapest node that has a price at the beginning,
/// rounded up. The estate has been checked.
[[nodiscard]] HourlyRate replica_price(const Estate& estate);

/// How far a limit was used at most.
struct LimitUse {
  money::LimitOwner owner;
  std::string name;  // of the owner
  std::string limit;
  std::int64_t most_basis_points = 0;
};

inline constexpr std::size_t capacity_type_count = 3;

/// What nodes came to within the measured interval, by capacity type.
struct Spending {
  std::array<std::int64_t, capacity_type_count> node_micros{};
  std::array<Amount, capacity_type_count> cost{};
  Amount idle{};  // of the cost: accelerators that no replica had
  std::int64_t nodes_started = 0;
  std::int64_t nodes_interrupted = 0;  // spot nodes that the provider took
  std::int64_t most_nodes = 0;
  HourlyRate most_rate{};
  ReasonCounts capped{};  // decisions that money or the pool cut, by why
  std::vector<LimitUse> limits{};

  void add(const Spending& other);
  [[nodiscard]] Amount total() const;
};

/// What one policy had of the pool, and paid, within the measured interval. All shares and what was
/// idle are the cost of the nodes.
struct Share {
  std::string policy;
  std::int64_t accelerator_micros = 0;
  Amount cost{};
  ReasonCounts capped{};  // its decisions that money or the pool cut, by why
};

}  // namespace poolscaler::replay
