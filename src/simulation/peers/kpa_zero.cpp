// KPA's way to zero: active for a stable window, then marked inactive, then kept for the grace
// period or the retention of the last pod, and never before the activator can take requests.

#include <algorithm>

#include "poolscaler/simulation/peers/kpa.hpp"

namespace poolscaler::simulation::peers {
namespace {

struct Allowed {
  std::int32_t replicas;
  bool apply;
};

std::int32_t in_bounds(const KpaZeroSpec& spec, const KpaZeroState& state, std::int32_t wanted) {
  const bool unreachable = spec.reachability == KpaReachability::Unreachable;
  auto lowest = unreachable ? 0 : spec.min_scale;
  if (spec.initial_scale > 1 && !state.initialized && !unreachable)
    lowest = std::max(lowest, spec.initial_scale);
  if (wanted < lowest) return lowest;
  return spec.max_scale != 0 ? std::min(wanted, spec.max_scale) : wanted;
}

Allowed zero_when_inactive(const KpaZeroSpec& spec, const KpaZeroState& state) {
  if (spec.burst_capacity != -1 && !state.activator_in_path) return {.replicas = 0, .apply = false};
  const auto retention =
      spec.reachability == KpaReachability::Unreachable ? Millis{0} : spec.pod_retention;
  if (state.activity_age >= std::max(spec.grace, retention)) return {.replicas = 0, .apply = true};
  if (state.activity_age < retention) return {.replicas = 0, .apply = false};
  return {.replicas = 0, .apply = state.proxied >= spec.grace};
}

Allowed allowed_zero(const KpaZeroSpec& spec, const KpaZeroState& state) {
  if (!spec.enable_scale_to_zero) return {.replicas = 1, .apply = true};
  switch (state.activity) {
    case KpaActivity::Activating:
      if (state.activity_age > spec.activation_timeout) return {.replicas = 0, .apply = true};
      return {.replicas = -1, .apply = false};
    case KpaActivity::Active:
      if (state.activity_age >= spec.stable_window) return {.replicas = 0, .apply = false};
      return {.replicas = 1, .apply = true};
    case KpaActivity::Inactive: break;
  }
  return zero_when_inactive(spec, state);
}

}  // namespace

KpaScale scale(const KpaZeroSpec& spec, const KpaZeroState& state, std::int32_t wanted) {
  if (wanted < 0 && state.activity != KpaActivity::Activating)
    return {.result = wanted, .applied = false};
  const auto bounded = in_bounds(spec, state, wanted);
  const auto allowed =
      bounded == 0 ? allowed_zero(spec, state) : Allowed{.replicas = bounded, .apply = true};
  return {.result = allowed.replicas,
          .applied = allowed.apply && allowed.replicas != state.current};
}

}  // namespace poolscaler::simulation::peers
