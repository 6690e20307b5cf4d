// A clock that moves when the test says so. sleep_for() advances it and returns at once.
#pragma once

#include <mutex>

#include "poolscaler/base/clock.hpp"

namespace poolscaler::testing {

class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Instant start = Instant(Millis(1'790'000'000'000))) : now_(start) {}

  Instant now() const override {
    const std::scoped_lock lock(mutex_);
    return now_;
  }
  Millis monotonic() const override {
    const std::scoped_lock lock(mutex_);
    return monotonic_;
  }
  bool sleep_for(Millis duration, std::stop_token stop) const override {
    if (stop.stop_requested()) return false;
    advance(duration);
    return true;
  }
  void advance(Millis by) const {
    const std::scoped_lock lock(mutex_);
    now_ += by;
    monotonic_ += by;
  }

 private:
  mutable std::mutex mutex_;
  mutable Instant now_;
  mutable Millis monotonic_{1'000'000};
};

}  // namespace poolscaler::testing
