#include "socket_guard.hpp"

#include <fcntl.h>
// The kernel's header, since the C library's tcp_info ends before tcpi_bytes_received.
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace poolscaler::adapters {
namespace {

std::uint64_t taken_from_wire(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  int unread = 0;
  if (ioctl(socket, SIOCINQ, &unread) != 0 || unread < 0) unread = 0;
  const auto received = static_cast<std::uint64_t>(info.tcpi_bytes_received);
  const auto waiting = static_cast<std::uint64_t>(unread);
  return received > waiting ? received - waiting : 0;
}

void set_option(int socket, int level, int name, int value) {
  // A kernel without the option is no reason to refuse the connection: idle limits still hold.
  (void)setsockopt(socket, level, name, &value, sizeof(value));
}

}  // namespace

SocketGuard::SocketGuard(int socket) : socket_(fcntl(socket, F_DUPFD_CLOEXEC, 0)) {
  if (socket_ >= 0) consumed_before_ = taken_from_wire(socket_);
}

SocketGuard::~SocketGuard() {
  if (socket_ >= 0) close(socket_);
}

SocketGuard::SocketGuard(SocketGuard&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), consumed_before_(other.consumed_before_) {}

SocketGuard& SocketGuard::operator=(SocketGuard&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(consumed_before_, other.consumed_before_);
  return *this;
}

std::uint64_t SocketGuard::consumed() const {
  if (socket_ < 0) return 0;
  const auto taken = taken_from_wire(socket_);
  return taken > consumed_before_ ? taken - consumed_before_ : 0;
}

bool SocketGuard::is_stale() const {
  if (socket_ < 0) return true;
  pollfd entry{.fd = socket_, .events = POLLIN | POLLRDHUP, .revents = 0};
  return poll(&entry, 1, 0) != 0;
}

void SocketGuard::cut() const {
  if (socket_ < 0) return;
  // With a reset once it is closed: a peer that waits for a full window to open again would be
  // answered by the kernel, for minutes, that it has not.
  const linger reset{.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  (void)shutdown(socket_, SHUT_RDWR);
}

void set_liveness_options(int socket) {
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 4);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
}

}  // namespace poolscaler::adapters
