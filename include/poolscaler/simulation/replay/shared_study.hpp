// A study of several policies that share one pool: who gets its nodes and its money.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "poolscaler/simulation/replay/study.hpp"
#include "poolscaler/simulation/replay/timeline.hpp"

namespace poolscaler::replay {

/// One policy, which plays the case of its own index.
struct Sharer {
  std::string name;
  Drawing drawing;
  MakeScaler make;
};

/// `setup` has an estate. Of the cases the interval of the first is measured, which is that of all.
[[nodiscard]] Study study_together(const std::vector<Sharer>& sharers, std::vector<Case> cases,
                                   const Setup& setup,
                                   const std::function<bool(Micros)>& progress = {});

/// Plays all of it once more: the course of each policy, and then that of the nodes.
[[nodiscard]] std::vector<Timeline> timelines_together(const std::vector<Sharer>& sharers,
                                                       const Study& study);

}  // namespace poolscaler::replay
