#include "poolscaler/domain/amount.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace poolscaler {
namespace {

using testing::HasSubstr;

constexpr auto nano_max = std::numeric_limits<std::int64_t>::max();

std::int64_t nano(std::string_view text, Precision precision = Precision::Exact) {
  const auto amount = parse_amount(text, precision);
  return amount ? amount->nano() : -1;
}

std::string error(std::string_view text) {
  const auto amount = parse_amount(text);
  return amount ? "" : amount.error().message;
}

TEST(Amount, ReadsDecimals) {
  EXPECT_EQ(nano("98.32"), 98'320'000'000);
  EXPECT_EQ(nano("0"), 0);
  EXPECT_EQ(nano("007.5"), 7'500'000'000);
  EXPECT_EQ(nano("0.000000001"), 1);
  EXPECT_EQ(nano("0.0000000010000"), 1);
  EXPECT_EQ(nano("999999999.999999999"), declared_nano_max);
}

TEST(Amount, RefusesWhatIsNoAmountAndSaysWhy) {
  EXPECT_EQ(error("-1"),
            "'-1' is negative: write a decimal such as 98.32, at most 999999999 and 9 digits "
            "behind the point");
  EXPECT_THAT(error(""), HasSubstr("is empty"));
  EXPECT_THAT(error("NaN"), HasSubstr("is not a number"));
  EXPECT_THAT(error("+Inf"), HasSubstr("is infinite"));
  EXPECT_THAT(error("1e3"), HasSubstr("has an exponent"));
  EXPECT_THAT(error("1,000.5"), HasSubstr("has a comma"));
  EXPECT_THAT(error("1000000000"), HasSubstr("is too large"));
  EXPECT_THAT(error(std::string(30, '9')), HasSubstr("is too large"));
  EXPECT_THAT(error("0.0000000001"), HasSubstr("more than 9 digits"));
  EXPECT_THAT(error(std::string(5000, '0')), HasSubstr("is too long"));
  for (const auto* text : {".5", "5.", "1.2.3", " 1", "1 ", "$5", "0x10", "+1", "1\n"})
    EXPECT_NE(error(text), "") << text;
  EXPECT_THAT(error("1\n2"), HasSubstr("'1\\n2'"));
}

TEST(Amount, RoundsUpWhereItIsTold) {
  EXPECT_EQ(nano("0.0000000010", Precision::RoundedUp), 1);
  EXPECT_EQ(nano("0.0000000014", Precision::RoundedUp), 2);
  EXPECT_EQ(nano("0.0000000015", Precision::RoundedUp), 2);
  EXPECT_EQ(nano("0.00000000100000000001", Precision::RoundedUp), 2);
  EXPECT_EQ(nano("1227.64575595", Precision::RoundedUp), 1'227'645'755'950);
  EXPECT_EQ(nano("999999999.9999999999", Precision::RoundedUp), -1);
}

TEST(Amount, WritesWhatItReads) {
  for (const auto* text : {"0", "15", "98.32", "0.000000001", "999999999.999999999"})
    EXPECT_EQ(exact_text(parse_amount(text).value()), text);
  EXPECT_EQ(exact_text(Amount::of(-1'500'000'000)), "-1.5");
  EXPECT_EQ(exact_text(Amount::of(std::numeric_limits<std::int64_t>::min())),
            "-9223372036.854775808");
}

TEST(Amount, IsShownInCents) {
  EXPECT_EQ(shown(parse_amount("98.305").value()), "98.31");
  EXPECT_EQ(shown(parse_amount("15").value()), "15.00");
  EXPECT_EQ(shown(Amount::of(-98'304'999'999)), "-98.30");
  EXPECT_EQ(shown(parse_amount("0.004").value()), "0.004");
  EXPECT_EQ(shown(Amount()), "0.00");
  EXPECT_EQ(shown(parse_hourly_rate("32.77").value()), "32.77");
}

TEST(Amount, SaturatesInsteadOfWrapping) {
  const auto most = Amount::of(nano_max);
  EXPECT_EQ(most + Amount::of(1), most);
  EXPECT_EQ((Amount() - most) - most, Amount::of(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(most * 2, most);
  EXPECT_EQ(most * -2, Amount::of(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(Amount::of(7) * 3 - Amount::of(1), Amount::of(20));
}

TEST(Currency, IsOneThatCloudsBillIn) {
  EXPECT_EQ(Currency().code(), "USD");
  EXPECT_EQ(Currency::parse("EUR").value().code(), "EUR");
  EXPECT_EQ(Currency::parse("USD").value(), Currency());
  for (const auto* code : {"", "usd", "XBT", "D|B", "US", "USDX"})
    EXPECT_FALSE(Currency::parse(code)) << code;
  EXPECT_THAT(Currency::parse("XBT").error().message, HasSubstr("write one of AUD|BRL|"));
}

}  // namespace
}  // namespace poolscaler
