#include "poolscaler/controllers/cluster_state.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "fake_world.hpp"

namespace poolscaler::controllers {
namespace {

using nlohmann::json;
using testing::queue_policy;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const TargetKind deployments{"apps/v1", "Deployment"};
const TargetKind models{"example.com/v1", "Model"};

json object(const std::string& ns, const std::string& name, const std::string& version = "1") {
  json out;
  out["metadata"] = {{"name", name}, {"uid", "uid-" + name}, {"resourceVersion", version},
                     {"generation", 1}, {"creationTimestamp", "2026-01-01T00:00:00Z"}};
  if (!ns.empty()) out["metadata"]["namespace"] = ns;
  return out;
}

json policy(const std::string& ns, const std::string& name, const std::string& target) {
  auto out = object(ns, name);
  out["spec"] = queue_policy(target, 1, 5);
  return out;
}

/// shop/llm, on example.com's Model llm.
json policy_on_model() {
  auto out = policy("shop", "llm", "llm");
  out["spec"]["scaleTargetRef"] = {
      {"apiVersion", "example.com/v1"}, {"kind", "Model"}, {"name", "llm"}};
  return out;
}

/// shop/train, on the Job train.
json policy_on_job() {
  auto out = policy("shop", "train", "train");
  out["spec"]["scaleTargetRef"] = {
      {"apiVersion", "batch/v1"}, {"kind", "Job"}, {"name", "train"}};
  out["spec"]["minReplicas"] = 0;
  out["spec"]["maxReplicas"] = 1;
  return out;
}

json deployment(const std::string& ns, const std::string& name, int replicas) {
  auto out = object(ns, name);
  out["spec"] = {{"replicas", replicas}, {"selector", {{"matchLabels", {{"app", name}}}}}};
  return out;
}

void list(ChangeSink& sink, const std::vector<json>& objects) {
  sink.replace_begin();
  for (const auto& item : objects) sink.replace_item(item);
  sink.replace_end();
}

class ClusterStateTest : public ::testing::Test {
 protected:
  /// Everything but target kinds is listed and empty.
  void sync() {
    for (auto* sink : {&state.policies(), &state.sources(), &state.pods(), &state.autoscalers(),
                       &state.scaled_objects()})
      list(*sink, {});
  }
  ClusterState state;
};

using State = ClusterStateTest;

TEST_F(State, IsSyncedOnceEveryCollectionHasBeenListed) {
  EXPECT_FALSE(state.synced());
  (void)state.pods();
  sync();
  EXPECT_TRUE(state.synced());
  (void)state.targets(deployments);
  EXPECT_TRUE(state.synced()) << "kinds of targets come and go";
}

TEST_F(State, AViewIsNotSyncedBeforeItsKindHasBeenListed) {
  sync();
  state.policies().upsert(policy("shop", "web", "web"));
  EXPECT_FALSE(state.view({"shop", "web"})->synced);
  list(state.targets(deployments), {});
  const auto view = state.view({"shop", "web"});
  EXPECT_TRUE(view->synced);
  EXPECT_EQ(view->target_trouble->reason, Reason::TargetNotFound);
  EXPECT_EQ(view->target_trouble->message,
            "Deployment 'web' does not exist in namespace 'shop'; make it there, or correct "
            "spec.scaleTargetRef");
  const Error hiccup{ErrorKind::Unavailable, "status 503"};
  state.targets(deployments).failing(&hiccup);
  EXPECT_EQ(state.view({"shop", "web"})->target_trouble->message,
            "Deployment 'web' in namespace 'shop' is not known, and Deployments cannot be read "
            "now: status 503");
}

TEST_F(State, AListThatIsNotOverChangesNothing) {
  sync();
  list(state.policies(), {policy("shop", "a", "a"), policy("shop", "b", "b")});
  state.policies().replace_begin();
  state.policies().replace_item(policy("shop", "c", "c"));
  EXPECT_THAT(state.policy_keys(),
              UnorderedElementsAre(ObjectKey{"shop", "a"}, ObjectKey{"shop", "b"}));
  state.policies().replace_end();
  EXPECT_THAT(state.policy_keys(), ElementsAre(ObjectKey{"shop", "c"}));
}

TEST_F(State, ARelistMakesDirtyOnlyWhatHasChanged) {
  sync();
  list(state.targets(deployments), {deployment("shop", "a", 1), deployment("shop", "b", 1)});
  list(state.policies(), {policy("shop", "a", "a"), policy("shop", "b", "b")});
  (void)state.take_dirty();
  list(state.policies(), {policy("shop", "a", "a"), policy("shop", "b", "b")});
  list(state.targets(deployments), {deployment("shop", "a", 1), deployment("shop", "b", 2)});
  EXPECT_THAT(state.take_dirty(), ElementsAre(ObjectKey{"shop", "b"}));
}

TEST_F(State, AStatusWriteOfOursIsNoChange) {
  sync();
  auto web = policy("shop", "web", "web");
  state.policies().upsert(web);
  (void)state.take_dirty();
  web["metadata"]["resourceVersion"] = "2";
  web["status"] = {{"currentReplicas", 3}};
  state.policies().upsert(web);
  EXPECT_THAT(state.take_dirty(), IsEmpty());
}

TEST_F(State, APodThatComesOrGoesIsNoReasonToDecide) {
  sync();
  list(state.targets(deployments), {deployment("shop", "web", 1)});
  state.policies().upsert(policy("shop", "web", "web"));
  (void)state.take_dirty();
  auto pod = object("shop", "web-1");
  pod["metadata"]["labels"] = {{"app", "web"}};
  pod["status"] = {{"conditions", {{{"type", "Ready"}, {"status", "True"}}}}};
  state.pods().upsert(pod);
  EXPECT_THAT(state.take_dirty(), IsEmpty());
  EXPECT_EQ(state.view({"shop", "web"})->target.pods.ready, 1);
  pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  state.pods().upsert(pod);
  EXPECT_EQ(state.view({"shop", "web"})->target.pods.ready, 0) << "it is on its way out";
}

TEST_F(State, TellsWhenAPodBecameReadyAndWhichOneCrashes) {
  sync();
  list(state.targets(deployments), {deployment("shop", "web", 3)});
  state.policies().upsert(policy("shop", "web", "web"));
  const auto put = [&](const std::string& name, json status) {
    auto pod = object("shop", name);
    pod["metadata"]["labels"] = {{"app", "web"}};
    pod["status"] = std::move(status);
    state.pods().upsert(pod);
  };
  const auto ready = [](const std::string& status, const std::string& since) {
    return json::array(
        {{{"type", "Ready"}, {"status", status}, {"lastTransitionTime", since}}});
  };
  put("a", {{"conditions", ready("True", "2026-01-01T00:02:00Z")},
            {"containerStatuses", json::array({{{"restartCount", 4}}})}});
  put("b", {{"conditions", ready("True", "2026-01-01T00:01:00Z")}});
  put("c", {{"conditions", ready("False", "2026-01-01T00:05:00Z")},
            {"containerStatuses", json::array({{{"restartCount", 0}}, {{"restartCount", 1}}})}});
  put("d", {{"conditions", ready("False", "2026-01-01T00:05:00Z")},
            {"containerStatuses", json::array({{{"restartCount", 0}}})}});
  const auto pods = state.view({"shop", "web"})->target.pods;
  EXPECT_EQ(pods.latest_ready, parse_rfc3339("2026-01-01T00:02:00Z").value());
  EXPECT_EQ(pods.starting, 2);
  EXPECT_EQ(pods.restarting, 1) << "one that works now does not count";
}

TEST_F(State, SinksOfOneNamespaceLeaveTheOthersAlone) {
  list(state.policies("shop"), {policy("shop", "a", "a")});
  list(state.policies("bank"), {policy("bank", "b", "b")});
  list(state.policies("shop"), {});
  EXPECT_THAT(state.policy_keys(), ElementsAre(ObjectKey{"bank", "b"}));
}

json pod_on(const std::string& node, const std::string& ns, const std::string& name) {
  auto out = object(ns, name);
  out["spec"]["nodeName"] = node;
  out["status"]["phase"] = "Running";
  return out;
}

std::vector<std::string> names_on(const ClusterState& state, const std::string& node) {
  std::vector<std::string> names;
  for (const auto& pod : state.pods_on(node)) names.push_back(pod.key.text());
  return names;
}

TEST_F(State, PodsOfOtherNamespacesLeaveThoseOfServedOnesAlone) {
  auto& others = state.pods_beside({"shop"});
  list(state.pods("shop"), {pod_on("a", "shop", "web")});
  list(others, {pod_on("b", "shop", "web"), pod_on("a", "lab", "train")});
  EXPECT_THAT(names_on(state, "a"), ElementsAre("lab/train", "shop/web"));
  EXPECT_THAT(names_on(state, "b"), IsEmpty());
  others.remove(pod_on("b", "shop", "web"));
  others.remove(pod_on("a", "lab", "train"));
  EXPECT_THAT(names_on(state, "a"), ElementsAre("shop/web"));
  list(others, {});
  EXPECT_THAT(names_on(state, "a"), ElementsAre("shop/web"));
}

TEST_F(State, NothingIsDoneToNodesWhilePodsAreSeenOfSomeNamespacesAlone) {
  auto pool = object("", "h100");
  pool["spec"] = testing::pool_spec(3, "10");
  list(state.pools(), {pool});
  list(state.pods("shop"), {});
  const auto trouble = [&] { return state.pool_snapshot({}).groups.at(0).at(0).trouble->words; };
  EXPECT_THAT(trouble(), HasSubstr("pods of other namespaces are not read"));
  list(state.pods_beside({"shop"}), {});
  EXPECT_THAT(trouble(), HasSubstr("has not been read yet"));
}

TEST_F(State, WhatPoolsNeedAndMayNotBeReadIsNamedUntilItMay) {
  auto pool = object("", "h100");
  pool["spec"] = testing::pool_spec(3, "10");
  list(state.pools(), {pool});
  (void)state.pods();
  const Error hiccup{ErrorKind::Unavailable, "try later"};
  state.nodes().failing(&hiccup);
  EXPECT_FALSE(state.pool_snapshot({}).unreadable);
  const Error forbidden{ErrorKind::Forbidden, "nodes is forbidden: User x cannot list"};
  state.nodes().failing(&forbidden);
  const auto unreadable = state.pool_snapshot({}).unreadable;
  ASSERT_TRUE(unreadable);
  EXPECT_THAT(unreadable->words, HasSubstr("nodes cannot be read: nodes is forbidden"));
  EXPECT_THAT(unreadable->remedy, HasSubstr("get, list and watch nodes"));
  list(state.nodes(), {});
  EXPECT_FALSE(state.pool_snapshot({}).unreadable);
}

TEST_F(State, AGroupWhoseKindMayNotBeReadIsToldFromOneThatIsMissing) {
  auto pool = object("", "h100");
  pool["spec"] = testing::pool_spec(3, "10");
  list(state.pools(), {pool});
  list(state.pods(), {});
  const Error forbidden{ErrorKind::Forbidden, "User x cannot list"};
  state.group_objects({"cluster.x-k8s.io/v1beta2", "MachineDeployment"}).failing(&forbidden);
  const auto group = state.pool_snapshot({}).groups.at(0).at(0);
  EXPECT_EQ(group.reason, Reason::NotReadable);
  EXPECT_THAT(group.trouble->words, HasSubstr("cannot be read: User x cannot list"));
}

TEST_F(State, APodThatIsHeldBackWaitsForNoNode) {
  auto pod = object("lab", "job");
  pod["spec"]["containers"] =
      json::array({{{"resources", {{"limits", {{"nvidia.com/gpu", "8"}}}}}}});
  pod["spec"]["schedulingGates"] = json::array({{{"name", "kueue.x-k8s.io/admission"}}});
  pod["status"]["phase"] = "Pending";
  list(state.pods(), {pod});
  EXPECT_THAT(state.pool_snapshot({}).cluster.pods, IsEmpty());
  pod["spec"]["schedulingGates"] = json::array();
  state.pods().upsert(pod);
  EXPECT_THAT(state.pool_snapshot({}).cluster.pods, SizeIs(1));
}

TEST_F(State, KedaNeedNotBeInstalled) {
  sync();
  ClusterState fresh;
  const Error absent{ErrorKind::NotFound, "no such resource"};
  fresh.scaled_objects().failing(&absent);
  EXPECT_TRUE(fresh.synced());
  fresh.policies().failing(&absent);
  EXPECT_FALSE(fresh.synced());
  for (const auto& sync_state : fresh.sync_states())
    if (sync_state.resource.starts_with("scalingpolicies")) {
      EXPECT_THAT(sync_state.error, HasSubstr("no such resource"));
      EXPECT_THAT(sync_state.error, HasSubstr("CustomResourceDefinition"));
    }
}

TEST_F(State, ACrdOfOursThatIsMissingIsToldForEachKind) {
  ClusterState fresh;
  const auto told = [&fresh] {
    std::set<std::string> missing;
    for (const auto& sync : fresh.sync_states()) {
      EXPECT_EQ(sync.not_installed, !sync.error.empty()) << sync.resource;
      if (sync.not_installed) missing.insert(sync.resource);
    }
    return missing;
  };
  const Error absent{ErrorKind::NotFound, "no such resource"};
  const std::vector<ChangeSink*> ours = {&fresh.policies(), &fresh.sources(), &fresh.pools(),
                                         &fresh.budgets(), &fresh.price_catalogs()};
  for (auto* sink : ours) sink->failing(&absent);
  fresh.scaled_objects().failing(&absent);
  EXPECT_THAT(told(), ElementsAre("acceleratorpools.poolscaler.dev", "costbudgets.poolscaler.dev",
                                  "metricsources.poolscaler.dev", "pricecatalogs.poolscaler.dev",
                                  "scalingpolicies.poolscaler.dev"));
  for (auto* sink : ours) {
    sink->replace_begin();
    sink->replace_end();
    sink->failing(nullptr);
  }
  EXPECT_THAT(told(), IsEmpty());
  for (auto* sink : ours) sink->failing(&absent);
  EXPECT_THAT(told(), SizeIs(5)) << "a CRD that is deleted while it is watched is told as well";
}

TEST_F(State, ACustomKindIsReadThroughItsScaleSubresource) {
  sync();
  state.policies().upsert(policy_on_model());
  EXPECT_THAT(state.wanted_kinds(), ElementsAre(models));
  list(state.targets(models), {object("shop", "llm"), object("shop", "unclaimed")});
  const auto lookups = state.take_scale_lookups();
  EXPECT_THAT(lookups, ElementsAre(ScaleLookup{models, {"shop", "llm"}}));
  EXPECT_FALSE(state.view({"shop", "llm"})->synced) << "its replicas are not known yet";
  state.set_scale(lookups[0], ScaleFound{.uid = "uid-llm",
                                         .resource_version = "1",
                                         .spec_replicas = 3,
                                         .status_replicas = 2,
                                         .selector = "app=llm"});
  const auto view = state.view({"shop", "llm"});
  EXPECT_TRUE(view->synced);
  EXPECT_EQ(view->target.spec_replicas, 3);
  EXPECT_EQ(view->selector, "app=llm");
  state.targets(models).upsert(object("shop", "llm", "2"));
  EXPECT_THAT(state.take_scale_lookups(), ElementsAre(ScaleLookup{models, {"shop", "llm"}}));
  EXPECT_EQ(state.view({"shop", "llm"})->target_resource_version, "1")
      << "the version is that of the numbers";
}

TEST_F(State, AJobIsOneReplicaUnlessItIsSuspended) {
  sync();
  state.policies().upsert(policy_on_job());
  const TargetKind jobs{"batch/v1", "Job"};
  auto job = object("shop", "train");
  job["spec"] = {{"suspend", true}, {"parallelism", 2}};
  list(state.targets(jobs), {job});
  EXPECT_THAT(state.take_scale_lookups(), IsEmpty()) << "it says all by itself";
  EXPECT_EQ(state.view({"shop", "train"})->target.spec_replicas, 0);
  EXPECT_EQ(state.view({"shop", "train"})->selector, "batch.kubernetes.io/job-name=train");

  job["metadata"]["resourceVersion"] = "2";
  job["spec"]["suspend"] = false;
  state.targets(jobs).upsert(job);
  for (const auto* name : {"train-a", "train-b"}) {
    auto pod = object("shop", name);
    pod["metadata"]["labels"] = {{"batch.kubernetes.io/job-name", "train"}};
    pod["status"]["conditions"] = {
        {{"type", "Ready"}, {"status", name == std::string("train-a") ? "True" : "False"}}};
    state.pods().upsert(pod);
  }
  const auto half = state.view({"shop", "train"});
  EXPECT_EQ(half->target.spec_replicas, 1);
  EXPECT_EQ(half->target.pods.ready, 0) << "it works when all of its pods do";
  EXPECT_EQ(half->target.pods.starting, 1);

  (void)state.take_dirty();
  job["status"]["conditions"] = {{{"type", "Complete"}, {"status", "True"}}};
  state.targets(jobs).upsert(job);
  EXPECT_THAT(state.take_dirty(), ElementsAre(ObjectKey{"shop", "train"}));
  EXPECT_EQ(state.view({"shop", "train"})->target_trouble->reason, Reason::TargetEnded);

  job["status"] = json::object();
  job["metadata"]["labels"] = {{"kueue.x-k8s.io/queue-name", "team"}};
  state.targets(jobs).upsert(job);
  EXPECT_EQ(state.view({"shop", "train"})->target_trouble->reason,
            Reason::TargetManagedElsewhere);
}

TEST_F(State, AFailedLookupIsWantedAgainUnlessItIsGone) {
  sync();
  state.policies().upsert(policy_on_model());
  list(state.targets(models), {object("shop", "llm")});
  const ScaleLookup lookup{models, {"shop", "llm"}};
  (void)state.take_scale_lookups();
  state.set_scale(lookup, fail(ErrorKind::Unavailable, "down"));
  EXPECT_THAT(state.take_scale_lookups(), ElementsAre(lookup));
  state.set_scale(lookup, fail(ErrorKind::NotFound, "gone"));
  EXPECT_THAT(state.take_scale_lookups(), IsEmpty());
}

TEST_F(State, WhatCannotBeReadOfATargetIsTrouble) {
  sync();
  state.policies().upsert(policy_on_model());
  const Error forbidden{ErrorKind::Forbidden, "models is forbidden"};
  state.targets(models).failing(&forbidden);
  auto view = state.view({"shop", "llm"});
  EXPECT_TRUE(view->synced);
  EXPECT_EQ(view->target_trouble->reason, Reason::NotReadable);
  EXPECT_THAT(view->target_trouble->message, HasSubstr("models is forbidden"));
  EXPECT_THAT(view->target_trouble->message, HasSubstr("rbac.extraScaleTargets"));
  list(state.targets(models), {object("shop", "llm")});
  (void)state.take_dirty();
  state.set_scale({models, {"shop", "llm"}}, fail(ErrorKind::Unavailable, "no size"));
  EXPECT_THAT(state.take_dirty(), ElementsAre(ObjectKey{"shop", "llm"}));
  view = state.view({"shop", "llm"});
  EXPECT_EQ(view->target_trouble->reason, Reason::TargetNotScalable);
  EXPECT_THAT(view->target_trouble->message, HasSubstr("no size"));
}

TEST_F(State, ARightToJobsThatLacksIsNamedAsTheChartDoes) {
  sync();
  state.policies().upsert(policy_on_job());
  const Error forbidden{ErrorKind::Forbidden, "jobs is forbidden"};
  state.targets({"batch/v1", "Job"}).failing(&forbidden);
  const auto view = state.view({"shop", "train"});
  EXPECT_EQ(view->target_trouble->reason, Reason::NotReadable);
  EXPECT_THAT(view->target_trouble->message, HasSubstr("rbac.suspendTargets"));
}

TEST_F(State, TroubleOfAKindIsTroubleOfItsPolicies) {
  sync();
  state.policies().upsert(policy("shop", "web", "web"));
  (void)state.take_dirty();
  state.set_kind_trouble(deployments, Trouble{Reason::TargetNotScalable, "no scale subresource"});
  EXPECT_THAT(state.take_dirty(), ElementsAre(ObjectKey{"shop", "web"}));
  const auto view = state.view({"shop", "web"});
  EXPECT_EQ(view->target_trouble->reason, Reason::TargetNotScalable);
  EXPECT_EQ(view->target_trouble->message,
            "Deployment 'web' in namespace 'shop': no scale subresource");
}

TEST_F(State, NothingThatAWatchBringsMakesItThrow) {
  for (const auto* text : {"null", "[]", "3", "{}", R"({"metadata": 4})",
                           R"({"metadata": {"name": 7, "namespace": []}})",
                           R"({"metadata": {"name": "x"}, "spec": [1], "status": "s"})",
                           R"({"metadata": {"name": "x", "labels": 3, "generation": "a"},
                               "spec": {"replicas": -1, "selector": {"matchLabels": []}}})",
                           R"({"metadata": {"name": "x", "creationTimestamp": "soon"},
                               "spec": {"replicas": 99999999999, "scaleTargetRef": {"name": 5}},
                               "status": {"conditions": [3, {"type": 1}]}})"}) {
    const auto nonsense = json::parse(text);
    for (auto* sink :
         {&state.policies(), &state.sources(), &state.pods(), &state.autoscalers(),
          &state.scaled_objects(), &state.targets(deployments), &state.targets(models)}) {
      EXPECT_NO_THROW(sink->upsert(nonsense)) << text;
      EXPECT_NO_THROW(list(*sink, {nonsense})) << text;
      EXPECT_NO_THROW(sink->remove(nonsense)) << text;
    }
  }
}

TEST_F(State, ChangesAreToldOnceThereIsSomethingToDo) {
  int told = 0;
  state.on_change([&] { ++told; });
  sync();
  EXPECT_EQ(told, 0);
  state.policies().upsert(policy("shop", "web", "web"));
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace poolscaler::controllers
