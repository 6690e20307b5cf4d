#include "decision_loop.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace poolscaler::app {
namespace {

constexpr unsigned write_workers = 8;
constexpr unsigned read_threads = 2;
constexpr Millis step_pause_max{1'000};
constexpr Millis step_overdue{60'000};

/// Wakes the stepping thread; what comes while it steps makes it step again.
class Bell {
 public:
  void ring() {
    {
      const std::scoped_lock lock(mutex_);
      rung_ = true;
    }
    wakes_.notify_one();
  }

  void wait(Millis limit, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    wakes_.wait_for(lock, stop, limit, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any wakes_;
  bool rung_ = false;
};

}  // namespace

DecisionLoop::DecisionLoop(Parts parts)
    : parts_(parts),
      writes_(parts.writer, parts.metrics, parts.clock),
      rounds_({.state = parts.state,
               .reader = parts.reader,
               .writes = writes_,
               .events = parts.writer,
               .metrics = parts.metrics,
               .log = parts.log,
               .clock = parts.clock,
               .read_threads = read_threads}) {}

void DecisionLoop::run(const std::stop_token& stop) {
  Bell bell;
  const auto ring = [&bell] { bell.ring(); };
  parts_.state.on_change(ring);
  writes_.on_done(ring);
  rounds_.on_work(ring);
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < write_workers; ++i)
      workers.emplace_back([this](const std::stop_token& over) { writes_.run(over); });
    rounds_.begin();
    while (!stop.stop_requested()) {
      const auto pause = rounds_.step();
      stepped_ms_ = parts_.clock.monotonic().count();
      bell.wait(std::min(pause, step_pause_max), stop);
    }
  }
  parts_.state.on_change({});
  stepped_ms_ = -1;
}

bool DecisionLoop::alive() const {
  const auto stepped = stepped_ms_.load();
  return stepped < 0 || parts_.clock.monotonic() - Millis(stepped) < step_overdue;
}

}  // namespace poolscaler::app
