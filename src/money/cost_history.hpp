// What the hours of a budget have cost: hour by hour, in kinds of nodes, for the last four weeks.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "outlay.hpp"
#include "poolscaler/money/budget_state.hpp"
#include "poolscaler/money/caps.hpp"

namespace poolscaler::money {

/// Nodes over one span of time, by kind.
struct KindCharge {
  Instant begin;
  Instant end;
  std::map<std::string, KindSum> kinds;
};

/// The first hour that is counted is the next full one.
[[nodiscard]] CostHistory history_from(Instant now);

/// Adds what is charged up to `now`, and closes the hours that are over; whether there were any.
bool extend(CostHistory& history, std::span<const KindCharge> charges, Instant now);

/// Of the last full hour.
[[nodiscard]] AnomalyVerdict judge_last(const CostHistory& history);

/// Means by hour of the week, local time; nothing before two weeks are known. An hour that is
/// missing counts as the mean of all.
[[nodiscard]] std::optional<WeekProfile> usual_week(const CostHistory& history,
                                                    const TimeZone& zone);

/// Hour of the week from Monday 00:00, on the clock of the zone.
[[nodiscard]] std::size_t hour_of_week(const TimeZone& zone, Instant at);

}  // namespace poolscaler::money
