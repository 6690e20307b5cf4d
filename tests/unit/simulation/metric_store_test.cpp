// The metric store over its HTTP surface: what it answers, what it refuses, what it forgets.
#include "poolscaler/simulation/metric_store.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "prometheus_wire.hpp"
#include "support/virtual_clock.hpp"

namespace poolscaler::simulation {
namespace {

using nlohmann::json;

class MetricStoreTest : public ::testing::Test {
 protected:
  ServerResponse post(const std::string& query, const std::string& more = {}) {
    return store_.handle({.method = "POST",
                          .path = "/api/v1/query",
                          .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                          .body = "query=" + percent_encoded(query) + more});
  }
  json result(const std::string& query, const std::string& more = {}) {
    const auto response = post(query, more);
    EXPECT_EQ(response.status, 200) << response.body;
    const auto answer = json::parse(response.body);
    EXPECT_EQ(answer["status"], "success");
    EXPECT_EQ(answer["data"]["resultType"], "vector");
    return answer["data"]["result"];
  }
  /// The value of the only series; "" when there is none.
  std::string value(const std::string& query, const std::string& more = {}) {
    const auto series = result(query, more);
    EXPECT_LE(series.size(), 1U) << series;
    return series.empty() ? "" : series[0]["value"][1].get<std::string>();
  }
  std::string refusal(const std::string& query, const std::string& more = {}) {
    const auto response = post(query, more);
    EXPECT_EQ(response.status, 400) << response.body;
    const auto answer = json::parse(response.body);
    EXPECT_EQ(answer["status"], "error");
    EXPECT_EQ(answer["errorType"], "bad_data");
    return answer["error"];
  }
  void depth(const std::string& ns, const std::string& queue, double value) {
    store_.put({{"__name__", "depth"}, {"namespace", ns}, {"queue", queue}}, clock_.now(), value);
  }

  testing::VirtualClock clock_;
  MetricStore store_{clock_};
  const std::string all_ = R"(sum by (namespace) (depth{namespace="shop"}))";
  const std::string age_ = R"(min by (namespace) (timestamp(depth{namespace="shop"})))";
};

TEST_F(MetricStoreTest, AnswersAnAggregationInTheWireFormat) {
  depth("shop", "a", 3);
  depth("shop", "b", 4.5);
  depth("other", "a", 100);
  const auto response = post(all_, "&time=1790000000.5");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body,
            R"({"status":"success","data":{"resultType":"vector","result":[)"
            R"({"metric":{"namespace":"shop"},"value":[1790000000.500,"7.5"]}]}})");
}

TEST_F(MetricStoreTest, AnswersTheJointQueriesOfThePlanner) {
  depth("shop", "a", 3);
  const auto series = result("label_replace(" + all_ + R"(, "poolscaler_part", "0", "", "") or )" +
                             "label_replace(" + age_ + R"(, "poolscaler_part", "1", "", ""))");
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0]["metric"], json({{"namespace", "shop"}, {"poolscaler_part", "0"}}));
  EXPECT_EQ(series[0]["value"][1], "3");
  EXPECT_EQ(series[1]["metric"]["poolscaler_part"], "1");
  EXPECT_EQ(value(all_ + " > 2.5"), "3");
  EXPECT_EQ(value(all_ + " > 3"), "");
  EXPECT_EQ(value(all_ + " > -1"), "3");
}

TEST_F(MetricStoreTest, SplitsByTheLabelsOfTheGrouping) {
  depth("shop", "a", 1);
  depth("shop", "b", 2);
  depth("shop", "c", 3);
  const auto series = result(
      R"(max by (namespace, queue, zone) (depth{namespace="shop",queue=~"a|b"}))");
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0]["metric"], json({{"namespace", "shop"}, {"queue", "a"}}));
  EXPECT_EQ(series[1]["value"][1], "2");
}

TEST_F(MetricStoreTest, TakesAnAbsentLabelAsEmpty) {
  store_.put({{"__name__", "depth"}, {"namespace", "shop"}, {"queue", ""}}, clock_.now(), 1);
  EXPECT_EQ(value(R"(sum by (namespace) (depth{namespace="shop",queue=""}))"), "1");
  EXPECT_EQ(value(R"(sum by (namespace) (depth{namespace="shop",queue!="a"}))"), "1");
  store_.put({{"__name__", "depth"}, {"namespace", "shop"}}, clock_.now(), 5);
  EXPECT_EQ(value(all_), "5") << "the same series";
}

TEST_F(MetricStoreTest, LooksBackFiveMinutesAndNotIntoTheFuture) {
  depth("shop", "a", 3);
  clock_.advance(Seconds(300));
  EXPECT_EQ(value(all_), "3");
  clock_.advance(Millis(1));
  EXPECT_EQ(value(all_), "");
  EXPECT_EQ(value(all_, "&time=1789999999"), "");
}

