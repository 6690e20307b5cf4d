// Window: a recurring time with a word on how many replicas there are meanwhile.
//
// A window is open from each firing of `start` to the next firing of `end`, or for a fixed time. A
// start while it is open changes nothing; where a start and an end fall together, it is open. On a
// change of the clock skipped times fire at the next instant that exists, repeated ones once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "poolscaler/domain/cron.hpp"

namespace poolscaler {

struct Window {
  std::string name;  // unique within the policy
  Cron start;        // its exceptions are dates on which the window does not start
  std::variant<Cron, Seconds> end;
  std::shared_ptr<const TimeZone> zone;
  // At least one of these; pin and off stand alone.
  std::optional<std::int32_t> floor{};
  std::optional<std::int32_t> ceiling{};
  std::optional<std::int32_t> pin{};
  bool off = false;
  bool pre_warm = false;  // the floor holds one cold start before the window, too
};

[[nodiscard]] bool is_open(const Window& window, Instant now);

/// When an open window closes, as far as it does within five years.
[[nodiscard]] std::optional<Instant> closes_at(const Window& window, Instant now);

/// When a closed window opens next, as far as it does within five years.
[[nodiscard]] std::optional<Instant> opens_at(const Window& window, Instant now);

/// Why start, end and exceptions cannot mean a window.
struct WindowFault {
  enum class Part { Start, End, Duration, Exceptions } part;
  std::string problem;  // "must be at most 3600"
  std::string remedy;
};
[[nodiscard]] std::optional<WindowFault> fault_of(const Window& window);

}  // namespace poolscaler
