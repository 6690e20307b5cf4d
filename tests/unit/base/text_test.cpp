#include "poolscaler/base/text.hpp"

#include <gmock/gmock.h>

namespace poolscaler {
namespace {

TEST(Capped, CutsAtACharacterAndSaysSo) {
  EXPECT_EQ(capped("short", 10), "short");
  EXPECT_EQ(capped("0123456789", 8), "01234...");
  EXPECT_EQ(capped("aaaa\xC3\xA9zzzz", 8), "aaaa...");
}

TEST(Escaped, KeepsOneValueOnOneLine) {
  EXPECT_EQ(escaped("a\nb\tc\x1b[31m"), "a\\nb\\tc\\x1b[31m");
}

TEST(PercentEncoding, RoundTrips) {
  EXPECT_EQ(percent_encoded("a/b c?=%"), "a%2Fb%20c%3F%3D%25");
  EXPECT_EQ(percent_decoded(percent_encoded("a/b c?=%\xC3\xA9")), "a/b c?=%\xC3\xA9");
  EXPECT_EQ(percent_decoded("100%"), "100%");
}

TEST(StableHash, IsTheSameOnEveryMachine) {
  EXPECT_EQ(stable_hash("poolscaler"), stable_hash("poolscaler"));
  EXPECT_EQ(stable_hash(""), 14695981039346656037ULL);
}

}  // namespace
}  // namespace poolscaler
