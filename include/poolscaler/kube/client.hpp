// Client: one question to the API server, answered by JSON or by an Error that says what to do.
//
// Invariant: the token goes into the Authorization header and nowhere else; an answer is bounded in
// bytes and depth, and is JSON of Kubernetes or an error; a write is never sent again, except once
// after 401 (nothing was done then). Text of the server is quoted, escaped and capped in messages.
// Statuses: 400/422 InvalidInput, 401 Unauthorised, 403 Forbidden, 404 NotFound, 409 Conflict,
// 410 Expired, 429 Throttled, 408/504 TimedOut, other 5xx Unavailable, what is no API answer
// Internal.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/base/result.hpp"
#include "poolscaler/kube/request.hpp"
#include "poolscaler/ports/http_transport.hpp"

namespace poolscaler::kube {

/// Thread-safe.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  /// The bearer token to send now; empty for none (client certificate or open server).
  [[nodiscard]] virtual std::string token() = 0;
  /// The server refused `token`: the next call reads it again.
  virtual void refused(std::string_view token) = 0;
};

/// No token at all.
[[nodiscard]] std::unique_ptr<TokenSource> no_token();

/// One exchange, for metrics. `verb` is one of get, list, watch, create, update, patch, delete;
/// `status` is 0 when there was no answer.
struct RequestSeen {
  std::string_view verb;
  std::string_view plural;  // "scalingpolicies", "" for discovery
  int status;
  Millis took;
};
using RequestObserver = std::function<void(const RequestSeen&)>;

using SendGate = std::function<bool()>;

struct ClientOptions {
  std::string user_agent = "poolscaler";
  Millis deadline{30'000};
  std::size_t response_bytes_max = 32u << 20;
  int get_attempts = 3;  // GETs are sent again after Unavailable or Throttled, with back-off
  Millis retry_after_max{8'000};  // longer Retry-After is left to the caller
  RequestObserver observe{};
};

/// Thread-safe. Everything that it borrows must outlive it.
class Client {
 public:
  Client(HttpTransport& transport, TokenSource& tokens, const Clock& clock,
         ClientOptions options = {});

  /// A 2xx answer as a JSON object. GETs are retried within their deadline, nothing else is.
  [[nodiscard]] Result<nlohmann::json> call(const Request& request, std::stop_token stop) const;
  /// The same of a list, whose `items` go to the sink one by one as they are read and are missing
  /// in the answer: a page of large objects is never held as a whole. A list that turns out to be
  /// none after some items is an Error.
  using ItemSink = std::function<void(const nlohmann::json& item)>;
  [[nodiscard]] Result<nlohmann::json> list(const Request& request, const ItemSink& sink,
                                            std::stop_token stop) const;
  /// The same with a deadline of its own and without any retry. `may_send` is asked immediately
  /// before anything is sent; Cancelled when it says no.
  [[nodiscard]] Result<nlohmann::json> call_once(const Request& request, Millis deadline,
                                                 std::stop_token stop,
                                                 const SendGate& may_send = {}) const;
  /// A watch: see HttpTransport::stream. A status other than 200 is an Error as in call().
  [[nodiscard]] Result<void> stream(const Request& request, Millis deadline, Millis idle_limit,
                                    const HttpTransport::ChunkSink& sink,
                                    std::stop_token stop) const;

 private:
  [[nodiscard]] Result<HttpResponse> exchange(const Request& request, Millis deadline,
                                              std::stop_token stop,
                                              const SendGate& may_send) const;
  [[nodiscard]] Result<nlohmann::json> call_parsed(const Request& request, std::stop_token stop,
                                                   const ItemSink* sink) const;
  [[nodiscard]] HttpRequest dressed(const Request& request, std::string_view token,
                                    Millis deadline) const;
  void observe(const Request& request, const Result<HttpResponse>& answer, Millis began) const;

  HttpTransport& transport_;
  TokenSource& tokens_;
  const Clock& clock_;
  ClientOptions options_;
};

/// A Status object (an answer, or the object of an ERROR event) as an Error. `http_status` is used
/// where the object has no code.
[[nodiscard]] Error error_of_status(const nlohmann::json& status, int http_status);
/// Seconds of a Retry-After header (a number; a date or nonsense is 1), 0 when empty; at most 3600.
[[nodiscard]] int retry_after_seconds(std::string_view header);
/// Parses with a limit on depth (64); duplicates keep the last. Errors: Internal.
[[nodiscard]] Result<nlohmann::json> parse_bounded(std::string_view text);

}  // namespace poolscaler::kube
