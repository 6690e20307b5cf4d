#include "discovery.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "reads.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr std::string_view aggregated_type =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

using GroupVersion = std::pair<std::string, std::string>;

json verbs_of(const Kind& kind, std::string_view subresource) {
  if (subresource == "eviction") return {"create"};
  if (!subresource.empty()) return {"get", "patch", "update"};
  if (kind.read_only) return {"get", "list"};
  if (kind.kind == "Namespace")
    return {"create", "delete", "get", "list", "patch", "update", "watch"};
  return {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
}

std::vector<KindRef> kinds_of(const Catalog& catalog, const GroupVersion& wanted) {
  std::vector<KindRef> kinds;
  for (const auto& kind : catalog.all())
    if (kind->group == wanted.first && kind->version == wanted.second) kinds.push_back(kind);
  return kinds;
}

/// Groups in the order of their installation, versions within.
std::vector<GroupVersion> group_versions(const Catalog& catalog) {
  std::vector<GroupVersion> all;
  for (const auto& kind : catalog.all()) {
    GroupVersion entry(kind->group, kind->version);
    if (std::ranges::find(all, entry) == all.end()) all.push_back(std::move(entry));
  }
  return all;
}

bool is_evicted(const Kind& kind) { return kind.kind == "Pod"; }

json resource_list(const Catalog& catalog, const GroupVersion& wanted) {
  const auto& [group, version] = wanted;
  json list = {{"kind", "APIResourceList"},
               {"groupVersion", group.empty() ? version : group + "/" + version},
               {"resources", json::array()}};
  if (!group.empty()) list["apiVersion"] = "v1";
  for (const auto& kind : kinds_of(catalog, wanted)) {
    json resource = {{"name", kind->plural},
                     {"singularName", kind->singular},
                     {"namespaced", kind->namespaced},
                     {"kind", kind->kind},
                     {"verbs", verbs_of(*kind, "")}};
    if (!kind->short_names.empty()) resource["shortNames"] = kind->short_names;
    if (!kind->categories.empty()) resource["categories"] = kind->categories;
    list["resources"].push_back(std::move(resource));
    const auto add = [&](const char* name, const char* type) {
      json entry = {{"name", kind->plural + "/" + name},
                    {"singularName", ""},
                    {"namespaced", kind->namespaced},
                    {"kind", type},
                    {"verbs", verbs_of(*kind, name)}};
      if (std::string_view(type) == "Scale") {
        entry["group"] = "autoscaling";
        entry["version"] = "v1";
      }
      if (std::string_view(type) == "Eviction") {
        entry["group"] = "policy";
        entry["version"] = "v1";
      }
      list["resources"].push_back(std::move(entry));
    };
    if (is_evicted(*kind)) add("eviction", "Eviction");
    if (kind->scale) add("scale", "Scale");
    if (kind->has_status) add("status", kind->kind.c_str());
  }
  return list;
}

json aggregated_resources(const Catalog& catalog, const GroupVersion& wanted) {
  json resources = json::array();
  for (const auto& kind : kinds_of(catalog, wanted)) {
    json resource = {{"resource", kind->plural},
                     {"singularResource", kind->singular},
                     {"scope", kind->namespaced ? "Namespaced" : "Cluster"},
                     {"responseKind",
                      {{"group", kind->group}, {"version", kind->version}, {"kind", kind->kind}}},
                     {"verbs", verbs_of(*kind, "")}};
    if (!kind->short_names.empty()) resource["shortNames"] = kind->short_names;
    if (!kind->categories.empty()) resource["categories"] = kind->categories;
    if (is_evicted(*kind)) {
      resource["subresources"].push_back(
          {{"subresource", "eviction"},
           {"responseKind", {{"group", "policy"}, {"version", "v1"}, {"kind", "Eviction"}}},
           {"verbs", verbs_of(*kind, "eviction")}});
    }
    if (kind->scale) {
      resource["subresources"].push_back(
          {{"subresource", "scale"},
           {"responseKind", {{"group", "autoscaling"}, {"version", "v1"}, {"kind", "Scale"}}},
           {"verbs", verbs_of(*kind, "scale")}});
    }
    if (kind->has_status) {
      resource["subresources"].push_back({{"subresource", "status"},
                                          {"responseKind", resource["responseKind"]},
                                          {"verbs", verbs_of(*kind, "status")}});
    }
    resources.push_back(std::move(resource));
  }
  return resources;
}

json aggregated(const Catalog& catalog, bool core) {
  json items = json::array();
  for (const auto& entry : group_versions(catalog)) {
    const auto& [group, version] = entry;
    if (group.empty() != core) continue;
    const auto found = std::ranges::find_if(items, [&](const json& item) {
      return item["metadata"].value("name", "") == group;
    });
    json one = {{"version", version},
                {"resources", aggregated_resources(catalog, entry)},
                {"freshness", "Current"}};
    if (found != items.end()) {
      (*found)["versions"].push_back(std::move(one));
      continue;
    }
    json metadata = {{"creationTimestamp", nullptr}};
    if (!group.empty()) metadata["name"] = group;
    items.push_back({{"metadata", std::move(metadata)}, {"versions", json::array({one})}});
  }
  return {{"kind", "APIGroupDiscoveryList"},
          {"apiVersion", "apidiscovery.k8s.io/v2"},
          {"metadata", json::object()},
          {"items", std::move(items)}};
}

json group_document(const Catalog& catalog, const std::string& wanted) {
  json versions = json::array();
  for (const auto& [group, version] : group_versions(catalog))
    if (group == wanted)
      versions.push_back({{"groupVersion", group + "/" + version}, {"version", version}});
  if (versions.empty()) return {};
  return {{"name", wanted}, {"versions", versions}, {"preferredVersion", versions.front()}};
}

json group_list(const Catalog& catalog) {
  json list = {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", json::array()}};
  std::set<std::string> seen;
  for (const auto& [group, version] : group_versions(catalog))
    if (!group.empty() && seen.insert(group).second)
      list["groups"].push_back(group_document(catalog, group));
  return list;
}

json open_api_root(const Catalog& catalog) {
  json paths = json::object();
  for (const auto& [group, version] : group_versions(catalog)) {
    const auto path = group.empty() ? "api/" + version : fmt::format("apis/{}/{}", group, version);
    // The hash makes a client's cache of an older document useless.
    const auto hash = stable_hash(open_api_of(catalog, group, version).dump());
    paths[path] = {{"serverRelativeURL", fmt::format("/openapi/v3/{}?hash={:X}", path, hash)}};
  }
  return {{"paths", std::move(paths)}};
}

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (slash != 0) segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return segments;
}

std::optional<ServerResponse> found(json document) {
  if (document.is_null()) return std::nullopt;
  return json_response(200, document);
}

std::optional<ServerResponse> serve_open_api(const Catalog& catalog,
                                             const std::vector<std::string>& path) {
  if (path.size() == 2) return found(open_api_root(catalog));
  const bool core = path.size() == 4 && path[2] == "api";
  if (!core && (path.size() != 5 || path[2] != "apis")) return std::nullopt;
  const auto group = core ? std::string() : path[3];
  if (kinds_of(catalog, {group, path.back()}).empty()) return std::nullopt;
  return found(open_api_of(catalog, group, path.back()));
}

bool wants_aggregated(const ServerRequest& request) {
  const auto accept = request.headers.find("accept");
  return accept != request.headers.end() &&
         accept->second.find("as=APIGroupDiscoveryList") != std::string::npos &&
         accept->second.find("v=v2") != std::string::npos;
}

}  // namespace

