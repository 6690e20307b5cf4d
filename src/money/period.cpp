#include "poolscaler/money/period.hpp"

#include <optional>

namespace poolscaler::money {
namespace {

using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::sys_seconds;

/// No zone has ever been further from UTC, or changed its offset by more.
constexpr hours offset_max{26};

/// Where stretch `index` ends, unless it is the last.
std::optional<sys_seconds> end_of(const TimeZone& zone, std::size_t index) {
  const auto stretches = zone.stretches();
  if (index + 1 >= stretches.size()) return std::nullopt;
  return stretches[index + 1].begin;
}

/// The first instant at which the local clock shows `wanted` or later.
sys_seconds first_showing(const TimeZone& zone, local_seconds wanted) {
  const sys_seconds early(wanted.time_since_epoch() - offset_max);
  for (auto index = zone.stretch_at(early);; ++index) {
    const auto& stretch = zone.stretches()[index];
    const sys_seconds at(wanted.time_since_epoch() - stretch.offset);
    const auto end = end_of(zone, index);
    if (end && at >= *end) continue;
    return index > 0 && at < stretch.begin ? stretch.begin : at;
  }
}

std::chrono::local_days first_day(PeriodKind kind, local_days day) {
  if (kind == PeriodKind::Day) return day;
  const std::chrono::year_month_day date(day);
  return local_days(date.year() / date.month() / 1);
}

local_days next_first_day(PeriodKind kind, local_days first) {
  if (kind == PeriodKind::Day) return first + std::chrono::days(1);
  const std::chrono::year_month_day date(first);
  return local_days((date.year() / date.month() + std::chrono::months(1)) / 1);
}

Period by_date(PeriodKind kind, const TimeZone& zone, sys_seconds at) {
  auto first = first_day(kind, std::chrono::floor<std::chrono::days>(zone.local(at)));
  // The clock may have gone back over the beginning of this one, or dates may have been skipped.
  for (int i = 0; i < 2; ++i)
    if (const auto next = next_first_day(kind, first); first_showing(zone, next) <= at)
      first = next;
  return {first_showing(zone, first), first_showing(zone, next_first_day(kind, first))};
}

/// The last full hour of the local clock at or before `at`.
sys_seconds hour_before(const TimeZone& zone, sys_seconds at) {
  for (auto index = zone.stretch_at(at);; --index) {
    const auto& stretch = zone.stretches()[index];
    const local_seconds shown(at.time_since_epoch() + stretch.offset);
    const auto full = at - (shown - std::chrono::floor<hours>(shown));
    if (index == 0 || full >= stretch.begin) return full;
    at = stretch.begin - Seconds(1);
  }
}

/// The first full hour of the local clock after `at`.
sys_seconds hour_after(const TimeZone& zone, sys_seconds at) {
  for (auto index = zone.stretch_at(at);; ++index) {
    const auto& stretch = zone.stretches()[index];
    // One second back, so that a stretch that begins with a full hour counts.
    const auto from = at < stretch.begin ? stretch.begin - Seconds(1) : at;
    const local_seconds shown(from.time_since_epoch() + stretch.offset);
    const auto full = from + (std::chrono::floor<hours>(shown) + hours(1) - shown);
    const auto end = end_of(zone, index);
    if (!end || full < *end) return full;
    at = *end - Seconds(1);
  }
}

}  // namespace

std::string_view name_of(PeriodKind kind) {
  switch (kind) {
    case PeriodKind::Hour: return "Hour";
    case PeriodKind::Day: return "Day";
    case PeriodKind::Month: return "Month";
  }
  return {};
}

Period period_at(PeriodKind kind, const TimeZone& zone, Instant at) {
  const auto second = std::chrono::floor<Seconds>(at);
  if (kind == PeriodKind::Hour) return {hour_before(zone, second), hour_after(zone, second)};
  return by_date(kind, zone, second);
}

}  // namespace poolscaler::money
