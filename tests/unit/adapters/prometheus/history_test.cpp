#include <gmock/gmock.h>

#include "reader_harness.hpp"

namespace poolscaler::adapters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::always;
using testing::form_member;
using testing::Harness;
using testing::ok;
using testing::queue_signal;
using testing::raw_signal;

const Instant start{Seconds(1'700'000'000)};

HttpResponse matrix(const std::string& series, const std::string& more = "") {
  return ok(fmt::format(
      R"({{"status":"success","data":{{"resultType":"matrix","result":[{}]}}{}}})", series, more));
}

HistoryQuery an_hour_of(SignalQuery signal) {
  return {.signal = std::move(signal), .from = start, .to = start + Seconds(3600)};
}

std::string refusal_of(Harness& harness, const HistoryQuery& query) {
  const auto values = harness.reader().history(query, Millis(5000), {});
  return values ? "no error" : values.error().message;
}

TEST(History, AsksForOneSeriesOfTheSignalAlone) {
  Harness harness(always(matrix(
      R"({"metric":{"namespace":"shop"},"values":[[1700000000,"3"],[1700000060.5,"NaN"],)"
      R"([1700000120,"0.5"]]})")));
  const auto values = harness.reader().history(an_hour_of(queue_signal("a")), Millis(5000), {});
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_THAT(*values, ElementsAre(TimedValue{.at = start, .value = 3},
                                   TimedValue{.at = start + Seconds(120), .value = 0.5}));
  ASSERT_EQ(harness.sent(), 1);
  const auto request = harness.requests().front();
  EXPECT_EQ(request.method, HttpMethod::Post);
  EXPECT_EQ(request.target, "/base/api/v1/query_range");
  EXPECT_EQ(form_member(request, "query"),
            R"(sum by (namespace, queue) (depth{namespace="shop",queue="a"}))");
  EXPECT_EQ(form_member(request, "start"), "1700000000.000");
  EXPECT_EQ(form_member(request, "end"), "1700003600.000");
  EXPECT_EQ(form_member(request, "step"), "60");
  EXPECT_EQ(request.response_bytes_max, 2u << 20);
}

TEST(History, OfSeveralMetricsIsMadeOfTheirs) {
  Harness harness([](const HttpRequest& request, std::stop_token) -> Result<HttpResponse> {
    const bool waits = form_member(request, "query").find("waiting") != std::string::npos;
    return matrix(waits ? R"({"metric":{},"values":[[1700000000,"3"],[1700000060,"4"]]})"
                        : R"({"metric":{},"values":[[1700000060,"2"],[1700000120,"9"]]})");
  });
  auto signal = queue_signal("a");
  signal.query = DerivedQuery{.terms = {{.metric = "waiting"}, {.metric = "running"}}, .scale = 2};
  const auto values = harness.reader().history(an_hour_of(signal), Millis(5000), {});
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_THAT(*values, ElementsAre(TimedValue{.at = start + Seconds(60), .value = 12}))
      << "where one of them is missing, so is the whole";
  EXPECT_EQ(harness.sent(), 2);
}

TEST(History, OfNothingIsEmpty) {
  Harness harness(always(matrix("")));
  EXPECT_THAT(harness.reader().history(an_hour_of(queue_signal("a")), Millis(5000), {}).value(),
              IsEmpty());
}

TEST(History, TellsWhyThereIsNone) {
  const std::string series = R"({"metric":{},"values":[[1,"1"]]})";
  for (const auto& [response, says] : std::vector<std::pair<HttpResponse, std::string>>{
           {matrix(series + "," + series), "several series"},
           {matrix(series, R"(,"warnings":["store b did not answer"])"), "partial: metric source"},
           {matrix(R"({"metric":{},"values":[[1,1]]})"), "a point is not"},
           {matrix(R"({"metric":{},"values":[["1","1"]]})"), "a point is not"},
           {matrix("7"), "a series is no object"},
           {ok(R"({"status":"success","data":{"resultType":"vector","result":[]}})"), "no range"},
           {ok("<html>"), "not JSON"},
           {{.status = 400, .body = R"({"status":"error","errorType":"bad_data","error":"no"})"},
            "(bad_data): no"},
           {{.status = 500, .body = "boom"}, "HTTP 500: boom"}}) {
    Harness harness(always(response));
    EXPECT_THAT(refusal_of(harness, an_hour_of(queue_signal("a"))), HasSubstr(says));
  }
}

TEST(History, AsksNothingThatMustNotBeAsked) {
  Harness harness(always(matrix("")));
  auto long_range = an_hour_of(queue_signal("a"));
  long_range.to = start + Seconds(60 * 11'000);
  EXPECT_THAT(refusal_of(harness, long_range), HasSubstr("11001 points, at most 11000"));
  auto backwards = an_hour_of(queue_signal("a"));
  backwards.to = start - Seconds(1);
  EXPECT_THAT(refusal_of(harness, backwards), HasSubstr("ends before it begins"));
  EXPECT_THAT(refusal_of(harness, an_hour_of(queue_signal("a", "gone"))), HasSubstr("'gone'"));
  EXPECT_THAT(refusal_of(harness, an_hour_of(raw_signal("up"))), HasSubstr("allow raw queries"));
  auto unsayable = an_hour_of(queue_signal("a"));
  std::get<MetricSelector>(unsayable.signal.query).metric = "not a name";
  EXPECT_THAT(refusal_of(harness, unsayable), HasSubstr("no name of a metric"));
  EXPECT_EQ(harness.sent(), 0);
}

}  // namespace
}  // namespace poolscaler::adapters
