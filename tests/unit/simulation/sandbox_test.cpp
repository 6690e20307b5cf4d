// The sandbox as a whole, on a virtual clock and without sockets, and the story that it tells.
#include "poolscaler/simulation/sandbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "poolscaler/simulation/story.hpp"
#include "support/virtual_clock.hpp"
#include "unit/simulation/api_client.hpp"

namespace poolscaler::simulation {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::VirtualClock;

class NoServer final : public HttpServer {
 public:
  std::uint16_t port() const override { return 4321; }
};

Result<std::unique_ptr<HttpServer>> start_nothing(HttpServerOptions, HttpHandler) {
  return std::make_unique<NoServer>();
}

class SandboxTest : public ::testing::Test {
 protected:
  SandboxTest() {
    auto made = Sandbox::create({.load = story_load()}, start_nothing, clock_);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    sandbox_ = std::move(*made);
  }
  void pass(Millis duration) {
    const auto end = clock_.now() + duration;
    while (clock_.now() < end) {
      clock_.advance(Sandbox::step_period);
      sandbox_->advance();
    }
  }
  void scale(int replicas) {
    ApiClient client(sandbox_->api());
    EXPECT_EQ(client.merge("/apis/apps/v1/namespaces/demo/deployments/llm/scale",
                           {{"spec", {{"replicas", replicas}}}}).status,
              200);
  }
  std::string metric(const std::string& name) {
    const auto query = "sum by (namespace, model) (" + name +
                       "{model=~\"llm\",namespace=~\"demo\"})";
    const auto response =
        sandbox_->metrics().handle({.method = "POST",
                                    .path = "/api/v1/query",
                                    .headers = {{"content-type",
                                                 "application/x-www-form-urlencoded"}},
                                    .body = "query=" + percent_encoded(query)});
    const auto answer = json::parse(response.body);
    EXPECT_EQ(answer["status"], "success") << answer;
    const auto& series = answer["data"]["result"];
    return series.empty() ? "none" : series[0]["value"][1].get<std::string>();
  }

  VirtualClock clock_;
  std::unique_ptr<Sandbox> sandbox_;
};

TEST_F(SandboxTest, BeginsWithItsExamplesAtZero) {
  ApiClient client(sandbox_->api());
  EXPECT_EQ(client.get("/apis/poolscaler.dev/v1alpha1/namespaces/demo/scalingpolicies/llm").status,
            200);
  const auto source =
      client.get("/apis/poolscaler.dev/v1alpha1/metricsources/sandbox").body;
  EXPECT_EQ(source["spec"]["url"], sandbox_->metrics_origin());
  EXPECT_EQ(client.get("/api/v1/namespaces/poolscaler-system").status, 200);
  const auto view = sandbox_->view();
  EXPECT_EQ(view.asked, 0);
  EXPECT_EQ(view.pods, 0);
  EXPECT_EQ(view.reason, "");
  EXPECT_THAT(sandbox_->kubeconfig(), HasSubstr("server: http://127.0.0.1:4321\n"));
}

TEST_F(SandboxTest, TheQueueGrowsUntilPodsServeIt) {
  pass(Seconds(3));
  EXPECT_EQ(metric("sandbox_requests_waiting"), "0");
  pass(Seconds(6));
  EXPECT_NEAR(std::stod(metric("sandbox_requests_waiting")), 30, 7);
  scale(6);
  pass(Seconds(8));
  EXPECT_EQ(sandbox_->view().ready, 6);
  const auto waiting = sandbox_->view().waiting;
  pass(Seconds(3));
  EXPECT_LT(sandbox_->view().waiting, waiting);
  EXPECT_GT(std::stod(metric("sandbox_requests_running")), 0);
}

TEST_F(SandboxTest, SaysWhyItCannotServe) {
  const auto made = Sandbox::create(
      {.load = story_load()},
      [](HttpServerOptions, HttpHandler) -> Result<std::unique_ptr<HttpServer>> {
        return fail(ErrorKind::Unavailable, "listening on 127.0.0.1 port 80: Permission denied");
      },
      clock_);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message,
            "serving the metrics: listening on 127.0.0.1 port 80: Permission denied");
}

