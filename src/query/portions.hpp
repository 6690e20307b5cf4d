// Divides the tuples of one shape into portions that one query each can ask for.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace poolscaler::query {

/// The values of the group labels that one or more signals want, in the order of the labels.
struct Tuple {
  std::vector<std::string_view> values;
  std::vector<std::size_t> waiting;
};

using Portion = std::vector<const Tuple*>;

/// What one query may carry.
struct PortionLimits {
  std::size_t values_max;  // distinct values of one label
  std::size_t groups_max;  // product of the numbers of distinct values
  std::size_t bytes_max;   // of all distinct values, escaped, with a separator each
};

/// Every tuple is in exactly one portion; a portion that exceeds a limit has a single tuple.
/// Deterministic, whatever the order of `tuples`; REQUIRES: distinct ones, as many values in each.
/// Divided in slabs, label by label: few portions where the same values meet again and again, as
/// names of queues in namespaces. Where the numbers of values alone would allow fewer, also along a
/// sorted line (never more than one portion for each `values_max` tuples, but for bytes); the
/// division with fewer portions is taken.
[[nodiscard]] std::vector<Portion> portions_of(const std::vector<Tuple>& tuples,
                                               const PortionLimits& limits);

/// How many bytes a value takes in a query, at most.
[[nodiscard]] std::size_t rendered_bytes(std::string_view value);

}  // namespace poolscaler::query
