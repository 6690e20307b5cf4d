#include "poolscaler/base/result.hpp"

#include <fmt/format.h>

namespace poolscaler {

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidInput: return "InvalidInput";
    case ErrorKind::NotFound: return "NotFound";
    case ErrorKind::Conflict: return "Conflict";
    case ErrorKind::Expired: return "Expired";
    case ErrorKind::Unauthorised: return "Unauthorised";
    case ErrorKind::Forbidden: return "Forbidden";
    case ErrorKind::Throttled: return "Throttled";
    case ErrorKind::Unavailable: return "Unavailable";
    case ErrorKind::TimedOut: return "TimedOut";
    case ErrorKind::Cancelled: return "Cancelled";
    case ErrorKind::Internal: return "Internal";
  }
  return "Internal";
}

Error Error::context(std::string_view outer) const {
  return Error{.kind = kind,
               .message = fmt::format("{}: {}", outer, message),
               .retry_after_seconds = retry_after_seconds};
}

}  // namespace poolscaler
