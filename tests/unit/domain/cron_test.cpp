// The syntax of cron, and how its fields meet. What a change of the clock does is shown in the
// zones where it happens (tests/unit/api/time_zones_test.cpp).
#include "poolscaler/domain/cron.hpp"

#include <gmock/gmock.h>

namespace poolscaler {
namespace {

using testing::HasSubstr;

const TimeZone utc("UTC", {{std::chrono::sys_seconds{}, Seconds(0)}});

Cron cron(std::string_view text) {
  const auto parsed = parse_cron(text);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message;
  return parsed.value_or(Cron{});
}

std::string next(std::string_view text, std::string_view after) {
  const auto found =
      next_after(cron(text), utc, parse_rfc3339(after).value(), ClockChange::AsRead);
  return found ? to_rfc3339(*found) : "never";
}

std::string last(std::string_view text, std::string_view at) {
  const auto found = last_until(cron(text), utc, parse_rfc3339(at).value(), ClockChange::AsRead);
  return found ? to_rfc3339(found->at) : "never";
}

std::string refusal(std::string_view text) {
  const auto parsed = parse_cron(text);
  return parsed ? "accepted" : parsed.error().message;
}

TEST(Cron, ReadsNumbersRangesStepsListsAndNames) {
  EXPECT_EQ(cron("5 * * * *").minutes, std::uint64_t{1} << 5);
  EXPECT_EQ(cron("05 * * * *"), cron("5 * * * *"));
  EXPECT_EQ(cron("0-3 * * * *").minutes, 0b1111U);
  EXPECT_EQ(cron("0-8/4 * * * *"), cron("0,4,8 * * * *"));
  EXPECT_EQ(cron("50/5 * * * *"), cron("50,55 * * * *")) << "a/n goes on to the end";
  EXPECT_EQ(cron("*/20 * * * *"), cron("0,20,40 * * * *"));
  EXPECT_EQ(cron("*/100 * * * *"), cron("0 * * * *"));
  EXPECT_EQ(cron("0 0 ? Jan-MAR mon,WED"), cron("0 0 * 1-3 1,3"));
  EXPECT_EQ(cron("  0\t0   * * *  "), cron("0 0 * * *"));
  EXPECT_EQ(cron("0 0 * Feb Mon/2"), cron("0 0 * 2 1,3,5"));
}

TEST(Cron, RefusesWhatItCannotMean) {
  for (const char* text :
       {"", "   ", "xyz", "* * * *", "* * * * * *", "@daily", "@every 5m", "TZ=UTC 0 0 * * *",
        "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *",
        "* * * * 7", "* * * * 0-7", "-1 * * * *", "1- * * * *", "1-2-3 * * * *", "*-5 * * * *",
        "5-1 * * * *", "* * * * fri-mon", "*/0 * * * *", "*/ * * * *", "*/x * * * *",
        "*/-1 * * * *", "1/2/3 * * * *", "1,,2 * * * *", ", * * * *", "1, * * * *",
        "+5 * * * *", "1.5 * * * *", "99999999999999999999 * * * *", "jan * * * *",
        "* * * january *", "* * * * monday", "* * L * *", "* * * * 5#2", "0x5 * * * *"})
    EXPECT_NE(refusal(text), "accepted") << text;
}

TEST(Cron, SaysWhatIsWrongWhereAndWhatToWrite) {
  EXPECT_EQ(refusal("60 0 * * *"),
            "minute '60' must be 0 to 59: write a number, a range a-b, a list a,b, a step */n "
            "or *");
  EXPECT_EQ(refusal("0 0 * * 7"),
            "day-of-week '7' must be 0 to 6: write 0-6 (0 is Sunday) or sun-sat");
  EXPECT_THAT(refusal("0 0 0 * * *"), HasSubstr("has 6 fields, must have 5: minute hour"));
  EXPECT_THAT(refusal("0 0 0 * * *"), HasSubstr("; leave out seconds, or a year, of other crons"));
  EXPECT_EQ(refusal("0 0 * *"),
            "has 4 fields, must have 5: minute hour day-of-month month day-of-week, such as "
            "'0 8 * * mon-fri'");
  EXPECT_THAT(refusal("@daily"), HasSubstr("day-of-week, such as '0 8 * * mon-fri'; instead of "
                                           "@daily write '0 0 * * *'"));
  EXPECT_THAT(refusal(" @Hourly "), HasSubstr("; instead of @hourly write '0 * * * *'"));
  EXPECT_THAT(refusal("@every 5m"), HasSubstr("; words with @ are not known"));
  EXPECT_THAT(refusal("TZ=UTC 0 0 * * *"), HasSubstr("; the zone is written in timeZone"));
  EXPECT_THAT(refusal("0 9-5 * * *"), HasSubstr("hour '9-5' begins after its end"));
  EXPECT_THAT(refusal("0 \x01 * * *"), HasSubstr("hour '\\x01'"));
  EXPECT_THAT(refusal(std::string(1000, '*')), HasSubstr("at most 128"));
}

TEST(Cron, WhatItSaysToWriteInsteadIsACron) {
  for (const char* word :
       {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}) {
    const auto said = refusal(word);
    const auto begin = said.find("write '") + 7;
    const auto written = said.substr(begin, said.rfind('\'') - begin);
    EXPECT_NE(cron(written), cron("1 2 3 4 5")) << said;
  }
}

TEST(Cron, NeedsBothDaysWhereOneIsAStarAndEitherOtherwise) {
  EXPECT_EQ(next("0 0 13 * *", "2026-01-01T00:00:00Z"), "2026-01-13T00:00:00Z");
  EXPECT_EQ(next("0 0 * * fri", "2026-01-01T00:00:00Z"), "2026-01-02T00:00:00Z");
  EXPECT_EQ(next("0 0 13 * fri", "2026-01-09T00:00:00Z"), "2026-01-13T00:00:00Z");
  EXPECT_EQ(next("0 0 13 * fri", "2026-01-13T00:00:00Z"), "2026-01-16T00:00:00Z");
  // A step above 1 makes a star a list like any other.
  EXPECT_EQ(next("0 0 */10 * fri", "2026-01-01T00:00:00Z"), "2026-01-02T00:00:00Z");
  EXPECT_EQ(next("0 0 */1 * fri", "2026-01-02T00:00:00Z"), "2026-01-09T00:00:00Z");
}

TEST(Cron, FiresStrictlyAfterAndOnWholeMinutes) {
  EXPECT_EQ(next("* * * * *", "2026-01-01T00:00:00Z"), "2026-01-01T00:01:00Z");
  EXPECT_EQ(next("* * * * *", "2026-01-01T00:00:00.001Z"), "2026-01-01T00:01:00Z");
  EXPECT_EQ(next("* * * * *", "2025-12-31T23:59:59.999Z"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(next("59 23 31 12 ?", "2026-12-31T23:59:00Z"), "2027-12-31T23:59:00Z");
}

TEST(Cron, LooksFiveYearsAheadAndBack) {
  EXPECT_EQ(next("0 0 29 2 *", "2024-02-29T00:00:00Z"), "2028-02-29T00:00:00Z");
  EXPECT_EQ(next("0 0 29 2 *", "2096-02-29T00:00:00Z"), "never") << "2100 is no leap year";
  EXPECT_EQ(next("0 0 31 2,4,6,9,11 *", "2024-01-01T00:00:00Z"), "never");
  EXPECT_EQ(last("0 0 30 2 *", "2024-01-01T00:00:00Z"), "never");
  EXPECT_EQ(last("0 0 29 2 *", "2027-12-31T00:00:00Z"), "2024-02-29T00:00:00Z");
}

TEST(Cron, KnowsItsLastFiring) {
  EXPECT_EQ(last("30 8 * * mon-fri", "2026-01-05T08:30:00Z"), "2026-01-05T08:30:00Z");
  EXPECT_EQ(last("30 8 * * mon-fri", "2026-01-05T08:29:59.999Z"), "2026-01-02T08:30:00Z");
  EXPECT_EQ(last("*/7 */5 * 2 *", "2026-01-05T08:29:00Z"), "2025-02-28T20:56:00Z");
  EXPECT_EQ(last("0 23 31 12 *", "2026-01-01T00:00:00Z"), "2025-12-31T23:00:00Z");
}

TEST(Cron, CanNeverFireOnDatesThatDoNotExist) {
  EXPECT_FALSE(can_fire(cron("0 0 31 2 *")));
  EXPECT_FALSE(can_fire(cron("0 0 30-31 feb ?")));
  EXPECT_FALSE(can_fire(cron("0 0 31 4,6,9,11 *")));
  EXPECT_TRUE(can_fire(cron("0 0 29 2 *")));
  EXPECT_TRUE(can_fire(cron("0 0 31 2 mon"))) << "Mondays in February will do";
}

}  // namespace
}  // namespace poolscaler
