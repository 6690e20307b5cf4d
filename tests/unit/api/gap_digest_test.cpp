#include "gap_digest.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace poolscaler::api {
namespace {

LayerGaps layer_with(std::size_t bucket, std::uint16_t weight) {
  LayerGaps layer{.gaps = 1};
  layer.weights[bucket] = weight;
  return layer;
}

TEST(GapDigest, WritesALetterForEachBucketUpToTheLastThatIsUsed) {
  EXPECT_EQ(gaps_text({}), "");
  EXPECT_EQ(gaps_text(layer_with(0, 1)), "A");
  EXPECT_EQ(gaps_text(layer_with(2, 2)), "..E");
  EXPECT_EQ(gaps_text(layer_with(gap_buckets - 1, 65'535)).size(), gap_buckets);
}

TEST(GapDigest, KeepsOneGapAsItIs) {
  const auto layer = layer_with(7, 512);
  EXPECT_EQ(gaps_from(gaps_text(layer), 1), layer);
}

TEST(GapDigest, TakesWhatIsNoLetterForNothing) {
  EXPECT_EQ(gaps_from("~ A", 3).weights[0], 0);
  EXPECT_EQ(gaps_from("~ A", 3).weights[2], 1);
  EXPECT_EQ(gaps_from(std::string(1000, 'A'), 3).weights[gap_buckets - 1], 1);
  EXPECT_EQ(gaps_from("", 3).gaps, 3);
}

RC_GTEST_PROP(GapDigestLaws, LosesAnEighthAtMostAndNothingTheSecondTime, ()) {
  LayerGaps layer{.gaps = *rc::gen::arbitrary<std::uint16_t>()};
  // A gap weighs 512, and no bucket ever more than 64 of them.
  for (auto& weight : layer.weights)
    weight = static_cast<std::uint16_t>(*rc::gen::inRange(0, 64 * 512 + 1));
  const auto text = gaps_text(layer);
  const auto once = gaps_from(text, layer.gaps);
  RC_ASSERT(text.size() <= gap_buckets);
  RC_ASSERT(gaps_text(once) == text);
  RC_ASSERT(gaps_from(gaps_text(once), layer.gaps) == once);
  for (std::size_t i = 0; i < gap_buckets; ++i) {
    const double was = layer.weights[i];
    RC_ASSERT(std::abs(once.weights[i] - was) <= std::max(was * 0.125, was > 0 ? 1.0 : 0.0));
  }
}

}  // namespace
}  // namespace poolscaler::api
