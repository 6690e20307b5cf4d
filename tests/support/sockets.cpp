#include "support/sockets.hpp"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <stdexcept>

namespace poolscaler::rig {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int listen_on(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const sockaddr_in address = loopback(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, 128) != 0) {
    ::close(fd);
    throw std::runtime_error("listening on port " + std::to_string(port) + ": " +
                             std::strerror(errno));
  }
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

SSL_CTX* tls_context() {
  static SSL_CTX* const context = [] {
    SSL_CTX* fresh = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(fresh, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_clear_mode(fresh, SSL_MODE_AUTO_RETRY);
    return fresh;
  }();
  return context;
}

}  // namespace

std::uint16_t free_port() {
  static std::mutex mutex;
  static std::set<std::uint16_t> given;
  const std::scoped_lock lock(mutex);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int fd = listen_on(0);
    const std::uint16_t port = port_of(fd);
    ::close(fd);
    if (given.insert(port).second) return port;
  }
  throw std::runtime_error("no free port");
}

Stream::Stream(int fd) : fd_(fd) {
  static const auto ignored = ::signal(SIGPIPE, SIG_IGN);
  static_cast<void>(ignored);
  const int yes = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

std::unique_ptr<Stream> Stream::connect(const Endpoint& endpoint, Ms limit) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto stream = std::make_unique<Stream>(fd);
  const timeval wait{.tv_sec = limit.count() / 1000, .tv_usec = (limit.count() % 1000) * 1000};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  const sockaddr_in address = loopback(endpoint.port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return nullptr;
  if (!endpoint.tls) return stream;
  SSL* tls = SSL_new(tls_context());
  stream->tls_ = tls;
  SSL_set_fd(tls, fd);
  if (SSL_connect(tls) != 1) return nullptr;
  return stream;
}

Stream::~Stream() {
  if (tls_ != nullptr) SSL_free(static_cast<SSL*>(tls_));
  const std::scoped_lock lock(shutting_);
  ::close(fd_);
  fd_ = -1;
}

bool Stream::send(std::string_view bytes) {
  if (vanished_) return true;
  while (!bytes.empty()) {
    const auto sent = tls_ != nullptr
                          ? SSL_write(static_cast<SSL*>(tls_), bytes.data(),
                                      static_cast<int>(bytes.size()))
                          : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Stream::readable(Ms limit) const {
  if (tls_ != nullptr && SSL_pending(static_cast<SSL*>(tls_)) > 0) return true;
  pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, static_cast<int>(limit.count())) > 0;
}

std::optional<std::string> Stream::receive(Ms limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  std::string bytes(16384, '\0');
  for (;;) {
    const auto left =
        std::chrono::duration_cast<Ms>(end - std::chrono::steady_clock::now());
    if (!readable(std::max(left, Ms{0}))) return std::nullopt;
    if (tls_ == nullptr) {
      const auto got = ::recv(fd_, bytes.data(), bytes.size(), 0);
      bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
      return bytes;
    }
    SSL* tls = static_cast<SSL*>(tls_);
    const int got = SSL_read(tls, bytes.data(), static_cast<int>(bytes.size()));
    // A record without data (a session ticket) is not the end.
    if (got <= 0 && SSL_get_error(tls, got) == SSL_ERROR_WANT_READ) continue;
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
}

bool Stream::peer_closed() const {
  if (!readable(Ms{0})) return false;
  char byte = 0;
  return ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void Stream::shut(bool reset) {
  const std::scoped_lock lock(shutting_);
  if (fd_ < 0) return;
  if (reset) {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  ::shutdown(fd_, SHUT_RDWR);
}

void Stream::vanish() {
  vanished_ = true;
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{.len = 1, .filter = &drop};
  if (::setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
    throw std::runtime_error("the kernel takes no socket filter");
}

Listener::Listener(Serve serve, std::uint16_t port)
    : serve_(std::move(serve)), fd_(listen_on(port)), port_(port_of(fd_)) {
  acceptor_ = std::thread([this] { accept_loop(); });
}

Listener::~Listener() {
  stopping_ = true;
  acceptor_.join();
  ::close(fd_);
  cut_all();
  for (auto& connection : connections_) connection.thread.join();
}

void Listener::accept_loop() {
  while (!stopping_) {
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, 50) <= 0) {
      reap();
      continue;
    }
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const std::scoped_lock lock(mutex_);
    auto& connection = connections_.emplace_back();
    connection.stream = std::make_unique<Stream>(fd);
    connection.thread = std::thread([this, &connection] {
      serve_(*connection.stream);
      connection.stream->shut();
      connection.done = true;
    });
  }
}

void Listener::reap() {
  const std::scoped_lock lock(mutex_);
  for (auto at = connections_.begin(); at != connections_.end();) {
    if (at->done) {
      at->thread.join();
      at = connections_.erase(at);
    } else {
      ++at;
    }
  }
}

void Listener::vanish_all() {
  const std::scoped_lock lock(mutex_);
  for (auto& connection : connections_) connection.stream->vanish();
}

void Listener::cut_all(bool reset) {
  const std::scoped_lock lock(mutex_);
  for (auto& connection : connections_) connection.stream->shut(reset);
}

}  // namespace poolscaler::rig
