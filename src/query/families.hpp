// Signals sorted by what they can share: the first half of planning, whatever is to be asked.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "poolscaler/query/rendered.hpp"
#include "portions.hpp"
#include "shape.hpp"

namespace poolscaler::query {

/// All signals of one shape.
struct Family {
  Shape shape;  // of whoever came first; nothing of it but what all share is used
  std::vector<Tuple> tuples{};
  std::unordered_map<std::string, std::size_t> tuple_index{};

  void add(std::size_t signal, std::vector<std::string_view> values);
};

/// Indices of signals, and views of their texts and of the labels: fine as long as those live.
struct Families {
  std::unordered_map<std::string, Family> by_shape{};
  /// Raw queries by source and text, and what cannot be said by source and the reason.
  std::map<std::pair<std::string_view, std::string_view>, std::vector<std::size_t>> raw{};
  std::map<std::pair<std::string_view, std::string>, std::vector<std::size_t>> refused{};

  /// Independent of the order in which signals came.
  [[nodiscard]] std::vector<const Family*> in_order() const;
};

[[nodiscard]] Families families_of(std::span<const SignalQuery> signals,
                                   const std::map<std::string, std::string>& enforced_labels);

/// Portions that one query each can ask for, and the query for their values.
[[nodiscard]] std::vector<Portion> portions_of(const Family& family);
[[nodiscard]] RenderedQuery values_of(const Shape& shape, const Portion& portion);

/// Why a query of this many bytes is not sent.
[[nodiscard]] std::string too_long(std::size_t bytes);

}  // namespace poolscaler::query
