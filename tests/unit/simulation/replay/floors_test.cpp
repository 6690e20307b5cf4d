#include "poolscaler/simulation/replay/floors.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "unit/simulation/replay/moments.hpp"

namespace poolscaler::replay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// So many days in which `busy(day, hour)` replicas are full.
Load days_of(int days, const std::function<int(int, int)>& busy) {
  std::string text = "timestamp_seconds,requests\n";
  for (int hour = 0; hour < days * 24; ++hour)
    text += std::to_string(hour * 3600) + "," +
            std::to_string(busy(hour / 24, hour % 24) * 8 * 720) + "\n";
  return std::move(read_loads("days", text, {}).value().front());
}

TEST(Floors, FollowTheHoursOfTheDay) {
  const auto load = days_of(2, [](int, int hour) { return hour >= 8 && hour < 18 ? 2 : 0; });
  const BusyHours hours(load, 8, monday);
  EXPECT_THAT(hours.floors(1), ElementsAre(FloorWindow{"busy-2-08", "0 8 * * *", 10 * 3600, 2}));
  EXPECT_THAT(hours.floors(0.5), ElementsAre(FloorWindow{"busy-1-08", "0 8 * * *", 10 * 3600, 1}));
  EXPECT_THAT(hours.floors(0.2), IsEmpty());
}

TEST(Floors, FollowTheDaysOfTheWeekWhereAWholeOneIsKnown) {
  const auto load = days_of(7, [](int day, int hour) { return day == 5 && hour >= 22 ? 1 : 0; });
  EXPECT_THAT(BusyHours(load, 8, monday).floors(1),
              ElementsAre(FloorWindow{"busy-1-sat-22", "0 22 * * sat", 2 * 3600, 1}));
  // A trace that began on Tuesday.
  EXPECT_THAT(BusyHours(load, 8, monday + std::chrono::hours(24)).floors(1),
              ElementsAre(FloorWindow{"busy-1-sun-22", "0 22 * * sun", 2 * 3600, 1}));
}

TEST(Floors, GoOverMidnight) {
  const auto load = days_of(2, [](int, int hour) { return hour >= 22 || hour < 2 ? 1 : 0; });
  EXPECT_THAT(BusyHours(load, 8, monday).floors(1),
              ElementsAre(FloorWindow{"busy-1-22", "0 22 * * *", 4 * 3600, 1}));
}

TEST(Floors, AreFewAndCanBeApplied) {
  const auto load = days_of(2, [](int, int hour) { return hour / 2; });
  const auto windows = BusyHours(load, 8, monday).floors(1);
  EXPECT_THAT(windows, SizeIs(3));
  for (const auto& window : schedule_of(windows)) EXPECT_FALSE(fault_of(window));
}

TEST(Floors, NeedADay) {
  const auto load = days_of(1, [](int, int) { return 1; });
  EXPECT_FALSE(BusyHours(load, 8, monday).empty());
  EXPECT_TRUE(BusyHours(until(load, load.end - Micros(1)), 8, monday).empty());
}

}  // namespace
}  // namespace poolscaler::replay
