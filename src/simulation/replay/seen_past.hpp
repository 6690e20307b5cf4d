// SeenPast: what a policy in a replay has seen of its signals so far, spaced as the operator asks
// Prometheus for it, and learned from as often. Nothing of the load that is still to come is in it.
#pragma once

#include <vector>

#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/scaling_policy.hpp"
#include "poolscaler/engine/forecast.hpp"

namespace poolscaler::replay {

class SeenPast {
 public:
  SeenPast(const ScalingPolicy& policy, Instant start);

  /// Takes the readings at `now`, which never goes back, and learns from all so far when an hour
  /// has passed since it did.
  void see(const Observation& observation, const Memory& memory, Instant now);
  /// One per signal, as an observation has them.
  [[nodiscard]] const std::vector<LearnedPast>& learned() const { return learned_; }

 private:
  void note(std::vector<double>& values, std::size_t slots, const SignalReading& reading) const;
  void forget_oldest();

  const ScaleToZero rules_;
  Instant first_;  // of the first value
  Instant learned_at_;
  std::vector<std::size_t> signals_{};        // that are forecast
  std::vector<std::vector<double>> values_{};  // of each of them
  std::vector<LearnedPast> learned_{};
};

}  // namespace poolscaler::replay
