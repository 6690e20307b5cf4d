// The course of one run in equal parts of the measured interval, for charts.
#pragma once

#include <string>
#include <vector>

#include "poolscaler/simulation/replay/study.hpp"

namespace poolscaler::replay {

struct Slice {
  double starting = 0;  // replicas, on average
  double ready = 0;
  double draining = 0;
  double demand = 0;    // replicas that would be full if nothing ever waited, on average
  double wait_max = 0;  // seconds, of the requests that arrived
  double wait_sum = 0;
  std::int64_t requests = 0;
  std::int64_t delayed = 0;
  double value = 0;     // of a metric trace, at the end of the slice
  double nodes = 0;     // on average, with an estate
  double hourly = 0;    // what they cost an hour, on average
  ReasonCounts reasons{};
};

struct Timeline {
  std::string scaler;
  std::string load;
  Interval measured;
  bool is_metric = false;
  bool has_nodes = false;
  bool is_pool = false;  // of the nodes alone, that all share
  std::vector<Slice> slices{};

  [[nodiscard]] double seconds_per_slice() const {
    return seconds_of(measured.end - measured.begin) / static_cast<double>(slices.size());
  }
};

/// Plays the setting once more, against one load.
[[nodiscard]] Timeline timeline_of(const std::string& scaler, const Setting& setting,
                                   const Case& one, const Setup& setup);

}  // namespace poolscaler::replay
