#include "answer.hpp"

#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace poolscaler::adapters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = ApiAnswer::Kind;

constexpr std::size_t many = 1000;

ApiAnswer read(std::string_view body, std::size_t series_max = many) {
  return parse_answer(body, series_max);
}

std::string vector_of(std::string_view series, std::string_view more = "") {
  return fmt::format(R"({{"status":"success","data":{{"resultType":"vector","result":[{}]}}{}}})",
                     series, more);
}

std::string series(std::string_view value) {
  return fmt::format(R"({{"metric":{{"namespace":"shop"}},"value":[1700000000.5,"{}"]}})", value);
}

TEST(Answer, ReadsAVector) {
  const auto answer = read(vector_of(series("7.25") + "," + series("0")));
  ASSERT_EQ(answer.kind, Kind::Success) << answer.text;
  ASSERT_THAT(answer.answer.samples, SizeIs(2));
  EXPECT_EQ(answer.answer.samples[0].value, 7.25);
  EXPECT_EQ(answer.answer.samples[0].time_seconds, 1700000000.5);
  EXPECT_EQ(answer.answer.samples[0].labels.at("namespace"), "shop");
}

TEST(Answer, ReadsAnEmptyVectorAsNoSeries) {
  const auto answer = read(vector_of(""));
  EXPECT_EQ(answer.kind, Kind::Success);
  EXPECT_THAT(answer.answer.samples, IsEmpty());
}

TEST(Answer, ReadsAScalarAsOneSampleWithoutLabels) {
  const auto answer =
      read(R"({"status":"success","data":{"resultType":"scalar","result":[1700000000,"3"]}})");
  ASSERT_EQ(answer.kind, Kind::Success) << answer.text;
  ASSERT_THAT(answer.answer.samples, SizeIs(1));
  EXPECT_EQ(answer.answer.samples[0].value, 3);
  EXPECT_THAT(answer.answer.samples[0].labels, IsEmpty());
}

TEST(Answer, DoesNotDependOnTheOrderOfKeys) {
  const auto answer = read(
      R"({"data":{"result":[{"value":[1,"3"],"metric":{}}],"resultType":"vector",)"
      R"("stats":{"a":[1,{}]}},"isPartial":false,"status":"success"})");
  ASSERT_EQ(answer.kind, Kind::Success) << answer.text;
  EXPECT_EQ(answer.answer.samples[0].value, 3);
}

TEST(Answer, KeepsWhatIsNotFinite) {
  EXPECT_TRUE(std::isnan(read(vector_of(series("NaN"))).answer.samples.at(0).value));
  EXPECT_EQ(read(vector_of(series("+Inf"))).answer.samples.at(0).value, HUGE_VAL);
  EXPECT_EQ(read(vector_of(series("-Inf"))).answer.samples.at(0).value, -HUGE_VAL);
}

TEST(Answer, ReadsNumbersStrictly) {
  for (const auto* text : {"0", "-0", "1", "-1.5", "1e3", "1e+06", "12345678901234567890"})
    EXPECT_TRUE(parse_sample_value(text)) << text;
  for (const auto* text : {"", " 5", "5 ", "5,0", "0x10", "1e999", "-1e999", "+5", "5.", ".5",
                           "nan", "inf", "infinity", "NAN", "--1", "1_0", "1e", "NaN(1)", "５"})
    EXPECT_FALSE(parse_sample_value(text)) << text;
  for (const auto* text : {"1e999", "0x10", " 5", "5,0", ""})
    EXPECT_EQ(read(vector_of(series(text))).kind, Kind::Unreadable) << text;
}

TEST(Answer, TakesANativeHistogramForNoNumberOfItsOwnSeriesOnly) {
  const auto answer = read(vector_of(
      R"({"metric":{"a":"b"},"histogram":[1,{"count":"1","buckets":[[0,"1","2","3"]]}]},)" +
      series("5")));
  ASSERT_EQ(answer.kind, Kind::Success) << answer.text;
  EXPECT_TRUE(std::isnan(answer.answer.samples.at(0).value));
  EXPECT_EQ(answer.answer.samples.at(1).value, 5);
}

TEST(Answer, RefusesOtherTypes) {
  for (const auto* data :
       {R"({"resultType":"string","result":[1,"x"]})",
        R"({"resultType":"string","result":[1,"5"]})",
        R"({"resultType":"matrix","result":[{"metric":{},"values":[[1,"5"],[2,"6"]]}]})",
        R"({"resultType":"vector","result":[{"metric":{},"values":[[1,"5"]]}]})",
        R"({"resultType":"vector","result":[1,"5"]})", R"({"resultType":"scalar","result":[]})",
        R"({"resultType":"scalar","result":[1,"5","6"]})", R"({"result":[]})",
        R"({"resultType":"vector"})", R"({"resultType":"vector","result":null})",
        R"({"resultType":"vector","result":{}})", R"([])", "null", R"("x")", "1"})
    EXPECT_EQ(read(fmt::format(R"({{"status":"success","data":{}}})", data)).kind, Kind::Unreadable)
        << data;
}

