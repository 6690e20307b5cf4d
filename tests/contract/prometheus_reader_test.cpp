// PrometheusReader against a real Prometheus: each state, each failure, and start and end of the
// server while it is asked.
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "backfilled_prometheus.hpp"
#include "poolscaler/adapters/http/transport.hpp"
#include "poolscaler/adapters/prometheus/reader.hpp"
#include "support/load_exporter.hpp"
#include "support/prometheus_server.hpp"

namespace poolscaler::adapters {
namespace {

using ::testing::HasSubstr;
using rig::eventually;
using rig::Ms;

SignalQuery depth(const std::string& queue, int max_age_seconds = 120) {
  return {.source = "main",
          .ns = "shop",
          .query = MetricSelector{.metric = "depth",
                                  .matchers = {{"queue", MatchOperator::Equal, queue}}},
          .max_age_seconds = max_age_seconds};
}

SignalQuery raw(const std::string& promql) {
  return {.source = "main", .ns = "shop", .query = RawQuery{promql}, .max_age_seconds = 120};
}

/// A reader of one source "main" at this server.
std::unique_ptr<PrometheusReader> reader_of(rig::Endpoint server, PrometheusOptions options = {}) {
  auto reader = std::make_unique<PrometheusReader>(
      [](const MetricSource& source) {
        return make_transport({.origin = address_of(source)->origin});
      },
      system_clock(), std::move(options));
  reader->use_sources({MetricSource{.name = "main",
                                    .url = fmt::format("http://127.0.0.1:{}", server.port),
                                    .raw_query_namespaces = {"*"}}});
  return reader;
}

SignalReading read(PrometheusReader& reader, const SignalQuery& signal) {
  return reader.read(std::vector<SignalQuery>{signal}, Ms{5000}, {}).front();
}

/// One server for all of its tests; each starts from the same gauges.
class LiveReader : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!rig::PrometheusServer::why_unavailable().empty()) return;
    exporter_ = std::make_unique<rig::LoadExporter>();
    server_ = std::make_unique<rig::PrometheusServer>(exporter_->port());
  }
  static void TearDownTestSuite() {
    server_.reset();
    exporter_.reset();
  }

  void SetUp() override {
    if (const auto why = rig::PrometheusServer::why_unavailable(); !why.empty())
      GTEST_SKIP() << why;
    exporter_->answer(200);
    exporter_->set("depth", R"(namespace="shop",queue="full")", 42);
    exporter_->set("depth", R"(namespace="shop",queue="empty")", 0);
    exporter_->set_text("depth", R"(namespace="shop",queue="odd")", "NaN");
    exporter_->set_text("depth", R"(namespace="shop",queue="endless")", "+Inf");
    exporter_->set("depth", R"(namespace="bank",queue="theirs")", 7);
    ASSERT_TRUE(server_->shows(R"(sum(depth{queue="full"}))", 42));
    reader_ = reader_of(server_->endpoint());
  }

  SignalState state_of(const SignalQuery& signal) { return read(*reader_, signal).state; }

  static inline std::unique_ptr<rig::LoadExporter> exporter_;
  static inline std::unique_ptr<rig::PrometheusServer> server_;
  std::unique_ptr<PrometheusReader> reader_;
};

TEST_F(LiveReader, TellsTheStatesOfGoodAnswers) {
  const std::vector<SignalQuery> signals{depth("full"),  depth("empty"),   depth("odd"),
                                         depth("nobody"), depth("endless"), depth("theirs")};
  const auto readings = reader_->read(signals, Ms{5000}, {});
  EXPECT_EQ(readings[0].state, SignalState::Value);
  EXPECT_EQ(readings[0].value, 42);
  ASSERT_TRUE(readings[0].age_seconds);
  EXPECT_LT(*readings[0].age_seconds, 5);
  EXPECT_EQ(readings[1].state, SignalState::Zero);
  EXPECT_EQ(readings[2].state, SignalState::NotANumber);
  EXPECT_EQ(readings[3].state, SignalState::Absent);
  EXPECT_EQ(readings[4].state, SignalState::NotANumber);
  EXPECT_EQ(readings[5].state, SignalState::Absent) << "it belongs to another namespace";
}

