// The moment at which the stories of this room begin.
#pragma once

#include "poolscaler/base/time.hpp"

namespace poolscaler::engine {

inline const Instant start{Seconds{1'800'000'000}};
inline const Instant now = start;

}  // namespace poolscaler::engine
