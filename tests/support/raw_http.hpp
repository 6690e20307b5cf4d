// HTTP/1.1 by hand: what a server really answers, with no client library (least of all ours) in
// between. One connection per request.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/sockets.hpp"

namespace poolscaler::rig {

struct RawRequest {
  std::string method = "GET";
  std::string target;
  std::map<std::string, std::string> headers{};
  std::string body{};
};

struct RawResponse {
  int status = 0;  // 0: no answer
  std::map<std::string, std::string> headers{};  // names in lower case
  std::string body{};
  bool complete = false;  // ended as its framing says
};

/// The whole answer, or what there is of it when `limit` is over.
RawResponse exchange(const Endpoint& server, const RawRequest& request, Ms limit = Ms{15'000});

/// An answer read as it comes; for watches.
class RawStream {
 public:
  RawStream(const Endpoint& server, const RawRequest& request, Ms limit = Ms{5000});
  ~RawStream();
  [[nodiscard]] int status() const { return head_.status; }
  [[nodiscard]] const RawResponse& head() const { return head_; }
  /// The next line of the body without its end; nullopt when none came within `limit` or the body
  /// has ended.
  std::optional<std::string> next_line(Ms limit);
  [[nodiscard]] bool ended() const { return ended_; }
  /// Reads to the end of the body, at most for `limit`.
  RawResponse rest(Ms limit);

 private:
  void receive_head(Ms limit);
  bool receive_some(Ms limit);
  void unchunk();

  std::unique_ptr<Stream> stream_;
  RawResponse head_;
  std::string raw_;   // received, framing not yet removed
  std::string text_;  // body not yet handed out
  std::optional<std::size_t> left_;  // of a body with Content-Length
  std::size_t chunk_left_ = 0;       // of the current chunk, its CRLF included
  bool is_chunked_ = false;
  bool ended_ = false;
};

}  // namespace poolscaler::rig
