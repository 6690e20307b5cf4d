// Zones by name, and how a cron fires where their clocks change.
#include "poolscaler/api/time_zones.hpp"

#include <gmock/gmock.h>

#include "poolscaler/domain/cron.hpp"

namespace poolscaler::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TimeZone& zone(std::string_view name) {
  const auto found = time_zone_named(name);
  EXPECT_TRUE(found) << name;
  return **found;
}

struct Question {
  std::string_view zone;
  std::string_view cron;
  std::string_view after;
};

/// The next three firings, forward; the same must come backward from the last of them.
std::vector<std::string> firings(const Question& asked, ClockChange change) {
  const auto cron = parse_cron(asked.cron).value();
  const auto& where = zone(asked.zone);
  auto at = parse_rfc3339(asked.after).value();
  std::vector<std::string> forward;
  for (int i = 0; i < 3; ++i) {
    at = next_after(cron, where, at, change).value();
    forward.push_back(to_rfc3339(at));
  }
  std::vector<std::string> backward;
  for (int i = 0; i < 3; ++i) {
    at = last_until(cron, where, at, change).value().at;
    backward.insert(backward.begin(), to_rfc3339(at));
    at -= Millis(1);
  }
  EXPECT_EQ(forward, backward);
  return forward;
}

std::vector<std::string> once(const Question& asked) {
  return firings(asked, ClockChange::FireOnce);
}
std::vector<std::string> as_read(const Question& asked) {
  return firings(asked, ClockChange::AsRead);
}

TEST(TimeZones, AreReadOnceAndShared) {
  EXPECT_EQ(time_zone_named("Europe/Berlin").value(), time_zone_named("Europe/Berlin").value());
  EXPECT_EQ(zone("US/Eastern").name(), "US/Eastern");
  EXPECT_EQ(zone("UTC").stretches().size(), 1U);
}

TEST(TimeZones, RefuseNamesThatAreNone) {
  for (const char* name : {"", "Local", "localtime", "berlin", "europe/berlin", "Europe/Berlin ",
                           "+01:00", "CEST", "../../etc/passwd", "/etc/passwd", "right/UTC",
                           "zone.tab", "Mars/Olympus"})
    EXPECT_FALSE(time_zone_named(name)) << name;
  EXPECT_THAT(time_zone_named("Europe/Bonn\n").error().message,
              HasSubstr("'Europe/Bonn\\n' is no time zone of the IANA database: write a name such "
                        "as Europe/Berlin"));
}

TEST(Cron, InNewYorkFiresAtThreeForWhatWasSkippedAtTwo) {
  EXPECT_THAT(once({"America/New_York", "30 2 * * *", "2026-03-07T12:00:00Z"}),
              ElementsAre("2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z", "2026-03-10T06:30:00Z"));
  EXPECT_THAT(as_read({"America/New_York", "30 2 * * *", "2026-03-07T12:00:00Z"}),
              ElementsAre("2026-03-09T06:30:00Z", "2026-03-10T06:30:00Z", "2026-03-11T06:30:00Z"));
}

TEST(Cron, InNewYorkFiresOnceForWhatIsRepeatedAtOne) {
  EXPECT_THAT(once({"America/New_York", "30 1 * * *", "2026-10-31T12:00:00Z"}),
              ElementsAre("2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z", "2026-11-03T06:30:00Z"));
  EXPECT_THAT(once({"America/New_York", "30 1 * * *", "2026-11-01T06:10:00Z"}),
              ElementsAre("2026-11-02T06:30:00Z", "2026-11-03T06:30:00Z", "2026-11-04T06:30:00Z"));
  EXPECT_THAT(once({"America/New_York", "0,30 0-2 1 11 *", "2026-11-01T05:00:00Z"}),
              ElementsAre("2026-11-01T05:30:00Z", "2026-11-01T07:00:00Z", "2026-11-01T07:30:00Z"));
  EXPECT_THAT(as_read({"America/New_York", "30 1 * * *", "2026-10-31T12:00:00Z"}),
              ElementsAre("2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-02T06:30:00Z"));
}

TEST(Cron, InNewYorkFollowsTheRulesOfTheYear) {
  // Since 2007 from March on, before from April on.
  EXPECT_THAT(once({"America/New_York", "0 8 15 3 *", "2006-01-01T00:00:00Z"}),
              ElementsAre("2006-03-15T13:00:00Z", "2007-03-15T12:00:00Z", "2008-03-15T12:00:00Z"));
}

TEST(Cron, InBerlinGoesOverBothChanges) {
  EXPECT_THAT(once({"Europe/Berlin", "0 2 * 3,10 sun", "2026-03-25T00:00:00Z"}),
              ElementsAre("2026-03-29T01:00:00Z", "2026-10-04T00:00:00Z", "2026-10-11T00:00:00Z"));
  EXPECT_THAT(once({"Europe/Berlin", "15 2 25 10 *", "2026-10-24T00:00:00Z"}),
              ElementsAre("2026-10-25T00:15:00Z", "2027-10-25T00:15:00Z", "2028-10-25T00:15:00Z"));
}

TEST(Cron, InSaoPauloFiresAtOneForMidnightUntilThereWasNoSummerTime) {
  EXPECT_THAT(once({"America/Sao_Paulo", "0 0 * * *", "2018-11-03T12:00:00Z"}),
              ElementsAre("2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z", "2018-11-06T02:00:00Z"));
  EXPECT_THAT(once({"America/Sao_Paulo", "30 23 * * *", "2019-02-16T12:00:00Z"}),
              ElementsAre("2019-02-17T01:30:00Z", "2019-02-18T02:30:00Z", "2019-02-19T02:30:00Z"));
  EXPECT_THAT(once({"America/Sao_Paulo", "0 0 3 11 *", "2019-06-01T00:00:00Z"}),
              ElementsAre("2019-11-03T03:00:00Z", "2020-11-03T03:00:00Z", "2021-11-03T03:00:00Z"));
}

TEST(Cron, OnLordHoweIslandMovesByHalfAnHour) {
  EXPECT_THAT(once({"Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z"}),
              ElementsAre("2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z", "2026-10-05T15:15:00Z"));
  EXPECT_THAT(once({"Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00:00Z"}),
              ElementsAre("2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z", "2026-04-06T15:15:00Z"));
  EXPECT_THAT(as_read({"Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00:00Z"}),
              ElementsAre("2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", "2026-04-05T15:15:00Z"));
}

TEST(Cron, InApiaFiresAfterADayThatNeverWas) {
  EXPECT_THAT(once({"Pacific/Apia", "0 8 30 12 *", "2011-06-01T00:00:00Z"}),
              ElementsAre("2011-12-30T10:00:00Z", "2012-12-29T18:00:00Z", "2013-12-29T18:00:00Z"));
}

}  // namespace
}  // namespace poolscaler::api
