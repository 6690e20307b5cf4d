// What wakes a target from zero, said once for the round that reads signals and for the lookout
// that decides whose signals are read at all.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "poolscaler/domain/names.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/scaling_policy.hpp"
#include "poolscaler/ports/metric_reader.hpp"

namespace poolscaler::controllers {

/// The signal wakes when it is usable and strictly above this.
[[nodiscard]] inline double wakes_above(const Signal& signal) { return signal.activation_above; }

/// Whether some signal would wake the target: the only question of a wake round.
[[nodiscard]] inline bool wakes(const ScalingPolicy& spec,
                                const std::vector<SignalReading>& readings) {
  for (std::size_t i = 0; i < spec.signals.size() && i < readings.size(); ++i)
    if (is_usable(readings[i].state) && readings[i].value > wakes_above(spec.signals[i]))
      return true;
  return false;
}

/// A lookout and whose signals it looks at.
struct Watch {
  std::shared_ptr<Lookout> lookout;
  std::vector<ObjectKey> policy_of_signal;
};

/// The policies at zero that read the same sources.
struct ZeroLane {
  std::set<ObjectKey> policies{};
  bool changed = true;  // since `watch` was made
  std::shared_ptr<const Watch> watch{};
};

}  // namespace poolscaler::controllers
