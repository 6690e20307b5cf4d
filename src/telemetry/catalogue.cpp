#include "poolscaler/telemetry/catalogue.hpp"

#include <array>
#include <fmt/format.h>

#include "poolscaler/base/check.hpp"

namespace poolscaler::telemetry {
namespace {

constexpr auto stable = Stability::Stable;
constexpr auto alpha = Stability::Alpha;
constexpr auto counter = MetricType::Counter;
constexpr auto gauge = MetricType::Gauge;
constexpr auto histogram = MetricType::Histogram;

constexpr std::array round_buckets = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                      0.5,   1.0,   2.5,  5.0,   10.0, 30.0};
constexpr std::array lag_buckets = {0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0};
constexpr std::array reaction_buckets = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0,
                                         2.0,  5.0,   10.0, 30.0, 60.0};
constexpr std::array query_buckets = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                      0.5,   1.0,  2.5,   5.0,  10.0};

constexpr std::array catalogue = {
    MetricInfo{"poolscaler_build_info", gauge, "version,commit,compiler", stable,
               "Always 1; the labels say which build this is."},
    MetricInfo{"poolscaler_decisions_total", counter, "reason", stable,
               "Decisions taken, by their reason, changes and non-changes alike."},
    MetricInfo{"poolscaler_internal_errors_total", counter, "", stable,
               "Broken invariants; each froze one policy until its spec changes."},
    MetricInfo{"poolscaler_external_resets_total", counter, "", stable,
               "Times that something else undid replicas that this operator had written."},
    MetricInfo{"poolscaler_round_duration_seconds", histogram, "round", stable,
               "Time from the start of a round to its last decision, the queries included.",
               round_buckets},
    MetricInfo{"poolscaler_round_lag_seconds", histogram, "", stable,
               "How much later than planned the policies of a round were decided.", lag_buckets},
    MetricInfo{"poolscaler_reaction_seconds", histogram, "", stable,
               "Time from a sample being known to the operator to the scale write that the API "
               "server confirmed.",
               reaction_buckets},
    MetricInfo{"poolscaler_scale_writes_total", counter, "direction,result", stable,
               "Writes to scale subresources."},
    MetricInfo{"poolscaler_status_writes_total", counter, "result", stable,
               "Writes to the status of policies and metric sources."},
    MetricInfo{"poolscaler_node_writes_total", counter, "kind,result", stable,
               "Writes about nodes: counts of their groups, cordons, marks and evictions."},
    MetricInfo{"poolscaler_write_queue_depth", gauge, "class", stable,
               "Writes that wait, by class; the classes are served in this order."},
    MetricInfo{
        "poolscaler_events_dropped_total", counter, "", stable,
        "Events that were not sent because their queue was full or the server refused them."},
    MetricInfo{"poolscaler_metric_queries_total", counter, "outcome", stable,
               "Queries to metric sources."},
    MetricInfo{"poolscaler_metric_query_duration_seconds", histogram, "", stable,
               "Time until the whole answer of a query to a metric source was there.",
               query_buckets},
    MetricInfo{"poolscaler_watch_synced", gauge, "resource", stable,
               "1 while a watched collection has been listed and is being followed."},
    MetricInfo{"poolscaler_watch_lists_total", counter, "resource", alpha,
               "Lists of a watched collection, the first one included."},
    MetricInfo{"poolscaler_policy_current_replicas", gauge, "policy_namespace,policy", stable,
               "Replicas that the target of a policy asks for (its spec)."},
    MetricInfo{"poolscaler_policy_desired_replicas", gauge, "policy_namespace,policy", stable,
               "Replicas that the policy decided on, after every limit."},
    MetricInfo{"poolscaler_policy_recommended_replicas", gauge, "policy_namespace,policy", stable,
               "Replicas that mode Automatic would write; differs from desired in mode Recommend."},
    MetricInfo{"poolscaler_policy_effective_max_replicas", gauge, "policy_namespace,policy", alpha,
               "Replicas that a policy on a pool may have at most now: its maxReplicas, or what "
               "budgets and the pool leave of them."},
    MetricInfo{"poolscaler_policy_ready", gauge, "policy_namespace,policy", stable,
               "1 while condition Ready of the policy is True."},
    MetricInfo{"poolscaler_policy_signal_value", gauge, "policy_namespace,policy,signal", stable,
               "Last usable value of a signal; missing while the signal has none."},
    MetricInfo{"poolscaler_policy_signal_state", gauge, "policy_namespace,policy,signal,state",
               stable, "Always 1; the label says in which state the signal is."},
    MetricInfo{"poolscaler_policy_forecast_skill", gauge, "policy_namespace,policy,signal", alpha,
               "How much better than the last value the forecast of a signal did on its history: 1 "
               "is perfect, 0 no better, below 0 worse."},
    MetricInfo{"poolscaler_pool_ready", gauge, "pool", stable,
               "1 while condition Ready of a pool is True."},
    MetricInfo{"poolscaler_pool_accelerators", gauge, "pool,state", stable,
               "Accelerators of a pool: allocated and free are those of its nodes; pending is "
               "asked for by pods that wait."},
    MetricInfo{"poolscaler_pool_nodes", gauge, "pool,group,capacity_type,state", stable,
               "Nodes of a node group by their state."},
    MetricInfo{"poolscaler_pool_desired_nodes", gauge, "pool,group,capacity_type", stable,
               "Nodes that a node group has been asked for; missing where it is only observed."},
    MetricInfo{"poolscaler_pool_hourly_cost", gauge, "pool,group,capacity_type", stable,
               "What the priced nodes of a node group cost an hour, but for commitments."},
    MetricInfo{"poolscaler_pool_unpriced_nodes", gauge, "pool,group,capacity_type", stable,
               "Nodes of a node group of which nobody knows the price."},
    MetricInfo{"poolscaler_budget_info", gauge, "budget,currency", stable,
               "Always 1; the label says in which currency the amounts of a budget are."},
    MetricInfo{"poolscaler_budget_ready", gauge, "budget", stable,
               "1 while a budget has no trouble; 0: nothing grows under it."},
    MetricInfo{"poolscaler_budget_hourly_cost", gauge, "budget", stable,
               "What all nodes of a budget cost an hour, but for commitments."},
    MetricInfo{"poolscaler_budget_unpriced_nodes", gauge, "budget", stable,
               "Nodes of a budget of which nobody knows the price; they are in no other number."},
    MetricInfo{"poolscaler_budget_anomalous", gauge, "budget", stable,
               "1 while the last full hour of a budget cost much more than such hours do."},
    MetricInfo{"poolscaler_budget_anomalies_total", counter, "budget", stable,
               "Hours of a budget that cost much more than such hours do."},
    MetricInfo{"poolscaler_budget_limit_cost", gauge, "budget,limit", stable,
               "What a limit of a budget allows; of mode Rate an hour, as all about it."},
    MetricInfo{"poolscaler_budget_used_cost", gauge, "budget,limit", stable,
               "What has accrued in the period of a limit; of mode Rate what nodes cost an hour."},
    MetricInfo{"poolscaler_budget_headroom_cost", gauge, "budget,limit", stable,
               "What a limit leaves after what is protected; below 0 it is exceeded."},
    MetricInfo{"poolscaler_budget_used_ratio", gauge, "budget,limit", stable,
               "Used of a limit, 1 being all of it."},
    MetricInfo{"poolscaler_budget_frozen", gauge, "budget,limit", stable,
               "1 while nothing grows under a limit."},
    MetricInfo{"poolscaler_budget_projected_cost", gauge, "budget,limit,projection", stable,
               "What will have accrued at the end of the period: worst when the rate stays, "
               "typical by the hours of the week."},
    MetricInfo{"poolscaler_budget_thresholds_total", counter, "budget,limit,percent", stable,
               "Thresholds of a limit that were reached, once a period each."},
    MetricInfo{"leader_election_master_status", gauge, "name", stable,
               "1 while this process holds the lease of that name."},
    MetricInfo{"rest_client_requests_total", counter, "code,method,host", stable,
               "Requests to the API server; code is <error> when no answer came."},
    MetricInfo{"process_cpu_seconds_total", counter, "", stable,
               "User and system time of this process."},
    MetricInfo{"process_resident_memory_bytes", gauge, "", stable,
               "Resident memory of this process."},
    MetricInfo{"process_virtual_memory_bytes", gauge, "", stable,
               "Virtual memory of this process."},
    MetricInfo{"process_open_fds", gauge, "", stable, "Open file descriptors."},
    MetricInfo{"process_max_fds", gauge, "", stable, "Limit of open file descriptors."},
    MetricInfo{"process_start_time_seconds", gauge, "", stable,
               "When this process started, in seconds since 1970."},
};

