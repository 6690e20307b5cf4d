// What start, end and duration cannot mean, on a calendar without changes of the clock.

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "poolscaler/domain/window.hpp"

namespace poolscaler {
namespace {

using std::chrono::local_days;
using std::chrono::year_month_day;
using Part = WindowFault::Part;

// 28 years hold every date with every weekday, in every order of the years.
constexpr local_days first_day(std::chrono::year(2000) / 1 / 1);
constexpr local_days end_of_days(std::chrono::year(2028) / 1 / 1);
constexpr int minutes_a_day = 24 * 60;

/// What repeats each week is known after two of them, with the step from one to the next.
local_days horizon_of(const Cron& cron) {
  constexpr std::uint32_t all_months = 0b1'1111'1111'1110;
  const bool weekly = cron.any_day && cron.months == all_months && cron.exceptions.empty();
  return weekly ? first_day + std::chrono::days(15) : end_of_days;
}

bool fires_on(const Cron& cron, local_days day) {
  return cron.matches(year_month_day(day), std::chrono::weekday(day));
}

bool fires_at(const Cron& cron, int minute) {
  return (cron.hours >> (minute / 60) & 1U) != 0 && (cron.minutes >> (minute % 60) & 1U) != 0;
}

/// Minutes between two firings that follow each other: the least and the most.
struct Distances {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t most = 0;
  void add(std::int64_t distance) {
    least = std::min(least, distance);
    most = std::max(most, distance);
  }
};

Distances distances_of(const Cron& cron) {
  Distances distances;
  int first = -1;
  int last = -1;
  for (int minute = 0; minute < minutes_a_day; ++minute) {
    if (!fires_at(cron, minute)) continue;
    if (first < 0) first = minute;
    if (last >= 0) distances.add(minute - last);
    last = minute;
  }
  std::optional<local_days> before;
  const auto horizon = horizon_of(cron);
  for (auto day = first_day; day < horizon; day += std::chrono::days(1)) {
    if (!fires_on(cron, day)) continue;
    if (before) distances.add((day - *before).count() * minutes_a_day + first - last);
    before = day;
  }
  return distances;
}

/// Every firing of `end` is one of `start`, too.
bool ends_at_starts_only(const Cron& end, const Cron& start) {
  for (int minute = 0; minute < minutes_a_day; ++minute)
    if (fires_at(end, minute) && !fires_at(start, minute)) return false;
  const auto horizon = std::max(horizon_of(end), horizon_of(start));
  for (auto day = first_day; day < horizon; day += std::chrono::days(1))
    if (fires_on(end, day) && !fires_on(start, day)) return false;
  return true;
}

std::optional<WindowFault> fault_of_end(const Window& window, const Cron& end) {
  if (!can_fire(end))
    return WindowFault{Part::End, "names dates that do not exist, so it never fires",
                       "choose a day that the month has"};
  if (!ends_at_starts_only(end, window.start)) return std::nullopt;
  return WindowFault{Part::End, "fires only when `start` does, so the window would never close",
                     "choose another time, or use `minReplicas` and `maxReplicas` for what always "
                     "holds"};
}

std::optional<WindowFault> fault_of_duration(const Window& window, Seconds duration) {
  const auto distances = distances_of(window.start);
  const auto least = Seconds(std::chrono::minutes(distances.least));
  if (duration > least)
    return WindowFault{
        Part::Duration,
        fmt::format("must be at most {}, the shortest time between two starts", least.count()),
        "shorten it, or let `start` fire less often"};
  if (duration < Seconds(std::chrono::minutes(distances.most))) return std::nullopt;
  return WindowFault{Part::Duration, "lasts from each start to the next, so it would never close",
                     "shorten it, or use `minReplicas` and `maxReplicas` for what always holds"};
}

}  // namespace

std::optional<WindowFault> fault_of(const Window& window) {
  auto every_date = window.start;
  every_date.exceptions.clear();
  if (!can_fire(every_date))
    return WindowFault{Part::Start, "names dates that do not exist, so it never fires",
                       "choose a day that the month has"};
  if (!can_fire(window.start))
    return WindowFault{Part::Exceptions, "leave no date on which the window could start",
                       "leave some of them out, or delete the window"};
  if (const auto* duration = std::get_if<Seconds>(&window.end))
    return fault_of_duration(window, *duration);
  return fault_of_end(window, std::get<Cron>(window.end));
}

}  // namespace poolscaler
