#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>

#include "reader_harness.hpp"

namespace poolscaler::adapters {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::always;
using testing::form_member;
using testing::Harness;
using testing::parts_of;
using testing::queue_signal;
using testing::raw_signal;
using testing::seven;
using testing::vector_answer;

TEST(PrometheusReader, ReadsValueAndAgeByPost) {
  Harness harness(seven());
  const auto reading = harness.read_one(queue_signal("a"));
  EXPECT_EQ(reading.state, SignalState::Value) << reading.detail;
  EXPECT_EQ(reading.value, 7);
  EXPECT_EQ(reading.age_seconds, 10);
  ASSERT_THAT(harness.requests(), SizeIs(1));
  const auto request = harness.requests().front();
  EXPECT_EQ(request.method, HttpMethod::Post);
  EXPECT_EQ(request.target, "/base/api/v1/query");
  EXPECT_EQ(form_member(request, "query"),
            R"(label_replace(sum by (namespace, queue) (depth{namespace="shop",queue="a"}), )"
            R"("poolscaler_part", "0", "", "") or )"
            R"(label_replace(min by (namespace, queue) (timestamp(depth{namespace="shop",)"
            R"(queue="a"})), "poolscaler_part", "1", "", ""))");
  EXPECT_EQ(form_member(request, "timeout"), "4500ms");
  EXPECT_EQ(form_member(request, "limit"), "50000");
  EXPECT_EQ(form_member(request, "time"), "");
  EXPECT_EQ(request.deadline, Millis(5000));
  EXPECT_EQ(harness.outcomes()["main Answered"], 1);
}

TEST(PrometheusReader, AsksOncePerShapeHoweverManySignals) {
  Harness harness(seven());
  std::vector<SignalQuery> signals(500, queue_signal("a"));
  for (std::size_t i = 0; i < 100; ++i) signals[i] = queue_signal("q" + std::to_string(i));
  for (std::size_t i = 200; i < 300; ++i)
    std::get<MetricSelector>(signals[i].query).aggregation = Aggregation::Max;
  std::get<MetricSelector>(signals[400].query).aggregation = Aggregation::Max;
  const auto readings = harness.read(signals);
  EXPECT_THAT(readings, SizeIs(500));
  EXPECT_EQ(readings[499].value, 7);
  EXPECT_EQ(readings[0].state, SignalState::Absent);
  EXPECT_EQ(harness.sent(), 2);
}

TEST(PrometheusReader, KeepsTheOrderOfSignals) {
  Harness harness([](const HttpRequest&, std::stop_token) -> Result<HttpResponse> {
    return vector_answer(parts_of("b", "2", "999") + "," + parts_of("a", "0", "999"));
  });
  const auto readings =
      harness.read({queue_signal("b"), queue_signal("c"), queue_signal("a"),
                    queue_signal("a", "gone")});
  EXPECT_EQ(readings[0].value, 2);
  EXPECT_EQ(readings[1].state, SignalState::Absent);
  EXPECT_EQ(readings[2].state, SignalState::Zero);
  EXPECT_EQ(readings[3].state, SignalState::Error);
  EXPECT_THAT(readings[3].detail, HasSubstr("'gone' does not exist"));
}

TEST(PrometheusReader, SendsRawQueriesOnlyWhereTheSourceAllowsThem) {
  Harness harness(seven());
  EXPECT_THAT(harness.read_one(raw_signal("vector(1)")).detail, HasSubstr("does not allow raw"));
  EXPECT_EQ(harness.sent(), 0);
  harness.reader().use_sources({MetricSource{
      .name = "main", .url = "http://prom", .raw_query_namespaces = {"shop"}}});
  EXPECT_EQ(harness.read_one(raw_signal("vector(1)")).value, 7);
  EXPECT_EQ(form_member(harness.requests().back(), "query"), "vector(1)");
  EXPECT_EQ(harness.read_one(raw_signal("vector(1)", "bank")).state, SignalState::Error);
  EXPECT_EQ(harness.sent(), 1);
}

TEST(PrometheusReader, UsesTheEnforcedLabelOfTheSource) {
  Harness harness(seven());
  harness.reader().use_sources(
      {MetricSource{.name = "main", .url = "http://prom", .enforced_label = "tenant"}});
  EXPECT_EQ(harness.read_one(queue_signal("a")).state, SignalState::Absent);
  EXPECT_THAT(form_member(harness.requests().front(), "query"), HasSubstr("{tenant=\"shop\""));
}

TEST(PrometheusReader, KeepsTheClientOfASourceThatDidNotChange) {
  Harness harness(seven());
  const MetricSource same{.name = "main", .url = "http://prom:9090/base"};
  (void)harness.read_one(queue_signal("a"));
  harness.reader().use_sources({same, MetricSource{.name = "other", .url = "http://other"}});
  (void)harness.read_one(queue_signal("a"));
  EXPECT_EQ(harness.transports(), 1);
  auto changed = same;
  changed.ca_file = "/ca.pem";
  harness.reader().use_sources({changed});
  (void)harness.read_one(queue_signal("a"));
  EXPECT_EQ(harness.transports(), 2);
  harness.reader().use_sources({});
  EXPECT_EQ(harness.read_one(queue_signal("a")).state, SignalState::Error);
}

TEST(PrometheusReader, NothingAsksNothing) {
  Harness harness(seven());
  EXPECT_THAT(harness.read({}), SizeIs(0));
  EXPECT_EQ(harness.sent(), 0);
}

class TokenTest : public ::testing::Test {
 protected:
  TokenTest() {
    const auto place = std::filesystem::temp_directory_path() / "reader-";
    std::string pattern = place.string() + std::string(6, 'X');
    folder_ = ::mkdtemp(pattern.data());
  }
  ~TokenTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& token) const {
    std::ofstream(folder_ / "next") << token;
    std::filesystem::rename(folder_ / "next", folder_ / "token");
  }
  [[nodiscard]] MetricSource source() const {
    return {.name = "main",
            .url = "https://prom",
            .bearer_token_file = (folder_ / "token").string()};
  }

