// A selector in the planner's eyes: what it shares with others (its shape) and what is its own (the
// values of the labels that it is grouped by).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/ports/metric_reader.hpp"

namespace poolscaler::query {

/// Borrows from the selector; fine as long as that lives.
struct Shape {
  std::string_view source;
  const MetricSelector* selector;
  /// The enforced label, then the labels with an equality matcher, sorted.
  std::vector<std::string_view> group_labels;
  /// One value for each group label.
  std::vector<std::string_view> values;
  /// All other matchers, sorted, without repetition: they hold for everyone of the shape alike.
  /// Among them what cannot be split by labels (expressions, inequalities, equality to nothing), a
  /// second value for one label, and whatever a tenant says about the enforced label.
  std::vector<const Matcher*> fixed;
};

[[nodiscard]] Shape shape_of(const SignalQuery& signal, const MetricSelector& selector,
                             std::string_view enforced_label);

/// Equal for signals of one shape, different for others.
[[nodiscard]] std::string shape_key(const Shape& shape);

/// Why the selector cannot be said in PromQL; nothing for all that the API accepts.
[[nodiscard]] std::optional<std::string> unsayable(const SignalQuery& signal,
                                                   const MetricSelector& selector,
                                                   std::string_view enforced_label);

/// The key of a group: its values, in the order of the group labels.
void append_value(std::string& key, std::string_view value);

}  // namespace poolscaler::query
