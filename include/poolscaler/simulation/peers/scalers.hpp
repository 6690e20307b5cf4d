// The peers as they are set up in a replay: each turns what it sees at its own times into the
// replicas that it wants, and remembers what it must. Time zero is the start of the replay. Their
// rules are those of keda.hpp, kpa.hpp and the engine's hpa.hpp, proven by recorded decisions.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "poolscaler/engine/hpa.hpp"
#include "poolscaler/simulation/peers/keda.hpp"
#include "poolscaler/simulation/peers/kpa.hpp"

namespace poolscaler::simulation::peers {

/// What there is at one evaluation.
struct Seen {
  Millis now;                  // since time zero
  std::int64_t inflight = 0;   // requests that wait or run
  /// Integral of `inflight` from time zero to now, in requests times microseconds.
  std::int64_t inflight_micros = 0;
  std::int32_t current = 0;    // starting and ready replicas
  std::int32_t ready = 0;
};

struct HpaSettings {
  double target_per_replica;  // of inflight; type AverageValue, held in milli-units
  std::int32_t min_replicas = 1;
  std::int32_t max_replicas;
  Tolerance tolerance{};
  Behavior behavior{};  // HPA's defaults
};

/// HPA on inflight. The first recommendation is the size that it finds.
class HpaScaler {
 public:
  static constexpr Millis period = Seconds(15);

  explicit HpaScaler(HpaSettings settings);

  /// At zero HPA is disabled and wants zero.
  [[nodiscard]] std::int32_t evaluate(const Seen& seen);

 private:
  HpaSettings settings_;
  std::int64_t target_milli_;
  engine::hpa::History history_{};
};

struct KedaSettings {
  HpaSettings hpa;  // for one to N; its min_replicas is at least 1
  Millis cooldown = Seconds(300);
  double activation_above = 0;  // of inflight, strictly
};

/// KEDA with min 0: every second evaluation of the HPA is preceded by KEDA's own poll, which
/// decides between zero and one. The HPA's history survives zero.
class KedaScaler {
 public:
  static constexpr Millis period = HpaScaler::period;
  static constexpr Millis poll_period = Seconds(30);

  explicit KedaScaler(KedaSettings settings);

  [[nodiscard]] std::int32_t evaluate(const Seen& seen);

 private:
  [[nodiscard]] std::int32_t poll(const Seen& seen);

  KedaSettings settings_;
  KedaObject object_;
  HpaScaler hpa_;
  std::optional<Millis> last_active_{};
};

struct KpaSettings {
  double target_concurrency;
  std::int32_t max_replicas;
  Millis pod_retention{0};
  Millis panic_window = Seconds(6);
  /// What is not named here keeps the defaults of kpa.hpp.
  Millis stable_window = Seconds(60);
};

/// KPA on inflight, with the activator in the path all the time, inactive at time zero.
class KpaScaler {
 public:
  static constexpr Millis period = Seconds(2);

  explicit KpaScaler(KpaSettings settings);

  [[nodiscard]] std::int32_t evaluate(const Seen& seen);

 private:
  struct Mark {
    Millis at;
    std::int64_t inflight_micros;
  };
  /// Over the last `window`, or since time zero while that is less ago.
  [[nodiscard]] double average(const Seen& seen, Millis window) const;
  void settle_activity(const Seen& seen, std::int32_t result);

  KpaSettings settings_;
  KpaDecider decider_;
  KpaZeroSpec zero_;
  KpaActivity activity_ = KpaActivity::Inactive;
  Millis activity_since_{0};
  std::deque<Mark> marks_{{Millis{0}, 0}};  // one per evaluation of the stable window
};

}  // namespace poolscaler::simulation::peers
