#include "portions.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "poolscaler/query/rendered.hpp"
#include "words.hpp"

namespace poolscaler::query {
namespace {

using Values = std::unordered_set<std::string_view>;

/// Grows tuple by tuple as long as the limits hold.
class Gathering {
 public:
  Gathering(std::size_t labels, const PortionLimits& limits) : values_(labels), limits_(limits) {}

  /// False, and nothing taken, when the tuple does not fit any more. The first always fits.
  bool take(const Tuple* tuple) {
    if (!portion_.empty() && !fits(*tuple)) return false;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (values_[i].insert(tuple->values[i]).second) bytes_ += rendered_bytes(tuple->values[i]);
    }
    portion_.push_back(tuple);
    return true;
  }

  Portion release() {
    for (auto& values : values_) values.clear();
    bytes_ = 0;
    return std::exchange(portion_, {});
  }

 private:
  [[nodiscard]] bool fits(const Tuple& tuple) const {
    std::size_t bytes = bytes_;
    std::size_t groups = 1;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      std::size_t count = values_[i].size();
      if (!values_[i].contains(tuple.values[i])) {
        ++count;
        bytes += rendered_bytes(tuple.values[i]);
      }
      if (count > limits_.values_max) return false;
      groups *= count;
      if (groups > limits_.groups_max) return false;
    }
    return bytes <= limits_.bytes_max;
  }

  std::vector<Values> values_;
  PortionLimits limits_;
  std::size_t bytes_ = 0;
  Portion portion_{};
};

std::size_t label_count(const Portion& tuples) { return tuples.front()->values.size(); }

std::vector<std::size_t> distinct_counts(const Portion& tuples) {
  std::vector<std::size_t> counts;
  for (std::size_t i = 0; i < label_count(tuples); ++i) {
    Values values;
    for (const Tuple* tuple : tuples) values.insert(tuple->values[i]);
    counts.push_back(values.size());
  }
  return counts;
}

bool fits_at_once(const Portion& tuples, const PortionLimits& limits) {
  Gathering gathering(label_count(tuples), limits);
  return std::ranges::all_of(tuples, [&](const Tuple* tuple) { return gathering.take(tuple); });
}

std::vector<Portion> along_a_line(Portion tuples, const PortionLimits& limits) {
  const auto counts = distinct_counts(tuples);
  std::vector<std::size_t> order(counts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, std::ranges::greater(), [&](std::size_t i) { return counts[i]; });
  std::ranges::sort(tuples, [&](const Tuple* a, const Tuple* b) {
    for (const std::size_t i : order)
      if (a->values[i] != b->values[i]) return a->values[i] < b->values[i];
    return false;
  });
  std::vector<Portion> portions;
  Gathering gathering(counts.size(), limits);
  for (const Tuple* tuple : tuples) {
    if (gathering.take(tuple)) continue;
    portions.push_back(gathering.release());
    gathering.take(tuple);
  }
  portions.push_back(gathering.release());
  return portions;
}

/// Cuts along the label with the most values: into pieces of `values_max` of them, or in two.
void in_slabs(Portion tuples, const PortionLimits& limits, std::vector<Portion>& portions) {
  if (fits_at_once(tuples, limits)) {
    portions.push_back(std::move(tuples));
    return;
  }
  const auto counts = distinct_counts(tuples);
  const auto widest = std::ranges::max_element(counts);
  const auto label = static_cast<std::size_t>(widest - counts.begin());
  const std::size_t piece = *widest > limits.values_max ? limits.values_max : (*widest + 1) / 2;
  std::ranges::stable_sort(tuples, {}, [&](const Tuple* tuple) { return tuple->values[label]; });
  Portion slab;
  std::size_t values = 0;
  for (const Tuple* tuple : tuples) {
    const bool is_new = slab.empty() || slab.back()->values[label] != tuple->values[label];
    if (is_new && values == piece) {
      in_slabs(std::exchange(slab, {}), limits, portions);
      values = 0;
    }
    if (is_new) ++values;
    slab.push_back(tuple);
  }
  in_slabs(std::move(slab), limits, portions);
}

}  // namespace

std::size_t rendered_bytes(std::string_view value) {
  // Without the quotes, with a '|'.
  return quoted(regex_literal(value)).size() - 2 + 1;
}

std::vector<Portion> portions_of(const std::vector<Tuple>& tuples, const PortionLimits& limits) {
  if (tuples.empty()) return {};
  Portion all;
  all.reserve(tuples.size());
  for (const auto& tuple : tuples) all.push_back(&tuple);
  std::vector<Portion> slabs;
  in_slabs(all, limits, slabs);
  if (slabs.size() == 1) return slabs;
  auto line = along_a_line(std::move(all), limits);
  return line.size() < slabs.size() ? line : slabs;
}

}  // namespace poolscaler::query
