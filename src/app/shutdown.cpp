#include "shutdown.hpp"

#include <csignal>
#include <thread>

#include <pthread.h>
#include <unistd.h>

namespace poolscaler::app {
namespace {

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

struct Shutdown::Impl {
  std::stop_source source{};
  std::jthread waiter{};
};

Shutdown::Shutdown() : impl_(std::make_unique<Impl>()) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  impl_->waiter = std::jthread([&source = impl_->source](const std::stop_token& over) {
    const auto awaited = ending_signals();
    // A bounded wait, so that the thread ends with its owner.
    constexpr timespec patience{.tv_sec = 0, .tv_nsec = 100'000'000};
    while (!over.stop_requested()) {
      if (sigtimedwait(&awaited, nullptr, &patience) < 0) continue;
      if (!source.request_stop()) _exit(130);
    }
  });
}

Shutdown::~Shutdown() = default;

std::stop_token Shutdown::token() const { return impl_->source.get_token(); }

void Shutdown::request() { impl_->source.request_stop(); }

}  // namespace poolscaler::app
