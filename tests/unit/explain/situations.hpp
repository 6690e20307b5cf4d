// Situations for the tests of explanations: one Deployment that follows a queue.
#pragma once

#include "poolscaler/explain/situation.hpp"

namespace poolscaler::explain {

inline Signal signal_named(const char* name, TargetType type, double target) {
  return {.name = name,
          .source = "prometheus",
          .query = MetricSelector{.metric = name},
          .target_type = type,
          .target = target};
}

inline SignalReading reading_of(double value) {
  return {.state = value == 0 ? SignalState::Zero : SignalState::Value, .value = value};
}

/// `replicas` ready ones, 10 waiting requests for each; long observed, nothing remembered that
/// could hold anything.
inline Situation queue_situation(std::int32_t replicas, double queue) {
  const Instant now{Seconds{1'800'000'000}};
  Situation situation{
      .policy = {.target = {.api_version = "apps/v1", .kind = "Deployment", .name = "llm"},
                 .min_replicas = 1,
                 .max_replicas = 8,
                 .signals = {signal_named("queue", TargetType::PerReplica, 10)}},
      .observation = {.target = {}, .policy_created = now - std::chrono::days(30)},
      .now = now};
  auto& target = situation.observation.target;
  target.uid = "u";
  target.spec_replicas = target.status_replicas = target.pods.ready = replicas;
  target.created = now - std::chrono::days(30);
  situation.observation.signals = {reading_of(queue)};
  situation.memory.target_uid = "u";
  situation.memory.observed_since = now - std::chrono::days(1);
  situation.memory.recommendations = {{now - Seconds(301), replicas}};
  return situation;
}

}  // namespace poolscaler::explain
