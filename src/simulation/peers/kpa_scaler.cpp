#include <algorithm>

#include "poolscaler/simulation/peers/scalers.hpp"

namespace poolscaler::simulation::peers {
namespace {

KpaSpec spec_of(const KpaSettings& settings) {
  return {.target = settings.target_concurrency,
          .total = settings.target_concurrency,
          .burst_capacity = -1,  // the activator stays in the path
          .stable_window = settings.stable_window};
}

KpaZeroSpec zero_spec_of(const KpaSettings& settings) {
  return {.max_scale = settings.max_replicas,
          .stable_window = settings.stable_window,
          .pod_retention = settings.pod_retention,
          .burst_capacity = -1};
}

}  // namespace

KpaScaler::KpaScaler(KpaSettings settings)
    : settings_(settings), decider_(spec_of(settings)), zero_(zero_spec_of(settings)) {}

double KpaScaler::average(const Seen& seen, Millis window) const {
  const auto begin = std::max(seen.now - window, Millis{0});
  // The last mark that is not younger than the begin of the window: the begin itself, since
  // windows are whole numbers of periods.
  auto mark = marks_.rbegin();
  while (mark + 1 != marks_.rend() && mark->at > begin) ++mark;
  const auto length = std::chrono::duration_cast<std::chrono::microseconds>(seen.now - mark->at);
  if (length.count() <= 0) return 0;
  return static_cast<double>(seen.inflight_micros - mark->inflight_micros) /
         static_cast<double>(length.count());
}

void KpaScaler::settle_activity(const Seen& seen, std::int32_t result) {
  const auto known = result > 0 || activity_ != KpaActivity::Inactive;
  auto next = activity_;
  if (result == 0) {
    next = KpaActivity::Inactive;
  } else if (known) {
    next = seen.ready >= 1 ? KpaActivity::Active : KpaActivity::Activating;
  }
  if (next == activity_) return;
  activity_ = next;
  activity_since_ = seen.now;
}

std::int32_t KpaScaler::evaluate(const Seen& seen) {
  const KpaSample sample{.ready = seen.ready,
                         .stable = average(seen, settings_.stable_window),
                         .panic = average(seen, settings_.panic_window)};
  marks_.push_back({seen.now, seen.inflight_micros});
  while (marks_.size() > 2 && marks_[1].at <= seen.now - settings_.stable_window)
    marks_.pop_front();
  const auto wanted = decider_.decide(sample, Instant{seen.now}).pods;
  const auto scaled = scale(zero_,
                            {.current = seen.current,
                             .activity = activity_,
                             .activity_age = seen.now - activity_since_,
                             .proxied = seen.now},
                            wanted);
  settle_activity(seen, scaled.result);
  return scaled.applied ? scaled.result : seen.current;
}

}  // namespace poolscaler::simulation::peers
