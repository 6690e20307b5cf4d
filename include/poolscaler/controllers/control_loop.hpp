// ControlLoop: the threads around the rounds - one that steps, a few that write, a few that ask the
// metric sources. To be run by the leader alone.
//
// Guarantees: nothing is decided before every collection that decisions need has been listed; run()
// returns only when nothing is being written any more, at most `last_writes` after stop.
#pragma once

#include <memory>
#include <stop_token>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/controllers/cluster_state.hpp"
#include "poolscaler/controllers/rounds.hpp"
#include "poolscaler/ports/cluster_writer.hpp"
#include "poolscaler/ports/metric_reader.hpp"
#include "poolscaler/telemetry/log.hpp"
#include "poolscaler/telemetry/metrics.hpp"

namespace poolscaler::controllers {

struct ControlParts {
  ClusterState& state;
  MetricReader& reader;
  ClusterWriter& writer;
  telemetry::Metrics& metrics;
  telemetry::Log& log;
  const Clock& clock;
  SourceCheck source_trouble{};
};

struct ControlOptions {
  unsigned write_workers = 8;
  unsigned read_threads = 4;
  /// Steps are at least this far apart, so that a burst of changes is one step.
  Millis step_spacing{20};
  /// How long writes that are being sent may go on after stop.
  Millis last_writes{2'000};
};

class ControlLoop {
 public:
  /// What is borrowed must outlive the loop.
  explicit ControlLoop(const ControlParts& parts, ControlOptions options = {});
  ~ControlLoop();
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  /// Takes over (memory comes from the statuses), then decides until `stop`. Call once.
  void run(const std::stop_token& stop);
  /// False when run() is under way and no step has ended for a minute. Thread-safe.
  [[nodiscard]] bool alive() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace poolscaler::controllers
