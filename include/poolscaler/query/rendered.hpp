// What the planner sends, as data: render() writes it as PromQL, recognise() reads exactly that
// text back and nothing else. It is no second PromQL: a metric store that has to answer the planner
// needs no more than this. render(recognise(text)) is `text`, byte for byte, and so the other way.
//
//   sum by (namespace, queue) (rate(jobs_total{namespace="shop",queue=~"a|b"}[60s]))
//   min by (namespace, queue) (timestamp(jobs_total{namespace="shop",queue=~"a|b"}))
//   max by (namespace) (new_name{namespace="shop"} or old_name{namespace="shop"})
//
// Each may be bounded from below (`... > 5`), so that the answer is empty while nothing is above.
// Several are asked at once as parts of one joint query, told apart by a label with their index:
//
//   label_replace(sum by (..) (..), "poolscaler_part", "0", "", "") or
//   label_replace(min by (..) (..), "poolscaler_part", "1", "", "")
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::query {

/// Labels in the grouping, and matchers, of one query.
inline constexpr std::size_t labels_max = 64;

enum class Asks {
  Value,            // agg by (...) (metric{...}) or agg by (...) (range_fn(metric{...}[w]))
  OldestTimestamp,  // min by (...) (timestamp(metric{...})): seconds since 1970
};

struct RenderedQuery {
  Asks asks = Asks::Value;
  Aggregation aggregation = Aggregation::Sum;  // Min when a timestamp is asked
  std::vector<std::string> group_labels;       // at least one
  RangeFunction range_function = RangeFunction::None;
  int window_seconds = 0;  // 0 exactly when range_function is None
  std::string metric;
  std::vector<std::string> other_names{};  // joined by `or` behind it, with the same matchers
  /// At least one. A series belongs to the query when all of them hold; a label that a series does
  /// not have counts as "".
  std::vector<Matcher> matchers;
  auto operator<=>(const RenderedQuery&) const = default;
};

struct RenderedPart {
  RenderedQuery query;
  /// Set, and finite: only values above it are answered.
  std::optional<double> above{};
  auto operator<=>(const RenderedPart&) const = default;
};

/// REQUIRES: names that is_metric_name() and is_label_name() accept, values of valid UTF-8.
[[nodiscard]] std::string render(const RenderedQuery& query);
[[nodiscard]] std::string render(const RenderedPart& part);
/// A part alone as it is, several as a joint query. REQUIRES: at least one.
[[nodiscard]] std::string render(std::span<const RenderedPart> parts);

/// The label that tells the parts of a joint query apart: none of those that they are grouped by.
[[nodiscard]] std::string part_label(std::span<const std::string> group_labels);
/// The joint query of parts that are rendered already. REQUIRES: at least two.
[[nodiscard]] std::string joined(std::span<const std::string> parts, std::string_view label);

/// Errors: InvalidInput with the position (in bytes, from 1) and what was expected there.
[[nodiscard]] Result<RenderedQuery> recognise(std::string_view promql);
/// The same of everything that the planner sends; one part when it is no joint query.
[[nodiscard]] Result<std::vector<RenderedPart>> recognise_parts(std::string_view promql);

/// Names that can stand in PromQL as they are: its grammar, without its reserved words.
[[nodiscard]] bool is_metric_name(std::string_view name);
[[nodiscard]] bool is_label_name(std::string_view name);
[[nodiscard]] bool is_utf8(std::string_view text);

/// `text` as a regular expression (RE2) that matches this text alone.
[[nodiscard]] std::string regex_literal(std::string_view text);

/// Decides one matcher for label values. Regular expressions are anchored at both ends, as in
/// PromQL, and decided in time linear in the value: literals, dot, classes, groups, alternatives
/// and repetitions in RE2's syntax; names, flags, Unicode classes and word boundaries are refused.
class LabelPredicate {
 public:
  /// Errors: InvalidInput (an expression that is too large, broken or outside of the above).
  [[nodiscard]] static Result<LabelPredicate> of(const Matcher& matcher);
  /// `value` is "" for a label that is absent.
  [[nodiscard]] bool operator()(std::string_view value) const { return holds_(value); }

 private:
  explicit LabelPredicate(std::function<bool(std::string_view)> holds) : holds_(std::move(holds)) {}
  std::function<bool(std::string_view)> holds_;
};

/// For one value; a matcher that LabelPredicate refuses matches nothing.
[[nodiscard]] bool matches(const Matcher& matcher, std::string_view value);

}  // namespace poolscaler::query
