// When a cron fires. Within one stretch of a zone local time is UTC plus a constant, so the search
// runs on local minutes there; what lies between two stretches is where the clock changed.

#include "poolscaler/domain/cron.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace poolscaler {
namespace {

using std::chrono::ceil;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::year_month_day;

constexpr int years_max = 5;
constexpr int minutes_a_day = 24 * 60;

template <class Bits>
bool has(Bits bits, unsigned index) {
  return (bits >> index & 1U) != 0;
}

template <class Bits>
int lowest(Bits bits) {
  return std::countr_zero(bits);
}
template <class Bits>
int highest(Bits bits) {
  return std::numeric_limits<Bits>::digits - 1 - std::countl_zero(bits);
}

/// The first minute of the day, not before `from`, that matches.
std::optional<int> first_time(const Cron& cron, int from) {
  if (from >= minutes_a_day) return std::nullopt;
  const auto hour = from / 60;
  if (has(cron.hours, static_cast<unsigned>(hour)))
    if (const auto rest = cron.minutes >> (from % 60); rest != 0)
      return from + lowest(rest);
  const auto later = cron.hours >> hour >> 1;
  if (later == 0 || cron.minutes == 0) return std::nullopt;
  return (hour + 1 + lowest(later)) * 60 + lowest(cron.minutes);
}

/// The last minute of the day, not after `until`, that matches.
std::optional<int> last_time(const Cron& cron, int until) {
  const auto hour = until / 60;
  if (has(cron.hours, static_cast<unsigned>(hour)))
    if (const auto rest = cron.minutes & ((std::uint64_t{2} << until % 60) - 1); rest != 0)
      return hour * 60 + highest(rest);
  const auto earlier = cron.hours & ((std::uint32_t{1} << hour) - 1);
  if (earlier == 0 || cron.minutes == 0) return std::nullopt;
  return highest(earlier) * 60 + highest(cron.minutes);
}

/// The first match from `from` on and before `before`.
std::optional<LocalMinute> first_match(const Cron& cron, LocalMinute from, LocalMinute before) {
  auto day = floor<days>(from);
  auto time = static_cast<int>((from - day).count());
  while (day < before) {
    const year_month_day date(day);
    if (!has(cron.months, static_cast<unsigned>(date.month()))) {
      day = local_days((date.year() / date.month() + std::chrono::months(1)) / 1);
      time = 0;
      continue;
    }
    if (cron.matches(date, std::chrono::weekday(day)))
      if (const auto found = first_time(cron, time)) {
        const auto match = day + minutes(*found);
        return match < before ? std::optional<LocalMinute>(match) : std::nullopt;
      }
    day += days(1);
    time = 0;
  }
  return std::nullopt;
}

/// The last match up to `until` and not before `from`.
std::optional<LocalMinute> last_match(const Cron& cron, LocalMinute from, LocalMinute until) {
  auto day = floor<days>(until);
  auto time = static_cast<int>((until - day).count());
  while (day + days(1) > from) {
    const year_month_day date(day);
    if (!has(cron.months, static_cast<unsigned>(date.month()))) {
      day = local_days(date.year() / date.month() / 1) - days(1);
      time = minutes_a_day - 1;
      continue;
    }
    if (cron.matches(date, std::chrono::weekday(day)))
      if (const auto found = last_time(cron, time)) {
        const auto match = day + minutes(*found);
        return match >= from ? std::optional<LocalMinute>(match) : std::nullopt;
      }
    day -= days(1);
    time = minutes_a_day - 1;
  }
  return std::nullopt;
}

/// The stretches of a zone in local minutes: [begin, end), and where the one before had ended.
class LocalStretches {
 public:
  LocalStretches(const TimeZone& zone, ClockChange change)
      : stretches_(zone.stretches()), once_(change == ClockChange::FireOnce) {}

  [[nodiscard]] std::size_t size() const { return stretches_.size(); }
  [[nodiscard]] LocalMinute begin(std::size_t i) const { return local(i, stretches_[i].begin); }
  [[nodiscard]] LocalMinute end(std::size_t i) const { return local(i, stretches_[i + 1].begin); }

