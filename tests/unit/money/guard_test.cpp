#include "poolscaler/money/guard.hpp"

#include <gmock/gmock.h>

#include "poolscaler/money/shed.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const Instant start{Seconds(1'800'000'000)};

/// A limit whose guard is asked every 15 s.
struct Guarded {
  GuardRules rules{};
  GuardState state{};
  GuardReading reading{.now = start,
                       .period_begin = start,
                       .amount = Amount::of(100),
                       .used_basis_points = 0};

  GuardVerdict at(std::int64_t used, std::int64_t forecast = 0, int rounds = 1) {
    GuardVerdict verdict;
    for (int i = 0; i < rounds; ++i) {
      reading.now += seconds(15);
      reading.used_basis_points = used;
      reading.forecast_basis_points = forecast;
      verdict = judge(state, rules, reading);
      state = verdict.state;
    }
    return verdict;
  }
};

TEST(Guard, SaysEachThresholdOncePerPeriod) {
  Guarded guarded;
  EXPECT_THAT(guarded.at(4999).fired, IsEmpty());
  EXPECT_THAT(guarded.at(5000).fired, ElementsAre(50));
  EXPECT_THAT(guarded.at(4000).fired, IsEmpty());
  EXPECT_THAT(guarded.at(10'100).fired, ElementsAre(80, 100));
  EXPECT_THAT(guarded.at(10'100).fired, IsEmpty());
  guarded.reading.period_begin += std::chrono::hours(24);
  EXPECT_THAT(guarded.at(6000).fired, ElementsAre(50));
  guarded.reading.amount = Amount::of(50);  // edited within the period
  EXPECT_THAT(guarded.at(8100).fired, ElementsAre(50, 80));
}

TEST(Guard, WarnsOnTwoOfThreeRoundsAndClearsFarBelow) {
  Guarded guarded;
  EXPECT_FALSE(guarded.at(8000).warned);
  EXPECT_FALSE(guarded.at(7900).warned);
  EXPECT_TRUE(guarded.at(8000).warned);
  EXPECT_TRUE(guarded.at(7600, 0, 10).warned);
  EXPECT_FALSE(guarded.at(7400).warned);
  EXPECT_TRUE(guarded.at(4000, 10'000, 2).warned);
  EXPECT_TRUE(guarded.at(4000, 9600).warned);
  EXPECT_FALSE(guarded.at(4000, 9400).warned);
}

TEST(Guard, FreezesAtTheLimitAndResumesClearlyBelowAfterTheCoolDown) {
  Guarded guarded;
  EXPECT_EQ(guarded.at(9999).act, GuardAct::None);
  const auto frozen = guarded.at(10'000);
  EXPECT_EQ(frozen.act, GuardAct::Freeze);
  EXPECT_EQ(frozen.resumes_earliest, guarded.reading.now + seconds(600));
  EXPECT_EQ(guarded.at(9000, 0, 39).act, GuardAct::Freeze);
  EXPECT_EQ(guarded.at(9000).act, GuardAct::None);
  EXPECT_EQ(guarded.at(10'000).act, GuardAct::Freeze);
  EXPECT_EQ(guarded.at(9600, 0, 100).act, GuardAct::Freeze);
  EXPECT_EQ(guarded.at(9500).act, GuardAct::None);
}

TEST(Guard, ANewPeriodResumesAtOnce) {
  Guarded guarded;
  EXPECT_EQ(guarded.at(12'000).act, GuardAct::Freeze);
  guarded.reading.period_begin += std::chrono::hours(1);
  EXPECT_EQ(guarded.at(0).act, GuardAct::None);
}

TEST(Guard, ShedsOnlyWhereAskedAfterTheGraceAndOnFreshPrices) {
  Guarded guarded{.rules = {.on_limit = OnLimit::Shed}};
  EXPECT_EQ(guarded.at(10'100, 0, 8).act, GuardAct::Freeze);
  EXPECT_EQ(guarded.at(10'100).act, GuardAct::Shed);
  guarded.reading.trusted = false;
  EXPECT_EQ(guarded.at(10'100).act, GuardAct::Freeze);
  guarded.reading.trusted = true;
  EXPECT_EQ(guarded.at(10'000).act, GuardAct::Freeze);  // at the limit, not over it
  EXPECT_EQ(guarded.at(10'100, 0, 8).act, GuardAct::Freeze);

  Guarded stopping{.rules = {.on_limit = OnLimit::ScaleToZero}};
  EXPECT_EQ(stopping.at(10'100, 0, 9).act, GuardAct::ScaleToZero);
  Guarded telling{.rules = {.on_limit = OnLimit::Notify}};
  EXPECT_EQ(telling.at(10'100, 0, 9).act, GuardAct::None);
}

TEST(Guard, TheLastMomentIsBeingOverWhereSomethingIsTaken) {
  Guarded freezing;
  freezing.reading.last_moment = true;
  EXPECT_EQ(freezing.at(5000, 0, 20).act, GuardAct::None);

  Guarded shedding{.rules = {.on_limit = OnLimit::Shed}};
  shedding.reading.last_moment = true;
  EXPECT_EQ(shedding.at(5000).act, GuardAct::Freeze);
  EXPECT_EQ(shedding.at(5000, 0, 8).act, GuardAct::Shed);
  // The grace of what goes is not given again by a period that begins.
  shedding.reading.period_begin = shedding.reading.now;
  EXPECT_EQ(shedding.at(0).act, GuardAct::Shed);
  shedding.reading.last_moment = false;
  EXPECT_EQ(shedding.at(0).act, GuardAct::Freeze);
}

TEST(Guard, RemembersOverARestart) {
  Guarded guarded;
  guarded.at(10'100);
  Guarded restarted{.state = guarded.state, .reading = guarded.reading};
  const auto verdict = restarted.at(10'100);
  EXPECT_THAT(verdict.fired, IsEmpty());
  EXPECT_EQ(verdict.act, GuardAct::Freeze);
  EXPECT_EQ(verdict.state.frozen_since, guarded.state.frozen_since);
}

Sheddable of(std::string policy) {
  return {.policy = std::move(policy),
          .replicas = 10,
          .price = parse_hourly_rate("10").value(),
          .started = start};
}

std::string told(const std::vector<Sheddable>& from, std::string_view excess,
                 std::int64_t step = 100) {
  std::string text;
  for (const auto& cut : shed(from, parse_hourly_rate(excess).value(), step))
    text += from[cut.index].policy + ":" + std::to_string(cut.replicas) + " ";
  return text;
}

TEST(Shed, TakesTheOrderOfTheDesign) {
  auto low = of("low");
  low.priority = -1;
  auto over = of("over");
  over.over_quota = true;
  auto saved = of("saved");
  saved.checkpointed = true;
  auto spot = of("spot");
  spot.spot = true;
  auto newer = of("newer");
  newer.started += seconds(60);
  const std::vector from = {of("plain"), newer, spot, saved, over, low};
  EXPECT_EQ(told(from, "1000"), "low:10 over:10 saved:10 spot:10 newer:10 plain:10 ");
}

TEST(Shed, TakesNoMoreThanNeededAndNoMoreThanAStep) {
  const std::vector from = {of("a"), of("b")};
  EXPECT_EQ(told(from, "0.01"), "a:1 ");
  EXPECT_EQ(told(from, "30"), "a:3 ");
  EXPECT_EQ(told(from, "125"), "a:10 b:3 ");
  EXPECT_EQ(told(from, "125", 4), "a:4 ");
  EXPECT_EQ(told(from, "0"), "");
}

TEST(Shed, LeavesWhatIsPaidAnyway) {
  auto committed = of("a");
  committed.price = HourlyRate();
  EXPECT_EQ(told({committed, of("b")}, "20"), "b:2 ");
}

}  // namespace
}  // namespace poolscaler::money
