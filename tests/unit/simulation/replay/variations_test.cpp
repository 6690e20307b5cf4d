#include "poolscaler/simulation/replay/variations.hpp"

#include <algorithm>

#include <gmock/gmock.h>

namespace poolscaler::replay {
namespace {

using ::testing::SizeIs;

/// Two hours, one request each second, each served for as many microseconds as its number.
Load seconds_of_two_hours() {
  Load load{.name = "steady", .end = std::chrono::hours(2)};
  for (std::int64_t i = 0; i < 7200; ++i)
    load.requests.push_back({.arrival = Micros(i * 1'000'000), .service = Micros(i)});
  return load;
}

TEST(Variations, AreTracesOfTheSameLengthInOrder) {
  const auto load = seconds_of_two_hours();
  const auto all = variations_of(load, variations_max);
  ASSERT_THAT(all, SizeIs(variations_max));
  for (const auto& varied : all) {
    EXPECT_TRUE(std::ranges::is_sorted(varied.requests, {}, &Request::arrival));
    EXPECT_GE(varied.requests.front().arrival, Micros(0));
    EXPECT_LE(varied.requests.back().arrival, varied.end);
    EXPECT_LE(varied.end - load.end, Micros(15'000'000));
    EXPECT_NE(varied.requests, load.requests);
  }
}

TEST(Variations, HaveFewerAndMoreRequests) {
  const auto all = variations_of(seconds_of_two_hours(), variations_max);
  std::size_t fewest = all.front().requests.size();
  std::size_t most = fewest;
  for (const auto& varied : all) {
    fewest = std::min(fewest, varied.requests.size());
    most = std::max(most, varied.requests.size());
  }
  EXPECT_NEAR(static_cast<double>(fewest), 0.6 * 7200, 150);
  EXPECT_NEAR(static_cast<double>(most), 1.6 * 7200, 150);
}

TEST(Variations, KeepRequestsOfOneStretchTogether) {
  const auto varied = variations_of(seconds_of_two_hours(), 1).front();
  // Twenty stretches of 360 s: within each, the next request is the next of the record.
  int jumps = 0;
  for (std::size_t i = 1; i < varied.requests.size(); ++i)
    jumps += varied.requests[i].service - varied.requests[i - 1].service == Micros(1) ? 0 : 1;
  EXPECT_GE(jumps, 10);
  EXPECT_LE(jumps, 40);
}

TEST(Variations, OfDaysKeepTheHours) {
  Load load{.name = "mornings", .end = std::chrono::hours(24 * 3)};
  for (std::int64_t day = 0; day < 3; ++day)
    for (std::int64_t i = 0; i < 3600; ++i)
      load.requests.push_back({.arrival = Micros(std::chrono::hours(24 * day + 8)) +
                                          Micros(i * 1'000'000),
                               .service = Micros(day)});
  const auto varied = variations_of(load, 1).front();
  int mixed = 0;
  for (const auto& request : varied.requests) {
    EXPECT_EQ(request.arrival / Micros(std::chrono::hours(1)) % 24, 8);
    mixed += request.service.count() == request.arrival / Micros(std::chrono::hours(24)) ? 0 : 1;
  }
  EXPECT_GT(mixed, 0);
}

TEST(Variations, AreAlwaysTheSame) {
  const auto load = seconds_of_two_hours();
  const auto few = variations_of(load, 3);
  const auto many = variations_of(load, 100);
  ASSERT_THAT(few, SizeIs(3));
  ASSERT_THAT(many, SizeIs(variations_max));
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_EQ(few[i].requests, many[i].requests);
}

TEST(Variations, OfNothingAreNothing) {
  for (const auto& varied : variations_of({.name = "none", .end = Micros(100)}, 2))
    EXPECT_TRUE(varied.requests.empty());
}

}  // namespace
}  // namespace poolscaler::replay
