// Times and figures as the story writes them.
#include "story_text.hpp"

#include <gtest/gtest.h>

namespace poolscaler::simulation {
namespace {

TEST(StoryText, WritesTimes) {
  EXPECT_EQ(clock_text(Millis(0)), "0:00.0");
  EXPECT_EQ(clock_text(Millis(64'290)), "1:04.2");
  EXPECT_EQ(clock_text(Millis(3'600'000)), "60:00.0");
  EXPECT_EQ(clock_text(Millis(-5)), "0:00.0");
  EXPECT_EQ(seconds_text(Millis(1249)), "1.2 s");
}

TEST(StoryText, CountsAPartOfARequestAsOne) {
  EXPECT_EQ(requests_text(0), "0");
  EXPECT_EQ(requests_text(0.2), "1");
  EXPECT_EQ(requests_text(3.0000000001), "3");
  EXPECT_EQ(requests_text(-1), "0");
}

TEST(StoryText, WritesRatesAndReplicas) {
  EXPECT_EQ(rate_text(8), "8");
  EXPECT_EQ(rate_text(7.49), "7.5");
  EXPECT_EQ(replicas_text(1), "1 replica");
  EXPECT_EQ(replicas_text(0), "0 replicas");
}

TEST(Fitted, EscapesEverythingButPrintableAscii) {
  EXPECT_EQ(fitted("a\x1b[31mb", 40), "a\\x1b[31mb");
  EXPECT_EQ(fitted("two\nlines\t\x7f", 40), "two\\nlines\\t\\x7f");
  EXPECT_EQ(fitted("gr\xc3\xbc\xc3\x9f \xc2\x9b", 40), "gr\\xc3\\xbc\\xc3\\x9f \\xc2\\x9b");
}

TEST(Fitted, CutsToTheColumns) {
  EXPECT_EQ(fitted("0123456789", 10), "0123456789");
  EXPECT_EQ(fitted("0123456789a", 10), "0123456...");
  EXPECT_EQ(fitted("0123456789", 2), "..");
  EXPECT_EQ(fitted(std::string(1'000'000, '\x1b'), 10).size(), 10U);
  EXPECT_EQ(fitted("", 0), "");
}

TEST(Fitted, BreaksATwoLineTextAtABlank) {
  using Two = std::array<std::string, 2>;
  EXPECT_EQ(fitted_in_two("short", 10), (Two{"short", ""}));
  EXPECT_EQ(fitted_in_two("one two three", 10), (Two{"one two", "three"}));
  EXPECT_EQ(fitted_in_two("0123456789 a", 10), (Two{"0123456789", "a"}));
  EXPECT_EQ(fitted_in_two("0123456789abcdef", 10), (Two{"0123456789", "abcdef"}));
  EXPECT_EQ(fitted_in_two("one two three four five", 10), (Two{"one two", "three f..."}));
  EXPECT_EQ(fitted_in_two("a\x1b b", 4), (Two{"a\\x1", "b b"}));
}

}  // namespace
}  // namespace poolscaler::simulation
