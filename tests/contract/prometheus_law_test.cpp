// The law of the query planner on a real Prometheus: what a signal reads out of a shared answer is
// what its own query reads, in value and in state.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "backfilled_prometheus.hpp"
#include "poolscaler/domain/regex_syntax.hpp"
#include "poolscaler/query/lookout_plan.hpp"
#include "poolscaler/query/planner.hpp"
#include "poolscaler/query/rendered.hpp"

namespace poolscaler::query {
namespace {

using rig::BackfilledPrometheus;
using rig::BackfilledSeries;

/// When all queries of this program are asked. In the past, so that blocks are complete.
constexpr std::int64_t query_time = 1'700'000'000;

const std::vector<std::string> namespaces{"shop", "bank", "a.b"};
const std::vector<std::string> values{"",   "a",    "b",   "a.b", "c|d",  "\\",      "\"q\"",
                                      "l\nm",
                                      "é",  "^a$",  "{}",  "a*",  "(a)",  "a,b=\"c", " ",     "A",
                                      "ab", "a\tb", "\x01", "[a]", "a+b", "namespace"};

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(below(static_cast<int>(choices.size())))];
  }

 private:
  std::mt19937 random_;
};

std::vector<BackfilledSeries> random_series(Dice& dice) {
  std::map<std::map<std::string, std::string>, BackfilledSeries> all;
  for (int i = 0; i < 250; ++i) {
    BackfilledSeries series;
    series.labels["__name__"] = dice.below(2) == 0 ? "depth" : "jobs:total";
    if (dice.below(10) != 0) series.labels["namespace"] = dice.one_of(namespaces);
    for (const auto* label : {"queue", "pod"})
      if (const auto& value = dice.one_of(values); !value.empty()) series.labels[label] = value;
    const std::int64_t age = dice.one_of<std::int64_t>({0, 5, 119, 120, 121, 299, 300, 301, 500});
    const int count = dice.one_of<int>({1, 2, 30});
    int counter = 0;
    for (int n = count - 1; n >= 0; --n) {
      counter = dice.below(10) == 0 ? 0 : counter + dice.below(5);
      std::string value = std::to_string(counter);
      if (dice.below(8) == 0)
        value = dice.one_of<std::string>({"NaN", "+Inf", "-Inf", "-0", "0.1"});
      series.points.emplace_back(query_time - age - 15 * n, value);
    }
    if (dice.below(4) == 0) series.points.back().second = "0";
    all.try_emplace(series.labels, series);
  }
  std::vector<BackfilledSeries> out;
  for (auto& [labels, series] : all) out.push_back(std::move(series));
  return out;
}

SignalQuery random_signal(Dice& dice) {
  MetricSelector selector{.metric = dice.below(2) == 0 ? "depth" : "jobs:total"};
  for (int n = dice.below(4); n > 0; --n) {
    Matcher matcher{.label = dice.one_of<std::string>({"queue", "pod", "queue", "namespace"}),
                    .op = MatchOperator::Equal,
                    .value = dice.one_of(values)};
    if (matcher.label == "namespace") matcher.value = dice.one_of(namespaces);
    if (dice.below(5) == 0) {
      matcher.op = dice.one_of<MatchOperator>(
          {MatchOperator::NotEqual, MatchOperator::Regex, MatchOperator::NotRegex});
      if (matcher.op != MatchOperator::NotEqual)
        matcher.value = dice.one_of<std::string>({"", ".*", ".+", "a|b", "a.*", "a\\.b", "[a-b]+"});
    }
    selector.matchers.push_back(std::move(matcher));
  }
  selector.aggregation = dice.one_of<Aggregation>(
      {Aggregation::Sum, Aggregation::Avg, Aggregation::Max, Aggregation::Min});
  selector.range_function = dice.one_of<RangeFunction>(
      {RangeFunction::None, RangeFunction::None, RangeFunction::Rate, RangeFunction::Increase,
       RangeFunction::AvgOverTime, RangeFunction::MaxOverTime, RangeFunction::MinOverTime});
  if (dice.below(3) == 0)
    selector.other_names = {selector.metric == "depth" ? "jobs:total" : "depth"};
  if (selector.range_function != RangeFunction::None)
    selector.window_seconds = dice.one_of<int>({60, 300, 600});
  return {.source = "main",
          .ns = dice.one_of(namespaces),
          .query = std::move(selector),
          .max_age_seconds = dice.one_of<int>({10, 120, 600})};
}

