// What a user sees of the operator on a real cluster: from a metric in Prometheus to pods, and
// back.
#include "e2e/world.hpp"
#include "support/checkout.hpp"

namespace poolscaler::e2e {
namespace {

class Scaling : public Case {};

TEST_F(Scaling, GoesFromZeroToFiveOnLoadAndBackWhenIdle) {
  start_operator({.server = cluster().url()});  // TLS, no proxy in between
  make_deployment("llm", 0);
  make_policy("llm");
  set_load("llm", 0);
  EXPECT_TRUE(condition_becomes("llm", "Ready", "True Accepted"));
  EXPECT_TRUE(holds("llm", 0, Ms{3000}));
  const Ms began = rig::monotonic();
  set_load("llm", 50);
  ASSERT_TRUE(reaches("llm", 5));
  EXPECT_LT((rig::monotonic() - began).count(), 8000) << "a wake round is a second";
  EXPECT_TRUE(rig::eventually(Ms{30'000}, [&] {
    return policy_object("llm")["status"].value("readyReplicas", 0) == 5;
  })) << policy_object("llm").dump(1);
  EXPECT_TRUE(condition_becomes("llm", "Active", "True Active"));
  EXPECT_TRUE(condition_becomes("llm", "MetricsHealthy", "True SignalsHealthy"));
  set_load("llm", 0);
  ASSERT_TRUE(reaches("llm", 0, Ms{60'000}));
  EXPECT_TRUE(condition_becomes("llm", "Active", "False"));
  // The status follows the write; quiet, and not Active, the target was before the last step.
  json last;
  EXPECT_TRUE(rig::eventually(Ms{10'000}, [&] {
    last = policy_object("llm")["status"]["lastScale"];
    return last.value("to", -1) == 0;
  })) << last.dump();
  EXPECT_EQ(last.value("reason", ""), "IdleToZero") << last.dump();
  // Each of both changes is told as an event of the policy.
  EXPECT_TRUE(rig::eventually(Ms{10'000}, [&] {
    std::string reasons;
    for (const auto& event : items("/apis/events.k8s.io/v1/namespaces/" + ns() + "/events"))
      if (event["regarding"].value("kind", "") == "ScalingPolicy")
        reasons += event.value("reason", "") + " ";
    return reasons.find("WokenFromZero") != std::string::npos &&
           reasons.find("IdleToZero") != std::string::npos;
  }));
}

TEST_F(Scaling, FollowsTheLoadWithinItsBounds) {
  start_operator();
  make_deployment("llm", 1);
  set_load("llm", 30);
  make_policy("llm", {{"minReplicas", 2}, {"maxReplicas", 6}});
  ASSERT_TRUE(reaches("llm", 3));
  set_load("llm", 500);
  ASSERT_TRUE(reaches("llm", 6));
  EXPECT_TRUE(condition_becomes("llm", "Limited", "True AtMaximum"));
  set_load("llm", 0);
  ASSERT_TRUE(reaches("llm", 2, Ms{60'000}));
  for (const int written : scale_writes("llm")) {
    EXPECT_GE(written, 2);
    EXPECT_LE(written, 6);
  }
}

TEST_F(Scaling, ScalesAStatefulSet) {
  start_operator();
  make({{"apiVersion", "apps/v1"},
        {"kind", "StatefulSet"},
        {"metadata", {{"name", "db"}}},
        {"spec",
         {{"replicas", 1},
          {"serviceName", "db"},
          {"selector", {{"matchLabels", {{"app", "db"}}}}},
          {"template",
           {{"metadata", {{"labels", {{"app", "db"}}}}},
            {"spec", {{"containers", {{{"name", "main"}, {"image", "model"}}}}}}}}}}});
  set_load("db", 40);
  make_policy("db", {{"scaleTargetRef", {{"kind", "StatefulSet"}}}});
  EXPECT_TRUE(rig::eventually(Ms{20'000}, [&] { return replicas("db", "statefulsets") == 4; }))
      << policy_object("db").dump(1);
}

// Simulated pods of a job end at once, so it has many to run.
TEST_F(Scaling, ResumesAJobOnLoadAndSuspendsItWhenIdle) {
  start_operator();
  const auto path = "/apis/batch/v1/namespaces/" + ns() + "/jobs";
  const json pod{{"restartPolicy", "Never"},
                 {"containers", {{{"name", "main"}, {"image", "trainer"}}}}};
  const auto made = cluster().request(
      "POST", path,
      json{{"apiVersion", "batch/v1"},
           {"kind", "Job"},
           {"metadata", {{"name", "train"}}},
           {"spec",
            {{"suspend", true},
             {"parallelism", 2},
             {"completions", 100000},
             {"template", {{"spec", pod}}}}}}
          .dump());
  ASSERT_EQ(made.status, 201) << made.body;
  const auto suspended = [&] {
    return cluster().get(path + "/train")["spec"].value("suspend", false);
  };
  set_load("train", 0);
  const json job{{"apiVersion", "batch/v1"}, {"kind", "Job"}};
  make_policy("train", {{"maxReplicas", 1}, {"scaleTargetRef", job}});
  ASSERT_TRUE(condition_becomes("train", "Ready", "True Accepted"));
  EXPECT_TRUE(suspended());
  set_load("train", 50);
  ASSERT_TRUE(rig::eventually(Ms{20'000}, [&] { return !suspended(); }))
      << policy_object("train").dump(1);
  EXPECT_TRUE(rig::eventually(Ms{30'000}, [&] {
    return items("/api/v1/namespaces/" + ns() + "/pods").size() >= 2;
  })) << "the job's own controller makes its pods";
  set_load("train", 0);
  EXPECT_TRUE(rig::eventually(Ms{60'000}, suspended)) << policy_object("train").dump(1);

  const auto labelled = cluster().request(
      "PATCH", path + "/train",
      json{{"metadata", {{"labels", {{"kueue.x-k8s.io/queue-name", "team"}}}}}}.dump(),
      "application/merge-patch+json");
  ASSERT_EQ(labelled.status, 200) << labelled.body;
  EXPECT_TRUE(condition_becomes("train", "Ready", "False TargetManagedElsewhere"));
}

// The kind comes after the operator has started, and brings the permission that a platform team
// gives for it.
TEST_F(Scaling, ScalesACustomKindThatAppearsLater) {
  start_operator();
  cluster().apply(rig::read_file(in_checkout("tests/e2e/model_server.yaml")));
  const auto path = "/apis/test.poolscaler.dev/v1/namespaces/" + ns() + "/modelservers";
  ASSERT_TRUE(rig::eventually(Ms{20'000},
                              [&] { return cluster().request("GET", path).status == 200; }));
  const auto made = cluster().request(
      "POST", path,
      json{{"apiVersion", "test.poolscaler.dev/v1"},
           {"kind", "ModelServer"},
           {"metadata", {{"name", "custom"}}},
           {"spec", {{"size", 1}}}}
          .dump());
  ASSERT_EQ(made.status, 201) << made.body;
  set_load("custom", 30);
  make_policy("custom", {{"minReplicas", 1},
                         {"scaleTargetRef",
                          {{"apiVersion", "test.poolscaler.dev/v1"}, {"kind", "ModelServer"}}}});
  EXPECT_TRUE(rig::eventually(Ms{60'000}, [&] {
    const auto object = cluster().get(path + "/custom");
    return object["spec"].value("size", 0) == 3;
  })) << policy_object("custom").dump(1);
}

TEST_F(Scaling, RecommendWritesNothingButStatus) {
  make_deployment("llm", 2);
  set_load("llm", 70);
  make_policy("llm", {{"mode", "Recommend"}});
  const auto scale_requests = [&] {
    return cluster().counter(
               "apiserver_request_total",
               {"subresource=\"scale\"", "resource=\"deployments\"", "verb=\"PATCH\""}) +
           cluster().counter("apiserver_request_total",
                             {"subresource=\"scale\"", "resource=\"deployments\"", "verb=\"PUT\""});
  };
  const auto requests_made = cluster().requests_by(operator_user).size();
  const double requests_before = scale_requests();
  start_operator();
  ASSERT_TRUE(rig::eventually(Ms{20'000}, [&] {
    return policy_object("llm").value(json::json_pointer("/status/recommendedReplicas"), 0) == 7;
  })) << policy_object("llm").dump(1);
  set_load("llm", 30);
  ASSERT_TRUE(rig::eventually(Ms{20'000}, [&] {
    return policy_object("llm").value(json::json_pointer("/status/recommendedReplicas"), 0) == 3;
  })) << policy_object("llm").dump(1);
  EXPECT_EQ(replicas("llm"), 2);
  EXPECT_EQ(scale_requests(), requests_before);
  const auto requests = cluster().requests_by(operator_user);
  for (auto i = requests_made; i < requests.size(); ++i) {
    if (!requests[i].writes()) continue;
    const auto& resource = requests[i].resource;
    EXPECT_TRUE(resource == "scalingpolicies/status" || resource == "metricsources/status" ||
                resource == "events")
        << requests[i].verb << " " << resource;
  }
  // Nor was anything refused: the permissions of deploy/ are enough, whatever it asked for.
  for (const auto& request : requests)
    EXPECT_NE(request.code, 403) << request.verb << " " << request.resource;
}

TEST_F(Scaling, OlderOfTwoPoliciesOnOneTargetWins) {
  start_operator();
  make_deployment("llm", 1);
  set_load("llm", 30);
  make_policy("llm");
  ASSERT_TRUE(reaches("llm", 3));
  rig::pause_for(Ms{1100});  // times of creation count in seconds
  auto second = policy("llm", {{"maxReplicas", 1}});
  second["metadata"]["name"] = "usurper";
  make(second);
  EXPECT_TRUE(condition_becomes("usurper", "Conflict", "True ConflictingPolicy"));
  EXPECT_TRUE(holds("llm", 3, Ms{7000}));
  // The other becomes the only one.
  cluster().request("DELETE", policies("llm"));
  EXPECT_TRUE(reaches("llm", 1, Ms{40'000}));
}

TEST_F(Scaling, LeavesATargetWithAnHpaAlone) {
  start_operator();
  make_deployment("llm", 2);
  set_load("llm", 70);
  const json hpa{{"apiVersion", "autoscaling/v2"},
                 {"kind", "HorizontalPodAutoscaler"},
                 {"metadata", {{"name", "llm"}}},
                 {"spec",
                  {{"minReplicas", 2},
                   {"maxReplicas", 2},
                   {"scaleTargetRef",
                    {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", "llm"}}}}}};
  const auto path = "/apis/autoscaling/v2/namespaces/" + ns() + "/horizontalpodautoscalers";
  ASSERT_EQ(cluster().request("POST", path, hpa.dump()).status, 201);
  rig::pause_for(Ms{1000});
  make_policy("llm");
  EXPECT_TRUE(condition_becomes("llm", "Conflict", "True ConflictingAutoscaler"));
  EXPECT_TRUE(holds("llm", 2, Ms{6000}));
  EXPECT_TRUE(scale_writes("llm").empty());
  ASSERT_EQ(cluster().request("DELETE", path + "/llm").status, 200);
  EXPECT_TRUE(reaches("llm", 7));
}

TEST_F(Scaling, PolicyEditedToNonsenseHoldsUntilItIsRightAgain) {
  start_operator();
  make_deployment("llm", 1);
  set_load("llm", 30);
  make_policy("llm");
  ASSERT_TRUE(reaches("llm", 3));
  // What the API server refuses never arrives.
  EXPECT_EQ(cluster()
                .request("PATCH", policies("llm"), R"({"spec":{"maxReplicas":-4}})",
                         "application/merge-patch+json")
                .status,
            422);
  EXPECT_EQ(cluster()
                .request("PATCH", policies("llm"), R"({"spec":{"minReplicas":9,"maxReplicas":4}})",
                         "application/merge-patch+json")
                .status,
            422);
  // What it lets through, but cannot be served.
  auto signals = policy("llm")["spec"]["signals"];
  signals[0]["metricSourceRef"]["name"] = "nowhere";
  change_policy("llm", {{"signals", signals}});
  EXPECT_TRUE(condition_becomes("llm", "Ready", "False MetricSourceNotFound"));
  EXPECT_TRUE(holds("llm", 3, Ms{5000}));
  change_policy("llm", {{"scaleTargetRef", {{"kind", "Teapot"}}},
                        {"signals", policy("llm")["spec"]["signals"]}});
  EXPECT_TRUE(condition_becomes("llm", "Ready", "False Target"));
  EXPECT_TRUE(holds("llm", 3, Ms{3000}));
  set_load("llm", 50);
  change_policy("llm", {{"scaleTargetRef", {{"kind", "Deployment"}}}});
  EXPECT_TRUE(reaches("llm", 5));
  EXPECT_TRUE(condition_becomes("llm", "Ready", "True Accepted"));
}

// Somebody scales by hand again and again. The operator says so and its writes stay bounded.
TEST_F(Scaling, FightWithAnotherWriterIsSaidAndBounded) {
  start_operator();
  make_deployment("llm", 3);
  set_load("llm", 30);
  make_policy("llm");
  ASSERT_TRUE(condition_becomes("llm", "Ready", "True"));
  const Ms end = rig::monotonic() + Ms{45'000};
  bool is_said = false;
  while (rig::monotonic() < end && !is_said) {
    if (replicas("llm") != 1)
      cluster().kubectl({"-n", ns(), "scale", "deployment/llm", "--replicas=1"});
    is_said = condition("llm", "Conflict").rfind("True ExternalWriter", 0) == 0;
    rig::pause_for(Ms{500});
  }
  EXPECT_TRUE(is_said) << policy_object("llm").dump(1);
  EXPECT_LE(scale_writes("llm").size(), 12U);
}

TEST_F(Scaling, SteadyFleetWritesNothing) {
  start_operator();
  make_deployment("llm", 3);
  set_load("llm", 30);
  make_policy("llm");
  ASSERT_TRUE(condition_becomes("llm", "Ready", "True"));
  ASSERT_TRUE(rig::eventually(Ms{60'000}, [&] {
    return policy_object("llm")["status"].value("readyReplicas", 0) == 3;
  })) << policy_object("llm")["status"].dump(1)
      << cluster().kubectl({"get", "pods,deployments", "-A", "-o", "wide"}).out;
  rig::pause_for(Ms{6000});
  world().api_proxy().forget_requests();
  rig::pause_for(Ms{20'000});
  std::string written;
  for (const auto& request : world().api_proxy().requests())
    if (request.writes()) written += request.method + " " + request.target + "\n";
  EXPECT_EQ(written, "");
}

TEST_F(Scaling, StopsWithinFiveSecondsOfSigterm) {
  auto& running = start_operator();
  make_deployment("llm", 1);
  set_load("llm", 30);
  make_policy("llm");
  ASSERT_TRUE(reaches("llm", 3));
  const Ms began = rig::monotonic();
  running.process().signal(SIGTERM);
  const auto code = running.process().wait(Ms{10'000});
  EXPECT_LT((rig::monotonic() - began).count(), 5000);
  EXPECT_EQ(code, 0);
}

// Even when neither the API server nor Prometheus answers any more.
TEST_F(Scaling, StopsWithinFiveSecondsWhileItsPeersHang) {
  auto& running = start_operator();
  make_deployment("llm", 1);
  set_load("llm", 30);
  make_policy("llm");
  ASSERT_TRUE(reaches("llm", 3));
  const auto hold = [](const auto&) { return rig::Verdict{.kind = rig::Verdict::Kind::Hold}; };
  world().metrics_proxy().set_rule(hold);
  world().api_proxy().set_rule(hold);
  rig::pause_for(Ms{6000});
  const Ms began = rig::monotonic();
  running.process().signal(SIGTERM);
  EXPECT_TRUE(running.process().wait(Ms{10'000}).has_value());
  EXPECT_LT((rig::monotonic() - began).count(), 5000);
}

TEST_F(Scaling, OwnMetricsPassPromtool) {
  auto& running = start_operator();
  make_deployment("llm", 1);
  set_load("llm", 30);
  make_policy("llm");
  ASSERT_TRUE(reaches("llm", 3));
  const auto checked = rig::run({"promtool", "check", "metrics"}, running.metrics_page());
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
  EXPECT_NE(running.metrics_page().find("policy=\"llm\""), std::string::npos);
  cluster().request("DELETE", policies("llm"));
  EXPECT_TRUE(rig::eventually(Ms{10'000}, [&] {
    return running.metrics_page().find("policy=\"llm\"") == std::string::npos;
  })) << "series of a deleted policy must vanish";
}

}  // namespace
}  // namespace poolscaler::e2e
