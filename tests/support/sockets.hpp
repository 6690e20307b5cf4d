// Loopback sockets of the tests: a byte stream (plain or TLS) with a limit on every wait, and a
// listener that serves each connection on a thread of its own. TLS certificates are not checked
// here: these are the test's own servers.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace poolscaler::rig {

using Ms = std::chrono::milliseconds;

/// A server on 127.0.0.1.
struct Endpoint {
  std::uint16_t port;
  bool tls = false;
};

/// A port that nothing listens on now and that was not given out before by this process.
std::uint16_t free_port();

class Stream {
 public:
  /// nullptr when nobody listens or TLS fails.
  static std::unique_ptr<Stream> connect(const Endpoint& endpoint, Ms limit = Ms{5000});
  explicit Stream(int fd);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  [[nodiscard]] bool send(std::string_view bytes);
  /// What has arrived, at least a byte; "" at the end or on an error; nullopt after `limit`.
  std::optional<std::string> receive(Ms limit);
  /// True when receive() would return at once.
  [[nodiscard]] bool readable(Ms limit) const;
  /// True when the peer has closed its side (looked at without reading).
  [[nodiscard]] bool peer_closed() const;
  /// Ends both directions; safe from another thread. With `reset` the peer sees RST, not FIN.
  void shut(bool reset = false);
  /// From now on nothing passes in either direction, as on a network that has lost a host: what the
  /// peer sends is dropped before this end's TCP sees it, and nothing is acknowledged or reset.
  void vanish();

 private:
  int fd_;
  void* tls_ = nullptr;  // SSL*
  std::atomic<bool> vanished_{false};
  std::mutex shutting_;
};

class Listener {
 public:
  using Serve = std::function<void(Stream&)>;
  /// `serve` runs on a thread per connection; shut() on its stream ends it.
  explicit Listener(Serve serve, std::uint16_t port = 0);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Ends every connection there is; new ones are served as before.
  void cut_all(bool reset = false);
  /// Every connection there is goes dark (Stream::vanish); new ones are served as before.
  void vanish_all();
  [[nodiscard]] bool stopping() const { return stopping_; }

 private:
  struct Connection {
    std::unique_ptr<Stream> stream;
    std::atomic<bool> done{false};
    std::thread thread;
  };
  void accept_loop();
  void reap();

  Serve serve_;
  int fd_;
  std::uint16_t port_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::list<Connection> connections_;
  std::thread acceptor_;
};

}  // namespace poolscaler::rig
