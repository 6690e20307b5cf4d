#include "poolscaler/controllers/control_loop.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "poolscaler/controllers/write_queue.hpp"

namespace poolscaler::controllers {
namespace {

constexpr Millis step_pause_max{1'000};
constexpr Millis sync_period{50};
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

struct ControlLoop::Impl {
  Impl(const ControlParts& given, ControlOptions chosen)
      : parts(given),
        options(chosen),
        writes(parts.writer, parts.metrics, parts.clock),
        rounds({.state = parts.state,
                .reader = parts.reader,
                .writes = writes,
                .events = parts.writer,
                .metrics = parts.metrics,
                .log = parts.log,
                .clock = parts.clock,
                .source_trouble = parts.source_trouble,
                .read_threads = options.read_threads}) {
    rounds.on_work([this] { bell.ring(); });
  }
  ~Impl() { parts.state.on_change({}); }

  void beat() { beat_ms = parts.clock.monotonic().count(); }
  [[nodiscard]] bool wait_for_sync(const std::stop_token& stop);
  void step_until(const std::stop_token& stop);

  ControlParts parts;
  ControlOptions options;
  Bell bell;  // outlives everything that rings it
  WriteQueue writes;
  Rounds rounds;
  std::atomic<std::int64_t> beat_ms{-1};  // monotonic; -1 while not running
};

bool ControlLoop::Impl::wait_for_sync(const std::stop_token& stop) {
  while (!parts.state.synced()) {
    beat();
    if (!parts.clock.sleep_for(sync_period, stop)) return false;
  }
  return !stop.stop_requested();
}

void ControlLoop::Impl::step_until(const std::stop_token& stop) {
  rounds.begin();
  parts.log.info("deciding", {{"policies", parts.state.policy_count()}});
  while (!stop.stop_requested()) {
    const auto pause = rounds.step();
    beat();
    parts.clock.sleep_for(options.step_spacing, stop);
    bell.wait(std::min(pause, step_pause_max), stop);
  }
}

ControlLoop::ControlLoop(const ControlParts& parts, ControlOptions options)
    : impl_(std::make_unique<Impl>(parts, options)) {}
ControlLoop::~ControlLoop() = default;

void ControlLoop::run(const std::stop_token& stop) {
  if (impl_->wait_for_sync(stop)) {
    std::stop_source abort;
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < impl_->options.write_workers; ++i)
      workers.emplace_back([this, token = abort.get_token()](const std::stop_token& over) {
        impl_->writes.run(over, token);
      });
    impl_->step_until(stop);
    for (auto& worker : workers) worker.request_stop();
    const auto patience = impl_->parts.clock.monotonic() + impl_->options.last_writes;
    while (impl_->writes.sending() > 0 && impl_->parts.clock.monotonic() < patience)
      impl_->parts.clock.sleep_for(Millis(10), {});
    abort.request_stop();
  }
  impl_->beat_ms = -1;
  impl_->parts.metrics.drop_all_policies();
  impl_->parts.metrics.drop_all_pools();
  impl_->parts.metrics.drop_all_budgets();
}

bool ControlLoop::alive() const {
  const auto beat = impl_->beat_ms.load();
  return beat < 0 || impl_->parts.clock.monotonic() - Millis(beat) < step_overdue;
}

}  // namespace poolscaler::controllers
