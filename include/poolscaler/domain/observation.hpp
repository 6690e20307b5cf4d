// Observation: everything that one decision may know about the world, as data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/forecast.hpp"
#include "poolscaler/domain/reason.hpp"

namespace poolscaler {

/// Only Value and Zero may lower replicas; the others block scale-down of the policy, never
/// scale-up by its other signals.
enum class SignalState {
  Value,       // a fresh, finite number other than zero
  Zero,        // a fresh zero
  Absent,      // no series
  NotANumber,  // NaN or infinite
  Stale,       // older than the signal's max_age_seconds
  Partial,     // warnings, or several series where one was declared
  Error,       // no answer that can be understood
};

[[nodiscard]] std::string_view name_of(SignalState state);
[[nodiscard]] constexpr bool is_usable(SignalState state) {
  return state == SignalState::Value || state == SignalState::Zero;
}

enum class PodPhase { Pending, Running, Ended };

/// One pod of the target, as a signal of its pods' own resources needs it. Milli-units: 1000 is one
/// core, or one byte.
struct PodSample {
  /// False: usage of a pod that is not among the target's pods (any more).
  bool known = true;
  PodPhase phase = PodPhase::Running;
  bool deleting = false;
  std::optional<bool> ready{};             // its Ready condition, where it has one
  std::optional<Instant> ready_changed{};  // when that last turned
  std::optional<Instant> started{};
  std::optional<std::int64_t> request_milli{};  // nothing: a container does not say what it needs
  std::optional<std::int64_t> usage_milli{};    // nothing: not measured
  std::optional<Instant> measured{};            // nothing: longer ago than anything
  Millis window{0};                             // that the measurement covers
};

struct SignalReading {
  SignalState state = SignalState::Error;
  double value = 0;            // finite; meaningful when is_usable(state)
  std::optional<double> age_seconds{};  // of the oldest sample behind it, where known
  std::string detail{};          // why it is not usable, for people; capped
  /// Of a signal of pod resources: what value and wish are reckoned from. Empty: `value` is the
  /// average over the ready pods.
  std::vector<PodSample> pods{};
};

/// A usable reading of series whose oldest sample is older than `max_age_seconds` is Stale; any
/// other stays as it is, also where no age is known.
[[nodiscard]] SignalReading judged_by_age(SignalReading reading, int max_age_seconds);

/// The pods that the scale's selector finds, without those that are being deleted or have ended.
struct PodCounts {
  std::int32_t ready = 0;
  std::int32_t starting = 0;       // scheduled (or not judged yet), not ready
  std::int32_t unschedulable = 0;  // PodScheduled=False, reason Unschedulable
  std::int32_t restarting = 0;     // of the starting ones: those with a container that failed
  /// When the youngest ready or starting pod was created.
  std::optional<Instant> youngest{};
  /// When the last of the ready pods became so, where known.
  std::optional<Instant> latest_ready{};
};

struct TargetObservation {
  std::string uid;
  std::int32_t spec_replicas = 0;    // what was asked for
  std::int32_t status_replicas = 0;  // what the controller of the target reports
  PodCounts pods;
  Instant created;
};

/// How far the pool and the budgets let the policy grow, or how far they take it back: the answer
/// of an arbitration across policies.
struct Grant {
  std::int32_t most = 0;  // replicas
  Reason reason = Reason::CappedByPool;  // why no more
  std::string words{};                   // which limit, what was asked, when it may go on
  /// What is above `most` is taken. Otherwise nothing is added, and replicas that are there stay.
  bool takes = false;
};

/// Warming: a window with preWarm that opens within a cold start.
enum class WindowPhase { Closed, Warming, Open };

/// The phases of a policy's windows, one each, which hold from `from` until just before `until`.
struct WindowPhases {
  Instant from;
  Instant until;
  std::vector<WindowPhase> phases{};
};

struct Observation {
  TargetObservation target;
  Instant policy_created;
  /// One per signal of the policy, in its order.
  std::vector<SignalReading> signals{};
  /// What is known of the past of each signal, in the same order; fewer, or none, where the policy
  /// does not forecast or nothing was read yet.
  std::vector<LearnedPast> pasts{};
  /// Nothing: the policy draws on no pool, or has not been arbitrated yet.
  std::optional<Grant> grant{};
  /// Where whoever decides often has looked them up (engine/schedule.hpp); decide looks by itself
  /// where they do not hold.
  std::optional<WindowPhases> windows{};
};

}  // namespace poolscaler
