#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "unit/api/policies.hpp"
#include "yaml_writer.hpp"

namespace poolscaler {
namespace {

using api::read_yaml;
using nlohmann::json;
using testing::HasSubstr;

json one(const std::string& text) {
  const auto read = read_yaml(text);
  if (!read) return read.error().message;
  return read->size() == 1 ? read->front() : json(*read);
}

std::string refusal(const std::string& text) {
  const auto read = read_yaml(text);
  return read ? "accepted" : read.error().message;
}

TEST(YamlReader, UnderstandsScalarsAsKubectlDoes) {
  EXPECT_EQ(one("{a: 1, b: '1', c: 1.5, d: true, e: no, f: null, g: ~, h: text, i: -0, j: 1e3}"),
            json::parse(R"({"a":1,"b":"1","c":1.5,"d":true,"e":false,"f":null,"g":null,
                            "h":"text","i":0,"j":1000})"));
  EXPECT_EQ(one("a: 2026-01-01\nb: 1.2.3\nc: v1\nd: 1:30\ne: \"no\"\nf: !!str 5"),
            json::parse(R"({"a":"2026-01-01","b":"1.2.3","c":"v1","d":"1:30","e":"no","f":"5"})"));
  EXPECT_TRUE(one("a: 20.0")["a"].is_number_integer());
  EXPECT_EQ(one("a: y")["a"], true);
  EXPECT_EQ(one("a: 18446744073709551615")["a"], 18446744073709551615ULL);
  EXPECT_GT(one("a: 99999999999999999999")["a"].get<double>(), 9e18);
  EXPECT_GT(one("a: 1e400")["a"].get<double>(), 9e18);
  EXPECT_LT(one("a: -1e400")["a"].get<double>(), -9e18);
  EXPECT_EQ(one("a: 1e-400")["a"], 0);
  EXPECT_EQ(one("a: -1e-400")["a"], 0);
}

TEST(YamlReader, RefusesNumbersThatToolsDisagreeAbout) {
  for (const auto* text : {"010", "0x1F", "0o17", "1_000", ".inf", "-.inf", ".nan", "-012"})
    EXPECT_THAT(refusal(std::string("a: ") + text), HasSubstr("put it in quotes")) << text;
}

TEST(YamlReader, RefusesKeysThatKubectlReadsAsBooleans) {
  const auto bare = read_yaml("a:\n  off: true\n");
  ASSERT_FALSE(bare);
  EXPECT_NE(bare.error().message.find("line 2"), std::string::npos) << bare.error().message;
  EXPECT_NE(bare.error().message.find("put it in quotes, \"off\""), std::string::npos)
      << bare.error().message;
  EXPECT_TRUE(read_yaml("a: {\"off\": true, y: 1}\n"));
}

TEST(YamlReader, ReadsJson) {
  EXPECT_EQ(one(R"({"a": [1, {"b": "c\nd"}], "e": {}})"),
            json::parse(R"({"a":[1,{"b":"c\nd"}],"e":{}})"));
}

TEST(YamlReader, ReadsDocumentsAndLists) {
  EXPECT_EQ(read_yaml("a: 1\n---\n---\n# nothing\n---\nb: 2\n").value().size(), 2U);
  EXPECT_EQ(read_yaml("kind: List\nitems:\n- a: 1\n- b: 2\n").value().size(), 2U);
  EXPECT_EQ(read_yaml("").value().size(), 0U);
  EXPECT_EQ(read_yaml("kind: Other\nitems: [{a: 1}]").value().size(), 1U);
}

TEST(YamlReader, RefusesBombs) {
  EXPECT_THAT(refusal("a: &x [1]\nb: *x\n"), HasSubstr("line 2: an alias"));
  EXPECT_THAT(refusal("a: &x {b: *x}"), HasSubstr("an alias"));
  EXPECT_THAT(refusal("a: {<<: {b: 1}}"), HasSubstr("merge key"));
  EXPECT_THAT(refusal("a: " + std::string(100, '[') + std::string(100, ']')),
              HasSubstr("64 levels"));
  EXPECT_NE(refusal(std::string(100'000, '[')), "accepted");
  EXPECT_THAT(refusal("a: " + std::string(300'000, 'x')), HasSubstr("at most 262144"));
}

TEST(YamlReader, RefusesWhatWouldBeLostSilently) {
  EXPECT_THAT(refusal("a: 1\nb: 2\na: 3\n"), HasSubstr("line 3: key 'a' is given twice"));
  EXPECT_THAT(refusal("? [a]\n: 1\n"), HasSubstr("a key must be text"));
  EXPECT_THAT(refusal("- 1\n- 2\n"), HasSubstr("must be an object"));
  EXPECT_THAT(refusal("kind: List\nitems: [3]"), HasSubstr("must be an object"));
  EXPECT_THAT(refusal("a: !custom 1"), HasSubstr("tag '!custom'"));
  EXPECT_THAT(refusal("a: \xFF"), HasSubstr("UTF-8"));
  EXPECT_THAT(refusal(std::string("a: \0", 4)), HasSubstr("zero byte"));
}

TEST(YamlReader, NamesTheLineOfAMistake) {
  EXPECT_THAT(refusal("a: 1\nb: [1, 2\nc: 3\n"), HasSubstr("line "));
  EXPECT_THAT(refusal("a: 'x"), HasSubstr("line "));
  EXPECT_THAT(refusal("a: b: c"), HasSubstr("line 1"));
}

RC_GTEST_PROP(YamlReader, NeverThrows, (const std::string& text)) {
  const auto read = read_yaml(text);
  RC_ASSERT(read || !read.error().message.empty());
}

RC_GTEST_PROP(YamlWriter, IsReadBackUnchanged, ()) {
  const auto word = [] {
    return *rc::gen::oneOf(
        rc::gen::element<std::string>("yes", "1", "~", "", " a ", "a: b", "#x", "- a", "010",
                                      "null", "plain", "a\nb", "\"q\"", "\\", "1e3", "=", "<<x",
                                      "{", "&a",
                                      std::string(60, 'w') + " " + std::string(70, 'v') + " end"),
        rc::gen::container<std::string>(rc::gen::inRange<char>(' ', 127)));
  };
  json object = json::object();
  for (int i = *rc::gen::inRange(1, 6); i > 0; --i) {
    auto& place = object[fmt::format("k{}", word())];
    switch (*rc::gen::inRange(0, 4)) {
      case 0: place = word(); break;
      case 1: place = {word(), {{"a", word()}, {"b", {word()}}}, json::array()}; break;
      case 2: place = {{"x", *rc::gen::arbitrary<int>()}, {"y", json::object()}}; break;
      default: place = *rc::gen::arbitrary<bool>(); break;
    }
  }
  const auto text = api::yaml_text(object);
  const auto read = read_yaml(text);
  RC_LOG() << text << (read ? "" : read.error().message);
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->front() == object);
}

}  // namespace
}  // namespace poolscaler