/// Go's own way to write any string, so that nothing of the renderer is trusted here.
std::string hex_quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return out += "\"";
}

std::string own_selector(const SignalQuery& signal, const std::string& name) {
  const auto& selector = std::get<MetricSelector>(signal.query);
  std::string text =
      fmt::format("{{__name__={},namespace={}", hex_quoted(name), hex_quoted(signal.ns));
  for (const auto& matcher : selector.matchers) {
    const std::map<MatchOperator, std::string> operators{{MatchOperator::Equal, "="},
                                                         {MatchOperator::NotEqual, "!="},
                                                         {MatchOperator::Regex, "=~"},
                                                         {MatchOperator::NotRegex, "!~"}};
    text += fmt::format(",{}{}{}", matcher.label, operators.at(matcher.op),
                        hex_quoted(matcher.value));
  }
  return text += "}";
}

/// The signal's own query, written without the planner, and its age.
std::pair<std::string, std::string> own_queries(const SignalQuery& signal) {
  const auto& selector = std::get<MetricSelector>(signal.query);
  const std::map<RangeFunction, std::string> functions{
      {RangeFunction::Rate, "rate"},
      {RangeFunction::Increase, "increase"},
      {RangeFunction::AvgOverTime, "avg_over_time"},
      {RangeFunction::MaxOverTime, "max_over_time"},
      {RangeFunction::MinOverTime, "min_over_time"}};
  const std::map<Aggregation, std::string> aggregations{{Aggregation::Sum, "sum"},
                                                        {Aggregation::Avg, "avg"},
                                                        {Aggregation::Max, "max"},
                                                        {Aggregation::Min, "min"}};
  std::vector<std::string> names{selector.metric};
  names.insert(names.end(), selector.other_names.begin(), selector.other_names.end());
  std::vector<std::string> series;
  std::vector<std::string> times;
  for (const auto& name : names) {
    const auto text = own_selector(signal, name);
    times.push_back(fmt::format("timestamp({})", text));
    series.push_back(selector.range_function == RangeFunction::None
                         ? text
                         : fmt::format("{}({}[{}s])", functions.at(selector.range_function), text,
                                       selector.window_seconds));
  }
  return {fmt::format("{}({})", aggregations.at(selector.aggregation),
                      fmt::join(series, " or ")),
          fmt::format("min({})", fmt::join(times, " or "))};
}

SignalReading own_reading(const BackfilledPrometheus& server, const SignalQuery& signal) {
  const auto [value_text, age_text] = own_queries(signal);
  const auto value = server.ask(value_text, query_time);
  const auto age = server.ask(age_text, query_time);
  EXPECT_FALSE(value.error) << value_text << ": " << value.error.value_or("");
  EXPECT_FALSE(age.error) << age_text << ": " << age.error.value_or("");
  const auto& selector = std::get<MetricSelector>(signal.query);
  SignalReading reading{.state = SignalState::Absent};
  if (value.samples.empty()) return reading;
  if (!age.samples.empty()) reading.age_seconds = query_time - age.samples.front().value;
  const bool is_fresh = reading.age_seconds
                            ? *reading.age_seconds <= signal.max_age_seconds
                            : selector.window_seconds > 0 &&
                                  selector.window_seconds <= signal.max_age_seconds;
  const double number = value.samples.front().value;
  if (!std::isfinite(number)) {
    reading.state = SignalState::NotANumber;
  } else if (!is_fresh) {
    reading.state = SignalState::Stale;
  } else {
    reading.state = number == 0 ? SignalState::Zero : SignalState::Value;
    reading.value = number;
  }
  return reading;
}

