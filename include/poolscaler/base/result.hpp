// Result and Error: how every room reports failure.
//
// An ErrorKind says what the caller should *do*, not where the error came from. Text is lower case,
// without a full stop, outermost context first, values quoted with name and limit:
//   reading policy 'shop/web': spec.maxReplicas is 0, must be at least 1
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace poolscaler {

enum class ErrorKind {
  InvalidInput,  // what was asked cannot be right: wait for a change
  NotFound,      // it is not there: wait for a change
  Conflict,      // somebody else wrote first: read again, then decide again
  Expired,       // the position in a stream is gone (410): list again
  Unauthorised,  // credentials refused (401): read them again, then back off
  Forbidden,     // permission missing (403): back off, name the permission
  Throttled,     // the peer asks for less (429): obey its Retry-After
  Unavailable,   // the peer cannot answer now: back off
  TimedOut,      // our own deadline ran out: back off
  Cancelled,     // we stopped it ourselves: give up silently
  Internal,      // a bug or a protocol violation: report, back off
};

std::string_view name_of(ErrorKind kind);

struct Error {
  ErrorKind kind;
  std::string message;
  /// Seconds that the peer asked us to wait (Retry-After); 0 when it did not say.
  int retry_after_seconds = 0;
  bool operator==(const Error&) const = default;

  /// The same error with "outer: " put in front of its message.
  [[nodiscard]] Error context(std::string_view outer) const;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{.kind = kind, .message = std::move(message)});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

/// A visitor from lambdas; a missing alternative is a compile error.
template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace poolscaler
