#include "replica_digest.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace poolscaler::api {
namespace {

TimedReplicas entry(std::int64_t second, std::int32_t replicas) {
  return {.at = Instant(Seconds(second)), .replicas = replicas};
}

std::vector<TimedReplicas> some_history() {
  std::vector<TimedReplicas> entries;
  const auto size = *rc::gen::inRange(0, 200);
  for (int i = 0; i < size; ++i) entries.push_back(entry(i, *rc::gen::inRange(0, 12)));
  return entries;
}

std::pair<int, int> extremes(const std::vector<TimedReplicas>& entries, Instant since) {
  std::pair<int, int> found{-1, -1};
  for (const auto& e : entries) {
    if (e.at < since) continue;
    found.first = found.first < 0 ? e.replicas : std::min(found.first, e.replicas);
    found.second = std::max(found.second, e.replicas);
  }
  return found;
}

RC_GTEST_PROP(WindowDigest, KeepsTheExtremesOfEveryWindow, ()) {
  const auto entries = some_history();
  const auto digest = window_digest(entries, 32);
  RC_ASSERT(digest.size() <= 32U);
  for (const auto& e : entries)
    RC_ASSERT(extremes(entries, e.at) == extremes(digest, e.at));
}

TEST(WindowDigest, LeavesShortHistoriesAlone) {
  const std::vector entries = {entry(1, 5), entry(2, 5), entry(3, 5)};
  EXPECT_EQ(window_digest(entries, 3), entries);
}

RC_GTEST_PROP(SumDigest, NeverShowsLessChangeInAPeriod, ()) {
  const auto entries = some_history();
  const auto digest = sum_digest(entries, 8);
  RC_ASSERT(digest.size() <= 8U);
  const auto sum_since = [](const std::vector<TimedReplicas>& list, Instant since) {
    std::int64_t sum = 0;
    for (const auto& e : list)
      if (e.at >= since) sum += e.replicas;
    return sum;
  };
  for (const auto& e : entries) RC_ASSERT(sum_since(digest, e.at) >= sum_since(entries, e.at));
  if (!entries.empty())
    RC_ASSERT(sum_since(digest, entries[0].at) == sum_since(entries, entries[0].at));
}

}  // namespace
}  // namespace poolscaler::api
