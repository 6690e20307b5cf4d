#include <gmock/gmock.h>

#include "poolscaler/query/rendered.hpp"
#include "reader_harness.hpp"

namespace poolscaler::adapters {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::always;
using testing::form_member;
using testing::Harness;
using testing::ok;
using testing::parts_of;
using testing::queue_signal;
using testing::series_of;
using testing::seven;
using testing::vector_answer;

SignalReading reading_of(Result<HttpResponse> response) {
  Harness harness(always(std::move(response)));
  const auto reading = harness.read_one(queue_signal("a"));
  EXPECT_LE(reading.detail.size(), 300u);
  EXPECT_FALSE(reading.detail.empty());
  return reading;
}

TEST(ReaderFaults, EachBecomesAnErrorThatSaysWhy) {
  struct Case {
    Result<HttpResponse> response;
    std::string says;
  };
  const auto api = [](int status, std::string type, std::string error) {
    return HttpResponse{.status = status,
                        .body = fmt::format(
                            R"({{"status":"error","errorType":"{}","error":"{}"}})", type, error)};
  };
  for (const auto& [response, says] : std::vector<Case>{
           {fail(ErrorKind::TimedOut, "x"), "no answer within 5.0 s"},
           {fail(ErrorKind::Unavailable, "connection refused"), "connection refused"},
           {fail(ErrorKind::InvalidInput, "too large"), "more than 16777216 bytes"},
           {api(400, "bad_data", "1:5: parse error: unexpected"), "(bad_data): 1:5: parse error"},
           {api(422, "execution", "found duplicate series"), "(execution): found duplicate"},
           {api(503, "timeout", "query timed out"), "(timeout): query timed out"},
           {api(500, "internal", "broken block"), "HTTP 500: broken block"},
           {api(429, "too_many_requests", "slow down"), "HTTP 429: slow down"},
           {HttpResponse{.status = 503, .body = "Service Unavailable"}, "HTTP 503: Service Una"},
           {HttpResponse{.status = 502, .body = "<html>\n<b>\x1b[31m"}, R"(<html>\n<b>\x1b[31m)"},
           {HttpResponse{.status = 403}, "HTTP 403"},
           {HttpResponse{.status = 404, .body = std::string(100'000, 'x')}, "HTTP 404: xxx"},
           {HttpResponse{.status = 302, .headers = {{"Location", "http://169.254.169.254/"}}},
            "redirects are refused (to 'http://169.254.169.254/')"},
           {HttpResponse{.status = 204}, "HTTP 204"},
           {ok("<html>hello</html>"), "cannot be read"},
           {ok(R"({"status":"success","data":{"resultType":"string","result":[1,"x"]}})"),
            "of type 'string'"},
           {vector_answer(series_of("a", "1e999")), "'1e999' is no sample value"},
           {api(200, "bad_data", std::string(5000, 'y')), "yyy..."}}) {
    const auto reading = reading_of(response);
    EXPECT_EQ(reading.state, SignalState::Error) << says;
    EXPECT_THAT(reading.detail, AllOf(HasSubstr("'main'"), HasSubstr(says)));
  }
}

TEST(ReaderFaults, HealthTellsSinceWhenThereIsNoAnswerAndWhy) {
  auto answer = ok("<html>log in</html>");
  Harness harness([&answer](const HttpRequest&, std::stop_token) { return answer; });
  EXPECT_THAT(harness.health(), ::testing::IsEmpty()) << "nobody has asked yet";
  harness.clock.advance(Seconds(10));
  const auto since = harness.clock.monotonic();
  (void)harness.read_one(queue_signal("a"));
  harness.clock.advance(Seconds(40));
  answer = HttpResponse{.status = 403, .body = "no such tenant"};
  (void)harness.read_one(queue_signal("a"));
  auto health = harness.health().at(0);
  EXPECT_EQ(health.source, "main");
  EXPECT_FALSE(health.answered_at);
  ASSERT_TRUE(health.failing_since);
  EXPECT_LE(*health.failing_since - since, Seconds(1));
  EXPECT_GE(health.failures, 2U);
  EXPECT_EQ(health.last_failure, "HTTP 403: no such tenant");
  answer = vector_answer(series_of("a", "1"));
  harness.clock.advance(Seconds(40));
  (void)harness.read_one(queue_signal("a"));
  health = harness.health().at(0);
  EXPECT_EQ(health.failures, 0U);
  EXPECT_FALSE(health.failing_since);
  EXPECT_EQ(health.answered_at, harness.clock.monotonic());
}

TEST(ReaderFaults, AnAnswerThatIsTooLargeIsAnAnswer) {
  Harness harness(always(vector_answer(series_of("a", "1") + "," + series_of("b", "1"))),
                  {.series_max = 1});
  (void)harness.read_one(queue_signal("a"));
  EXPECT_TRUE(harness.health().at(0).answered_at);
}

TEST(ReaderFaults, WarningsArePartial) {
  EXPECT_EQ(reading_of(vector_answer(series_of("a", "1"), R"(,"warnings":["w"])")).state,
            SignalState::Partial);
  EXPECT_EQ(reading_of(vector_answer("", R"(,"partialResponse":true)")).state,
            SignalState::Partial);
}

TEST(ReaderFaults, TooManySeriesNameTheLimit) {
  Harness harness(always(vector_answer(series_of("a", "1") + "," + series_of("b", "1"))),
                  {.series_max = 1});
  EXPECT_THAT(harness.read_one(queue_signal("a")).detail, HasSubstr("more than 1 series"));
}

TEST(ReaderFaults, ASourceWithoutAddressOrTransportSaysSo) {
  Harness harness(seven());
  harness.reader().use_sources({MetricSource{.name = "main", .url = ""}});
  EXPECT_THAT(harness.read_one(queue_signal("a")).detail, HasSubstr("its url is empty"));
  harness.reader().use_sources({MetricSource{.name = "main", .url = "http://prom"}});
  harness.factory_error = "ca file '/ca.pem': no such file";
  EXPECT_THAT(harness.read_one(queue_signal("a")).detail, HasSubstr("ca file '/ca.pem'"));
  EXPECT_EQ(harness.sent(), 0);
}

TEST(ReaderFaults, BrokenConnectionsAreTriedOnceMore) {
  int calls = 0;
  Harness harness([&](const HttpRequest& request, std::stop_token stop) -> Result<HttpResponse> {
    if (++calls == 1) return fail(ErrorKind::Unavailable, "cut");
    return seven()(request, stop);
  }, {.concurrency = 1});
  EXPECT_EQ(harness.read_one(queue_signal("a")).state, SignalState::Value);
  EXPECT_EQ(calls, 2);
}

TEST(ReaderFaults, RefusedQueriesAndTimeoutsAreNotTriedAgain) {
  for (const auto kind : {ErrorKind::TimedOut, ErrorKind::InvalidInput}) {
    Harness harness(always(fail(kind, "x")), {.concurrency = 1});
    (void)harness.read_one(queue_signal("a"));
    EXPECT_EQ(harness.sent(), 1);
  }
}

TEST(ReaderFaults, OpenBreakerAsksNothingAndSaysWhenItWill) {
  bool down = true;
  Harness harness([&](const HttpRequest& request, std::stop_token stop) -> Result<HttpResponse> {
    if (down) return HttpResponse{.status = 500, .body = "boom"};
    return seven()(request, stop);
  }, {.concurrency = 1});
  for (int i = 0; i < 4; ++i) (void)harness.read_one(queue_signal("a"));
  const int sent = harness.sent();
  EXPECT_EQ(sent, 3) << "opens with the third failure";
  const auto refused = harness.read_one(queue_signal("a"));
  EXPECT_EQ(harness.sent(), sent);
  EXPECT_EQ(refused.state, SignalState::Error);
  EXPECT_THAT(refused.detail, AllOf(HasSubstr("next try at 2026-"), HasSubstr("HTTP 500: boom")));
  EXPECT_EQ(harness.read_one(queue_signal("a")).detail, refused.detail) << "the text stays";

  harness.clock.advance(Millis(1000));
  (void)harness.read_one(queue_signal("a"));
  EXPECT_EQ(harness.sent(), sent + 1) << "one probe";
  down = false;
  harness.clock.advance(Millis(2000));
  EXPECT_EQ(harness.read_one(queue_signal("a")).state, SignalState::Value);
  EXPECT_EQ(harness.read_one(queue_signal("a")).state, SignalState::Value);
}

TEST(ReaderFaults, AFailedSourceGetsANewTransport) {
  Harness harness(always(HttpResponse{.status = 500}));
  (void)harness.read_one(queue_signal("a"));
  (void)harness.read_one(queue_signal("a"));
  EXPECT_GE(harness.transports(), 2);
}

TEST(ReaderFaults, QueriesThatAreRefusedDoNotOpenTheBreaker) {
  const std::string body = R"({"status":"error","errorType":"timeout","error":"no"})";
  for (const auto& refusal :
       {HttpResponse{.status = 422, .body = body}, HttpResponse{.status = 503, .body = body},
        HttpResponse{.status = 403, .body = "not this query"}}) {
    Harness harness(always(refusal));
    for (int i = 0; i < 10; ++i) (void)harness.read_one(queue_signal("a"));
    EXPECT_EQ(harness.sent(), 10);
  }
}

TEST(ReaderFaults, ThrottlingIsObeyed) {
  Harness harness(always(HttpResponse{.status = 429, .headers = {{"Retry-After", "20"}}}),
                  {.concurrency = 1});
  (void)harness.read_one(queue_signal("a"));
  EXPECT_EQ(harness.sent(), 1);
  harness.clock.advance(Seconds(19));
  (void)harness.read_one(queue_signal("a"));
  EXPECT_EQ(harness.sent(), 1);
  harness.clock.advance(Seconds(1));
  (void)harness.read_one(queue_signal("a"));
  EXPECT_EQ(harness.sent(), 2);
}

TEST(ReaderFaults, NothingIsAskedAfterTheDeadline) {
  Harness* own = nullptr;
  Harness harness([&](const HttpRequest& request, std::stop_token stop) -> Result<HttpResponse> {
    own->clock.advance(Millis(2000));
    return seven()(request, stop);
  }, {.concurrency = 1});
  own = &harness;
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 5; ++i) {
    signals.push_back(queue_signal("a"));
    std::get<MetricSelector>(signals.back().query).metric = "depth" + std::to_string(i);
  }
  const auto readings = harness.read(signals, Millis(4000));
  EXPECT_EQ(harness.sent(), 2);
  EXPECT_THAT(readings[4].detail, HasSubstr("time ran out"));
}

TEST(ReaderFaults, AThrowingTransportIsAnError) {
  Harness harness([](const HttpRequest&, std::stop_token) -> Result<HttpResponse> {
    throw std::runtime_error("surprise");
  });
  EXPECT_THAT(harness.read_one(queue_signal("a")).detail, HasSubstr("surprise"));
}

/// A server that chokes on whatever holds queue "bad", as on a tenant with millions of series.
testing::Answering choking_on_bad(HttpResponse choking) {
  return [choking](const HttpRequest& request, std::stop_token) -> Result<HttpResponse> {
    const auto parts = query::recognise_parts(form_member(request, "query"));
    if (!parts) return fail(ErrorKind::Internal, parts.error().message);
    std::string series;
    bool has_bad = false;
    const auto holds = query::LabelPredicate::of(parts->front().query.matchers.at(1));
    for (int i = 0; i < 100; ++i) {
      const std::string queue = i == 37 ? "bad" : "q" + std::to_string(i);
      if (!(*holds)(queue)) continue;
      has_bad |= i == 37;
      if (!series.empty()) series += ",";
      series += parts_of(queue, std::to_string(i + 1), "999");
    }
    return has_bad ? choking : vector_answer(series);
  };
}

TEST(ReaderFaults, WhoSpoilsASharedQueryStaysAlone) {
  for (const auto& [choking, state] :
       std::vector<std::pair<HttpResponse, SignalState>>{
           {{.status = 422,
             .body = R"({"status":"error","errorType":"execution","error":"too many samples"})"},
            SignalState::Error},
           {{.status = 503,
             .body = R"({"status":"error","errorType":"timeout","error":"query timed out"})"},
            SignalState::Error},
           {vector_answer("", R"(,"warnings":["PromQL warning: mixed floats and histograms"])"),
            SignalState::Partial}}) {
    Harness harness(choking_on_bad(choking), {.concurrency = 1});
    std::vector<SignalQuery> signals;
    for (int i = 0; i < 100; ++i)
      signals.push_back(queue_signal(i == 37 ? "bad" : "q" + std::to_string(i)));
    const auto readings = harness.read(signals);
    for (std::size_t i = 0; i < 100; ++i) {
      EXPECT_EQ(readings[i].state, i == 37 ? state : SignalState::Value) << readings[i].detail;
      EXPECT_EQ(readings[i].value, i == 37 ? 0 : static_cast<double>(i + 1));
    }
    EXPECT_LE(harness.sent(), 1 + 32);
  }
}

TEST(ReaderFaults, LookingForWhoSpoilsIsBounded) {
  Harness harness(always(HttpResponse{
      .status = 422, .body = R"({"status":"error","errorType":"execution","error":"no"})"}));
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 200; ++i) signals.push_back(queue_signal("q" + std::to_string(i)));
  for (const auto& reading : harness.read(signals)) EXPECT_EQ(reading.state, SignalState::Error);
  EXPECT_LE(harness.sent(), 1 + 32);
}

TEST(ReaderFaults, WarningsOfTheServerAreNotLookedInto) {
  Harness harness(always(vector_answer("", R"(,"warnings":["store b did not answer"])")));
  const auto readings = harness.read({queue_signal("a"), queue_signal("b")});
  EXPECT_EQ(readings[0].state, SignalState::Partial);
  EXPECT_EQ(harness.sent(), 1);
}

}  // namespace
}  // namespace poolscaler::adapters
