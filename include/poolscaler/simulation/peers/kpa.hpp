// Knative's pod autoscaler (KPA): the decider, which turns concurrency into a number of pods, and
// the way to zero, which also watches how long the revision has been active or inactive.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "poolscaler/base/time.hpp"

namespace poolscaler::simulation::peers {

/// The maximum over the last `buckets` indexes.
class MaxWindow {
 public:
  /// Holds at least one bucket.
  explicit MaxWindow(std::int64_t buckets);

  /// Several values of one index count as their maximum. Indexes never fall.
  void record(std::int64_t index, std::int32_t value);
  [[nodiscard]] std::int32_t current() const;

 private:
  struct Entry {
    std::int64_t index;
    std::int32_t value;
  };
  std::int64_t buckets_;
  std::deque<Entry> falling_;  // each smaller than the one before it
};

struct KpaSpec {
  double target;              // concurrency per pod that is aimed at
  double total;               // that a pod can take at most
  double burst_capacity;      // target burst capacity; 0: off, below: unlimited
  double max_scale_up = 1000;
  double max_scale_down = 2;
  double panic_threshold = 2;  // panic count over ready pods
  Millis stable_window = Seconds(60);
  Millis scale_down_delay{0};
  std::int32_t activation_scale = 1;
  bool reachable = true;
};

/// Concurrency averaged over the stable and over the panic window.
struct KpaSample {
  std::int32_t ready;
  double stable;
  double panic;
};

struct KpaDecision {
  std::int32_t pods;
  std::int32_t excess_burst;
};

struct KpaPanic {
  std::optional<Instant> since{};
  std::int32_t most_pods = 0;  // that were wanted since
};

class KpaDecider {
 public:
  explicit KpaDecider(KpaSpec spec, KpaPanic panic = {});

  /// `now` never falls.
  KpaDecision decide(const KpaSample& sample, Instant now);
  [[nodiscard]] std::optional<Instant> panics_since() const { return panic_.since; }

 private:
  struct Counts {
    std::int32_t stable;
    std::int32_t panic;
    bool over_threshold;
  };
  [[nodiscard]] Counts counts_of(const KpaSample& sample) const;
  void judge_panic(bool over_threshold, Instant now);
  [[nodiscard]] std::int32_t excess_burst(const KpaSample& sample) const;

  KpaSpec spec_;
  KpaPanic panic_;
  std::optional<MaxWindow> delay_;
};

enum class KpaActivity { Active, Activating, Inactive };
enum class KpaReachability { Unknown, Reachable, Unreachable };

struct KpaZeroSpec {
  std::int32_t min_scale = 0;
  std::int32_t max_scale = 0;  // 0: none
  std::int32_t initial_scale = 1;
  bool enable_scale_to_zero = true;
  KpaReachability reachability = KpaReachability::Unknown;
  Millis stable_window = Seconds(60);
  Millis grace = Seconds(30);
  Millis pod_retention{0};
  Millis activation_timeout = Seconds(630);
  double burst_capacity = 200;
};

struct KpaZeroState {
  std::int32_t current;  // replicas that the target asks for
  bool initialized = true;
  KpaActivity activity;
  Millis activity_age{0};
  Millis proxied{0};  // how long the activator has been in the path
  bool activator_in_path = true;
};

struct KpaScale {
  std::int32_t result;  // -1: nothing is known; 0 that is not applied: to be marked inactive
  bool applied;         // a write happens
};

/// What becomes of the decider's wish; below zero: it has none.
[[nodiscard]] KpaScale scale(const KpaZeroSpec& spec, const KpaZeroState& state,
                             std::int32_t wanted);

}  // namespace poolscaler::simulation::peers
