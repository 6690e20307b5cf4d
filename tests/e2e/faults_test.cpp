// What must hold when a part fails: bad data never lowers replicas, and the end is as without
// fault.
#include <cmath>

#include "e2e/world.hpp"

namespace poolscaler::e2e {
namespace {

using rig::Verdict;

class BadData : public Case {
 protected:
  // Three replicas, a load of 30, then the fault; the load's end must not be believed meanwhile.
  void begin() {
    start_operator();
    make_deployment("llm", 1);
    set_load("llm", 30);
    make_policy("llm");
    ASSERT_TRUE(reaches("llm", 3));
    ASSERT_TRUE(condition_becomes("llm", "MetricsHealthy", "True"));
  }

  void expect_held_with(const std::string& reason) {
    EXPECT_TRUE(condition_becomes("llm", "MetricsHealthy", "False " + reason, Ms{30'000}));
    EXPECT_TRUE(holds("llm", 3, Ms{8000}));
    for (const int written : scale_writes("llm")) EXPECT_GE(written, 3);
  }

  // The fault has gone: the operator follows the load again.
  void expect_recovery() {
    world().metrics_proxy().set_rule(nullptr);
    set_load("llm", 60);
    EXPECT_TRUE(reaches("llm", 6, Ms{30'000}));
    EXPECT_TRUE(condition_becomes("llm", "MetricsHealthy", "True"));
  }

  void answer_with(const Verdict& verdict) {
    world().metrics_proxy().set_rule([verdict](const auto&) { return verdict; });
  }
};

TEST_F(BadData, PrometheusDownNeverLowersReplicas) {
  begin();
  world().prometheus().stop();
  expect_held_with("MetricError");
  world().prometheus().start();
  expect_recovery();
}

TEST_F(BadData, PrometheusAnswering503NeverLowersReplicas) {
  begin();
  answer_with({.kind = Verdict::Kind::Answer, .status = 503, .text = "overloaded"});
  expect_held_with("MetricError");
  expect_recovery();
}

TEST_F(BadData, GarbageNeverLowersReplicas) {
  begin();
  answer_with({.kind = Verdict::Kind::Answer, .status = 200, .text = "{\"status\":\"succ"});
  expect_held_with("MetricError");
  expect_recovery();
}

TEST_F(BadData, PageOfSomethingElseNeverLowersReplicas) {
  begin();
  answer_with({.kind = Verdict::Kind::Answer, .status = 200, .text = "<html>log in</html>"});
  expect_held_with("MetricError");
  expect_recovery();
}

TEST_F(BadData, PrometheusThatHangsNeverLowersReplicas) {
  begin();
  answer_with({.kind = Verdict::Kind::Hold});
  expect_held_with("MetricError");
  expect_recovery();
}

TEST_F(BadData, CutAnswersNeverLowerReplicas) {
  begin();
  answer_with({.kind = Verdict::Kind::Raw,
               .text = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                       "Content-Length: 500\r\n\r\n{\"status\":\"success\",\"data\":{"});
  expect_held_with("MetricError");
  expect_recovery();
}

TEST_F(BadData, EndlessAnswersNeverLowerReplicas) {
  begin();
  std::string endless = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 200; ++i) endless += "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
  answer_with({.kind = Verdict::Kind::Raw, .text = endless});
  expect_held_with("MetricError");
  expect_recovery();
}

TEST_F(BadData, VanishedSeriesNeverLowerReplicas) {
  begin();
  remove_load("llm");
  expect_held_with("MetricAbsent");
  expect_recovery();
}

TEST_F(BadData, NaNNeverLowersReplicas) {
  begin();
  world().load().set_text("queue_depth", "namespace=\"" + ns() + "\",queue=\"llm\"", "NaN");
  expect_held_with("MetricNotANumber");
  expect_recovery();
}

// The exporter hangs behind a Prometheus that is well: the samples grow old, then vanish.
TEST_F(BadData, ExporterThatFailsNeverLowersReplicas) {
  begin();
  world().load().answer(500);
  expect_held_with("Metric");
  world().load().answer(200);
  expect_recovery();
}

TEST_F(BadData, WarningsNeverLowerReplicas) {
  begin();
  answer_with({.kind = Verdict::Kind::Answer,
               .status = 200,
               .text = R"({"status":"success","warnings":["a store is away"],)"
                       R"("data":{"resultType":"vector","result":[]}})"});
  expect_held_with("Metric");
  expect_recovery();
}

class LostParts : public Case {
 protected:
  void begin() {
    start_operator();
    make_deployment("llm", 1);
    set_load("llm", 30);
    make_policy("llm");
    ASSERT_TRUE(reaches("llm", 3));
  }
};

TEST_F(LostParts, RestartOfTheApiServerIsSurvived) {
  begin();
  cluster().kill_api_server();
  rig::pause_for(Ms{3000});
  set_load("llm", 50);
  cluster().start_api_server();
  EXPECT_TRUE(reaches("llm", 5, Ms{60'000}));
  change_policy("llm", {{"maxReplicas", 4}});
  EXPECT_TRUE(reaches("llm", 4, Ms{30'000})) << "watches must be alive again";
  EXPECT_TRUE(the_operator().process().running());
}

TEST_F(LostParts, ConnectionsWhosePacketsVanishAreReplaced) {
  begin();
  // Else the proxy's kernel would send again what it has no receipt of: a sign of life.
  rig::pause_for(Ms{4000});
  world().api_proxy().vanish_all();
  const auto since = std::chrono::steady_clock::now();
  set_load("llm", 50);
  EXPECT_TRUE(reaches("llm", 5, Ms{60'000})) << "a write needs a connection that is alive";
  change_policy("llm", {{"maxReplicas", 4}});
  EXPECT_TRUE(reaches("llm", 4, Ms{60'000})) << "a watch must be alive again";
  EXPECT_LT(std::chrono::steady_clock::now() - since, Ms{75'000});
  EXPECT_TRUE(the_operator().process().running());
}

TEST_F(LostParts, CompactionUnderAWatchIsSurvived) {
  begin();
  const auto relists = [&] {
    int lists = 0;
    for (const auto& request : world().api_proxy().requests())
      lists += request.method == "GET" && !request.watches() &&
               request.target.find("/scalingpolicies?") != std::string::npos;
    return lists;
  };
  // While the watches are away the history is cut behind their versions.
  world().api_proxy().set_rule([](const auto&) { return Verdict{.kind = Verdict::Kind::Cut}; });
  world().api_proxy().cut_all(true);
  change_policy("llm", {{"maxReplicas", 4}});
  cluster().kill_api_server();
  cluster().compact_etcd();
  cluster().start_api_server();
  change_policy("llm", {{"minReplicas", 1}});
  set_load("llm", 90);
  world().api_proxy().forget_requests();
  world().api_proxy().set_rule(nullptr);
  EXPECT_TRUE(reaches("llm", 4, Ms{60'000}));
  EXPECT_GE(relists(), 1) << "after 410 the collection is listed again";
  set_load("llm", 0);
  EXPECT_TRUE(reaches("llm", 1, Ms{60'000}));
}

TEST_F(LostParts, BothFormsOf410AreSurvived) {
  begin();
  const std::string status =
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
      R"("message":"too old","reason":"Expired","code":410})";
  const std::string event = R"({"type":"ERROR","object":)" + status + "}\n";
  for (const bool in_stream : {false, true}) {
    auto left = std::make_shared<std::atomic<int>>(6);
    world().api_proxy().set_rule([=](const rig::ProxiedRequest& request) -> Verdict {
      if (!request.watches() || left->fetch_sub(1) <= 0) return {};
      if (!in_stream) return {.kind = Verdict::Kind::Answer, .status = 410, .text = status};
      return {.kind = Verdict::Kind::Answer, .status = 200, .text = event};
    });
    world().api_proxy().cut_all();
    change_policy("llm", {{"maxReplicas", in_stream ? 5 : 4}});
    set_load("llm", 90);
    EXPECT_TRUE(reaches("llm", in_stream ? 5 : 4, Ms{60'000}));
  }
}

TEST_F(LostParts, TargetMadeAgainStartsAnew) {
  begin();
  ASSERT_EQ(cluster().request("DELETE", apps("deployments", "llm")).status, 200);
  EXPECT_TRUE(condition_becomes("llm", "Ready", "False TargetNotFound"));
  const auto old_uid = policy_object("llm").value(json::json_pointer("/status/targetUID"), "");
  make_deployment("llm", 1);
  EXPECT_TRUE(reaches("llm", 3, Ms{30'000}));
  EXPECT_TRUE(condition_becomes("llm", "Ready", "True Accepted"));
  const auto uid = cluster().get(apps("deployments", "llm"))["metadata"].value("uid", "");
  EXPECT_TRUE(rig::eventually(Ms{10'000}, [&] {
    return policy_object("llm").value(json::json_pointer("/status/targetUID"), "") == uid;
  })) << policy_object("llm").dump(1);
  EXPECT_NE(uid, old_uid);
}

// Deleted and made again while the operator cannot see it: its next write carries the old UID and
// must not touch the new object.
TEST_F(LostParts, WriteForADeletedTargetDoesNotTouchItsSuccessor) {
  begin();
  auto held = std::make_shared<std::atomic<bool>>(true);
  world().api_proxy().set_rule([held](const rig::ProxiedRequest& request) -> Verdict {
    if (request.target.find("/scale") == std::string::npos || !request.writes()) return {};
    return *held ? Verdict{.delay = Ms{3000}} : Verdict{};
  });
  world().api_proxy().forget_requests();
  set_load("llm", 90);
  ASSERT_TRUE(rig::eventually(Ms{20'000}, [&] { return !scale_writes("llm").empty(); }));
  ASSERT_EQ(cluster().request("DELETE", apps("deployments", "llm")).status, 200);
  make_deployment("llm", 1);
  const auto generation = [&] {
    return cluster().get(apps("deployments", "llm"))["metadata"].value("generation", 0);
  };
  EXPECT_TRUE(rig::stays(Ms{2500}, [&] { return generation() == 1; }));
  *held = false;
  EXPECT_TRUE(reaches("llm", 9, Ms{30'000}));
}

TEST_F(LostParts, ConflictsThrottlingAndLostAnswersEndInTheSameState) {
  begin();
  auto number = std::make_shared<std::atomic<int>>(0);
  world().api_proxy().set_rule([number](const rig::ProxiedRequest& request) -> Verdict {
    if (!request.writes()) return {};
    switch ((*number)++ % 5) {
      case 0: return {.kind = Verdict::Kind::ForwardThenCut};
      case 1: return {.kind = Verdict::Kind::Cut};
      case 2:
        return {
            .kind = Verdict::Kind::Answer,
            .status = 429,
            .text = R"({"kind":"Status","apiVersion":"v1","reason":"TooManyRequests","code":429})"};
      case 3:
        return {.kind = Verdict::Kind::Answer,
                .status = 409,
                .text = R"({"kind":"Status","apiVersion":"v1","reason":"Conflict","code":409})"};
      default: return {};
    }
  });
  // A conflict that nobody caused is waited out for half a minute, and several may follow in a row.
  const Ms patience{150'000};
  set_load("llm", 70);
  EXPECT_TRUE(reaches("llm", 7, patience));
  set_load("llm", 20);
  EXPECT_TRUE(reaches("llm", 2, patience));
  for (const int written : scale_writes("llm")) EXPECT_GE(written, 2);
  EXPECT_LT(world().api_proxy().requests().size(), 400U);
}

}  // namespace
}  // namespace poolscaler::e2e
