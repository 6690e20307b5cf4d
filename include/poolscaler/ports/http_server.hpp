// HttpServer: our own listeners (metrics and health; the sandbox's API server). The limits are part
// of the contract: nothing that a client does can hold a thread or memory without bound.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "poolscaler/base/result.hpp"

namespace poolscaler {

struct ServerRequest {
  std::string method;  // "GET"
  std::string path;    // percent-decoded, without the query
  std::string query{};   // as sent, without '?'
  std::map<std::string, std::string> headers{};  // names in lower case; last one wins
  std::string body{};
};

/// What a handler writes a response without end to.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;
  /// False when the peer has gone or the server stops: the handler returns then.
  [[nodiscard]] virtual bool write(std::string_view piece) = 0;
  /// Waits up to `duration`, less when the peer goes or the server stops; false then.
  [[nodiscard]] virtual bool wait(std::chrono::milliseconds duration) = 0;
};

struct ServerResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::map<std::string, std::string> headers{};
  /// When set, it is called on a thread of the connection to write a chunked body after the head.
  std::function<void(ResponseStream&)> stream{};
};

using HttpHandler = std::function<ServerResponse(const ServerRequest&)>;

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // or "0.0.0.0", "::"
  std::uint16_t port = 0;             // 0: a free one, told by port()
  unsigned connections_max = 64;
  unsigned connections_per_peer_max = 32;
  std::chrono::seconds idle_limit{15};      // a connection that says nothing is closed
  std::size_t body_bytes_max = 1u << 20;    // larger requests get 413
};

class HttpServer {
 public:
  virtual ~HttpServer() = default;  // stops, ends every stream, waits for the handlers
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};

}  // namespace poolscaler
