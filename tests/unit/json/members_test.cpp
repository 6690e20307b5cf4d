#include "poolscaler/json/members.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

namespace poolscaler {
namespace {

using json = nlohmann::json;

/// One value of each type.
const std::vector<json> any_type = {
    nullptr, true, -1, 1U, 1.5, "text", json::array({1}), json::object({{"other", 1}}),
    json::binary({1, 2}), json(json::value_t::discarded)};

TEST(Members, AreFoundAlongAPath) {
  const json pod = {{"metadata", {{"name", "a"}, {"generation", 7}}}};
  ASSERT_NE(member(pod, "metadata", "name"), nullptr);
  EXPECT_EQ(*member(pod, {"metadata", "name"}), "a");
  EXPECT_EQ(text_at(pod, "metadata", "name"), "a");
  EXPECT_EQ(text_at(pod, {"metadata", "name"}), "a");
  EXPECT_EQ(integer_at(pod, "metadata", "generation"), 7);
  EXPECT_EQ(at_path(pod, "metadata").size(), 2U);
}

TEST(Members, HaveNamesThatAreNoPaths) {
  const json object = {{"a/b.c", "text"}, {"", "empty"}};
  EXPECT_EQ(text_at(object, "a/b.c"), "text");
  EXPECT_EQ(text_at(object, std::string()), "empty");
}

TEST(Members, OfAnyOtherTypeAreNotThere) {
  for (const auto& value : any_type) {
    EXPECT_EQ(member(value, "name", "inner"), nullptr) << value.type_name();
    EXPECT_TRUE(at_path(value, "name", "inner").is_null()) << value.type_name();
    EXPECT_EQ(text_at(value, "name"), "") << value.type_name();
    EXPECT_EQ(integer_at(value, "name"), std::nullopt) << value.type_name();
    const json object = {{"name", value}};
    EXPECT_EQ(member(object, "name", "inner"), nullptr) << value.type_name();
    EXPECT_EQ(text_at(object, "name"), value.is_string() ? "text" : "") << value.type_name();
    EXPECT_EQ(integer_at(object, "name").has_value(), value.is_number_integer())
        << value.type_name();
  }
}

TEST(Members, AreIntegersWhereTheyFit64Bits) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const json object = {{"least", least},
                       {"most", static_cast<std::uint64_t>(most)},
                       {"beyond", static_cast<std::uint64_t>(most) + 1}};
  EXPECT_EQ(integer_at(object, "least"), least);
  EXPECT_EQ(integer_at(object, "most"), most);
  EXPECT_EQ(integer_at(object, "beyond"), std::nullopt);
}

TEST(Members, ThatAreNullAreThere) {
  const json object = {{"name", nullptr}};
  ASSERT_NE(member(object, "name"), nullptr);
  EXPECT_TRUE(member(object, "name")->is_null());
}

}  // namespace
}  // namespace poolscaler
