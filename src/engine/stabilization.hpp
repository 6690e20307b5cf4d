// HPA's stabilization windows. The raw recommendations of the past are kept; the lowest of the
// scale-up window and the highest of the scale-down window bound the change.
#pragma once

#include <cstdint>
#include <vector>

#include "poolscaler/domain/decision.hpp"

namespace poolscaler::engine {

struct Windows {
  Millis up;
  Millis down;
};

/// `current`, raised to the least and then lowered to the most of `desired` and the entries that
/// are strictly younger than the window of that direction.
[[nodiscard]] std::int32_t stabilized(const std::vector<TimedReplicas>& history,
                                      TimedReplicas desired, std::int32_t current,
                                      const Windows& windows);

/// Stores in the slot of the last entry that is strictly older than both windows, else at the end.
/// Bounded by memory_entries_max: beyond, what cannot decide anything any more is dropped, and if
/// that is not enough, neighbours are merged so that the windows can only hold longer.
void remember_recommendation(std::vector<TimedReplicas>& history, TimedReplicas recommendation,
                             const Windows& windows);

}  // namespace poolscaler::engine
