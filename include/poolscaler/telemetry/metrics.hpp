// Metrics: what the operator counts about itself, one method per fact, in words of the domain.
//
// Labels come in as enumerators or as names of our own objects; there is no way to pass free text
// but for hosts, which are capped. The series of a policy vanish with it. Process-wide series live
// in prometheus-cpp's registry; the per-policy ones in a compact table that is printed straight
// into the exposition, since a registry entry per series would cost more memory than the fleet
// itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/amount.hpp"
#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/names.hpp"
#include "poolscaler/domain/reason.hpp"

namespace poolscaler::telemetry {

enum class WriteResult { Written, Conflict, Throttled, Refused, Failed, Cancelled };
enum class RoundKind { Regular, Wake };
enum class WriteClass { FromZero, Growth, Shrink, Status };
enum class NodeWriteKind { Group, Cordon, Uncordon, Mark, Evict };
enum class QueryOutcome { Ok, Warning, Refused, Unavailable, TimedOut, Malformed, CircuitOpen };

[[nodiscard]] std::string_view name_of(WriteResult result);
[[nodiscard]] std::string_view name_of(RoundKind kind);
[[nodiscard]] std::string_view name_of(WriteClass write_class);
[[nodiscard]] std::string_view name_of(NodeWriteKind kind);
[[nodiscard]] std::string_view name_of(QueryOutcome outcome);

struct BuildInfo {
  std::string version;
  std::string commit;
  std::string compiler;
};

struct SignalSample {
  std::string name;
  SignalState state;
  double value = 0;
  std::optional<double> forecast_skill{};  // where it is forecast, and was tested
};

struct PolicySample {
  std::int32_t current = 0;
  std::int32_t desired = 0;
  std::int32_t recommended = 0;
  std::optional<std::int32_t> effective_max{};  // of one that draws on a pool
  bool ready = false;
  std::vector<SignalSample> signals{};
};

/// Where one limit of a budget stands.
struct BudgetLimitSample {
  std::string name;
  Amount amount{};    // of a Rate: per hour, as are the others
  Amount used{};
  Amount headroom{};  // negative: exceeded
  std::int64_t used_basis_points = 0;
  std::optional<Amount> projected_worst{};  // where it accrues
  std::optional<Amount> projected_typical{};
  bool frozen = false;
};

struct BudgetSample {
  bool ready = false;  // it is counted: no trouble with it
  std::string currency{};  // empty: not known
  HourlyRate rate{};
  std::size_t unpriced_nodes = 0;
  bool anomalous = false;
  std::vector<BudgetLimitSample> limits{};
};

/// Of one budget; more are not shown.
inline constexpr std::size_t budget_limits_shown_max = 8;
inline constexpr std::size_t budget_thresholds_shown_max = 64;

struct PoolGroupSample {
  std::string name;
  std::string_view capacity_type;
  std::optional<std::int64_t> desired{};  // nothing: it is only observed
  /// Nodes by state, in words; states without any may be left out.
  std::vector<std::pair<std::string_view, std::int64_t>> nodes{};
  HourlyRate rate{};  // of its priced nodes
  std::int64_t unpriced = 0;
};

struct PoolSample {
  bool ready = false;
  std::int64_t accelerators = 0;
  std::int64_t allocated = 0;
  std::int64_t pending = 0;
  std::vector<PoolGroupSample> groups{};
};

/// Thread-safe.
class Metrics {
 public:
  explicit Metrics(const BuildInfo& build);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void count_decision(Reason reason);
  void count_internal_error();
  void count_external_reset();
  void observe_round(RoundKind kind, Millis duration);
  void observe_round_lag(Millis lag);
  /// From the moment the operator knew the sample to the write that the API server confirmed.
  void observe_reaction(Millis duration);

  void count_scale_write(Trend direction, WriteResult result);
  void count_status_write(WriteResult result);
  void count_node_write(NodeWriteKind kind, WriteResult result);
  void set_write_queue_depth(WriteClass write_class, std::size_t depth);
  /// The total since the start; it never shrinks.
  void set_events_dropped(std::uint64_t total);

  void count_metric_query(QueryOutcome outcome);
  void observe_metric_query(Millis duration);

  /// `code` 0 stands for a request that got no answer. At most 16 hosts; more count as "other".
  void count_request(int code, std::string_view method, std::string_view host);

  void set_leader(std::string_view lease, bool leading);
  /// `resource` is a plural with its group ("deployments.apps"): at most 64, then "other".
  void set_watch_synced(std::string_view resource, bool synced);
  /// The total since the start; it never shrinks.
  void set_lists(std::string_view resource, std::uint64_t total);

  void set_policy(const ObjectKey& policy, const PolicySample& sample);
  void drop_policy(const ObjectKey& policy);
  /// Nothing of any policy is shown (a standby, or a leader that lost its lease).
  void drop_all_policies();

  void set_pool(const std::string& pool, PoolSample sample);
  void drop_pool(const std::string& pool);
  void drop_all_pools();

  void set_budget(const std::string& budget, const BudgetSample& sample);
  /// Counted for a budget that is set; the counts vanish with it.
  void count_budget_threshold(const std::string& budget, std::string_view limit, int percent);
  void count_budget_anomaly(const std::string& budget);
  void drop_budget(const std::string& budget);
  void drop_all_budgets();

  /// The text exposition, version 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace poolscaler::telemetry
