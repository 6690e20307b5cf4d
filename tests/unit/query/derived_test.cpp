#include "poolscaler/query/derived.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "builders.hpp"

namespace poolscaler::query {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::depth_of;

MetricSelector metric(std::string name, RangeFunction function = RangeFunction::None) {
  return {.metric = std::move(name),
          .range_function = function,
          .window_seconds = function == RangeFunction::None ? 0 : 60};
}

SignalReading value(double number, std::optional<double> age = 5) {
  return {.state = number == 0 ? SignalState::Zero : SignalState::Value,
          .value = number,
          .age_seconds = age};
}

SignalReading missing(SignalState state) { return {.state = state, .detail = "why"}; }

const DerivedQuery sum{.terms = {metric("waiting"), metric("running")}};
const DerivedQuery rates{.terms = {metric("seconds_sum", RangeFunction::Rate)},
                         .divisor = {metric("seconds_count", RangeFunction::Rate)},
                         .scale = 1000};
const DerivedQuery share{.terms = {metric("used")}, .divisor = {metric("used"), metric("free")}};

SignalReading reading(const DerivedQuery& query, std::vector<SignalReading> parts) {
  return derived_reading(query, parts);
}

TEST(Derived, AddsUpItsTermsAndIsAsOldAsTheOldest) {
  const auto both = reading(sum, {value(3, 4), value(4, 9)});
  EXPECT_EQ(both.state, SignalState::Value);
  EXPECT_EQ(both.value, 7);
  EXPECT_EQ(both.age_seconds, 9);
  EXPECT_EQ(reading(sum, {value(0), value(0)}).state, SignalState::Zero);
  EXPECT_EQ(reading(sum, {value(1, std::nullopt), value(2, 3)}).age_seconds, 3);
}

TEST(Derived, HalfASumIsNoNumber) {
  const auto half = reading(sum, {value(3), missing(SignalState::Absent)});
  EXPECT_EQ(half.state, SignalState::Absent);
  EXPECT_EQ(half.detail, "running: why");
}

TEST(Derived, TakesTheGravestStateOfItsParts) {
  const std::vector<SignalState> by_gravity{SignalState::Absent, SignalState::Stale,
                                            SignalState::NotANumber, SignalState::Partial,
                                            SignalState::Error};
  for (std::size_t i = 0; i < by_gravity.size(); ++i)
    for (std::size_t k = 0; k < by_gravity.size(); ++k)
      EXPECT_EQ(reading(sum, {missing(by_gravity[i]), missing(by_gravity[k])}).state,
                by_gravity[std::max(i, k)]);
}

TEST(Derived, DividesAndScales) {
  EXPECT_EQ(reading(rates, {value(2), value(4)}).value, 500);
  EXPECT_EQ(reading(share, {value(60), value(60), value(20)}).value, 0.75);
}

TEST(Derived, ARatioOfRatesWithoutTrafficIsIdle) {
  EXPECT_EQ(reading(rates, {value(0), value(0)}).state, SignalState::Zero);
}

TEST(Derived, ATimeOfRequestsThatNeverEndedIsNoNumber) {
  const auto endless = reading(rates, {value(2), value(0)});
  EXPECT_EQ(endless.state, SignalState::NotANumber);
  EXPECT_THAT(endless.detail, HasSubstr("2 / 0"));
}

TEST(Derived, AShareOfNothingIsNoNumberAndNotIdle) {
  EXPECT_EQ(reading(share, {value(0), value(0), value(0)}).state, SignalState::NotANumber);
}

TEST(Derived, NoTrafficIsNotMistakenForNoData) {
  EXPECT_EQ(reading(rates, {missing(SignalState::Absent), missing(SignalState::Absent)}).state,
            SignalState::Absent);
}

TEST(Signs, AreTheTermsAboveTheirShares) {
  const SignalQuery signal{.source = "main", .ns = "shop", .query = sum, .max_age_seconds = 30};
  const auto signs = signs_of(signal, 10);
  ASSERT_THAT(signs, SizeIs(2));
  EXPECT_LT(signs[0].above, 5);
  EXPECT_NEAR(signs[1].above, 5, 1e-9);
  const SignalQuery ratio{.source = "main", .ns = "shop", .query = rates, .max_age_seconds = 30};
  EXPECT_EQ(signs_of(ratio, 10)[0].above, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(signs_of(depth_of("shop", "a"), 7)[0].above, 7);
}

TEST(Parts, AreAskedInTheirPlacesAndPutTogetherAgain) {
  const std::vector<SignalQuery> signals{
      depth_of("shop", "a"),
      {.source = "main", .ns = "shop", .query = sum, .max_age_seconds = 30},
      depth_of("shop", "b")};
  ASSERT_TRUE(has_derived(signals));
  const Parts parts(signals);
  ASSERT_THAT(parts.queries(), SizeIs(4));
  EXPECT_FALSE(has_derived(parts.queries()));
  EXPECT_EQ(parts.queries()[2].max_age_seconds, 30);
  const auto whole = parts.combined({value(1), value(2), value(3), value(4)});
  ASSERT_THAT(whole, SizeIs(3));
  EXPECT_EQ(whole[0].value, 1);
  EXPECT_EQ(whole[1].value, 5);
  EXPECT_EQ(whole[2].value, 4);
}

}  // namespace
}  // namespace poolscaler::query
