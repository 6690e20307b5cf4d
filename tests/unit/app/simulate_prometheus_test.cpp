// `simulate --prometheus` against the real Prometheus.

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/clock.hpp"
#include "simulate_input.hpp"
#include "support/prometheus_server.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using ::testing::HasSubstr;

class SimulatePrometheus : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!rig::PrometheusServer::why_unavailable().empty()) return;
    exporter_ = std::make_unique<rig::LoadExporter>();
    exporter_->set("queue_depth", R"(queue="a")", 3);
    exporter_->set("queue_depth", R"(queue="b")", 4);
    server_ = std::make_unique<rig::PrometheusServer>(exporter_->port());
    ASSERT_TRUE(server_->shows(R"(count_over_time(queue_depth{queue="a"}[1m]) > bool 8)", 1,
                               rig::Ms{30'000}));
    end_ = std::chrono::floor<Seconds>(system_clock().now());
  }
  static void TearDownTestSuite() {
    server_.reset();
    exporter_.reset();
  }
  void SetUp() override {
    if (const auto why = rig::PrometheusServer::why_unavailable(); !why.empty())
      GTEST_SKIP() << why;
  }

  /// The last five seconds, second by second.
  static SimulateOptions asking(const std::string& query) {
    SimulateOptions options;
    options.prometheus = {.url = server_->url(),
                          .query = query,
                          .from = end_ - Seconds(5),
                          .to = end_,
                          .step_seconds = 1};
    return options;
  }
  static std::string refusal(const SimulateOptions& options) {
    const auto loads = loads_of(options);
    return loads ? "accepted" : loads.error().message;
  }

  static inline std::unique_ptr<rig::LoadExporter> exporter_;
  static inline std::unique_ptr<rig::PrometheusServer> server_;
  static inline Instant end_;
};

TEST_F(SimulatePrometheus, AValueIsAMetricTrace) {
  const auto loads = loads_of(asking(R"(queue_depth{queue="a"})"));
  ASSERT_TRUE(loads) << loads.error().message;
  const auto& load = loads->front();
  EXPECT_THAT(load.name, HasSubstr(R"(queue_depth{queue="a"} of http://127.0.0.1)"));
  ASSERT_GE(load.samples.size(), 2U);
  EXPECT_EQ(load.samples.back().value, 3);
  EXPECT_EQ(load.end, replay::Micros(5'000'000));
}

TEST_F(SimulatePrometheus, ARateIsSoManyRequests) {
  auto asked = asking("vector(20)");
  asked.prometheus.is_rate = true;
  const auto loads = loads_of(asked);
  ASSERT_TRUE(loads) << loads.error().message;
  EXPECT_EQ(loads->front().requests.size(), 100U);
  EXPECT_EQ(loads->front().end, replay::Micros(5'000'000));
  EXPECT_EQ(start_of(asked), end_ - Seconds(5));
}

TEST_F(SimulatePrometheus, AGapOfARateIsNotNoRequests) {
  auto asked = asking("vector(time() % 2) == 1");
  asked.prometheus.is_rate = true;
  EXPECT_THAT(refusal(asked), HasSubstr("there is no value, so how many requests came"));
  asked.skip_bad_lines = true;
  const auto loads = loads_of(asked);
  ASSERT_TRUE(loads) << loads.error().message;
  EXPECT_GE(loads->front().skipped_lines, 2);
}

TEST_F(SimulatePrometheus, LongRangesAreAskedInParts) {
  auto asked = asking("vector(1)");
  asked.prometheus.from = end_ - std::chrono::hours(8);
  const auto loads = loads_of(asked);
  ASSERT_TRUE(loads) << loads.error().message;
  EXPECT_EQ(loads->front().samples.size(), 8U * 3600 + 1);
}

TEST_F(SimulatePrometheus, RefusesWithPlaceAndRemedy) {
  EXPECT_THAT(refusal(asking("queue_depth")), HasSubstr("several series"));
  EXPECT_THAT(refusal(asking("nothing_of_the_kind")), HasSubstr("the answer is empty"));
  EXPECT_THAT(refusal(asking("sum(")), HasSubstr("--query"));
  auto asked = asking("");
  EXPECT_THAT(refusal(asked), HasSubstr("--query is missing"));
  asked = asking("vector(-1)");
  asked.prometheus.is_rate = true;
  EXPECT_THAT(refusal(asked), HasSubstr("there is -1, which is no rate"));
  asked = asking("vector(1)");
  asked.prometheus.to = asked.prometheus.from;
  EXPECT_THAT(refusal(asked), HasSubstr("must be later than --from"));
  asked.prometheus.from = parse_rfc3339("2001-01-01T00:00:00Z").value();
  EXPECT_THAT(refusal(asked), HasSubstr("make the step longer"));
  asked = asking("vector(1)");
  asked.prometheus.url = "http://127.0.0.1:1";
  EXPECT_THAT(refusal(asked), HasSubstr("--prometheus http://127.0.0.1:1"));
  asked.prometheus.url = "ftp://x";
  EXPECT_THAT(refusal(asked), HasSubstr("http"));
}

}  // namespace
}  // namespace poolscaler::app
