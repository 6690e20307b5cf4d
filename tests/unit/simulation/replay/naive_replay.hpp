// The service model once more, in the plainest way there is: time goes on microsecond by
// microsecond, and everything is looked for in plain lists. What the real one is compared with.
#pragma once

#include <functional>

#include "poolscaler/simulation/replay/bounds.hpp"
#include "poolscaler/simulation/replay/replay.hpp"

namespace poolscaler::replay::testing {

/// What to do at an evaluation, from what is seen.
using Rule = std::function<std::int32_t(const Sight&)>;

struct NaiveSetup {
  int slots;
  std::int64_t cold_start;
  std::int64_t period;
  std::int64_t delayed_above;
  std::int64_t begin;
  std::int64_t end;
  std::int32_t at_start;
};

struct NaiveFigures {
  std::int64_t replica_micros = 0;
  std::vector<std::int64_t> waits{};  // by arrival, of the measured requests
  std::int64_t delayed = 0;
  std::int64_t cold_starts = 0;
  std::int64_t starts_from_zero = 0;
};

[[nodiscard]] NaiveFigures naive_replay(const Load& load, const NaiveSetup& setup,
                                        const Rule& rule);

/// Both bounds and the peak, by counting at each microsecond and trying nothing clever.
[[nodiscard]] Bounds naive_bounds(const Load& load, const NaiveSetup& setup);

}  // namespace poolscaler::replay::testing
