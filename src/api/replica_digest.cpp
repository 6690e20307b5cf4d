#include "replica_digest.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>

namespace poolscaler::api {

std::vector<TimedReplicas> window_digest(const std::vector<TimedReplicas>& entries,
                                         std::size_t entries_max) {
  if (entries.size() <= entries_max) return entries;
  // Seen from the newest backward, an entry matters only if it is larger or smaller than all newer.
  std::vector<TimedReplicas> kept;
  auto largest = std::numeric_limits<std::int32_t>::min();
  auto smallest = std::numeric_limits<std::int32_t>::max();
  for (auto entry = entries.rbegin(); entry != entries.rend() && kept.size() < entries_max;
       ++entry) {
    if (entry->replicas <= largest && entry->replicas >= smallest) continue;
    largest = std::max(largest, entry->replicas);
    smallest = std::min(smallest, entry->replicas);
    kept.push_back(*entry);
  }
  std::ranges::reverse(kept);
  return kept;
}

std::vector<TimedReplicas> sum_digest(const std::vector<TimedReplicas>& entries,
                                      std::size_t entries_max) {
  if (entries.size() <= entries_max || entries_max == 0) return entries;
  const auto folded = entries.size() - entries_max + 1;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < folded; ++i) sum += entries[i].replicas;
  std::vector<TimedReplicas> kept;
  kept.push_back({.at = entries[folded - 1].at,
                  .replicas = static_cast<std::int32_t>(std::clamp<std::int64_t>(
                      sum, 0, std::numeric_limits<std::int32_t>::max()))});
  std::copy(entries.begin() + static_cast<std::ptrdiff_t>(folded), entries.end(),
            std::back_inserter(kept));
  return kept;
}

}  // namespace poolscaler::api