  std::filesystem::path folder_;
};

std::string authorization(const HttpRequest& request) {
  for (const auto& header : request.headers)
    if (header.name == "Authorization") return header.value;
  return {};
}

TEST_F(TokenTest, IsSentAndFollowsTheFile) {
  Harness harness(seven());
  harness.reader().use_sources({source()});
  EXPECT_THAT(harness.read_one(queue_signal("a")).detail, HasSubstr("bearer token file"));
  EXPECT_EQ(harness.sent(), 0);
  write("one");
  (void)harness.read_one(queue_signal("a"));
  EXPECT_EQ(authorization(harness.requests().back()), "Bearer one");
  write("two");
  (void)harness.read_one(queue_signal("a"));
  EXPECT_EQ(authorization(harness.requests().back()), "Bearer two");
}

TEST_F(TokenTest, IsReadAgainAfterARefusal) {
  write("old");
  std::once_flag rotated;
  Harness harness([&](const HttpRequest& request, std::stop_token stop) -> Result<HttpResponse> {
    if (authorization(request) == "Bearer new") return seven()(request, stop);
    std::call_once(rotated, [&] { write("new"); });
    return HttpResponse{.status = 401};
  });
  harness.reader().use_sources({source()});
  EXPECT_EQ(harness.read_one(queue_signal("a")).state, SignalState::Value);
}

TEST_F(TokenTest, DoesNotComeBackInADetail) {
  write("s3cr3t-token");
  for (const auto& response :
       {HttpResponse{.status = 401, .body = "got Bearer s3cr3t-token"},
        HttpResponse{.status = 302, .headers = {{"Location", "http://evil/?s3cr3t-token"}}},
        HttpResponse{.status = 422,
                     .body = R"({"status":"error","errorType":"s3cr3t-token",)"
                             R"("error":"s3cr3t-token"})"},
        HttpResponse{.status = 200,
                     .body = R"({"status":"success","warnings":["s3cr3t-token"],)"
                             R"("data":{"resultType":"vector","result":[]}})"},
        HttpResponse{.status = 200, .body = R"({"status":"success","data":{"resultType":)"
                                            R"("s3cr3t-token","result":[]}})"}}) {
    Harness harness(always(response));
    harness.reader().use_sources({source()});
    const auto reading = harness.read_one(queue_signal("a"));
    EXPECT_FALSE(is_usable(reading.state));
    EXPECT_EQ(reading.detail.find("s3cr3t"), std::string::npos) << reading.detail;
    EXPECT_THAT(reading.detail, HasSubstr("[redacted]"));
  }
}