TEST_F(MetricStoreTest, TellsTheTimeOfTheSample) {
  depth("shop", "a", 3);
  clock_.advance(Millis(2500));
  depth("shop", "b", 3);
  clock_.advance(Seconds(10));
  EXPECT_EQ(value(age_), "1790000000");
  EXPECT_EQ(value(R"(min by (queue) (timestamp(depth{queue="b"})))"), "1790000002.5");
}

TEST_F(MetricStoreTest, LetsADroppedSeriesVanishAtOnce) {
  depth("shop", "a", 3);
  clock_.advance(Seconds(1));
  store_.drop({{"__name__", "depth"}, {"namespace", "shop"}, {"queue", "a"}});
  EXPECT_EQ(value(all_), "");
  EXPECT_EQ(value(age_), "");
  EXPECT_EQ(value(all_, "&time=1790000000"), "3") << "it was there";
  EXPECT_EQ(value(R"(sum by (namespace) (max_over_time(depth{namespace="shop"}[60s])))"), "3")
      << "a range still sees it";
  clock_.advance(Seconds(1));
  depth("shop", "a", 4);
  EXPECT_EQ(value(all_), "4");
  store_.drop({{"__name__", "depth"}, {"namespace", "unknown"}});
  store_.drop({{"__name__", "unknown"}});
}

TEST_F(MetricStoreTest, ReplacesASampleThatIsNotNewer) {
  depth("shop", "a", 3);
  depth("shop", "a", 4);
  EXPECT_EQ(value(all_), "4");
  EXPECT_EQ(value(R"(sum by (namespace) (min_over_time(depth{namespace="shop"}[60s])))"), "4");
}

TEST_F(MetricStoreTest, RatesACounter) {
  for (int i = 0; i <= 6; ++i) {
    store_.put({{"__name__", "jobs_total"}, {"namespace", "shop"}}, clock_.now(), 20.0 * i);
    if (i < 6) clock_.advance(Seconds(10));
  }
  EXPECT_EQ(value(R"(sum by (namespace) (rate(jobs_total{namespace="shop"}[60s])))"), "2");
  EXPECT_EQ(value(R"(sum by (namespace) (increase(jobs_total{namespace="shop"}[30s])))"), "60");
}

TEST_F(MetricStoreTest, WritesWhatIsNoNumberAsText) {
  depth("shop", "a", std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(value(all_), "NaN");
  depth("shop", "a", -std::numeric_limits<double>::infinity());
  EXPECT_EQ(value(all_), "-Inf");
}

TEST_F(MetricStoreTest, RefusesWhatThePlannerDoesNotRender) {
  for (const std::string query :
       {"up", "sum(depth)", "depth > 0", R"(sum by (namespace) (depth{namespace="shop"}) + 1)",
        R"(quantile by (namespace) (0.5, depth{namespace="shop"}))", "\xff\x01"}) {
    const auto text = refusal(query);
    EXPECT_NE(text.find("unknown expression"), std::string::npos) << text;
    EXPECT_NE(text.find("query planner"), std::string::npos) << text;
  }
  EXPECT_NE(refusal("up").find("at position 1"), std::string::npos);
  EXPECT_NE(refusal(R"(sum by (a) (m{a=~"(?i)x"}))").find("regular expression"), std::string::npos);
  EXPECT_EQ(refusal(""),
            R"(invalid parameter "query": 1:1: parse error: no expression found in input)");
}

TEST_F(MetricStoreTest, RefusesParametersThatItCannotRead) {
  for (const std::string time : {"zz", "NaN", "1e300", "2026-13-01T00:00:00Z"})
    EXPECT_NE(refusal(all_, "&time=" + time).find("valid timestamp"), std::string::npos) << time;
  for (const std::string timeout : {"zz", "5parsecs", "m", "1m5"})
    EXPECT_NE(refusal(all_, "&timeout=" + timeout).find("valid duration"), std::string::npos);
  EXPECT_NE(refusal(all_, "&limit=-1").find("number of series"), std::string::npos);
  EXPECT_EQ(post(all_, "&timeout=0").status, 503);
}

TEST_F(MetricStoreTest, ReadsEveryFormOfItsParameters) {
  depth("shop", "a", 3);
  clock_.advance(Seconds(3000));
  EXPECT_EQ(value(all_, "&timeout=1m30s&time=1790000001"), "3");
  EXPECT_EQ(value(all_, "&timeout=2.5&time=2026-09-21T14%3A13%3A21Z"), "3");
  EXPECT_EQ(value(all_, "&time=%zz&time=1.790000001e9"), "3");
  const auto get = store_.handle({.method = "GET",
                                  .path = "/api/v1/query",
                                  .query = "time=1790000001&query=sum+by+(namespace)+(depth%7B"
                                           "namespace%3D%22shop%22%7D)"});
  EXPECT_EQ(get.status, 200) << get.body;
  EXPECT_NE(get.body.find(R"("3")"), std::string::npos) << get.body;
}

TEST_F(MetricStoreTest, CutsAtTheLimitAndSaysSo) {
  depth("shop", "a", 1);
  depth("shop", "b", 1);
  const auto body = post(R"(sum by (queue) (depth{namespace="shop"}))", "&limit=1").body;
  const auto answer = json::parse(body);
  EXPECT_EQ(answer["data"]["result"].size(), 1U);
  EXPECT_EQ(answer["warnings"], json({"results truncated due to limit"}));
}

TEST_F(MetricStoreTest, AnswersARangeOfSteps) {
  const auto begin = clock_.now();
  depth("shop", "a", 3);
  clock_.advance(Seconds(60));
  depth("shop", "a", 4);
  const auto ask = [&](const std::string& more) {
    return store_.handle({.method = "POST",
                          .path = "/api/v1/query_range",
                          .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                          .body = "query=" + percent_encoded(all_) + more});
  };
  const auto second = [&](std::int64_t after) {
    return std::to_string(begin.time_since_epoch().count() / 1000 + after);
  };
  const auto answer = ask("&start=" + second(-30) + "&end=" + second(60) + "&step=30");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, R"({"status":"success","data":{"resultType":"matrix","result":[)"
                         R"({"metric":{"namespace":"shop"},"values":[[)" +
                             second(0) + R"(,"3"],[)" + second(30) + R"(,"3"],[)" + second(60) +
                             R"(,"4"]]}]}})");
  const auto refused = ask("&start=0&end=11001&step=1");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("11,000 points"), std::string::npos) << refused.body;
}

