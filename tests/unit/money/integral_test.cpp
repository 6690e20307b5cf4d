#include "poolscaler/money/integral.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <numeric>

#include "poolscaler/base/check.hpp"
#include "unit/money/rates.hpp"

namespace poolscaler::money {
namespace {

using std::chrono::hours;

TEST(Integral, CountsAnHourAsItsRate) {
  Integral spent;
  spent.add(rate("32.77"), hours(1));
  EXPECT_EQ(exact_text(spent.rounded_down()), "32.77");
  EXPECT_EQ(spent.rest(), 0);
}

TEST(Integral, CarriesWhatIsLessThanANanoDollar) {
  Integral spent;
  for (int i = 0; i < 3600; ++i) spent.add(HourlyRate::of(1), Seconds(1));
  EXPECT_EQ(spent, Integral::of(Amount::of(1), 0));
  spent.add(HourlyRate::of(1), Millis(1));
  EXPECT_EQ(spent.rounded_down(), Amount::of(1));
  EXPECT_EQ(spent.rounded_up(), Amount::of(2));
}

/// money.md: 15 $/h for the 492 hours that are left of a month of 30 days.
TEST(Integral, RoundsCostUp) {
  EXPECT_EQ(exact_text(cost_of(rate("15"), hours(492))), "7380");
  EXPECT_EQ(cost_of(HourlyRate::of(1), Millis(1)), Amount::of(1));
  EXPECT_EQ(cost_of(HourlyRate(), hours(1)), Amount());
}

TEST(Integral, SaturatesAndRefusesToRunBack) {
  Integral spent;
  spent.add(HourlyRate::of(declared_nano_max), hours(24 * 365));
  const auto most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(spent.rounded_down().nano(), most);
  spent += spent;
  EXPECT_EQ(spent, Integral::of(Amount::of(most), 0));
  EXPECT_THROW(spent.add(HourlyRate(), Millis(-1)), InvariantError);
  EXPECT_THROW(spent.add(HourlyRate::of(-1), Millis(1)), InvariantError);
  EXPECT_EQ(Integral::of(Amount::of(5), Integral::parts).rest(), 0);
}

RC_GTEST_PROP(Integral, DoesNotDependOnHowTimeIsCut, ()) {
  const auto per_hour = HourlyRate::of(*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000));
  const auto pieces =
      *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 100'000));
  Integral cut;
  for (const auto piece : pieces) cut.add(per_hour, Millis(piece));
  Integral whole;
  whole.add(per_hour, Millis(std::accumulate(pieces.begin(), pieces.end(), std::int64_t{0})));
  RC_ASSERT(cut == whole);
}

RC_GTEST_PROP(Integral, OfASumIsTheSumOfTheIntegrals, ()) {
  const auto any_rate = rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
  const auto a = HourlyRate::of(*any_rate);
  const auto b = HourlyRate::of(*any_rate);
  const Millis time(*rc::gen::inRange<std::int64_t>(0, 10'000'000'000));
  Integral both;
  both.add(a + b, time);
  Integral each;
  each.add(a, time);
  Integral other;
  other.add(b, time);
  each += other;
  RC_ASSERT(both == each);
}

}  // namespace
}  // namespace poolscaler::money
