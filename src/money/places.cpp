#include "poolscaler/money/places.hpp"

#include <algorithm>

namespace poolscaler::money {
namespace {

/// On nodes that have room for one of them. One that spans nodes takes whole ones.
std::int64_t accelerators_in(const Places& places, std::int64_t smallest) {
  std::int64_t free = 0;
  const auto sizes = static_cast<std::int64_t>(places.nodes.size());
  for (auto size = std::max<std::int64_t>(std::min(smallest, sizes - 1), 0); size < sizes; ++size)
    free += size * places.nodes[static_cast<std::size_t>(size)];
  return free;
}

/// Calls take(share, accelerators) for what they get, the dearest first; returns what finds none.
template <class Take>
std::int64_t give(std::span<const Places> places, const Unplaced& unplaced, Take take) {
  auto left = unplaced.accelerators;
  for (const auto& one : places) {
    if (left == 0) break;
    if (one.spot && unplaced.avoids_spot) continue;
    const auto taken = std::min(left, accelerators_in(one, unplaced.smallest));
    if (taken > 0) take(one.share, taken);
    left -= taken;
  }
  return left;
}

}  // namespace

void add_nodes(std::vector<Places>& places, Places more) {
  const auto at = std::ranges::find_if(places, [&](const Places& one) {
    return one.share < more.share || (one.share == more.share && one.spot == more.spot);
  });
  if (at == places.end() || at->share != more.share) {
    places.insert(at, std::move(more));
    return;
  }
  at->nodes.resize(std::max(at->nodes.size(), more.nodes.size()));
  for (std::size_t size = 0; size < more.nodes.size(); ++size) at->nodes[size] += more.nodes[size];
}

HourlyRate dearest(std::span<const Places> places, const Unplaced& unplaced) {
  HourlyRate rate;
  (void)give(places, unplaced, [&](HourlyRate share, std::int64_t taken) {
    rate += share * taken;
  });
  return rate;
}

std::optional<HourlyRate> cheapest_taken(std::span<const Places> places,
                                         const Unplaced& unplaced) {
  std::optional<HourlyRate> cheapest;
  const auto left = give(places, unplaced,
                         [&](HourlyRate share, std::int64_t) { cheapest = share; });
  return left == 0 ? cheapest : std::nullopt;
}

}  // namespace poolscaler::money