SandboxView at(int second) {
  SandboxView view;
  view.since_start = Seconds(second);
  return view;
}

/// The views of a run that goes as it should.
std::vector<SandboxView> good_run() {
  auto quiet = at(1);
  auto arriving = at(5);
  arriving.arriving_per_second = 6;
  arriving.waiting = 4;
  auto woken = arriving;
  woken.since_start = Seconds(6);
  woken.asked = woken.pods = 2;
  woken.reason = "WokenFromZero";
  auto ready = woken;
  ready.since_start = Seconds(12);
  ready.ready = 2;
  auto paused = ready;
  paused.since_start = Seconds(20);
  paused.arriving_per_second = 0;
  paused.waiting = 0;
  auto resumed = ready;
  resumed.since_start = Seconds(28);
  auto ended = paused;
  ended.since_start = Seconds(40);
  ended.load_ended = true;
  auto zero = ended;
  zero.since_start = Seconds(55);
  zero.asked = zero.pods = zero.ready = 0;
  zero.reason = "IdleToZero";
  return {quiet, arriving, woken, ready, paused, resumed, ended, zero};
}

TEST(StoryTest, IsToldWhenEveryChapterCameTrueInOrder) {
  Story story;
  for (const auto& view : good_run()) story.observe(view);
  EXPECT_TRUE(story.ended());
  EXPECT_TRUE(story.as_told()) << story.summary();
  EXPECT_THAT(story.summary(), HasSubstr("went as told, in 55 seconds"));
}

TEST(StoryTest, IsNotToldWhenAPauseGoesToZero) {
  Story story;
  for (auto view : good_run()) {
    if (view.since_start == Seconds(20)) view.asked = 0;
    story.observe(view);
  }
  EXPECT_TRUE(story.ended());
  EXPECT_FALSE(story.as_told());
  EXPECT_THAT(story.summary(), HasSubstr("the pause took the target to zero"));
}

TEST(StoryTest, IsNotToldWhenReplicasComeBeforeAnyRequest) {
  Story story;
  auto view = at(1);
  view.asked = 1;
  story.observe(view);
  EXPECT_TRUE(story.ended());
  EXPECT_FALSE(story.as_told());
}

TEST(StoryTest, EndsWithoutHavingBeenToldAtItsLimit) {
  Story story(Seconds(60));
  for (const auto& view : good_run())
    if (view.since_start < Seconds(10)) story.observe(view);
  EXPECT_FALSE(story.ended());
  auto late = good_run()[2];
  late.since_start = Seconds(60);
  story.observe(late);
  EXPECT_TRUE(story.ended());
  EXPECT_FALSE(story.as_told());
  EXPECT_THAT(story.summary(), HasSubstr("still waits for 'Pods become ready'"));
}

TEST(StoryViewTest, DrawsOverItselfOnATerminalAndOnlyThere) {
  const auto run = good_run();
  Story story;
  StoryView live(true, false);
  EXPECT_THAT(live.draw(run[1], story), Not(HasSubstr("\x1b")));
  EXPECT_THAT(live.draw(run[2], story), HasSubstr("\x1b["));
  StoryView lines(false, true);
  std::string all;
  for (const auto& view : run) {
    story.observe(view);
    all += lines.draw(view, story);
  }
  EXPECT_THAT(all, Not(HasSubstr("\x1b")));
  EXPECT_THAT(all, HasSubstr("IdleToZero"));
  EXPECT_THAT(all, HasSubstr("== Back to zero"));
}

TEST(StoryViewTest, SaysNothingTwiceInLines) {
  Story story;
  StoryView lines(false, false);
  const auto view = good_run()[2];
  EXPECT_NE(lines.draw(view, story), "");
  EXPECT_EQ(lines.draw(view, story), "");
}

TEST(StoryViewTest, LetsNoMessageReachTheTerminalUnescaped) {
  auto view = good_run()[2];
  view.message = "a\x1b[2Jb\nc";
  Story story;
  StoryView live(true, false);
  const auto text = live.draw(view, story);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("a\\x1b[2Jb\\nc"));
}

}  // namespace
}  // namespace poolscaler::simulation
