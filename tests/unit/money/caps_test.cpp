// The worked numbers of the design, and what the formulas say at their edges.
#include "poolscaler/money/caps.hpp"

#include <gmock/gmock.h>

#include "poolscaler/api/time_zones.hpp"
#include "poolscaler/money/integral.hpp"
#include "unit/money/rates.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;

const Instant midnight = parse_rfc3339("2026-11-01T00:00:00Z").value();

Amount amount(std::string_view text) {
  return parse_amount(text).value();
}

AccruedCap cap(PeriodKind kind, Millis length, std::string_view most, std::string_view accrued) {
  return {.kind = kind,
          .period = {midnight, midnight + length},
          .most = amount(most),
          .accrued = amount(accrued)};
}

/// A month of 30 days with 10,000 $, of which 4,100 are spent after 228 hours.
const AccruedCap month = cap(PeriodKind::Month, hours(720), "10000", "4100");
const Instant in_month = midnight + hours(228);

/// A day with 500 $, of which 196.62 are spent at 02:00.
const AccruedCap day = cap(PeriodKind::Day, hours(24), "500", "196.62");
const Instant in_day = midnight + hours(2);

Limit hourly(std::string_view running) {
  return {.budget = "team-a", .cap = RateCap{rate("100")}, .rate = rate(running)};
}

