#include "poolscaler/telemetry/metrics.hpp"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <set>
#include <sstream>

#include "budget_series.hpp"
#include "pool_series.hpp"
#include "policy_series.hpp"
#include "poolscaler/base/guarded.hpp"
#include "poolscaler/telemetry/catalogue.hpp"
#include "process.hpp"

namespace poolscaler::telemetry {
namespace {

constexpr std::array write_results = {WriteResult::Written, WriteResult::Conflict,
                                      WriteResult::Throttled, WriteResult::Refused,
                                      WriteResult::Failed, WriteResult::Cancelled};
constexpr std::array write_classes = {WriteClass::FromZero, WriteClass::Growth,
                                      WriteClass::Shrink, WriteClass::Status};
constexpr std::array node_write_kinds = {NodeWriteKind::Group, NodeWriteKind::Cordon,
                                         NodeWriteKind::Uncordon, NodeWriteKind::Mark,
                                         NodeWriteKind::Evict};
constexpr std::array query_outcomes = {QueryOutcome::Ok,         QueryOutcome::Warning,
                                       QueryOutcome::Refused,    QueryOutcome::Unavailable,
                                       QueryOutcome::TimedOut,   QueryOutcome::Malformed,
                                       QueryOutcome::CircuitOpen};
constexpr std::array directions = {Trend::Up, Trend::Down};
constexpr std::array round_kinds = {RoundKind::Regular, RoundKind::Wake};

constexpr std::size_t hosts_max = 16;
constexpr std::size_t resources_max = 64;
constexpr std::string_view overflow_label = "other";

std::string_view name_of_direction(Trend direction) {
  return direction == Trend::Up ? "up" : "down";
}

double seconds(Millis duration) { return static_cast<double>(duration.count()) / 1000.0; }

/// For what others count: a counter that is told its total.
void raise(prometheus::Counter& counter, std::uint64_t total) {
  const double added = static_cast<double>(total) - counter.Value();
  if (added > 0) counter.Increment(added);
}

/// Lets the first `max` different values pass and names the rest "other".
class CappedLabel {
 public:
  explicit CappedLabel(std::size_t max) : max_(max) {}
  std::string operator()(std::string_view value) {
    return seen_.with([&](std::set<std::string, std::less<>>& seen) {
      if (seen.contains(value)) return std::string(value);
      if (seen.size() >= max_) return std::string(overflow_label);
      seen.emplace(value);
      return std::string(value);
    });
  }

 private:
  std::size_t max_;
  Guarded<std::set<std::string, std::less<>>> seen_;
};

}  // namespace

std::string_view name_of(WriteResult result) {
  switch (result) {
    case WriteResult::Written: return "written";
    case WriteResult::Conflict: return "conflict";
    case WriteResult::Throttled: return "throttled";
    case WriteResult::Refused: return "refused";
    case WriteResult::Failed: return "failed";
    case WriteResult::Cancelled: return "cancelled";
  }
  return "";
}

std::string_view name_of(RoundKind kind) {
  return kind == RoundKind::Regular ? "regular" : "wake";
}

std::string_view name_of(WriteClass write_class) {
  switch (write_class) {
    case WriteClass::FromZero: return "from_zero";
    case WriteClass::Growth: return "growth";
    case WriteClass::Shrink: return "shrink";
    case WriteClass::Status: return "status";
  }
  return "";
}

std::string_view name_of(NodeWriteKind kind) {
  switch (kind) {
    case NodeWriteKind::Group: return "group";
    case NodeWriteKind::Cordon: return "cordon";
    case NodeWriteKind::Uncordon: return "uncordon";
    case NodeWriteKind::Mark: return "mark";
    case NodeWriteKind::Evict: return "evict";
  }
  return "";
}

std::string_view name_of(QueryOutcome outcome) {
  switch (outcome) {
    case QueryOutcome::Ok: return "ok";
    case QueryOutcome::Warning: return "warning";
    case QueryOutcome::Refused: return "refused";
    case QueryOutcome::Unavailable: return "unavailable";
    case QueryOutcome::TimedOut: return "timed_out";
    case QueryOutcome::Malformed: return "malformed";
    case QueryOutcome::CircuitOpen: return "circuit_open";
  }
  return "";
}

struct Metrics::Impl {
  using Labels = std::map<std::string, std::string>;

  prometheus::Registry registry;
  Guarded<PolicySeries> policies;
  Guarded<BudgetSeries> budgets;
  Guarded<PoolSeries> pools;
  CappedLabel host{hosts_max};
  CappedLabel resource{resources_max};

