#include "poolscaler/kube/request.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "poolscaler/ports/cluster_writer.hpp"

namespace poolscaler::kube {
namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view merge_patch_type = "application/merge-patch+json";
constexpr std::string_view json_patch_type = "application/json-patch+json";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, is_name_character);
}

void add_selection(Request& request, const Selection& selection) {
  if (!selection.label_selector.empty())
    request.query.emplace_back("labelSelector", selection.label_selector);
  if (!selection.field_selector.empty())
    request.query.emplace_back("fieldSelector", selection.field_selector);
}

Request write_request(HttpMethod method, std::string path, std::string_view content_type,
                      std::string body) {
  return {.method = method,
          .path = std::move(path),
          .query = {{"fieldManager", std::string(field_manager)}},
          .content_type = std::string(content_type),
          .body = std::move(body)};
}

}  // namespace

std::string Resource::api_version() const {
  return group.empty() ? version : fmt::format("{}/{}", group, version);
}

std::string Resource::text() const { return fmt::format("{}.{}", plural, api_version()); }

Result<std::pair<std::string, std::string>> split_api_version(std::string_view text) {
  const auto slash = text.find('/');
  const auto group = slash == std::string_view::npos ? std::string_view() : text.substr(0, slash);
  const auto version = slash == std::string_view::npos ? text : text.substr(slash + 1);
  if (!is_plain_name(version) || (slash != std::string_view::npos && !is_plain_name(group)))
    return fail(ErrorKind::InvalidInput,
                fmt::format("apiVersion is '{}', must be like apps/v1 or v1",
                            escaped(capped(text, 100))));
  return std::pair(std::string(group), std::string(version));
}

namespace {

Resource own_cluster_wide(std::string_view plural, std::string_view kind) {
  return {.group = "poolscaler.dev",
          .version = "v1alpha1",
          .plural = std::string(plural),
          .kind = std::string(kind),
          .namespaced = false};
}

}  // namespace

Resource pods() { return {.group = "", .version = "v1", .plural = "pods", .kind = "Pod"}; }
Resource nodes() {
  return {.group = "", .version = "v1", .plural = "nodes", .kind = "Node", .namespaced = false};
}
Resource leases() {
  return {.group = "coordination.k8s.io", .version = "v1", .plural = "leases", .kind = "Lease"};
}
Resource events() {
  return {.group = "events.k8s.io", .version = "v1", .plural = "events", .kind = "Event"};
}
Resource scaling_policies() {
  return {.group = "poolscaler.dev",
          .version = "v1alpha1",
          .plural = "scalingpolicies",
          .kind = "ScalingPolicy"};
}
Resource accelerator_pools() { return own_cluster_wide("acceleratorpools", "AcceleratorPool"); }
Resource cost_budgets() { return own_cluster_wide("costbudgets", "CostBudget"); }
Resource price_catalogs() { return own_cluster_wide("pricecatalogs", "PriceCatalog"); }
Resource metric_sources() { return own_cluster_wide("metricsources", "MetricSource"); }
Resource horizontal_pod_autoscalers() {
  return {.group = "autoscaling",
          .version = "v2",
          .plural = "horizontalpodautoscalers",
          .kind = "HorizontalPodAutoscaler"};
}

std::string Request::target() const {
  std::string text = path;
  char separator = '?';
  for (const auto& [name, value] : query) {
    text += fmt::format("{}{}={}", separator, percent_encoded(name), percent_encoded(value));
    separator = '&';
  }
  return text;
}

std::string collection_path(const Resource& resource, std::string_view ns) {
  auto path = resource.group.empty()
                  ? fmt::format("/api/{}", percent_encoded(resource.version))
                  : fmt::format("/apis/{}/{}", percent_encoded(resource.group),
                                percent_encoded(resource.version));
  if (resource.namespaced && !ns.empty()) path += "/namespaces/" + percent_encoded(ns);
  return path + "/" + percent_encoded(resource.plural);
}

std::string object_path(const Resource& resource, const ObjectKey& key,
                        std::string_view subresource) {
  auto path = collection_path(resource, key.ns) + "/" + percent_encoded(key.name);
  if (!subresource.empty()) path += "/" + percent_encoded(subresource);
  return path;
}

Request list_request(const Resource& resource, std::string_view ns, const Selection& selection,
                     const ListPage& page) {
  Request request{.path = collection_path(resource, ns)};
  add_selection(request, selection);
  if (page.limit > 0) request.query.emplace_back("limit", std::to_string(page.limit));
  if (!page.continue_token.empty()) {
    // The token carries the version; the server refuses to be told it twice.
    request.query.emplace_back("continue", page.continue_token);
  } else if (page.resource_version) {
    request.query.emplace_back("resourceVersion", *page.resource_version);
    request.query.emplace_back("resourceVersionMatch", "NotOlderThan");
  }
  return request;
}

Request watch_request(const Resource& resource, std::string_view ns, const Selection& selection,
                      std::string_view resource_version, Seconds timeout) {
  Request request{.path = collection_path(resource, ns), .query = {{"watch", "true"}}};
  add_selection(request, selection);
  request.query.emplace_back("resourceVersion", std::string(resource_version));
  request.query.emplace_back("allowWatchBookmarks", "true");
  request.query.emplace_back("timeoutSeconds", std::to_string(timeout.count()));
  return request;
}

