#include "poolscaler/simulation/replay/floors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

namespace poolscaler::replay {
namespace {

constexpr std::size_t hours_of_day = 24;
constexpr std::size_t hours_of_week = 7 * hours_of_day;
constexpr Micros hour{3'600'000'000};
constexpr std::size_t levels_max = 3;
/// Fewer than a policy may have, so that a person can read them.
constexpr std::size_t windows_most = 12;
constexpr std::array<std::string_view, 7> days = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/// Hours since a Monday, in UTC.
std::int64_t hour_of_clock(Instant at) {
  constexpr std::int64_t monday_hours = 4 * 24;  // 1970-01-05
  return std::chrono::floor<std::chrono::hours>(at.time_since_epoch()).count() - monday_hours;
}

/// At most so many of the levels that occur, evenly, the highest among them.
std::vector<std::int32_t> few_levels(const std::vector<std::int32_t>& floors) {
  const std::set<std::int32_t> distinct(floors.begin(), floors.end());
  std::vector<std::int32_t> all;
  for (const auto level : distinct)
    if (level > 0) all.push_back(level);
  if (all.size() <= levels_max) return all;
  std::vector<std::int32_t> few;
  for (std::size_t i = 1; i <= levels_max; ++i)
    few.push_back(all[i * all.size() / levels_max - 1]);
  return few;
}

FloorWindow window_of(std::size_t begin, std::size_t length, std::int32_t level, bool weekly) {
  const auto day = weekly ? days[begin / hours_of_day] : std::string_view("*");
  const auto at = begin % hours_of_day;
  return {.name = fmt::format("busy-{}-{}{:02}", level, weekly ? fmt::format("{}-", day) : "", at),
          .start = fmt::format("0 {} * * {}", at, day),
          .duration_seconds = static_cast<int>(length * 3600),
          .floor = level};
}

}  // namespace

BusyHours::BusyHours(const Load& load, int slots, Instant start) {
  const auto whole_days = load.end / Micros(std::chrono::hours(24));
  if (whole_days < 1 || load.is_metric()) return;
  const auto ring = whole_days >= 7 ? hours_of_week : hours_of_day;
  std::vector<double> busy_micros(ring, 0);
  std::vector<double> seen_micros(ring, 0);
  // Hours of the trace are hours of the clock but for a part of one.
  const auto first = hour_of_clock(start);
  const auto place = [&](std::int64_t hours) {
    const auto size = static_cast<std::int64_t>(ring);
    return static_cast<std::size_t>(((first + hours) % size + size) % size);
  };
  for (Micros at{0}; at < load.end; at += hour)
    seen_micros[place(at / hour)] += static_cast<double>(std::min(hour, load.end - at).count());
  for (const auto& request : load.requests)
    busy_micros[place(request.arrival / hour)] += static_cast<double>(request.service.count());
  for (std::size_t i = 0; i < ring; ++i)
    busy_.push_back(seen_micros[i] > 0 ? busy_micros[i] / seen_micros[i] / slots : 0);
}

std::vector<FloorWindow> BusyHours::floors(double share) const {
  std::vector<std::int32_t> wanted;
  for (const auto busy : busy_)
    wanted.push_back(static_cast<std::int32_t>(std::floor(busy * share + 0.5)));
  const bool weekly = busy_.size() == hours_of_week;
  std::vector<FloorWindow> windows;
  for (const auto level : few_levels(wanted)) {
    const auto is_busy = [&](std::size_t i) { return wanted[i % wanted.size()] >= level; };
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const bool opens = is_busy(i) && !is_busy(i + wanted.size() - 1);
      std::size_t length = 0;
      while (opens && length < wanted.size() && is_busy(i + length)) ++length;
      if (length > 0) windows.push_back(window_of(i, length, level, weekly));
    }
  }
  if (windows.size() > windows_most) return {};
  return windows;
}

std::vector<Window> schedule_of(const std::vector<FloorWindow>& windows) {
  static const auto utc = std::make_shared<const TimeZone>(
      "UTC", std::vector<Stretch>{{.begin = {}, .offset = Seconds(0)}});
  std::vector<Window> schedule;
  for (const auto& window : windows)
    schedule.push_back({.name = window.name,
                        .start = parse_cron(window.start).value(),
                        .end = Seconds(window.duration_seconds),
                        .zone = utc,
                        .floor = window.floor,
                        .pre_warm = true});
  return schedule;
}

}  // namespace poolscaler::replay
