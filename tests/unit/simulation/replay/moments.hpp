// Times as the tests of this room write them.
#pragma once

#include "poolscaler/base/time.hpp"
#include "poolscaler/simulation/replay/load.hpp"

namespace poolscaler::replay {

inline constexpr Micros s{1'000'000};
/// Midnight UTC: where weeks begin.
inline const Instant monday{Seconds{1'767'571'200}};

}  // namespace poolscaler::replay
