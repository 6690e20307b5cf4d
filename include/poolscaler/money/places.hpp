// Places: what replicas cost that are on no node yet. Which pod goes where is the scheduler's to
// say, so they are reckoned at the dearest of the places that they may get, each of which is had
// once: two replicas that find a node of 20 and one that is paid anyway cost 20, and a third has
// nowhere to go.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "poolscaler/domain/amount.hpp"

namespace poolscaler::money {

/// Accelerators that are free, or will be, on nodes that cost the same.
struct Places {
  HourlyRate share{};  // of an accelerator, marginal
  bool spot = false;
  std::vector<std::int64_t> nodes{};  // how many have 0, 1, ... all of a node's free
  bool operator==(const Places&) const = default;
};

/// The dearest first; those that cost the same are one.
void add_nodes(std::vector<Places>& places, Places more);

struct Unplaced {
  std::int64_t accelerators = 0;  // of all of them
  std::int64_t smallest = 0;      // replica
  bool avoids_spot = false;       // each of them does
};

/// What they cost at most. What finds no place costs nothing yet.
[[nodiscard]] HourlyRate dearest(std::span<const Places> places, const Unplaced& unplaced);

/// The share that further places have to be dearer than, lest they change nothing of that: the
/// cheapest that is taken, or nothing at all while some find no place.
[[nodiscard]] std::optional<HourlyRate> cheapest_taken(std::span<const Places> places,
                                                       const Unplaced& unplaced);

}  // namespace poolscaler::money
