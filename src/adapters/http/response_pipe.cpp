#include "response_pipe.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace poolscaler::adapters {

ResponsePipe::ResponsePipe(int socket, Body body)
    : socket_(socket), body_(std::move(body)), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

ResponsePipe::~ResponsePipe() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  if (writer_.joinable()) writer_.join();
  if (wake_fd_ >= 0) close(wake_fd_);
}

void ResponsePipe::wake() {
  const std::uint64_t one = 1;
  // Full means that a wake-up is pending already.
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

bool ResponsePipe::write(std::string_view piece) {
  while (!piece.empty()) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || pending_.size() < pending_max; });
    if (closed_) return false;
    const auto part = piece.substr(0, pending_max - pending_.size());
    pending_.append(part);
    piece.remove_prefix(part.size());
    lock.unlock();
    wake();
  }
  return true;
}

bool ResponsePipe::wait(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, duration, [&] { return closed_; });
}

void ResponsePipe::run() {
  bool broken = false;
  try {
    body_(*this);
  } catch (const std::exception&) {
    broken = true;  // a cut body is how the peer learns of it: the head has gone out
  }
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
    broken_ = broken;
  }
  wake();
}

bool ResponsePipe::peer_has_gone() {
  std::array<pollfd, 2> fds{pollfd{.fd = socket_, .events = POLLRDHUP, .revents = 0},
                            pollfd{.fd = wake_fd_, .events = POLLIN, .revents = 0}};
  poll(fds.data(), fds.size(), -1);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto drained = ::read(wake_fd_, &count, sizeof count);
  return (fds[0].revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
}

ResponsePipe::Pulled ResponsePipe::pull(char* out, std::size_t bytes_max) {
  if (wake_fd_ < 0) return {.end = End::Broken};
  if (!writer_.joinable()) writer_ = std::thread([this] { run(); });
  while (true) {
    {
      const std::scoped_lock lock(mutex_);
      if (closed_) return {.end = End::Broken};
      if (!pending_.empty()) {
        const auto bytes = std::min(bytes_max, pending_.size());
        std::copy_n(pending_.data(), bytes, out);
        pending_.erase(0, bytes);
        changed_.notify_all();
        return {.bytes = bytes};
      }
      if (ended_) return {.end = broken_ ? End::Broken : End::Proper};
    }
    if (peer_has_gone()) {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
      changed_.notify_all();
      return {.end = End::Broken};
    }
  }
}

}  // namespace poolscaler::adapters