  prometheus::Family<prometheus::Counter>& counters(std::string_view name) {
    const auto& info = metric_info(name);
    return prometheus::BuildCounter().Name(std::string(info.name)).Help(std::string(info.help))
        .Register(registry);
  }
  prometheus::Family<prometheus::Gauge>& gauges(std::string_view name) {
    const auto& info = metric_info(name);
    return prometheus::BuildGauge().Name(std::string(info.name)).Help(std::string(info.help))
        .Register(registry);
  }
  prometheus::Histogram& histogram(std::string_view name, const Labels& labels = {}) {
    const auto& info = metric_info(name);
    auto& family = prometheus::BuildHistogram().Name(std::string(info.name))
        .Help(std::string(info.help)).Register(registry);
    return family.Add(labels, prometheus::Histogram::BucketBoundaries(info.buckets.begin(),
                                                                      info.buckets.end()));
  }

  prometheus::Family<prometheus::Counter>& decisions = counters("poolscaler_decisions_total");
  std::array<prometheus::Counter*, all_reasons.size()> decisions_by_reason{};
  prometheus::Counter& internal_errors = counters("poolscaler_internal_errors_total").Add({});
  prometheus::Counter& external_resets = counters("poolscaler_external_resets_total").Add({});
  prometheus::Histogram& regular_round = histogram(
      "poolscaler_round_duration_seconds", {{"round", std::string(name_of(RoundKind::Regular))}});
  prometheus::Histogram& wake_round = histogram(
      "poolscaler_round_duration_seconds", {{"round", std::string(name_of(RoundKind::Wake))}});
  prometheus::Histogram& lag = histogram("poolscaler_round_lag_seconds");
  prometheus::Histogram& reaction = histogram("poolscaler_reaction_seconds");
  prometheus::Family<prometheus::Counter>& scale_writes = counters("poolscaler_scale_writes_total");
  prometheus::Family<prometheus::Counter>& status_writes =
      counters("poolscaler_status_writes_total");
  prometheus::Family<prometheus::Counter>& node_writes = counters("poolscaler_node_writes_total");
  prometheus::Family<prometheus::Gauge>& queue_depth = gauges("poolscaler_write_queue_depth");
  prometheus::Counter& events_dropped = counters("poolscaler_events_dropped_total").Add({});
  prometheus::Family<prometheus::Counter>& queries = counters("poolscaler_metric_queries_total");
  prometheus::Histogram& query_duration = histogram("poolscaler_metric_query_duration_seconds");
  prometheus::Family<prometheus::Counter>& requests = counters("rest_client_requests_total");
  prometheus::Family<prometheus::Gauge>& leader = gauges("leader_election_master_status");
  prometheus::Family<prometheus::Gauge>& synced = gauges("poolscaler_watch_synced");
  prometheus::Family<prometheus::Counter>& lists = counters("poolscaler_watch_lists_total");
  prometheus::Counter& cpu = counters("process_cpu_seconds_total").Add({});
  prometheus::Gauge& resident = gauges("process_resident_memory_bytes").Add({});
  prometheus::Gauge& virtual_memory = gauges("process_virtual_memory_bytes").Add({});
  prometheus::Gauge& open_fds = gauges("process_open_fds").Add({});
  prometheus::Gauge& max_fds = gauges("process_max_fds").Add({});
  prometheus::Gauge& start_time = gauges("process_start_time_seconds").Add({});

  /// Every series whose labels are enumerators exists from the start, at 0, so that a rate over it
  /// is right for the first event too.
  explicit Impl(const BuildInfo& build) {
    gauges("poolscaler_build_info")
        .Add({{"version", build.version}, {"commit", build.commit}, {"compiler", build.compiler}})
        .Set(1);
    for (const auto reason : all_reasons)
      decisions_by_reason[static_cast<std::size_t>(reason)] =
          &decisions.Add({{"reason", std::string(name_of(reason))}});
    for (const auto result : write_results) {
      status_write(result);
      for (const auto kind : node_write_kinds) node_write(kind, result);
      for (const auto direction : directions) scale_write(direction, result);
    }
    for (const auto write_class : write_classes) depth(write_class).Set(0);
    for (const auto outcome : query_outcomes) query(outcome);
  }

  prometheus::Counter& scale_write(Trend direction, WriteResult result) {
    return scale_writes.Add({{"direction", std::string(name_of_direction(direction))},
                             {"result", std::string(name_of(result))}});
  }
  prometheus::Counter& status_write(WriteResult result) {
    return status_writes.Add({{"result", std::string(name_of(result))}});
  }
  prometheus::Counter& node_write(NodeWriteKind kind, WriteResult result) {
    return node_writes.Add(
        {{"kind", std::string(name_of(kind))}, {"result", std::string(name_of(result))}});
  }
  prometheus::Gauge& depth(WriteClass write_class) {
    return queue_depth.Add({{"class", std::string(name_of(write_class))}});
  }
  prometheus::Counter& query(QueryOutcome outcome) {
    return queries.Add({{"outcome", std::string(name_of(outcome))}});
  }
  prometheus::Histogram& round(RoundKind kind) {
    return kind == RoundKind::Regular ? regular_round : wake_round;
  }

