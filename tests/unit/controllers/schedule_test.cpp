#include "schedule.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "own_writes.hpp"

namespace poolscaler::controllers {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Schedule, TakesWhatIsDueOnceAndInOrder) {
  Schedule schedule;
  schedule.set({"a", "late"}, Millis(30));
  schedule.set({"a", "soon"}, Millis(10));
  schedule.set({"a", "never"}, Millis(99));
  const auto due = schedule.take_due(Millis(50));
  ASSERT_THAT(due, SizeIs(2));
  EXPECT_EQ(due[0].key.name, "soon");
  EXPECT_EQ(due[1].planned, Millis(30));
  EXPECT_THAT(schedule.take_due(Millis(50)), IsEmpty());
  EXPECT_EQ(schedule.next(), Millis(99));
}

TEST(Schedule, DueAtOnceNeverDelays) {
  Schedule schedule;
  schedule.set({"a", "x"}, Millis(10));
  schedule.no_later({"a", "x"}, Millis(20));
  EXPECT_EQ(schedule.next(), Millis(10));
  schedule.no_later({"a", "x"}, Millis(5));
  EXPECT_EQ(schedule.next(), Millis(5));
  schedule.erase({"a", "x"});
  EXPECT_EQ(schedule.next(), std::nullopt);
}

RC_GTEST_PROP(SchedulePhase, LiesWithinOnePeriodAndComesBackAfterOne, ()) {
  const auto hash = *rc::gen::arbitrary<std::size_t>();
  const Seconds interval(*rc::gen::inRange(5, 300));
  const auto policies = *rc::gen::inRange<std::size_t>(1, 50'000);
  const Millis now(*rc::gen::inRange(0, 100'000'000));
  const auto next = next_phase(hash, interval, policies, now);
  RC_ASSERT(next > now);
  RC_ASSERT(next - now <= Millis(interval));
  RC_ASSERT(next_phase(hash, interval, policies, next) == next + Millis(interval));
}

TEST(SchedulePhase, SpreadsALargeFleet) {
  std::set<Millis> phases;
  for (std::size_t hash = 0; hash < 1000; ++hash)
    phases.insert(next_phase(hash, Seconds(15), 10'000, Millis(0)));
  EXPECT_EQ(phases.size(), 5U);
}

TEST(ResourceVersions, CompareAsNumbersOfAnyLength) {
  EXPECT_TRUE(is_at_least("100", "99"));
  EXPECT_FALSE(is_at_least("99", "100"));
  EXPECT_TRUE(is_at_least("123456789012345678901234567890", "9"));
  EXPECT_TRUE(is_at_least("abc", "abc"));
  EXPECT_FALSE(is_at_least("abd", "abc")) << "not numbers: only equality counts";
  EXPECT_FALSE(is_at_least("", "1"));
}

TEST(Settlement, WaitsForTheWriteToBeSeenButNotForEver) {
  Settlement settlement;
  settlement.wrote("u", "50", 5, Millis(0));
  EXPECT_FALSE(settlement.settled({"u", "49", 2}, Millis(100)));
  EXPECT_TRUE(settlement.settled({"u", "51", 5}, Millis(200)));
  settlement.wrote("u", "60", 6, Millis(0));
  EXPECT_FALSE(settlement.settled({"u", "51", 5}, Settlement::patience - Millis(1)));
  EXPECT_TRUE(settlement.settled({"u", "51", 5}, Settlement::patience));
  settlement.wrote("u", "70", 6, Millis(0));
  EXPECT_TRUE(settlement.settled({"another", "3", 1}, Millis(1))) << "made again";
}

TEST(Settlement, AfterAConflictAnyOtherVersionWillDo) {
  Settlement settlement;
  settlement.refused("u", "50", Millis(0));
  EXPECT_FALSE(settlement.settled({"u", "50", 2}, Millis(100)));
  EXPECT_TRUE(settlement.settled({"u", "51", 2}, Millis(100)));
}

TEST(StoredStatus, TakesUpWhatItSeesFirstAndWritesOneAfterTheOther) {
  StoredStatus status;
  EXPECT_TRUE(status.saw("10"));
  EXPECT_FALSE(status.saw("10"));
  EXPECT_EQ(status.begin(), "10");
  EXPECT_FALSE(status.may_write());
  status.wrote("11");
  EXPECT_TRUE(status.may_write());
  EXPECT_FALSE(status.saw("10")) << "an older version is no news";
  EXPECT_EQ(status.begin(), "11");
}

TEST(StoredStatus, TakesUpTheWinnersBeforeItWritesAgain) {
  StoredStatus status;
  (void)status.saw("10");
  (void)status.begin();
  status.failed(true);
  EXPECT_FALSE(status.saw("10"));
  EXPECT_FALSE(status.may_write());
  EXPECT_TRUE(status.saw("12"));
  EXPECT_TRUE(status.may_write());
  EXPECT_TRUE(status.unsaid());
}

TEST(StoredStatus, TakesUpAWinnerThatItSawBeforeItWasRefused) {
  StoredStatus status;
  (void)status.saw("10");
  (void)status.begin();
  EXPECT_FALSE(status.saw("12"));
  status.failed(true);
  EXPECT_TRUE(status.saw("12"));
  EXPECT_EQ(status.begin(), "12");
}

TEST(Fight, TruceGrowsWhileItGoesOn) {
  FightDetector fight;
  Millis now{0};
  const auto fight_on = [&] {
    for (std::size_t i = 0; i < FightDetector::resets_max; ++i) {
      fight.wrote("u", "1", 5);
      now += Millis(10'000);
      EXPECT_TRUE(fight.saw({"u", "1", 2}, now));
    }
  };
  fight_on();
  EXPECT_EQ(fight.truce_left(now), FightDetector::first_truce);
  now += FightDetector::first_truce;
  EXPECT_FALSE(fight.truce(now));
  fight_on();
  EXPECT_EQ(fight.truce_left(now), 2 * FightDetector::first_truce);
}

TEST(Fight, ACacheThatIsOlderThanTheWriteIsNobodysDoing) {
  FightDetector fight;
  for (int i = 0; i < 10; ++i) {
    const Millis now{i * 100'000};
    fight.wrote("u", "12", 5);
    EXPECT_FALSE(fight.saw({"u", "9", 2}, now));
    EXPECT_FALSE(fight.saw({"u", "12", 5}, now + Millis(1000)));
    EXPECT_FALSE(fight.truce(now));
  }
  EXPECT_TRUE(fight.saw({"u", "13", 2}, Millis(1'000'000)));
}

TEST(Fight, AWriteOfUnknownOutcomeIsHeldAgainstNobody) {
  FightDetector fight;
  for (int i = 0; i < 10; ++i) {
    const Millis now{i * 1000};
    fight.wrote("u", "1", 5);
    fight.unsure();
    EXPECT_FALSE(fight.saw({"u", "1", 2}, now));
    EXPECT_FALSE(fight.saw({"u", "2", 7}, now));
    EXPECT_FALSE(fight.truce(now));
  }
}

TEST(Fight, SlowChangesAreNoFight) {
  FightDetector fight;
  for (int i = 0; i < 20; ++i) {
    const Millis now = FightDetector::window * i;
    fight.wrote("u", "1", 5);
    EXPECT_TRUE(fight.saw({"u", "1", 2}, now));
    EXPECT_FALSE(fight.truce(now));
  }
}

}  // namespace
}  // namespace poolscaler::controllers
