#include "support/fault_proxy.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "support/process.hpp"

namespace poolscaler::rig {
namespace {

// The value of a header in a head, its name compared without case.
std::string header_of(const std::string& head, const std::string& name) {
  std::string lower = head;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto at = lower.find("\r\n" + name + ":");
  if (at == std::string::npos) return {};
  const auto begin = lower.find_first_not_of(' ', at + name.size() + 3);
  return lower.substr(begin, lower.find("\r\n", begin) - begin);
}

std::size_t number_in(const std::string& text, int base) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

// Finds the end of one response in the bytes that pass by.
class ResponseEnd {
 public:
  /// True once the whole response has passed.
  bool passed(const std::string& bytes) {
    pending_ += bytes;
    if (!has_head_ && !read_head()) return false;
    while (is_chunked_ && read_chunk()) {
    }
    if (!is_chunked_) {
      const auto used = std::min(left_, pending_.size());
      pending_.erase(0, used);
      left_ -= used;
      done_ = left_ == 0 && !is_unbounded_;
    }
    return done_;
  }

 private:
  bool read_head() {
    const auto end = pending_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const auto head = pending_.substr(0, end + 2);
    pending_.erase(0, end + 4);
    has_head_ = true;
    is_chunked_ = header_of(head, "transfer-encoding") == "chunked";
    const auto length = header_of(head, "content-length");
    left_ = number_in(length, 10);
    const bool has_no_body = head.find(" 204 ") < 12 || head.find(" 304 ") < 12;
    is_unbounded_ = !is_chunked_ && length.empty() && !has_no_body;
    return true;
  }

  bool read_chunk() {
    if (left_ > 0) {
      const auto used = std::min(left_, pending_.size());
      pending_.erase(0, used);
      left_ -= used;
      if (left_ > 0) return false;
      if (is_last_) done_ = true;
      return !done_;
    }
    const auto end = pending_.find("\r\n");
    if (end == std::string::npos) return false;
    const auto size = number_in(pending_.substr(0, end), 16);
    pending_.erase(0, end + 2);
    is_last_ = size == 0;
    left_ = size + 2;
    return true;
  }

  std::string pending_;
  bool has_head_ = false;
  bool is_chunked_ = false;
  bool is_unbounded_ = false;
  bool is_last_ = false;
  bool done_ = false;
  std::size_t left_ = 0;
};

}  // namespace

FaultProxy::FaultProxy(Endpoint upstream)
    : upstream_(upstream), listener_([this](Stream& client) { serve(client); }) {}

std::string FaultProxy::url() const {
  return "http://127.0.0.1:" + std::to_string(listener_.port());
}

void FaultProxy::set_rule(Rule rule) {
  const std::scoped_lock lock(mutex_);
  rule_ = std::move(rule);
}

std::vector<ProxiedRequest> FaultProxy::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

void FaultProxy::forget_requests() {
  const std::scoped_lock lock(mutex_);
  requests_.clear();
}

void FaultProxy::serve(Stream& client) {
  std::unique_ptr<Stream> server;
  std::string pending;
  while (!listener_.stopping()) {
    const auto head_end = pending.find("\r\n\r\n");
    std::size_t length = 0;
    if (head_end != std::string::npos)
      length = head_end + 4 + number_in(header_of(pending.substr(0, head_end + 2),
                                                  "content-length"), 10);
    if (head_end == std::string::npos || pending.size() < length) {
      const auto bytes = client.receive(Ms{200});
      if (bytes && bytes->empty()) return;
      if (bytes) pending += *bytes;
      continue;
    }
    const std::string raw = pending.substr(0, length);
    pending.erase(0, length);
    ProxiedRequest request;
    request.method = raw.substr(0, raw.find(' '));
    const auto target_at = request.method.size() + 1;
    request.target = raw.substr(target_at, raw.find(' ', target_at) - target_at);
    request.body = raw.substr(head_end + 4);
    if (!treat(client, server, request, raw)) return;
  }
}

bool FaultProxy::treat(Stream& client, std::unique_ptr<Stream>& server,
                       const ProxiedRequest& request, const std::string& raw) {
  Rule rule;
  {
    const std::scoped_lock lock(mutex_);
    requests_.push_back(request);
    rule = rule_;
  }
  const Verdict verdict = rule ? rule(request) : Verdict{};
  if (!wait_unless_gone(client, verdict.delay)) return false;
  switch (verdict.kind) {
    case Verdict::Kind::Answer:
      return client.send("HTTP/1.1 " + std::to_string(verdict.status) +
                         " Fault\r\nContent-Type: application/json\r\nContent-Length: " +
                         std::to_string(verdict.text.size()) + "\r\n\r\n" + verdict.text);
    case Verdict::Kind::Raw:
      static_cast<void>(client.send(verdict.text));
      return false;
    case Verdict::Kind::Cut:
      return false;
    case Verdict::Kind::Hold:
      return hold(client);
    case Verdict::Kind::Forward:
    case Verdict::Kind::ForwardThenCut:
    case Verdict::Kind::ForwardThenHold:
      break;
  }
  if (server == nullptr || server->readable(Ms{0})) server = Stream::connect(upstream_);
  if (server == nullptr || !server->send(raw)) return false;
  return relay(client, *server, verdict);
}

// False when the connection is to be closed afterwards.
bool FaultProxy::relay(Stream& client, Stream& server, const Verdict& verdict) {
  const bool is_mute = verdict.kind != Verdict::Kind::Forward;
  ResponseEnd response;
  while (!listener_.stopping()) {
    const auto bytes = server.receive(Ms{50});
    if (!bytes) {
      if (client.peer_closed()) return false;
      continue;
    }
    if (bytes->empty()) return false;
    if (!is_mute && !client.send(*bytes)) return false;
    if (!response.passed(*bytes)) continue;
    if (verdict.executed != nullptr) *verdict.executed = true;
    if (verdict.kind == Verdict::Kind::ForwardThenHold) return hold(client);
    return !is_mute;
  }
  return false;
}

bool FaultProxy::hold(const Stream& client) const {
  while (wait_unless_gone(client, Ms{1000})) {
  }
  return false;
}

bool FaultProxy::wait_unless_gone(const Stream& client, Ms duration) const {
  const Ms end = monotonic() + duration;
  while (monotonic() < end) {
    if (listener_.stopping() || client.peer_closed()) return false;
    pause_for(std::min(Ms{20}, end - monotonic()));
  }
  return true;
}

}  // namespace poolscaler::rig
