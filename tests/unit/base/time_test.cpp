#include "poolscaler/base/time.hpp"

#include <gmock/gmock.h>

namespace poolscaler {
namespace {

TEST(Rfc3339, RoundTripsMilliseconds) {
  const auto instant = parse_rfc3339("2024-02-29T23:59:58.123456Z");
  ASSERT_TRUE(instant);
  EXPECT_EQ(to_rfc3339(*instant), "2024-02-29T23:59:58Z");
  EXPECT_EQ(to_rfc3339_micro(*instant), "2024-02-29T23:59:58.123000Z");
}

TEST(Rfc3339, ReadsOffsets) {
  EXPECT_EQ(parse_rfc3339("2026-01-01T00:30:00+01:00"), parse_rfc3339("2025-12-31T23:30:00Z"));
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const auto* text : {"", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01",
                           "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T24:00:00Z",
                           "2026-01-01T00:00:00Zx"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(SecondsText, HasOneDigitBehindThePoint) {
  EXPECT_EQ(seconds_text(Millis(1500)), "1.5 s");
  EXPECT_EQ(seconds_text(Millis(300'000)), "300.0 s");
}

}  // namespace
}  // namespace poolscaler
