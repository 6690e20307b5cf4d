// The recorded decisions that lie in a folder shared/vectors above the checkout; without it these
// tests are skipped, and say so.

#include <filesystem>

#include <gtest/gtest.h>

#include "support/checkout.hpp"
#include "vectors/runner.hpp"

namespace poolscaler::vectors {
namespace {

std::filesystem::path shared_file(const std::string& name) {
  const auto checkout = in_checkout("");
  for (auto folder = checkout.parent_path(); folder != folder.parent_path();
       folder = folder.parent_path()) {
    auto file = folder / "shared/vectors" / name;
    if (std::filesystem::exists(file)) return file;
  }
  return {};
}

class SharedVectors : public testing::TestWithParam<const char*> {};

TEST_P(SharedVectors, AgreeInEveryGroupThatIsKnown) {
  const auto file = shared_file(GetParam());
  if (file.empty())
    GTEST_SKIP() << "SKIPPED: shared/vectors/" << GetParam() << " is in no folder above "
                 << in_checkout("");
  const auto tally = run_vectors_file(file.string());
  ASSERT_TRUE(tally.has_value()) << tally.error().message;
  EXPECT_GT(tally->passed, 0);
  for (const auto& failure : tally->failures)
    if (failure.why != group_unknown)
      ADD_FAILURE() << failure.id << " (" << failure.group << "): " << failure.why;
  RecordProperty("passed", tally->passed);
}

INSTANTIATE_TEST_SUITE_P(Files, SharedVectors, testing::Values("hpa.json", "keda_kpa.json"),
                         [](const auto& file) {
                           const std::string name = file.param;
                           return name.substr(0, name.find('.'));
                         });

}  // namespace
}  // namespace poolscaler::vectors
