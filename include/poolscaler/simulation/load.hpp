// The load of the sandbox: requests arrive at a rate that follows a plan, wait in one queue, and
// are served by the ready replicas, each at a fixed pace. A fluid model: pure, deterministic, no
// randomness, and the same whatever the steps it is advanced in.
#pragma once

#include <vector>

#include "poolscaler/base/time.hpp"

namespace poolscaler::simulation {

/// From `from` on (since the start), this many requests arrive a second.
struct LoadPhase {
  Millis from;
  double requests_per_second;
};

struct LoadPlan {
  std::vector<LoadPhase> phases;  // in order of time; nothing arrives before the first
  double served_per_second_and_replica = 1.0;
  Millis repeat_every{0};  // the phases begin anew after this long; 0: they are gone through once
};

class Load {
 public:
  Load(LoadPlan plan, Instant start);

  /// Moves on to `now` with this many ready replicas since the last call.
  void advance(Instant now, int ready_replicas);

  [[nodiscard]] double waiting() const { return waiting_; }
  [[nodiscard]] double arrived() const { return arrived_; }
  [[nodiscard]] double served() const { return served_; }
  /// How many of the ready replicas are at work, as of the last advance().
  [[nodiscard]] double busy_replicas() const;
  [[nodiscard]] double rate_at(Instant now) const;
  /// Nothing arrives any more.
  [[nodiscard]] bool ended(Instant now) const;

 private:
  [[nodiscard]] Millis into_cycle(Instant now) const;
  [[nodiscard]] Instant next_change(Instant now) const;

  LoadPlan plan_;
  Instant start_;
  Instant at_;
  double waiting_ = 0;
  double arrived_ = 0;
  double served_ = 0;
  int ready_replicas_ = 0;
};

}  // namespace poolscaler::simulation
