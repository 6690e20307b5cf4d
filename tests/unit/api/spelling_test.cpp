#include "poolscaler/api/spelling.hpp"

#include <gmock/gmock.h>

#include <array>
#include <string>

namespace poolscaler::api {
namespace {

constexpr std::array<std::string_view, 4> known = {"minReplicas", "maxReplicas", "mode", "signals"};

TEST(NearestSpelling, FindsTheWordThatWasMeant) {
  EXPECT_EQ(nearest_spelling("minReplica", known), "minReplicas");
  EXPECT_EQ(nearest_spelling("maxreplicas", known), "maxReplicas");
  EXPECT_EQ(nearest_spelling("signal", known), "signals");
}

TEST(NearestSpelling, SaysNothingOfOtherWords) {
  EXPECT_EQ(nearest_spelling("cost", known), "");
  EXPECT_EQ(nearest_spelling("x", known), "");
  EXPECT_EQ(nearest_spelling(std::string(100'000, 'm'), known), "");
}

}  // namespace
}  // namespace poolscaler::api
