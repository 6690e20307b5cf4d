#include "support/raw_http.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace poolscaler::rig {
namespace {

Ms now() {
  return std::chrono::duration_cast<Ms>(std::chrono::steady_clock::now().time_since_epoch());
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string render(const RawRequest& request, const Endpoint& server) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: 127.0.0.1:" +
                     std::to_string(server.port) + "\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  if (!request.body.empty() || request.method != "GET")
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "\r\n" + request.body;
}

}  // namespace

RawStream::RawStream(const Endpoint& server, const RawRequest& request, Ms limit)
    : stream_(Stream::connect(server, limit)) {
  if (stream_ == nullptr || !stream_->send(render(request, server))) {
    ended_ = true;
    return;
  }
  receive_head(limit);
}

RawStream::~RawStream() = default;

void RawStream::receive_head(Ms limit) {
  const Ms end = now() + limit;
  while (raw_.find("\r\n\r\n") == std::string::npos) {
    const auto bytes = stream_->receive(std::max(end - now(), Ms{0}));
    if (!bytes || bytes->empty()) {
      ended_ = true;
      return;
    }
    raw_ += *bytes;
  }
  const auto head_end = raw_.find("\r\n\r\n");
  const std::string head = raw_.substr(0, head_end + 2);
  raw_.erase(0, head_end + 4);
  const auto status_at = head.find(' ');
  if (status_at != std::string::npos)
    std::from_chars(head.data() + status_at + 1, head.data() + head.size(), head_.status);
  for (auto at = head.find("\r\n") + 2; at < head.size();) {
    const auto line_end = head.find("\r\n", at);
    const std::string line = head.substr(at, line_end - at);
    const auto colon = line.find(':');
    if (colon != std::string::npos) {
      const auto value_at = line.find_first_not_of(' ', colon + 1);
      head_.headers[lower(line.substr(0, colon))] =
          value_at == std::string::npos ? "" : line.substr(value_at);
    }
    at = line_end + 2;
  }
  is_chunked_ = lower(head_.headers["transfer-encoding"]) == "chunked";
  const std::string length = head_.headers["content-length"];
  if (!length.empty()) left_ = std::stoul(length);
  if (head_.status == 204 || head_.status == 304 || left_ == 0U) ended_ = head_.complete = true;
  if (!raw_.empty()) unchunk();
}

// Moves what is body from raw_ to text_.
void RawStream::unchunk() {
  if (!is_chunked_) {
    text_ += raw_;
    if (left_) *left_ -= std::min(*left_, raw_.size());
    if (left_ == 0U) ended_ = head_.complete = true;
    raw_.clear();
    return;
  }
  while (!raw_.empty() && !ended_) {
    if (chunk_left_ > 0) {
      const auto piece = std::min(chunk_left_, raw_.size());
      const auto body = chunk_left_ > 2 ? std::min(piece, chunk_left_ - 2) : 0;
      text_ += raw_.substr(0, body);
      raw_.erase(0, piece);
      chunk_left_ -= piece;
      continue;
    }
    const auto line_end = raw_.find("\r\n");
    if (line_end == std::string::npos) return;
    std::size_t size = 0;
    std::from_chars(raw_.data(), raw_.data() + line_end, size, 16);
    raw_.erase(0, line_end + 2);
    if (size == 0) ended_ = head_.complete = true;
    chunk_left_ = size + 2;
  }
}

bool RawStream::receive_some(Ms limit) {
  if (ended_) return false;
  const auto bytes = stream_->receive(std::max(limit, Ms{0}));
  if (!bytes) return false;
  if (bytes->empty()) {
    ended_ = true;
    if (!is_chunked_ && !left_) head_.complete = true;
    return false;
  }
  raw_ += *bytes;
  unchunk();
  return true;
}

std::optional<std::string> RawStream::next_line(Ms limit) {
  const Ms end = now() + limit;
  for (;;) {
    const auto at = text_.find('\n');
    if (at != std::string::npos) {
      std::string line = text_.substr(0, at);
      text_.erase(0, at + 1);
      return line;
    }
    if (!receive_some(end - now()) && (ended_ || now() >= end)) return std::nullopt;
  }
}

RawResponse RawStream::rest(Ms limit) {
  const Ms end = now() + limit;
  while (!ended_ && now() < end) receive_some(end - now());
  head_.body += text_;
  text_.clear();
  return head_;
}

RawResponse exchange(const Endpoint& server, const RawRequest& request, Ms limit) {
  const Ms end = now() + limit;
  RawStream stream(server, request, limit);
  return stream.rest(end - now());
}

}  // namespace poolscaler::rig
