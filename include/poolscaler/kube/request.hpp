// Requests to the API server as values: method, path, query, body. Nothing here knows a network, so
// what would be sent is tested without one.
//
// Invariant: every body is built from typed, range-checked values, never from a JSON value that
// came from outside; names and namespaces are percent-encoded, so no name can leave its path
// segment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/names.hpp"
#include "poolscaler/ports/http_transport.hpp"

namespace poolscaler::kube {

/// A collection that the API server serves.
struct Resource {
  std::string group;  // "" for the core group
  std::string version;
  std::string plural;
  std::string kind;
  bool namespaced = true;
  bool operator==(const Resource&) const = default;
  /// "apps/v1", "v1".
  [[nodiscard]] std::string api_version() const;
  /// "deployments.apps/v1", for messages.
  [[nodiscard]] std::string text() const;
};

/// Splits "apps/v1" or "v1" into group and version. Errors: InvalidInput.
[[nodiscard]] Result<std::pair<std::string, std::string>> split_api_version(std::string_view text);

[[nodiscard]] Resource pods();
[[nodiscard]] Resource nodes();
[[nodiscard]] Resource leases();
[[nodiscard]] Resource events();
[[nodiscard]] Resource scaling_policies();
[[nodiscard]] Resource metric_sources();
[[nodiscard]] Resource accelerator_pools();
[[nodiscard]] Resource cost_budgets();
[[nodiscard]] Resource price_catalogs();
[[nodiscard]] Resource horizontal_pod_autoscalers();

struct Request {
  HttpMethod method = HttpMethod::Get;
  std::string path;
  std::vector<std::pair<std::string, std::string>> query{};  // not encoded
  std::string content_type{};
  std::string body{};
  /// Path and encoded query.
  [[nodiscard]] std::string target() const;
};

/// "/api/v1/namespaces/shop/pods"; over all namespaces when `ns` is empty.
[[nodiscard]] std::string collection_path(const Resource& resource, std::string_view ns);
/// `subresource` may be empty.
[[nodiscard]] std::string object_path(const Resource& resource, const ObjectKey& key,
                                      std::string_view subresource = {});

struct Selection {
  std::string label_selector{};
  std::string field_selector{};
};

struct ListPage {
  std::int64_t limit = 0;  // 0: all at once
  std::string continue_token{};
  /// Unset: the most recent (a quorum read). "0": whatever the server has cached.
  std::optional<std::string> resource_version{};
};

[[nodiscard]] Request list_request(const Resource& resource, std::string_view ns,
                                   const Selection& selection, const ListPage& page);
[[nodiscard]] Request watch_request(const Resource& resource, std::string_view ns,
                                    const Selection& selection, std::string_view resource_version,
                                    Seconds timeout);
[[nodiscard]] Request get_request(const Resource& resource, const ObjectKey& key,
                                  std::string_view subresource = {});
[[nodiscard]] Request create_request(const Resource& resource, std::string_view ns,
                                     std::string body);
[[nodiscard]] Request update_request(const Resource& resource, const ObjectKey& key,
                                     std::string body);
[[nodiscard]] Request merge_patch_request(const Resource& resource, const ObjectKey& key,
                                          std::string_view subresource, std::string body);

/// What a scale subresource is patched with. The server refuses it (409) unless the object has
/// still this uid and this resourceVersion.
struct ScalePatch {
  std::string uid;
  std::string resource_version;
  std::int32_t replicas;
};
/// Errors: InvalidInput (negative replicas, empty uid or resourceVersion).
[[nodiscard]] Result<Request> scale_patch_request(const Resource& resource, const ObjectKey& key,
                                                  const ScalePatch& patch);
/// Suspends a job (0 replicas) or resumes it (1), on the same conditions; more is InvalidInput.
[[nodiscard]] Result<Request> suspend_patch_request(const Resource& resource, const ObjectKey& key,
                                                    const ScalePatch& patch);

/// What one number of an object is patched with. The server refuses it (a failed test) unless the
/// object has still this uid and this resourceVersion.
struct CountPatch {
  std::string uid;
  std::string resource_version;
  std::string pointer;  // RFC 6901
  std::int32_t count;
  std::string_view subresource{};
};
/// Errors: InvalidInput (negative count, empty uid, resourceVersion or pointer).
[[nodiscard]] Result<Request> count_patch_request(const Resource& resource, const ObjectKey& key,
                                                  const CountPatch& patch);

/// Asks for the end of a pod with this uid, as far as PodDisruptionBudgets allow it.
[[nodiscard]] Request eviction_request(const ObjectKey& pod, std::string_view uid);

/// Replaces the whole status of the object with this uid, so that a field that is gone from
/// `status_json` is gone from the object; only in this version, where one is given. Errors:
/// InvalidInput (not a JSON object, empty uid).
[[nodiscard]] Result<Request> status_patch_request(const Resource& resource, const ObjectKey& key,
                                                   std::string_view uid,
                                                   std::string_view status_json,
                                                   std::string_view resource_version = {});

}  // namespace poolscaler::kube
