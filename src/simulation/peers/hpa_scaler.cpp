#include <algorithm>
#include <cmath>

#include "poolscaler/base/check.hpp"
#include "poolscaler/simulation/peers/scalers.hpp"

namespace poolscaler::simulation::peers {

HpaScaler::HpaScaler(HpaSettings settings)
    : settings_(std::move(settings)),
      target_milli_(std::llround(settings_.target_per_replica * 1000)) {
  CHECK(target_milli_ > 0, "a target is positive");
}

std::int32_t HpaScaler::evaluate(const Seen& seen) {
  const Instant now{seen.now};
  const auto current = seen.current;
  if (history_.recommendations.empty()) history_.recommendations.push_back({now, current});
  if (current == 0) return 0;
  if (current > settings_.max_replicas || current < settings_.min_replicas) {
    const auto bounded = std::clamp(current, settings_.min_replicas, settings_.max_replicas);
    engine::hpa::remember_change(settings_.behavior, history_, current, {now, bounded});
    return bounded;
  }
  const auto desired = engine::hpa::average_value_target(seen.inflight * 1000, target_milli_,
                                                         current, settings_.tolerance);
  const auto stable =
      engine::hpa::stabilized(settings_.behavior, history_, current, {now, desired});
  const auto limited = engine::hpa::rate_limited(
      settings_.behavior, history_,
      {.lowest = settings_.min_replicas, .highest = settings_.max_replicas}, current,
      {now, stable});
  engine::hpa::remember_change(settings_.behavior, history_, current, {now, limited.replicas});
  return limited.replicas;
}

}  // namespace poolscaler::simulation::peers
