// A server on loopback that says exactly what a test tells it to, byte by byte; with TLS on
// request.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <openssl/ssl.h>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "poolscaler/adapters/http/transport.hpp"

namespace poolscaler::test {

class RawConnection {
 public:
  RawConnection(int socket, SSL* tls) : socket_(socket), tls_(tls) {}
  /// The head of the next request and, by its Content-Length, its body; empty when the peer left.
  std::string read_request();
  /// False when the peer has gone.
  bool write(std::string_view text);
  /// Until the peer closes, at most `limit`. True when it did.
  bool wait_for_close(std::chrono::milliseconds limit);
  void cut();
  /// Whatever the peer sends is dropped from now on, unseen and unacknowledged.
  void vanish();

 private:
  int read_some();
  int socket_;
  SSL* tls_;
  std::string buffer_;
};

struct ServerTls {
  std::string certificate_pem;
  std::string key_pem;
  std::string client_ca_pem{};  // when set, a client certificate is required
  int version_max = 0;
};

/// Calls `serve` on a thread of its own for each connection; its destructor waits for them.
class RawServer {
 public:
  using Serve = std::function<void(RawConnection&)>;
  explicit RawServer(Serve serve, ServerTls tls = {});
  ~RawServer();

  [[nodiscard]] std::string origin(std::string_view host = "127.0.0.1") const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_.load(); }

 private:
  void accept_all();
  void handle(int socket);

  Serve serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  bool secure_ = false;
  std::shared_ptr<SSL_CTX> context_;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<int> sockets_;
  std::vector<std::thread> handlers_;
  std::thread acceptor_;
};

/// An answer with a Content-Length.
std::string answer(std::string_view body, int status = 200);
std::string chunk(std::string_view text);
inline constexpr std::string_view chunked_head =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

[[nodiscard]] inline std::unique_ptr<HttpTransport> connect_to(const RawServer& server) {
  return *adapters::make_transport({.origin = server.origin()});
}

}  // namespace poolscaler::test
