// How much of a load settings are tried on, by how long that takes.
#include "rehearsal.hpp"

#include <gtest/gtest.h>

#include "poolscaler/simulation/replay/variations.hpp"
#include "waves.hpp"

namespace poolscaler::replay {
namespace {

Rehearsals rehearsals(std::vector<Load> loads) { return Rehearsals::of(loads, {}).value(); }

Load busy_hours(int hours) {
  Load load{.name = "busy", .end = std::chrono::hours(hours), .constant_service = true};
  for (std::int64_t i = 0; i < hours * 3600; ++i)
    load.requests.push_back({.arrival = Micros(i * 1'000'000), .service = Micros(5'000'000)});
  return load;
}

TEST(Rehearsal, IsOnAllVariationsWhereThereIsTime) {
  const auto all = rehearsals({waves()});
  const auto rehearsal = all.within(1e9);
  EXPECT_EQ(rehearsal.variations, variations_max);
  EXPECT_EQ(rehearsal.cases.size(), 1 + variations_max);
  EXPECT_EQ(rehearsal.part, 1);
  EXPECT_GT(rehearsal.seconds, 10 * all.seconds());
}

TEST(Rehearsal, IsOnAsManyVariationsAsThereIsTimeFor) {
  const auto all = rehearsals({waves(), waves()});
  EXPECT_EQ(all.within(all.seconds()).variations, 0U);
  EXPECT_EQ(all.within(3.5 * all.seconds()).variations, 2U);
  EXPECT_EQ(all.within(3.5 * all.seconds()).cases.size(), 2U + 4U);
}

TEST(Rehearsal, IsOnTheEndWhereThereIsTooLittle) {
  const auto all = rehearsals({busy_hours(20)});
  const auto rehearsal = all.within(all.seconds() / 5);
  ASSERT_EQ(rehearsal.cases.size(), 1U);
  const auto& load = rehearsal.cases.front().load;
  EXPECT_EQ(load.end, std::chrono::hours(4));
  EXPECT_EQ(load.began, std::chrono::hours(16)) << "which the clock still knows";
  EXPECT_EQ(load.requests.size(), 4U * 3600U);
  EXPECT_EQ(load.requests.front().arrival, Micros(0));
  EXPECT_EQ(rehearsal.variations, 0U);
  EXPECT_DOUBLE_EQ(rehearsal.part, 0.2);
  EXPECT_NEAR(rehearsal.seconds, all.seconds() / 5, all.seconds() / 100);
}

TEST(Rehearsal, IsNeverTooShortToJudge) {
  const auto all = rehearsals({busy_hours(20)});
  const auto rehearsal = all.within(0);
  EXPECT_EQ(rehearsal.cases.front().load.end, std::chrono::hours(1));
}

TEST(Rehearsal, CountsNoTimeInWhichNothingHappens) {
  auto idle = busy_hours(1);
  idle.end = std::chrono::hours(1000);
  const auto cases = rehearsals({idle}).whole();
  EXPECT_LT(seconds_to_play(cases), 2 * seconds_to_play(rehearsals({busy_hours(1)}).whole()));
}

}  // namespace
}  // namespace poolscaler::replay