TEST(WorkedNumbers, AMonthAt41PercentIsForecastToExceed) {
  EXPECT_EQ(basis_points(month.accrued, month.most), 4100);
  const auto projected = worst_projection(month, rate("15"), in_month);
  EXPECT_EQ(exact_text(projected), "11480");
  EXPECT_EQ(basis_points(projected, month.most), 11'480);
  EXPECT_EQ(shown(pace(month, in_month)), "11.99");
}

TEST(WorkedNumbers, AnHourlyCapGrantsOneOfTwoNodes) {
  const std::vector limits = {hourly("65.54")};
  const auto admission = admit(limits, {.count = 2, .price = rate("32.77")}, midnight);
  EXPECT_EQ(admission.granted, 1);
  EXPECT_EQ(admission.binding, 0U);
  EXPECT_EQ(admission.words,
            "2 asked for at 32.77 an hour each, 1 granted: budget team-a: 65.54 of 100.00 an "
            "hour; may resume when the rate has fallen");
  const std::vector three = {hourly("98.31")};
  EXPECT_EQ(admit(three, {.count = 1, .price = rate("32.77")}, midnight).granted, 0);
}

TEST(WorkedNumbers, APriceRiseExceedsTheCapWithoutAnyScaling) {
  const auto risen = HourlyRate::of(rate("32.77").nano() / 100 * 102) * 3;
  EXPECT_EQ(shown(risen), "100.28");
  const Limit limit{.budget = "team-a", .cap = RateCap{rate("100")}, .rate = risen};
  EXPECT_EQ(used_basis_points(limit), 10'028);
  EXPECT_EQ(most_admitted(limit, HourlyRate::of(1), {}, midnight), 0);
}

TEST(WorkedNumbers, ADailyCapIsExhaustedAtFiveOClock) {
  EXPECT_EQ(shown(pace(day, in_day)), "13.79");
  const auto end = exhausted_at(day, rate("98.31"), in_day);
  ASSERT_TRUE(end);
  EXPECT_EQ(to_rfc3339(*end).substr(0, 16), "2026-11-01T05:05");
}

TEST(Caps, AccruedAdmitsWhatItsHoldCosts) {
  const Limit limit{.budget = "b", .cap = day, .rate = rate("98.31"), .hold = hours(1)};
  // 303.38 are left; the next hour of what runs costs 98.31, each more node for an hour 32.77.
  EXPECT_EQ(most_admitted(limit, rate("32.77"), hours(1), in_day), 6);
  EXPECT_EQ(most_admitted(limit, rate("32.77"), hours(2), in_day), 3);
  // At the end of the period only what is left of it counts.
  EXPECT_EQ(most_admitted(limit, rate("32.77"), hours(1), midnight + hours(24) - minutes(1)), 552);
  EXPECT_EQ(most_admitted(limit, rate("32.77"), hours(1), midnight + hours(24)), 0);
}

TEST(Caps, WhatIsKeptIntoTheNextPeriodHasToFitThere) {
  const TimeZone utc("UTC", {{.begin = {}, .offset = Seconds(0)}});
  const auto late = midnight + hours(23) + minutes(30);
  Limit limit{.budget = "b", .cap = day, .rate = rate("98.31"), .hold = hours(1)};
  EXPECT_FALSE(next_period(limit, utc, midnight + hours(23)));
  const auto next = next_period(limit, utc, late);
  ASSERT_TRUE(next);
  EXPECT_EQ(shown(*next), "budget b: 0.00 of 500.00 the next day, and 98.31 an hour");
  // Half an hour of each lies in either day: 303.38 - 49.155 is left of this, 500 - 49.155 of that.
  EXPECT_EQ(most_admitted(limit, rate("32.77"), hours(1), late), 15);
  EXPECT_EQ(most_admitted(*next, rate("32.77"), hours(1), late), 27);
  EXPECT_EQ(most_admitted(*next, rate("32.77"), minutes(20), late), no_bound);
  // This day alone would let 2000 an hour run into a day that has 500.
  limit.rate = rate("600");
  EXPECT_EQ(most_admitted(limit, rate("2"), hours(1), late), 3);
  limit.rate = rate("1200");
  EXPECT_EQ(most_admitted(*next_period(limit, utc, late), rate("2"), hours(1), late), 0);
}

TEST(Caps, NoticeComesOnTopOfEveryHold) {
  Limit limit{.budget = "b", .cap = day, .rate = rate("98.31"), .hold = minutes(30)};
  limit.notice = minutes(30);
  EXPECT_EQ(most_admitted(limit, rate("32.77"), minutes(30), in_day), 6);
}

TEST(Caps, WhatIsProtectedIsReservedToTheEnd) {
  auto reserved = day;
  reserved.floor = rate("10");
  const Limit limit{.budget = "b", .cap = reserved, .rate = rate("10"), .hold = hours(1)};
  // 303.38 - 10 for the held hour - 210 for the others leaves 83.38.
  EXPECT_EQ(most_admitted(limit, rate("32.77"), hours(1), in_day), 2);
}

TEST(Caps, AllLimitsMustPassAndTheTightestIsNamed) {
  const std::vector limits = {hourly("65.54"),
                              Limit{.budget = "cluster", .cap = day, .rate = rate("65.54")},
                              Limit{.budget = "tiny", .cap = RateCap{rate("1")}}};
  const auto admission = admit(limits, {.count = 3, .price = rate("32.77")}, in_day);
  EXPECT_EQ(admission.granted, 0);
  EXPECT_THAT(admission.words, HasSubstr("budget tiny: 0.00 of 1.00 an hour"));
}

TEST(Caps, AreExactToTheNanoDollar) {
  const Limit limit{.budget = "b", .cap = RateCap{rate("100")}, .rate = rate("67.23")};
  EXPECT_EQ(most_admitted(limit, rate("32.77"), {}, midnight), 1);
  EXPECT_EQ(most_admitted(limit, rate("32.770000001"), {}, midnight), 0);
}

TEST(Caps, WhatIsPaidAnywayGrowsEvenWhenFrozen) {
  auto limit = hourly("100");
  limit.frozen = true;
  const std::vector limits = {limit};
  EXPECT_EQ(admit(limits, {.count = 4, .price = HourlyRate()}, midnight).granted, 4);
  const auto refused = admit(limits, {.count = 4, .price = rate("0.01")}, midnight);
  EXPECT_EQ(refused.granted, 0);
  EXPECT_THAT(refused.words, HasSubstr("frozen"));
}

TEST(Caps, SayWhenTheRuleOfABudgetLetsGrowthGoOn) {
  auto limit = hourly("100");
  limit.frozen = true;
  limit.resumption = Resumption{.percent = 95};
  EXPECT_EQ(resumes(limit), "at 95 %");
  limit.resumption->earliest = midnight + minutes(10);
  EXPECT_EQ(resumes(limit), "at 95 % and not before 2026-11-01T00:10:00Z");
  limit.cap = day;
  EXPECT_EQ(resumes(limit), "at 95 % and not before 2026-11-01T00:10:00Z, or at "
                            "2026-11-02T00:00:00Z, when the next one begins");
}

TEST(Caps, NothingGrowsOnAnUnknownPrice) {
  const auto admission = admit({}, {.count = 4, .price = std::nullopt}, midnight);
  EXPECT_EQ(admission.granted, 0);
  EXPECT_EQ(admission.words, "4 asked for, 0 granted: the price is not known");
  EXPECT_EQ(admit({}, {.count = -4, .price = rate("1")}, midnight).granted, 0);
}

TEST(Caps, TypicalProjectionFollowsTheWeek) {
  const auto berlin = api::time_zone_named("Europe/Berlin").value();
  WeekProfile profile{};
  profile[6 * 24 + 2] = rate("7");  // Sunday, 02:00: twice on the day of 25 hours
  profile[6 * 24 + 23] = rate("1");
  const auto begin = parse_rfc3339("2026-10-24T22:00:00Z").value();
  const AccruedCap sunday{.kind = PeriodKind::Day,
                          .period = period_at(PeriodKind::Day, *berlin, begin),
                          .most = amount("100"),
                          .accrued = amount("3")};
  EXPECT_EQ(exact_text(typical_projection(sunday, profile, *berlin, begin)), "18");
  EXPECT_EQ(
      exact_text(typical_projection(sunday, profile, *berlin, sunday.period.end - minutes(30))),
      "3.5");
}

TEST(Caps, SayHowManyOrdersAreTooMany) {
  Limit limit{.budget = "b", .cap = RateCap{rate("25")}, .rate = rate("40")};
  const auto excess = [&](std::int64_t count, std::string_view price) {
    return excess_orders(limit, {.count = count, .price = rate(price), .hold = hours(1)},
                         minutes(15), in_day);
  };
  EXPECT_EQ(excess(4, "10"), 2);
  EXPECT_EQ(excess(2, "15"), 1);
  EXPECT_EQ(excess(1, "10"), 1);
  EXPECT_EQ(excess(4, "0"), 0) << "they are paid anyway";
  limit.rate = rate("25");
  limit.frozen = true;
  EXPECT_EQ(excess(2, "10"), 0);
  limit.cap = RateCap{.most = rate("5"), .pace_percent = 150};
  EXPECT_EQ(excess(2, "10"), 0);
}

TEST(Caps, KeepNoMoreOrdersThanTheyAdmit) {
  Limit limit{.budget = "b",
              .cap = cap(PeriodKind::Hour, hours(1), "12", "0"),
              .rate = rate("150"),
              .hold = minutes(20)};
  const auto excess = [&](Millis waited, Instant now) {
    return excess_orders(limit, {.count = 5, .price = rate("30"), .hold = minutes(20)}, waited,
                         now);
  };
  EXPECT_EQ(excess(Millis(0), midnight), 4) << "one node of 30 an hour for 20 minutes is 10";
  limit.frozen = true;
  EXPECT_EQ(excess(Millis(0), midnight), 4);
  std::get<AccruedCap>(limit.cap).most = amount("50");
  EXPECT_EQ(excess(Millis(0), midnight), 0);
  EXPECT_EQ(excess(minutes(15), midnight + minutes(15)), 0);
  std::get<AccruedCap>(limit.cap).accrued = amount("40");  // by what else runs
  EXPECT_EQ(excess(minutes(15), midnight + minutes(15)), 1);
  EXPECT_EQ(excess(Millis(0), midnight + minutes(15)), 4);
}

TEST(Caps, AreDefinedAtTheirEdges) {
  auto spent = day;
  spent.accrued = amount("600");
  EXPECT_EQ(pace(spent, in_day), HourlyRate());
  EXPECT_EQ(exhausted_at(spent, rate("1"), in_day), in_day);
  EXPECT_FALSE(exhausted_at(day, HourlyRate(), in_day));
  EXPECT_FALSE(exhausted_at(day, rate("13.79"), in_day));
  EXPECT_EQ(pace(day, day.period.end), HourlyRate());
  EXPECT_EQ(basis_points(amount("1"), Amount()), no_bound);
  EXPECT_EQ(basis_points(Amount(), Amount()), 0);
  EXPECT_EQ(basis_points(Amount::of(1), amount("1")), 1);
  EXPECT_EQ(worst_projection(day, rate("5"), day.period.end + hours(1)), day.accrued);
}

}  // namespace
}  // namespace poolscaler::money
