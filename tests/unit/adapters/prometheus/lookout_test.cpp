#include <gmock/gmock.h>

#include "poolscaler/query/rendered.hpp"
#include "reader_harness.hpp"

namespace poolscaler::adapters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::always;
using testing::form_member;
using testing::Harness;
using testing::part_of;
using testing::queue_signal;
using testing::raw_signal;
using testing::series_of;
using testing::vector_answer;

SignalQuery signal_of(const std::string& metric, const std::string& queue) {
  auto signal = queue_signal(queue);
  std::get<MetricSelector>(signal.query).metric = metric;
  return signal;
}

struct Watching {
  Watching(Harness& harness, std::vector<SignalQuery> signals, std::vector<double> above)
      : lookout(harness.reader().lookout(signals, above)) {}
  std::vector<std::size_t> look(std::stop_token stop = {}) {
    return lookout->look(Millis(5000), std::move(stop));
  }
  std::shared_ptr<Lookout> lookout;
};

HttpResponse refusal(const std::string& type) {
  return {.status = 422,
          .body = fmt::format(R"({{"status":"error","errorType":"{}","error":"no"}})", type)};
}

/// Metric "bad" spoils every query that it is part of; "good" has a queue a at 7.
testing::Answering spoiled_by_bad(HttpResponse spoiled) {
  return [spoiled](const HttpRequest& request, std::stop_token) -> Result<HttpResponse> {
    const auto query = form_member(request, "query");
    if (query.find("(bad{") != std::string::npos) return spoiled;
    const auto parts = query::recognise_parts(query).value();
    std::string series;
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (parts[i].query.metric == "good")
        series = parts.size() == 1 ? series_of("a", "7") : part_of(static_cast<int>(i), "a", "7");
    return vector_answer(series);
  };
}

TEST(PrometheusLookout, AsksOneQueryWhileAllIsQuiet) {
  Harness harness(always(vector_answer("")));
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 400; ++i)
    signals.push_back(signal_of("depth" + std::to_string(i % 5), "q" + std::to_string(i)));
  Watching watching(harness, signals, std::vector<double>(400, 0));
  for (int i = 0; i < 10; ++i) EXPECT_THAT(watching.look(), IsEmpty());
  EXPECT_EQ(harness.sent(), 10);
}

TEST(PrometheusLookout, NamesThoseAboveTheirOwnValue) {
  Harness harness(always(vector_answer(series_of("a", "7") + "," + series_of("b", "2") + "," +
                                       series_of("c", "NaN") + "," + series_of("other", "9"))));
  Watching watching(harness,
                    {queue_signal("a"), queue_signal("b"), queue_signal("c"), queue_signal("a"),
                     queue_signal("a"), queue_signal("d")},
                    {0, 2, 0, 7, 6.5, 0});
  EXPECT_THAT(watching.look(), ElementsAre(0, 4));
}

TEST(PrometheusLookout, ASourceThatFailsHidesNobody) {
  for (const auto& failure : std::vector<Result<HttpResponse>>{
           fail(ErrorKind::TimedOut, "x"), fail(ErrorKind::Unavailable, "refused"),
           HttpResponse{.status = 500}, HttpResponse{.status = 302}, refusal("execution"),
           vector_answer("", R"(,"warnings":["store b did not answer"])"),
           HttpResponse{.status = 200, .body = "<html>"}}) {
    Harness harness(always(failure));
    Watching watching(harness, {queue_signal("a"), queue_signal("b"), signal_of("width", "a")},
                      {0, 5, 1});
    for (int i = 0; i < 5; ++i) EXPECT_THAT(watching.look(), ElementsAre(0, 1, 2)) << i;
  }
}

TEST(PrometheusLookout, WhoSpoilsAJointQueryBlindsNobodyElse) {
  for (const auto& spoiled :
       {refusal("execution"), refusal("bad_data"), HttpResponse{.status = 403},
        vector_answer("", R"(,"warnings":["PromQL warning: mixed"])")}) {
    Harness harness(spoiled_by_bad(spoiled), {.concurrency = 1});
    Watching watching(harness,
                      {signal_of("good", "a"), signal_of("bad", "a"), signal_of("good", "b"),
                       signal_of("other", "a")},
                      {0, 0, 0, 0});
    EXPECT_THAT(watching.look(), ElementsAre(0, 1));
    EXPECT_EQ(harness.sent(), 1 + 3) << "together, then each apart";
    EXPECT_THAT(watching.look(), ElementsAre(0, 1));
    EXPECT_EQ(harness.sent(), 4 + 2) << "the bad one is kept apart";
    harness.clock.advance(Seconds(61));
    EXPECT_THAT(watching.look(), ElementsAre(0, 1));
    EXPECT_EQ(harness.sent(), 6 + 4) << "tried together again";
  }
}

TEST(PrometheusLookout, PartsThatAreTooMuchTogetherAreAskedApart) {
  Harness harness([](const HttpRequest& request, std::stop_token) -> Result<HttpResponse> {
    return testing::is_joint(request) ? refusal("execution") : vector_answer(series_of("a", "1"));
  }, {.concurrency = 1});
  Watching watching(harness, {signal_of("good", "a"), signal_of("other", "a")}, {0, 1});
  EXPECT_THAT(watching.look(), ElementsAre(0));
  EXPECT_EQ(harness.sent(), 3);
  EXPECT_THAT(watching.look(), ElementsAre(0));
  EXPECT_EQ(harness.sent(), 5);
}

TEST(PrometheusLookout, WhatMayNotBeAskedIsNeitherAskedNorSighted) {
  Harness harness(always(vector_answer(series_of("a", "7"))));
  Watching watching(harness,
                    {raw_signal("vector(7)"), queue_signal("a", "gone"), queue_signal("a")},
                    {0, 0, 0});
  EXPECT_THAT(watching.look(), ElementsAre(2));
  EXPECT_EQ(harness.sent(), 1);
  EXPECT_THAT(form_member(harness.requests().front(), "query"), HasSubstr(" > 0"));
}

TEST(PrometheusLookout, ReadsRawQueriesAsTheyAre) {
  Harness harness(always(vector_answer(series_of("a", "7"))));
  harness.reader().use_sources(
      {MetricSource{.name = "main", .url = "http://prom", .raw_query_namespaces = {"*"}}});
  Watching watching(harness, {raw_signal("up"), raw_signal("up"), raw_signal("down")}, {6, 7, 0});
  EXPECT_THAT(watching.look(), ElementsAre(0, 2));
  EXPECT_EQ(harness.sent(), 2);
}

TEST(PrometheusLookout, KeepsTheSourcesItWasMadeOf) {
  Harness harness(always(vector_answer(series_of("a", "7"))));
  Watching watching(harness, {queue_signal("a")}, {0});
  harness.reader().use_sources({});
  EXPECT_THAT(watching.look(), ElementsAre(0));
}

TEST(PrometheusLookout, NothingAsksNothing) {
  Harness harness(always(vector_answer("")));
  Watching watching(harness, {}, {});
  EXPECT_THAT(watching.look(), IsEmpty());
  EXPECT_EQ(harness.sent(), 0);
}

}  // namespace
}  // namespace poolscaler::adapters
