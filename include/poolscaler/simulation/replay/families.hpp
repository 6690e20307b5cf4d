// The settings that are swept: the peers' as docs/SIMULATION.md lists them, and our own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/domain/scaling_policy.hpp"
#include "poolscaler/simulation/replay/policy_scaler.hpp"
#include "poolscaler/simulation/replay/study.hpp"

namespace poolscaler::replay {

/// HPA, KEDA and KPA.
[[nodiscard]] std::vector<Contender> swept_peers(const Setup& setup);
/// As many replicas all the time, from 1 to `most`: in hindsight an oracle.
[[nodiscard]] Contender swept_static(std::int32_t most);
/// Our policies on one signal, the requests in flight.
[[nodiscard]] Contender swept_family(const Setup& setup, Instant start);

[[nodiscard]] std::unique_ptr<Scaler> static_scaler(std::int32_t replicas);

/// How a policy follows its signals.
enum class Pace {
  Usual,     // as policies do by default
  Fast,      // every 5 s, growing as far as is asked for at once
  Averaged,  // fast, on the average of a minute, growing with the average of 6 s too
};

/// What is chosen about one of our policies; the rest stays as it is.
struct Knobs {
  double load = 0.7;  // times the targets; of the slots of a replica, where requests are counted
  int window_seconds = 300;         // of stabilization on the way down
  int idle_after_seconds = 300;     // before zero
  std::int32_t min_replicas = 0;
  std::optional<int> seconds_per_miss{};  // keepAlive Learned, at this worth of a miss
  Pace pace = Pace::Usual;
  double tolerance = 0.1;  // in both directions
  double floor_share = 0;  // of the replicas that are busy at an hour, as a floor (recommend.hpp)

  bool operator==(const Knobs&) const = default;
  [[nodiscard]] std::string label() const;
};

/// Whether the signal can be averaged over time: a gauge that is read as it is.
[[nodiscard]] bool can_be_averaged(const Signal& signal);

/// `policy` with the knobs turned so. Pace Averaged is for a policy with one signal that can be.
[[nodiscard]] ScalingPolicy turned(ScalingPolicy policy, const Knobs& knobs);

/// A policy on the requests in flight, with all slots of a replica as its target.
[[nodiscard]] ScalingPolicy plain_policy(int slots, std::int32_t max_replicas);

/// Added to the name of a signal for its second, quicker average.
inline constexpr std::string_view quick_suffix = "-quick";

}  // namespace poolscaler::replay
