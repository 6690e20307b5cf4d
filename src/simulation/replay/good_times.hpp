// Which lines of a trace with bad ones belong together: seen over all lines, so that a bad line at
// the beginning does not make those after it look bad.
#pragma once

#include <optional>
#include <vector>

#include "poolscaler/simulation/replay/load.hpp"

namespace poolscaler::replay {

/// By their indexes, the most times that are in order, equal ones included, and within `reach` of
/// the median.
[[nodiscard]] std::vector<bool> in_order(const std::vector<double>& times, double reach);

/// Where bins lie.
struct Grid {
  Micros first;
  Micros width;
};

/// The bins that most of the times, which are in order, are the beginnings of; nothing when they
/// are all the same.
[[nodiscard]] std::optional<Grid> grid_of(const std::vector<Micros>& times);

}  // namespace poolscaler::replay
