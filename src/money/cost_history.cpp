#include "cost_history.hpp"

#include <algorithm>

#include "wide.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::hours;

constexpr std::int64_t micros_per_milli_hour = 3'600'000;
constexpr std::int64_t micros_per_hour = 1000 * micros_per_milli_hour;
constexpr std::int64_t millis_per_second = 1000;
constexpr std::int64_t price_grain = 100'000;  // nano-dollars
constexpr std::size_t week_hours = 168;
constexpr std::size_t usual_after = 2 * week_hours;
/// Beyond this nothing of a history is worth filling a gap for.
constexpr auto history_reach = hours(history_hours_max);

OpenGroup& group_of(std::vector<OpenGroup>& groups, const std::string& name) {
  const auto find = [&](std::string_view wanted) {
    return std::ranges::find(groups, wanted, &OpenGroup::group);
  };
  if (const auto found = find(name); found != groups.end()) return *found;
  if (groups.size() < history_groups_max) return groups.emplace_back(OpenGroup{.group = name});
  if (const auto found = find(other_values); found != groups.end()) return *found;
  return groups.emplace_back(OpenGroup{.group = std::string(other_values)});
}

void add(CostHistory& history, const KindCharge& charge, Instant now) {
  const auto begin = std::max(charge.begin, history.open_begin);
  const auto end = std::min({charge.end, history.open_begin + hours(1), now});
  if (end <= begin) return;
  for (const auto& [kind, sum] : charge.kinds) {
    if (sum.micro_nodes <= 0) continue;
    auto& group = group_of(history.open, kind);
    group.node_micros += sum.micro_nodes * (end - begin).count() / millis_per_second;
    group.cost.add(sum.rate, end - begin);
  }
}

CostHour closed(const CostHistory& history) {
  CostHour hour{.begin = history.open_begin};
  for (const auto& group : history.open) {
    const auto nodes = group.node_micros / micros_per_milli_hour;
    if (nodes == 0) continue;
    const auto price =
        Wide{group.cost.rounded_down().nano()} * micros_per_hour / group.node_micros;
    hour.groups.push_back(
        {.group = group.group,
         .milli_nodes = nodes,
         .price = HourlyRate::of(narrowed((price + price_grain / 2) / price_grain) *
                                 price_grain)});
  }
  std::ranges::sort(hour.groups, {}, &GroupHour::group);
  return hour;
}

HourlyRate dearest_of(const CostHour& hour) {
  HourlyRate dearest;
  for (const auto& group : hour.groups) dearest = std::max(dearest, group.price);
  return dearest;
}

void close(CostHistory& history) {
  auto hour = closed(history);
  hour.excluded = judge_hour(history.hours, hour, dearest_of(hour)).excludes();
  history.hours.push_back(std::move(hour));
  if (history.hours.size() > history_hours_max) history.hours.erase(history.hours.begin());
  history.open.clear();
  history.open_begin += hours(1);
}

}  // namespace

CostHistory history_from(Instant now) {
  return {.open_begin = std::chrono::ceil<hours>(now)};
}

bool extend(CostHistory& history, std::span<const KindCharge> charges, Instant now) {
  if (now - history.open_begin > history_reach) {
    history = history_from(now);
    return true;
  }
  bool any = false;
  for (;; any = true) {
    for (const auto& charge : charges) add(history, charge, now);
    if (history.open_begin + hours(1) > now) return any;
    close(history);
  }
}

AnomalyVerdict judge_last(const CostHistory& history) {
  if (history.hours.empty()) return {};
  const std::span before(history.hours.data(), history.hours.size() - 1);
  return judge_hour(before, history.hours.back(), dearest_of(history.hours.back()));
}

std::size_t hour_of_week(const TimeZone& zone, Instant at) {
  using std::chrono::days;
  const auto local = zone.local(std::chrono::floor<Seconds>(at));
  const auto day = std::chrono::floor<days>(local);
  const auto weekday = std::chrono::weekday(day).iso_encoding() - 1;
  return weekday * 24 + static_cast<std::size_t>((local - day) / hours(1));
}

std::optional<WeekProfile> usual_week(const CostHistory& history, const TimeZone& zone) {
  std::array<Wide, week_hours> sums{};
  std::array<int, week_hours> counts{};
  Wide all = 0;
  int known = 0;
  for (const auto& hour : history.hours) {
    if (hour.excluded) continue;
    const auto slot = hour_of_week(zone, hour.begin);
    sums[slot] += hour.cost().nano();
    ++counts[slot];
    all += hour.cost().nano();
    ++known;
  }
  if (history.hours.size() < usual_after || known == 0) return std::nullopt;
  WeekProfile profile{};
  for (std::size_t i = 0; i < week_hours; ++i)
    profile[i] = HourlyRate::of(narrowed(counts[i] > 0 ? sums[i] / counts[i] : all / known));
  return profile;
}

}  // namespace poolscaler::money
