// HttpTransport: the one way to another HTTP server. An instance is bound to one origin, its trust
// and its client certificate; a caller makes one per purpose (watches, writes, the lease, each
// Prometheus), so that one slow peer cannot hold up another.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/result.hpp"

namespace poolscaler {

enum class HttpMethod { Get, Post, Put, Patch, Delete };
[[nodiscard]] std::string_view name_of(HttpMethod method);

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  HttpMethod method = HttpMethod::Get;
  std::string target;  // path and query, percent-encoded, starts with '/'
  std::vector<HttpHeader> headers{};  // Content-Type among them when there is a body
  std::string body{};
  /// For the whole exchange, the last byte of the body included.
  std::chrono::milliseconds deadline{30'000};
  std::size_t response_bytes_max = 32u << 20;
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers{};
  std::string body{};
  /// The first header of this name, compared without case; empty when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// Thread-safe. Redirects are never followed, so credentials never reach another origin.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  /// One exchange. Any status is a success here. A request may reach the server twice (a pooled
  /// connection that broke is replayed): send only what is idempotent or conditional.
  /// Errors: TimedOut (deadline), Unavailable (no connection, cut or malformed answer, TLS
  /// refused), InvalidInput (answer larger than response_bytes_max), Cancelled (`stop`).
  [[nodiscard]] virtual Result<HttpResponse> send(const HttpRequest& request,
                                                  std::stop_token stop) = 0;

  /// Returns false to end the stream.
  using ChunkSink = std::function<bool(std::string_view)>;

  /// A response without end. With status 200 each piece of the body goes to `sink` as it arrives,
  /// on the calling thread, and the call returns when the server has ended the stream properly, the
  /// sink has had enough, or with an error: TimedOut after `request.deadline`, Unavailable when
  /// nothing arrived for `idle_limit` or the stream was cut, Cancelled by `stop`. With any other
  /// status it returns the whole (bounded) response as send() does.
  [[nodiscard]] virtual Result<HttpResponse> stream(const HttpRequest& request,
                                                    std::chrono::milliseconds idle_limit,
                                                    const ChunkSink& sink,
                                                    std::stop_token stop) = 0;
};

}  // namespace poolscaler
