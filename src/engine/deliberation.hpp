// What the stages of one decision share: the inputs, the number of replicas on its way from stage
// to stage, and what has been said about it. A stage is a function of this header that takes a
// Deliberation and returns nothing; decide.cpp is their order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "numbers.hpp"
#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::engine {

/// What the readings of one signal come to.
enum class Standing {
  Counts,    // it asks for replicas
  Fallback,  // the policy's fallback asks in its place
  Blocks,    // it has no usable data: nothing may be lowered
  Mute,      // it cannot have data now, and says nothing
};

struct Wish {
  Standing standing;
  std::int32_t replicas;
  std::int32_t needed = 0;  // the same, were there no tolerance
  bool active;
  Reason hold;  // why it asks for the replicas that there are, when it does
};

/// An end of the range that replicas are kept in: minReplicas or maxReplicas, or what a window of
/// the schedule has put in its place.
struct Bound {
  std::int32_t replicas;
  Reason held;                     // for what would have gone beyond
  Reason crossed;                  // for a target that stands beyond
  const Window* window = nullptr;  // whose word it is

  [[nodiscard]] std::string subject() const { return window ? window->name : std::string(); }
};

/// Why a signal in that state, which is not usable, keeps replicas as they are.
[[nodiscard]] Reason missing_reason(SignalState state);
/// What the fallback asks for. Static and AtMost may lower, since the policy says so in so many
/// words; but a guess never brings a running target to zero.
[[nodiscard]] std::int32_t fallback_replicas(const Fallback& fallback, std::int32_t current);

struct Deliberation {
  const Observation& observation;
  const ScalingPolicy& policy;
  const Instant now;
  const Telling telling;
  const std::int32_t current;

  Memory memory;  // becomes the outcome's
  Decision decision;

  Bound lowest;
  Bound highest;
  std::vector<Wish> wishes{};      // one per signal
  std::int32_t number;             // proposed so far
  std::int32_t asked;              // what the signals ask for, before any limit
  std::optional<std::int32_t> needed_by_formula{};  // the same of a formula, without tolerance
  std::int32_t recommendation;     // what the stabilization windows remember of this decision
  Reason hold = Reason::AtTarget;  // why `number` is `current`, unless a limit brought it there
  std::optional<Reason> limit{};   // the last limit that changed `number`
  std::optional<Reason> cause{};   // why it is not `current`, where that is no signal's doing
  bool out_of_bounds = false;      // brought back at once, past behavior
  std::optional<Reason> unpaid{};  // why what is asked for, and stays so, has no money or no room

  Deliberation(const Observation& observation, const ScalingPolicy& policy, Memory memory,
               Instant now, Telling telling = Telling::InFull);

  /// The word for asking for `replicas`: above, below, or `same`.
  [[nodiscard]] Reason towards(std::int32_t replicas, Reason same) const;
  /// `number` becomes `after`, and the explanation says so.
  void propose(std::string_view stage, std::int32_t after, Reason reason, std::string numbers,
               std::string subject = {});
  /// The same by a limit; says nothing when it changes nothing.
  void limit_to(std::string_view stage, std::int32_t after, Reason reason, std::string numbers);
};

// In the order of decide.cpp.

/// Takes up the memory: void for another target, sane after a jump of the clock, and started afresh
/// when it does not reach back far enough to shrink on it.
void take_up_memory(Deliberation& d);
/// Moves the bounds to where the windows of the schedule want them (schedule.cpp).
void look_at_windows(Deliberation& d);
/// Watches how long replicas take to start, and when the target was woken (cold_start.cpp).
void follow_starts(Deliberation& d);
/// Turns each reading into a wish (signals.cpp).
void wish_by_signals(Deliberation& d);
/// Turns the wishes into one number; missing data never lowers it (combine.cpp).
void combine_wishes(Deliberation& d);
/// Decides between zero and one, and counts idle time (zero.cpp).
void judge_zero(Deliberation& d);
/// Forgets when replicas were needed last: those that there are count as needed until now.
void forget_needs(Deliberation& d);
/// The same after a start of the operator, but for what its predecessor has told.
void take_up_needs(Deliberation& d);
/// With `keepAlive: Learned`, notes what is needed and how long it was not (keep_alive.cpp).
void learn_needs(Deliberation& d);
/// Raises the number to what will be needed when a replica asked for now is ready (look_ahead.cpp).
void look_ahead(Deliberation& d);
/// With keepAlive Learned, keeps the replicas whose idle time is not over.
void keep_alive(Deliberation& d);
/// Applies the stabilization windows and remembers the recommendation (stabilization.cpp).
void stabilize(Deliberation& d);
/// Applies the bounds (bounds.cpp).
void keep_in_bounds(Deliberation& d);
/// Applies the rate policies (rate.cpp).
void limit_rate(Deliberation& d);
/// Applies what pool and budgets have granted (grant.cpp).
void keep_to_grant(Deliberation& d);
/// Applies pause, mode Paused and mode Recommend, and settles action and reason (precedence.cpp).
void settle(Deliberation& d);
/// Remembers what will be written (memory.cpp).
void remember_scaling(Deliberation& d);

}  // namespace poolscaler::engine
