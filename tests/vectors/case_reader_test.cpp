// Integers of recorded cases are exact to the last of 63 bits; nothing is read as what it is not.

#include "vectors/case_reader.hpp"

#include <gtest/gtest.h>

namespace poolscaler::vectors {
namespace {

using Json = nlohmann::json;

TEST(CaseReader, KeepsEveryBitOfAnInteger) {
  const auto json = Json::parse(R"({"most": 9223372036854775807, "odd": 9007199254740993})");
  EXPECT_EQ(Case(json).int64("most"), 9223372036854775807);
  EXPECT_EQ(Case(json).int64("odd"), 9007199254740993);
}

TEST(CaseReader, RefusesWhatIsNoWholeNumberOf64Bits) {
  const auto json = Json::parse(R"({"more": 9223372036854775808, "half": 0.5, "text": "1"})");
  for (const auto* field : {"more", "half", "text", "absent"})
    EXPECT_THROW((void)Case(json).int64(field), CaseError) << field;
}

TEST(CaseReader, TellsNothingFromZero) {
  const auto json = Json::parse(R"({"zero": 0, "null": null})");
  EXPECT_EQ(Case(json).maybe_int64("zero"), 0);
  EXPECT_EQ(Case(json).maybe_int64("null"), std::nullopt);
  EXPECT_EQ(Case(json).maybe_int64("absent"), std::nullopt);
  EXPECT_THROW((void)Case(json).int64("null"), CaseError);
}

TEST(CaseReader, ReadsSecondsToTheMillisecond) {
  const auto json = Json::parse(R"({"half": 0.5, "endless": 1e300})");
  EXPECT_EQ(Case(json).seconds("half"), Millis(500));
  EXPECT_THROW((void)Case(json).seconds("endless"), CaseError);
}

}  // namespace
}  // namespace poolscaler::vectors
