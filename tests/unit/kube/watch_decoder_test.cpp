#include "watch_decoder.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "line_splitter.hpp"

namespace poolscaler::kube {
namespace {

std::string pod_event(const std::string& type, const std::string& extra = {}) {
  return R"({"type":")" + type +
         R"(","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p",)" + extra +
         R"("resourceVersion":"7"}}})";
}

template <class Expected>
bool decodes_to(const std::string& line) {
  const auto event = decode_event(line, pods());
  return event && std::holds_alternative<Expected>(*event);
}

TEST(DecodeEvent, KnowsTheFiveTypes) {
  EXPECT_TRUE(decodes_to<Upserted>(pod_event("ADDED")));
  EXPECT_TRUE(decodes_to<Upserted>(pod_event("MODIFIED")));
  EXPECT_TRUE(decodes_to<Removed>(pod_event("DELETED")));
  EXPECT_TRUE(decodes_to<Bookmark>(
      R"({"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1",
          "metadata":{"resourceVersion":"9"}}})"));
  EXPECT_TRUE(decodes_to<Ended>(R"({"type":"ERROR","object":{"kind":"Status","code":410}})"));
}

TEST(DecodeEvent, ReadsTheReasonOfAnError) {
  const auto event = decode_event(
      R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired",
          "message":"too old resource version"}})",
      pods());
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<Ended>(*event).error.kind, ErrorKind::Expired);
}

TEST(DecodeEvent, SkipsWhatIsNotOfTheCollection) {
  EXPECT_TRUE(decodes_to<Skipped>(pod_event("RENAMED")));
  EXPECT_TRUE(decodes_to<Skipped>(R"({"type":"ADDED"})"));
  EXPECT_TRUE(decodes_to<Skipped>(R"({"type":"ADDED","object":7})"));
  EXPECT_TRUE(decodes_to<Skipped>(R"({"type":7,"object":{}})"));
  EXPECT_TRUE(decodes_to<Skipped>(
      R"({"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1"}})"));
  EXPECT_TRUE(decodes_to<Skipped>(
      R"({"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"}}})"));
}

TEST(DecodeEvent, RefusesWhatIsNoJson) {
  for (const auto* line : {"x", "{", "[]", "7", "{\"a\":\"\xff\"}", "{}{}"})
    EXPECT_FALSE(decode_event(line, pods())) << line;
}

RC_GTEST_PROP(DecodeEvent, NeverThrowsWhateverComes, (const std::string& line)) {
  (void)decode_event(line, pods());
}

RC_GTEST_PROP(DecodeEvent, NeverThrowsOnADamagedEvent, ()) {
  auto line = pod_event("MODIFIED", R"("labels":{"a":"b"},)");
  const auto at = *rc::gen::inRange<std::size_t>(0, line.size());
  line[at] = *rc::gen::arbitrary<char>();
  (void)decode_event(line, pods());
}

TEST(Versions, AreComparedAsNumbersOfAnyLength) {
  EXPECT_TRUE(is_later_version("10", "9"));
  EXPECT_TRUE(is_later_version("123456789012345678901234567890", "99999999999999999999"));
  EXPECT_FALSE(is_later_version("9", "10"));
  EXPECT_FALSE(is_later_version("9", "9"));
  EXPECT_TRUE(is_later_version("abc", "9"));
  EXPECT_TRUE(is_later_version("7", ""));
}

std::vector<std::string> lines_of(const std::vector<std::string>& pieces, std::size_t limit) {
  LineSplitter splitter(limit);
  std::vector<std::string> lines;
  for (const auto& piece : pieces)
    if (splitter.feed(piece, [&](std::string_view line) {
          lines.emplace_back(line);
          return true;
        }) == Fed::TooLong)
      lines.emplace_back("TOO LONG");
  return lines;
}

RC_GTEST_PROP(LineSplitter, GivesTheSameLinesHoweverTheyArrive, ()) {
  const std::string text = "{\"a\":1}\n\n{\"b\":\"\xC3\xA9\"}\nrest";
  std::vector<std::string> pieces;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 8);
    pieces.push_back(text.substr(at, size));
    at += size;
  }
  RC_ASSERT(lines_of(pieces, 100) ==
            (std::vector<std::string>{"{\"a\":1}", "{\"b\":\"\xC3\xA9\"}"}));
}

TEST(LineSplitter, RefusesALineBeyondItsLimit) {
  EXPECT_EQ(lines_of({"12345\n", "123", "456\n"}, 5),
            (std::vector<std::string>{"12345", "TOO LONG"}));
}

TEST(LineSplitter, StopsWhenItsUserHasHadEnough) {
  LineSplitter splitter(10);
  int lines = 0;
  EXPECT_EQ(splitter.feed("a\nb\nc\n", [&](std::string_view) { return ++lines < 2; }),
            Fed::Stopped);
  EXPECT_EQ(lines, 2);
}

}  // namespace
}  // namespace poolscaler::kube