/// Counts how many are inside at once; everyone waits until `expected` were, or a second passed.
class Crowd {
 public:
  explicit Crowd(int expected) : expected_(expected) {}
  void enter() {
    std::unique_lock lock(mutex_);
    most_ = std::max(most_, ++inside_);
    changed_.notify_all();
    changed_.wait_for(lock, Seconds(1), [&] { return most_ >= expected_; });
    --inside_;
  }
  int most() {
    const std::scoped_lock lock(mutex_);
    return most_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int expected_;
  int inside_ = 0;
  int most_ = 0;
};

TEST(PrometheusReader, BoundsWhatIsUnderWayAtOneSource) {
  Crowd crowd(4);
  Harness harness([&](const HttpRequest& request, std::stop_token stop) {
    crowd.enter();
    return seven()(request, stop);
  });
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 12; ++i) {
    signals.push_back(queue_signal("a"));
    std::get<MetricSelector>(signals.back().query).metric = "depth" + std::to_string(i);
  }
  for (const auto& reading : harness.read(signals)) EXPECT_EQ(reading.value, 7);
  EXPECT_EQ(crowd.most(), 4);
}

TEST(PrometheusReader, LetsRawQueriesOfATenantRunOneByOne) {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  Harness harness([&](const HttpRequest& request, std::stop_token stop) {
    most = std::max(most.load(), ++inside);
    std::this_thread::yield();
    --inside;
    return seven()(request, stop);
  });
  harness.reader().use_sources(
      {MetricSource{.name = "main", .url = "http://prom", .raw_query_namespaces = {"*"}}});
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 50; ++i) signals.push_back(raw_signal("vector(" + std::to_string(i) + ")"));
  for (const auto& reading : harness.read(signals)) EXPECT_EQ(reading.value, 7);
  EXPECT_EQ(most, 1);
  EXPECT_EQ(harness.sent(), 50);
}

TEST(PrometheusReader, StopsAtOnceWhenToldTo) {
  std::stop_source stop;
  Harness harness([&](const HttpRequest&, std::stop_token token) -> Result<HttpResponse> {
    stop.request_stop();
    EXPECT_TRUE(token.stop_requested());
    return fail(ErrorKind::Cancelled, "stopped");
  });
  std::vector<SignalQuery> signals;
  for (int i = 0; i < 40; ++i) {
    signals.push_back(queue_signal("a"));
    std::get<MetricSelector>(signals.back().query).metric = "depth" + std::to_string(i);
  }
  for (const auto& reading : harness.read(signals, Millis(5000), stop.get_token()))
    EXPECT_EQ(reading.state, SignalState::Error);
  EXPECT_LE(harness.sent(), 4);
}

TEST(PrometheusReader, AHangingSourceDoesNotDelayAnother) {
  std::mutex mutex;
  std::condition_variable_any changed;
  bool healthy_done = false;
  Harness harness([](const HttpRequest&, std::stop_token) -> Result<HttpResponse> {
    return fail(ErrorKind::Internal, "unused");
  });
  const auto factory = [&](const MetricSource& source) -> Result<std::unique_ptr<HttpTransport>> {
    const bool hangs = source.name == "hangs";
    return std::make_unique<testing::FakeTransport>(
        [&, hangs](const HttpRequest& request, std::stop_token stop) -> Result<HttpResponse> {
          std::unique_lock lock(mutex);
          if (hangs) {
            // Returns only after the other source was done: a deadlock here is the failure.
            changed.wait_for(lock, stop, Seconds(10), [&] { return healthy_done; });
            return fail(ErrorKind::TimedOut, "no answer");
          }
          healthy_done = true;
          changed.notify_all();
          return seven()(request, stop);
        });
  };
  PrometheusReader reader(factory, harness.clock);
  reader.use_sources({MetricSource{.name = "hangs", .url = "http://a"},
                      MetricSource{.name = "main", .url = "http://b"}});
  const std::vector<SignalQuery> signals{queue_signal("a", "hangs"), queue_signal("a")};
  const auto readings = reader.read(signals, Millis(20'000), {});
  EXPECT_EQ(readings[0].state, SignalState::Error);
  EXPECT_EQ(readings[1].state, SignalState::Value);
  EXPECT_TRUE(healthy_done);
}

}  // namespace
}  // namespace poolscaler::adapters
