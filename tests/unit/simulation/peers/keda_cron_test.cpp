// KEDA's cron trigger: what it refuses, and when it reads as open.

#include "poolscaler/simulation/peers/keda_cron.hpp"

#include <gtest/gtest.h>

namespace poolscaler::simulation::peers {
namespace {

KedaCronMetadata metadata() {
  return {.timezone = "Etc/UTC",
          .start = "0 8 * * *",
          .end = "0 18 * * *",
          .desired_replicas = "3"};
}

TEST(KedaCron, RequiresAllFourFields) {
  EXPECT_EQ(refusal(metadata()), std::nullopt);
  auto without = metadata();
  without.timezone = "";
  EXPECT_EQ(refusal(without), "timezone is required");
  without = metadata();
  without.end.reset();
  EXPECT_EQ(refusal(without), "end is required");
}

TEST(KedaCron, RefusesWhatIsNoNumberOfReplicas) {
  auto bad = metadata();
  for (const auto* replicas : {"0", "many", "1.5", "3 "}) {
    bad.desired_replicas = replicas;
    EXPECT_TRUE(refusal(bad).has_value()) << replicas;
  }
}

TEST(KedaCron, ComparesStartAndEndAsTheyAreWritten) {
  auto same = metadata();
  same.end = same.start;
  EXPECT_TRUE(refusal(same).has_value());
  same.end = "0  8 * * *";
  EXPECT_EQ(refusal(same), std::nullopt) << "the same to cron, another text";
}

bool open_at(const char* start, const char* end, int hour) {
  const TimeZone utc("UTC", {{std::chrono::sys_seconds{}, Seconds(0)}});
  constexpr std::chrono::sys_days thursday{std::chrono::days(20'685)};
  return is_open(*parse_cron(start), *parse_cron(end), utc, thursday + std::chrono::hours(hour));
}

TEST(KedaCron, IsOpenFromItsStartUntilItsEnd) {
  EXPECT_FALSE(open_at("0 8 * * *", "0 18 * * *", 7));
  EXPECT_TRUE(open_at("0 8 * * *", "0 18 * * *", 8));
  EXPECT_FALSE(open_at("0 8 * * *", "0 18 * * *", 18));
  EXPECT_TRUE(open_at("0 22 * * *", "0 6 * * *", 3));
}

TEST(KedaCron, TakesAnEndTogetherWithAStartForOpen) {
  EXPECT_TRUE(open_at("0 8 * * *", "0 8 * * 0-6", 12));
}

TEST(KedaCron, TakesAStartThatNeverComesForThePast) {
  EXPECT_TRUE(open_at("0 0 30 2 *", "0 18 * * *", 3));
  EXPECT_FALSE(open_at("0 8 * * *", "0 0 30 2 *", 9));
}

}  // namespace
}  // namespace poolscaler::simulation::peers
