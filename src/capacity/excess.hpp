// Nodes on order that no limit would admit. What we ask for is admitted first; but somebody else
// may raise the count of a group, a price may rise, a limit be lowered. Such nodes cost nothing
// before they come: they are not used, and given up where that can be done.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "poolscaler/capacity/plan.hpp"

namespace poolscaler::capacity {

/// Of one node group.
struct Excess {
  std::int64_t nodes = 0;  // at most those that are on order
  std::string words{};     // the first limit that they are too much for
};

/// By pool and group. The dearest are given up first; for an accrued amount the newest, since what
/// it has admitted stays while it is waited for. Nodes whose price is not known are none.
[[nodiscard]] std::vector<std::vector<Excess>> excess_of(const std::vector<PoolMemory>& memory,
                                                         const FleetInput& input,
                                                         const Sight& sight,
                                                         const MoneyInput& money, Instant now);

}  // namespace poolscaler::capacity
