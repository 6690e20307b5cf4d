#include <algorithm>

#include <fmt/format.h>

#include "poolscaler/adapters/prometheus/reader.hpp"
#include "poolscaler/base/text.hpp"

namespace poolscaler::adapters {

Result<SourceAddress> address_of(const MetricSource& source) {
  const std::string_view url = source.url;
  const auto refused = [&](std::string_view why) {
    // A url that is wrong may hold a password: its text is not repeated.
    return fail(ErrorKind::InvalidInput,
                fmt::format("its url {}; it must be http(s)://host[:port][/prefix]", why));
  };
  if (url.empty()) return refused("is empty");
  const auto scheme = url.find("://");
  const bool known = url.starts_with("http://") || url.starts_with("https://");
  if (!known) return refused("has no scheme http or https");
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7F; };
  if (!std::ranges::all_of(url, is_plain)) return refused("has characters that a url cannot have");
  if (url.find_first_of("@?#") != std::string_view::npos)
    return refused("has user info, a query or a fragment");
  const auto slash = url.find('/', scheme + 3);
  SourceAddress address{.origin = std::string(url.substr(0, slash)), .prefix = {}};
  if (address.origin.size() == scheme + 3) return refused("has no host");
  if (slash != std::string_view::npos) address.prefix = url.substr(slash);
  while (address.prefix.ends_with('/')) address.prefix.pop_back();
  return address;
}

std::string_view name_of(QueryOutcome outcome) {
  switch (outcome) {
    case QueryOutcome::Answered: return "Answered";
    case QueryOutcome::Refused: return "Refused";
    case QueryOutcome::HttpError: return "HttpError";
    case QueryOutcome::TimedOut: return "TimedOut";
    case QueryOutcome::Unavailable: return "Unavailable";
    case QueryOutcome::Oversize: return "Oversize";
    case QueryOutcome::Unreadable: return "Unreadable";
    case QueryOutcome::Cancelled: return "Cancelled";
  }
  return "Unreadable";
}

}  // namespace poolscaler::adapters
