#include "poolscaler/telemetry/log.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "support/virtual_clock.hpp"

namespace poolscaler::telemetry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class LogTest : public ::testing::Test {
 protected:
  Log make(LogFormat format, LogLevel level = LogLevel::Info) {
    return Log({.level = level,
                .format = format,
                .sink = [this](std::string_view line) { lines.emplace_back(line); }},
               clock);
  }
  testing::VirtualClock clock;
  std::vector<std::string> lines;
};

using Logging = LogTest;

TEST_F(Logging, ConsoleLineIsMessageThenFields) {
  auto log = make(LogFormat::Console);
  log.info("scaled workload", {{"policy", "shop/web"}, {"from", 2}, {"to", 5}, {"live", true}});
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr("info    scaled workload policy=shop/web from=2 to=5 live=true"));
}

TEST_F(Logging, JsonLineIsOneObjectWhateverTheValueHolds) {
  auto log = make(LogFormat::Json);
  log.error("cannot read", {{"error", "a \"b\"\n{\x01\\"}, {"took_ms", 1.5}});
  ASSERT_THAT(lines, SizeIs(1));
  const auto line = nlohmann::json::parse(lines[0]);
  EXPECT_EQ(line.at("error"), "a \"b\"\n{\x01\\");
  EXPECT_EQ(line.at("level"), "error");
  EXPECT_EQ(line.at("took_ms"), 1.5);
}

TEST_F(Logging, ControlCharactersCannotForgeALine) {
  auto log = make(LogFormat::Console);
  log.info("x", {{"error", "first\nsecond\r\x1b[31mred"}});
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], Not(HasSubstr("\n")));
  EXPECT_THAT(lines[0], Not(HasSubstr("\x1b")));
}

TEST_F(Logging, ValuesAreCapped) {
  auto log = make(LogFormat::Console);
  log.info("x", {{"error", std::string(100'000, 'a')}});
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_LT(lines[0].size(), 700U);
}

TEST_F(Logging, LinesBelowTheLevelAreDropped) {
  auto log = make(LogFormat::Console, LogLevel::Warning);
  log.info("quiet");
  log.warning("loud");
  EXPECT_THAT(lines, ElementsAre(HasSubstr("loud")));
}

TEST_F(Logging, RepeatsAreHeldBackAndCounted) {
  auto log = make(LogFormat::Console);
  for (int i = 0; i < 100; ++i) log.warning("cannot watch", {{"resource", "pods"}, {"took_ms", i}});
  EXPECT_THAT(lines, SizeIs(5));
  clock.advance(Millis(61'000));
  log.warning("cannot watch", {{"resource", "pods"}, {"took_ms", 1}});
  ASSERT_THAT(lines, SizeIs(6));
  EXPECT_THAT(lines.back(), HasSubstr("held_back=95"));
}

TEST_F(Logging, DifferentFieldsAreDifferentLines) {
  auto log = make(LogFormat::Console);
  for (int i = 0; i < 20; ++i) log.info("scaled workload", {{"policy", "p" + std::to_string(i)}});
  EXPECT_THAT(lines, SizeIs(20));
}

TEST(LogOptionsText, WrongWordsNameTheRightOnes) {
  EXPECT_THAT(parse_log_level("loud").error().message, HasSubstr("debug, info, warning or error"));
  EXPECT_THAT(parse_log_format("xml").error().message, HasSubstr("json or console"));
}

}  // namespace
}  // namespace poolscaler::telemetry
