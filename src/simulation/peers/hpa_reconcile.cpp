#include "poolscaler/simulation/peers/hpa_reconcile.hpp"

#include <algorithm>
#include <limits>

namespace poolscaler::simulation::peers {
namespace {

namespace hpa = engine::hpa;

constexpr Seconds downscale_stabilization{300};

const char* word_of(hpa::Limit limit) {
  switch (limit) {
    case hpa::Limit::None: return "DesiredWithinRange";
    case hpa::Limit::TooFewReplicas: return "TooFewReplicas";
    case hpa::Limit::TooManyReplicas: return "TooManyReplicas";
    case hpa::Limit::ScaleUpLimit: return "ScaleUpLimit";
    case hpa::Limit::ScaleDownLimit: return "ScaleDownLimit";
  }
  return "";
}

class Evaluation {
 public:
  Evaluation(const HpaEvaluation& input, hpa::History& history, Instant now)
      : in_(input), history_(history), now_(now), out_{.replicas = input.spec_replicas} {}

  HpaResult run() {
    if (in_.target == HpaTarget::Unreadable) return failed("AbleToScale", "FailedGetScale");
    say("AbleToScale", true, "SucceededGetScale");
    const auto current = in_.spec_replicas;
    if (current == 0 && !(in_.may_leave_zero && in_.scaled_to_zero)) {
      say("ScalingActive", false, "ScalingDisabled");
      return out_;
    }
    if (current > in_.range.highest) return rescaled(in_.range.highest);
    if (current > 0 && current < in_.range.lowest) return rescaled(in_.range.lowest);
    const auto proposed = proposal();
    if (!proposed) return out_;
    return rescaled(dampened(*proposed));
  }

 private:
  void say(const std::string& type, bool holds, const std::string& reason) {
    out_.conditions[type] = {.holds = holds, .reason = reason};
  }

  HpaResult failed(const std::string& type, const std::string& reason) {
    say(type, false, reason);
    out_.failed = true;
    return out_;
  }

  /// The largest proposal; nothing when it cannot be trusted.
  std::optional<std::int32_t> proposal() {
    if (in_.target == HpaTarget::WithoutSelector) failed("ScalingActive", "InvalidSelector");
    if (in_.target == HpaTarget::SharedSelector) failed("ScalingActive", "AmbiguousSelector");
    if (out_.failed) return std::nullopt;
    std::optional<std::int32_t> largest;
    const HpaProposal* failure = nullptr;
    for (const auto& one : in_.proposals) {
      if (one.replicas) largest = std::max(largest.value_or(0), *one.replicas);
      if (!one.replicas && failure == nullptr) failure = &one;
    }
    out_.failed = failure != nullptr;
    if (failure != nullptr && (!largest || *largest < in_.spec_replicas)) {
      say("ScalingActive", false, failure->failure);
      return std::nullopt;
    }
    say("ScalingActive", true, "ValidMetricFound");
    return largest.value_or(0);
  }

  std::int32_t dampened(std::int32_t desired) {
    const auto current = in_.spec_replicas;
    const auto stable =
        in_.behavior ? hpa::stabilized(*in_.behavior, history_, current, {now_, desired})
                     : stabilized_without_behavior(history_.recommendations, {now_, desired},
                                                   downscale_stabilization);
    const bool upward = in_.behavior && desired >= current;
    say("AbleToScale", true,
        stable == desired ? "ReadyForNewScale"
        : upward          ? "ScaleUpStabilized"
                          : "ScaleDownStabilized");
    const auto limited =
        in_.behavior
            ? hpa::rate_limited(*in_.behavior, history_, in_.range, current, {now_, stable})
            : limited_without_behavior(in_.range, current, stable);
    say("ScalingLimited", limited.replicas != stable, word_of(limited.limit));
    return limited.replicas;
  }

  HpaResult rescaled(std::int32_t replicas) {
    if (replicas != in_.spec_replicas) {
      if (in_.target == HpaTarget::Unwritable) return failed("AbleToScale", "FailedUpdateScale");
      say("AbleToScale", true, "SucceededRescale");
      if (in_.behavior)
        hpa::remember_change(*in_.behavior, history_, in_.spec_replicas, {now_, replicas});
      out_.replicas = replicas;
    }
    if (in_.may_leave_zero)
      say("ScaledToZero", replicas == 0, replicas == 0 ? "ScaledToZero" : "NotScaledToZero");
    return out_;
  }

  const HpaEvaluation& in_;
  hpa::History& history_;
  Instant now_;
  HpaResult out_;
};

}  // namespace

HpaResult evaluate(const HpaEvaluation& evaluation, hpa::History& history, Instant now) {
  return Evaluation(evaluation, history, now).run();
}

hpa::Limited limited_without_behavior(hpa::Range range, std::int32_t current,
                                      std::int32_t desired) {
  constexpr std::int64_t factor = 2;
  constexpr std::int64_t least = 4;
  const auto limit = std::max(factor * current, least);
  const bool by_rate = range.highest > limit;
  const auto most = std::min<std::int64_t>(range.highest, limit);
  if (desired < range.lowest)
    return {.replicas = range.lowest, .limit = hpa::Limit::TooFewReplicas};
  if (desired > most)
    return {.replicas = static_cast<std::int32_t>(most),
            .limit = by_rate ? hpa::Limit::ScaleUpLimit : hpa::Limit::TooManyReplicas};
  return {.replicas = desired};
}

std::int32_t stabilized_without_behavior(std::vector<TimedReplicas>& history,
                                         TimedReplicas desired, Millis window) {
  auto most = desired.replicas;
  TimedReplicas* outdated = nullptr;
  for (auto& entry : history) {
    if (desired.at - entry.at > window)
      outdated = &entry;
    else
      most = std::max(most, entry.replicas);
  }
  if (outdated != nullptr)
    *outdated = desired;
  else
    history.push_back(desired);
  return most;
}

}  // namespace poolscaler::simulation::peers
