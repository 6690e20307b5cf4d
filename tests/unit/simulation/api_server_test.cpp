// The API server beyond what the contract suite compares with a real one: its own knobs, its
// memory, and the patches that need to know who owns what.
#include "poolscaler/simulation/api_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/virtual_clock.hpp"
#include "unit/simulation/api_client.hpp"

namespace poolscaler::simulation {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::VirtualClock;

json named(const std::string& name) { return {{"metadata", {{"name", name}}}}; }

class ApiServerTest : public ::testing::Test {
 protected:
  VirtualClock clock_;
  ApiServer server_{{.history_max = 10, .future_version_wait = Millis(0)}, clock_};
  ApiClient client_{server_};
};

TEST_F(ApiServerTest, CountsOneRevisionOverAllResources) {
  const auto first = client_.post(configmaps, named("a")).body;
  const auto second = client_.post(deployments, a_deployment("web", 1)).body;
  const auto version = [](const json& object) {
    return std::stoll(object["metadata"]["resourceVersion"].get<std::string>());
  };
  EXPECT_EQ(version(second), version(first) + 1);
}

TEST_F(ApiServerTest, MakesTheSameUidsInEveryRun) {
  ApiServer other({}, clock_);
  EXPECT_EQ(client_.post(configmaps, named("a")).body["metadata"]["uid"],
            ApiClient(other).post(configmaps, named("a")).body["metadata"]["uid"]);
}

TEST_F(ApiServerTest, CompletesGeneratedNames) {
  const auto made = client_.post(configmaps, {{"metadata", {{"generateName", "job-"}}}});
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.body["metadata"]["name"].get<std::string>().size(), 9U);
}

