#include "poolscaler/simulation/load.hpp"

#include <algorithm>

#include "poolscaler/base/check.hpp"

namespace poolscaler::simulation {
namespace {

double seconds_of(Millis duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Load::Load(LoadPlan plan, Instant start) : plan_(std::move(plan)), start_(start), at_(start) {
  CHECK(std::ranges::is_sorted(plan_.phases, {}, &LoadPhase::from), "phases follow each other");
  CHECK(plan_.served_per_second_and_replica > 0, "a replica serves");
  CHECK(plan_.repeat_every >= Millis{0}, "time goes forward");
}

Millis Load::into_cycle(Instant now) const {
  const Millis since = now - start_;
  return plan_.repeat_every > Millis{0} ? since % plan_.repeat_every : since;
}

/// The first moment after `now` at which the rate may be another.
Instant Load::next_change(Instant now) const {
  const Millis into = into_cycle(now);
  for (const auto& phase : plan_.phases)
    if (phase.from > into) return now + (phase.from - into);
  if (plan_.repeat_every > Millis{0}) return now + (plan_.repeat_every - into);
  return Instant::max();
}

double Load::rate_at(Instant now) const {
  if (now < start_) return 0;
  double rate = 0;
  for (const auto& phase : plan_.phases)
    if (phase.from <= into_cycle(now)) rate = phase.requests_per_second;
  return rate;
}

bool Load::ended(Instant now) const {
  if (plan_.phases.empty()) return true;
  const auto& last = plan_.phases.back();
  return plan_.repeat_every == Millis{0} && last.requests_per_second <= 0 &&
         start_ + last.from <= now;
}

double Load::busy_replicas() const {
  if (waiting_ > 0) return ready_replicas_;
  return std::min<double>(ready_replicas_, rate_at(at_) / plan_.served_per_second_and_replica);
}

void Load::advance(Instant now, int ready_replicas) {
  ready_replicas_ = std::max(ready_replicas, 0);
  const double pace = ready_replicas_ * plan_.served_per_second_and_replica;
  while (at_ < now) {
    const Instant until = std::min(now, next_change(at_));
    const double seconds = seconds_of(until - at_);
    const double came = rate_at(at_) * seconds;
    // Both rates are constant up to `until`, so a queue that would become negative was empty from
    // some moment on, and from then on everything was served as it came: this is exact.
    const double done = std::min(pace * seconds, waiting_ + came);
    waiting_ = std::max(0.0, waiting_ + came - done);
    arrived_ += came;
    served_ += done;
    at_ = until;
  }
}

}  // namespace poolscaler::simulation
