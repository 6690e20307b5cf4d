// Periods of a budget: the hours, days and months of a time zone, as people there count them.
//
// A day is 23 or 25 hours long where the clock is changed, a month 28 to 31 days. A day or month
// begins at the first instant whose local date belongs to it, so each instant lies in exactly one,
// even where midnight is skipped or comes twice. An hour begins whenever the local clock shows a
// full hour; an hour that comes twice is two periods, and where a change of the clock leaves no
// full hour between (Lord Howe's half hour) one is 90 minutes long.
#pragma once

#include <string_view>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/time_zone.hpp"

namespace poolscaler::money {

enum class PeriodKind { Hour, Day, Month };
[[nodiscard]] std::string_view name_of(PeriodKind kind);  // "Hour"

/// Half open: `begin` belongs to it, `end` does not.
struct Period {
  Instant begin;
  Instant end;
  [[nodiscard]] Millis length() const { return end - begin; }
  [[nodiscard]] bool contains(Instant at) const { return begin <= at && at < end; }
  bool operator==(const Period&) const = default;
};

/// The period that `at` lies in. Pure; a zone is data.
[[nodiscard]] Period period_at(PeriodKind kind, const TimeZone& zone, Instant at);

}  // namespace poolscaler::money
