// What the story looks like: in place and within 80 columns on a terminal, elsewhere a line for
// each change.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "poolscaler/simulation/story.hpp"
#include "rehearsal.hpp"

namespace poolscaler::simulation {
namespace {

SandboxView busy() {
  return {.since_start = Millis(12'300),
          .arriving_per_second = 7.5,
          .waiting = 47.2,
          .asked = 4,
          .pods = 4,
          .ready = 3,
          .nodes_asked = 2,
          .nodes = 1,
          .nodes_ready = 1,
          .hourly = HourlyRate::of(98'320'000'000),
          .cap = HourlyRate::of(240'000'000'000),
          .spent = Amount::of(140'000'000),
          .reason = "SignalAboveTarget",
          .message = "signal queue: 48 / 10 per replica = 5; had 4"};
}

/// Lines as a terminal shows them: escape sequences removed.
std::vector<std::string> shown(const std::string& text) {
  std::vector<std::string> lines(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find_first_of("ABCDHJKhlm", i + 1);
    } else if (text[i] == '\n') {
      lines.emplace_back();
    } else if (text[i] != '\r') {
      lines.back() += text[i];
    }
  }
  return lines;
}

std::size_t columns_of(const std::string& line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool any_has(const std::vector<std::string>& lines, const std::string& text) {
  return std::ranges::any_of(lines, [&](const auto& line) { return line.find(text) != line.npos; });
}

TEST(LiveView, ShowsTargetQueueReplicasAndReason) {
  StoryView view(true, false);
  const auto lines = shown(view.draw(busy(), Story()));
  EXPECT_TRUE(any_has(lines, "TARGET                     QUEUE  REPLICAS   READY   REASON"));
  EXPECT_TRUE(
      any_has(lines, "demo/llm                      48         4       3   SignalAboveTarget"));
  EXPECT_TRUE(any_has(lines, "48 / 10 per replica = 5; had 4"));
  EXPECT_TRUE(any_has(lines, "POOL                       NODES   READY         $/H     CAP $/H"));
  EXPECT_TRUE(any_has(lines, "sandbox                        2       1       98.32      240.00"));
  EXPECT_TRUE(any_has(lines, "0:12.3"));
}

TEST(LiveView, RedrawsInPlace) {
  StoryView view(true, false);
  const auto first = view.draw(busy(), Story());
  const auto height = std::ranges::count(first, '\n');
  EXPECT_EQ(first.find("A\r"), std::string::npos);
  const auto second = view.draw(busy(), Story());
  EXPECT_NE(second.find("\x1b[" + std::to_string(height) + "A\r"), std::string::npos);
  EXPECT_EQ(std::ranges::count(second, '\n'), height);
  EXPECT_LT(height, 30) << "it fits a usual terminal";
}

TEST(LiveView, KeepsWithin80ColumnsWhateverItIsShown) {
  auto view = busy();
  view.reason = std::string(500, 'R');
  view.message = std::string(500, 'm');
  view.waiting = 1e15;
  view.arriving_per_second = 123'456'789.123;
  view.asked = 2'000'000'000;
  for (const auto glyphs : {Glyphs::Ascii, Glyphs::Unicode})
    for (const bool colour : {false, true}) {
      StoryView drawn(true, colour, glyphs);
      Story story;
      for (const int seconds : {0, 10, 1000, 100'000}) {
        view.since_start = Seconds(seconds);
        story.observe(view);
        for (const auto& line : shown(drawn.draw(view, story)))
          EXPECT_LE(columns_of(line), 80U) << line;
      }
    }
}

TEST(LiveView, ShowsControlCharactersOfObjectsEscaped) {
  auto view = busy();
  view.reason = "Evil\x1b[2J";
  view.message = "one\ntwo\x1b]0;title\x07\xc2\x9b";
  for (const bool live : {false, true}) {
    StoryView drawn(live, false);
    const auto text = drawn.draw(view, Story());
    EXPECT_EQ(text.find("\x1b[2J"), std::string::npos);
    EXPECT_EQ(text.find('\x07'), std::string::npos);
    EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
    EXPECT_NE(text.find("Evil\\x1b[2J"), std::string::npos) << text;
  }
}

TEST(LiveView, PaintsOnlyWhenAsked) {
  EXPECT_EQ(StoryView(true, false).draw(busy(), Story()).find("\x1b[3"), std::string::npos);
  EXPECT_NE(StoryView(true, true).draw(busy(), Story()).find("\x1b[33m"), std::string::npos);
}

TEST(LiveView, KeepsToAsciiUnlessUnicodeIsKnownToShow) {
  const auto ascii = [](const std::string& text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  };
  EXPECT_TRUE(ascii(StoryView(true, true).draw(busy(), Story())));
  EXPECT_FALSE(ascii(StoryView(true, true, Glyphs::Unicode).draw(busy(), Story())));
  EXPECT_TRUE(ascii(StoryView(false, true, Glyphs::Unicode).draw(busy(), Story())));
}

TEST(LiveView, LeavesTheChaptersToTheSummaryAtTheEnd) {
  StoryView view(true, false);
  Story story(Millis(1000));
  EXPECT_TRUE(any_has(shown(view.draw(busy(), story)), "> "));
  story.observe(busy());
  ASSERT_TRUE(story.ended());
  const auto last = view.draw(busy(), story);
  EXPECT_FALSE(any_has(shown(last), "back to zero"));
  EXPECT_TRUE(last.ends_with("\x1b[J\x1b[?7h"));
}

TEST(PlainView, WritesALinePerChangeAndNoEscapes) {
  StoryView view(false, true);
  Story story;
  auto now = busy();
  const auto first = view.draw(now, story);
  EXPECT_EQ(first.find('\x1b'), std::string::npos);
  EXPECT_NE(
      first.find(" 0:12.3  queue 48   replicas 3/4  nodes 1/2  98.32 $/h  SignalAboveTarget\n"),
      std::string::npos)
      << first;
  now.since_start += Millis(200);
  now.waiting += 3;
  EXPECT_EQ(view.draw(now, story), "");
  now.ready = 4;
  EXPECT_NE(view.draw(now, story), "");
}

TEST(PlainView, TellsEachChapterOnce) {
  StoryView view(false, false);
  Story story;
  std::string text;
  rehearsal::play({}, [&](const SandboxView& now) {
    story.observe(now);
    text += view.draw(now, story);
    return story.ended();
  });
  for (const auto& chapter : story.chapters()) {
    const auto at = text.find("* " + chapter.title);
    ASSERT_NE(at, std::string::npos) << chapter.title;
    EXPECT_EQ(text.find("* " + chapter.title, at + 1), std::string::npos);
  }
  for (const auto& line : shown(text)) EXPECT_LE(columns_of(line), 80U) << line;
}

}  // namespace
}  // namespace poolscaler::simulation
