#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "builders.hpp"

namespace poolscaler::query {
namespace {

using ::testing::HasSubstr;

std::string any_text() {
  // Quotes, escapes, separators of PromQL and of expressions, control characters, two-byte UTF-8.
  const auto piece = rc::gen::element<std::string>(
      "a", "b", "1", "\"", "\\", "|", ".", "*", "{", "}", ",", "=", "\n", "\t",
      std::string(1, '\0'), "\x7f", "\x01", " ", "é", "(", ")", "$", "^");
  std::string text;
  for (const auto& part : *rc::gen::container<std::vector<std::string>>(piece)) text += part;
  return text;
}

RenderedQuery any_query() {
  const auto label = rc::gen::element<std::string>("namespace", "queue", "_", "le", "a1", "by");
  RenderedQuery query;
  query.metric = *rc::gen::element<std::string>("depth", "vllm:num_requests", "_", "sum", "rate");
  query.other_names = *rc::gen::container<std::vector<std::string>>(
      *rc::gen::inRange<std::size_t>(0, 3), rc::gen::element<std::string>("old", "a:b", "min"));
  const auto labels = *rc::gen::inRange<std::size_t>(1, 9);
  query.group_labels = *rc::gen::container<std::vector<std::string>>(labels, label);
  const int matchers = *rc::gen::inRange(1, 4);
  for (int i = 0; i < matchers; ++i)
    query.matchers.push_back(
        {.label = *label,
         .op = *rc::gen::element(MatchOperator::Equal, MatchOperator::NotEqual,
                                 MatchOperator::Regex, MatchOperator::NotRegex),
         .value = any_text()});
  query.aggregation = *rc::gen::element(Aggregation::Sum, Aggregation::Avg, Aggregation::Max,
                                        Aggregation::Min);
  if (query.aggregation == Aggregation::Min && *rc::gen::arbitrary<bool>()) {
    query.asks = Asks::OldestTimestamp;
    return query;
  }
  query.range_function = *rc::gen::element(
      RangeFunction::None, RangeFunction::Rate, RangeFunction::Increase,
      RangeFunction::AvgOverTime, RangeFunction::MaxOverTime, RangeFunction::MinOverTime);
  if (query.range_function != RangeFunction::None)
    query.window_seconds = *rc::gen::inRange(1, 9999);
  return query;
}

RC_GTEST_PROP(Recognise, IsTheInverseOfRender, ()) {
  const RenderedQuery query = any_query();
  const auto back = recognise(render(query));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == query);
}

std::vector<RenderedPart> any_parts() {
  std::vector<RenderedPart> parts;
  for (int n = *rc::gen::inRange(1, 4); n > 0; --n) {
    parts.push_back({.query = any_query()});
    if (*rc::gen::arbitrary<bool>())
      parts.back().above = *rc::gen::element(0.0, 5.0, -1.5, 0.1, 1e300, -1e-7, 1e21);
    if (*rc::gen::inRange(0, 4) == 0) parts.back().query.group_labels = {"poolscaler_part"};
  }
  return parts;
}

RC_GTEST_PROP(Recognise, IsTheInverseOfRenderForParts, ()) {
  const auto parts = any_parts();
  const auto text = render(parts);
  const auto back = recognise_parts(text);
  RC_LOG() << text;
  RC_ASSERT(back.has_value() == (text.size() <= query_bytes_max));
  if (back) RC_ASSERT(*back == parts);
}

RC_GTEST_PROP(Recognise, TakesNothingThatRenderWouldNotWrite, ()) {
  std::string text = render(any_parts());
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  switch (*rc::gen::inRange(0, 3)) {
    case 0: text.erase(at, 1); break;
    case 1: text.insert(at, 1, *rc::gen::element(' ', '"', '\\', 'x', '(', ')', '0', ',')); break;
    default: text[at] = *rc::gen::arbitrary<char>(); break;
  }
  if (const auto parts = recognise_parts(text)) RC_ASSERT(render(*parts) == text);
}

TEST(Recognise, ReadsTheTwoFormsOfTheDoor) {
  const auto rate = recognise(
      R"(sum by (namespace, queue) (rate(jobs{namespace="shop",queue=~"a|b"}[60s])))");
  ASSERT_TRUE(rate) << rate.error().message;
  EXPECT_EQ(rate->range_function, RangeFunction::Rate);
  EXPECT_EQ(rate->window_seconds, 60);
  EXPECT_EQ(rate->group_labels, (std::vector<std::string>{"namespace", "queue"}));
  const auto age = recognise(R"(min by (namespace) (timestamp(depth{namespace="shop"})))");
  ASSERT_TRUE(age) << age.error().message;
  EXPECT_EQ(age->asks, Asks::OldestTimestamp);
}

TEST(Recognise, ReadsSeveralNamesOfOneMetric) {
  const auto query =
      recognise(R"(max by (ns) (max_over_time(a{ns="x"}[60s]) or max_over_time(b{ns="x"}[60s])))");
  ASSERT_TRUE(query) << query.error().message;
  EXPECT_EQ(query->metric, "a");
  EXPECT_EQ(query->other_names, std::vector<std::string>{"b"});
  EXPECT_FALSE(recognise(R"(max by (ns) (a{ns="x"} or b{ns="y"}))"));
  EXPECT_FALSE(recognise(R"(max by (ns) (rate(a{ns="x"}[60s]) or b{ns="x"}))"));
  EXPECT_FALSE(recognise(R"(max by (ns) (rate(a{ns="x"}[60s]) or rate(b{ns="x"}[61s])))"));
}

TEST(Recognise, NamesThePositionAndWhatItExpected) {
  const auto message = [](std::string_view text) {
    const auto query = recognise(text);
    return query ? std::string("understood") : query.error().message;
  };
  EXPECT_THAT(message("up"), HasSubstr("position 1 expected 'sum by ("));
  EXPECT_THAT(message("sum by (namespace) (depth)"), HasSubstr("position 26 expected '{'"));
  EXPECT_THAT(message(R"(sum by (namespace) (depth{namespace="a"}) or vector(0))"),
              HasSubstr("position 42 expected the end"));
  EXPECT_THAT(message(R"(sum by (namespace) (depth{namespace="\u0041"}))"),
              HasSubstr("expected an escape"));
  EXPECT_THAT(message(R"(sum by (namespace) (depth{namespace="\x41"}))"),
              HasSubstr("writes it as"));
  EXPECT_THAT(message(R"(sum by (namespace) (rate(depth{namespace="a"}[5m])))"),
              HasSubstr("expected 's]'"));
  EXPECT_THAT(message(R"(sum by (namespace) (rate(depth{namespace="a"}[0s])))"),
              HasSubstr("a window from 1"));
  EXPECT_THAT(message("sum by (namespace) (depth{namespace=\"\xff\"})"), HasSubstr("UTF-8"));
  EXPECT_THAT(message(std::string(query_bytes_max + 1, 'a')), HasSubstr("at most 16384"));
  EXPECT_THAT(message(""), HasSubstr("found the end"));
}

TEST(Names, RefuseWhatPromQLReadsOtherwise) {
  for (const auto* name : {"depth", "vllm:num_requests_waiting", "_x", "sum", "rate", "infinite"})
    EXPECT_TRUE(is_metric_name(name)) << name;
  for (const auto* name : {"", "1a", "a-b", "a b", "Inf", "NaN", "bool", "on", "é", "a{", "a\"b"})
    EXPECT_FALSE(is_metric_name(name)) << name;
  for (const auto* name : {"queue", "_", "by", "on"}) EXPECT_TRUE(is_label_name(name)) << name;
  for (const auto* name : {"", "__name__", "a:b", "without", "inf", "9", "a.b"})
    EXPECT_FALSE(is_label_name(name)) << name;
}

TEST(LabelPredicate, AnchorsAlternationsAndKeepsEscapes) {
  const auto holds = [](MatchOperator op, std::string value, std::string_view text) {
    return matches({.label = "queue", .op = op, .value = std::move(value)}, text);
  };
  const auto regex = MatchOperator::Regex;
  EXPECT_TRUE(holds(regex, R"(a\.b|c)", "a.b"));
  EXPECT_FALSE(holds(regex, R"(a\.b|c)", "axb"));
  EXPECT_FALSE(holds(regex, "a|b", "ab"));
  EXPECT_FALSE(holds(regex, "a|b", "xa"));
  EXPECT_TRUE(holds(regex, "a|", ""));
  EXPECT_TRUE(holds(regex, "web-.*", "web-1"));
  EXPECT_FALSE(holds(regex, "web-.*", "my-web-1"));
  EXPECT_FALSE(holds(regex, "web|api-.*", "web-1"));
  EXPECT_TRUE(holds(MatchOperator::NotRegex, "web-.*", "api"));
  EXPECT_TRUE(holds(MatchOperator::NotEqual, "web", ""));
}

RC_GTEST_PROP(RegexLiteral, MatchesItsTextAlone, ()) {
  const std::string text = any_text();
  const std::string other = any_text();
  const Matcher matcher{
      .label = "queue", .op = MatchOperator::Regex, .value = regex_literal(text)};
  RC_ASSERT(matches(matcher, text));
  RC_ASSERT(matches(matcher, other) == (text == other));
}

}  // namespace
}  // namespace poolscaler::query
