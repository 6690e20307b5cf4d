#include "good_times.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace poolscaler::replay {
namespace {

/// The value that is there most often, the least of them on ties; sorts.
Micros most_frequent(std::vector<Micros>& values) {
  std::ranges::sort(values);
  Micros found = values.front();
  std::ptrdiff_t most = 0;
  for (auto from = values.begin(); from != values.end();) {
    const auto to = std::upper_bound(from, values.end(), *from);
    if (to - from > most) {
      most = to - from;
      found = *from;
    }
    from = to;
  }
  return found;
}

/// The longest part of `times[chosen]` that does not fall, by patience sorting.
std::vector<std::uint32_t> longest_in_order(const std::vector<double>& times,
                                            const std::vector<std::uint32_t>& chosen) {
  constexpr auto none = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> before(chosen.size(), none);
  std::vector<std::uint32_t> last_of_length;  // positions in `chosen`
  const auto time_of = [&](std::uint32_t position) { return times[chosen[position]]; };
  for (std::uint32_t i = 0; i < chosen.size(); ++i) {
    const auto place = std::ranges::upper_bound(last_of_length, time_of(i), {}, time_of);
    if (place != last_of_length.begin()) before[i] = *(place - 1);
    if (place == last_of_length.end()) last_of_length.push_back(i);
    else *place = i;
  }
  std::vector<std::uint32_t> kept;
  for (auto i = last_of_length.empty() ? none : last_of_length.back(); i != none; i = before[i])
    kept.push_back(chosen[i]);
  return kept;
}

}  // namespace

std::vector<bool> in_order(const std::vector<double>& times, double reach) {
  std::vector<bool> kept(times.size(), false);
  if (times.empty()) return kept;
  auto ordered = times;
  const auto middle = ordered.begin() + static_cast<std::ptrdiff_t>(ordered.size() / 2);
  std::ranges::nth_element(ordered, middle);
  std::vector<std::uint32_t> near;
  near.reserve(times.size());
  for (std::uint32_t i = 0; i < times.size(); ++i)
    if (std::abs(times[i] - *middle) <= reach) near.push_back(i);
  for (const auto i : longest_in_order(times, near)) kept[i] = true;
  return kept;
}

std::optional<Grid> grid_of(const std::vector<Micros>& times) {
  std::vector<Micros> gaps;
  for (std::size_t i = 1; i < times.size(); ++i)
    if (times[i] > times[i - 1]) gaps.push_back(times[i] - times[i - 1]);
  if (gaps.empty()) return std::nullopt;
  const auto width = most_frequent(gaps);
  std::vector<Micros> offsets;
  offsets.reserve(times.size());
  for (const auto time : times) offsets.push_back(time % width);
  const auto offset = most_frequent(offsets);
  const auto first =
      std::ranges::find_if(times, [&](Micros time) { return time % width == offset; });
  return Grid{.first = *first, .width = width};
}

}  // namespace poolscaler::replay