TEST_F(ApiServerTest, RefusesWhatIsNestedTooDeeply) {
  ServerRequest request{.method = "POST", .path = configmaps};
  request.body = std::string(200'000, '[');
  EXPECT_EQ(server_.handle(request).status, 400);
  request.body = R"({"data":)" + std::string(150, '[') + std::string(150, ']') + "}";
  EXPECT_EQ(server_.handle(request).status, 400);
}

TEST_F(ApiServerTest, SaysWhatToDoWhereItIsNoRealServer) {
  ServerRequest request{.method = "POST", .path = deployments, .body = "k8s"};
  request.headers["content-type"] = "application/vnd.kubernetes.protobuf";
  const auto refused = server_.handle(request);
  EXPECT_EQ(refused.status, 415);
  EXPECT_THAT(refused.body, HasSubstr("--dry-run=client -o yaml | kubectl apply -f -"));
  for (const auto* part : {"log", "exec", "portforward"}) {
    const auto answer = client_.get(pods + "/web/" + part);
    EXPECT_EQ(answer.status, 400) << part;
    EXPECT_THAT(answer.body["message"].get<std::string>(), HasSubstr("no containers"));
  }
}

TEST_F(ApiServerTest, NotesWhoScaledForAsLongAsNobodyElseDoes) {
  client_.post(deployments, a_deployment("web", 1));
  const auto scaler = [&] {
    const auto object = client_.get(deployments + "/web").body;
    for (const auto& entry : object["metadata"]["managedFields"])
      if (entry.value("subresource", "") == "scale")
        return entry.value("manager", "") + (entry.contains("time") ? " and when" : "");
    return std::string("nobody");
  };
  EXPECT_EQ(scaler(), "nobody");
  const auto scale = deployments + "/web/scale?fieldManager=";
  client_.merge(scale + "one", {{"spec", {{"replicas", 2}}}});
  EXPECT_EQ(scaler(), "one");
  client_.merge(deployments + "/web", {{"metadata", {{"labels", {{"a", "b"}}}}}});
  EXPECT_EQ(scaler(), "one");
  client_.merge(scale + "two", {{"spec", {{"replicas", 3}}}});
  EXPECT_EQ(scaler(), "two");
  client_.merge(deployments + "/web", {{"spec", {{"replicas", 4}}}});
  EXPECT_EQ(scaler(), "nobody");
}

TEST_F(ApiServerTest, RefusesOddTypesWithoutFalling) {
  for (const auto* body :
       {"[]", "3", "null", R"({"metadata":3})", R"({"metadata":{"name":3}})",
        R"({"metadata":{"name":"a","labels":3}})", R"({"metadata":{"name":"a","namespace":{}}})",
        R"({"kind":7,"metadata":{"name":"a"}})"}) {
    ServerRequest request{.method = "POST", .path = deployments};
    request.body = body;
    const auto status = server_.handle(request).status;
    EXPECT_GE(status, 400) << body;
    EXPECT_LT(status, 500) << body;
  }
}

TEST_F(ApiServerTest, HoldsNoMoreObjectsThanAllowed) {
  ApiServer small({.objects_max = 8}, clock_);
  ApiClient client(small);
  int last = 201;
  for (int i = 0; i < 10 && last == 201; ++i)
    last = client.post(configmaps, named("c" + std::to_string(i))).status;
  EXPECT_EQ(last, 507);
}

TEST_F(ApiServerTest, AsksForItsTokenOnceOneIsSet) {
  server_.use_token("secret");
  EXPECT_EQ(client_.get(configmaps).status, 401);
  client_.token = "secret";
  EXPECT_EQ(client_.get(configmaps).status, 200);
  EXPECT_EQ(client_.get("/readyz").status, 200);
}

TEST_F(ApiServerTest, FailsWhatItIsToldToFailAndNothingElse) {
  client_.post(deployments, a_deployment("web", 1));
  server_.inject({.verb = "patch", .resource = "deployments/scale", .times = 2, .status = 429,
                  .retry_after_seconds = 7});
  const json scale = {{"spec", {{"replicas", 2}}}};
  EXPECT_EQ(client_.merge(deployments + "/web", {{"metadata", {{"labels", {{"a", "b"}}}}}}).status,
            200);
  const auto refused = client_.merge(deployments + "/web/scale", scale);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.at("Retry-After"), "7");
  EXPECT_EQ(client_.merge(deployments + "/web/scale", scale).status, 429);
  EXPECT_EQ(client_.merge(deployments + "/web/scale", scale).status, 200);
}

TEST_F(ApiServerTest, CanExecuteAndLoseTheAnswer) {
  client_.post(deployments, a_deployment("web", 1));
  server_.inject({.verb = "patch", .resource = "deployments/scale", .after_execution = true});
  EXPECT_EQ(client_.merge(deployments + "/web/scale", {{"spec", {{"replicas", 4}}}}).status, 500);
  EXPECT_EQ(client_.get(deployments + "/web").body["spec"]["replicas"], 4);
}

TEST_F(ApiServerTest, DelaysOnItsClock) {
  server_.inject({.verb = "get", .status = 0, .delay = Millis(5000)});
  const auto before = clock_.now();
  EXPECT_EQ(client_.get(configmaps + "/a").status, 404);
  EXPECT_EQ(clock_.now() - before, Millis(5000));
}

TEST_F(ApiServerTest, CountsRequestsByVerbAndResource) {
  client_.post(deployments, a_deployment("web", 1));
  client_.get(deployments);
  client_.merge(deployments + "/web/scale", {{"spec", {{"replicas", 4}}}});
  const auto counts = server_.request_counts();
  EXPECT_EQ(counts.at("create deployments"), 1U);
  EXPECT_EQ(counts.at("list deployments"), 1U);
  EXPECT_EQ(counts.at("patch deployments/scale"), 1U);
}

TEST_F(ApiServerTest, PagesShowOneRevisionWhateverHappensBetweenThem) {
  for (const auto* name : {"a", "b", "c"}) client_.post(configmaps, named(name));
  const auto first = client_.get(configmaps + "?limit=1").body;
  client_.remove(configmaps + "/b");
  client_.post(configmaps, named("bb"));
  const auto token = first["metadata"]["continue"].get<std::string>();
  const auto rest = client_.get(configmaps + "?limit=5&continue=" + token).body;
  std::vector<std::string> names;
  for (const auto& item : rest["items"]) names.push_back(item["metadata"]["name"]);
  EXPECT_THAT(names, ElementsAre("b", "c"));
  EXPECT_EQ(rest["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
}

TEST_F(ApiServerTest, ForgetsHistoryBeyondItsBound) {
  const auto version =
      client_.post(configmaps, named("a")).body["metadata"]["resourceVersion"].get<std::string>();
  for (int i = 0; i < 12; ++i)
    client_.merge(configmaps + "/a", {{"data", {{"n", std::to_string(i)}}}});
  const auto events = client_.watch(configmaps + "?watch=1&resourceVersion=" + version, 1);
  EXPECT_EQ(events.at(0)["type"], "ERROR");
  EXPECT_EQ(events.at(0)["object"]["code"], 410);
}

TEST_F(ApiServerTest, AnOpenWatchEndsWith410WhenItsPlaceIsForgotten) {
  const auto version =
      client_.post(configmaps, named("a")).body["metadata"]["resourceVersion"].get<std::string>();
  client_.merge(configmaps + "/a", {{"data", {{"n", "1"}}}});
  server_.compact();
  const auto events = client_.watch(configmaps + "?watch=1&resourceVersion=" + version, 5);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["object"]["reason"], "Expired");
}

TEST_F(ApiServerTest, EndsAWatchAfterItsTime) {
  // The clock stands still but for this: the watch ends because its time has already passed.
  client_.post(configmaps, named("a"));
  const auto response = [&] {
    ServerRequest request{.method = "GET", .path = configmaps, .query = "watch=1&timeoutSeconds=1"};
    return server_.handle(request);
  }();
  clock_.advance(Millis(1500));
  struct Sink final : ResponseStream {
    bool write(std::string_view piece) override { return text += piece, true; }
    bool wait(std::chrono::milliseconds) override { return true; }
    std::string text;
  } sink;
  response.stream(sink);
  EXPECT_THAT(sink.text, HasSubstr("ADDED"));
}

TEST_F(ApiServerTest, StreamsAListThatEndsWithABookmark) {
  client_.post(configmaps, named("a"));
  const auto events = client_.watch(
      configmaps + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                   "&allowWatchBookmarks=true", 2);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["type"], "ADDED");
  EXPECT_EQ(events[1]["type"], "BOOKMARK");
  EXPECT_EQ(events[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

TEST_F(ApiServerTest, ServesADefinitionFromItsCreationToItsDeletion) {
  const json definition = {
      {"metadata", {{"name", "scaledobjects.keda.sh"}}},
      {"spec",
       {{"group", "keda.sh"},
        {"scope", "Namespaced"},
        {"names", {{"plural", "scaledobjects"}, {"kind", "ScaledObject"}}},
        {"versions",
         json::array(
             {{{"name", "v1alpha1"},
               {"served", true},
               {"storage", true},
               {"schema",
                {{"openAPIV3Schema",
                  {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}}}}}}})}}}};
  const std::string definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const std::string objects = "/apis/keda.sh/v1alpha1/namespaces/default/scaledobjects";
  EXPECT_EQ(client_.get(objects).status, 404);
  ASSERT_EQ(client_.post(definitions, definition).status, 201);
  EXPECT_EQ(client_.post(objects, named("so")).status, 201);
  EXPECT_EQ(client_.remove(definitions + "/scaledobjects.keda.sh").status, 200);
  EXPECT_EQ(client_.get(objects).status, 404);
}

TEST_F(ApiServerTest, CanBeWithoutOurDefinitions) {
  ApiServer bare({.install_crds = false}, clock_);
  EXPECT_EQ(ApiClient(bare).get(policies).status, 404);
}

TEST_F(ApiServerTest, FillsInDefaultsOfOurKinds) {
  const auto made = client_.post(policies, a_policy("web"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body["spec"]["mode"], "Automatic");
  EXPECT_EQ(made.body["spec"]["minReplicas"], 1);
  EXPECT_EQ(made.body["spec"]["behavior"]["scaleUp"]["stabilizationWindowSeconds"], 0);
}

TEST_F(ApiServerTest, NamesUnknownFieldsAsTheClientWishes) {
  auto policy = a_policy("web");
  policy["spec"]["maxReplica"] = 3;
  const auto strict = client_.post(policies + "?fieldValidation=Strict", policy);
  EXPECT_EQ(strict.status, 400);
  EXPECT_THAT(strict.body["message"].get<std::string>(),
              HasSubstr("unknown field \"spec.maxReplica\""));
  const auto warned = client_.post(policies, policy);
  EXPECT_EQ(warned.status, 201);
  EXPECT_THAT(warned.headers.at("Warning"), HasSubstr("unknown field"));
  EXPECT_FALSE(warned.body["spec"].contains("maxReplica"));
}

TEST_F(ApiServerTest, StrategicPatchMergesContainersByName) {
  client_.post(deployments, a_deployment("web", 1));
  const json patch = {
      {"spec",
       {{"template",
         {{"spec",
           {{"containers",
             json::array({{{"name", "main"}, {"image", "web:2"}},
                          {{"name", "side"}, {"image", "side:1"}}})}}}}}}}};
  const auto patched = client_.strategic(deployments + "/web", patch).body;
  const auto& containers = patched["spec"]["template"]["spec"]["containers"];
  ASSERT_EQ(containers.size(), 2U);
  EXPECT_EQ(containers[0]["image"], "web:2");
  EXPECT_EQ(containers[0]["terminationMessagePath"], "/dev/termination-log");
  const json removal = {
      {"spec",
       {{"template",
         {{"spec",
           {{"containers", json::array({{{"name", "side"}, {"$patch", "delete"}}})}}}}}}}};
  EXPECT_EQ(client_.strategic(deployments + "/web", removal)
                .body["spec"]["template"]["spec"]["containers"].size(),
            1U);
}

class Apply : public ApiServerTest {
 protected:
  static json wanted(int replicas) {
    auto object = a_deployment("web", replicas);
    object["apiVersion"] = "apps/v1";
    object["kind"] = "Deployment";
    return object;
  }
};

TEST_F(Apply, CreatesAndChanges) {
  EXPECT_EQ(client_.apply(deployments + "/web", "gitops", wanted(2)).status, 201);
  const auto changed = client_.apply(deployments + "/web", "gitops", wanted(3));
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(changed.body["spec"]["replicas"], 3);
  EXPECT_EQ(changed.body["metadata"]["generation"], 2);
}

TEST_F(Apply, RemovesWhatItNoLongerWants) {
  auto object = wanted(1);
  object["metadata"]["labels"] = {{"tier", "front"}, {"team", "ml"}};
  client_.apply(deployments + "/web", "gitops", object);
  object["metadata"]["labels"].erase("tier");
  const auto labels =
      client_.apply(deployments + "/web", "gitops", object).body["metadata"]["labels"];
  EXPECT_EQ(labels, json({{"team", "ml"}}));
}

TEST_F(Apply, LeavesWhatOthersOwn) {
  auto object = wanted(1);
  object["spec"].erase("replicas");
  client_.apply(deployments + "/web", "gitops", object);
  client_.merge(deployments + "/web/scale", {{"spec", {{"replicas", 5}}}});
  const auto again = client_.apply(deployments + "/web", "gitops", object);
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.body["spec"]["replicas"], 5);
}

TEST_F(Apply, ConflictsWithAScaleUnlessForced) {
  client_.apply(deployments + "/web", "gitops", wanted(1));
  client_.agent = "poolscaler";
  client_.merge(deployments + "/web/scale", {{"spec", {{"replicas", 5}}}});
  const auto refused = client_.apply(deployments + "/web", "gitops", wanted(1));
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.body["details"]["causes"][0]["reason"], "FieldManagerConflict");
  EXPECT_EQ(refused.body["details"]["causes"][0]["field"], ".spec.replicas");
  EXPECT_THAT(refused.body["message"].get<std::string>(), HasSubstr("poolscaler"));
  const auto forced = client_.apply(deployments + "/web", "gitops", wanted(1), true);
  EXPECT_EQ(forced.body["spec"]["replicas"], 1);
}

TEST_F(ApiServerTest, PrintsOurKindsByTheColumnsOfTheirDefinition) {
  client_.post(policies, a_policy("web"));
  const auto table = client_.get(policies, "application/json;as=Table;v=v1;g=meta.k8s.io").body;
  EXPECT_EQ(table["kind"], "Table");
  std::vector<std::string> names;
  for (const auto& column : table["columnDefinitions"])
    if (column["priority"] == 0) names.push_back(column["name"]);
  EXPECT_THAT(names, ElementsAre("Name", "Target", "Mode", "Min", "Max", "Current", "Desired",
                                 "Reason", "Ready", "Age"));
  EXPECT_EQ(table["rows"][0]["cells"][0], "web");
  EXPECT_EQ(table["rows"][0]["cells"][3], 1);
  EXPECT_EQ(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
}

TEST_F(ApiServerTest, ShowsEventsThroughBothFaces) {
  const json event = {{"metadata", {{"name", "web.1"}}},
                      {"eventTime", "2026-01-02T03:04:05.000000Z"},
                      {"reportingController", "poolscaler.dev/operator"},
                      {"reportingInstance", "pod-1"},
                      {"action", "Scale"},
                      {"reason", "WokenFromZero"},
                      {"type", "Normal"},
                      {"note", "0 -> 3"},
                      {"regarding", {{"kind", "Deployment"}, {"name", "web"},
                                     {"namespace", "default"}}}};
  const auto made = client_.post("/apis/events.k8s.io/v1/namespaces/default/events", event);
  ASSERT_EQ(made.status, 201) << made.body;
  const auto core = client_.get("/api/v1/namespaces/default/events?fieldSelector="
                                "involvedObject.name%3Dweb").body;
  ASSERT_EQ(core["items"].size(), 1U);
  EXPECT_EQ(core["items"][0]["message"], "0 -> 3");
  EXPECT_EQ(core["items"][0]["involvedObject"]["kind"], "Deployment");
}

}  // namespace
}  // namespace poolscaler::simulation
