#include <random>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "builders.hpp"

namespace poolscaler::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::depth_of;
using testing::equal;
using testing::raw;
using testing::signal;

std::size_t waiting(const std::vector<PlannedQuery>& queries) {
  std::set<std::size_t> all;
  std::size_t count = 0;
  for (const auto& query : queries) {
    all.insert(query.waiting.begin(), query.waiting.end());
    count += query.waiting.size();
  }
  EXPECT_EQ(all.size(), count) << "a signal waits twice";
  return count;
}

TEST(Plan, SharesOneQueryForOneShape) {
  const std::vector<SignalQuery> signals{depth_of("shop", "a.b"), depth_of("bank", "c\"d")};
  const auto queries = plan(signals);
  ASSERT_THAT(queries, SizeIs(1));
  const std::string selector = R"(depth{namespace=~"bank|shop",queue=~"a\\.b|c\"d"})";
  EXPECT_EQ(queries[0].promql,
            "label_replace(sum by (namespace, queue) (" + selector +
                R"(), "poolscaler_part", "0", "", "") or label_replace(min by (namespace, )"
                "queue) (timestamp(" +
                selector + R"()), "poolscaler_part", "1", "", ""))");
  EXPECT_EQ(queries[0].age_promql, "");
  EXPECT_EQ(queries[0].part_label, "poolscaler_part");
  EXPECT_THAT(queries[0].group_labels, ElementsAre("namespace", "queue"));
  EXPECT_THAT(queries[0].waiting, ElementsAre(0, 1));
}

TEST(Plan, AsksForEveryNameOfAMetricAtOnce) {
  const std::vector<SignalQuery> signals{
      signal("shop", {.metric = "new", .other_names = {"old"}}),
      signal("bank", {.metric = "new", .other_names = {"old"}}),
      signal("shop", {.metric = "new"})};
  const auto queries = plan(signals);
  ASSERT_THAT(queries, SizeIs(2)) << "other names are another shape";
  EXPECT_EQ(waiting(queries), 3U);
  EXPECT_THAT((std::vector{queries[0].promql, queries[1].promql}),
              ::testing::Contains(::testing::HasSubstr(
                  "sum by (namespace) (new{namespace=~\"bank|shop\"} or "
                  "old{namespace=~\"bank|shop\"})")));
}

TEST(Plan, KeepsWithinItsBytesForEveryName) {
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 200; ++i)
    signals.push_back(signal("shop", {.metric = "new",
                                      .matchers = {equal("q", std::string(60, 'x') +
                                                                  std::to_string(i))},
                                      .other_names = {"old", "older"}}));
  const auto queries = plan(signals);
  EXPECT_EQ(waiting(queries), signals.size());
  for (const auto& query : queries) {
    EXPECT_FALSE(query.refused);
    EXPECT_LE(query.promql.size(), query_bytes_max);
  }
}

TEST(Plan, KeepsAlwaysTheOwnNamespaceWhateverTheTenantWrites) {
  for (const auto op : {MatchOperator::Equal, MatchOperator::NotEqual, MatchOperator::Regex,
                        MatchOperator::NotRegex}) {
    const Matcher theirs{.label = "namespace", .op = op, .value = "bank"};
    const MetricSelector selector{.metric = "depth", .matchers = {theirs}};
    const std::vector<SignalQuery> signals{signal("shop", selector)};
    const auto queries = plan(signals);
    ASSERT_THAT(queries, SizeIs(1));
    const auto parts = recognise_parts(queries[0].promql);
    ASSERT_TRUE(parts);
    EXPECT_THAT(*parts, SizeIs(2));
    for (const auto& part : *parts) {
      EXPECT_THAT(part.query.matchers, ElementsAre(equal("namespace", "shop"), theirs));
      EXPECT_THAT(part.query.group_labels, ElementsAre("namespace"));
    }
  }
}

TEST(Plan, UsesTheEnforcedLabelOfTheSource) {
  const std::vector<SignalQuery> signals{
      signal("shop", {.metric = "depth", .matchers = {equal("namespace", "x")}})};
  const auto queries = plan(signals, {{"main", "tenant"}});
  ASSERT_THAT(queries, SizeIs(1));
  EXPECT_THAT(queries[0].promql,
              HasSubstr(R"(sum by (tenant, namespace) (depth{tenant="shop",namespace="x"}))"));
}

