#include "exchange.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/base/time.hpp"

namespace poolscaler::adapters {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A reader that is this far behind stops the library from reading on.
constexpr std::size_t unread_max = 256u << 10;
/// Header of an answer, as taken from the wire.
constexpr std::uint64_t head_bytes_max = 1u << 20;

/// From the end of an answer until the library has put the connection into its pool.
constexpr milliseconds release_limit{100};

/// How often the wire is looked at: often while something comes, seldom while a watch is silent.
constexpr milliseconds look_busy{50};
constexpr milliseconds look_silent{1'000};

bool contains_chunked(std::string_view value) {
  std::string lower(value);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return lower.find("chunked") != std::string::npos;
}

}  // namespace

bool Exchange::use_socket(SocketGuard guard, bool reused) {
  const Lock lock(mutex_);
  if (++sockets_ > 1) {
    replay_refused_ = true;
    return false;
  }
  guard_ = std::move(guard);
  reused_ = reused;
  return !abandoned_;
}

void Exchange::head_arrived(HttpResponse head) {
  const Lock lock(mutex_);
  head_ = std::move(head);
  heard_ = steady_clock::now();
  changed_.notify_all();
}

bool Exchange::body_arrived(std::string_view piece, std::function<void()> resume) {
  {
    const Lock lock(mutex_);
    // Compared so that a nonsensical length (a chunk of size -1) cannot overflow.
    if (abandoned_ || piece.size() > terms_.response_bytes_max ||
        body_.size() > terms_.response_bytes_max - piece.size()) {
      too_large_ = !abandoned_;
      changed_.notify_all();
      return false;
    }
    body_.append(piece);
    body_bytes_ += piece.size();
    heard_ = steady_clock::now();
    changed_.notify_all();
    if (terms_.sink && body_.size() > unread_max) {
      resume_ = std::move(resume);
      return true;
    }
  }
  resume();
  return true;
}

void Exchange::ended(std::string failure) {
  const Lock lock(mutex_);
  if (ended_) return;
  ended_ = true;
  failure_ = std::move(failure);
  changed_.notify_all();
}

void Exchange::released() {
  const Lock lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

void Exchange::tls_failed(std::string why) {
  const Lock lock(mutex_);
  if (tls_failure_.empty()) tls_failure_ = std::move(why);
}

void Exchange::abandon() {
  std::function<void()> resume;
  {
    const Lock lock(mutex_);
    abandoned_ = true;
    guard_.cut();
    resume = std::exchange(resume_, nullptr);
  }
  if (resume) resume();
}

bool Exchange::is_over() {
  Lock lock(mutex_);
  return ended_ && changed_.wait_for(lock, release_limit, [this] { return released_; });
}

bool Exchange::broke_on_reuse() const {
  const Lock lock(mutex_);
  return reused_ && !head_ && ended_;
}

bool Exchange::never_connected() const {
  const Lock lock(mutex_);
  return !head_ && !reused_ && guard_.consumed() == 0;
}

SocketGuard Exchange::take_guard() {
  const Lock lock(mutex_);
  return std::move(guard_);
}

std::optional<Error> Exchange::broken_wire_limit() {
  const auto wire = guard_.consumed();
  if (body_bytes_ != body_bytes_seen_) {
    body_bytes_seen_ = body_bytes_;
    wire_bytes_at_delivery_ = wire;
  }
  wire_bytes_ = wire;
  // What was taken from the wire and not handed on lies in the library's unbounded buffers.
  const auto held = wire - std::min(wire, wire_bytes_at_delivery_);
  const auto held_max = head_ ? terms_.response_bytes_max + head_bytes_max : head_bytes_max;
  if (held <= held_max) return std::nullopt;
  return Error{.kind = ErrorKind::InvalidInput,
               .message = fmt::format("the {} of the answer is larger than {} bytes",
                                      head_ ? "body" : "head", held_max)};
}

std::optional<Error> Exchange::broken_limit(steady_clock::time_point now) {
  if (too_large_)
    return Error{.kind = ErrorKind::InvalidInput,
                 .message = fmt::format("the answer is larger than {} bytes",
                                        terms_.response_bytes_max)};
  if (now >= terms_.deadline)
    return Error{.kind = ErrorKind::TimedOut,
                 .message = head_ ? "the answer was not complete by the deadline"
                                  : "no answer by the deadline"};
  if (terms_.sink && now >= heard_ + terms_.idle_limit)
    return Error{.kind = ErrorKind::Unavailable,
                 .message = "nothing was heard for " + seconds_text(terms_.idle_limit)};
  return broken_wire_limit();
}

steady_clock::time_point Exchange::next_look(steady_clock::time_point now) const {
  const bool silent = is_stream() && now - heard_ > std::chrono::seconds(1);
  auto next = std::min(terms_.deadline, now + (silent ? look_silent : look_busy));
  if (terms_.sink) next = std::min(next, heard_ + terms_.idle_limit);
  return next;
}

bool Exchange::hand_over(Lock& lock) {
  while (!body_.empty()) {
    const auto pieces = std::exchange(body_, {});
    const auto resume = std::exchange(resume_, nullptr);
    lock.unlock();
    if (resume) resume();
    const bool more = (*terms_.sink)(pieces);
    lock.lock();
    heard_ = steady_clock::now();  // while the sink worked nobody listened
    if (!more) return false;
  }
  return true;
}

Result<HttpResponse> Exchange::wait(std::stop_token stop) {
  const std::stop_callback wake(stop, [this] {
    const Lock lock(mutex_);
    changed_.notify_all();
  });
  Lock lock(mutex_);
  while (true) {
    if (is_stream() && !hand_over(lock)) return *head_;
    if (stop.stop_requested()) return fail(ErrorKind::Cancelled, "stopped");
    if (ended_) {
      if (is_stream() && !hand_over(lock)) return *head_;
      return outcome();
    }
    const auto now = steady_clock::now();
    if (auto error = broken_limit(now)) return fail(*std::move(error));
    changed_.wait_until(lock, next_look(now));
  }
}

Result<HttpResponse> Exchange::outcome() {
  if (too_large_ || !failure_.empty() || !head_) {
    if (auto error = broken_limit(steady_clock::now())) return fail(*std::move(error));
    return fail(failure());
  }
  if (auto error = framing_error()) return fail(*std::move(error));
  auto response = *std::move(head_);
  response.body = std::exchange(body_, {});
  return response;
}

/// The library takes the end of the connection for the end of an answer that says nothing of its
/// length, and ignores lengths that it cannot read: such an answer may be cut.
std::optional<Error> Exchange::framing_error() const {
  const auto broken = [](std::string why) {
    return Error{.kind = ErrorKind::Unavailable, .message = std::move(why)};
  };
  if (head_->status < 200 || head_->status > 599)
    return broken(fmt::format("the server answered with status {}", head_->status));
  if (head_->status == 204 || head_->status == 304) return std::nullopt;
  if (contains_chunked(head_->header("transfer-encoding"))) return std::nullopt;
  const auto text = head_->header("content-length");
  if (text.empty())
    return broken(fmt::format("the answer, with status {}, tells no length, so it may be cut",
                              head_->status));
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size() || length != body_bytes_)
    return broken(fmt::format("the answer's length is '{}', but {} bytes came",
                              escaped(capped(text, 40)), body_bytes_));
  return std::nullopt;
}

Error Exchange::failure() const {
  if (replay_refused_)
    return {.kind = ErrorKind::Unavailable,
            .message = "the connection broke before an answer; the request may have been done"};
  if (!tls_failure_.empty())
    return {.kind = ErrorKind::Unavailable, .message = fmt::format("TLS: {}", tls_failure_)};
  const auto said = escaped(capped(failure_.empty() ? "no answer" : failure_, 300));
  return {.kind = ErrorKind::Unavailable,
          .message = head_ ? fmt::format("the answer was cut: {}", said) : said};
}

}  // namespace poolscaler::adapters
