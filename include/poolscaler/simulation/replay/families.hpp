// The settings that are swept: the peers' as docs/SIMULATION.md lists them, and our own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/domain/scaling_policy.hpp"
#include "poolscaler/simulation/replay/study.hpp"

namespace poolscaler::replay {

/// HPA, KEDA and KPA.
[[nodiscard]] std::vector<Contender> swept_peers(const Setup& setup);
/// As many replicas all the time, from 1 to `most`: in hindsight an oracle.
[[nodiscard]] Contender swept_static(std::int32_t most);
/// Our policies on one signal, the requests in flight.
[[nodiscard]] Contender swept_family(const Setup& setup, Instant start);

[[nodiscard]] std::unique_ptr<Scaler> static_scaler(std::int32_t replicas);

/// What is chosen about one of our policies; the rest is as a policy has it by default.
struct Knobs {
  double load = 0.7;  // of a replica's slots that is aimed at; above 1 requests queue
  int window_seconds = 300;         // of stabilization on the way down
  int idle_after_seconds = 300;     // before zero
  std::int32_t min_replicas = 0;
  std::optional<int> seconds_per_miss{};  // keepAlive Learned with this worth of a miss
  bool averaged = false;  // follows the average of a minute, and rises with that of 6 s

  [[nodiscard]] std::string label() const;
};
[[nodiscard]] ScalingPolicy policy_of(const Knobs& knobs, int slots, std::int32_t max_replicas);

}  // namespace poolscaler::replay
