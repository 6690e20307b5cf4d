// What no scaler can beat, computed with the whole trace in view.
#pragma once

#include <cstdint>

#include "poolscaler/simulation/replay/replay.hpp"

namespace poolscaler::replay {

struct Bounds {
  /// The service that falls into the interval, on full replicas.
  double work_replica_seconds = 0;
  /// The cheapest way in which nothing ever waits; compare it with runs in which nothing waits.
  double zero_wait_replica_seconds = 0;
  /// The most replicas needed at once over the whole trace when nothing waits.
  std::int64_t peak = 0;

  void add(const Bounds& other);
};

[[nodiscard]] Bounds bounds_of(const Load& load, const Setup& setup, const Interval& measured);

/// Four times the peak, at least 1: maxReplicas of a scaler that sets none.
[[nodiscard]] std::int32_t usual_max_replicas(const Bounds& bounds);

}  // namespace poolscaler::replay
