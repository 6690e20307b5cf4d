// What a policy's schedule says at a moment, and when that changes next. decide() looks by itself;
// this is for whoever plans the next decision or shows the schedule.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::engine {

enum class WindowEvent { PreWarm, Start, End };

struct ScheduleChange {
  Instant at;
  std::string window;
  WindowEvent event;
  bool operator==(const ScheduleChange&) const = default;
};

struct ScheduleNow {
  std::vector<std::string> open;         // names of windows, in the policy's order
  std::optional<ScheduleChange> next{};  // the first of all windows; nothing within five years
  bool operator==(const ScheduleNow&) const = default;
};

[[nodiscard]] ScheduleNow look_at_schedule(const ScalingPolicy& policy, const Memory& memory,
                                           Instant now);

/// What decide() would find at `now`, and until when it will, for as long as the same cold start is
/// reckoned with.
[[nodiscard]] WindowPhases phases_of_windows(const ScalingPolicy& policy, const Memory& memory,
                                             Instant now);

/// "floor 5, ceiling 8": what the window says while it is open.
[[nodiscard]] std::string words_of(const Window& window);

}  // namespace poolscaler::engine
