#include "object_reader.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace poolscaler::convert {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::optional<std::string> quantity_of(const json& value) {
  Notes notes;
  const json object{{"q", value}};
  ObjectReader reader(object, "", notes);
  const auto quantity = reader.quantity("q");
  EXPECT_EQ(quantity.has_value(), notes.empty());
  return quantity;
}

TEST(ObjectReader, WritesQuantitiesAsOurDecimals) {
  EXPECT_EQ(quantity_of("10"), "10");
  EXPECT_EQ(quantity_of("500m"), "500m");
  EXPECT_EQ(quantity_of("2Gi"), "2Gi");
  EXPECT_EQ(quantity_of(7), "7");
  EXPECT_EQ(quantity_of(0.25), "0.25");
  EXPECT_EQ(quantity_of("1e3"), "1000");
  EXPECT_EQ(quantity_of("2.5E2"), "250");
  EXPECT_EQ(quantity_of("100u"), "0.0001");
  EXPECT_EQ(quantity_of("1.0000000005"), "1.000000001");
}

TEST(ObjectReader, RefusesWhatIsNoQuantity) {
  for (const auto& bad : std::vector<json>{"", "x", "-1", "1E", "1Q", "inf", "nan", "1 ", "0x10",
                                           -3, true, json::array(), json::object(), "1e400"})
    EXPECT_EQ(quantity_of(bad), std::nullopt) << bad;
}

TEST(ObjectReader, FindsWhatNobodyAskedFor) {
  Notes notes;
  const json object{{"a", 1}, {"b", "x"}, {"gone", nullptr}};
  ObjectReader reader(object, "spec", notes);
  EXPECT_EQ(reader.integer("a"), 1);
  reader.finish();
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].line(), "error: spec.b (\"x\") is no field that is known here: known are a");
}

TEST(ObjectReader, NamesWrongTypesOnce) {
  Notes notes;
  const json object{{"n", "3"}, {"t", 3}, {"b", "true"}, {"l", 1}, {"o", 1}, {"big", 1e12}};
  ObjectReader reader(object, "", notes);
  EXPECT_EQ(reader.integer("n"), std::nullopt);
  EXPECT_EQ(reader.integer_text("n"), 3);
  EXPECT_EQ(reader.text("t"), std::nullopt);
  EXPECT_EQ(reader.boolean("b"), std::nullopt);
  EXPECT_EQ(reader.boolean_text("b"), true);
  EXPECT_TRUE(reader.list("l").empty());
  EXPECT_EQ(reader.object("o").text("x"), std::nullopt);
  EXPECT_EQ(reader.integer("big"), std::nullopt);
  EXPECT_EQ(notes.size(), 6U);
}

}  // namespace
}  // namespace poolscaler::convert
