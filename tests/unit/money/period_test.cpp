#include "poolscaler/money/period.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>

#include "poolscaler/api/time_zones.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using enum PeriodKind;

Period period(PeriodKind kind, std::string_view zone, std::string_view at) {
  return period_at(kind, *api::time_zone_named(zone).value(), parse_rfc3339(at).value());
}

std::string text(const Period& period) {
  return to_rfc3339(period.begin) + " " + to_rfc3339(period.end);
}

TEST(Period, IsAsPeopleThereCount) {
  EXPECT_EQ(text(period(Day, "UTC", "2026-11-27T12:00:00Z")),
            "2026-11-27T00:00:00Z 2026-11-28T00:00:00Z");
  EXPECT_EQ(text(period(Day, "America/New_York", "2026-11-27T02:00:00Z")),
            "2026-11-26T05:00:00Z 2026-11-27T05:00:00Z");
  EXPECT_EQ(text(period(Hour, "Asia/Kolkata", "2026-11-27T12:00:00Z")),
            "2026-11-27T11:30:00Z 2026-11-27T12:30:00Z");
  EXPECT_EQ(text(period(Month, "Asia/Tokyo", "2026-12-31T15:00:00Z")),
            "2026-12-31T15:00:00Z 2027-01-31T15:00:00Z");
}

TEST(Period, BelongsToItsBeginAndNotToItsEnd) {
  const auto day = period(Day, "UTC", "2026-11-27T00:00:00Z");
  EXPECT_TRUE(day.contains(day.begin));
  EXPECT_FALSE(day.contains(day.end));
  const auto utc = api::time_zone_named("UTC").value();
  EXPECT_EQ(period_at(Day, *utc, day.end - Millis(1)), day);
  EXPECT_EQ(period_at(Day, *utc, day.end).begin, day.end);
}

TEST(Period, DaysOf23And25Hours) {
  EXPECT_EQ(period(Day, "Europe/Berlin", "2026-03-29T12:00:00Z").length(), hours(23));
  EXPECT_EQ(period(Day, "Europe/Berlin", "2026-10-25T12:00:00Z").length(), hours(25));
  EXPECT_EQ(period(Day, "America/New_York", "2026-11-01T12:00:00Z").length(), hours(25));
  EXPECT_EQ(period(Day, "Australia/Lord_Howe", "2026-04-05T00:00:00Z").length(),
            hours(24) + minutes(30));
}

TEST(Period, MonthsOf28To31Days) {
  const auto days = [](std::string_view at) {
    return period(Month, "UTC", at).length() / hours(24);
  };
  EXPECT_EQ(days("2026-02-14T00:00:00Z"), 28);
  EXPECT_EQ(days("2028-02-14T00:00:00Z"), 29);
  EXPECT_EQ(days("2026-04-30T23:59:59Z"), 30);
  EXPECT_EQ(days("2026-12-31T23:59:59Z"), 31);
  // Berlin loses an hour in March.
  EXPECT_EQ(period(Month, "Europe/Berlin", "2026-03-10T00:00:00Z").length(),
            hours(24 * 31 - 1));
}

TEST(Period, AnHourThatComesTwiceIsTwo) {
  const auto first = period(Hour, "Europe/Berlin", "2026-10-25T00:30:00Z");
  const auto second = period(Hour, "Europe/Berlin", "2026-10-25T01:30:00Z");
  EXPECT_EQ(first.end, second.begin);
  EXPECT_EQ(first.length(), hours(1));
  EXPECT_EQ(second.length(), hours(1));
}

TEST(Period, LordHowesHalfHourJoinsItsHour) {
  EXPECT_EQ(period(Hour, "Australia/Lord_Howe", "2026-04-04T15:10:00Z").length(), minutes(90));
  EXPECT_EQ(period(Hour, "Australia/Lord_Howe", "2026-04-04T13:10:00Z").length(), hours(1));
}

TEST(Period, MidnightThatIsSkippedOrComesTwice) {
  // Sao Paulo went to summer time at midnight: the day began at 01:00.
  const auto skipped = period(Day, "America/Sao_Paulo", "2018-11-04T12:00:00Z");
  EXPECT_EQ(to_rfc3339(skipped.begin), "2018-11-04T03:00:00Z");
  EXPECT_EQ(skipped.length(), hours(23));
  // And back at midnight: the last hour of the day before came twice.
  EXPECT_EQ(period(Day, "America/Sao_Paulo", "2018-02-17T12:00:00Z").length(), hours(25));
  // Newfoundland put it back one minute after midnight: that day's begin is not repeated.
  const auto newfoundland = period(Day, "America/St_Johns", "2006-10-29T02:45:00Z");
  EXPECT_EQ(to_rfc3339(newfoundland.begin), "2006-10-29T02:30:00Z");
  EXPECT_EQ(newfoundland.length(), hours(25));
}

TEST(Period, SamoaHadNo30thOfDecember2011) {
  const auto before = period(Day, "Pacific/Apia", "2011-12-30T09:59:59Z");
  EXPECT_EQ(before.length(), hours(24));
  EXPECT_EQ(period(Day, "Pacific/Apia", "2011-12-30T10:00:00Z").begin, before.end);
  EXPECT_EQ(period(Day, "Pacific/Apia", "2011-12-30T10:00:00Z").length(), hours(24));
}

RC_GTEST_PROP(Period, EveryInstantLiesInExactlyOne, ()) {
  const auto* const name = *rc::gen::element("UTC", "Europe/Berlin", "America/Sao_Paulo",
                                             "Australia/Lord_Howe", "America/St_Johns",
                                             "Pacific/Apia", "Asia/Kathmandu");
  const auto zone = api::time_zone_named(name).value();
  const auto kind = *rc::gen::element(Hour, Day, Month);
  const Instant at(Millis(*rc::gen::inRange<std::int64_t>(10'000'000'000, 4'000'000'000'000)));
  const auto period = period_at(kind, *zone, at);
  RC_ASSERT(period.contains(at));
  RC_ASSERT(period_at(kind, *zone, period.begin) == period);
  RC_ASSERT(period_at(kind, *zone, period.end - Millis(1)) == period);
  RC_ASSERT(period_at(kind, *zone, period.end).begin == period.end);
  RC_ASSERT(period_at(kind, *zone, period.begin - Millis(1)).end == period.begin);
}

}  // namespace
}  // namespace poolscaler::money
