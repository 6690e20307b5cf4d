// Several policies in one run: each with its load, its replicas and its figures, over the same
// nodes, budgets and money.
#pragma once

#include <span>
#include <vector>

#include "poolscaler/simulation/replay/replay.hpp"

namespace poolscaler::replay {

/// One policy of a run.
struct Part {
  const Load& load;
  Scaler& scaler;
  Drawing drawing{};
  Recorder* recorder = nullptr;  // of its replicas and requests
};

struct SharedTally {
  std::vector<Tally> tallies{};  // in the order of the parts, without spending
  std::vector<Share> shares{};   // likewise; none without an estate
  Spending spending{};
};

/// Plays the parts, whose policies differ, together over setup.estate. Measured is one interval for
/// all: that of the longest load. What comes of it does not depend on the order of the parts.
/// `watching` is told of nodes. Without an estate there is one part.
[[nodiscard]] Result<SharedTally> replay_together(std::span<const Part> parts, const Setup& setup,
                                                  const Watching& watching = {});

}  // namespace poolscaler::replay
