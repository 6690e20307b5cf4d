// Load: recorded traffic as data, read strictly from CSV text. docs/SIMULATION.md says which files
// there are and what each means.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/result.hpp"

namespace poolscaler::replay {

/// Virtual time since the start of a trace.
using Micros = std::chrono::microseconds;

/// Seconds to whole microseconds, halves up.
[[nodiscard]] Micros micros_of(double seconds);
[[nodiscard]] constexpr double seconds_of(Micros time) {
  return static_cast<double>(time.count()) / 1e6;
}

struct Request {
  Micros arrival;
  Micros service;
  bool operator==(const Request&) const = default;
};

/// A value that holds from `at` until the next sample.
struct Sample {
  Micros at;
  double value;
  bool operator==(const Sample&) const = default;
};

struct Load {
  std::string name;
  std::vector<Request> requests{};  // by arrival
  std::vector<Sample> samples{};    // a metric trace has these and no requests
  Micros end{0};                    // of the trace
  Micros began{0};  // what 0 is in the trace that this is the end of
  bool constant_service = false;
  std::int64_t skipped_lines = 0;

  [[nodiscard]] bool is_metric() const { return !samples.empty(); }
};

/// How long requests are served, in seconds.
struct ServiceTimes {
  double base = 0.05;         // of a request whose tokens are known:
  double per_input = 0.0002;  //   base + per_input * input tokens
  double per_output = 0.02;   //        + per_output * output tokens
  double constant = 5;        // of a request of a rate trace
};

struct ReadingRules {
  ServiceTimes service{};
  std::uint64_t seed = 0;
  bool skip_bad_lines = false;
  /// Of a file with one column per client; empty: there must be one alone.
  std::vector<std::string> columns{};
};

inline constexpr std::size_t trace_bytes_max = 256U << 20;
inline constexpr std::size_t requests_max = 20'000'000;
inline constexpr double trace_seconds_max = 400 * 86'400;
inline constexpr double service_seconds_max = 86'400;

/// One load, or one per column asked for. `name` is the file's, for messages and tables. Errors:
/// InvalidInput with file, line, what was expected and the remedy.
[[nodiscard]] Result<std::vector<Load>> read_loads(std::string_view name, std::string_view text,
                                                   const ReadingRules& rules);

/// What arrives before `end`, as a trace that ends there.
[[nodiscard]] Load until(const Load& load, Micros end);

}  // namespace poolscaler::replay
