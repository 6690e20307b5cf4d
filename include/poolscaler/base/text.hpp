// Text that came from outside is bounded and escaped before it reaches a log, a status, an event or
// a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace poolscaler {

/// At most `max_bytes` of `text`, cut at a UTF-8 boundary, with "..." where something was cut.
[[nodiscard]] std::string capped(std::string_view text, std::size_t max_bytes);
/// Control characters (and DEL) as \n, \t or \xNN, so that one value stays one line.
[[nodiscard]] std::string escaped(std::string_view text);
/// Percent-encodes everything but unreserved characters (RFC 3986), for one path segment or value.
[[nodiscard]] std::string percent_encoded(std::string_view text);
/// The inverse; malformed escapes are kept as they are. '+' is a plus.
[[nodiscard]] std::string percent_decoded(std::string_view text);
/// A number as a person writes it: at most 6 significant digits, no trailing zeros.
[[nodiscard]] std::string brief(double value);
/// FNV-1a, 64 bit: stable across runs and machines (phases, shards, query hashes).
[[nodiscard]] std::size_t stable_hash(std::string_view text);
/// What is left of a sentence when its numbers move and its words do not.
[[nodiscard]] std::string without_digits(std::string_view text);

}  // namespace poolscaler
