// What KEDA's scale executor decides at each poll of a ScaledObject.

#include <algorithm>

#include "poolscaler/simulation/peers/keda.hpp"

namespace poolscaler::simulation::peers {
namespace {

constexpr std::string_view ready = "True/ScaledObjectReady";
constexpr std::string_view active = "True/ScalerActive";
constexpr std::string_view not_active = "False/ScalerNotActive";

KedaVerdict verdict_when_active(const KedaObject& object, const KedaPoll& poll) {
  KedaVerdict verdict{.ready = ready, .active = active};
  const bool idles_below_min = object.idle_replicas && poll.current < object.min_replicas;
  if (idles_below_min || poll.current == 0) {
    if (object.pause == KedaPause::ScaleOut) return verdict;
    verdict.scale_to = std::max(object.min_replicas, 1);
    verdict.was_active_now = true;
  } else if (poll.error) {
    // Neither is the last activity moved on, so that a cooldown may run out under load.
    verdict.ready = "Unknown/PartialTriggerError";
  } else {
    verdict.was_active_now = true;
  }
  return verdict;
}

bool has_cooled_down(const KedaObject& object, const KedaPoll& poll) {
  return poll.last_active_age ? *poll.last_active_age > object.cooldown
                              : poll.created_age > object.initial_cooldown;
}

void deactivate(KedaVerdict& verdict, const KedaObject& object, const KedaPoll& poll) {
  if (object.pause == KedaPause::ScaleIn) return;
  if (has_cooled_down(object, poll)) {
    verdict.scale_to = object.idle_replicas.value_or(object.min_replicas);
  } else {
    verdict.active = "False/ScalerCooldown";
  }
}

KedaVerdict verdict_when_inactive(const KedaObject& object, const KedaPoll& poll) {
  KedaVerdict verdict{.ready = ready, .active = not_active};
  if (poll.error && object.fallback_replicas && *object.fallback_replicas > 0) return verdict;
  if (poll.error && !object.fallback_replicas) {
    verdict.ready = "False/TriggerError";
    return verdict;
  }
  const bool above_idle = object.idle_replicas && poll.current > *object.idle_replicas;
  if (above_idle || (poll.current > 0 && object.min_replicas == 0)) {
    deactivate(verdict, object, poll);
  } else if (!object.idle_replicas && poll.current < object.min_replicas) {
    verdict.scale_to = object.min_replicas;
  }
  return verdict;
}

}  // namespace

KedaVerdict activate(const KedaObject& object, const KedaPoll& poll) {
  if (object.pause == KedaPause::All) return {.ready = ready, .active = {}, .paused = true};
  return poll.active || object.force_activation ? verdict_when_active(object, poll)
                                                : verdict_when_inactive(object, poll);
}

}  // namespace poolscaler::simulation::peers
