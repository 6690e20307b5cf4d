// Wall time as data. An Instant is a point of UTC in milliseconds; decisions see no other clock.
// Text form is RFC 3339 in UTC: seconds ("2026-11-23T03:45:15Z", metav1.Time) or microseconds
// ("2026-11-23T03:45:15.000000Z", metav1.MicroTime).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "poolscaler/base/result.hpp"

namespace poolscaler {

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
using Instant = std::chrono::sys_time<Millis>;

[[nodiscard]] std::string to_rfc3339(Instant instant);
[[nodiscard]] std::string to_rfc3339_micro(Instant instant);
/// Accepts seconds with an optional fraction, and 'Z' or a numeric offset. Errors: InvalidInput.
[[nodiscard]] Result<Instant> parse_rfc3339(std::string_view text);
/// "1.5 s", always with one digit behind the point, so that such texts differ in digits alone.
[[nodiscard]] std::string seconds_text(Millis duration);

}  // namespace poolscaler