std::optional<ServerResponse> serve_discovery(const Catalog& catalog,
                                              const ServerRequest& request) {
  const auto path = segments_of(request.path);
  if (path.empty()) return std::nullopt;
  if (path[0] == "openapi" && path.size() >= 2 && path[1] == "v3")
    return serve_open_api(catalog, path);
  const bool core = path[0] == "api";
  if (!core && path[0] != "apis") return std::nullopt;
  if (path.size() == 1 && wants_aggregated(request)) {
    auto response = json_response(200, aggregated(catalog, core));
    response.content_type = aggregated_type;
    response.headers["Vary"] = "Accept";
    return response;
  }
  if (path.size() == 1 && core) {
    return found({{"kind", "APIVersions"},
                  {"versions", {"v1"}},
                  {"serverAddressByClientCIDRs", json::array()}});
  }
  if (path.size() == 1) return found(group_list(catalog));
  if (path.size() == 2 && !core) {
    auto document = group_document(catalog, path[1]);
    if (document.is_null()) return std::nullopt;
    document["kind"] = "APIGroup";
    document["apiVersion"] = "v1";
    return found(std::move(document));
  }
  const GroupVersion wanted = core ? GroupVersion("", path[1])
                                   : GroupVersion(path[1], path.size() > 2 ? path[2] : "");
  const bool is_list = path.size() == (core ? 2U : 3U);
  if (!is_list || kinds_of(catalog, wanted).empty()) return std::nullopt;
  return found(resource_list(catalog, wanted));
}

ServerResponse serve_nothing(const Catalog& catalog, const ServerRequest& request) {
  const auto path = segments_of(request.path);
  const bool core = path.size() > 1 && path[0] == "api";
  const auto group = path.size() > 2 && path[0] == "apis" ? path[1] : std::string();
  const bool served = std::ranges::any_of(catalog.all(), [&](const KindRef& kind) {
    return (core || !group.empty()) && kind->group == group;
  });
  if (served)
    return response_of({.code = 404,
                        .reason = "NotFound",
                        .message = "the server could not find the requested resource"});
  return {.status = 404,
          .content_type = "text/plain; charset=utf-8",
          .body = "404 page not found\n"};
}

}  // namespace poolscaler::simulation
