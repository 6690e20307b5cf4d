#include "rest.hpp"

#include <algorithm>

namespace poolscaler::replay {
namespace {

/// Reasons that stay while time passes and nothing else happens.
bool lasts(Reason reason) {
  return reason == Reason::ScaledToZero || reason == Reason::AtMinimum ||
         reason == Reason::ScheduleFloor || reason == Reason::PreWarming;
}

bool all_zero(const Observation& observation) {
  const auto is_zero = [](const SignalReading& reading) {
    return reading.state == SignalState::Zero && reading.pods.empty();
  };
  return !observation.signals.empty() && std::ranges::all_of(observation.signals, is_zero);
}

/// Of recommendations that all say the same, the newest alone can still decide anything.
bool is_settled(const Memory& memory) {
  const auto& all = memory.recommendations;
  const auto same = [&](const TimedReplicas& one) { return one.replicas == all.back().replicas; };
  return !all.empty() && std::ranges::all_of(all, same) && memory.idle == Millis{0} &&
         !memory.idle_counted_to && memory.cold_starts.asked.empty() && memory.trends.empty();
}

}  // namespace

bool is_at_rest(const Observation& observation, const ScalingPolicy& policy,
                const Decision& decision, const Memory& memory) {
  const auto& target = observation.target;
  const bool stands = std::holds_alternative<Hold>(decision.action) &&
                      target.pods.ready == target.spec_replicas && target.pods.starting == 0;
  return stands && lasts(decision.reason) && policy.forecast == ForecastMode::Off &&
         all_zero(observation) && is_settled(memory);
}

void rest(Memory& memory, Instant last) {
  memory.recommendations = {{.at = last, .replicas = memory.recommendations.back().replicas}};
  memory.cold_starts.looked_at = last;
  auto& keep_alive = memory.keep_alive;
  if (!keep_alive.counted_to) return;
  keep_alive.clock += last - *keep_alive.counted_to;
  keep_alive.counted_to = last;
}

}  // namespace poolscaler::replay
