// The recorded decisions that lie beside the checkout; without them these tests are skipped, and
// say so.

#include <gtest/gtest.h>

#include "vectors/runner.hpp"
#include "vectors/shared_file.hpp"

namespace poolscaler::vectors {
namespace {

class SharedVectors : public testing::TestWithParam<const char*> {};

TEST_P(SharedVectors, Agree) {
  const auto file = shared_file(GetParam());
  if (file.empty()) GTEST_SKIP() << absence_of(GetParam());
  const auto tally = run_vectors_file(file.string());
  ASSERT_TRUE(tally.has_value()) << tally.error().message;
  EXPECT_GT(tally->passed, 0);
  for (const auto& failure : tally->failures)
    ADD_FAILURE() << failure.id << " (" << failure.group << "): " << failure.why;
  RecordProperty("passed", tally->passed);
}

INSTANTIATE_TEST_SUITE_P(Files, SharedVectors, testing::Values("hpa.json", "keda_kpa.json"),
                         [](const auto& file) { return stem_of(file.param); });

}  // namespace
}  // namespace poolscaler::vectors
