#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "builders.hpp"

namespace poolscaler::query {
namespace {

using ::testing::HasSubstr;
using testing::depth_of;
using testing::equal;
using testing::query_time;
using testing::raw;
using testing::Series;
using testing::signal;

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

QueryAnswer one(double value, double time_seconds = query_time) {
  return {.samples = {{.labels = {{"namespace", "shop"}, {"queue", "a"}},
                       .time_seconds = time_seconds,
                       .value = value}}};
}

/// The reading of queue a of shop, with a sample that is 5 s old unless said otherwise.
SignalReading read(const QueryAnswer& values, const QueryAnswer& ages = one(query_time - 5)) {
  const std::vector<SignalQuery> signals{depth_of("shop", "a")};
  return split(testing::apart(plan(signals).front()), signals.front(), values, ages);
}

TEST(Split, GivesValueAndAge) {
  const auto reading = read(one(7));
  EXPECT_EQ(reading.state, SignalState::Value);
  EXPECT_EQ(reading.value, 7);
  EXPECT_EQ(reading.age_seconds, 5);
  EXPECT_EQ(reading.detail, "");
}

TEST(Split, FindsValueAndAgeInOneAnswer) {
  const std::vector<SignalQuery> signals{depth_of("shop", "a")};
  QueryAnswer both = one(7);
  both.samples.push_back(one(query_time - 5).samples.front());
  both.samples[0].labels["poolscaler_part"] = "0";
  both.samples[1].labels["poolscaler_part"] = "1";
  const auto planned = plan(signals).front();
  const auto reading = split(planned, signals.front(), both, {.samples = {}});
  EXPECT_EQ(reading.value, 7);
  EXPECT_EQ(reading.age_seconds, 5);
  both.warnings = {"w"};
  EXPECT_EQ(split(planned, signals.front(), both, {.samples = {}}).state, SignalState::Partial);
  both.error = "no answer";
  EXPECT_EQ(split(planned, signals.front(), both, {.samples = {}}).detail, "no answer");
}

TEST(Split, TellsZeroAndMinusZeroAsZero) {
  for (const double zero : {0.0, -0.0}) {
    const auto reading = read(one(zero));
    EXPECT_EQ(reading.state, SignalState::Zero);
    EXPECT_FALSE(std::signbit(reading.value));
  }
}

TEST(Split, TellsNoSeriesFromZero) {
  EXPECT_EQ(read({.samples = {}}).state, SignalState::Absent);
  QueryAnswer other = one(3);
  other.samples[0].labels["namespace"] = "bank";
  EXPECT_EQ(read(other).state, SignalState::Absent);
}

TEST(Split, TellsNotANumber) {
  for (const double value : {nan_value, infinity, -infinity})
    EXPECT_EQ(read(one(value)).state, SignalState::NotANumber);
}

TEST(Split, TellsStaleBeyondTheMaximumAge) {
  EXPECT_EQ(read(one(1), one(query_time - 120)).state, SignalState::Value);
  const auto reading = read(one(0), one(query_time - 121));
  EXPECT_EQ(reading.state, SignalState::Stale);
  EXPECT_EQ(reading.age_seconds, 121);
  EXPECT_THAT(reading.detail, HasSubstr("121 s old, at most 120"));
}

TEST(Split, IsNotFooledByClocksThatDiffer) {
  // The server's own clock is in both numbers; ours is in none. A sample of the future is new.
  EXPECT_EQ(read(one(1, 5), one(query_time - 5, query_time)).age_seconds, 5);
  EXPECT_EQ(read(one(1), one(query_time + 30)).age_seconds, 0);
}

TEST(Split, ATimeThatIsNoneIsUnreadableAndNotFresh) {
  for (const double time : {nan_value, infinity, -infinity, query_time + 301, query_time * 1000}) {
    const auto reading = read(one(7), one(time));
    EXPECT_EQ(reading.state, SignalState::Error) << time;
    EXPECT_THAT(reading.detail, HasSubstr("the age of the samples: "));
    EXPECT_FALSE(reading.age_seconds);
  }
  for (const double clock : {nan_value, infinity, 0.0})
    EXPECT_EQ(read(one(7), one(query_time - 5, clock)).state, SignalState::Error) << clock;
}

TEST(Split, TellsPartialForWarningsAndSeveralSeries) {
  QueryAnswer warned = one(1);
  warned.warnings = {"store 'b' did not answer"};
  EXPECT_EQ(read(warned).state, SignalState::Partial);
  EXPECT_THAT(read(warned).detail, HasSubstr("store 'b' did not answer"));
  EXPECT_EQ(read({.samples = {}, .warnings = {"x"}}).state, SignalState::Partial);
  EXPECT_EQ(read(one(1), warned).state, SignalState::Partial);
  QueryAnswer twice = one(1);
  twice.samples.push_back(twice.samples.front());
  twice.samples.back().labels["replica"] = "b";
  EXPECT_EQ(read(twice).state, SignalState::Partial);
}

TEST(Split, TellsErrors) {
  EXPECT_EQ(read({.samples = {}, .error = "no answer"}).detail, "no answer");
  EXPECT_EQ(read({.samples = {}, .error = "x"}).state, SignalState::Error);
  EXPECT_EQ(read(one(1), {.samples = {}, .error = "no answer"}).state, SignalState::Error);
  const auto reading = read({.samples = {}, .error = std::string(5000, '\n')});
  EXPECT_LE(reading.detail.size(), detail_bytes_max);
  EXPECT_EQ(reading.detail.find('\n'), std::string::npos);
}

TEST(Split, AValueWithoutASampleWithinTheLookbackIsStaleUnlessItsWindowIsFresh) {
  const auto of = [](int window, int max_age) {
    const auto function = window == 0 ? RangeFunction::None : RangeFunction::Rate;
    const std::vector<SignalQuery> signals{signal("shop",
                                                  {.metric = "depth",
                                                   .matchers = {equal("queue", "a")},
                                                   .range_function = function,
                                                   .window_seconds = window},
                                                  max_age)};
    const auto planned = testing::apart(plan(signals).front());
    return split(planned, signals.front(), one(3), {.samples = {}}).state;
  };
  EXPECT_EQ(of(600, 120), SignalState::Stale);
  EXPECT_EQ(of(600, 599), SignalState::Stale);
  EXPECT_EQ(of(600, 600), SignalState::Value);
  EXPECT_EQ(of(0, 600), SignalState::Stale);
}

TEST(Split, ReadsRawQueriesAsOneNumber) {
  const std::vector<SignalQuery> signals{raw("shop", "vector(1)")};
  const auto planned = plan(signals).front();
  const auto reading = [&](const QueryAnswer& answer) {
    return split(planned, signals.front(), answer, {.samples = {}});
  };
  EXPECT_EQ(reading({.samples = {}}).state, SignalState::Absent);
  EXPECT_EQ(reading(one(4)).value, 4);
  EXPECT_EQ(reading(one(4)).age_seconds, std::nullopt);
  QueryAnswer two = one(4);
  two.samples.push_back(two.samples.front());
  EXPECT_EQ(reading(two).state, SignalState::Partial);
}

// The law: what a shared answer gives is what the signal means alone.

std::string any_value() { return *rc::gen::element<std::string>("", "a", "b", "a.b", "c|d", "\\"); }

Series any_series() {
  Series series{.labels = {{"__name__", *rc::gen::element<std::string>("depth", "jobs:total")}},
                .value = *rc::gen::element(0.0, -0.0, 1.0, 2.5, -3.0, nan_value, infinity, 1e300),
                .time_seconds = query_time - *rc::gen::element(0, 5, 119, 120, 121, 300, 301, 700)};
  for (const std::string label : {"namespace", "queue", "pod"})
    if (auto value = any_value(); !value.empty()) series.labels[label] = std::move(value);
  return series;
}

SignalQuery any_signal() {
  MetricSelector selector{.metric = *rc::gen::element<std::string>("depth", "jobs:total")};
  const int matchers = *rc::gen::inRange(0, 4);
  for (int i = 0; i < matchers; ++i) {
    const auto op = *rc::gen::weightedElement<MatchOperator>({{6, MatchOperator::Equal},
                                                              {1, MatchOperator::NotEqual},
                                                              {1, MatchOperator::Regex},
                                                              {1, MatchOperator::NotRegex}});
    const bool expression = op == MatchOperator::Regex || op == MatchOperator::NotRegex;
    selector.matchers.push_back(
        {.label = *rc::gen::element<std::string>("queue", "pod", "namespace"),
         .op = op,
         .value = expression ? *rc::gen::element<std::string>("", "a.*", "a|b", "a\\.b", ".+")
                             : any_value()});
  }
  selector.aggregation = *rc::gen::element(Aggregation::Sum, Aggregation::Avg, Aggregation::Max,
                                           Aggregation::Min);
  if (*rc::gen::arbitrary<bool>()) {
    selector.range_function = RangeFunction::MaxOverTime;
    selector.window_seconds = *rc::gen::element(60, 300, 600);
  }
  return signal(*rc::gen::element<std::string>("a", "b", "a.b"), std::move(selector),
                *rc::gen::element(10, 120, 600));
}

RC_GTEST_PROP(SharedAnswer, EqualsTheMeaningOfTheSignalAlone, ()) {
  std::vector<Series> store;
  for (int n = *rc::gen::inRange(0, 40); n > 0; --n) store.push_back(any_series());
  std::vector<SignalQuery> signals;
  for (int n = *rc::gen::inRange(1, 40); n > 0; --n) signals.push_back(any_signal());

  std::size_t answered = 0;
  const bool ages_apart = *rc::gen::arbitrary<bool>();
  for (const auto& planned_together : plan(signals)) {
    const auto planned = ages_apart ? testing::apart(planned_together) : planned_together;
    const auto values = testing::answer(store, planned.promql);
    const auto ages = testing::answer(store, planned.age_promql);
    const SharedAnswer shared(planned, values, ages);
    for (const auto index : planned.waiting) {
      const auto reading = shared.reading(signals[index]);
      const auto expected = testing::meaning(store, signals[index]);
      RC_LOG() << planned.promql << ": " << reading.detail;
      RC_ASSERT(name_of(reading.state) == name_of(expected.state));
      RC_ASSERT(reading.value == expected.value);
      RC_ASSERT(reading.age_seconds == expected.age_seconds);
      ++answered;
    }
  }
  RC_ASSERT(answered == signals.size());
}

}  // namespace
}  // namespace poolscaler::query