  void read_process() {
    const auto facts = read_process_facts();
    const double added = facts.cpu_seconds - cpu.Value();
    if (added > 0) cpu.Increment(added);
    resident.Set(facts.resident_bytes);
    virtual_memory.Set(facts.virtual_bytes);
    open_fds.Set(facts.open_fds);
    max_fds.Set(facts.max_fds);
    start_time.Set(facts.start_time_seconds);
  }
};

Metrics::Metrics(const BuildInfo& build) : impl_(std::make_unique<Impl>(build)) {
  static_assert(round_kinds.size() == 2, "Impl has one histogram per kind of round");
}
Metrics::~Metrics() = default;

void Metrics::count_decision(Reason reason) {
  impl_->decisions_by_reason[static_cast<std::size_t>(reason)]->Increment();
}
void Metrics::count_internal_error() { impl_->internal_errors.Increment(); }
void Metrics::count_external_reset() { impl_->external_resets.Increment(); }
void Metrics::observe_round(RoundKind kind, Millis duration) {
  impl_->round(kind).Observe(seconds(duration));
}
void Metrics::observe_round_lag(Millis lag) { impl_->lag.Observe(seconds(lag)); }
void Metrics::observe_reaction(Millis duration) { impl_->reaction.Observe(seconds(duration)); }

void Metrics::count_scale_write(Trend direction, WriteResult result) {
  impl_->scale_write(direction, result).Increment();
}
void Metrics::count_status_write(WriteResult result) { impl_->status_write(result).Increment(); }
void Metrics::count_node_write(NodeWriteKind kind, WriteResult result) {
  impl_->node_write(kind, result).Increment();
}
void Metrics::set_write_queue_depth(WriteClass write_class, std::size_t depth) {
  impl_->depth(write_class).Set(static_cast<double>(depth));
}
void Metrics::set_events_dropped(std::uint64_t total) { raise(impl_->events_dropped, total); }

void Metrics::count_metric_query(QueryOutcome outcome) { impl_->query(outcome).Increment(); }
void Metrics::observe_metric_query(Millis duration) {
  impl_->query_duration.Observe(seconds(duration));
}

void Metrics::count_request(int code, std::string_view method, std::string_view host) {
  impl_->requests
      .Add({{"code", code == 0 ? std::string("<error>") : fmt::format("{}", code)},
            {"method", std::string(method)},
            {"host", impl_->host(host)}})
      .Increment();
}

void Metrics::set_leader(std::string_view lease, bool leading) {
  impl_->leader.Add({{"name", std::string(lease)}}).Set(leading ? 1 : 0);
}
void Metrics::set_watch_synced(std::string_view resource, bool synced) {
  impl_->synced.Add({{"resource", impl_->resource(resource)}}).Set(synced ? 1 : 0);
}
void Metrics::set_lists(std::string_view resource, std::uint64_t total) {
  raise(impl_->lists.Add({{"resource", impl_->resource(resource)}}), total);
}

void Metrics::set_policy(const ObjectKey& policy, const PolicySample& sample) {
  impl_->policies.with([&](PolicySeries& series) { series.set(policy, sample); });
}
void Metrics::drop_policy(const ObjectKey& policy) {
  impl_->policies.with([&](PolicySeries& series) { series.drop(policy); });
}
void Metrics::drop_all_policies() {
  impl_->policies.with([](PolicySeries& series) { series.clear(); });
}

void Metrics::set_pool(const std::string& pool, PoolSample sample) {
  impl_->pools.with([&](PoolSeries& series) { series.set(pool, std::move(sample)); });
}
void Metrics::drop_pool(const std::string& pool) {
  impl_->pools.with([&](PoolSeries& series) { series.drop(pool); });
}
void Metrics::drop_all_pools() {
  impl_->pools.with([](PoolSeries& series) { series.clear(); });
}

void Metrics::set_budget(const std::string& budget, const BudgetSample& sample) {
  impl_->budgets.with([&](BudgetSeries& series) { series.set(budget, sample); });
}
void Metrics::count_budget_threshold(const std::string& budget, std::string_view limit,
                                     int percent) {
  impl_->budgets.with([&](BudgetSeries& series) { series.count(budget, limit, percent); });
}
void Metrics::count_budget_anomaly(const std::string& budget) {
  impl_->budgets.with([&](BudgetSeries& series) { series.count_anomaly(budget); });
}
void Metrics::drop_budget(const std::string& budget) {
  impl_->budgets.with([&](BudgetSeries& series) { series.drop(budget); });
}
void Metrics::drop_all_budgets() {
  impl_->budgets.with([](BudgetSeries& series) { series.clear(); });
}

std::string Metrics::text() const {
  impl_->read_process();
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->registry.Collect());
  std::string text = std::move(out).str();
  impl_->policies.with([&](const PolicySeries& series) { series.print(text); });
  impl_->budgets.with([&](const BudgetSeries& series) { series.print(text); });
  impl_->pools.with([&](const PoolSeries& series) { series.print(text); });
  return text;
}

}  // namespace poolscaler::telemetry