class PlannerLaw : public ::testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    if (const auto why = BackfilledPrometheus::why_unavailable(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_P(PlannerLaw, SharedAnswersEqualOwnAnswers) {
  Dice dice(GetParam());
  BackfilledPrometheus server(random_series(dice));
  server.start();
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 300; ++i) signals.push_back(random_signal(dice));

  std::map<std::string_view, int> states;
  std::size_t answered = 0;
  const auto queries = plan(signals);
  EXPECT_LT(queries.size(), signals.size());
  for (const auto& planned : queries) {
    ASSERT_FALSE(planned.refused) << *planned.refused;
    const auto answer = server.ask(planned.promql, query_time);
    EXPECT_EQ(planned.age_promql, "") << "both fit in one query";
    const QueryAnswer ages{.samples = {}};
    ASSERT_FALSE(answer.error) << planned.promql << ": " << *answer.error;
    const SharedAnswer shared(planned, answer, ages);
    for (const auto index : planned.waiting) {
      const auto reading = shared.reading(signals[index]);
      const auto own = own_reading(server, signals[index]);
      ++states[name_of(reading.state)];
      ++answered;
      EXPECT_EQ(name_of(reading.state), name_of(own.state))
          << planned.promql << " for " << own_queries(signals[index]).first;
      EXPECT_EQ(reading.value, own.value) << own_queries(signals[index]).first;
      EXPECT_EQ(reading.age_seconds, own.age_seconds) << own_queries(signals[index]).second;
    }
  }
  EXPECT_EQ(answered, signals.size());
  // The dice have met each state that a query over good data can have.
  for (const auto state : {SignalState::Value, SignalState::Zero, SignalState::Absent,
                           SignalState::NotANumber, SignalState::Stale})
    EXPECT_GT(states[name_of(state)], 0) << name_of(state);
}

/// Nobody who would wake is overlooked because of those who are asked with it.
TEST_P(PlannerLaw, ALookoutSightsWhoeverIsUsableAndAbove) {
  Dice dice(GetParam());
  BackfilledPrometheus server(random_series(dice));
  server.start();
  std::vector<SignalQuery> signals;
  std::vector<double> above;
  for (int i = 0; i < 300; ++i) {
    signals.push_back(random_signal(dice));
    above.push_back(dice.one_of<double>({0, 0, 1, -2, 0.1, 7, 1e20}));
  }
  const auto plan = plan_lookout(signals, above);
  std::vector<std::size_t> all(plan.size());
  std::iota(all.begin(), all.end(), 0U);
  const auto queries = join(plan, all);
  EXPECT_LT(queries.size() * 5, plan.size());
  std::vector<std::size_t> in_order;
  for (const auto& query : queries) {
    const auto answer = server.ask(query.promql, query_time);
    ASSERT_FALSE(answer.error) << query.promql << ": " << *answer.error;
    sight(plan, query, answer, in_order);
  }
  const std::set<std::size_t> sighted(in_order.begin(), in_order.end());
  int awake = 0;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const auto own = own_reading(server, signals[i]);
    const bool wakes = is_usable(own.state) && own.value > above[i];
    awake += wakes;
    const bool is_sighted = sighted.contains(i);
    EXPECT_TRUE(is_sighted || !wakes) << own_queries(signals[i]).first;
    // Beyond those only samples that are too old are worth a look.
    EXPECT_TRUE(!is_sighted || wakes || own.state == SignalState::Stale)
        << own_queries(signals[i]).first << " is " << name_of(own.state);
  }
  EXPECT_GT(awake, 10);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PlannerLaw, ::testing::Values(1U, 2U, 3U, 4U, 5U));

/// Answers of one server to many expressions, next to our own.
TEST(LabelPredicates, DecideExpressionsAsTheServerDoes) {
  if (const auto why = BackfilledPrometheus::why_unavailable(); !why.empty()) GTEST_SKIP() << why;
  std::vector<BackfilledSeries> series;
  for (const std::string value : {"a", "b", "ab", "ba", "aa", "aab", "abab", "1", "12", "a1", "a-b",
                                  "-", "]", "{", "a{1", "^", "$", ".", "\n", "a\nb", "é", "éa",
                                  " "})
    series.push_back({.labels = {{"__name__", "x"}, {"l", value}}, .points = {{query_time, "1"}}});
  BackfilledPrometheus server(series);
  server.start();
  const std::vector<std::string> pieces{
      "a", "b", "ab", "1", "é", ".", "(", ")", "(?:", "[", "]", "[^", "{", "}", "{1}", "{1,2}",
      "{0,}", ",", "*", "+", "?", "|", "^", "$", "-", "\\d", "\\w", "\\S", "\\.", "\\-", "\\n"};
  Dice dice(11);
  int decided = 0;
  for (int i = 0; i < 3000; ++i) {
    Matcher matcher{.label = "l", .op = MatchOperator::Regex, .value = {}};
    for (int n = 1 + dice.below(7); n > 0; --n) matcher.value += dice.one_of(pieces);
    const auto answer =
        server.ask(fmt::format("x{{l=~{}}}", hex_quoted(matcher.value)), query_time);
    const auto predicate = LabelPredicate::of(matcher);
    ASSERT_EQ(predicate.has_value(), !answer.error)
        << matcher.value << ": " << (predicate ? *answer.error : predicate.error().message);
    if (!predicate) continue;
    ++decided;
    std::set<std::string> theirs;
    for (const auto& sample : answer.samples) theirs.insert(sample.labels.at("l"));
    std::set<std::string> ours;
    for (const auto& one : series)
      if ((*predicate)(one.labels.at("l"))) ours.insert(one.labels.at("l"));
    ASSERT_EQ(ours, theirs) << matcher.value;
  }
  EXPECT_GT(decided, 300);
}

