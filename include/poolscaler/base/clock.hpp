// The clock port. Only runtime code (rounds, adapters, app) holds one; the engine takes `now` as
// data. Wall time is for decisions; the monotonic time is for deadlines and goes on while the
// machine sleeps (CLOCK_BOOTTIME), so that a lease cannot outlive a suspend.
#pragma once

#include <stop_token>

#include "poolscaler/base/time.hpp"

namespace poolscaler {

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  /// Milliseconds since some fixed point; never goes backward.
  [[nodiscard]] virtual Millis monotonic() const = 0;
  /// Waits at most `duration`; returns early (false) when `stop` is requested.
  virtual bool sleep_for(Millis duration, std::stop_token stop) const = 0;
};

/// The machine's own clock.
[[nodiscard]] const Clock& system_clock();

}  // namespace poolscaler