Request get_request(const Resource& resource, const ObjectKey& key, std::string_view subresource) {
  return {.path = object_path(resource, key, subresource)};
}

Request create_request(const Resource& resource, std::string_view ns, std::string body) {
  return write_request(HttpMethod::Post, collection_path(resource, ns), json_type,
                       std::move(body));
}

Request update_request(const Resource& resource, const ObjectKey& key, std::string body) {
  return write_request(HttpMethod::Put, object_path(resource, key), json_type, std::move(body));
}

Request merge_patch_request(const Resource& resource, const ObjectKey& key,
                            std::string_view subresource, std::string body) {
  return write_request(HttpMethod::Patch, object_path(resource, key, subresource),
                       merge_patch_type, std::move(body));
}

namespace {

Result<void> is_of_one_version(const ScalePatch& patch) {
  if (!patch.uid.empty() && !patch.resource_version.empty()) return {};
  return fail(ErrorKind::InvalidInput,
              "a scale write needs the uid and the resourceVersion of its target");
}

}  // namespace

Result<Request> scale_patch_request(const Resource& resource, const ObjectKey& key,
                                    const ScalePatch& patch) {
  if (patch.replicas < 0)
    return fail(ErrorKind::InvalidInput,
                fmt::format("replicas is {}, must be at least 0", patch.replicas));
  const auto known = is_of_one_version(patch);
  if (!known) return fail(known.error());
  const nlohmann::json body{
      {"metadata", {{"uid", patch.uid}, {"resourceVersion", patch.resource_version}}},
      {"spec", {{"replicas", patch.replicas}}}};
  return merge_patch_request(resource, key, "scale", body.dump());
}

Result<Request> suspend_patch_request(const Resource& resource, const ObjectKey& key,
                                      const ScalePatch& patch) {
  if (patch.replicas < 0 || patch.replicas > 1)
    return fail(ErrorKind::InvalidInput,
                fmt::format("replicas is {}, must be 0 or 1: a job runs or is suspended",
                            patch.replicas));
  const auto known = is_of_one_version(patch);
  if (!known) return fail(known.error());
  const nlohmann::json body{
      {"metadata", {{"uid", patch.uid}, {"resourceVersion", patch.resource_version}}},
      {"spec", {{"suspend", patch.replicas == 0}}}};
  return merge_patch_request(resource, key, {}, body.dump());
}

Result<Request> count_patch_request(const Resource& resource, const ObjectKey& key,
                                    const CountPatch& patch) {
  if (patch.count < 0)
    return fail(ErrorKind::InvalidInput,
                fmt::format("the count is {}, must be at least 0", patch.count));
  if (patch.uid.empty() || patch.resource_version.empty() || patch.pointer.empty())
    return fail(ErrorKind::InvalidInput,
                "a count is written to one field of one object in one version");
  const nlohmann::json body = nlohmann::json::array(
      {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", patch.uid}},
       {{"op", "test"},
        {"path", "/metadata/resourceVersion"},
        {"value", patch.resource_version}},
       // Not "replace": a Scale leaves a zero out.
       {{"op", "add"}, {"path", patch.pointer}, {"value", patch.count}}});
  return write_request(HttpMethod::Patch, object_path(resource, key, patch.subresource),
                       json_patch_type, body.dump());
}

Request eviction_request(const ObjectKey& pod, std::string_view uid) {
  const nlohmann::json body{{"apiVersion", "policy/v1"},
                            {"kind", "Eviction"},
                            {"metadata", {{"name", pod.name}, {"namespace", pod.ns}}},
                            {"deleteOptions", {{"preconditions", {{"uid", uid}}}}}};
  return write_request(HttpMethod::Post, object_path(pods(), pod, "eviction"), json_type,
                       body.dump());
}

Result<Request> status_patch_request(const Resource& resource, const ObjectKey& key,
                                     std::string_view uid, std::string_view status_json,
                                     std::string_view resource_version) {
  auto status = nlohmann::json::parse(status_json, nullptr, false);
  if (!status.is_object()) return fail(ErrorKind::InvalidInput, "a status must be a JSON object");
  if (uid.empty()) return fail(ErrorKind::InvalidInput, "a status write needs the object's uid");
  // "add" puts the whole value in the place of an old one, which a merge patch would not. A uid in
  // a merge patch on /status is ignored by the server; a failed test is not.
  auto body = nlohmann::json::array(
      {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", uid}},
       {{"op", "add"}, {"path", "/status"}, {"value", std::move(status)}}});
  // The server compares it with the version that it has, and answers 409.
  if (!resource_version.empty())
    body.push_back({{"op", "add"},
                    {"path", "/metadata/resourceVersion"},
                    {"value", resource_version}});
  return write_request(HttpMethod::Patch, object_path(resource, key, "status"), json_patch_type,
                       body.dump());
}

}  // namespace poolscaler::kube