/// Among them what is written in other dialects, and pieces that only fit together at times.
const std::vector<std::string> regex_pieces{
    "a",       "é",    "1",      "-",     ".",       "(",      "(",      ")",     ")",
    "(?:",     "(?i)", "(?i-s:", "(?-)",  "(?=",     "(?!",    "(?<=",   "(?>",   "(?P<n>",
    "(?P<>",   "(?",   "[",      "[^",    "]",       "[]",     "[a-c",   "[z-a",  "[:alpha:]",
    "[:^d:]",  "|",    "*",      "+",     "?",       "{",      "}",      "{2}",   "{0}",
    "{3,}",    "{4,2}", "{,3}",  "{01}",  "{1000}",  "{1001}", "{25}",   "^",     "$",
    "\\",      "\\d", "\\W",   "\\b",   "\\A",     "\\z",    "\\Z",    "\\C",   "\\1",
    "\\8",     "\\0", "\\17",  "\\x41", "\\x4",    "\\x{41}", "\\x{",  "\\pL",  "\\pX",
    "\\p{Lu}", "\\P{^Greek}", "\\p{", "\\Q", "\\E",   "\\_",    "\\n",    "\\é",   ","};

TEST(RegexSyntax, RefusesJustWhatTheServerRefuses) {
  if (const auto why = BackfilledPrometheus::why_unavailable(); !why.empty()) GTEST_SKIP() << why;
  BackfilledPrometheus server({{.labels = {{"__name__", "x"}}, .points = {{query_time, "1"}}}});
  server.start();
  Dice dice(7);
  int refused = 0;
  constexpr int asked = 6000;
  for (int i = 0; i < asked; ++i) {
    std::string text;
    for (int n = 1 + dice.below(6); n > 0; --n) text += dice.one_of(regex_pieces);
    const auto answer = server.ask(fmt::format("x{{l=~{}}}", hex_quoted(text)), query_time);
    const auto fault = fault_of_regex(text);
    ASSERT_EQ(fault.has_value(), answer.error.has_value())
        << text << ": " << (fault ? fault->problem : answer.error.value_or("accepted"));
    refused += fault.has_value();
  }
  EXPECT_GT(refused, asked / 5);
  EXPECT_LT(refused, asked * 9 / 10);
}

TEST(PlannerNames, AreTakenByTheServersGrammar) {
  if (const auto why = BackfilledPrometheus::why_unavailable(); !why.empty()) GTEST_SKIP() << why;
  BackfilledPrometheus server({{.labels = {{"__name__", "x"}}, .points = {{query_time, "1"}}}});
  server.start();
  int taken = 0;
  for (const std::string word :
       {"sum", "avg", "min", "max", "count", "group", "stddev", "topk", "bottomk", "quantile",
        "count_values", "by", "without", "on", "ignoring", "group_left", "group_right", "bool",
        "offset", "and", "or", "unless", "atan2", "start", "end", "inf", "nan", "Inf", "NaN", "INF",
        "rate", "timestamp", "time", "vector", "at", "le", "true", "e5", "_", "x0", "h5m",
        "x1e5"}) {
    for (const auto& [metric, label] :
         {std::pair<std::string, std::string>{word, "queue"}, {"x", word}}) {
      if (!is_metric_name(metric) || !is_label_name(label)) continue;
      const std::vector<SignalQuery> signals{
          {.source = "main",
           .ns = "shop",
           .query = MetricSelector{.metric = metric,
                                   .matchers = {{label, MatchOperator::Equal, "a"}},
                                   .range_function = RangeFunction::Rate,
                                   .window_seconds = 60},
           .max_age_seconds = 120}};
      const auto planned = plan(signals).front();
      const auto answer = server.ask(planned.promql, query_time);
      EXPECT_FALSE(answer.error) << planned.promql << ": " << answer.error.value_or("");
      ++taken;
    }
  }
  EXPECT_GT(taken, 50);
}

}  // namespace
}  // namespace poolscaler::query
