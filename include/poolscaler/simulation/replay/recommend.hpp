// Finds the settings of one policy for what was asked: on the first half of the load, scored on the
// second, so that what is promised was not seen when it was chosen.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "poolscaler/simulation/replay/families.hpp"
#include "poolscaler/simulation/replay/floors.hpp"
#include "poolscaler/simulation/replay/study.hpp"

namespace poolscaler::replay {

struct Ask {
  double max_delayed = 0.05;  // share of all requests
  std::optional<double> max_wait_p99{};  // seconds
};

/// What runs now, and how its signals are read.
struct Present {
  std::string name;
  ScalingPolicy policy;
  SaidMeanings said{};
  Instant start{};  // what 0 of the trace is on the clock
};

/// One scaler on the second half.
struct Scored {
  std::string name;
  Figures figures;
};

/// The cheapest of all swept scalers at the share that was asked for, along their frontiers; where
/// a wait is asked for too, the cheapest setting that keeps both.
struct Hindsight {
  std::string name;
  double hours;
};

/// So many settings were tried on so much of the first half.
struct Tried {
  std::size_t settings;
  double part;             // 1: on all of it; else on its end
  std::size_t variations;  // and on so many of them
};

struct Recommendation {
  Knobs knobs;           // turned from the present policy
  ScalingPolicy policy;  // to apply
  std::vector<FloorWindow> floors{};  // its schedule, as a manifest says it
  bool keeps_ask = true;  // on what it was tried on last; else it is what comes closest
  std::vector<Tried> tried{};  // the best of one step are tried on more in the next
  Figures first_half{};
  Figures second_half{};
  Figures present_first_half{};
  Figures present_second_half{};
  /// On the second half, found with that half in view; nullopt: no scaler reaches what was asked.
  std::optional<Hindsight> hindsight{};
  std::size_t hindsight_played = 0;  // settings of all scalers
  std::size_t hindsight_swept = 0;   // so many would have been, had there been time
  /// Others on the second half: defaults of the peers, and as many replicas as the first half
  /// needs.
  std::vector<Scored> others{};
};

/// One for each ask. InvalidInput where a half is too short to be measured, or a signal is not
/// understood.
[[nodiscard]] Result<std::vector<Recommendation>> recommend(const std::vector<Load>& loads,
                                                            const Setup& setup,
                                                            const Present& present,
                                                            const std::vector<Ask>& asks,
                                                            const Effort& effort);

}  // namespace poolscaler::replay
