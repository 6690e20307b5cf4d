// Samples with any labels, times and values, stale markers too, as a body of Prometheus' remote
// write protocol 1.0: what a scrape cannot give to a test on time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "poolscaler/base/time.hpp"

namespace poolscaler::rig {

struct WrittenSample {
  Instant at;
  double value = 0;
  bool is_stale_marker = false;
};

struct WrittenSeries {
  std::map<std::string, std::string> labels;  // "__name__" among them
  std::vector<WrittenSample> samples{};       // in order of time
};

/// A WriteRequest in the block format of Snappy (all of it literals).
[[nodiscard]] std::string remote_write_body(const std::vector<WrittenSeries>& series);

}  // namespace poolscaler::rig
