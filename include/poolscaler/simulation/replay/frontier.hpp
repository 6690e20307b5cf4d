// How swept scalers are compared: at an equal share of delayed requests, along the lower convex
// hull of their settings.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace poolscaler::replay {

struct Point {
  double share;  // of requests that were delayed, 0..1
  double hours;  // of replicas
  double wait_p99;
};

/// Indices of the points on the lower convex hull, from the lowest share to the fewest hours.
[[nodiscard]] std::vector<std::size_t> frontier_of(const std::vector<Point>& points);

struct Reached {
  double hours;
  double wait_p99;      // of `nearest`
  std::size_t nearest;  // the point of the frontier that is nearest by share, the lower on a tie
};

/// What is reached at `share`: between two points of the frontier on the line between them, beyond
/// the cheapest the cheapest; nullopt below the lowest share.
[[nodiscard]] std::optional<Reached> at_share(const std::vector<Point>& points,
                                              const std::vector<std::size_t>& frontier,
                                              double share);

}  // namespace poolscaler::replay
