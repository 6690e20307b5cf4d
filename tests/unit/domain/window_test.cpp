// When windows are open, when that changes, and what no window can mean.
#include "poolscaler/domain/window.hpp"

#include <gmock/gmock.h>

namespace poolscaler {
namespace {

using Part = WindowFault::Part;
using testing::HasSubstr;

Instant at(std::string_view text) { return parse_rfc3339(text).value(); }

/// UTC, but from 2026-03-29 01:00 to 2026-10-25 01:00 an hour ahead.
std::shared_ptr<const TimeZone> summer_time() {
  const auto second = [](std::string_view text) {
    return std::chrono::floor<Seconds>(at(text));
  };
  return std::make_shared<const TimeZone>(
      "Summer", std::vector<Stretch>{{second("2000-01-01T00:00:00Z"), Seconds(0)},
                                     {second("2026-03-29T01:00:00Z"), Seconds(3600)},
                                     {second("2026-10-25T01:00:00Z"), Seconds(0)}});
}

Window window(std::string_view start, std::variant<std::string_view, Seconds> end) {
  Window made{.name = "w",
              .start = parse_cron(start).value(),
              .end = Seconds(0),
              .zone = summer_time(),
              .floor = 1};
  std::visit(Overloaded{[&](std::string_view cron) { made.end = parse_cron(cron).value(); },
                        [&](Seconds duration) { made.end = duration; }},
             end);
  return made;
}

std::string closes(const Window& window, std::string_view now) {
  const auto found = closes_at(window, at(now));
  return found ? to_rfc3339(*found) : "never";
}
std::string opens(const Window& window, std::string_view now) {
  const auto found = opens_at(window, at(now));
  return found ? to_rfc3339(*found) : "never";
}

TEST(Window, IsOpenFromItsStartUpToItsEnd) {
  const auto office = window("0 8 * * mon-fri", "0 18 * * mon-fri");
  EXPECT_FALSE(is_open(office, at("2026-01-05T07:59:59.999Z")));
  EXPECT_TRUE(is_open(office, at("2026-01-05T08:00:00Z")));
  EXPECT_TRUE(is_open(office, at("2026-01-05T17:59:59.999Z")));
  EXPECT_FALSE(is_open(office, at("2026-01-05T18:00:00Z")));
  EXPECT_EQ(opens(office, "2026-01-09T18:00:00Z"), "2026-01-12T08:00:00Z");
  EXPECT_EQ(closes(office, "2026-01-05T08:00:00Z"), "2026-01-05T18:00:00Z");
}

TEST(Window, GoesOverMidnightAndYears) {
  const auto night = window("0 22 * * *", "0 6 * * *");
  EXPECT_TRUE(is_open(night, at("2025-12-31T23:59:59Z")));
  EXPECT_TRUE(is_open(night, at("2026-01-01T05:59:59Z")));
  EXPECT_FALSE(is_open(night, at("2026-01-01T06:00:00Z")));
}

TEST(Window, StaysOpenWhileItStartsAgain) {
  // The peers take the next start for a sign that it is closed.
  const auto week = window("0 8 * * mon-fri", "0 18 * * fri");
  EXPECT_TRUE(is_open(week, at("2026-01-06T23:00:00Z")));
  EXPECT_EQ(closes(week, "2026-01-05T08:00:00Z"), "2026-01-09T18:00:00Z");
  EXPECT_FALSE(is_open(week, at("2026-01-10T12:00:00Z")));
}

TEST(Window, IsOpenWhereAStartAndAnEndFallTogether) {
  const auto weekdays = window("0 8 * * mon-fri", "0 8 * * *");
  EXPECT_TRUE(is_open(weekdays, at("2026-01-06T08:00:00Z")));
  EXPECT_EQ(closes(weekdays, "2026-01-05T08:00:00Z"), "2026-01-10T08:00:00Z");
}

TEST(Window, LastsItsDurationAndJoinsTheNext) {
  const auto weekdays = window("0 0 * * mon-fri", Seconds(86'400));
  EXPECT_TRUE(is_open(weekdays, at("2026-01-09T23:59:59Z")));
  EXPECT_FALSE(is_open(weekdays, at("2026-01-10T00:00:00Z")));
  EXPECT_EQ(closes(weekdays, "2026-01-05T12:00:00Z"), "2026-01-10T00:00:00Z");
}

TEST(Window, DoesNotStartOnItsExceptions) {
  auto night = window("0 22 * * *", "0 6 * * *");
  night.start.exceptions = {
      {.year = std::chrono::year(2026), .day = std::chrono::January / 7},
      {.day = std::chrono::December / 25}};
  EXPECT_TRUE(is_open(night, at("2026-01-07T05:00:00Z"))) << "it started the day before";
  EXPECT_FALSE(is_open(night, at("2026-01-07T23:00:00Z")));
  EXPECT_FALSE(is_open(night, at("2026-01-08T05:00:00Z")));
  EXPECT_EQ(opens(night, "2026-01-07T06:00:00Z"), "2026-01-08T22:00:00Z");
  EXPECT_TRUE(is_open(night, at("2027-01-07T23:00:00Z")));
  EXPECT_FALSE(is_open(night, at("2027-12-25T23:00:00Z")));
}

TEST(Window, WithinASkippedHourDoesNotOpen) {
  // 01:00 to 02:00 does not exist on 2026-03-29: both would fire at 02:00, the end after the start.
  const auto early = window("15 1 * * *", "45 1 * * *");
  EXPECT_FALSE(is_open(early, at("2026-03-29T01:00:00Z")));
  EXPECT_EQ(opens(early, "2026-03-28T02:00:00Z"), "2026-03-30T00:15:00Z");
  EXPECT_FALSE(is_open(window("30 1 * * *", "0 2 * * *"), at("2026-03-29T01:30:00Z")));
}

TEST(Window, OverASkippedHourIsShorterAndOverARepeatedOneLonger) {
  const auto night = window("30 0 * * *", "30 2 * * *");
  EXPECT_EQ(closes(night, "2026-03-29T00:30:00Z"), "2026-03-29T01:30:00Z");
  EXPECT_EQ(closes(night, "2026-10-24T23:30:00Z"), "2026-10-25T02:30:00Z");
  // In the repeated hour itself the first time counts.
  const auto early = window("15 1 * * *", "45 1 * * *");
  EXPECT_TRUE(is_open(early, at("2026-10-25T00:30:00Z")));
  EXPECT_FALSE(is_open(early, at("2026-10-25T01:30:00Z")));
}

std::string fault(const Window& window, Part part) {
  const auto found = fault_of(window);
  if (!found) return "none";
  EXPECT_EQ(found->part, part);
  EXPECT_FALSE(found->remedy.empty());
  return found->problem;
}

TEST(WindowFault, IsADateThatDoesNotExist) {
  EXPECT_THAT(fault(window("0 0 31 2 *", "0 1 * * *"), Part::Start), HasSubstr("never fires"));
  EXPECT_THAT(fault(window("0 0 * * *", "0 1 30 2 *"), Part::End), HasSubstr("never fires"));
  EXPECT_EQ(fault(window("0 0 29 2 *", "0 1 1 3 *"), Part::Start), "none");
}

TEST(WindowFault, IsAnEndThatComesOnlyWithAStart) {
  EXPECT_THAT(fault(window("0 8 * * *", "0 8 * * *"), Part::End), HasSubstr("never close"));
  EXPECT_THAT(fault(window("*/5 * * * *", "*/10 * * * *"), Part::End), HasSubstr("never close"));
  EXPECT_THAT(fault(window("0 8 * * *", "0 8 * * mon"), Part::End), HasSubstr("never close"));
  EXPECT_EQ(fault(window("0 8 * * mon", "0 8 * * *"), Part::End), "none");
}

TEST(WindowFault, IsADurationLongerThanTheTimeToTheNextStart) {
  EXPECT_THAT(fault(window("0 8 * * *", Seconds(86'401)), Part::Duration),
              HasSubstr("at most 86400, the shortest time between two starts"));
  EXPECT_THAT(fault(window("0,10 * * * *", Seconds(601)), Part::Duration), HasSubstr("600"));
  EXPECT_THAT(fault(window("0 8 1 * sun", Seconds(2 * 86'400)), Part::Duration),
              HasSubstr("at most 86400"));
  EXPECT_EQ(fault(window("0 8 1 * *", Seconds(28 * 86'400)), Part::Duration), "none");
  EXPECT_THAT(fault(window("0 8 1 * *", Seconds(28 * 86'400 + 1)), Part::Duration),
              HasSubstr("at most 2419200"));
}

TEST(WindowFault, IsADurationThatNeverEnds) {
  EXPECT_THAT(fault(window("0 0 * * *", Seconds(86'400)), Part::Duration),
              HasSubstr("never close"));
  EXPECT_EQ(fault(window("0 0 * * 1-5", Seconds(86'400)), Part::Duration), "none");
  auto but_christmas = window("0 0 * * *", Seconds(86'400));
  but_christmas.start.exceptions = {{.day = std::chrono::December / 25}};
  EXPECT_EQ(fault(but_christmas, Part::Duration), "none");
}

TEST(WindowFault, IsAllDatesExcepted) {
  auto yearly = window("0 8 25,26 12 *", Seconds(3600));
  yearly.start.exceptions = {{.day = std::chrono::December / 25}};
  EXPECT_EQ(fault(yearly, Part::Exceptions), "none");
  yearly.start.exceptions.push_back({.day = std::chrono::December / 26});
  EXPECT_THAT(fault(yearly, Part::Exceptions), HasSubstr("no date"));
}

}  // namespace
}  // namespace poolscaler
