// The sandbox's metric store and the real Prometheus get the same samples and the same queries, as
// the planner renders them, and must give the same answers: status, series, values, times. Label
// sets, samples, gaps, stale markers and queries are random; the seed is printed, and taken from
// POOLSCALER_SEED.
#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "poolscaler/base/text.hpp"
#include "poolscaler/query/rendered.hpp"
#include "poolscaler/simulation/metric_store.hpp"
#include "support/process.hpp"
#include "support/prometheus_process.hpp"
#include "support/raw_http.hpp"
#include "support/virtual_clock.hpp"

namespace poolscaler::contract {
namespace {

using nlohmann::json;
using query::RenderedQuery;

const Instant base{Seconds(1'700'000'000)};
constexpr Millis span{Seconds(2000)};  // less than the hour that Prometheus takes samples back

using rig::WrittenPrometheus;
using rig::WrittenSample;
using rig::WrittenSeries;

rig::RawResponse ask(const WrittenPrometheus& prometheus, const ServerRequest& request) {
  std::string target = percent_encoded(request.path);
  for (auto at = target.find("%2F"); at != std::string::npos; at = target.find("%2F"))
    target.replace(at, 3, "/");
  if (!request.query.empty()) target += "?" + request.query;
  return rig::exchange(prometheus.endpoint(), {.method = request.method,
                                               .target = target,
                                               .headers = request.headers,
                                               .body = request.body});
}

/// Random choices; one seed, one run.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  int roll(int from, int to) { return std::uniform_int_distribution<int>(from, to)(engine_); }
  bool one_in(int n) { return roll(1, n) == 1; }
  template <class T>
  const T& any_of(const std::vector<T>& items) {
    return items[static_cast<std::size_t>(roll(0, static_cast<int>(items.size()) - 1))];
  }

 private:
  std::mt19937_64 engine_;
};

const std::vector<std::string> label_names = {"namespace", "queue", "zone"};
const std::vector<std::string> label_values = {
    "a", "b", "aa", "shop", "a.b", "a|b", "say \"x\"", "back\\slash", "two\nlines", "tab\there",
    "\x01", "gr\xc3\xbc\xc3\x9f", "(", "+", "$^", "x{1}", "-"};
const std::vector<std::string> expressions = {".*", ".+",    "a.*",   "[a-c]+", "(?:a|shop)",
                                              "",   "a?b?",  "a{1,2}", "[^a]+",  "a|", "s\\w+"};

double any_value(Dice& dice, bool is_counter, double before) {
  if (is_counter) return dice.one_in(12) ? dice.roll(0, 5) : before + dice.roll(0, 400) / 8.0;
  if (dice.one_in(60)) return std::numeric_limits<double>::quiet_NaN();
  if (dice.one_in(120)) return std::numeric_limits<double>::infinity();
  if (dice.one_in(120)) return -std::numeric_limits<double>::infinity();
  if (dice.one_in(80)) return 1e300;
  if (dice.one_in(20)) return 0;
  return dice.roll(-4000, 40'000) / 7.0;
}

std::vector<WrittenSample> any_samples(Dice& dice, bool is_counter) {
  std::vector<WrittenSample> samples;
  const int step = dice.any_of(std::vector<int>{1000, 5000, 15'000, 60'000});
  Instant at = base + Millis(dice.roll(0, 900'000));
  double value = 0;
  while (at < base + span) {
    const bool ends = !samples.empty() && !samples.back().is_stale_marker && dice.one_in(50);
    value = any_value(dice, is_counter, value);
    samples.push_back({.at = at, .value = value, .is_stale_marker = ends});
    at += Millis(step) + Millis(dice.one_in(3) ? dice.roll(0, step / 3) : 0);
    if (dice.one_in(60)) at += Millis(dice.roll(0, 420'000));
  }
  return samples;
}

std::vector<WrittenSeries> any_series(Dice& dice, const std::string& metric, bool is_counter) {
  std::map<std::map<std::string, std::string>, WrittenSeries> series;
  const int count = dice.roll(5, 30);
  for (int i = 0; i < count; ++i) {
    std::map<std::string, std::string> labels = {{"__name__", metric}};
    for (const auto& name : label_names)
      if (!dice.one_in(5)) labels[name] = dice.any_of(label_values);
    series[labels] = {.labels = labels, .samples = any_samples(dice, is_counter)};
  }
  std::vector<WrittenSeries> out;
  for (auto& [labels, one] : series) out.push_back(std::move(one));
  return out;
}

Matcher any_matcher(Dice& dice) {
  const auto op = static_cast<MatchOperator>(dice.roll(0, 3));
  Matcher matcher{.label = dice.any_of(label_names), .op = op, .value = {}};
  if (op == MatchOperator::Equal || op == MatchOperator::NotEqual) {
    matcher.value = dice.one_in(6) ? "" : dice.any_of(label_values);
  } else if (dice.one_in(2)) {
    matcher.value = dice.any_of(expressions);
  } else {
    const int words = dice.roll(1, 8);
    for (int i = 0; i < words; ++i)
      matcher.value += (i == 0 ? "" : "|") + query::regex_literal(dice.any_of(label_values));
  }
  return matcher;
}

RenderedQuery any_query(Dice& dice, const std::string& metric) {
  RenderedQuery query{.group_labels = {dice.any_of(label_names)}, .metric = metric, .matchers = {}};
  if (dice.one_in(2)) query.group_labels.push_back(dice.any_of(label_names));
  if (dice.one_in(4)) query.other_names = {metric == "depth" ? "waiting" : "depth"};
  const int matchers = dice.roll(1, 2);
  for (int i = 0; i < matchers; ++i) query.matchers.push_back(any_matcher(dice));
  if (dice.one_in(5)) {
    query.asks = query::Asks::OldestTimestamp;
    query.aggregation = Aggregation::Min;
    return query;
  }
  query.aggregation = static_cast<Aggregation>(dice.roll(0, 3));
  query.range_function = static_cast<RangeFunction>(dice.roll(0, 5));
  if (query.range_function != RangeFunction::None)
    query.window_seconds = dice.any_of(std::vector<int>{1, 2, 15, 30, 60, 61, 300, 1800});
  return query;
}

/// One query, or several at once, bounded or not.
std::vector<query::RenderedPart> any_parts(Dice& dice, const std::string& metric) {
  std::vector<query::RenderedPart> parts;
  const int count = dice.one_in(2) ? 1 : dice.roll(2, 4);
  for (int i = 0; i < count; ++i) {
    parts.push_back({.query = any_query(dice, metric)});
    if (dice.one_in(3))
      parts.back().above = dice.any_of(std::vector<double>{0, -100, 12.5, 1e3, 1e21});
  }
  return parts;
}

/// Often exactly where something begins or ends to be seen.
Instant any_time(Dice& dice, const std::vector<WrittenSeries>& series, int window_seconds) {
  if (dice.one_in(3)) return base + Millis(dice.roll(-1000, 3'000'000));
  const Instant at = dice.any_of(dice.any_of(series).samples).at;
  const Millis edge = Seconds(window_seconds == 0 ? 300 : window_seconds);
  return dice.any_of(std::vector<Instant>{at, at - Millis(1), at + Millis(1), at + edge,
                                          at + edge + Millis(1), at + edge - Millis(1)});
}

/// Two programs may add up the same numbers in another order.
bool same_number(const std::string& one, const std::string& other) {
  const double a = std::stod(one);
  const double b = std::stod(other);
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}

std::map<std::string, json> by_labels(const json& answer) {
  std::map<std::string, json> series;
  for (const auto& one : answer["data"]["result"]) series[one["metric"].dump()] = one["value"];
  return series;
}

/// Every point of every series as a series of its own, so that ranges are compared as instants are.
json as_instants(const json& answer) {
  json instants = answer;
  instants["data"]["result"] = json::array();
  for (const auto& series : answer["data"]["result"])
    for (const auto& point : series["values"]) {
      auto labels = series["metric"];
      labels["at"] = point[0].dump();
      instants["data"]["result"].push_back({{"metric", labels}, {"value", point}});
    }
  return instants;
}

/// Empty when both say the same.
std::string difference(const std::string& real_body, const std::string& own_body) {
  const auto real_answer = json::parse(real_body);
  const auto own_answer = json::parse(own_body);
  const auto real = by_labels(real_answer);
  const auto own = by_labels(own_answer);
  if (real_answer["status"] != own_answer["status"] || real.size() != own.size())
    return "other series";
  for (const auto& [labels, value] : real) {
    const auto found = own.find(labels);
    if (found == own.end()) return labels + " is missing";
    if (value[0] != found->second[0]) return labels + " has another time";
    if (!same_number(value[1], found->second[1])) return labels + " has another value";
  }
  return {};
}

ServerRequest query_request(const std::string& promql, const std::string& more) {
  return {.method = "POST",
          .path = "/api/v1/query",
          .headers = {{"content-type", "application/x-www-form-urlencoded"}},
          .body = "query=" + percent_encoded(promql) + more};
}

ServerRequest range_request(const std::string& promql, const std::string& more) {
  auto request = query_request(promql, more);
  request.path = "/api/v1/query_range";
  return request;
}

class MetricStoreContract : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (WrittenPrometheus::why_unavailable().empty())
      prometheus_ = std::make_unique<WrittenPrometheus>();
  }
  static void TearDownTestSuite() { prometheus_.reset(); }

  void SetUp() override {
    if (prometheus_) return;
    std::cerr << "SKIPPED: " << WrittenPrometheus::why_unavailable() << '\n';
    GTEST_SKIP() << WrittenPrometheus::why_unavailable();
  }

  /// The same samples to both, to the store in order of time as it would see them.
  void write(const std::vector<WrittenSeries>& series) {
    prometheus_->write(series);
    std::multimap<Instant, std::pair<const WrittenSeries*, WrittenSample>> events;
    for (const auto& one : series)
      for (const auto& sample : one.samples) events.emplace(sample.at, std::pair(&one, sample));
    for (const auto& [at, event] : events) {
      const auto& [one, sample] = event;
      if (at > clock_.now()) clock_.advance(at - clock_.now());
      if (sample.is_stale_marker)
        store_.drop(one->labels);
      else
        store_.put(one->labels, at, sample.value);
    }
  }

  static std::unique_ptr<WrittenPrometheus> prometheus_;
  testing::VirtualClock clock_{base};
  simulation::MetricStore store_{clock_};
};
std::unique_ptr<WrittenPrometheus> MetricStoreContract::prometheus_;

TEST_F(MetricStoreContract, AnswersRenderedQueriesAsPrometheusDoes) {
  const auto given = rig::environment("POOLSCALER_SEED");
  const std::uint64_t seed = given.empty() ? 20'260'101 : std::stoull(given);
  std::cout << "seed " << seed << '\n';
  Dice dice(seed);
  int with_series = 0;
  for (const std::string metric : {"depth", "waiting", "jobs_total", "tokens:sum"}) {
    clock_.advance(base - clock_.now());
    const auto series = any_series(dice, metric, metric == "jobs_total");
    write(series);
    for (int i = 0; i < 400 && !HasFailure(); ++i) {
      const auto query = any_parts(dice, metric);
      const auto at =
          any_time(dice, series, query.front().query.window_seconds).time_since_epoch().count();
      const auto request = query_request(
          query::render(query), "&time=" + std::to_string(at / 1000) + "." +
                                    std::to_string(1000 + at % 1000).substr(1));
      const auto real = ask(*prometheus_, request);
      const auto own = store_.handle(request);
      ASSERT_EQ(real.status, 200) << query::render(query) << '\n' << real.body;
      ASSERT_EQ(own.status, 200) << query::render(query) << '\n' << own.body;
      EXPECT_EQ(difference(real.body, own.body), "")
          << "seed " << seed << ", at " << at << ": " << query::render(query) << "\nreal "
          << real.body << "\nown  " << own.body;
      if (own.body.find("metric") != std::string::npos) ++with_series;
    }
  }
  EXPECT_GT(with_series, 400) << "too few queries found anything to compare";
}

TEST_F(MetricStoreContract, AnswersRangesAsPrometheusDoes) {
  const auto given = rig::environment("POOLSCALER_SEED");
  const std::uint64_t seed = given.empty() ? 20'260'102 : std::stoull(given);
  std::cout << "seed " << seed << '\n';
  Dice dice(seed);
  std::size_t points = 0;
  const std::string metric = "ranged";
  const auto series = any_series(dice, metric, false);
  write(series);
  for (int i = 0; i < 100 && !HasFailure(); ++i) {
    auto query = any_query(dice, metric);
    query.other_names.clear();  // which other tests have written
    const auto from = any_time(dice, series, query.window_seconds);
    const auto step = dice.any_of(std::vector<int>{1, 15, 60, 120, 3600});
    const auto to = from + Millis(dice.roll(0, 2'000'000));
    const auto text = [](Instant at) {
      const auto millis = at.time_since_epoch().count();
      return std::to_string(millis / 1000) + "." + std::to_string(1000 + millis % 1000).substr(1);
    };
    const auto request =
        range_request(query::render(query),
                      "&start=" + text(from) + "&end=" + text(to) + "&step=" +
                          std::to_string(step));
    const auto real = ask(*prometheus_, request);
    const auto own = store_.handle(request);
    ASSERT_EQ(real.status, 200) << request.body << '\n' << real.body;
    ASSERT_EQ(own.status, 200) << request.body << '\n' << own.body;
    const auto real_points = as_instants(json::parse(real.body));
    EXPECT_EQ(difference(real_points.dump(), as_instants(json::parse(own.body)).dump()), "")
        << "seed " << seed << ": " << request.body;
    points += real_points["data"]["result"].size();
  }
  EXPECT_GT(points, 1000U) << "too few queries found anything to compare";
}

TEST_F(MetricStoreContract, RefusesBadParametersAsPrometheusDoes) {
  const std::string good = R"(sum by (namespace) (depth{namespace="a"}))";
  const std::map<std::string, std::string> form = {
      {"content-type", "application/x-www-form-urlencoded"}};
  const std::vector<ServerRequest> requests = {
      query_request("", ""),
      query_request("sum(", ""),
      query_request(good, "&time=zz"),
      query_request(good, "&time=2026-13-01T00:00:00Z"),
      query_request(good, "&timeout=zz"),
      query_request(good, "&timeout=0"),
      query_request(good, "&time=&timeout="),
      query_request(good, "&time=1.5&timeout=1m30s"),
      query_request(good, "&time=2023-11-14T22:13:20.5Z&timeout=2.5"),
      query_request(good, "&timeout=1m5"),
      {.method = "POST", .path = "/api/v1/query", .query = "query=sum(", .headers = form},
      {.method = "POST", .path = "/api/v1/query", .headers = form, .body = "query=%zz"},
      {.method = "POST",
       .path = "/api/v1/query",
       .headers = {{"content-type", "text/plain"}},
       .body = "query=" + percent_encoded(good)},
      {.method = "GET", .path = "/api/v1/query", .query = "query=" + percent_encoded(good)},
      {.method = "GET", .path = "/api/v1/query"},
      {.method = "DELETE", .path = "/api/v1/query"},
      range_request(good, "&start=zz&end=1&step=1"),
      range_request(good, "&start=1&end=zz&step=1"),
      range_request(good, "&start=2&end=1&step=1"),
      range_request(good, "&start=1&end=2&step=zz"),
      range_request(good, "&start=1&end=2&step=0"),
      range_request(good, "&start=1&end=2"),
      range_request(good, "&start=0&end=11001&step=1"),
      range_request(good, "&start=0&end=11000&step=1"),
      range_request(good, "&start=0&end=60&step=1m"),
      range_request("sum(", "&start=0&end=60&step=15"),
      {.method = "DELETE", .path = "/api/v1/query_range"},
      {.method = "GET", .path = "/-/ready"},
      {.method = "GET", .path = "/-/healthy"},
      {.method = "POST", .path = "/-/healthy"},
      {.method = "GET", .path = "/api/v1/nothing"},
  };
  for (const auto& request : requests) {
    const auto real = ask(*prometheus_, request);
    const auto own = store_.handle(request);
    const auto what = request.method + " " + request.path + "?" + request.query + " " +
                      request.body + "\nreal " + real.body + "\nown  " + own.body;
    EXPECT_EQ(own.status, real.status) << what;
    const auto type = real.headers.find("content-type");
    ASSERT_NE(type, real.headers.end()) << what;
    EXPECT_EQ(own.content_type, type->second) << what;
    if (own.content_type == "application/json") {
      EXPECT_EQ(json::parse(own.body).value("errorType", ""),
                json::parse(real.body).value("errorType", ""))
          << what;
    } else {
      EXPECT_EQ(json(own.body), json(real.body)) << what;
    }
  }
}

TEST_F(MetricStoreContract, TellsItsBuildInTheSameForm) {
  const ServerRequest request{.method = "GET", .path = "/api/v1/status/buildinfo"};
  const auto real = json::parse(ask(*prometheus_, request).body);
  const auto own = json::parse(store_.handle(request).body);
  for (const auto& [name, value] : real["data"].items())
    EXPECT_TRUE(own["data"].contains(name)) << name;
  EXPECT_EQ(real["data"].size(), own["data"].size());
}

}  // namespace
}  // namespace poolscaler::contract
