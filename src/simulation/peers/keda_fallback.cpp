// What KEDA reports for a metric whose trigger fails: after more failures in a row than the
// threshold, a value that makes the HPA ask for the fallback's replicas.

#include <algorithm>
#include <cmath>
#include <limits>

#include "poolscaler/simulation/peers/keda.hpp"

namespace poolscaler::simulation::peers {
namespace {

bool is_tracked(const KedaFallback& fallback) {
  return fallback.enabled && fallback.failure_threshold >= 0 && fallback.replicas >= 0;
}

std::optional<std::int32_t> fallback_count(const KedaFallback& fallback,
                                           const KedaReading& reading) {
  if (fallback.behavior == KedaFallbackBehavior::Static) return fallback.replicas;
  if (!reading.current_replicas) return std::nullopt;
  const auto current = *reading.current_replicas;
  switch (fallback.behavior) {
    case KedaFallbackBehavior::CurrentReplicasIfHigher: return std::max(current, fallback.replicas);
    case KedaFallbackBehavior::CurrentReplicasIfLower: return std::min(current, fallback.replicas);
    case KedaFallbackBehavior::CurrentReplicas:
    case KedaFallbackBehavior::Static: break;
  }
  return current;
}

/// Cut to milli-units, as a Kubernetes quantity holds it.
double in_whole_milli(double milli) {
  constexpr double most = 9223372036854774784.0;  // the largest double below 2^63
  return std::trunc(std::clamp(milli, -most, most)) / 1000;
}

std::optional<double> fallback_value(const KedaFallback& fallback, const KedaReading& reading) {
  const auto count = fallback_count(fallback, reading);
  if (!count) return std::nullopt;
  double replicas = *count;
  if (fallback.target_type == KedaTargetType::Value) {
    if (!reading.ready_replicas || *reading.ready_replicas == 0) return std::nullopt;
    replicas /= *reading.ready_replicas;
  }
  return in_whole_milli(fallback.target * 1000 * replicas);
}

std::int32_t one_more(std::int32_t failures) {
  return failures < std::numeric_limits<std::int32_t>::max() ? failures + 1 : failures;
}

}  // namespace

KedaMetric read_with_fallback(const KedaFallback& fallback, const KedaReading& reading) {
  if (!is_tracked(fallback)) {
    const auto failures = reading.failures_before;
    const std::string_view health = !failures ? "" : *failures > 0 ? "Failing" : "Happy";
    return {.value = reading.value, .failures_after = failures, .health = health};
  }
  if (reading.value) return {.value = reading.value, .failures_after = 0, .health = "Happy"};
  const auto failures = one_more(reading.failures_before.value_or(0));
  KedaMetric metric{.failures_after = failures, .health = "Failing"};
  if (failures > fallback.failure_threshold) metric.value = fallback_value(fallback, reading);
  return metric;
}

}  // namespace poolscaler::simulation::peers
