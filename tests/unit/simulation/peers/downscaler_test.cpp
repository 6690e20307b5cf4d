// kube-downscaler's time specs at their edges, and what it refuses.

#include "poolscaler/simulation/peers/downscaler.hpp"

#include <gtest/gtest.h>

namespace poolscaler::simulation::peers {
namespace {

Result<std::shared_ptr<const TimeZone>> zone_named(std::string_view name) {
  if (name != "UTC" && name != "Etc/East")
    return fail(ErrorKind::InvalidInput, "no zone '" + std::string(name) + "'");
  const auto offset = name == "UTC" ? Seconds(0) : Seconds(10 * 3600);
  return std::make_shared<const TimeZone>(
      std::string(name), std::vector<Stretch>{{std::chrono::sys_seconds{}, offset}});
}

std::string verdict(std::string_view spec, std::string_view now = "2017-11-27T15:30:00Z") {
  const auto matches = matches_time_spec(spec, *parse_rfc3339(now), zone_named);
  return !matches ? "refused" : *matches ? "in" : "out";
}

TEST(Downscaler, KnowsTwoWordsInAnyCase) {
  EXPECT_EQ(verdict("Always"), "in");
  EXPECT_EQ(verdict("NEVER"), "out");
  EXPECT_EQ(verdict(" always"), "refused");
}

TEST(Downscaler, IsHalfOpenByTheMinute) {
  EXPECT_EQ(verdict("Mon-Mon 15:30-15:31 UTC"), "in");
  EXPECT_EQ(verdict("Mon-Mon 15:30-15:31 UTC", "2017-11-27T15:30:59Z"), "in");
  EXPECT_EQ(verdict("Mon-Mon 15:29-15:30 UTC"), "out");
  EXPECT_EQ(verdict("Mon-Mon 22:00-06:00 UTC", "2017-11-27T23:00:00Z"), "out");
}

TEST(Downscaler, WrapsWeekdaysInItsZone) {
  EXPECT_EQ(verdict("Sun-Mon 15:00-16:00 UTC"), "in");
  EXPECT_EQ(verdict("sat-sun 15:00-16:00 utc"), "out");
  EXPECT_EQ(verdict("Tue-Tue 01:00-02:00 Etc/East"), "in") << "Tuesday there";
  EXPECT_EQ(verdict("Mon-Mon 01:00-02:00 Etc/East"), "out");
}

TEST(Downscaler, ClosesRangesOfInstantsAtBothEnds) {
  EXPECT_EQ(verdict("2017-11-27T15:30:00+00:00-2017-11-27T15:30:00+00:00"), "in");
  EXPECT_EQ(verdict("2017-11-27T15:30:01+00:00-2017-11-27T16:00:00+00:00"), "out");
  EXPECT_EQ(verdict("2017-11-27T16:30:00+01:00-2017-11-27T17:00:00+01:00"), "in");
}

TEST(Downscaler, LooksAtAListUntilSomethingMatches) {
  EXPECT_EQ(verdict("Tue-Tue 15:00-16:00 UTC ,Mon-Mon 15:00-16:00 UTC"), "in");
  EXPECT_EQ(verdict("Mon-Mon 15:00-16:00 UTC, nonsense"), "in");
  EXPECT_EQ(verdict("nonsense, Mon-Mon 15:00-16:00 UTC"), "refused");
  EXPECT_EQ(verdict("Tue-Tue 15:00-16:00 UTC,"), "refused");
}

TEST(Downscaler, RefusesOtherShapes) {
  for (const auto* spec :
       {"", "Mon-Fri 8:00-18:00 UTC", "Mon-Fri 08:00-18:00", "08:00-18:00 UTC",
        "Mon-Fri 08:00-18:00 Etc/GMT+5", "Mon-Fri 08:00-18:00 Nowhere", "Mon-Thu  08:00-18:00 UTC",
        "Abc-Fri 08:00-18:00 UTC", "2017-11-27T15:30:00Z-2017-11-27T16:30:00Z",
        "2017-13-27T15:30:00+00:00-2017-11-27T16:30:00+00:00"})
    EXPECT_EQ(verdict(spec), "refused") << spec;
}

}  // namespace
}  // namespace poolscaler::simulation::peers
