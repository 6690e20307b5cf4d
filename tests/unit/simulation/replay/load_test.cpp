#include "poolscaler/simulation/replay/load.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace poolscaler::replay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Load load_of(std::string_view text, const ReadingRules& rules = {}) {
  auto loads = read_loads("trace.csv", text, rules);
  EXPECT_TRUE(loads) << loads.error().message;
  EXPECT_EQ(loads->size(), 1U);
  return std::move(loads->front());
}

std::string refusal(std::string_view text, const ReadingRules& rules = {}) {
  const auto loads = read_loads("trace.csv", text, rules);
  return loads ? "accepted" : loads.error().message;
}

TEST(RequestTrace, ServiceFollowsTheTokens) {
  const auto load =
      load_of("timestamp_ms,input_tokens,output_tokens\n0,4808,10\n52,3180,8\n52,0,0\n");
  EXPECT_THAT(load.requests, ElementsAre(Request{Micros(0), Micros(1'211'600)},
                                         Request{Micros(52'000), Micros(846'000)},
                                         Request{Micros(52'000), Micros(50'000)}));
  EXPECT_EQ(load.end, Micros(52'000));
  EXPECT_FALSE(load.constant_service);
}

TEST(RequestTrace, TakesWhatSpreadsheetsWrite) {
  const auto load = load_of(
      "\xEF\xBB\xBFtimestamp_ms,input_length,output_length,prefix_blocks\r\n0, 1 ,1,5\r\n\r\n"
      "1.5,1,1,5");
  EXPECT_EQ(load.requests.size(), 2U);
  EXPECT_EQ(load.end, Micros(1500));
}

TEST(RequestTrace, TimesOfTheUnixClockCountFromTheFirst) {
  const auto load = load_of(
      "timestamp_ms,input_tokens,output_tokens\n1764000000000,0,0\n1764000001500,0,0\n");
  EXPECT_EQ(load.requests[0].arrival, Micros(0));
  EXPECT_EQ(load.end, Micros(1'500'000));
}

TEST(RequestTrace, ABadLineStopsWithPlaceAndRemedy) {
  const std::string head = "timestamp_ms,input_tokens,output_tokens\n0,1,1\n";
  EXPECT_THAT(refusal(head + "abc,1,1\n"),
              HasSubstr("trace.csv:3: timestamp_ms is 'abc', expected a number from 0 to"));
  EXPECT_THAT(refusal(head + "abc,1,1\n"), HasSubstr("--skip-bad-lines"));
  EXPECT_THAT(refusal(head + "5,-1,1\n"), HasSubstr("input_tokens is '-1'"));
  EXPECT_THAT(refusal(head + "5,1,nan\n"), HasSubstr("output_tokens is 'nan'"));
  EXPECT_THAT(refusal(head + "5,1,inf\n"), HasSubstr("output_tokens is 'inf'"));
  EXPECT_THAT(refusal(head + "5,1,1e30\n"), HasSubstr("output_tokens is '1e30'"));
  EXPECT_THAT(refusal(head + "5,1,\n"), HasSubstr("output_tokens is ''"));
  EXPECT_THAT(refusal(head + "5,1\n"), HasSubstr("has 2 fields, expected 3"));
  EXPECT_THAT(refusal(head + "5,1,1,1\n"), HasSubstr("has 4 fields, expected 3"));
  EXPECT_THAT(refusal(head + "5,1,9000000\n"), HasSubstr("served for"));
  EXPECT_THAT(refusal(head + "5,1,1\n4,1,1\n"),
              HasSubstr("trace.csv:4: the time 0.004 s is before 0.005 s"));
  EXPECT_THAT(refusal(head + "1e14,1,1\n"), HasSubstr("timestamp_ms"));
  EXPECT_THAT(refusal(head + "9e11,1,1\n"), HasSubstr("after the start"));
}

TEST(RequestTrace, BadLinesMayBeSkippedAndAreCounted) {
  const auto load = load_of(
      "timestamp_ms,input_tokens,output_tokens\n0,1,1\nabc\n5,-1,1\n4,1,1\n3,1,1\n6,1,1\n",
      {.skip_bad_lines = true});
  EXPECT_EQ(load.requests.size(), 3U);
  EXPECT_EQ(load.skipped_lines, 3);
}

TEST(RequestTrace, ABadTimeSpoilsNoLineButItsOwn) {
  const std::string head = "timestamp_ms,input_tokens,output_tokens\n";
  const std::string good = "0,1,1\n1000,1,1\n1000,1,1\n2000,1,1\n3000,1,1\n";
  const ReadingRules skip{.skip_bad_lines = true};
  for (const auto* const bad : {"9999999999,1,1\n", "1764000000000,1,1\n"}) {
    const auto load = load_of(head + bad + good, skip);
    EXPECT_EQ(load.requests.size(), 5U) << bad;
    EXPECT_EQ(load.skipped_lines, 1) << bad;
    EXPECT_EQ(load.end, Micros(3'000'000)) << bad;
  }
  EXPECT_EQ(load_of(head + "0,1,1\n900000,1,1\n" + good.substr(6), skip).skipped_lines, 1);
  const auto of_unix = load_of(
      head + "17,1,1\n1764000000000,1,1\n1764000001500,1,1\n1764000002500,1,1\n", skip);
  EXPECT_EQ(of_unix.requests.size(), 3U);
  EXPECT_EQ(of_unix.end, Micros(2'500'000));
  EXPECT_THAT(refusal(head + "9999999999,1,1\n" + good), HasSubstr("trace.csv:3: the time 0 s"));
}

RC_GTEST_PROP(RequestTrace, NoMoreLinesAreSkippedThanAreBad, ()) {
  auto good = *rc::gen::nonEmpty(
      rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 1'000'000)));
  std::ranges::sort(good);
  std::vector<std::string> lines;
  for (const auto time : good) lines.push_back(fmt::format("{},1,1\n", time));
  const auto bad = *rc::gen::inRange<std::size_t>(0, good.size());
  for (std::size_t i = 0; i < bad; ++i) {
    const auto time = *rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, 30'000'000'000),
                                      rc::gen::inRange<std::int64_t>(0, 2'000'000),
                                      rc::gen::inRange<std::int64_t>(1'000'000'000'000,
                                                                     9'000'000'000'000));
    const auto place = *rc::gen::inRange<std::size_t>(0, lines.size() + 1);
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(place), fmt::format("{},1,1\n", time));
  }
  std::string text = "timestamp_ms,input_tokens,output_tokens\n";
  for (const auto& line : lines) text += line;
  const auto loads = read_loads("trace.csv", text, {.skip_bad_lines = true});
  RC_ASSERT(loads.has_value());
  RC_ASSERT(loads->front().requests.size() >= good.size());
  RC_ASSERT(static_cast<std::size_t>(loads->front().skipped_lines) <= bad);
}

