// One request and its answer while they are under way, shared by the thread that asked and the
// library's threads. The asking thread may leave at any time (deadline, stop, limit): the library's
// tasks then end by themselves and find nobody who cares.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "poolscaler/base/result.hpp"
#include "poolscaler/ports/http_transport.hpp"
#include "socket_guard.hpp"

namespace poolscaler::adapters {

/// How the asking thread wants its answer.
struct ExchangeTerms {
  std::chrono::steady_clock::time_point deadline;
  std::size_t response_bytes_max;
  /// With a sink: a stream (see HttpTransport::stream).
  const HttpTransport::ChunkSink* sink = nullptr;
  std::chrono::milliseconds idle_limit{0};
};

/// Thread-safe.
class Exchange {
 public:
  explicit Exchange(ExchangeTerms terms) : terms_(terms) {}

  // The library's side.

  /// The socket that the request goes over. False when the library is about to send the request
  /// again on another connection: it must not.
  [[nodiscard]] bool use_socket(SocketGuard guard, bool reused);
  void head_arrived(HttpResponse head);
  /// Takes a piece of the body. False when it is more than may be held. `resume` is kept when the
  /// reader is behind, and called once when more may come; otherwise it is called at once.
  [[nodiscard]] bool body_arrived(std::string_view piece, std::function<void()> resume);
  /// The end; empty when all went well.
  void ended(std::string failure);
  /// The library has let go of the connection: it is in its pool, or closed.
  void released();
  /// What OpenSSL said about the handshake, for the message.
  void tls_failed(std::string why);

  // The asking side.

  /// Waits for the end, hands a stream's pieces to its sink, and enforces every limit. On an error
  /// the caller cancels the library's task.
  [[nodiscard]] Result<HttpResponse> wait(std::stop_token stop);
  /// Nobody waits any more: lets the library's task run into its end.
  void abandon();

  /// Ended, and the connection is back in the library's pool; waits a moment for the latter.
  [[nodiscard]] bool is_over();
  /// Broke on a pooled connection before any answer: may be asked again where that is harmless.
  [[nodiscard]] bool broke_on_reuse() const;
  /// No connection came about.
  [[nodiscard]] bool never_connected() const;
  /// The connection's guard, for the next request on it.
  [[nodiscard]] SocketGuard take_guard();

 private:
  using Lock = std::unique_lock<std::mutex>;
  [[nodiscard]] bool is_stream() const { return terms_.sink && head_ && head_->status == 200; }
  [[nodiscard]] std::optional<Error> broken_limit(std::chrono::steady_clock::time_point now);
  [[nodiscard]] std::optional<Error> broken_wire_limit();
  [[nodiscard]] std::chrono::steady_clock::time_point next_look(
      std::chrono::steady_clock::time_point now) const;
  /// Hands over what has arrived, outside of the lock. False when the sink has had enough.
  [[nodiscard]] bool hand_over(Lock& lock);
  [[nodiscard]] Result<HttpResponse> outcome();
  [[nodiscard]] std::optional<Error> framing_error() const;
  [[nodiscard]] Error failure() const;

  const ExchangeTerms terms_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  SocketGuard guard_;
  int sockets_ = 0;
  bool reused_ = false;
  bool replay_refused_ = false;
  std::optional<HttpResponse> head_;
  std::string body_;  // not yet handed over
  std::uint64_t body_bytes_ = 0;
  bool too_large_ = false;
  std::function<void()> resume_;
  bool ended_ = false;
  bool released_ = false;
  bool abandoned_ = false;
  std::string failure_;
  std::string tls_failure_;
  std::chrono::steady_clock::time_point heard_{std::chrono::steady_clock::now()};
  std::uint64_t wire_bytes_ = 0;             // at the last look
  std::uint64_t wire_bytes_at_delivery_ = 0;  // when the last piece had arrived
  std::uint64_t body_bytes_seen_ = 0;
};

}  // namespace poolscaler::adapters
