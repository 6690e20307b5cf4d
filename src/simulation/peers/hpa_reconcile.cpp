#include "poolscaler/simulation/peers/hpa_reconcile.hpp"

#include <algorithm>

namespace poolscaler::simulation::peers {
namespace {

namespace hpa_rules = engine::hpa;

void set(HpaReconciled& result, const char* type, bool status, std::string_view reason) {
  result.conditions[type] = {.status = status, .reason = std::string(reason)};
}

std::string_view word_of(hpa_rules::Limit limit) {
  switch (limit) {
    case hpa_rules::Limit::TooFewReplicas: return "TooFewReplicas";
    case hpa_rules::Limit::TooManyReplicas: return "TooManyReplicas";
    case hpa_rules::Limit::ScaleUpLimit: return "ScaleUpLimit";
    case hpa_rules::Limit::ScaleDownLimit: return "ScaleDownLimit";
    case hpa_rules::Limit::None: break;
  }
  return "DesiredWithinRange";
}

/// The largest proposal; nothing when the metrics do not allow any change.
std::optional<std::int32_t> largest_proposal(const HpaReconciliation& hpa, HpaReconciled& result) {
  if (hpa.selector_ambiguous) {
    set(result, "ScalingActive", false, "AmbiguousSelector");
    result.returns_error = true;
    return std::nullopt;
  }
  std::optional<std::int32_t> largest;
  const HpaMetric* failed = nullptr;
  for (const auto& metric : hpa.metrics) {
    if (!metric.proposal && failed == nullptr) failed = &metric;
    if (metric.proposal) largest = std::max(largest.value_or(0), *metric.proposal);
  }
  result.returns_error = failed != nullptr;
  const bool might_shrink = failed != nullptr && (!largest || *largest < hpa.spec_replicas);
  if (might_shrink) {
    set(result, "ScalingActive", false, failed->failure);
    return std::nullopt;
  }
  if (largest) set(result, "ScalingActive", true, "ValidMetricFound");
  return largest;
}

/// Stabilization, then bounds or rate policies.
std::int32_t normalized(const HpaReconciliation& hpa, hpa_rules::History& history,
                        TimedReplicas desired, HpaReconciled& result) {
  const auto current = hpa.spec_replicas;
  const auto stable =
      hpa.behavior ? hpa_rules::stabilized(*hpa.behavior, history, current, desired)
                   : hpa_rules::stabilized_without_behavior(hpa.downscale_stabilization, history,
                                                            desired);
  if (stable == desired.replicas)
    set(result, "AbleToScale", true, "ReadyForNewScale");
  else
    set(result, "AbleToScale", true,
        desired.replicas < stable ? "ScaleDownStabilized" : "ScaleUpStabilized");
  const TimedReplicas wanted{desired.at, stable};
  const auto limited =
      hpa.behavior ? hpa_rules::rate_limited(*hpa.behavior, history, hpa.range, current, wanted)
                   : hpa_rules::limited_without_behavior(hpa.range, current, stable);
  set(result, "ScalingLimited", limited.limit != hpa_rules::Limit::None, word_of(limited.limit));
  return limited.replicas;
}

void rescale(const HpaReconciliation& hpa, hpa_rules::History& history, Instant now,
             HpaReconciled& result) {
  if (hpa.may_scale_to_zero)
    set(result, "ScaledToZero", result.replicas == 0,
        result.replicas == 0 ? "ScaledToZero" : "NotScaledToZero");
  if (result.replicas == hpa.spec_replicas) return;
  set(result, "AbleToScale", true, "SucceededRescale");
  if (hpa.behavior)
    hpa_rules::remember_change(*hpa.behavior, history, hpa.spec_replicas, {now, result.replicas});
}

}  // namespace

HpaReconciled reconcile(const HpaReconciliation& hpa, engine::hpa::History& history, Instant now) {
  HpaReconciled result{.replicas = hpa.spec_replicas};
  if (hpa.scale_unreadable) {
    set(result, "AbleToScale", false, "FailedGetScale");
    result.returns_error = true;
    return result;
  }
  set(result, "AbleToScale", true, "SucceededGetScale");
  const auto current = hpa.spec_replicas;
  if (current == 0 && !(hpa.may_scale_to_zero && hpa.scaled_to_zero)) {
    set(result, "ScalingActive", false, "ScalingDisabled");
    return result;
  }
  if (current > hpa.range.highest) {
    result.replicas = hpa.range.highest;
  } else if (current > 0 && current < hpa.range.lowest) {
    result.replicas = hpa.range.lowest;
  } else {
    const auto proposal = largest_proposal(hpa, result);
    if (!proposal) return result;
    result.replicas = normalized(hpa, history, {now, *proposal}, result);
  }
  rescale(hpa, history, now, result);
  return result;
}

}  // namespace poolscaler::simulation::peers