TEST_F(MetricStoreTest, FailsAsOftenAsAsked) {
  depth("shop", "a", 1);
  store_.fail_next(2, 503);
  EXPECT_EQ(post(all_).status, 503);
  EXPECT_EQ(store_.handle({.method = "GET", .path = "/-/ready"}).status, 200);
  EXPECT_EQ(json::parse(post(all_).body)["status"], "error");
  EXPECT_EQ(value(all_), "1");
}

TEST_F(MetricStoreTest, HasTheOtherPathsThatClientsAskFor) {
  const auto get = [&](const std::string& path) {
    return store_.handle({.method = "GET", .path = path});
  };
  EXPECT_EQ(get("/-/ready").body, "Prometheus Server is Ready.\n");
  EXPECT_EQ(get("/-/healthy").body, "Prometheus Server is Healthy.\n");
  EXPECT_EQ(json::parse(get("/api/v1/status/buildinfo").body)["data"]["version"], "2.42.0");
  EXPECT_EQ(get("/api/v1/series").status, 404);
  const auto deleted = store_.handle({.method = "DELETE", .path = "/api/v1/query"});
  EXPECT_EQ(deleted.status, 405);
  EXPECT_EQ(deleted.headers.at("Allow"), "GET, POST");
}

TEST_F(MetricStoreTest, KeepsTheNewestSamplesOfASeries) {
  for (std::size_t i = 0; i < MetricStore::samples_max + 100; ++i) {
    depth("shop", "a", static_cast<double>(i));
    clock_.advance(Millis(100));
  }
  EXPECT_EQ(value(R"(sum by (namespace) (min_over_time(depth{namespace="shop"}[3600s])))"), "100");
}

TEST_F(MetricStoreTest, HasRoomForSoManySeriesAndTheEndedOnesMakePlace) {
  for (std::size_t i = 0; i < MetricStore::series_max; ++i)
    depth("shop", std::to_string(i), 1);
  depth("shop", "one too many", 1);
  EXPECT_EQ(value(all_), std::to_string(MetricStore::series_max));
  store_.drop({{"__name__", "depth"}, {"namespace", "shop"}, {"queue", "7"}});
  depth("shop", "now there is room", 2);
  EXPECT_EQ(value(all_), std::to_string(MetricStore::series_max + 1));
}

TEST(NumberText, IsWhatGoWrites) {
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(-0.0), "-0");
  EXPECT_EQ(number_text(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(number_text(1e20), "100000000000000000000");
  EXPECT_EQ(number_text(1e21), "1e+21");
  EXPECT_EQ(number_text(1e-6), "0.000001");
  EXPECT_EQ(number_text(1e-7), "1e-07");
}

}  // namespace
}  // namespace poolscaler::simulation
