#include "story_text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler::simulation {
namespace {

std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : escaped(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f)
      shown += c;
    else
      shown += fmt::format("\\x{:02x}", byte);
  }
  return shown;
}

}  // namespace

std::string clock_text(Millis since_start) {
  const auto tenths = std::max<Millis::rep>(since_start.count(), 0) / 100;
  return fmt::format("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10);
}

std::string seconds_text(Millis duration) {
  return fmt::format("{:.1f} s", static_cast<double>(duration.count()) / 1000);
}

std::string requests_text(double requests) {
  // A sum of many steps may be off by less than anybody could count.
  return fmt::format("{:.0f}", std::ceil(std::max(requests, 0.0) - 1e-6) + 0.0);
}

std::string replicas_text(int replicas) {
  return fmt::format("{} replica{}", replicas, replicas == 1 ? "" : "s");
}

std::string rate_text(double per_second) { return brief(std::round(per_second * 10) / 10); }

std::string fitted(std::string_view text, std::size_t columns) {
  // Nothing becomes shorter by escaping: what lies beyond the columns is not looked at.
  const auto shown = printable(text.substr(0, columns + 1));
  if (shown.size() <= columns) return shown;
  const std::size_t dots = std::min<std::size_t>(3, columns);
  return shown.substr(0, columns - dots) + std::string(dots, '.');
}

std::array<std::string, 2> fitted_in_two(std::string_view text, std::size_t columns) {
  const auto shown = printable(text.substr(0, 2 * columns + 1));
  if (shown.size() <= columns) return {shown, ""};
  const auto blank = shown.rfind(' ', columns);
  if (blank == std::string::npos || blank == 0)
    return {shown.substr(0, columns), fitted(shown.substr(columns), columns)};
  return {shown.substr(0, blank), fitted(shown.substr(blank + 1), columns)};
}

}  // namespace poolscaler::simulation
