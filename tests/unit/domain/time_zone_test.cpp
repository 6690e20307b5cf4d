#include "poolscaler/domain/time_zone.hpp"

#include <gtest/gtest.h>

#include "poolscaler/base/check.hpp"

namespace poolscaler {
namespace {

std::chrono::sys_seconds at(std::int64_t seconds) {
  return std::chrono::sys_seconds(Seconds(seconds));
}

TEST(TimeZone, FindsTheOffsetOfAnyTime) {
  const TimeZone zone("Here", {{at(100), Seconds(3600)}, {at(200), Seconds(-60)}});
  const auto offset = [&](std::int64_t second) {
    return (zone.local(at(second)).time_since_epoch() - Seconds(second)).count();
  };
  EXPECT_EQ(offset(0), 3600) << "the first stretch holds before its beginning, too";
  EXPECT_EQ(offset(199), 3600);
  EXPECT_EQ(offset(200), -60);
  EXPECT_EQ(zone.stretch_at(at(99)), 0U);
  EXPECT_EQ(zone.stretch_at(at(1'000'000)), 1U);
}

TEST(TimeZone, IsNeverWithoutAnOffsetNorOutOfOrder) {
  EXPECT_THROW(TimeZone("Here", {}), InvariantError);
  EXPECT_THROW(TimeZone("Here", {{at(5), Seconds(0)}, {at(5), Seconds(1)}}), InvariantError);
}

}  // namespace
}  // namespace poolscaler