TEST(Plan, KeepsApartWhatCannotBeSplitByLabels) {
  const auto with = [](Matcher matcher) {
    return signal("shop", {.metric = "depth", .matchers = {std::move(matcher)}});
  };
  const std::vector<SignalQuery> signals{
      with({.label = "pod", .op = MatchOperator::Regex, .value = "a.*"}),
      with({.label = "pod", .op = MatchOperator::Regex, .value = "b.*"}),
      with({.label = "pod", .op = MatchOperator::NotEqual, .value = "a"}),
      with({.label = "pod", .op = MatchOperator::NotRegex, .value = "a"}),
      with(equal("pod", "")), with(equal("pod", "a")), with(equal("pod", "b"))};
  const auto queries = plan(signals);
  EXPECT_THAT(queries, SizeIs(6));
  for (const auto& query : queries) {
    const bool split_by_pod = query.waiting.size() == 2;
    EXPECT_THAT(query.group_labels, SizeIs(split_by_pod ? 2 : 1)) << query.promql;
  }
}

TEST(Plan, KeepsShapesApart) {
  const MetricSelector base{.metric = "depth", .matchers = {equal("queue", "a")}};
  auto other_metric = base;
  other_metric.metric = "width";
  auto other_aggregation = base;
  other_aggregation.aggregation = Aggregation::Max;
  auto rate = base;
  rate.range_function = RangeFunction::Rate;
  rate.window_seconds = 60;
  auto longer = rate;
  longer.window_seconds = 61;
  auto other_label = base;
  other_label.matchers = {equal("stream", "a")};
  std::vector<SignalQuery> signals;
  for (const auto& selector : {base, other_metric, other_aggregation, rate, longer, other_label})
    signals.push_back(signal("shop", selector));
  signals.push_back(signal("shop", base));
  signals.back().source = "other";
  EXPECT_THAT(plan(signals), SizeIs(7));
}

TEST(Plan, OrderOfMatchersAndRepetitionsDoNotMakeAShape) {
  const std::vector<SignalQuery> signals{
      signal("shop", {.metric = "depth", .matchers = {equal("a", "1"), equal("b", "2")}}),
      signal("bank", {.metric = "depth",
                      .matchers = {equal("b", "3"), equal("a", "1"), equal("b", "3"),
                                   equal("namespace", "bank")}})};
  EXPECT_THAT(plan(signals), SizeIs(1));
}

TEST(Plan, DoesNotDependOnTheOrderOfSignals) {
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 700; ++i)
    signals.push_back(depth_of(fmt::format("ns-{}", i % 37), fmt::format("queue-{}", i)));
  for (int i = 0; i < 20; ++i) signals.push_back(raw("shop", fmt::format("vector({})", i % 7)));
  signals.push_back(signal("shop", {.metric = "not a name"}));
  const auto texts = [](const std::vector<SignalQuery>& of) {
    std::vector<std::string> out;
    for (const auto& query : plan(of)) {
      std::set<std::string> who;
      for (const auto index : query.waiting) {
        const auto* selector = std::get_if<MetricSelector>(&of[index].query);
        who.insert(of[index].ns + (selector && !selector->matchers.empty()
                                       ? selector->matchers.front().value
                                       : std::string("raw")));
      }
      out.push_back(fmt::format("{}|{}|{}", query.promql, query.age_promql, fmt::join(who, ",")));
    }
    return out;
  };
  const auto expected = texts(signals);
  std::mt19937 random(7);
  for (int round = 0; round < 5; ++round) {
    std::ranges::shuffle(signals, random);
    EXPECT_EQ(texts(signals), expected);
  }
}

void expect_within_limits(const std::vector<PlannedQuery>& queries) {
  for (const auto& query : queries) {
    EXPECT_LE(query.promql.size(), query_bytes_max);
    EXPECT_LE(query.age_promql.size(), query_bytes_max);
    const auto rendered = recognise_parts(query.promql);
    ASSERT_TRUE(rendered) << rendered.error().message;
    std::size_t groups = 1;
    for (const auto& matcher : rendered->front().query.matchers) {
      if (matcher.op != MatchOperator::Regex) continue;
      const auto values = static_cast<std::size_t>(std::ranges::count(matcher.value, '|')) + 1;
      EXPECT_LE(values, values_max);
      groups *= values;
    }
    EXPECT_LE(groups, groups_max);
  }
}

TEST(Plan, NeedsNoMoreQueriesThanTheValuesDemand) {
  struct Case {
    int namespaces;
    int queues;   // in each namespace
    bool shared;  // the same names in every namespace
    std::size_t queries;
  };
  for (const auto& [namespaces, queues, shared, expected] :
       {Case{1, 200, true, 1}, Case{1, 201, true, 2}, Case{1000, 1, true, 5},
        Case{1000, 1, false, 5}, Case{3, 1000, true, 5}, Case{3, 1000, false, 15},
        Case{210, 210, true, 4}, Case{20, 100, true, 1}, Case{1000, 3, true, 5}}) {
    std::vector<SignalQuery> signals;
    for (int n = 0; n < namespaces; ++n)
      for (int q = 0; q < queues; ++q)
        signals.push_back(depth_of(fmt::format("n{}", n),
                                   fmt::format("q{}", shared ? q : n * queues + q)));
    const auto queries = plan(signals);
    EXPECT_THAT(queries, SizeIs(expected)) << namespaces << " x " << queues << " " << shared;
    EXPECT_EQ(waiting(queries), signals.size());
    expect_within_limits(queries);
  }
}

