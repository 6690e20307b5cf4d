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
// `min by (...) (timestamp(metric{...}))` is asked with the values, as the second part of one joint
// query, or by a query of its own where both together are too long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/ports/metric_reader.hpp"

namespace poolscaler::query {

inline constexpr std::size_t values_max = 200;
inline constexpr std::size_t query_bytes_max = 16u << 10;
/// The most groups that one query may answer with, whatever the series are: the product of the
/// numbers of values of its labels.
inline constexpr std::size_t groups_max = values_max * values_max;
/// How far an instant selector looks back for a sample (the default of every known server).
inline constexpr int lookback_seconds = 300;
inline constexpr std::size_t detail_bytes_max = 300;

/// A query to be sent, and the signals (indices of the planner's input) that wait for its answer.
struct PlannedQuery {
  std::string source;
  /// Empty when `refused`.
  std::string promql;
  /// Empty where `promql` asks for the ages too, and for raw queries, whose age is not known.
  std::string age_promql{};
  std::vector<std::string> group_labels{};  // the enforced label first; empty for raw queries
  /// Set where `promql` is joint: values are its part 0, ages its part 1.
  std::string part_label{};
  std::vector<std::size_t> waiting{};  // ascending
  /// Set: not to be sent, the selector cannot be said in PromQL; text for people.
  std::optional<std::string> refused{};
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

/// `enforced_labels[source]` where it is not "namespace". Deterministic: independent of the order
/// of `signals` but for `waiting`.
[[nodiscard]] std::vector<PlannedQuery> plan(
    std::span<const SignalQuery> signals,
    const std::map<std::string, std::string>& enforced_labels = {});

/// What asks for this signal's values alone. Errors: InvalidInput, why it cannot be said.
[[nodiscard]] Result<std::string> own_query(const SignalQuery& signal,
                                            const std::string& enforced_label);

/// The shared answer of one planned query, indexed by group, so that splitting it over all who wait
/// takes time linear in their number. Keeps references to what it was made of.
///
/// Warnings, and several series in the signal's group, are Partial. The age is the time of the
/// query less the oldest sample's time. Where a range function has a value but the selector has no
/// sample within the lookback, the age is somewhere between that and the window: Stale unless the
/// window itself is within the signal's max_age_seconds. A raw query's value is taken to be as old
/// as its answer: the age is not known and never Stale.
class SharedAnswer {
 public:
  /// `ages` answers the planned query's `age_promql`, and counts only where there is one.
  SharedAnswer(const PlannedQuery& planned, const QueryAnswer& values, const QueryAnswer& ages);

  /// REQUIRES: `signal` is one of those that wait for the planned query.
  [[nodiscard]] SignalReading reading(const SignalQuery& signal) const;

 private:
  struct Group {
    const VectorSample* first = nullptr;
    std::size_t count = 0;
  };
  using Groups = std::unordered_map<std::string, Group>;

  void take(const QueryAnswer& answer, Groups& groups_of_part_0, Groups& groups_of_part_1) const;
  [[nodiscard]] SignalReading value_of(const Group& group, std::optional<double> age) const;
  [[nodiscard]] SignalReading structured(const SignalQuery& signal) const;

  const PlannedQuery& planned_;
  const QueryAnswer& values_;
  const QueryAnswer& ages_;
  Groups values_by_group_;
  Groups ages_by_group_;
};

/// The reading of one signal out of the shared answer: exactly what its own query would give.
[[nodiscard]] SignalReading split(const PlannedQuery& planned, const SignalQuery& signal,
                                  const QueryAnswer& values, const QueryAnswer& ages);

}  // namespace poolscaler::query
