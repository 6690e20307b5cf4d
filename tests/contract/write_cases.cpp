// Creates, updates, patches, the scale subresource, leases, events.
#include <array>
#include <limits>

#include "contract/scribe.hpp"

namespace poolscaler::contract {
namespace {

constexpr const char* other_uid = "00000000-0000-0000-0000-000000000000";

void creates(Scribe& scribe) {
  const auto post = [&](const std::string& title, const json& body, const std::string& query = {},
                        const std::vector<std::string>& fields = {}) {
    return scribe.tell(
        title, {.method = "POST", .target = scribe.deployments() + query, .body = body}, fields);
  };
  post("create", deployment("web", 2), "", {"/metadata/generation", "/spec/replicas"});
  post("again", deployment("web", 2));
  auto unsized = deployment("one", 1);
  unsized["spec"].erase("replicas");
  post("without replicas", unsized, "", {"/spec/replicas"});
  post("negative replicas", deployment("negative", -1));
  auto without_selector = deployment("unselected", 1);
  without_selector["spec"].erase("selector");
  post("without a selector", without_selector);
  auto mismatch = deployment("mismatch", 1);
  mismatch["spec"]["selector"]["matchLabels"] = {{"app", "other"}};
  post("selector and template differ", mismatch);
  post("bad name", deployment("Bad_Name", 1));
  auto nameless = deployment("x", 1);
  nameless["metadata"].erase("name");
  post("without a name", nameless);
  nameless["metadata"]["generateName"] = "gen-";
  const auto generated = scribe.quietly(
      {.method = "POST", .target = scribe.deployments(), .body = nameless});
  const auto name = text_at(generated, "/metadata/name");
  scribe.fact("generated name", name.rfind("gen-", 0) == 0 && name.size() == 9);
  auto elsewhere = deployment("elsewhere", 1);
  elsewhere["metadata"]["namespace"] = "default";
  post("other namespace in the body", elsewhere);
  auto other_kind = deployment("kind", 1);
  other_kind["kind"] = "StatefulSet";
  post("other kind in the body", other_kind);
  auto wrong_type = deployment("typed", 1);
  wrong_type["spec"]["replicas"] = "3";
  post("replicas as text", wrong_type);
  auto unknown = deployment("unknown", 1);
  unknown["spec"]["replicass"] = 3;
  post("unknown field, strict", unknown, "?fieldValidation=Strict");
  post("unknown field, ignored", unknown, "?fieldValidation=Ignore", {"/spec/replicass"});
  post("dry run", deployment("dry", 1), "?dryRun=All", {"/spec/replicas"});
  scribe.tell("dry run left nothing", {.target = scribe.deployments("dry")});
  scribe.tell("in an absent namespace",
              {.method = "POST",
               .target = "/apis/apps/v1/namespaces/void/deployments",
               .body = deployment("web", 1)});
  scribe.tell("malformed JSON",
              {.method = "POST", .target = scribe.deployments(), .text = R"({"kind":)"});
}

void updates(Scribe& scribe) {
  auto object = scribe.quietly(
      {.method = "POST", .target = scribe.deployments(), .body = deployment("web", 2)});
  const auto put = [&](const std::string& title, const json& body) {
    return scribe.tell(title, {.method = "PUT", .target = scribe.deployments("web"), .body = body},
                       {"/metadata/generation", "/spec/replicas"});
  };
  const auto first_version = version_of(object);
  scribe.fact("nothing changed keeps the version",
              version_of(put("unchanged", object)) == first_version);
  object["spec"]["replicas"] = 3;
  const auto updated = put("changed spec", object);
  scribe.fact("moves the version", version_of(updated) != first_version);
  object["spec"]["replicas"] = 4;
  put("stale version", object);
  auto unconditional = object;
  unconditional["metadata"].erase("resourceVersion");
  put("without a version", unconditional);
  auto other = object;
  other["metadata"]["uid"] = other_uid;
  other["metadata"].erase("resourceVersion");
  put("other uid", other);
  auto renamed = unconditional;
  renamed["metadata"]["name"] = "api";
  put("other name", renamed);
  auto with_status = scribe.quietly({.target = scribe.deployments("web")});
  with_status["status"]["replicas"] = 7;
  scribe.fact("status through the main resource is ignored",
              !put("with a status", with_status).contains(json::json_pointer("/status/replicas")));
  auto labelled = scribe.quietly({.target = scribe.deployments("web")});
  labelled["metadata"]["labels"]["x"] = "y";
  put("changed label", labelled);
  auto immutable = scribe.quietly({.target = scribe.deployments("web")});
  immutable["spec"]["selector"]["matchLabels"] = {{"app", "z"}};
  immutable["spec"]["template"]["metadata"]["labels"] = {{"app", "z"}};
  put("changed selector", immutable);
  scribe.tell("absent", {.method = "PUT",
                         .target = scribe.deployments("nobody"),
                         .body = deployment("nobody", 1)});
}

void patches(Scribe& scribe) {
  const auto made = scribe.quietly(
      {.method = "POST", .target = scribe.deployments(), .body = deployment("web", 2)});
  const auto patch = [&](const std::string& title, const json& body,
                         std::string_view type = merge_patch) {
    return scribe.tell(title,
                       {.method = "PATCH",
                        .target = scribe.deployments("web"),
                        .body = body,
                        .type = type},
                       {"/metadata/generation", "/metadata/labels", "/spec/replicas"});
  };
  scribe.fact("nothing changed keeps the version",
              version_of(patch("no-op", {{"spec", {{"replicas", 2}}}})) == version_of(made));
  patch("replicas", {{"spec", {{"replicas", 3}}}});
  patch("label", {{"metadata", {{"labels", {{"tier", "gpu"}}}}}});
  patch("label taken off", {{"metadata", {{"labels", {{"tier", nullptr}}}}}});
  patch("stale version",
        {{"metadata", {{"resourceVersion", version_of(made)}}}, {"spec", {{"replicas", 9}}}});
  patch("other uid", {{"metadata", {{"uid", other_uid}}}, {"spec", {{"replicas", 9}}}});
  patch("null replicas are defaulted", {{"spec", {{"replicas", nullptr}}}});
  patch("negative", {{"spec", {{"replicas", -1}}}});
  patch("text", {{"spec", {{"replicas", "3"}}}});
  patch("other name", {{"metadata", {{"name", "api"}}}});
  patch("json patch", json::array({{{"op", "replace"}, {"path", "/spec/replicas"}, {"value", 5}}}),
        json_patch);
  patch("json patch whose test fails",
        json::array({{{"op", "test"}, {"path", "/spec/replicas"}, {"value", 4}},
                     {{"op", "replace"}, {"path", "/spec/replicas"}, {"value", 6}}}),
        json_patch);
  patch("json patch to nowhere",
        json::array({{{"op", "replace"}, {"path", "/spec/none/there"}, {"value", 5}}}), json_patch);
  const auto strategic = patch(
      "strategic merge",
      {{"spec",
        {{"template", {{"spec", {{"containers", {{{"name", "side"}, {"image", "side:1"}}}}}}}}}}},
      strategic_patch);
  scribe.note(
      "  containers " +
      std::to_string(
          strategic.value(json::json_pointer("/spec/template/spec/containers"), json::array())
              .size()));
  patch("unsupported type", {{"spec", {{"replicas", 1}}}}, "application/x-patch");
  scribe.tell("malformed", {.method = "PATCH",
                            .target = scribe.deployments("web"),
                            .type = merge_patch,
                            .text = R"({"spec":)"});
  scribe.tell("absent", {.method = "PATCH",
                         .target = scribe.deployments("nobody"),
                         .body = {{"spec", {{"replicas", 1}}}},
                         .type = merge_patch});
}

const std::vector<std::string> scale_fields{"/spec/replicas", "/status/replicas",
                                            "/status/selector"};

void scales(Scribe& scribe) {
  const auto target = scribe.quietly(
      {.method = "POST", .target = scribe.deployments(), .body = deployment("web", 2)});
  const auto path = scribe.deployments("web") + "/scale";
  const auto scale = scribe.tell("get", {.target = path}, scale_fields);
  scribe.fact("has the target's uid", uid_of(scale) == uid_of(target));
  scribe.fact("has the target's version", version_of(scale) == version_of(target));
  const auto patch = [&](const std::string& title, const json& body) {
    return scribe.tell(title,
                       {.method = "PATCH", .target = path, .body = body, .type = merge_patch},
                       scale_fields);
  };
  const auto to = [](const json& replicas) { return json{{"spec", {{"replicas", replicas}}}}; };
  const auto bound = [&](const json& replicas, const std::string& uid, const std::string& version) {
    return json{{"metadata", {{"uid", uid}, {"resourceVersion", version}}},
                {"spec", {{"replicas", replicas}}}};
  };
  const auto three = patch("bound to uid and version",
                           bound(3, uid_of(target), version_of(target)));
  scribe.fact("moves the version", version_of(three) != version_of(target));
  scribe.fact("nothing changed keeps the version",
              version_of(patch("no-op", to(3))) == version_of(three));
  scribe.tell("the target follows", {.target = scribe.deployments("web")},
              {"/spec/replicas", "/metadata/generation"});
  patch("stale version", bound(4, uid_of(target), version_of(target)));
  patch("other uid", bound(4, other_uid, version_of(three)));
  patch("null", to(nullptr));
  patch("negative", to(-1));
  patch("text", to("3"));
  patch("fraction", to(2.5));
  patch("too large", to(99999999999));
  patch("largest", to(std::numeric_limits<std::int32_t>::max()));
  patch("one more", to(2147483648));
  patch("truth", to(true));
  patch("empty", json::object());
  patch("spec taken off", {{"spec", nullptr}});
  auto fresh = scribe.quietly({.target = path});
  fresh["spec"]["replicas"] = 1;
  scribe.tell("put", {.method = "PUT", .target = path, .body = fresh}, scale_fields);
  scribe.tell("put again, stale", {.method = "PUT", .target = path, .body = fresh}, scale_fields);
  scribe.tell("the target in the end", {.target = scribe.deployments("web")},
              {"/spec/replicas", "/metadata/generation"});
  scribe.tell("absent", {.target = scribe.deployments("nobody") + "/scale"});
  scribe.quietly({.method = "POST", .target = scribe.configmaps(), .body = configmap("a")});
  scribe.tell("a kind without scale", {.target = scribe.configmaps("a") + "/scale"});
}

void other_scales(Scribe& scribe) {
  const auto base = "/apis/apps/v1/namespaces/" + scribe.ns() + "/";
  auto set = deployment("db", 1);
  set["kind"] = "StatefulSet";
  set["spec"]["serviceName"] = "db";
  scribe.tell("stateful set",
              {.method = "POST", .target = base + "statefulsets", .body = set},
              {"/metadata/generation", "/spec/replicas", "/spec/podManagementPolicy"});
  auto replicas = deployment("rs", 1);
  replicas["kind"] = "ReplicaSet";
  scribe.tell("replica set", {.method = "POST", .target = base + "replicasets", .body = replicas},
              {"/metadata/generation", "/spec/replicas"});
  for (const std::string path : {"statefulsets/db", "replicasets/rs"}) {
    scribe.tell("scale of " + path, {.target = base + path + "/scale"}, scale_fields);
    scribe.tell("scaled " + path, {.method = "PATCH",
                                   .target = base + path + "/scale",
                                   .body = {{"spec", {{"replicas", 4}}}},
                                   .type = merge_patch},
                scale_fields);
    scribe.tell("object " + path, {.target = base + path},
                {"/metadata/generation", "/spec/replicas"});
  }
}

void statuses(Scribe& scribe) {
  scribe.quietly({.method = "POST", .target = scribe.deployments(), .body = deployment("web", 2)});
  scribe.tell("patched status",
              {.method = "PATCH",
               .target = scribe.deployments("web") + "/status",
               .body = {{"spec", {{"replicas", 9}}},
                        {"metadata", {{"labels", {{"sneaked", "in"}}}}},
                        {"status", {{"replicas", 2}, {"observedGeneration", 1}}}},
               .type = merge_patch},
              {"/metadata/generation", "/metadata/labels", "/spec/replicas", "/status/replicas"});
  scribe.tell("status through the main resource",
              {.method = "PATCH",
               .target = scribe.deployments("web"),
               .body = {{"status", {{"replicas", 5}}}},
               .type = merge_patch},
              {"/metadata/generation", "/status/replicas"});
  scribe.tell("status alone", {.target = scribe.deployments("web") + "/status"},
              {"/spec/replicas", "/status/replicas"});
}

void leases(Scribe& scribe) {
  const auto base = "/apis/coordination.k8s.io/v1/namespaces/" + scribe.ns() + "/leases";
  const std::vector<std::string> fields{"/spec/holderIdentity", "/spec/leaseDurationSeconds",
                                        "/spec/renewTime", "/spec/leaseTransitions"};
  json lease{{"apiVersion", "coordination.k8s.io/v1"},
             {"kind", "Lease"},
             {"metadata", {{"name", "leader"}}},
             {"spec",
              {{"holderIdentity", "a"},
               {"leaseDurationSeconds", 15},
               {"acquireTime", "2030-01-02T03:04:05.000000Z"},
               {"renewTime", "2030-01-02T03:04:05.000001Z"},
               {"leaseTransitions", 0}}}};
  scribe.tell("absent", {.target = base + "/leader"});
  const auto held =
      scribe.tell("create", {.method = "POST", .target = base, .body = lease}, fields);
  scribe.tell("create again", {.method = "POST", .target = base, .body = lease});
  const auto put = [&](const std::string& title, const json& body) {
    return scribe.tell(title, {.method = "PUT", .target = base + "/leader", .body = body}, fields);
  };
  lease["metadata"]["resourceVersion"] = version_of(held);
  lease["spec"]["renewTime"] = "2030-01-02T03:04:07.123456Z";
  const auto renewed = put("renew", lease);
  lease["spec"]["holderIdentity"] = "b";
  put("taken with a stale version", lease);
  lease["metadata"].erase("resourceVersion");
  put("without a version", lease);
  lease["metadata"]["resourceVersion"] = version_of(renewed);
  lease["spec"]["leaseDurationSeconds"] = 0;
  put("without duration", lease);
  lease["spec"]["leaseDurationSeconds"] = 15;
  lease["spec"]["renewTime"] = "yesterday";
  put("malformed time", lease);
  lease["spec"]["renewTime"] = "2030-01-02T03:04:08.000000Z";
  lease["spec"]["leaseTransitions"] = 1;
  put("taken", lease);
}

void pods(Scribe& scribe) {
  const auto base = "/api/v1/namespaces/" + scribe.ns() + "/pods";
  json pod{{"apiVersion", "v1"},
           {"kind", "Pod"},
           {"metadata", {{"name", "web-1"}, {"labels", {{"app", "web"}}}}},
           {"spec",
            {{"containers",
              {{{"name", "main"},
                {"image", "model:1"},
                {"resources", {{"limits", {{"nvidia.com/gpu", "2"}}}}}}}}}}};
  scribe.tell("create", {.method = "POST", .target = base, .body = pod},
              {"/status/phase", "/spec/containers/0/resources/limits", "/spec/restartPolicy",
               "/spec/nodeName"});
  scribe.tell("becomes ready",
              {.method = "PATCH",
               .target = base + "/web-1/status",
               .body = {{"status",
                         {{"phase", "Running"},
                          {"conditions", {{{"type", "Ready"}, {"status", "True"}}}}}}},
               .type = strategic_patch},
              {"/status/phase", "/status/conditions/0/type", "/metadata/generation"});
  scribe.tell("by phase", {.target = base + "?fieldSelector=status.phase%3DRunning"},
              {"/items/0/metadata/name"});
  scribe.tell("by another phase", {.target = base + "?fieldSelector=status.phase%3DPending"},
              {"/items"});
  scribe.tell("by node", {.target = base + "?fieldSelector=spec.nodeName%3Dn1"}, {"/items"});
  scribe.tell("without containers",
              {.method = "POST",
               .target = base,
               .body = {{"apiVersion", "v1"},
                        {"kind", "Pod"},
                        {"metadata", {{"name", "empty"}}},
                        {"spec", json::object()}}});
  scribe.tell("delete", {.method = "DELETE", .target = base + "/web-1?gracePeriodSeconds=0"});
  scribe.tell("gone", {.target = base + "/web-1"});
}

void events(Scribe& scribe) {
  const auto base = "/apis/events.k8s.io/v1/namespaces/" + scribe.ns() + "/events";
  json event{{"apiVersion", "events.k8s.io/v1"},
             {"kind", "Event"},
             {"metadata", {{"name", "web.1"}}},
             {"eventTime", "2030-01-02T03:04:05.000000Z"},
             {"type", "Normal"},
             {"reason", "SignalAboveTarget"},
             {"action", "Scale"},
             {"note", "from 1 to 3"},
             {"reportingController", "poolscaler.dev/operator"},
             {"reportingInstance", "pod-1"},
             {"regarding",
              {{"apiVersion", "poolscaler.dev/v1alpha1"},
               {"kind", "ScalingPolicy"},
               {"namespace", scribe.ns()},
               {"name", "web"}}}};
  const std::vector<std::string> fields{"/reason", "/note", "/regarding/name", "/series/count"};
  scribe.tell("create", {.method = "POST", .target = base, .body = event}, fields);
  scribe.tell("in the core group",
              {.target = "/api/v1/namespaces/" + scribe.ns() + "/events/web.1"},
              {"/reason", "/message", "/involvedObject/name", "/reportingComponent"});
  scribe.tell("series", {.method = "PATCH",
                         .target = base + "/web.1",
                         .body = {{"series",
                                   {{"count", 2},
                                    {"lastObservedTime", "2030-01-02T03:05:05.000000Z"}}}},
                         .type = merge_patch},
              fields);
  for (const auto* missing : {"reportingController", "reportingInstance", "eventTime", "reason",
                              "action"}) {
    auto incomplete = event;
    incomplete["metadata"]["name"] = "web.2";
    incomplete.erase(missing);
    scribe.tell(std::string("without ") + missing,
                {.method = "POST", .target = base, .body = incomplete});
  }
  auto wordy = event;
  wordy["metadata"]["name"] = "web.3";
  wordy["note"] = std::string(1025, 'x');
  scribe.tell("note too long", {.method = "POST", .target = base, .body = wordy});
  auto typed = event;
  typed["metadata"]["name"] = "web.4";
  typed["type"] = "Loud";
  scribe.tell("unknown type", {.method = "POST", .target = base, .body = typed});
  auto elsewhere = event;
  elsewhere["metadata"]["name"] = "web.5";
  elsewhere["regarding"]["namespace"] = "default";
  scribe.tell("about another namespace", {.method = "POST", .target = base, .body = elsewhere});
}

}  // namespace

std::span<const ContractCase> write_cases() {
  static constexpr std::array cases{
      ContractCase{"creates", creates},   ContractCase{"updates", updates},
      ContractCase{"patches", patches},   ContractCase{"scales", scales},
      ContractCase{"other-scales", other_scales}, ContractCase{"statuses", statuses},
      ContractCase{"leases", leases},     ContractCase{"events", events},
      ContractCase{"pods", pods},
  };
  return cases;
}

}  // namespace poolscaler::contract
