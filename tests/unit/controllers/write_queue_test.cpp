#include "poolscaler/controllers/write_queue.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "support/quiet_writer.hpp"
#include "support/virtual_clock.hpp"

namespace poolscaler::controllers {
namespace {

using telemetry::WriteClass;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Notes the names of what is sent; answers what the test says.
class NotingWriter final : public testing::QuietWriter {
 public:
  Result<ScaleWritten> write_scale(const ScaleWrite& write, std::stop_token) override {
    sent.push_back(write.target.name + "=" + std::to_string(write.replicas));
    if (during) during();
    if (error) return fail(*error);
    return ScaleWritten{.replicas = write.replicas, .resource_version = "2"};
  }
  Result<std::string> write_status(const StatusWrite& write, std::stop_token) override {
    sent.push_back("status " + write.key.name);
    if (error) return fail(*error);
    return std::string("2");
  }
  void note_event(EventNote) override {}

  std::vector<std::string> sent;
  std::optional<Error> error;
  std::function<void()> during;
};

class WriteQueueTest : public ::testing::Test {
 protected:
  std::uint64_t put(const std::string& name, WriteClass write_class, std::int32_t replicas) {
    return queue.put_scale(
        {"ns", name}, write_class,
        {.ns = "ns",
         .target = {.api_version = "apps/v1", .kind = "Deployment", .name = name},
         .uid = "u",
         .resource_version = "1",
         .replicas = replicas});
  }
  void put_status(const std::string& name) {
    queue.put_status({.what = WriteSlot::What::Status, .key = {"ns", name}},
                     {.plural = "scalingpolicies",
                      .key = {"ns", name},
                      .uid = "u",
                      .status_json = "{}"});
  }
  void pump() {
    while (queue.send_next({})) {
    }
  }
  testing::VirtualClock clock;
  telemetry::Metrics metrics{{}};
  NotingWriter writer;
  WriteQueue queue{writer, metrics, clock};
};

using Queue = WriteQueueTest;

TEST_F(Queue, SendsTheMostUrgentClassFirst) {
  put_status("a");
  put("b", WriteClass::Shrink, 1);
  put("c", WriteClass::Growth, 7);
  put("d", WriteClass::FromZero, 1);
  pump();
  EXPECT_THAT(writer.sent, ElementsAre("d=1", "c=7", "b=1", "status a"));
}

TEST_F(Queue, KeepsTheLatestWriteOfAnObject) {
  put("a", WriteClass::Growth, 5);
  const auto latest = put("a", WriteClass::Shrink, 2);
  pump();
  EXPECT_THAT(writer.sent, ElementsAre("a=2"));
  const auto done = queue.take_done();
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_EQ(done[0].ticket, latest);
}

TEST_F(Queue, NeverSendsTwoWritesOfOneObjectAtOnce) {
  put("a", WriteClass::Growth, 5);
  writer.during = [this] {
    writer.during = nullptr;
    put("a", WriteClass::Growth, 6);
    put("b", WriteClass::Growth, 1);
    EXPECT_TRUE(queue.send_next({}));   // b
    EXPECT_FALSE(queue.send_next({}));  // a is being sent
  };
  pump();
  EXPECT_THAT(writer.sent, ElementsAre("a=5", "b=1", "a=6"));
}

TEST_F(Queue, AWithdrawnWriteIsNotSent) {
  put("a", WriteClass::Growth, 5);
  EXPECT_TRUE(queue.withdraw({.what = WriteSlot::What::Scale, .key = {"ns", "a"}}));
  EXPECT_FALSE(queue.withdraw({.what = WriteSlot::What::Scale, .key = {"ns", "a"}}));
  pump();
  EXPECT_THAT(writer.sent, IsEmpty());
}

TEST_F(Queue, RetryAfterPausesItsClassAlone) {
  writer.error = Error{ErrorKind::Throttled, "slow down", 5};
  put("a", WriteClass::Growth, 5);
  pump();
  writer.error.reset();
  put("b", WriteClass::Growth, 5);
  put("c", WriteClass::FromZero, 1);
  put_status("d");
  pump();
  EXPECT_THAT(writer.sent, ElementsAre("a=5", "c=1", "status d"));
  clock.advance(Millis(5'000));
  pump();
  EXPECT_THAT(writer.sent, ElementsAre("a=5", "c=1", "status d", "b=5"));
}

TEST_F(Queue, AnAbsurdRetryAfterIsNotObeyedForEver) {
  writer.error = Error{ErrorKind::Throttled, "slow down", 86'400};
  put("a", WriteClass::Growth, 5);
  pump();
  writer.error.reset();
  put("b", WriteClass::Growth, 5);
  clock.advance(Millis(60'000));
  pump();
  EXPECT_THAT(writer.sent, ElementsAre("a=5", "b=5"));
}

TEST_F(Queue, ASilentServerIsAskedLessAndLessOften) {
  writer.error = Error{ErrorKind::Unavailable, "connection refused"};
  for (int second = 0; second < 600; ++second) {
    for (int i = 0; i < 50; ++i) put_status("p" + std::to_string(i));
    pump();
    clock.advance(Millis(1'000));
  }
  EXPECT_LE(writer.sent.size(), 40U) << "ten minutes, fifty policies that want to be told";
  writer.error.reset();
  writer.sent.clear();
  clock.advance(Millis(30'000));
  for (int i = 0; i < 50; ++i) put_status("p" + std::to_string(i));
  pump();
  EXPECT_THAT(writer.sent, SizeIs(50));
}

TEST_F(Queue, ShowsItsDepthAndResults) {
  put("a", WriteClass::Growth, 5);
  EXPECT_THAT(metrics.text(),
              ::testing::HasSubstr("poolscaler_write_queue_depth{class=\"growth\"} 1"));
  pump();
  const auto text = metrics.text();
  EXPECT_THAT(text, ::testing::HasSubstr("poolscaler_write_queue_depth{class=\"growth\"} 0"));
  EXPECT_THAT(text, ::testing::HasSubstr(
                        "poolscaler_scale_writes_total{direction=\"up\",result=\"written\"} 1"));
}

TEST_F(Queue, WorkersEndWhenAskedTo) {
  const auto& real = system_clock();
  WriteQueue threaded(writer, metrics, real);
  std::stop_source stop;
  stop.request_stop();
  threaded.run(stop.get_token(), {});
  SUCCEED();
}

}  // namespace
}  // namespace poolscaler::controllers
