// The query planner: N signals are not N queries. Pure.
//
// A structured selector renders to
//   agg by (<enforced label>, <matched label names>) (range_fn(metric{matchers}[window]))
// Selectors of one *shape* (source, metric, aggregation, range function, window, label names, fixed
// matchers) share a query; the values of their equality matchers become anchored, escaped
// alternations of at most `values_max` values and `query_bytes_max` bytes; more values are further
// queries of the same shape. The answer is split again by labels. The enforced label is always in
// the grouping, so that a shared answer cannot cross a tenant. Raw queries are shared when their
// text is equal (and are the tenant's own as far as the MetricSource allows them).
//
// Age needs the sample's own time, since an instant query answers with the time of the query:
// `min by (...) (timestamp(metric{...}))` is asked once a shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "poolscaler/domain/observation.hpp"
#include "poolscaler/ports/metric_reader.hpp"

namespace poolscaler::query {

inline constexpr std::size_t values_max = 200;
inline constexpr std::size_t query_bytes_max = 16u << 10;

/// A query to be sent, and the signals (indices of the planner's input) that wait for its answer.
struct PlannedQuery {
  std::string source;
  std::string promql;
  /// Empty for raw queries, whose age is not known.
  std::string age_promql;
  std::vector<std::string> group_labels;  // the enforced label first
  std::vector<std::size_t> waiting;
};

/// One series of an instant vector. `value` may be NaN or infinite here.
struct VectorSample {
  std::map<std::string, std::string> labels;
  double time_seconds;
  double value;
};

/// An answer of the HTTP API, understood as far as it goes.
struct QueryAnswer {
  std::vector<VectorSample> samples;  // a scalar is one sample without labels
  std::vector<std::string> warnings{};
  std::optional<std::string> error{};   // set: no samples; text for people, capped
};

/// `enforced_labels[source]` where it is not "namespace". Deterministic: independent of the order of
/// `signals` but for `waiting`.
[[nodiscard]] std::vector<PlannedQuery> plan(
    std::span<const SignalQuery> signals,
    const std::map<std::string, std::string>& enforced_labels = {});

/// The reading of signal `index` out of the shared answer: exactly what its own query would give.
[[nodiscard]] SignalReading split(const PlannedQuery& planned, const SignalQuery& signal,
                                  const QueryAnswer& values, const QueryAnswer& ages);

}  // namespace poolscaler::query
