// Discovery, reads, lists in pages, deletes, tables.
#include <algorithm>
#include <array>

#include "contract/scribe.hpp"

namespace poolscaler::contract {
namespace {

void tell_resource(Scribe& scribe, const json& list, const std::string& name) {
  for (const auto& resource : list.value("resources", json::array())) {
    if (resource.value("name", "") != name) continue;
    auto verbs = resource.value("verbs", std::vector<std::string>{});
    std::sort(verbs.begin(), verbs.end());
    scribe.note("  " + name + " kind=" + resource.value("kind", "") + " group=" +
                resource.value("group", "") + " version=" + resource.value("version", "") +
                " singular=" + resource.value("singularName", "") +
                " namespaced=" + (resource.value("namespaced", false) ? "yes" : "no") +
                " short=" + resource.value("shortNames", json::array()).dump() +
                " verbs=" + json(verbs).dump());
    return;
  }
  scribe.note("  " + name + " (absent)");
}

void discovery(Scribe& scribe) {
  scribe.tell("core versions", {.target = "/api"}, {"/versions"});
  const auto groups = scribe.tell("groups", {.target = "/apis"});
  for (const auto* wanted : {"apps", "coordination.k8s.io", "events.k8s.io", "autoscaling",
                             "apiextensions.k8s.io", "poolscaler.dev"}) {
    for (const auto& group : groups.value("groups", json::array()))
      if (group.value("name", "") == wanted)
        scribe.note("  group " + std::string(wanted) + " preferred " +
                    text_at(group, "/preferredVersion/groupVersion"));
  }
  const auto core = scribe.tell("core resources", {.target = "/api/v1"}, {"/groupVersion"});
  for (const auto* name : {"namespaces", "nodes", "pods", "pods/eviction", "pods/status",
                           "configmaps", "events"})
    tell_resource(scribe, core, name);
  const auto apps = scribe.tell("apps resources", {.target = "/apis/apps/v1"}, {"/groupVersion"});
  for (const auto* name : {"deployments", "deployments/scale", "deployments/status", "replicasets",
                           "replicasets/scale", "statefulsets", "statefulsets/scale"})
    tell_resource(scribe, apps, name);
  tell_resource(scribe, scribe.quietly({.target = "/apis/coordination.k8s.io/v1"}), "leases");
  tell_resource(scribe, scribe.quietly({.target = "/apis/events.k8s.io/v1"}), "events");
  const auto own = scribe.tell("own resources", {.target = "/apis/poolscaler.dev/v1alpha1"});
  for (const auto* name : {"scalingpolicies", "scalingpolicies/status", "metricsources",
                           "metricsources/status"})
    tell_resource(scribe, own, name);
  scribe.tell("unknown group", {.target = "/apis/nowhere.example/v1"});
  scribe.tell("unknown version", {.target = "/apis/apps/v9"});
  scribe.tell("unknown resource",
              {.target = "/apis/apps/v1/namespaces/" + scribe.ns() + "/gadgets"});
  scribe.tell("unknown path", {.target = "/nowhere"});
}

void reads(Scribe& scribe) {
  scribe.tell("absent object", {.target = scribe.deployments("nobody")});
  scribe.tell("absent object in an absent namespace",
              {.target = "/apis/apps/v1/namespaces/void/deployments/nobody"});
  scribe.tell("absent namespace", {.target = "/api/v1/namespaces/void"});
  scribe.tell("list in an absent namespace",
              {.target = "/apis/apps/v1/namespaces/void/deployments"}, {"/items"});
  scribe.tell("empty list", {.target = scribe.deployments()}, {"/items"});
  scribe.tell("wrong token", {.target = scribe.deployments(), .token = "wrong"});
  scribe.tell("post to an object", {.method = "POST",
                                    .target = scribe.deployments("web"),
                                    .body = deployment("web", 1)});
  scribe.quietly({.method = "POST", .target = scribe.deployments(), .body = deployment("web", 2)});
  const auto seen = scribe.tell(
      "get", {.target = scribe.deployments("web")},
      {"/metadata/namespace", "/metadata/generation", "/spec/replicas", "/spec/selector",
       "/spec/strategy/type", "/spec/progressDeadlineSeconds", "/spec/revisionHistoryLimit",
       "/spec/template/spec/restartPolicy", "/spec/template/spec/containers/0/name", "/status"});
  scribe.fact("has a uid", uid_of(seen).size() == 36);
  scribe.fact("has a time of creation", !text_at(seen, "/metadata/creationTimestamp").empty());
  scribe.tell("get as 0", {.target = scribe.deployments("web") + "?resourceVersion=0"});
  scribe.tell("list over all namespaces by name",
              {.target = "/apis/apps/v1/deployments?fieldSelector=metadata.name%3Dweb,"
                         "metadata.namespace%3D" + scribe.ns()},
              {"/items/0/metadata/name", "/items/0/kind"});
}

std::string names_in(const json& list) {
  std::string names;
  for (const auto& item : list.value("items", json::array()))
    names += item["metadata"].value("name", "") + " ";
  return names;
}

void lists(Scribe& scribe) {
  for (const char* name : {"e", "b", "a", "d", "c"}) {
    auto object = configmap(name);
    object["metadata"]["labels"] = {{"odd", name[0] % 2 == 1 ? "yes" : "no"}};
    scribe.quietly({.method = "POST", .target = scribe.configmaps(), .body = object});
  }
  const auto all = scribe.tell("all", {.target = scribe.configmaps() + "?labelSelector=odd"});
  scribe.note("  " + names_in(all));
  scribe.fact("has a version", !version_of(all).empty());
  scribe.fact("items have no kind", !all.contains(json::json_pointer("/items/0/kind")));
  const auto first =
      scribe.tell("first page", {.target = scribe.configmaps() + "?limit=2&labelSelector="});
  const auto token = text_at(first, "/metadata/continue");
  scribe.note("  " + names_in(first));
  scribe.fact("goes on", !token.empty());
  scribe.note("  remaining " +
              first.value(json::json_pointer("/metadata/remainingItemCount"), json()).dump());
  scribe.quietly({.method = "POST", .target = scribe.configmaps(), .body = configmap("bb")});
  const auto second = scribe.tell(
      "second page", {.target = scribe.configmaps() + "?limit=2&continue=" + token});
  scribe.note("  " + names_in(second));
  scribe.fact("same version", version_of(first) == version_of(second));
  const auto third = scribe.tell(
      "last page", {.target = scribe.configmaps() +
                              "?limit=2&continue=" + text_at(second, "/metadata/continue")});
  scribe.note("  " + names_in(third));
  scribe.fact("goes on", !text_at(third, "/metadata/continue").empty());
  scribe.tell("malformed continue", {.target = scribe.configmaps() + "?limit=2&continue=nonsense"});
  scribe.tell("continue with a version",
              {.target = scribe.configmaps() + "?limit=2&resourceVersion=5&continue=" + token});
}

void selectors(Scribe& scribe) {
  for (const auto& [name, tier] : {std::pair{"a", "web"}, {"b", "db"}, {"c", "web"}}) {
    auto object = configmap(name);
    object["metadata"]["labels"] = {{"tier", tier}, {"suite", "contract"}};
    scribe.quietly({.method = "POST", .target = scribe.configmaps(), .body = object});
  }
  for (const char* selector : {"tier%3Dweb", "tier%3D%3Ddb", "tier!%3Dweb", "tier%20in%20(db,x)",
                               "tier%20notin%20(db)", "tier", "!tier", "tier%3Dweb,suite%3Dother"})
    scribe.note(std::string(selector) + " -> " +
                names_in(scribe.quietly(
                    {.target = scribe.configmaps() + "?labelSelector=suite," + selector})));
  scribe.tell("malformed label selector",
              {.target = scribe.configmaps() + "?labelSelector=tier%3D%3D%3Dx"});
  scribe.note("by name -> " + names_in(scribe.quietly(
                                  {.target = scribe.configmaps() +
                                             "?fieldSelector=metadata.name%3Db"})));
  scribe.tell("unknown field selector",
              {.target = scribe.configmaps() + "?fieldSelector=data.value%3D1"});
}

void versions(Scribe& scribe) {
  const auto made = scribe.quietly(
      {.method = "POST", .target = scribe.configmaps(), .body = configmap("a")});
  scribe.tell("not older than now",
              {.target = scribe.configmaps() + "?resourceVersion=" + version_of(made)});
  scribe.tell("any version", {.target = scribe.configmaps() + "?resourceVersion=0"});
  scribe.tell("malformed version", {.target = scribe.configmaps() + "?resourceVersion=abc"});
  scribe.tell("match without version",
              {.target = scribe.configmaps() + "?resourceVersionMatch=NotOlderThan"});
  scribe.tell("unknown match",
              {.target = scribe.configmaps() + "?resourceVersion=5&resourceVersionMatch=Newest"});
  scribe.tell("exactly 0",
              {.target = scribe.configmaps() + "?resourceVersion=0&resourceVersionMatch=Exact"});
  scribe.tell("list from the future",
              {.target = scribe.configmaps() + "?resourceVersion=99999999"});
  scribe.tell("get from the future",
              {.target = scribe.configmaps("a") + "?resourceVersion=99999999"});
}

void deletes(Scribe& scribe) {
  const auto make = [&](const char* name) {
    return scribe.quietly(
        {.method = "POST", .target = scribe.configmaps(), .body = configmap(name)});
  };
  const auto options = [](json preconditions) {
    return json{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"preconditions", preconditions}};
  };
  const auto a = make("a");
  scribe.tell("other uid", {.method = "DELETE",
                            .target = scribe.configmaps("a"),
                            .body = options({{"uid", "00000000-0000-0000-0000-000000000000"}})});
  scribe.tell("other version", {.method = "DELETE",
                                .target = scribe.configmaps("a"),
                                .body = options({{"resourceVersion", "1"}})});
  scribe.tell("right uid and version",
              {.method = "DELETE",
               .target = scribe.configmaps("a"),
               .body = options({{"uid", uid_of(a)}, {"resourceVersion", version_of(a)}})});
  scribe.tell("again", {.method = "DELETE", .target = scribe.configmaps("a")});
  auto held = configmap("held");
  held["metadata"]["finalizers"] = {"poolscaler.dev/test"};
  scribe.quietly({.method = "POST", .target = scribe.configmaps(), .body = held});
  const auto dying = scribe.tell("with a finalizer",
                                 {.method = "DELETE", .target = scribe.configmaps("held")},
                                 {"/metadata/finalizers"});
  scribe.fact("is being deleted", !text_at(dying, "/metadata/deletionTimestamp").empty());
  scribe.tell("still there", {.target = scribe.configmaps("held")}, {"/metadata/finalizers"});
  scribe.tell("finalizer taken off", {.method = "PATCH",
                                      .target = scribe.configmaps("held"),
                                      .body = {{"metadata", {{"finalizers", nullptr}}}},
                                      .type = merge_patch});
  scribe.tell("gone", {.target = scribe.configmaps("held")});
  make("x");
  make("y");
  scribe.tell("collection", {.method = "DELETE",
                             .target = scribe.configmaps() +
                                       "?fieldSelector=metadata.name%3Dx"});
  scribe.tell("y is still there", {.target = scribe.configmaps("y")});
  scribe.tell("x is not", {.target = scribe.configmaps("x")});
  scribe.quietly({.method = "POST", .target = scribe.deployments(), .body = deployment("web", 1)});
  scribe.tell("a deployment", {.method = "DELETE", .target = scribe.deployments("web")});
}

void tables(Scribe& scribe) {
  scribe.quietly({.method = "POST", .target = scribe.deployments(), .body = deployment("web", 2)});
  tell_table(scribe, "deployments", scribe.deployments());
  tell_table(scribe, "one deployment", scribe.deployments("web"));
  tell_table(scribe, "no pods", "/api/v1/namespaces/" + scribe.ns() + "/pods");
  scribe.tell("absent as a table",
              {.target = scribe.deployments("nobody"), .accept = accept_table});
}

}  // namespace

std::span<const ContractCase> object_cases() {
  static constexpr std::array cases{
      ContractCase{"discovery", discovery}, ContractCase{"reads", reads},
      ContractCase{"lists", lists},         ContractCase{"selectors", selectors},
      ContractCase{"versions", versions},   ContractCase{"deletes", deletes},
      ContractCase{"tables", tables},
  };
  return cases;
}

}  // namespace poolscaler::contract
