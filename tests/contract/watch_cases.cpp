// Watches: order, selectors, bookmarks, old and future versions.
#include <array>

#include "contract/scribe.hpp"

namespace poolscaler::contract {
namespace {

json make(Scribe& scribe, const json& object) {
  return scribe.quietly({.method = "POST", .target = scribe.configmaps(), .body = object});
}

json change(Scribe& scribe, const std::string& name, const json& patch) {
  return scribe.quietly({.method = "PATCH",
                         .target = scribe.configmaps(name),
                         .body = patch,
                         .type = merge_patch});
}

json value(const std::string& text) { return {{"data", {{"value", text}}}}; }

std::string watching(Scribe& scribe, const std::string& query) {
  return scribe.configmaps() + "?watch=1&" + query;
}

void sequence(Scribe& scribe) {
  const auto a = make(scribe, configmap("a"));
  auto stream =
      scribe.watch(watching(scribe, "timeoutSeconds=20&resourceVersion=" + version_of(a)));
  scribe.note("status " + std::to_string(stream.status()));
  make(scribe, configmap("b"));
  change(scribe, "a", value("2"));
  change(scribe, "a", value("2"));  // changes nothing: no event
  scribe.quietly({.method = "DELETE", .target = scribe.configmaps("b")});
  change(scribe, "a", value("3"));
  scribe.tell_events(stream, 5, {"/data/value", "/kind", "/apiVersion"});
}

void from_before(Scribe& scribe) {
  const auto a = make(scribe, configmap("a"));
  make(scribe, configmap("b"));
  change(scribe, "a", value("2"));
  auto stream = scribe.watch(watching(scribe, "timeoutSeconds=2&resourceVersion=" + version_of(a)));
  scribe.tell_events(stream, 3, {"/data/value"});
  scribe.fact("ends as it should", stream.rest(rig::Ms{1000}).complete);
}

void from_any(Scribe& scribe) {
  make(scribe, configmap("a"));
  make(scribe, configmap("b"));
  for (const auto* version : {"", "resourceVersion=0&"}) {
    auto stream = scribe.watch(watching(scribe, std::string(version) + "timeoutSeconds=2"));
    scribe.note("from '" + std::string(version) + "'");
    scribe.tell_events(stream, 3, {"/data/value"});
  }
}

void selected(Scribe& scribe) {
  auto a = configmap("a");
  a["metadata"]["labels"] = {{"tier", "web"}};
  const auto made = make(scribe, a);
  auto stream = scribe.watch(watching(
      scribe, "labelSelector=tier%3Dweb&timeoutSeconds=20&resourceVersion=" + version_of(made)));
  make(scribe, configmap("unlabelled"));
  change(scribe, "a", value("2"));
  change(scribe, "a", {{"metadata", {{"labels", {{"tier", "db"}}}}}});
  change(scribe, "a", value("3"));
  change(scribe, "a", {{"metadata", {{"labels", {{"tier", "web"}}}}}});
  scribe.tell_events(stream, 3, {"/data/value", "/metadata/labels"});
  auto named = scribe.watch(scribe.configmaps() +
                            "?watch=1&fieldSelector=metadata.name%3Dunlabelled&timeoutSeconds=2");
  scribe.note("one object by name");
  scribe.tell_events(named, 2);
}

void bookmarks(Scribe& scribe) {
  const auto a = make(scribe, configmap("a"));
  auto stream = scribe.watch(watching(
      scribe, "allowWatchBookmarks=true&timeoutSeconds=6&resourceVersion=" + version_of(a)));
  const auto b = make(scribe, configmap("b"));
  scribe.tell_events(stream, 2, {"/kind", "/apiVersion", "/metadata/name", "/data"}, true);
}

void expired(Scribe& scribe) {
  for (const char* name : {"a", "b", "c"}) make(scribe, configmap(name));
  const auto page = scribe.quietly({.target = scribe.configmaps() + "?limit=1"});
  const auto old = version_of(page);
  change(scribe, "a", value("2"));
  scribe.server().compact();
  change(scribe, "a", value("3"));
  scribe.server().compact();
  auto stream = scribe.watch(watching(scribe, "timeoutSeconds=5&resourceVersion=" + old));
  scribe.note("watch from before: status " + std::to_string(stream.status()));
  scribe.tell_events(stream, 1);
  const auto next = scribe.tell(
      "next page", {.target = scribe.configmaps() + "?limit=1&continue=" +
                              text_at(page, "/metadata/continue")});
  scribe.fact("carries a fresh token",
              !text_at(next, "/metadata/continue").empty());
  scribe.tell("exactly this version",
              {.target = scribe.configmaps() + "?resourceVersionMatch=Exact" +
                         "&limit=1&resourceVersion=" + old});
}

void future_version(Scribe& scribe) {
  make(scribe, configmap("a"));
  auto stream = scribe.watch(watching(scribe, "timeoutSeconds=2&resourceVersion=99999999"));
  scribe.note("status " + std::to_string(stream.status()));
  change(scribe, "a", value("2"));
  scribe.tell_events(stream, 1);
}

void malformed(Scribe& scribe) {
  scribe.tell("malformed version", {.target = watching(scribe, "resourceVersion=abc")});
  scribe.tell("match without initial events",
              {.target = watching(scribe, "resourceVersionMatch=NotOlderThan&timeoutSeconds=1")});
  scribe.tell("initial events without match",
              {.target = watching(scribe, "sendInitialEvents=true&timeoutSeconds=1")});
}

void finalized(Scribe& scribe) {
  auto held = configmap("held");
  held["metadata"]["finalizers"] = {"poolscaler.dev/test"};
  const auto made = make(scribe, held);
  auto stream =
      scribe.watch(watching(scribe, "timeoutSeconds=20&resourceVersion=" + version_of(made)));
  scribe.quietly({.method = "DELETE", .target = scribe.configmaps("held")});
  change(scribe, "held", {{"metadata", {{"finalizers", nullptr}}}});
  scribe.tell_events(stream, 2, {"/metadata/finalizers"});
}

}  // namespace

std::span<const ContractCase> watch_cases() {
  static constexpr std::array cases{
      ContractCase{"watch-sequence", sequence},
      ContractCase{"watch-from-before", from_before},
      ContractCase{"watch-from-any", from_any},
      ContractCase{"watch-selected", selected},
      ContractCase{"watch-bookmarks", bookmarks},
      ContractCase{"watch-expired", expired},
      ContractCase{"watch-future-version", future_version},
      ContractCase{"watch-malformed", malformed},
      ContractCase{"watch-finalized", finalized},
  };
  return cases;
}

}  // namespace poolscaler::contract
