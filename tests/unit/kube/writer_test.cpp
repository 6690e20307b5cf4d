#include "poolscaler/kube/writer.hpp"

#include <future>
#include <gmock/gmock.h>

#include "support/virtual_clock.hpp"
#include "unit/kube/fake_transport.hpp"

namespace poolscaler::kube {
namespace {

using ::poolscaler::testing::VirtualClock;
using ::testing::HasSubstr;

class WriterTest : public ::testing::Test {
 protected:
  WriterTest() {
    transport.on_send = [this](const HttpRequest& request) -> FakeTransport::Answer {
      if (request.target == "/apis/apps/v1")
        return json_answer(nlohmann::json::parse(R"({"kind": "APIResourceList", "resources": [
            {"name": "deployments", "namespaced": true, "kind": "Deployment"},
            {"name": "deployments/scale", "namespaced": true, "kind": "Scale"}]})"));
      return answer;
    };
  }

  ScaleWrite scale_to(std::int32_t replicas) const {
    return {.ns = "shop",
            .target = {.api_version = "apps/v1", .kind = "Deployment", .name = "web"},
            .uid = "u",
            .resource_version = "7",
            .replicas = replicas};
  }
  static EventNote note_of(const std::string& name) {
    return {.regarding_api_version = "v1",
            .regarding_kind = "Pod",
            .regarding = {.ns = "shop", .name = name},
            .regarding_uid = "u",
            .reason = Reason::SignalAboveTarget,
            .action = "Scale",
            .note = "x"};
  }
  std::size_t sent_to(std::string_view part) const {
    std::size_t count = 0;
    for (const auto& request : transport.sent())
      count += request.target.find(part) != std::string::npos ? 1u : 0u;
    return count;
  }

  VirtualClock clock;
  FakeTransport transport;
  std::unique_ptr<TokenSource> tokens = no_token();
  Client client{transport, *tokens, clock};
  Discovery discovery{client, clock};
  std::atomic<bool> open{true};
  FakeTransport::Answer answer = json_answer(nlohmann::json::parse(
      R"({"kind": "Scale", "apiVersion": "autoscaling/v1",
          "metadata": {"resourceVersion": "8"}, "spec": {"replicas": 3}})"));
  Writer writer{client, discovery, clock, {.may_write = [this] { return open.load(); },
                                           .reporting_instance = "pod",
                                           .event_queue_max = 50}};
};

TEST_F(WriterTest, ScalesAndTellsTheNewVersion) {
  const auto written = writer.write_scale(scale_to(3), {});
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->replicas, 3);
  EXPECT_EQ(written->resource_version, "8");
  EXPECT_EQ(transport.sent().back().deadline, Millis(5000));
}

TEST_F(WriterTest, SuspendsAndResumesAJob) {
  transport.on_send = [](const HttpRequest& request) -> FakeTransport::Answer {
    if (request.target == "/apis/batch/v1")
      return json_answer(nlohmann::json::parse(R"({"kind": "APIResourceList", "resources": [
          {"name": "jobs", "namespaced": true, "kind": "Job"}]})"));
    return json_answer(nlohmann::json::parse(R"({"kind": "Job", "apiVersion": "batch/v1",
        "metadata": {"resourceVersion": "8"}, "spec": {"suspend": false}})"));
  };
  auto write = scale_to(1);
  write.target = {.api_version = "batch/v1", .kind = "Job", .name = "train"};
  const auto written = writer.write_scale(write, {});
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->replicas, 1);
  EXPECT_EQ(written->resource_version, "8");
  const auto sent = transport.sent().back();
  EXPECT_EQ(sent.target.substr(0, sent.target.find('?')),
            "/apis/batch/v1/namespaces/shop/jobs/train");
  EXPECT_EQ(nlohmann::json::parse(sent.body),
            nlohmann::json::parse(R"({"metadata": {"uid": "u", "resourceVersion": "7"},
                                      "spec": {"suspend": false}})"));
  write.replicas = 2;
  EXPECT_EQ(writer.write_scale(write, {}).error().kind, ErrorKind::InvalidInput);
}

TEST_F(WriterTest, SendsNothingThroughAClosedGate) {
  open = false;
  EXPECT_EQ(writer.write_scale(scale_to(3), {}).error().kind, ErrorKind::Cancelled);
  EXPECT_EQ(writer
                .write_status({.plural = "scalingpolicies",
                               .key = {.ns = "shop", .name = "p"},
                               .uid = "u",
                               .status_json = "{}"},
                              {})
                .error()
                .kind,
            ErrorKind::Cancelled);
  writer.note_event(note_of("a"));
  writer.flush_events(Seconds(5));
  for (const auto& request : transport.sent()) EXPECT_EQ(request.method, HttpMethod::Get);
}

TEST_F(WriterTest, SaysWhatItWasDoingAndHandsOnRetryAfter) {
  auto throttled = status_answer(429, "TooManyRequests", "slow down");
  throttled.headers.push_back({"Retry-After", "7"});
  answer = throttled;
  const auto error = writer.write_scale(scale_to(3), {}).error();
  EXPECT_EQ(error.kind, ErrorKind::Throttled);
  EXPECT_EQ(error.retry_after_seconds, 7);
  EXPECT_EQ(error.message, "scaling shop/Deployment web to 3: slow down");
  EXPECT_EQ(sent_to("/scale"), 1u);
}

TEST_F(WriterTest, KnowsOnlyItsOwnKindsOfStatus) {
  EXPECT_EQ(writer
                .write_status({.plural = "deployments",
                               .key = {.ns = "shop", .name = "web"},
                               .uid = "u",
                               .status_json = "{}"},
                              {})
                .error()
                .kind,
            ErrorKind::InvalidInput);
}

TEST_F(WriterTest, PostsEqualEventsAsASeries) {
  for (int i = 0; i < 10; ++i) writer.note_event(note_of("a"));
  writer.note_event(note_of("b"));
  writer.flush_events(Seconds(5));
  EXPECT_EQ(sent_to("/events?"), 2u);
  EXPECT_EQ(sent_to("/events/a."), 1u);
  EXPECT_EQ(writer.event_counts().sent, 3u);
}

TEST_F(WriterTest, TriesAnEventTwelveTimesAndDropsIt) {
  answer = fail(ErrorKind::Unavailable, "could not connect");
  writer.note_event(note_of("a"));
  writer.flush_events(Seconds(5));
  EXPECT_EQ(sent_to("/events?"), 12u);
  EXPECT_EQ(writer.event_counts().dropped, 1u);
}

TEST_F(WriterTest, DropsAnEventThatIsRefusedAtOnce) {
  answer = status_answer(403, "Forbidden", "namespace is being terminated");
  writer.note_event(note_of("a"));
  writer.flush_events(Seconds(5));
  EXPECT_EQ(sent_to("/events?"), 1u);
  EXPECT_EQ(writer.event_counts().dropped, 1u);
}

TEST_F(WriterTest, DropsAndCountsWhatDoesNotFitTheQueue) {
  std::promise<void> release;
  auto released = release.get_future().share();
  transport.on_send = [&](const HttpRequest&) -> FakeTransport::Answer {
    released.wait();
    return answer;
  };
  for (int i = 0; i < 100; ++i) writer.note_event(note_of("p" + std::to_string(i)));
  EXPECT_GE(writer.event_counts().dropped, 49u);
  release.set_value();
  writer.flush_events(Seconds(5));
  EXPECT_EQ(writer.event_counts().queued, 0u);
}

}  // namespace
}  // namespace poolscaler::kube
