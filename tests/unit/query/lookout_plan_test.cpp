#include "poolscaler/query/lookout_plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "builders.hpp"

namespace poolscaler::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using testing::depth_of;
using testing::equal;
using testing::query_time;
using testing::raw;
using testing::Series;
using testing::signal;

std::vector<JointQuery> joined_plan(const std::vector<LookoutPart>& plan) {
  std::vector<std::size_t> all(plan.size());
  std::iota(all.begin(), all.end(), 0U);
  return join(plan, all);
}

Series series(std::map<std::string, std::string> labels, double value, double age = 0) {
  return {.labels = std::move(labels), .value = value, .time_seconds = query_time - age};
}

/// All that the joint queries of the plan sight in a store.
std::vector<std::size_t> sighted_in(const std::vector<Series>& store,
                                    const std::vector<SignalQuery>& signals,
                                    const std::vector<double>& above) {
  const auto plan = plan_lookout(signals, above);
  std::vector<std::size_t> sighted;
  for (const auto& query : joined_plan(plan))
    sight(plan, query, testing::answer(store, query.promql), sighted);
  std::ranges::sort(sighted);
  return sighted;
}

TEST(LookoutPlan, AsksOneBoundedQueryForAllShapes) {
  const std::vector<SignalQuery> signals{
      depth_of("shop", "a"), depth_of("bank", "b"),
      signal("shop", {.metric = "jobs", .aggregation = Aggregation::Max})};
  const std::vector<double> above{5, 2, 0};
  const auto plan = plan_lookout(signals, above);
  const auto queries = joined_plan(plan);
  ASSERT_THAT(queries, SizeIs(1));
  EXPECT_THAT(
      queries[0].promql,
      HasSubstr(
          R"(label_replace(sum by (namespace, queue) (depth{namespace=~"bank|shop",queue=~"a|b"}))"
          R"( > 2, "poolscaler_part", ")"));
  EXPECT_THAT(queries[0].promql, HasSubstr(R"(max by (namespace) (jobs{namespace="shop"}) > 0)"));
  EXPECT_TRUE(recognise_parts(queries[0].promql));
}

TEST(LookoutPlan, ASinglePartIsAskedAsItIs) {
  const std::vector<SignalQuery> signals{depth_of("shop", "a")};
  const std::vector<double> above{-1.5};
  const auto plan = plan_lookout(signals, above);
  const auto queries = joined_plan(plan);
  ASSERT_THAT(queries, SizeIs(1));
  EXPECT_EQ(queries[0].promql,
            R"(sum by (namespace, queue) (depth{namespace="shop",queue="a"}) > -1.5)");
}

TEST(LookoutPlan, ComparesEachSignalWithItsOwnValueStrictly) {
  const std::vector<SignalQuery> signals(4, depth_of("shop", "a"));
  const std::vector<double> above{4.5, 5, -3, std::numeric_limits<double>::infinity()};
  const auto store_with = [](double value) {
    return std::vector<Series>{
        series({{"__name__", "depth"}, {"namespace", "shop"}, {"queue", "a"}}, value)};
  };
  EXPECT_THAT(sighted_in(store_with(5), signals, above), ElementsAre(0, 2));
  EXPECT_THAT(sighted_in(store_with(5.1), signals, above), ElementsAre(0, 1, 2));
  EXPECT_THAT(sighted_in(store_with(-3), signals, above), IsEmpty());
  EXPECT_THAT(sighted_in(store_with(std::nan("")), signals, above), IsEmpty());
  EXPECT_THAT(sighted_in(store_with(std::numeric_limits<double>::infinity()), signals, above),
              IsEmpty())
      << "its reading is not a number";
}

TEST(LookoutPlan, ATenantsOwnQueryIsNeverJoined) {
  const std::vector<SignalQuery> signals{depth_of("shop", "a"), raw("bank", "up or vector(9)"),
                                         signal("shop", {.metric = "jobs"}),
                                         raw("shop", "up or vector(9)")};
  const std::vector<double> above(4, 8);
  const auto plan = plan_lookout(signals, above);
  const auto queries = joined_plan(plan);
  ASSERT_THAT(queries, SizeIs(2));
  const auto& theirs = queries[0].part_label.empty() ? queries[0] : queries[1];
  EXPECT_EQ(theirs.promql, "up or vector(9)");
  EXPECT_EQ(plan[theirs.parts.front()].tenant, "bank");
  std::vector<std::size_t> sighted;
  sight(plan, theirs, {.samples = {{.labels = {}, .time_seconds = 1, .value = 9}}}, sighted);
  EXPECT_THAT(sighted, UnorderedElementsAre(1, 3));
}

TEST(LookoutPlan, JoinsNoMoreThanTheBytesOfAQueryAndNoTwoSources) {
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 3000; ++i) {
    signals.push_back(signal(fmt::format("team-{}", i % 10),
                             {.metric = fmt::format("depth_{}", i % 7),
                              .matchers = {equal("model", fmt::format("model-number-{}", i))}}));
    if (i % 3 == 0) signals.back().source = "other";
  }
  const std::vector<double> above(signals.size(), 0);
  const auto plan = plan_lookout(signals, above);
  std::set<std::size_t> parts;
  for (const auto& query : joined_plan(plan)) {
    EXPECT_LE(query.promql.size(), query_bytes_max);
    EXPECT_TRUE(recognise_parts(query.promql));
    for (const auto part : query.parts) {
      EXPECT_EQ(plan[part].source, query.source);
      EXPECT_TRUE(parts.insert(part).second);
    }
  }
  EXPECT_EQ(parts.size(), plan.size());
  std::vector<std::size_t> everyone;
  for (const auto& part : plan) sight_all(part, everyone);
  EXPECT_THAT(std::set<std::size_t>(everyone.begin(), everyone.end()), SizeIs(signals.size()));
  EXPECT_THAT(everyone, SizeIs(signals.size()));
}

