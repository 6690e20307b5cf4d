#include "story_text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler::simulation {

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
  // No more than four times the columns can be needed; the rest of a long text is not looked at.
  const auto line = escaped(text.substr(0, 4 * columns + 4));
  std::string shown;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f)
      shown += c;
    else
      shown += fmt::format("\\x{:02x}", byte);
  }
  if (shown.size() <= columns) return shown;
  const std::size_t dots = std::min<std::size_t>(3, columns);
  return shown.substr(0, columns - dots) + std::string(dots, '.');
}

}  // namespace poolscaler::simulation
