// Where a transport connects to, taken apart.
#pragma once

#include <string>
#include <string_view>

#include "poolscaler/base/result.hpp"

namespace poolscaler::adapters {

struct Origin {
  bool secure = true;
  std::string host;
  std::string port;
  /// "https://host:port", as in messages.
  [[nodiscard]] std::string text() const;
};

/// Errors: InvalidInput (no scheme, user info, path, IPv6 literal, port out of range).
[[nodiscard]] Result<Origin> parse_origin(std::string_view text);
[[nodiscard]] bool is_ipv4_literal(std::string_view host);

}  // namespace poolscaler::adapters