std::string label_cell(std::string_view labels) {
  if (labels.empty()) return "";
  std::string out = "`";
  for (const char c : labels) out += c == ',' ? std::string("`, `") : std::string(1, c);
  return out + "`";
}

}  // namespace

std::span<const MetricInfo> metric_catalogue() { return catalogue; }

const MetricInfo& metric_info(std::string_view name) {
  for (const auto& info : catalogue)
    if (info.name == name) return info;
  CHECK(false, "every metric that is used is in the catalogue");
}

std::string_view name_of(MetricType type) {
  switch (type) {
    case MetricType::Counter: return "counter";
    case MetricType::Gauge: return "gauge";
    case MetricType::Histogram: return "histogram";
  }
  return "";
}

std::string metrics_page() {
  std::string page =
      "# Metrics\n\n"
      "<!-- printed by `poolscaler print metrics`; do not edit -->\n\n"
      "Served at `/metrics` of the listen address. A series that names a policy or a budget\n"
      "vanishes with it, and is shown by the leader alone. The namespace of a policy is in the\n"
      "label `policy_namespace`, since Prometheus would rename a label `namespace` to\n"
      "`exported_namespace` on most installations.\n\n"
      "Stable: the name and the labels stay for a year after a replacement is announced. Alpha:\n"
      "may change with any release.\n\n"
      "| name | type | labels | stability | meaning |\n"
      "|---|---|---|---|---|\n";
  for (const auto& info : catalogue)
    page += fmt::format("| `{}` | {} | {} | {} | {} |\n", info.name, name_of(info.type),
                        label_cell(info.labels),
                        info.stability == Stability::Stable ? "stable" : "alpha", info.help);
  page += "\n## Buckets\n\n| name | upper bounds |\n|---|---|\n";
  for (const auto& info : catalogue) {
    if (info.buckets.empty()) continue;
    page += fmt::format("| `{}` | {} |\n", info.name, fmt::join(info.buckets, ", "));
  }
  return page;
}

}  // namespace poolscaler::telemetry
