// A second handle on the socket of an exchange. The library shows its socket only in passing; with
// a handle of our own we can set options, count what the process has taken from the wire (the
// library buffers headers and chunks without a limit), see that a pooled connection has gone, and
// cut.
#pragma once

#include <cstdint>

namespace poolscaler::adapters {

class SocketGuard {
 public:
  SocketGuard() = default;
  /// Duplicates `socket`.
  explicit SocketGuard(int socket);
  ~SocketGuard();
  SocketGuard(SocketGuard&& other) noexcept;
  SocketGuard& operator=(SocketGuard&& other) noexcept;
  SocketGuard(const SocketGuard&) = delete;
  SocketGuard& operator=(const SocketGuard&) = delete;

  [[nodiscard]] bool holds() const { return socket_ >= 0; }
  /// Bytes that the process has read since this guard was made.
  [[nodiscard]] std::uint64_t consumed() const;
  /// The peer has closed, or sent what nobody asked for: not to be used for another request.
  [[nodiscard]] bool is_stale() const;
  /// Ends the connection in both directions, whoever holds it.
  void cut() const;

 private:
  int socket_ = -1;
  std::uint64_t consumed_before_ = 0;
};

/// Keep-alive probes and a limit on unacknowledged data, so that a half-open connection fails.
void set_liveness_options(int socket);

}  // namespace poolscaler::adapters
