#include "pod_usage.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "poolscaler/base/check.hpp"

namespace poolscaler::engine {
namespace {

// Sums of quantities of 63 bits, of more pods than a cluster has.
__extension__ using Wide = __int128;

bool is_unready_cpu(const PodSample& pod, const PodPatience& patience, Instant now) {
  if (!pod.ready || !pod.started) return true;
  const auto turned = pod.ready_changed.value_or(Instant::min());
  if (*pod.started + patience.cpu_initialization > now) {
    // Its sample must have been taken wholly after it became ready.
    const auto measured = pod.measured.value_or(Instant::min());
    return !*pod.ready || measured < turned + pod.window;
  }
  return !*pod.ready && *pod.started + patience.initial_readiness_delay > turned;
}

/// The usage of the pods that are reckoned with, and what is assumed of the others.
class Tally {
 public:
  Tally(const PodsMeasured& measured, bool by_request) : by_request_(by_request) {
    for (const auto& pod : measured.pods) add(pod, measured);
  }

  [[nodiscard]] PodUsageGap gap() const {
    if (!any_measured_) return PodUsageGap::NothingMeasured;
    if (entries_ == 0) return PodUsageGap::NothingCounts;
    if (!by_request_) return PodUsageGap::None;
    if (request_missing_) return PodUsageGap::RequestMissing;
    return requests_ <= 0 ? PodUsageGap::NoRequests : PodUsageGap::None;
  }
  [[nodiscard]] std::int32_t ready() const { return ready_; }
  [[nodiscard]] std::int32_t unready() const { return unready_; }
  [[nodiscard]] std::int32_t missing() const { return missing_; }
  /// Of usage, measured or assumed, including that of pods that are not known.
  [[nodiscard]] std::int32_t entries() const { return entries_; }

  [[nodiscard]] std::int64_t average() const {
    const auto count = by_request_ ? requested_entries_ : entries_;
    return static_cast<std::int64_t>(count == 0 ? 0 : usage_ / count);
  }
  [[nodiscard]] std::int32_t percent() const {
    constexpr Wide largest = std::numeric_limits<std::int32_t>::max();
    const auto percent = requests_ == 0 ? largest : usage_ * 100 / requests_;
    return static_cast<std::int32_t>(std::min(percent, largest));
  }
  [[nodiscard]] double ratio(double target) const {
    return by_request_ ? percent() / target : static_cast<double>(average()) / target;
  }

  /// With too little load a pod that is not measured uses its whole request, or the target where
  /// that is more; without requests, just the target.
  void assume_missing(double target, const PodsMeasured& measured) {
    const auto percent = static_cast<std::int64_t>(std::ceil(std::max(100.0, target)));
    const auto value = std::max<std::int64_t>(std::llround(target), 1);
    for (const auto& pod : measured.pods) {
      if (group(pod, measured) != PodGroup::Missing) continue;
      const auto share = Wide{pod.request_milli.value_or(0)} * percent / 100;
      assume(pod, by_request_ ? static_cast<std::int64_t>(share) : value);
    }
  }
  void assume(PodGroup assumed, std::int64_t usage, const PodsMeasured& measured) {
    for (const auto& pod : measured.pods)
      if (group(pod, measured) == assumed) assume(pod, usage);
  }

 private:
  static PodGroup group(const PodSample& pod, const PodsMeasured& measured) {
    return pod.known ? group_of(pod, measured.resource, measured.patience, measured.now)
                     : PodGroup::Ignored;
  }

  void add(const PodSample& pod, const PodsMeasured& measured) {
    any_measured_ = any_measured_ || pod.usage_milli.has_value();
    if (!pod.known) {
      // HPA counts such usage, but has no request to hold it against.
      if (pod.usage_milli) ++entries_;
      if (pod.usage_milli && !by_request_) usage_ += *pod.usage_milli;
      return;
    }
    request_missing_ = request_missing_ || !pod.request_milli;
    switch (group(pod, measured)) {
      case PodGroup::Ready:
        ++ready_;
        assume(pod, pod.usage_milli.value_or(0));
        break;
      case PodGroup::Unready: ++unready_; break;
      case PodGroup::Missing: ++missing_; break;
      case PodGroup::Ignored: break;
    }
  }

