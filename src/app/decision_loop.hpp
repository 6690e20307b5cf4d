// DecisionLoop: the threads around the rounds. One thread steps; workers send what it wants written.
// Guarantee: run() returns only when nothing is being written any more.
#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>

#include "poolscaler/controllers/rounds.hpp"

namespace poolscaler::app {

class DecisionLoop {
 public:
  struct Parts {
    controllers::ClusterState& state;
    MetricReader& reader;
    ClusterWriter& writer;
    telemetry::Metrics& metrics;
    telemetry::Log& log;
    const Clock& clock;
  };
  /// What is borrowed must outlive the loop.
  explicit DecisionLoop(Parts parts);

  /// Takes over (memory comes from the statuses), then decides until `stop`. Call once.
  void run(const std::stop_token& stop);
  /// False when run() is under way and no step has ended for a minute. Thread-safe.
  [[nodiscard]] bool alive() const;

 private:
  Parts parts_;
  controllers::WriteQueue writes_;
  controllers::Rounds rounds_;
  std::atomic<std::int64_t> stepped_ms_{-1};  // monotonic; -1 while not running
};

}  // namespace poolscaler::app
