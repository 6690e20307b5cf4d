#include <algorithm>
#include <cmath>
#include <limits>

#include "poolscaler/base/check.hpp"
#include "poolscaler/simulation/peers/kpa.hpp"

namespace poolscaler::simulation::peers {
namespace {

constexpr Seconds tick{2};

std::int32_t as_count(double count) {
  constexpr double most = std::numeric_limits<std::int32_t>::max();
  return std::isnan(count) ? 0 : static_cast<std::int32_t>(std::clamp(count, -most, most));
}

std::int64_t tick_of(Instant now) {
  return std::chrono::floor<Seconds>(now).time_since_epoch() / tick;
}

std::optional<MaxWindow> delay_window(Millis delay) {
  if (delay <= Millis{0}) return std::nullopt;
  return MaxWindow((delay + tick - Millis{1}) / tick);
}

/// A count is in [down, up]; up wins where they cross.
std::int32_t kept_between(double down, double count, double up) {
  return as_count(std::min(std::max(count, down), up));
}

}  // namespace

MaxWindow::MaxWindow(std::int64_t buckets) : buckets_(std::max<std::int64_t>(buckets, 1)) {}

void MaxWindow::record(std::int64_t index, std::int32_t value) {
  while (!falling_.empty() && falling_.back().value <= value) falling_.pop_back();
  while (!falling_.empty() && index - falling_.front().index >= buckets_) falling_.pop_front();
  // What is left is larger, so another value of the same index has won already.
  if (falling_.empty() || falling_.back().index != index) falling_.push_back({index, value});
}

std::int32_t MaxWindow::current() const {
  CHECK(!falling_.empty(), "a window is asked after a value was recorded");
  return falling_.front().value;
}

KpaDecider::KpaDecider(KpaSpec spec, KpaPanic panic)
    : spec_(spec), panic_(panic), delay_(delay_window(spec.scale_down_delay)) {
  CHECK(spec_.target > 0, "a target is positive");
}

KpaDecider::Counts KpaDecider::counts_of(const KpaSample& sample) const {
  const double ready = std::max(1, sample.ready);
  const double up = std::ceil(spec_.max_scale_up * ready);
  // Without a route there is nobody to protect from a fast fall.
  const double down = spec_.reachable ? std::floor(ready / spec_.max_scale_down) : 0;
  const double stable = std::ceil(sample.stable / spec_.target);
  const double panic = std::ceil(sample.panic / spec_.target);
  const auto lifted = [&](double count) {
    const auto kept = kept_between(down, count, up);
    return spec_.activation_scale > 1 && count > 0 ? std::max(kept, spec_.activation_scale) : kept;
  };
  return {.stable = lifted(stable),
          .panic = lifted(panic),
          .over_threshold = panic / ready >= spec_.panic_threshold};
}

void KpaDecider::judge_panic(bool over_threshold, Instant now) {
  if (over_threshold) {
    panic_.since = now;
  } else if (panic_.since && *panic_.since + spec_.stable_window < now) {
    panic_ = {};
  }
}

std::int32_t KpaDecider::excess_burst(const KpaSample& sample) const {
  if (spec_.burst_capacity == 0) return 0;
  if (spec_.burst_capacity < 0) return -1;
  return as_count(std::floor(sample.ready * spec_.total - spec_.burst_capacity - sample.panic));
}

KpaDecision KpaDecider::decide(const KpaSample& sample, Instant now) {
  const auto counts = counts_of(sample);
  judge_panic(counts.over_threshold, now);
  auto pods = counts.stable;
  if (panic_.since) {
    panic_.most_pods = std::max({panic_.most_pods, counts.stable, counts.panic});
    pods = panic_.most_pods;
  }
  if (delay_ && spec_.reachable) {
    delay_->record(tick_of(now), pods);
    pods = delay_->current();
  }
  return {.pods = pods, .excess_burst = excess_burst(sample)};
}

}  // namespace poolscaler::simulation::peers
