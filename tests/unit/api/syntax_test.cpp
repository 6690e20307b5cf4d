#include "syntax.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <regex>
#include <string>

namespace poolscaler::api {
namespace {

constexpr std::array all_syntaxes = {
    Syntax::DnsLabel,   Syntax::DnsSubdomain, Syntax::ApiVersion,    Syntax::KindWord,
    Syntax::MetricName, Syntax::LabelName,    Syntax::PrintableText, Syntax::QueryText,
    Syntax::HttpUrl,    Syntax::FilePath,     Syntax::NamespaceOrAll, Syntax::Decimal,
    Syntax::Money,      Syntax::CronText,     Syntax::TimeZoneName,  Syntax::CalendarDate,
    Syntax::ResourceName, Syntax::LabelKey,   Syntax::LabelText,     Syntax::FieldPath};

/// Text from the characters that matter to some syntax, so that many samples nearly match.
std::string nearly_text() {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "a", "Z", "7", "0", "-", ".", "/", "_", ":", "*", "..", "\n", "\t", "\x7f", "[", "]", "%",
      "http://", "https://", "m", "Ki", "Gi", "v1", "@", "?", " ", "~", "12", "host", "::1",
      "+", ",",
      "0 8 * * mon", " * *", "2026", "-12-", "Etc/GMT", "nvidia.com/", "gpu", "[0]", ".spec"));
  std::string text;
  for (const auto& piece : pieces) text += piece;
  return text.substr(0, 60);
}

RC_GTEST_PROP(Syntax, PatternAndPredicateAgree, ()) {
  const auto text = nearly_text();
  for (const auto syntax : all_syntaxes) {
    const auto& facts = facts_of(syntax);
    // ECMAScript's '$' differs from RE2's only at line ends, which no pattern here relies on.
    const std::regex pattern(std::string(facts.pattern), std::regex::ECMAScript);
    RC_LOG() << "pattern " << facts.pattern << " text " << text << "\n";
    RC_ASSERT(std::regex_match(text, pattern) == facts.matches(text));
  }
}

TEST(Syntax, HasWordsAndAPatternForEach) {
  for (const auto syntax : all_syntaxes) {
    EXPECT_THAT(std::string(facts_of(syntax).words), testing::StartsWith("must "));
    EXPECT_THAT(std::string(facts_of(syntax).pattern), testing::StartsWith("^"));
  }
}

TEST(DecimalValue, ReadsQuantities) {
  EXPECT_EQ(decimal_value("10"), 10);
  EXPECT_EQ(decimal_value("0.8"), 0.8);
  EXPECT_EQ(decimal_value("500m"), 0.5);
  EXPECT_EQ(decimal_value("100m"), 0.1);
  EXPECT_EQ(decimal_value("2Gi"), 2147483648.0);
  EXPECT_EQ(decimal_value("1.5k"), 1500);
  EXPECT_EQ(decimal_value("999999999999Ti"), 999999999999.0 * 1099511627776.0);
  EXPECT_EQ(decimal_value("0.000000001"), 1e-9);
}

TEST(DecimalValue, RefusesEverythingElse) {
  for (const auto* text : {"", "-1", "+1", ".5", "5.", "1e3", "NaN", "inf", "0x10", "1 ", " 1",
                           "1,5", "1.0000000001", "1234567890123", "1mm", "1K", "1.2.3"})
    EXPECT_FALSE(decimal_value(text)) << text;
}

TEST(Utf8Length, CountsCodePointsAndRefusesBrokenText) {
  EXPECT_EQ(utf8_length(""), 0U);
  EXPECT_EQ(utf8_length("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), 4U);
  for (const auto* text : {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                           "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF8", "a\xE2\x82"})
    EXPECT_FALSE(utf8_length(text));
}

}  // namespace
}  // namespace poolscaler::api
