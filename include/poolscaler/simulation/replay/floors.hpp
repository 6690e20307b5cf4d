// Floors that are learned from a load: how many replicas its requests keep busy at each hour of the
// day, or of the week where the load tells that much, as windows of a schedule.
#pragma once

#include <string>
#include <vector>

#include "poolscaler/domain/scaling_policy.hpp"
#include "poolscaler/simulation/replay/load.hpp"

namespace poolscaler::replay {

/// A window of a learned schedule, as a manifest says it.
struct FloorWindow {
  std::string name;
  std::string start;  // cron, UTC
  int duration_seconds;
  std::int32_t floor;
  bool operator==(const FloorWindow&) const = default;
};

class BusyHours {
 public:
  /// Empty for a load of less than a day. `start`: what 0 of the trace is on the clock.
  BusyHours(const Load& load, int slots, Instant start);

  [[nodiscard]] bool empty() const { return busy_.empty(); }
  /// Floors of `share` of the busy replicas, in few windows; none below 1.
  [[nodiscard]] std::vector<FloorWindow> floors(double share) const;

 private:
  std::vector<double> busy_;  // full replicas, by hour of the day (24) or of the week from Monday
};

/// The windows as the engine has them.
[[nodiscard]] std::vector<Window> schedule_of(const std::vector<FloorWindow>& windows);

}  // namespace poolscaler::replay
