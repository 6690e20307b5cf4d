// Loads that are like a recorded one: what comes next will be like it and not the same. A setting
// that does well on all of them does well by its rules; one that does so on the record alone, by
// luck.
#pragma once

#include <cstddef>
#include <vector>

#include "poolscaler/simulation/replay/load.hpp"

namespace poolscaler::replay {

/// So many variations of a load at most.
inline constexpr std::size_t variations_max = 23;

/// The first `count` of them, each with the requests in another order of stretches, or a little
/// later, or fewer or more of them. Always the same ones.
[[nodiscard]] std::vector<Load> variations_of(const Load& load, std::size_t count);

}  // namespace poolscaler::replay
