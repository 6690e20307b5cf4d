#include "poolscaler/domain/window.hpp"

namespace poolscaler {
namespace {

constexpr auto clock_change = ClockChange::FireOnce;

/// Starts that fall together with an end, or follow within a duration, keep a window open; beyond
/// this many in a row what is found is the time to look again.
constexpr int joined_max = 2000;

std::optional<Instant> closes_by_cron(const Window& window, const Cron& end, Instant now) {
  auto at = next_after(end, *window.zone, now, clock_change);
  for (int i = 0; i < joined_max && at && is_open(window, *at); ++i)
    at = next_after(end, *window.zone, *at, clock_change);
  return at;
}

std::optional<Instant> closes_by_duration(const Window& window, Seconds duration, Instant now) {
  const auto last = last_until(window.start, *window.zone, now, clock_change);
  if (!last) return std::nullopt;
  auto began = last->at;
  for (int i = 0; i < joined_max; ++i) {
    const auto next = next_after(window.start, *window.zone, began, clock_change);
    if (!next || *next > began + duration) break;
    began = *next;
  }
  return began + duration;
}

}  // namespace

bool is_open(const Window& window, Instant now) {
  const auto began = last_until(window.start, *window.zone, now, clock_change);
  if (!began) return false;
  if (const auto* duration = std::get_if<Seconds>(&window.end)) return now - began->at < *duration;
  const auto ended = last_until(std::get<Cron>(window.end), *window.zone, now, clock_change);
  return !ended || *ended <= *began;
}

std::optional<Instant> closes_at(const Window& window, Instant now) {
  if (const auto* duration = std::get_if<Seconds>(&window.end))
    return closes_by_duration(window, *duration, now);
  return closes_by_cron(window, std::get<Cron>(window.end), now);
}

std::optional<Instant> opens_at(const Window& window, Instant now) {
  auto at = next_after(window.start, *window.zone, now, clock_change);
  // A window that lies within what the clock skips does not open.
  for (int i = 0; i < joined_max && at && !is_open(window, *at); ++i)
    at = next_after(window.start, *window.zone, *at, clock_change);
  return at;
}

}  // namespace poolscaler
