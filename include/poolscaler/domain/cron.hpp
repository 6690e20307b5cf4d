// Cron: five fields that name the local minutes at which something happens, with the rules of the
// cron library that KEDA uses. Minute, hour, day-of-month, month, day-of-week; names (jan, MON),
// ranges a-b, steps */n and a/n (from a to the end), lists; ? is *. Day-of-week is 0-6, 0 = Sunday.
// When day-of-month or day-of-week is a plain * or ?, both must match, else either may.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/time_zone.hpp"

namespace poolscaler {

/// A date, or the same day of every year.
struct CalendarDate {
  std::optional<std::chrono::year> year{};
  std::chrono::month_day day;

  [[nodiscard]] bool covers(std::chrono::year_month_day date) const {
    return day == date.month() / date.day() && (!year || *year == date.year());
  }
  bool operator==(const CalendarDate&) const = default;
};

/// Sets of what matches, one bit for each number.
struct Cron {
  std::uint64_t minutes = 0;   // 0-59
  std::uint32_t hours = 0;     // 0-23
  std::uint32_t days = 0;      // 1-31
  std::uint32_t months = 0;    // 1-12
  std::uint32_t weekdays = 0;  // 0-6
  bool any_day = false;        // the field is a plain * or ?
  bool any_weekday = false;
  std::vector<CalendarDate> exceptions{};  // local dates on which nothing fires

  [[nodiscard]] bool matches(std::chrono::year_month_day date,
                             std::chrono::weekday weekday) const;
  bool operator==(const Cron&) const = default;
};

using LocalMinute = std::chrono::local_time<std::chrono::minutes>;

inline constexpr std::size_t cron_length_max = 128;

/// Errors: InvalidInput, naming field, value, limit and remedy.
[[nodiscard]] Result<Cron> parse_cron(std::string_view text);

/// Some date exists that matches: 31 February does not.
[[nodiscard]] bool can_fire(const Cron& cron);

/// What happens to local times that a change of the clock skips or repeats.
enum class ClockChange {
  FireOnce,  // skipped: at the next instant that exists; repeated: the first time only
  AsRead,    // skipped: not at all; repeated: both times (as peers do)
};

/// The first firing after `after`; nothing when there is none within the next five years.
[[nodiscard]] std::optional<Instant> next_after(const Cron& cron, const TimeZone& zone,
                                                Instant after, ClockChange change);

/// When it was, and the local time that stood for it. They differ where a change of the clock made
/// up for what it had skipped: two firings at one instant are still in the order of their times.
struct Firing {
  Instant at;
  LocalMinute time;
  auto operator<=>(const Firing&) const = default;
};

/// The last firing that is not after `at`; nothing when there was none in the last five years.
[[nodiscard]] std::optional<Firing> last_until(const Cron& cron, const TimeZone& zone, Instant at,
                                               ClockChange change);

}  // namespace poolscaler