  /// From where on the stretch fires: what it repeats of the one before has fired already.
  [[nodiscard]] LocalMinute fires_from(std::size_t i) const {
    if (i == 0) return LocalMinute::min();
    return once_ ? std::max(begin(i), end(i - 1)) : begin(i);
  }
  /// The last match that was skipped before the stretch, which its beginning makes up for.
  [[nodiscard]] std::optional<LocalMinute> made_up(const Cron& cron, std::size_t i) const {
    if (i == 0 || !once_ || end(i - 1) >= begin(i)) return std::nullopt;
    return last_match(cron, end(i - 1), begin(i) - minutes(1));
  }
  [[nodiscard]] Instant instant(std::size_t i, LocalMinute at) const {
    return std::chrono::sys_seconds(at.time_since_epoch() - stretches_[i].offset);
  }
  [[nodiscard]] Instant begin_instant(std::size_t i) const { return stretches_[i].begin; }

 private:
  [[nodiscard]] LocalMinute local(std::size_t i, std::chrono::sys_seconds at) const {
    return ceil<minutes>(local_seconds(at.time_since_epoch() + stretches_[i].offset));
  }

  std::span<const Stretch> stretches_;
  bool once_;
};

LocalMinute new_year(local_seconds of, int years) {
  const year_month_day date(floor<days>(of));
  return local_days((date.year() + std::chrono::years(years)) / 1 / 1);
}

}  // namespace

bool Cron::matches(year_month_day date, std::chrono::weekday weekday) const {
  if (!has(months, static_cast<unsigned>(date.month()))) return false;
  const bool day = has(days, static_cast<unsigned>(date.day()));
  const bool day_of_week = has(weekdays, weekday.c_encoding());
  if (any_day || any_weekday ? !(day && day_of_week) : !(day || day_of_week)) return false;
  return std::ranges::none_of(exceptions, [&](const auto& other) { return other.covers(date); });
}

bool can_fire(const Cron& cron) {
  // 2000 to 2027 hold every date with every weekday.
  constexpr local_days first(std::chrono::year(2000) / 1 / 1);
  constexpr local_days last(std::chrono::year(2028) / 1 / 1);
  return first_match(cron, first, last).has_value();
}

std::optional<Instant> next_after(const Cron& cron, const TimeZone& zone, Instant after,
                                  ClockChange change) {
  const auto second = floor<Seconds>(after);
  const auto limit = new_year(zone.local(second + Seconds(1)), years_max + 1);
  const LocalStretches stretches(zone, change);
  auto i = zone.stretch_at(second);
  auto from = std::max(floor<minutes>(zone.local(second)) + minutes(1), stretches.fires_from(i));
  while (true) {
    const bool is_last = i + 1 == stretches.size();
    const auto before = is_last ? limit : std::min(limit, stretches.end(i));
    if (const auto match = first_match(cron, from, before)) return stretches.instant(i, *match);
    if (is_last || stretches.end(i) >= limit) return std::nullopt;
    ++i;
    if (stretches.made_up(cron, i)) return stretches.begin_instant(i);
    from = stretches.fires_from(i);
  }
}

std::optional<Firing> last_until(const Cron& cron, const TimeZone& zone, Instant at,
                                 ClockChange change) {
  const auto second = floor<Seconds>(at);
  const auto limit = new_year(zone.local(second), -years_max);
  const LocalStretches stretches(zone, change);
  auto i = zone.stretch_at(second);
  auto until = floor<minutes>(zone.local(second));
  while (true) {
    const auto from = std::max(limit, stretches.fires_from(i));
    if (const auto match = last_match(cron, from, until))
      return Firing{.at = stretches.instant(i, *match), .time = *match};
    if (const auto skipped = stretches.made_up(cron, i))
      return Firing{.at = stretches.begin_instant(i), .time = *skipped};
    if (i == 0 || stretches.begin(i) <= limit) return std::nullopt;
    --i;
    until = stretches.end(i) - minutes(1);
  }
}

}  // namespace poolscaler
