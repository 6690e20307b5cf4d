// What the kernel says about this process, read from /proc when the metrics are asked for.
#pragma once

namespace poolscaler::telemetry {

struct ProcessFacts {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double open_fds = 0;
  double max_fds = 0;
  double start_time_seconds = 0;
};

/// What cannot be read stays 0.
[[nodiscard]] ProcessFacts read_process_facts();

}  // namespace poolscaler::telemetry
