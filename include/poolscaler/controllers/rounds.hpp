// Rounds: observe, decide, act - for the policies that are due, on one thread.
//
// A step takes in what the watches, the metric sources and the write queue have brought, evaluates
// what is due and hands out reads and writes; it never blocks on a network. From the API server it
// reads nothing at all.
// Invariant: while a write of a policy is on its way, or the cache is older than its last write,
// that policy is not decided. A broken invariant freezes one policy until its spec changes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/controllers/cluster_state.hpp"
#include "poolscaler/controllers/write_queue.hpp"
#include "poolscaler/domain/decision.hpp"
#include "poolscaler/engine/decide.hpp"
#include "poolscaler/ports/cluster_writer.hpp"
#include "poolscaler/ports/metric_reader.hpp"
#include "poolscaler/telemetry/log.hpp"
#include "poolscaler/telemetry/metrics.hpp"

namespace poolscaler::controllers {

using Decide = std::function<engine::Outcome(const Observation&, const ScalingPolicy&,
                                             const Memory&, Instant)>;

/// What the platform team must change before a source may be asked at all; nothing: it may.
using SourceCheck = std::function<std::optional<std::string>(const MetricSource&)>;

/// Everything that the rounds work with; all of it must outlive them.
struct RoundParts {
  ClusterState& state;
  MetricReader& reader;
  WriteQueue& writes;
  ClusterWriter& events;  // note_event() alone
  telemetry::Metrics& metrics;
  telemetry::Log& log;
  const Clock& clock;
  SourceCheck source_trouble{};  // empty: every source may be asked
  Decide decide = engine::decide;
  unsigned read_threads = 0;  // 0: reads happen within the step
};

/// Not thread-safe: one thread steps.
class Rounds {
 public:
  explicit Rounds(RoundParts parts);
  ~Rounds();
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;

  /// Called, from any thread, when there is something to step for. Set once, before begin().
  void on_work(std::function<void()> notify);
  /// From now on this process decides: memory is taken from the statuses, everything is due.
  void begin();
  /// One step; returns how long nothing will be due when nothing happens meanwhile.
  Millis step();

 private:
  class Steps;
  std::unique_ptr<Steps> steps_;
};

}  // namespace poolscaler::controllers