TEST(Answer, RefusesWhatIsNotAnAnswer) {
  for (const auto* body :
       {"", "{}", "null", "[]", "<html>Service Unavailable</html>", "\xef\xbb\xbf{}", "1",
        R"({"status":"success"})", R"({"status":"success","status":"success"})",
        R"({"status":1})", R"({"data":{"resultType":"vector","result":[]}})",
        R"({"status":"maybe","data":{"resultType":"vector","result":[]}})"})
    EXPECT_EQ(read(body).kind, Kind::Unreadable) << body;
  for (const auto* odd :
       {R"({"metric":{}})", R"({"value":[1,"2"]})", R"({"metric":{},"value":[1,2]})",
        R"({"metric":{},"value":["1","2"]})", R"({"metric":{},"value":[1]})",
        R"({"metric":{},"value":[1,"2","3"]})", R"({"metric":{},"value":"2"})",
        R"({"metric":{"a":1},"value":[1,"2"]})", R"({"metric":{"a":{}},"value":[1,"2"]})",
        R"({"metric":{"a":"1","a":"2"},"value":[1,"2"]})", R"({"metric":[],"value":[1,"2"]})",
        R"({"metric":{},"value":[1,"2"],"value":[1,"3"]})", "1", R"("x")", "[]", "null"})
    EXPECT_EQ(read(vector_of(odd)).kind, Kind::Unreadable) << odd;
}

TEST(Answer, QuotesTheServersOwnError) {
  const auto answer =
      read(R"({"status":"error","errorType":"bad_data","error":"1:2: parse error","data":null})");
  EXPECT_EQ(answer.kind, Kind::Refused);
  EXPECT_EQ(answer.error_type, "bad_data");
  EXPECT_EQ(answer.text, "1:2: parse error");
}

TEST(Answer, CollectsWarningsAndPartialAnswers) {
  const auto warnings = [](std::string_view more) {
    return read(vector_of("", more)).answer.warnings;
  };
  EXPECT_THAT(warnings(R"(,"warnings":["a","b"])"), ElementsAre("a", "b"));
  EXPECT_THAT(warnings(R"(,"infos":["PromQL info: ignored"])"), SizeIs(1));
  EXPECT_THAT(warnings(R"(,"partialResponse":true)"), SizeIs(1));
  EXPECT_THAT(warnings(R"(,"isPartial":true)"), SizeIs(1));
  EXPECT_THAT(warnings(R"(,"isPartial":false,"warnings":null)"), IsEmpty());
  for (const auto* odd : {R"(,"warnings":"store gone")", R"(,"warnings":{"a":["b"]})",
                          R"(,"warnings":true)", R"(,"warnings":[7])", R"(,"warnings":[{"a":1}])",
                          R"(,"warnings":[["a"]])"})
    EXPECT_THAT(warnings(odd), SizeIs(1)) << odd;
  EXPECT_THAT(warnings(R"(,"infos":["PromQL info: metric might not be a counter, name ..."])"),
              IsEmpty());
}

TEST(Answer, StopsAtTheMostSeries) {
  EXPECT_EQ(read(vector_of(series("1") + "," + series("2")), 2).kind, Kind::Success);
  const auto answer = read(vector_of(series("1") + "," + series("2") + "," + series("3")), 2);
  EXPECT_EQ(answer.kind, Kind::TooMany);
  EXPECT_THAT(answer.answer.samples, IsEmpty());
}

TEST(Answer, SurvivesDeepNesting) {
  for (const auto* open : {"[", R"({"a":)", R"({"data":)"}) {
    std::string body = R"({"status":"success","x":)";
    for (int i = 0; i < 200'000; ++i) body += open;
    EXPECT_EQ(read(body).kind, Kind::Unreadable);
  }
}

/// Everything the parser knows, in one body.
std::string rich_body() {
  return vector_of(series("1.5") + "," + series("NaN") +
                       R"(,{"metric":{"a":"\u00e9\\\""},"histogram":[1,{"count":"1"}]})",
                   R"(,"warnings":["w"],"infos":["i"],"isPartial":true,)"
                   R"("errorType":"t","error":"e")");
}

TEST(Answer, IsUnreadableWhenCutAnywhere) {
  const std::string whole = rich_body();
  ASSERT_EQ(read(whole).kind, Kind::Success);
  for (std::size_t size = 0; size < whole.size(); ++size)
    ASSERT_EQ(read(std::string_view(whole).substr(0, size)).kind, Kind::Unreadable) << size;
}

RC_GTEST_PROP(Answer, NeverThrowsOnMutations, ()) {
  std::string body = rich_body();
  for (int n = *rc::gen::inRange(1, 6); n > 0; --n) {
    const auto at = *rc::gen::inRange<std::size_t>(0, body.size());
    const auto length = *rc::gen::inRange<std::size_t>(0, 20);
    const auto other = *rc::gen::inRange<std::size_t>(0, body.size());
    switch (*rc::gen::inRange(0, 4)) {
      case 0: body[at] = *rc::gen::arbitrary<char>(); break;
      case 1: body.erase(at, length); break;
      case 2: body.insert(at, body.substr(other, length)); break;
      default: body.insert(at, 1, *rc::gen::element('{', '}', '[', ']', '"', ',', ':', '1')); break;
    }
    if (body.empty()) body = "{";
  }
  const auto answer = parse_answer(body, 2);
  if (answer.kind == Kind::Success) {
    RC_ASSERT(answer.answer.samples.size() <= 2u);
  } else {
    RC_ASSERT(answer.answer.samples.empty());
  }
}

}  // namespace
}  // namespace poolscaler::adapters
