#include "portions.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>

#include "poolscaler/query/rendered.hpp"
#include "words.hpp"

namespace poolscaler::query {
namespace {

/// The index of a tuple.
using Member = std::uint32_t;
using Members = std::vector<Member>;

/// One label: its values by rank in sorted order, so that the division compares and counts small
/// numbers only.
struct Column {
  std::vector<std::uint32_t> rank_of;  // by tuple
  std::vector<std::size_t> bytes_of;   // by rank, as rendered
  /// By rank: the last count or gathering that has met this value.
  std::vector<std::uint32_t> met;
};

class Division {
 public:
  Division(const std::vector<Tuple>& tuples, const PortionLimits& limits) : limits_(limits) {
    const std::size_t labels = tuples.front().values.size();
    for (std::size_t label = 0; label < labels; ++label)
      columns_.push_back(column_of(tuples, label));
    all_.resize(tuples.size());
    for (Member i = 0; i < all_.size(); ++i) all_[i] = i;
  }

  std::vector<Members> best() {
    std::vector<Members> slabs;
    in_slabs(all_, slabs);
    std::size_t least = 1;
    for (const auto& column : columns_)
      least = std::max(least, (column.bytes_of.size() - 1) / limits_.values_max + 1);
    if (slabs.size() <= least) return slabs;
    auto line = along_a_line();
    return line.size() < slabs.size() ? line : slabs;
  }

 private:
  static Column column_of(const std::vector<Tuple>& tuples, std::size_t label) {
    std::unordered_map<std::string_view, std::uint32_t> ranks;
    for (const auto& tuple : tuples) ranks.try_emplace(tuple.values[label], 0);
    std::vector<std::string_view> values;
    values.reserve(ranks.size());
    for (const auto& [value, rank] : ranks) values.push_back(value);
    std::ranges::sort(values);
    Column column;
    for (const auto value : values) {
      ranks[value] = static_cast<std::uint32_t>(column.bytes_of.size());
      column.bytes_of.push_back(rendered_bytes(value));
    }
    column.rank_of.reserve(tuples.size());
    for (const auto& tuple : tuples) column.rank_of.push_back(ranks.at(tuple.values[label]));
    column.met.resize(values.size(), 0);
    return column;
  }

  /// Starts a new portion.
  void clear() {
    ++turn_;
    counts_.assign(columns_.size(), 0);
    bytes_ = 0;
    size_ = 0;
  }

  /// False, and nothing taken, when the tuple does not fit any more. The first always fits.
  bool take(Member member) {
    if (size_ != 0 && !fits(member)) return false;
    ++size_;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto rank = columns_[i].rank_of[member];
      if (std::exchange(columns_[i].met[rank], turn_) == turn_) continue;
      ++counts_[i];
      bytes_ += columns_[i].bytes_of[rank];
    }
    return true;
  }

  [[nodiscard]] bool fits(Member member) const {
    std::size_t bytes = bytes_;
    std::size_t groups = 1;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto rank = columns_[i].rank_of[member];
      std::size_t count = counts_[i];
      if (columns_[i].met[rank] != turn_) {
        ++count;
        bytes += columns_[i].bytes_of[rank];
      }
      if (count > limits_.values_max) return false;
      groups *= count;
      if (groups > limits_.groups_max) return false;
    }
    return bytes <= limits_.bytes_max;
  }

  bool fits_at_once(const Members& members) {
    clear();
    return std::ranges::all_of(members, [&](Member member) { return take(member); });
  }

  std::vector<std::size_t> distinct_counts(const Members& members) {
    ++turn_;
    std::vector<std::size_t> counts(columns_.size(), 0);
    for (std::size_t i = 0; i < columns_.size(); ++i)
      for (const Member member : members)
        if (std::exchange(columns_[i].met[columns_[i].rank_of[member]], turn_) != turn_)
          ++counts[i];
    return counts;
  }

  /// Cuts along the label with the most values: into pieces of `values_max` of them, or in two.
  void in_slabs(Members members, std::vector<Members>& portions) {
    if (fits_at_once(members)) {
      portions.push_back(std::move(members));
      return;
    }
    const auto counts = distinct_counts(members);
    const auto widest = std::ranges::max_element(counts);
    const Column& column = columns_[static_cast<std::size_t>(widest - counts.begin())];
    const std::size_t piece =
        *widest > limits_.values_max ? limits_.values_max : (*widest + 1) / 2;
    std::ranges::sort(members, {}, [&](Member m) { return std::pair(column.rank_of[m], m); });
    Members slab;
    std::size_t values = 0;
    for (const Member member : members) {
      const bool is_new =
          slab.empty() || column.rank_of[slab.back()] != column.rank_of[member];
      if (is_new && values == piece) {
        in_slabs(std::exchange(slab, {}), portions);
        values = 0;
      }
      if (is_new) ++values;
      slab.push_back(member);
    }
    in_slabs(std::move(slab), portions);
  }

  std::vector<Members> along_a_line() {
    std::vector<const Column*> order;
    for (const auto& column : columns_) order.push_back(&column);
    std::ranges::stable_sort(order, std::ranges::greater(),
                             [](const Column* column) { return column->bytes_of.size(); });
    Members line = all_;
    std::ranges::sort(line, [&](Member a, Member b) {
      for (const Column* column : order)
        if (column->rank_of[a] != column->rank_of[b])
          return column->rank_of[a] < column->rank_of[b];
      return false;
    });
    std::vector<Members> portions(1);
    clear();
    for (const Member member : line) {
      if (!take(member)) {
        portions.emplace_back();
        clear();
        take(member);
      }
      portions.back().push_back(member);
    }
    return portions;
  }

  PortionLimits limits_;
  std::vector<Column> columns_{};
  Members all_{};
  std::uint32_t turn_ = 0;
  // Of the portion that is being gathered.
  std::vector<std::size_t> counts_{};
  std::size_t bytes_ = 0;
  std::size_t size_ = 0;
};

}  // namespace

std::size_t rendered_bytes(std::string_view value) {
  std::size_t bytes = 1;  // the '|'
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\t' || c == '"') {
      bytes += 2;
    } else if (byte < 0x20 || byte == 0x7F) {
      bytes += 4;
    } else if (c == '\\') {
      bytes += 4;  // escaped for the expression, each of the two for the string
    } else {
      bytes += is_regex_meta(c) ? 3U : 1U;
    }
  }
  return bytes;
}

std::vector<Portion> portions_of(const std::vector<Tuple>& tuples, const PortionLimits& limits) {
  if (tuples.empty()) return {};
  std::vector<Portion> portions;
  for (const auto& members : Division(tuples, limits).best()) {
    Portion portion;
    portion.reserve(members.size());
    for (const Member member : members) portion.push_back(&tuples[member]);
    portions.push_back(std::move(portion));
  }
  return portions;
}

}  // namespace poolscaler::query
