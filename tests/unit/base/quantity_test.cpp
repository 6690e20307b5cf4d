#include "poolscaler/base/quantity.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace poolscaler {
namespace {

constexpr auto largest = std::numeric_limits<std::int64_t>::max();

TEST(MilliQuantity, KnowsEverySuffix) {
  EXPECT_EQ(milli_quantity("2"), 2000);
  EXPECT_EQ(milli_quantity("0.5"), 500);
  EXPECT_EQ(milli_quantity(".5"), 500);
  EXPECT_EQ(milli_quantity("5."), 5000);
  EXPECT_EQ(milli_quantity("250m"), 250);
  EXPECT_EQ(milli_quantity("1500000u"), 1500);
  EXPECT_EQ(milli_quantity("3000000n"), 3);
  EXPECT_EQ(milli_quantity("2k"), 2'000'000);
  EXPECT_EQ(milli_quantity("1M"), 1'000'000'000);
  EXPECT_EQ(milli_quantity("1Ki"), 1'024'000);
  EXPECT_EQ(milli_quantity("1.5Gi"), 1'610'612'736'000);
  EXPECT_EQ(milli_quantity("1e3"), 1'000'000);
  EXPECT_EQ(milli_quantity("12E-2"), 120);
  EXPECT_EQ(milli_quantity("1E"), largest);
  EXPECT_EQ(milli_quantity("+7"), 7000);
}

TEST(MilliQuantity, RoundsUp) {
  EXPECT_EQ(milli_quantity("3000001n"), 4);
  EXPECT_EQ(milli_quantity("1n"), 1);
  EXPECT_EQ(milli_quantity("0n"), 0);
  EXPECT_EQ(milli_quantity("0.0000000000000000000000001"), 1);
  EXPECT_EQ(milli_quantity("1.00000000000000000000"), 1000);
  EXPECT_EQ(milli_quantity("1e-40"), 1);
}

TEST(MilliQuantity, Saturates) {
  EXPECT_EQ(milli_quantity("9223372036854775807m"), largest);
  EXPECT_EQ(milli_quantity("99999999999999999999"), largest);
  EXPECT_EQ(milli_quantity("8Ei"), largest);
  EXPECT_EQ(milli_quantity("1e999999"), largest);
  EXPECT_EQ(milli_quantity("0e999999"), 0);
}

TEST(MilliQuantity, RefusesTheRest) {
  for (const auto* text : {"", "-1", "m", ".", "1..2", "1x", "1 m", "0x10", "e3", "1e", "1e3m",
                           "1mi", "NaN", "1e99999999999"})
    EXPECT_FALSE(milli_quantity(text)) << text;
}

}  // namespace
}  // namespace poolscaler
