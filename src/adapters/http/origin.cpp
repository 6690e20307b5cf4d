#include "origin.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler::adapters {
namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

bool is_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

/// Without what stands before an '@', which may be a password.
std::string shown(std::string_view text) {
  const auto at = text.rfind('@');
  const auto scheme = text.find("://");
  if (at == std::string_view::npos) return escaped(capped(text, 200));
  const auto kept = scheme == std::string_view::npos || scheme > at ? 0 : scheme + 3;
  return escaped(capped(fmt::format("{}...{}", text.substr(0, kept), text.substr(at)), 200));
}

tl::unexpected<Error> refused(std::string_view text, std::string_view why) {
  return fail(ErrorKind::InvalidInput, fmt::format("server address '{}' {}", shown(text), why));
}

}  // namespace

std::string Origin::text() const {
  return fmt::format("{}://{}:{}", secure ? "https" : "http", host, port);
}

bool is_ipv4_literal(std::string_view host) {
  in_addr address{};
  return inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
}

Result<Origin> parse_origin(std::string_view text) {
  Origin origin;
  auto rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    origin.secure = false;
    rest.remove_prefix(7);
  } else {
    return refused(text, "must start with https:// or http://");
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.starts_with('['))
    return refused(text, "is an IPv6 literal, which is not supported: use a host name instead");
  if (rest.find_first_of("/@?#") != std::string_view::npos)
    return refused(text, "must be a host name or an IPv4 address, with neither user nor path");
  const auto colon = rest.find(':');
  origin.host = rest.substr(0, colon);
  origin.port = colon == std::string_view::npos ? (origin.secure ? "443" : "80")
                                                : std::string(rest.substr(colon + 1));
  if (origin.host.empty() || origin.host.size() > 253 ||
      !std::ranges::all_of(origin.host, is_host_character))
    return refused(text, "must be a host name or an IPv4 address, with neither user nor path");
  if (!is_port(origin.port)) return refused(text, "must have a port between 1 and 65535");
  return origin;
}

}  // namespace poolscaler::adapters