TEST_F(LiveReader, ASeriesThatVanishesIsAbsentAndComesBack) {
  exporter_->remove("depth", R"(namespace="shop",queue="full")");
  const auto is_absent = [&] { return state_of(depth("full")) == SignalState::Absent; };
  EXPECT_TRUE(eventually(Ms{10'000}, is_absent));
  exporter_->set("depth", R"(namespace="shop",queue="full")", 3);
  EXPECT_TRUE(eventually(Ms{10'000}, [&] { return read(*reader_, depth("full")).value == 3; }));
}

TEST_F(LiveReader, ReadsRawQueries) {
  const auto value = read(*reader_, raw("vector(3)"));
  EXPECT_EQ(value.state, SignalState::Value);
  EXPECT_EQ(value.value, 3);
  EXPECT_EQ(read(*reader_, raw("1.5")).value, 1.5) << "a scalar";
  EXPECT_EQ(state_of(raw("depth")), SignalState::Partial) << "several series";
  EXPECT_EQ(state_of(raw("0/0")), SignalState::NotANumber);
  EXPECT_EQ(state_of(raw("1/0")), SignalState::NotANumber);
  EXPECT_EQ(state_of(raw("depth offset 1d")), SignalState::Absent);
  EXPECT_EQ(state_of(raw("-0")), SignalState::Zero);
  EXPECT_THAT(read(*reader_, raw("\"text\"")).detail, HasSubstr("of type 'string'"));
  EXPECT_THAT(read(*reader_, raw("depth[5m]")).detail, HasSubstr("of type 'matrix'"));
}

TEST_F(LiveReader, QuotesWhatTheServerSaysAboutABadQuery) {
  const auto parse = read(*reader_, raw("sum(depth"));
  EXPECT_EQ(parse.state, SignalState::Error);
  EXPECT_THAT(parse.detail, HasSubstr("(bad_data)"));
  EXPECT_THAT(parse.detail, HasSubstr("parse error: unclosed left parenthesis"));
  const auto match = read(*reader_, raw("depth * on(namespace) depth"));
  EXPECT_THAT(match.detail, HasSubstr("(execution)"));
  EXPECT_LE(match.detail.size(), 300u);
}

TEST_F(LiveReader, AnExpensiveQueryEndsInTimeAndHurtsNobodyElse) {
  const auto expensive = raw("sum_over_time(vector(1)[40000000s:1s])");
  const auto started = rig::monotonic();
  const auto readings =
      reader_->read(std::vector<SignalQuery>{expensive, depth("full")}, Ms{1000}, {});
  EXPECT_LT(rig::monotonic() - started, Ms{5000});
  EXPECT_EQ(readings[0].state, SignalState::Error);
  EXPECT_THAT(readings[0].detail, ::testing::AnyOf(HasSubstr("timed out"), HasSubstr("no answer"),
                                                   HasSubstr("too many samples")));
  EXPECT_EQ(readings[1].value, 42);
  EXPECT_EQ(state_of(depth("full")), SignalState::Value) << "the breaker is not open";
}

TEST_F(LiveReader, AFailedScrapeIsAbsenceNotZero) {
  ASSERT_EQ(state_of(depth("empty")), SignalState::Zero);
  exporter_->answer(500);
  std::set<SignalState> seen;
  EXPECT_TRUE(eventually(Ms{10'000}, [&] {
    seen.insert(state_of(depth("full")));
    return seen.contains(SignalState::Absent);
  }));
  EXPECT_EQ(seen.size(), seen.contains(SignalState::Value) ? 2u : 1u);
}

TEST_F(LiveReader, AServerThatEndsAndStartsAgainIsErrorThenReadAgain) {
  server_->stop();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(state_of(depth("full")), SignalState::Error);
  EXPECT_THAT(read(*reader_, depth("full")).detail, HasSubstr("next try at"));
  server_->start();
  EXPECT_TRUE(eventually(Ms{60'000}, [&] { return read(*reader_, depth("full")).value == 42; }));
}

TEST(StartingPrometheus, GivesErrorsUntilItIsReadyNeverAbsence) {
  if (const auto why = rig::BackfilledPrometheus::why_unavailable(); !why.empty())
    GTEST_SKIP() << why;
  // Samples of now and of a while ago, as a push gateway or a slow exporter leaves them.
  const auto now = std::chrono::duration_cast<Seconds>(system_clock().now().time_since_epoch());
  rig::BackfilledPrometheus server(
      {{.labels = {{"__name__", "depth"}, {"namespace", "shop"}, {"queue", "fresh"}},
        .points = {{now.count(), "5"}}},
       {.labels = {{"__name__", "depth"}, {"namespace", "shop"}, {"queue", "old"}},
        .points = {{now.count() - 200, "0"}}}});
  auto reader = reader_of(server.endpoint(),
                          {.open_first = Millis(20), .open_longest = Millis(40)});
  std::set<SignalState> seen;
  const auto is_read = [&] {
    const auto reading = read(*reader, depth("fresh"));
    seen.insert(reading.state);
    return reading.state == SignalState::Value;
  };
  EXPECT_FALSE(is_read());
  server.launch();
  EXPECT_TRUE(eventually(Ms{30'000}, is_read));
  EXPECT_EQ(seen, (std::set<SignalState>{SignalState::Error, SignalState::Value}));
  const auto old = read(*reader, depth("old"));
  EXPECT_EQ(old.state, SignalState::Stale) << "an old zero must not shrink anything";
  EXPECT_GE(old.age_seconds.value_or(0), 200);
  EXPECT_EQ(read(*reader, depth("old", 299)).state, SignalState::Zero);
}

TEST(ManyPolicies, CostAFewQueries) {
  if (const auto why = rig::BackfilledPrometheus::why_unavailable(); !why.empty())
    GTEST_SKIP() << why;
  const auto now = std::chrono::duration_cast<Seconds>(system_clock().now().time_since_epoch());
  std::vector<rig::BackfilledSeries> series;
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 1000; ++i) {
    const std::string queue = fmt::format("queue-{}", i);
    series.push_back({.labels = {{"__name__", "depth"}, {"namespace", "shop"}, {"queue", queue}},
                      .points = {{now.count() - 1, std::to_string(i)}}});
    signals.push_back(depth(queue));
  }
  rig::BackfilledPrometheus server(series);
  server.start();
  std::atomic<int> queries = 0;
  auto reader = reader_of(
      server.endpoint(),
      {.observe = [&](const std::string&, QueryOutcome outcome, Millis) {
        EXPECT_EQ(outcome, QueryOutcome::Answered);
        ++queries;
      }});
  const auto readings = reader->read(signals, Ms{10'000}, {});
  for (std::size_t i = 0; i < readings.size(); ++i)
    EXPECT_EQ(readings[i].value, static_cast<double>(i)) << readings[i].detail;
  EXPECT_EQ(queries, 5) << "200 values with their ages in each";
  queries = 0;
  const std::vector<double> above(signals.size(), 989);
  const auto sighted = reader->lookout(signals, above)->look(Ms{10'000}, {});
  EXPECT_THAT(sighted, ::testing::ElementsAre(990, 991, 992, 993, 994, 995, 996, 997, 998, 999));
  EXPECT_EQ(queries, 1) << "five parts in one";
}

TEST(TheHistoryOfASignal, IsWhatItsOwnQueryAnsweredThen) {
  if (const auto why = rig::BackfilledPrometheus::why_unavailable(); !why.empty())
    GTEST_SKIP() << why;
  constexpr std::int64_t end = 1'700'000'000;
  rig::BackfilledSeries one{.labels = {{"__name__", "depth"}, {"namespace", "shop"},
                                       {"queue", "full"}, {"pod", "a"}},
                            .points = {}};
  auto other = one;
  other.labels["pod"] = "b";
  auto theirs = one;
  theirs.labels["namespace"] = "bank";
  for (std::int64_t at = end - 3600; at <= end; at += 30) {
    if (at > end - 2000 && at < end - 1000) continue;  // nobody scraped
    one.points.emplace_back(at, std::to_string(at % 700));
    other.points.emplace_back(at, at % 900 == 0 ? "NaN" : std::to_string(at % 900));
    theirs.points.emplace_back(at, "1000000");
  }
  rig::BackfilledPrometheus server({one, other, theirs});
  server.start();
  auto reader = reader_of(server.endpoint());
  const auto values = reader->history({.signal = depth("full"),
                                       .from = Instant(Seconds(end - 3600)),
                                       .to = Instant(Seconds(end)),
                                       .step = Seconds(60)},
                                      Ms{5000}, {});
  ASSERT_TRUE(values) << values.error().message;
  std::vector<TimedValue> own;
  for (std::int64_t at = end - 3600; at <= end; at += 60)
    for (const auto& sample :
         server.ask(R"(sum(depth{namespace="shop",queue="full"}))", at).samples)
      if (std::isfinite(sample.value))
        own.push_back({.at = Instant(Seconds(at)), .value = sample.value});
  EXPECT_EQ(*values, own);
  EXPECT_GT(own.size(), 30U);
  EXPECT_LT(own.size(), 61U);
  EXPECT_EQ(reader->history({.signal = depth("nobody"),
                             .from = Instant(Seconds(end - 60)),
                             .to = Instant(Seconds(end))},
                            Ms{5000}, {})
                .value()
                .size(),
            0U);
}

}  // namespace
}  // namespace poolscaler::adapters