  void assume(const PodSample& pod, std::int64_t usage) {
    ++entries_;
    if (by_request_ && !pod.request_milli) return;
    ++requested_entries_;
    usage_ += usage;
    requests_ += pod.request_milli.value_or(0);
  }

  bool by_request_;
  bool any_measured_ = false;
  bool request_missing_ = false;
  Wide usage_ = 0;
  Wide requests_ = 0;
  std::int32_t entries_ = 0;
  std::int32_t requested_entries_ = 0;
  std::int32_t ready_ = 0;
  std::int32_t unready_ = 0;
  std::int32_t missing_ = 0;
};

bool contradicts(double direction, double ratio) {
  return (direction < 1 && ratio > 1) || (direction > 1 && ratio < 1);
}

/// What the ratio with the assumptions comes to; they may dampen the change, never turn it round.
Proposal rebalanced(double ratio, const Tally& tally, std::int32_t current, double target,
                    const Tolerance& tolerance) {
  const double shared = tally.ratio(target);
  const Proposal stay{.replicas = current, .ratio = ratio, .tolerated = false};
  if (is_within(shared, tolerance) || contradicts(ratio, shared)) return stay;
  const auto proposed = saturated(std::ceil(shared * tally.entries()));
  const bool turned_round =
      (shared < 1 && proposed > current) || (shared > 1 && proposed < current);
  return turned_round ? stay
                      : Proposal{.replicas = proposed, .ratio = ratio, .tolerated = false};
}

PodProposal proposal_of(Tally tally, const PodsMeasured& measured, double target,
                        std::int32_t current, const Tolerance& tolerance) {
  CHECK(target > 0, "a target is positive");
  PodProposal out{.gap = tally.gap()};
  if (out.gap != PodUsageGap::None) return out;
  out.utilization_percent = tally.percent();
  out.average_milli = tally.average();
  out.counted = tally.ready();
  const double ratio = tally.ratio(target);
  const bool share_with_unready = tally.unready() > 0 && ratio > 1;
  if (!share_with_unready && tally.missing() == 0) {
    const auto proposed = saturated(std::ceil(ratio * tally.ready()));
    const bool tolerated = is_within(ratio, tolerance);
    out.proposal = {.replicas = tolerated ? current : proposed,
                    .ratio = ratio,
                    .tolerated = tolerated && proposed != current,
                    .untolerated = proposed};
    return out;
  }
  if (ratio < 1) tally.assume_missing(target, measured);
  if (ratio > 1) tally.assume(PodGroup::Missing, 0, measured);
  if (share_with_unready) tally.assume(PodGroup::Unready, 0, measured);
  out.proposal = rebalanced(ratio, tally, current, target, tolerance);
  return out;
}

}  // namespace

PodGroup group_of(const PodSample& pod, Resource resource, const PodPatience& patience,
                  Instant now) {
  if (pod.deleting || pod.phase == PodPhase::Ended) return PodGroup::Ignored;
  if (pod.phase == PodPhase::Pending) return PodGroup::Unready;
  if (!pod.usage_milli) return PodGroup::Missing;
  if (resource == Resource::Cpu && is_unready_cpu(pod, patience, now)) return PodGroup::Unready;
  return PodGroup::Ready;
}

PodProposal resource_utilization(const PodsMeasured& measured, double target_percent,
                                 std::int32_t current, const Tolerance& tolerance) {
  return proposal_of(Tally(measured, true), measured, target_percent, current, tolerance);
}

PodProposal pods_average_value(const PodsMeasured& measured, double target_milli,
                               std::int32_t current, const Tolerance& tolerance) {
  return proposal_of(Tally(measured, false), measured, target_milli, current, tolerance);
}

std::int64_t per_replica_usage(std::int64_t usage_milli, std::int32_t replicas) {
  if (replicas <= 0) return 0;
  const auto whole = usage_milli / replicas;
  return usage_milli % replicas > 0 ? whole + 1 : whole;
}

}  // namespace poolscaler::engine
