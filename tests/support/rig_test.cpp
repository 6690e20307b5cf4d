// The harness itself: what it promises is what every suite above it believes.
#include <gtest/gtest.h>

#include <csignal>

#include "support/fault_proxy.hpp"
#include "support/load_exporter.hpp"
#include "support/process.hpp"
#include "support/raw_http.hpp"

namespace poolscaler::rig {
namespace {

TEST(ChildProcess, TellsItsExitCodeAndItsOutput) {
  const auto finished = run({"sh", "-c", "cat; echo oops >&2; exit 3"}, "hello");
  EXPECT_EQ(finished.exit_code, 3);
  EXPECT_EQ(finished.out, "hello");
  EXPECT_EQ(finished.err, "oops\n");
}

TEST(ChildProcess, IsKilledWhenItIgnoresSigterm) {
  const TempDir folder;
  const auto out = folder.path() / "out";
  Process process({.argv = {"sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"},
                   .output = out});
  ASSERT_TRUE(eventually(Ms{5000}, [&] { return read_file(out) == "deaf\n"; }));
  EXPECT_TRUE(process.running());
  EXPECT_EQ(process.stop(Ms{200}), 128 + SIGKILL);
}

TEST(LoadExporter, ServesWhatWasSet) {
  LoadExporter exporter;
  exporter.set("depth", R"(queue="a")", 2.5);
  const Endpoint endpoint{.port = exporter.port()};
  EXPECT_EQ(exchange(endpoint, {.target = "/metrics"}).body,
            "# TYPE depth gauge\ndepth{queue=\"a\"} 2.5\n");
  exporter.answer(503);
  EXPECT_EQ(exchange(endpoint, {.target = "/metrics"}).status, 503);
}

class FaultProxyTest : public ::testing::Test {
 protected:
  LoadExporter server_;
  FaultProxy proxy_{Endpoint{.port = server_.port()}};
  RawResponse ask(Ms limit = Ms{5000}) {
    return exchange(proxy_.endpoint(), {.target = "/metrics"}, limit);
  }
};

TEST_F(FaultProxyTest, ForwardsWhatNoRuleStops) {
  server_.set("up", "", 1);
  EXPECT_EQ(ask().body, "# TYPE up gauge\nup{} 1\n");
  ASSERT_EQ(proxy_.requests().size(), 1U);
  EXPECT_EQ(proxy_.requests()[0].target, "/metrics");
}

TEST_F(FaultProxyTest, DoesWhatTheRuleSays) {
  proxy_.set_rule([](const auto&) {
    return Verdict{.kind = Verdict::Kind::Answer, .status = 429, .text = "slow"};
  });
  EXPECT_EQ(ask().status, 429);
  proxy_.set_rule([](const auto&) { return Verdict{.kind = Verdict::Kind::Cut}; });
  EXPECT_EQ(ask().status, 0);
  proxy_.set_rule([](const auto&) {
    return Verdict{.kind = Verdict::Kind::Raw, .text = "HTTP/1.1 200 OK\r\n\r\n{half"};
  });
  EXPECT_EQ(ask().body, "{half");
  proxy_.set_rule([](const auto&) { return Verdict{.kind = Verdict::Kind::ForwardThenCut}; });
  EXPECT_EQ(ask().status, 0);
  proxy_.set_rule([](const auto&) { return Verdict{.kind = Verdict::Kind::Hold}; });
  EXPECT_EQ(ask(Ms{300}).status, 0);
  proxy_.set_rule(nullptr);
  EXPECT_EQ(ask().status, 200);
}

TEST_F(FaultProxyTest, CutsConnectionsThatAreOpen) {
  proxy_.set_rule([](const auto&) { return Verdict{.kind = Verdict::Kind::Hold}; });
  const auto stream = Stream::connect(proxy_.endpoint());
  ASSERT_TRUE(stream->send("GET / HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(eventually(Ms{2000}, [&] { return proxy_.requests().size() == 1; }));
  proxy_.cut_all();
  const auto end = stream->receive(Ms{2000});
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(*end, "");
}

}  // namespace
}  // namespace poolscaler::rig
