#include "poolscaler/base/clock.hpp"

#include <condition_variable>
#include <ctime>
#include <mutex>

namespace poolscaler {
namespace {

class SystemClock final : public Clock {
 public:
  Instant now() const override {
    return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
  }

  Millis monotonic() const override {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return Millis(static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000);
  }

  bool sleep_for(Millis duration, std::stop_token stop) const override {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop, duration, [] { return false; });
    return !stop.stop_requested();
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace poolscaler
