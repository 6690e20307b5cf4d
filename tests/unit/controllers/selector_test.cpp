#include "selector.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace poolscaler::controllers {
namespace {

const Labels web{{"app", "web"}, {"tier", "front"}};

bool matches(const std::string& text, const Labels& labels = web) {
  const auto selector = parse_selector(text);
  EXPECT_TRUE(selector.has_value()) << text;
  return selector && selector->matches(labels);
}

TEST(SelectorText, MeansWhatKubectlMeansByIt) {
  EXPECT_TRUE(matches("app=web"));
  EXPECT_TRUE(matches("app==web"));
  EXPECT_TRUE(matches("app = web , tier=front"));
  EXPECT_FALSE(matches("app=web,tier=back"));
  EXPECT_TRUE(matches("app!=api"));
  EXPECT_TRUE(matches("canary!=yes"));
  EXPECT_FALSE(matches("app!=web"));
  EXPECT_TRUE(matches("app in (api, web)"));
  EXPECT_FALSE(matches("app in (api)"));
  EXPECT_TRUE(matches("app notin (api,db)"));
  EXPECT_FALSE(matches("app notin (api,web)"));
  EXPECT_TRUE(matches("app"));
  EXPECT_FALSE(matches("canary"));
  EXPECT_TRUE(matches("!canary"));
  EXPECT_FALSE(matches("!app"));
}

TEST(SelectorText, AnEmptyOneSelectsNothing) {
  EXPECT_FALSE(matches(""));
  EXPECT_FALSE(matches("  "));
}

TEST(SelectorText, NonsenseIsRefusedWithWhatIsAllowed) {
  for (const auto* text : {"app=web,", "=web", "app in web", "app in (web", "app near (web)",
                           "a b=c", "app=w\x01"}) {
    const auto selector = parse_selector(text);
    ASSERT_FALSE(selector.has_value()) << text;
    EXPECT_THAT(selector.error().message, ::testing::HasSubstr("must be key=value"));
  }
  EXPECT_FALSE(parse_selector(std::string(20'000, 'a')).has_value());
}

TEST(SelectorText, IsReadBackAsWritten) {
  for (const auto* text : {"app=web", "!canary", "app", "app in (a,b),tier!=x", "x notin (a,b)"})
    EXPECT_EQ(parse_selector(text)->text(), text);
}

TEST(LabelSelector, CombinesLabelsAndExpressions) {
  const auto selector = read_selector(nlohmann::json::parse(R"({
    "matchLabels": {"app": "web"},
    "matchExpressions": [{"key": "tier", "operator": "In", "values": ["front", "edge"]},
                         {"key": "canary", "operator": "DoesNotExist"}]})"));
  EXPECT_TRUE(selector.matches(web));
  EXPECT_FALSE(selector.matches({{"app", "web"}, {"tier", "back"}}));
  EXPECT_EQ(selector.text(), "app=web,!canary,tier in (edge,front)");
}

TEST(LabelSelector, WithAnUnknownShapeSelectsNothing) {
  for (const auto* text : {"null", "[]", "{}", R"({"matchLabels": {"app": 3}})",
                           R"({"matchExpressions": [{"key": "a", "operator": "Near"}]})"})
    EXPECT_FALSE(read_selector(nlohmann::json::parse(text)).matches(web)) << text;
}

}  // namespace
}  // namespace poolscaler::controllers
