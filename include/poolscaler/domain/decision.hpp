// Decision: what should happen, why, and what to remember. The Explanation is the ordered list of
// steps; one line of it is the status message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/forecast.hpp"
#include "poolscaler/domain/learned.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/reason.hpp"

namespace poolscaler {

/// Write this number of replicas to the target.
struct ScaleTo {
  std::int32_t replicas;
  bool operator==(const ScaleTo&) const = default;
};
/// Nothing is to be written.
struct Hold {
  bool operator==(const Hold&) const = default;
};
using Action = std::variant<ScaleTo, Hold>;

/// One step of the pipeline that proposed or changed a number.
struct Step {
  std::string_view stage;    // "signal queue", "tolerance" ... : a word of the engine's list
  std::string subject{};       // the signal's name, or empty
  std::int32_t before;
  std::int32_t after;
  Reason reason;
  std::string numbers{};       // "48 / 10 per replica = 5"
};

struct Explanation {
  std::vector<Step> steps{};
  /// One line for people: "48 waiting / 10 per replica asks for 5; had 2".
  [[nodiscard]] std::string line() const;
};

enum class Trend { Up, Down };

/// What a signal asks for now.
struct SignalWish {
  SignalState state = SignalState::Error;
  double value = 0;
  std::int32_t replicas = 0;  // what is asked for; the current size when nothing is known
  bool active = false;
  bool fallback = false;  // replaced by the fallback
  std::string detail{};   // why it is not usable, where the engine and not the reader found out
};

/// All that the engine remembers of one policy from round to round. Bounded: at most
/// `memory_entries_max` of each list, oldest first. What must survive a restart is kept in the
/// policy's status; `observed_since` must not, since a restart has not looked for a while.
struct Memory {
  std::string target_uid{};                 // memory of another object is void
  std::optional<Instant> observed_since{};  // first decision since the start of the operator
  std::vector<TimedReplicas> recommendations{};  // raw wishes, for the stabilization windows
  std::vector<TimedReplicas> scale_ups{};        // replicas added, for the rate policies
  std::vector<TimedReplicas> scale_downs{};      // replicas removed
  Millis idle{0};                              // fresh, inactive time in a row
  std::optional<Instant> idle_counted_to{};
  std::vector<std::optional<Instant>> unusable_since{};  // one per signal, then the formula's
  std::optional<Instant> last_scale{};
  std::optional<Trend> last_direction{};
  std::optional<Instant> woken_at{};  // from zero, while it has not been there again
  ColdStarts cold_starts{};
  KeepAliveMemory keep_alive{};
  std::vector<FollowedTrend> trends{};  // one per signal, where the policy forecasts
  bool operator==(const Memory&) const = default;
};
inline constexpr std::size_t memory_entries_max = 256;

struct Decision {
  Action action;
  Reason reason;
  std::int32_t current = 0;      // the target's spec.replicas
  std::int32_t desired = 0;      // after every limit; equals current when the action is Hold
  std::int32_t recommended = 0;  // what would be written in mode Automatic
  std::vector<SignalWish> signals{};
  std::optional<SignalWish> formula{};  // what it came to, where the policy has one
  bool active = false;           // some signal above its activation
  std::optional<Reason> limited{}; // what keeps `desired` from what the signals ask for
  bool fallback_active = false;
  std::optional<Forecast> forecast{};  // in modes Shadow and On
  Explanation explanation{};
};

}  // namespace poolscaler