TEST(Plan, SplitsLongValuesIntoMoreQueries) {
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 100; ++i)
    signals.push_back(depth_of("shop", fmt::format("{}{}", std::string(500, '.'), i)));
  const auto queries = plan(signals);
  EXPECT_GE(queries.size(), 7u);  // each dot takes three bytes
  EXPECT_EQ(waiting(queries), signals.size());
  expect_within_limits(queries);
}

TEST(Plan, AsksAgesApartWhereBothTogetherAreTooLong) {
  const auto queries_of = [](int values) {
    std::vector<SignalQuery> signals;
    for (int i = 0; i < values; ++i)
      signals.push_back(depth_of("shop", fmt::format("{}{:03}", std::string(57, 'q'), i)));
    auto queries = plan(signals);
    expect_within_limits(queries);
    return queries;
  };
  const auto together = queries_of(120);
  ASSERT_THAT(together, SizeIs(1));
  EXPECT_EQ(together[0].age_promql, "");
  const auto apart = queries_of(180);
  ASSERT_THAT(apart, SizeIs(1));
  EXPECT_EQ(apart[0].part_label, "");
  EXPECT_THAT(apart[0].promql, ::testing::StartsWith("sum by (namespace, queue) (depth{"));
  EXPECT_THAT(apart[0].age_promql, ::testing::StartsWith("min by (namespace, queue) (timestamp("));
}

TEST(Plan, TellsPartsApartByALabelThatNobodyGroupsBy) {
  const std::vector<SignalQuery> signals{
      signal("shop", {.metric = "depth", .matchers = {equal("poolscaler_part", "0")}})};
  EXPECT_EQ(plan(signals).front().part_label, "poolscaler_part_");
  EXPECT_TRUE(recognise_parts(plan(signals).front().promql));
}

TEST(Plan, BoundsTheGroupsOfThreeLabels) {
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 200; ++i)
    signals.push_back(signal(fmt::format("n{}", i),
                             {.metric = "depth",
                              .matchers = {equal("a", fmt::format("a{}", i)),
                                           equal("b", fmt::format("b{}", i))}}));
  const auto queries = plan(signals);
  EXPECT_EQ(waiting(queries), signals.size());
  expect_within_limits(queries);
}

TEST(Plan, SharesRawQueriesOfEqualText) {
  const std::vector<SignalQuery> signals{raw("shop", "vector(1)"), raw("bank", "vector(1)"),
                                         raw("shop", "vector(2)")};
  const auto queries = plan(signals);
  ASSERT_THAT(queries, SizeIs(2));
  EXPECT_THAT(queries[0].waiting, ElementsAre(0, 1));
  EXPECT_EQ(queries[0].promql, "vector(1)");
  EXPECT_EQ(queries[0].age_promql, "");
}

TEST(Plan, RefusesWhatCannotBeSaidWithoutHarmToOthers) {
  const std::string too_long(query_bytes_max, 'x');
  const std::vector<SignalQuery> bad{
      signal("shop", {.metric = "depth{} or vector(1)"}),
      signal("shop", {.metric = "depth", .matchers = {equal("queue", "\xff")}}),
      signal("shop", {.metric = "depth", .matchers = {equal("a\"}", "x")}}),
      signal("shop", {.metric = "depth", .matchers = {equal("__name__", "other")}}),
      signal("", {.metric = "depth"}),
      signal("shop", {.metric = "depth", .window_seconds = 60}),
      signal("shop", {.metric = "depth", .range_function = RangeFunction::Rate}),
      signal("shop", {.metric = "depth", .matchers = {equal("queue", too_long)}}),
      raw("shop", ""), raw("shop", too_long + "x"), raw("shop", "\xc3")};
  std::vector<SignalQuery> signals{depth_of("shop", "a")};
  signals.insert(signals.end(), bad.begin(), bad.end());
  const auto queries = plan(signals);
  EXPECT_EQ(waiting(queries), signals.size());
  for (const auto& query : queries) {
    const bool good = query.waiting == std::vector<std::size_t>{0};
    EXPECT_EQ(query.refused.has_value(), !good) << query.promql;
    EXPECT_EQ(query.promql.empty(), !good);
    if (good) continue;
    const QueryAnswer nothing{.samples = {}};
    const auto reading = split(query, signals[query.waiting.front()], nothing, nothing);
    EXPECT_EQ(reading.state, SignalState::Error);
    EXPECT_FALSE(reading.detail.empty());
    EXPECT_LE(reading.detail.size(), detail_bytes_max);
  }
}

TEST(Plan, NothingAsksNothing) { EXPECT_THAT(plan({}), SizeIs(0)); }

}  // namespace
}  // namespace poolscaler::query
