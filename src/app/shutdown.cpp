#include "shutdown.hpp"

#include <array>
#include <csignal>
#include <thread>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "poolscaler/base/check.hpp"

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

/// Waits without end for a signal or for its owner's end, and wakes for nothing else.
struct Shutdown::Impl {
  explicit Impl(const sigset_t& ending)
      : signals(signalfd(-1, &ending, SFD_CLOEXEC)), over(eventfd(0, EFD_CLOEXEC)) {
    CHECK(signals >= 0 && over >= 0, "no file descriptors are left to wait for signals");
    waiter = std::thread([this] { wait(); });
  }
  ~Impl() {
    eventfd_write(over, 1);
    waiter.join();
    close(signals);
    close(over);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void wait() {
    std::array awaited{pollfd{.fd = signals, .events = POLLIN, .revents = 0},
                       pollfd{.fd = over, .events = POLLIN, .revents = 0}};
    while (awaited[1].revents == 0) {
      if (poll(awaited.data(), awaited.size(), -1) < 0 || awaited[0].revents == 0) continue;
      signalfd_siginfo taken{};
      if (read(signals, &taken, sizeof(taken)) == sizeof(taken) && !source.request_stop())
        _exit(130);
    }
  }

  std::stop_source source{};
  int signals;
  int over;
  std::thread waiter{};
};

Shutdown::Shutdown() {
  std::signal(SIGPIPE, SIG_IGN);
  const auto signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  impl_ = std::make_unique<Impl>(signals);
}

Shutdown::~Shutdown() = default;

std::stop_token Shutdown::token() const { return impl_->source.get_token(); }

void Shutdown::request() { impl_->source.request_stop(); }

}  // namespace poolscaler::app