TEST(LookoutPlan, LeavesOutWhatCannotBeSaid) {
  const std::vector<SignalQuery> signals{signal("shop", {.metric = "not a name"}),
                                         raw("shop", ""), depth_of("shop", "a")};
  const std::vector<double> above(3, 0);
  const auto plan = plan_lookout(signals, above);
  ASSERT_THAT(plan, SizeIs(1));
  EXPECT_EQ(plan[0].seats.front().signal, 2U);
  EXPECT_THAT(plan_lookout({}, {}), SizeIs(0));
}

TEST(LookoutPlan, WhatTheServerMadeUpSightsNobody) {
  const std::vector<SignalQuery> signals{depth_of("shop", "a"), signal("shop", {.metric = "jobs"})};
  const std::vector<double> above(2, 0);
  const auto plan = plan_lookout(signals, above);
  const auto query = joined_plan(plan).front();
  std::vector<std::size_t> sighted;
  for (const std::string part : {"2", "-1", "", "x", "0x", "99999999999999999999"})
    sight(plan, query,
          {.samples = {{.labels = {{"namespace", "shop"}, {"poolscaler_part", part}},
                        .time_seconds = 1,
                        .value = 9}}},
          sighted);
  EXPECT_THAT(sighted, IsEmpty());
}

// The law: whoever's own reading would wake is sighted, whatever else is asked with it.

std::string any_value() { return *rc::gen::element<std::string>("", "a", "b", "a.b"); }

RC_GTEST_PROP(LookoutPlan, SightsWhoeverIsUsableAndAbove, ()) {
  std::vector<Series> store;
  for (int n = *rc::gen::inRange(0, 40); n > 0; --n) {
    store.push_back(series({{"__name__", *rc::gen::element<std::string>("depth", "jobs:total")}},
                           *rc::gen::element(0.0, -0.0, 1.0, 2.5, -3.0, std::nan(""), 1e300),
                           *rc::gen::element(0, 5, 119, 121, 300, 301)));
    for (const std::string label : {"namespace", "queue", "pod"})
      if (auto value = any_value(); !value.empty()) store.back().labels[label] = std::move(value);
  }
  std::vector<SignalQuery> signals;
  std::vector<double> above;
  for (int n = *rc::gen::inRange(1, 40); n > 0; --n) {
    MetricSelector selector{.metric = *rc::gen::element<std::string>("depth", "jobs:total")};
    for (int m = *rc::gen::inRange(0, 3); m > 0; --m)
      selector.matchers.push_back(
          equal(*rc::gen::element<std::string>("queue", "pod", "namespace"), any_value()));
    selector.aggregation = *rc::gen::element(Aggregation::Sum, Aggregation::Avg, Aggregation::Max,
                                             Aggregation::Min);
    signals.push_back(signal(*rc::gen::element<std::string>("a", "b", "a.b"), std::move(selector),
                             *rc::gen::element(10, 120)));
    above.push_back(*rc::gen::element(0.0, 1.0, 2.0, -5.0, 0.5));
  }
  const auto sighted = sighted_in(store, signals, above);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const auto reading = testing::meaning(store, signals[i]);
    const bool wakes = is_usable(reading.state) && reading.value > above[i];
    const bool is_sighted = std::ranges::binary_search(sighted, i);
    if (wakes) RC_ASSERT(is_sighted);
    // Beyond those only samples that are too old are worth a look.
    if (is_sighted && !wakes) RC_ASSERT(reading.state == SignalState::Stale);
  }
}

}  // namespace
}  // namespace poolscaler::query
