// Why-not: what would have to change for a scale-up, or a scale-down, to happen now.
//
// Nothing here knows the rules. The engine itself is asked again, with one input at a time as
// favourable as it can be; where that makes it happen, the least change that does is found by
// halving. So an answer is right by construction: carrying it out makes it happen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/explain/situation.hpp"

namespace poolscaler::explain {

/// What may differ. Of each kind the stated amount.
enum class Lever {
  Signal,        // a signal's value
  Data,          // a signal that cannot be used has this value
  Readiness,     // every replica that was asked for is ready
  Bound,         // minReplicas downward, maxReplicas upward
  Window,        // the direction's stabilization window, in seconds
  Rates,         // the direction's scaling policies limit nothing
  Tolerance,     // the direction's tolerances, a signal's own too, are that at most
  IdleTime,      // scaleToZero.idleAfterSeconds
  Grace,         // scaleToZero.graceSeconds is 0
  Forecast,      // forecast.mode is Shadow
  KeepAlive,     // scaleToZero.keepAlive is Fixed
  Schedule,      // a window of the schedule has no say
  Pause,         // the direction is not paused
  Mode,          // mode is Automatic
  Grant,         // its pool and the budgets grant as much as it wants
  Wait,          // so many seconds pass in rounds, and everything else stays as it is
};

struct Change {
  Lever lever;
  std::size_t signal = 0;  // its index; of Schedule that of the window
  double amount = 0;       // where the lever has one: what suffices
  std::string text{};      // "signal 'queue' would have to rise above 55 (now 48)"
};

/// Changes that suffice together.
using Way = std::vector<Change>;

struct WhyNot {
  Trend direction;
  std::int32_t current = 0;
  /// Set when it happens anyway: the replicas that are decided.
  std::optional<std::int32_t> happens{};
  /// Each single change that suffices; where there is none, one smallest set that does; empty when
  /// nothing known here would.
  std::vector<Way> ways{};
  /// The formula need not rise with what it reads, so values were tried here and there: what was
  /// not found may still be.
  bool tried_values = false;
};

[[nodiscard]] WhyNot why_not(const Situation& situation, Trend direction);

/// The situation after the changes; waiting last, whatever their order.
[[nodiscard]] Situation changed(const Situation& situation, Trend direction, const Way& way);

/// Whether the decision moves the target in that direction.
[[nodiscard]] bool moves(const Situation& situation, Trend direction);

/// "to scale up, one of these would do:" and a line for each way.
[[nodiscard]] std::string text_of(const WhyNot& answer);

}  // namespace poolscaler::explain
