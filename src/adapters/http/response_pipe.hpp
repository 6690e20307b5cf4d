// ResponsePipe: between a handler that pushes an endless body and a library that pulls it.
//
// The handler runs on a thread of its own; the connection's thread pulls, and sleeps in poll(2) on
// the peer's socket and on the pipe's own wake-up at once, so that a peer that goes is noticed
// without a timer. Invariant: at most `pending_max` bytes wait here; the writer blocks beyond that.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "poolscaler/ports/http_server.hpp"

namespace poolscaler::adapters {

class ResponsePipe final : public ResponseStream {
 public:
  static constexpr std::size_t pending_max = 1u << 20;

  using Body = std::function<void(ResponseStream&)>;
  /// `socket` is the peer's; it outlives the pipe.
  ResponsePipe(int socket, Body body);
  ResponsePipe(const ResponsePipe&) = delete;
  ResponsePipe& operator=(const ResponsePipe&) = delete;
  /// Tells the handler that the peer has gone and waits for it.
  ~ResponsePipe() override;

  bool write(std::string_view piece) override;
  bool wait(std::chrono::milliseconds duration) override;

  enum class End { None, Proper, Broken };
  struct Pulled {
    std::size_t bytes = 0;
    End end = End::None;
  };
  /// Blocks until there is something to send, the handler has ended, or the peer has gone. Starts
  /// the handler at its first call.
  [[nodiscard]] Pulled pull(char* out, std::size_t bytes_max);

 private:
  void run();
  void wake();
  [[nodiscard]] bool peer_has_gone();

  const int socket_;
  const Body body_;
  int wake_fd_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string pending_;
  bool closed_ = false;  // by the peer or the server
  bool ended_ = false;   // by the handler
  bool broken_ = false;  // the handler threw
  std::thread writer_;
};

}  // namespace poolscaler::adapters