TEST(Trace, WithoutAHeaderIsRefused) {
  EXPECT_THAT(refusal(""), HasSubstr("empty"));
  EXPECT_THAT(refusal("\n\r\n"), HasSubstr("empty"));
  EXPECT_THAT(refusal("0,1,1\n5,1,1\n"), HasSubstr("expected a header"));
  EXPECT_THAT(refusal("timestamp_ms,input_tokens\n5,1\n"), HasSubstr("needs the columns"));
  EXPECT_THAT(refusal("timestamp_ms,input_tokens,output_tokens\n"), HasSubstr("no request in it"));
  EXPECT_THAT(refusal("\x7F" "ELF\x01,\x02"), HasSubstr("\\x7f"));
}

TEST(RateTrace, SpreadsTheRequestsOfABinBySeedAndBin) {
  const auto load = load_of("timestamp_seconds,requests\n0,2\n600,0\n1200,1.5\n");
  ASSERT_EQ(load.requests.size(), 4U);
  // splitmix64 seeded with 0: 16294208416658607535, 7960286522194355700.
  EXPECT_EQ(load.requests[0].arrival, Micros(258'916'798));
  EXPECT_EQ(load.requests[1].arrival, Micros(529'986'485));
  EXPECT_GE(load.requests[2].arrival, Micros(1'200'000'000));
  EXPECT_EQ(load.end, Micros(1'800'000'000));
  EXPECT_EQ(load.requests[0].service, Micros(5'000'000));
  EXPECT_TRUE(load.constant_service);
}

TEST(RateTrace, AnotherSeedIsAnotherLoad) {
  const std::string_view text = "timestamp_seconds,requests\n0,2\n600,1\n";
  EXPECT_NE(load_of(text, {.seed = 1}).requests, load_of(text).requests);
  // The seed of a bin is the seed and its index.
  const auto shifted = load_of("timestamp_seconds,requests\n0,0\n600,2\n", {.seed = 0});
  const auto seeded = load_of("timestamp_seconds,requests\n0,2\n600,0\n", {.seed = 1});
  EXPECT_EQ(shifted.requests[0].arrival, seeded.requests[0].arrival + Micros(600'000'000));
}

TEST(RateTrace, BinsFollowOneAnother) {
  const std::string head = "timestamp_seconds,requests\n0,1\n600,1\n";
  EXPECT_THAT(refusal(head + "1800,1\n"), HasSubstr("starts at 1800 s, expected 1200 s"));
  EXPECT_THAT(refusal(head + "600,1\n"), HasSubstr("starts at 600 s, expected 1200 s"));
  EXPECT_THAT(refusal("timestamp_seconds,requests\n0,1\n0,1\n"), HasSubstr("trace.csv:3"));
  EXPECT_THAT(refusal("timestamp_seconds,requests\n0,1\n"), HasSubstr("two bins"));
  EXPECT_THAT(refusal(head + "1200,-1\n"), HasSubstr("requests is '-1'"));
  EXPECT_THAT(refusal(head + "1200,99999999\n"), HasSubstr("more than 20000000"));
  const auto load = load_of(head + "oops,1\n1800,1\n", {.skip_bad_lines = true});
  EXPECT_EQ(load.requests.size(), 3U);
  EXPECT_EQ(load.end, Micros(2'400'000'000));
}

TEST(RateTrace, TheWidthIsThatOfTheGoodBins) {
  const std::string head = "timestamp_seconds,requests\n";
  const std::string good = "120,2\n180,2\n240,2\n300,2\n";
  const ReadingRules skip{.skip_bad_lines = true};
  const auto second_bad = load_of(head + "0,2\noops,2\n" + good, skip);
  EXPECT_EQ(second_bad.requests.size(), 10U);
  EXPECT_EQ(second_bad.skipped_lines, 1);
  EXPECT_EQ(second_bad.end, Micros(360'000'000));
  for (const auto* const first : {"7,2\n", "0,x\n", "9999999,2\n", "1764000000,2\n"}) {
    const auto load = load_of(head + first + "60,2\n" + good, skip);
    EXPECT_EQ(load.requests.size(), 10U) << first;
    EXPECT_EQ(load.skipped_lines, 1) << first;
    EXPECT_EQ(load.requests.front().arrival / Micros(60'000'000), 1) << first;
  }
  EXPECT_THAT(refusal(head + "0,2\noops,2\n" + good), HasSubstr("trace.csv:3"));
  EXPECT_THAT(refusal(head + "0,2\n70,2\n" + good), HasSubstr("trace.csv:4"));
  EXPECT_THAT(refusal(head + "0,2\noops,2\n", skip), HasSubstr("two bins"));
}

TEST(RateTrace, SkippingChangesNothingWhereNothingIsBad) {
  const std::string text = "timestamp_seconds,requests\n600,2\n1200,3\n1800,0\n2400,5\n";
  EXPECT_EQ(load_of(text, {.skip_bad_lines = true}).requests, load_of(text).requests);
}

TEST(RateTrace, OneColumnPerClient) {
  const std::string_view text = "timestamp_seconds,c0,c1\n0,1,2\n600,3,4\n";
  EXPECT_THAT(refusal(text), HasSubstr("--load FILE:COLUMN"));
  EXPECT_THAT(refusal(text, {.columns = {"c7"}}), HasSubstr("no column 'c7'; there are c0, c1"));
  EXPECT_THAT(refusal(text, {.columns = {"timestamp_seconds"}}), HasSubstr("no column"));
  const auto loads = read_loads("t.csv", text, {.columns = {"c1", "c0"}});
  ASSERT_TRUE(loads);
  ASSERT_EQ(loads->size(), 2U);
  EXPECT_EQ((*loads)[0].name, "t.csv:c1");
  EXPECT_EQ((*loads)[0].requests.size(), 6U);
  EXPECT_EQ((*loads)[1].requests.size(), 4U);
  EXPECT_THAT(refusal("time,value\n0,1\n1,1\n", {.columns = {"value"}}), HasSubstr("columns"));
}

TEST(MetricTrace, IsTheSignalItself) {
  const auto load = load_of("time,value\n0,1.5\n15,-2\n30,0\n");
  EXPECT_TRUE(load.is_metric());
  EXPECT_THAT(load.samples,
              ElementsAre(Sample{Micros(0), 1.5}, Sample{Micros(15'000'000), -2},
                          Sample{Micros(30'000'000), 0}));
  EXPECT_EQ(load.end, Micros(30'000'000));
  EXPECT_THAT(refusal("time,value\n0,NaN\n"), HasSubstr("value is 'NaN'"));
  EXPECT_THAT(refusal("time,value\n0,1\n"), HasSubstr("two samples"));
}

TEST(Load, CanBeCut) {
  const auto load = load_of("timestamp_ms,input_tokens,output_tokens\n0,1,1\n500,1,1\n900,1,1\n");
  const auto half = until(load, Micros(500'000));
  EXPECT_EQ(half.requests.size(), 1U);
  EXPECT_EQ(half.end, Micros(500'000));
}

}  // namespace
}  // namespace poolscaler::replay
