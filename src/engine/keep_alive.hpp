// keepAlive: Learned. Every layer of replicas has an idle time of its own, learned from how long it
// was not needed before; a replica is kept until it was not needed for that long.
#pragma once

#include "deliberation.hpp"

namespace poolscaler::engine {

struct IdleTime {
  Millis length;
  std::uint16_t gaps;  // that it was learned from; 0: it is the fixed one
};

[[nodiscard]] bool learns_idle_times(const ScalingPolicy& policy);
/// How long the `layer`-th replica is kept while it is not needed: what was learned, but never less
/// than idleAfterSeconds, which alone counts while too little was seen.
[[nodiscard]] IdleTime idle_time_of(const Deliberation& d, std::int32_t layer);

}  // namespace poolscaler::engine
