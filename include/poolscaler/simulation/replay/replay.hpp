// One load, one scaler, one run in virtual time: the service model of docs/SIMULATION.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "poolscaler/simulation/replay/estate.hpp"
#include "poolscaler/simulation/replay/load.hpp"
#include "poolscaler/simulation/replay/scaler.hpp"

namespace poolscaler::replay {

enum class Start {
  Warm,   // with the replicas that the first minute needs
  Floor,  // with the scaler's least
};

/// Closed at both ends.
struct Interval {
  Micros begin;
  Micros end;
};

struct Setup {
  int slots = 8;  // requests in parallel on one replica
  Micros cold_start{20'000'000};
  Start start = Start::Warm;
  std::optional<Micros> warm_up{};  // default: 600 s, none with Start::Floor
  Micros delayed_above{1'000'000};
  /// What is measured; the part from warm_up to the end of the trace otherwise.
  std::optional<Interval> measured{};
  /// Nodes and money; nothing: replicas have room, and cost nothing.
  std::shared_ptr<const Estate> estate{};
  /// Of a replica for an hour, where replicas have no nodes: what their hours are told with.
  std::optional<HourlyRate> replica_price{};
};

/// InvalidInput when nothing would be left to measure.
[[nodiscard]] Result<Interval> measured_of(const Load& load, const Setup& setup);

/// What one run, or several together, came to. Waits are those above zero, in no order.
struct Tally {
  std::int64_t replica_micros = 0;  // starting, ready and draining
  std::int64_t requests = 0;
  std::int64_t delayed = 0;
  std::int64_t unserved = 0;  // still waiting when the run was given up
  std::int64_t restarted = 0;  // starts that were for nothing: the node was taken
  std::int64_t cold_starts = 0;
  std::int64_t starts_from_zero = 0;
  std::int64_t decisions = 0;
  std::int32_t most_replicas = 0;
  std::vector<Micros> waits{};
  ReasonCounts reasons{};
  std::optional<Spending> spending{};  // with an estate

  void add(Tally&& other);
};

struct Figures {
  double replica_seconds = 0;
  std::int64_t requests = 0;
  std::int64_t delayed = 0;
  std::int64_t unserved = 0;
  std::int64_t restarted = 0;
  double delayed_share = 0;
  double wait_mean = 0;  // seconds, as the others
  double wait_p50 = 0;
  double wait_p95 = 0;
  double wait_p99 = 0;
  double wait_max = 0;
  std::int64_t cold_starts = 0;
  std::int64_t starts_from_zero = 0;
  std::int64_t decisions = 0;
  std::int32_t most_replicas = 0;
  ReasonCounts reasons{};
  std::optional<Spending> spending{};

  [[nodiscard]] double replica_hours() const { return replica_seconds / 3600; }
};

/// Nearest rank; reorders the waits.
[[nodiscard]] Figures figures_of(Tally tally);

/// Is told what happens, for charts.
class Recorder {
 public:
  virtual ~Recorder() = default;
  struct Replicas {
    std::int32_t starting;
    std::int32_t ready;
    std::int32_t draining;
  };
  virtual void replicas(Micros at, Replicas now) = 0;
  virtual void started(Micros arrival, Micros at) = 0;
  virtual void decided(Micros at, const Sight& sight, const Wanted& wanted) = 0;
  /// What had started at `at` has not been served, and starts again later.
  virtual void interrupted(Micros /*arrival*/, Micros /*at*/) {}
  /// With an estate: how many nodes there are, and what all of them cost an hour.
  virtual void housed(Micros /*at*/, std::int64_t /*nodes*/, HourlyRate /*rate*/) {}
};

struct Watching {
  Recorder* recorder = nullptr;
  /// Called now and then with the virtual time; false ends the run early.
  std::function<bool(Micros)> progress{};
};

/// How long after the end of the trace requests may still wait before the run is given up.
inline constexpr Micros grace_after_end{std::chrono::hours(24)};

/// Runs `scaler`, which starts anew, against the load.
[[nodiscard]] Result<Tally> replay(const Load& load, const Setup& setup, Scaler& scaler,
                                   const Watching& watching = {});

/// Replicas that run at 0.
[[nodiscard]] std::int32_t replicas_at_start(const Load& load, const Setup& setup,
                                             const Scaler& scaler);

}  // namespace poolscaler::replay
