#include <algorithm>

#include "poolscaler/simulation/peers/scalers.hpp"

namespace poolscaler::simulation::peers {
namespace {

HpaSettings above_zero(HpaSettings settings) {
  settings.min_replicas = std::max(settings.min_replicas, 1);
  return settings;
}

}  // namespace

KedaScaler::KedaScaler(KedaSettings settings)
    : settings_(std::move(settings)),
      object_{.cooldown = settings_.cooldown},
      hpa_(above_zero(settings_.hpa)) {}

std::int32_t KedaScaler::poll(const Seen& seen) {
  const bool active = static_cast<double>(seen.inflight) > settings_.activation_above;
  const auto age = last_active_ ? std::optional(seen.now - *last_active_) : std::nullopt;
  const auto verdict = activate(object_, {.active = active,
                                          .current = seen.current,
                                          .last_active_age = age,
                                          .created_age = seen.now});
  if (verdict.was_active_now) last_active_ = seen.now;
  return verdict.scale_to.value_or(seen.current);
}

std::int32_t KedaScaler::evaluate(const Seen& seen) {
  auto seen_by_hpa = seen;
  if (seen.now % poll_period == Millis{0}) seen_by_hpa.current = poll(seen);
  return hpa_.evaluate(seen_by_hpa);
}

}  // namespace poolscaler::simulation::peers
