// Windows as they are written, and what is said of those that mean nothing.
#include <gmock/gmock.h>

#include "policies.hpp"

namespace poolscaler {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

api::Checked<ScalingPolicy> read(const std::string& window) {
  return api::read_scaling_policy(policy_with("schedule:\n  - " + window));
}

std::string refusal(const std::string& window) {
  const auto policy = read(window);
  return policy ? "accepted" : text_of(policy.error());
}

TEST(Schedule, IsReadWithItsDefaults) {
  const auto policy =
      read(R"({name: night, start: "0 22 * * *", durationSeconds: 3600, "off": true})");
  ASSERT_TRUE(policy) << text_of(policy.error());
  ASSERT_THAT(policy->schedule, SizeIs(1));
  const auto& window = policy->schedule[0];
  EXPECT_EQ(window.name, "night");
  EXPECT_EQ(window.start, parse_cron("0 22 * * *").value());
  EXPECT_EQ(std::get<Seconds>(window.end), Seconds(3600));
  EXPECT_EQ(window.zone->name(), "UTC");
  EXPECT_TRUE(window.off);
  EXPECT_FALSE(window.pre_warm);
  EXPECT_EQ(window.floor, std::nullopt);
}

TEST(Schedule, IsReadInFull) {
  const auto policy = read(R"({name: day, start: "0 8 * * mon", end: "0 18 * * mon",
    timeZone: Asia/Kolkata, floor: 2, ceiling: 9, preWarm: true,
    exceptions: ["12-25", "2028-02-29"]})");
  ASSERT_TRUE(policy) << text_of(policy.error());
  const auto& window = policy->schedule[0];
  EXPECT_EQ(window.floor, 2);
  EXPECT_EQ(window.ceiling, 9);
  EXPECT_TRUE(window.pre_warm);
  EXPECT_EQ(window.zone->name(), "Asia/Kolkata");
  ASSERT_THAT(window.start.exceptions, SizeIs(2));
  EXPECT_EQ(window.start.exceptions[0],
            (CalendarDate{.day = std::chrono::December / 25}));
  EXPECT_EQ(window.start.exceptions[1],
            (CalendarDate{.year = std::chrono::year(2028), .day = std::chrono::February / 29}));
}

TEST(Schedule, SharesOneZoneAmongPolicies) {
  const std::string window =
      R"({name: a, start: "0 8 * * *", end: "0 9 * * *", timeZone: Europe/Berlin, floor: 1})";
  EXPECT_EQ(read(window)->schedule[0].zone, read(window)->schedule[0].zone);
}

TEST(Schedule, AloneIsEnough) {
  const auto policy = api::read_scaling_policy(policy_with(
      R"({signals: null, schedule: [{name: a, start: "0 8 * * *", end: "0 9 * * *", floor: 1}]})"));
  ASSERT_TRUE(policy) << text_of(policy.error());
  EXPECT_TRUE(policy->signals.empty());
}

TEST(Schedule, NamesTheFieldTheValueAndTheRemedy) {
  EXPECT_EQ(refusal(R"({name: a, start: "60 8 * * *", end: "0 9 * * *", floor: 1})"),
            "spec.schedule[0].start is \"60 8 * * *\", minute '60' must be 0 to 59: write a "
            "number, a range a-b, a list a,b, a step */n or *\n");
  EXPECT_THAT(refusal(R"({name: a, start: "0 8 * * 7", end: "0 9 * * *", floor: 1})"),
              HasSubstr("day-of-week '7' must be 0 to 6: write 0-6 (0 is Sunday)"));
  EXPECT_THAT(
      refusal(
          R"({name: a, start: "0 8 * * *", end: "0 9 * * *", timeZone: Europe/Bonn, floor: 1})"),
      HasSubstr("spec.schedule[0].timeZone is \"Europe/Bonn\", 'Europe/Bonn' is no time zone"));
  EXPECT_THAT(
      refusal(
          R"({name: a, start: "0 8 * * *", end: "0 9 * * *", floor: 1, exceptions: [02-30]})"),
      HasSubstr("spec.schedule[0].exceptions[0] is \"02-30\", must be a date that exists"));
  EXPECT_THAT(
      refusal(
          R"({name: a, start: "0 8 * * *", end: "0 9 * * *", floor: 1, exceptions: [2026-02-29]})"),
      HasSubstr("must be a date that exists"));
}

TEST(Schedule, RefusesWhatCanNeverFireOrMeanAWindow) {
  EXPECT_THAT(refusal(R"({name: a, start: "0 8 31 2 *", end: "0 9 * * *", floor: 1})"),
              HasSubstr("spec.schedule[0].start is \"0 8 31 2 *\", names dates that do not exist"));
  EXPECT_THAT(refusal(R"({name: a, start: "0 8 * * *", durationSeconds: 86401, floor: 1})"),
              HasSubstr("spec.schedule[0].durationSeconds is 86401, must be at most 86400"));
  EXPECT_THAT(refusal(R"({name: a, start: "0 8 * * *", end: "0 08 * * ?", floor: 1})"),
              HasSubstr("spec.schedule[0].end is \"0 08 * * ?\", fires only when `start` does"));
  EXPECT_THAT(refusal(R"({name: a, start: "0 8 25 12 *", durationSeconds: 60, floor: 1,
                          exceptions: [12-25]})"),
              HasSubstr("spec.schedule[0].exceptions is a list of 1, leave no date"));
}

TEST(Schedule, CollectsTheErrorsOfAllWindows) {
  const auto policy = api::read_scaling_policy(policy_with(R"(schedule:
  - {name: a, start: "x x x x x", end: "y * * * *", timeZone: Nowhere, floor: 1}
  - {name: b, start: "0 8 * * *", end: "0 25 * * *", floor: 1})"));
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error(), SizeIs(4));
}

}  // namespace
}  // namespace poolscaler
