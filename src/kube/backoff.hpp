// Growing pauses between attempts: 0.8 s, doubled up to 30 s, each stretched by up to its own
// length, forgotten after two quiet minutes. A server that is down hears from us every 30 to 60 s.
#pragma once

#include <algorithm>
#include <chrono>

#include "poolscaler/base/random.hpp"
#include "poolscaler/base/time.hpp"

namespace poolscaler::kube {

class Backoff {
 public:
  /// The pause to make now.
  Millis next(Millis now, Random& random) {
    if (now - used_ > quiet) pause_ = first;
    const auto jitter = static_cast<double>(pause_.count()) * random.fraction();
    const auto pause = pause_ + Millis(static_cast<std::int64_t>(jitter));
    used_ = now + pause;
    pause_ = std::min(pause_ * 2, longest);
    return pause;
  }

 private:
  static constexpr Millis first{800};
  static constexpr Millis longest{30'000};
  static constexpr Millis quiet{120'000};
  Millis pause_ = first;
  Millis used_{0};  // end of the last pause
};

}  // namespace poolscaler::kube
