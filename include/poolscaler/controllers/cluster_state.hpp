// ClusterState: the watched cluster as typed stores, with the indices that rounds need, and the set
// of policies that something has changed for.
//
// Invariant: sinks never block and never see the loop; the loop never sees JSON. One lock guards
// all stores, so a view is one consistent moment of what the watches have told so far. Nothing that
// a sink receives can make it throw.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/controllers/pod_facts.hpp"
#include "poolscaler/controllers/policy_view.hpp"
#include "poolscaler/controllers/pool_records.hpp"
#include "poolscaler/controllers/records.hpp"
#include "poolscaler/ports/change_sink.hpp"

namespace poolscaler::controllers {

/// A scale subresource that must be read, since its object changed.
struct ScaleLookup {
  TargetKind kind;
  ObjectKey key;
  auto operator<=>(const ScaleLookup&) const = default;
};

/// What such a read found.
struct ScaleFound {
  std::string uid;
  std::string resource_version;
  std::int32_t spec_replicas = 0;
  std::int32_t status_replicas = 0;
  std::string selector{};
};

/// A collection and how far it is.
struct SyncState {
  std::string resource;  // "scalingpolicies.poolscaler.dev", "Deployment of apps/v1"
  std::string ns{};      // empty: all namespaces
  bool is_target_kind = false;
  bool is_apart = false;  // only policies with a pool wait for it
  bool synced = false;
  std::string error{};
  bool forbidden = false;      // the error is that there is no right to it
  bool not_installed = false;  // a CRD of this operator that is not there (any more)
};

/// Thread-safe. Sinks live as long as the state; `ns` limits a sink to one namespace, empty is all.
class ClusterState {
 public:
  ClusterState();
  ~ClusterState();
  ClusterState(const ClusterState&) = delete;
  ClusterState& operator=(const ClusterState&) = delete;

  /// Called when something has become dirty; must not block. After the return of a further call,
  /// the function set before is not called any more.
  void on_change(std::function<void()> notify);

  [[nodiscard]] ChangeSink& policies(const std::string& ns = {});
  [[nodiscard]] ChangeSink& sources();
  [[nodiscard]] ChangeSink& pods(const std::string& ns = {});
  /// Pods of all namespaces but these, which have sinks of their own: whether a node is empty is
  /// said by all of them.
  [[nodiscard]] ChangeSink& pods_beside(const std::vector<std::string>& namespaces);
  [[nodiscard]] ChangeSink& autoscalers(const std::string& ns = {});
  /// A ScaledObject CRD that is not installed counts as an empty collection.
  [[nodiscard]] ChangeSink& scaled_objects(const std::string& ns = {});
  [[nodiscard]] ChangeSink& targets(const TargetKind& kind, const std::string& ns = {});

  // What pools are made of (pool_views.cpp). A CRD of ours that is not installed counts as an empty
  // collection, and as `not_installed`. Nodes need not be watched before there is a pool.
  [[nodiscard]] ChangeSink& pools();
  [[nodiscard]] ChangeSink& budgets();
  [[nodiscard]] ChangeSink& price_catalogs();
  [[nodiscard]] ChangeSink& nodes();
  [[nodiscard]] ChangeSink& group_objects(const TargetKind& kind);
  /// There is a pool, for which nodes must be watched.
  [[nodiscard]] bool wants_nodes() const;
  /// The kinds behind the node groups of pools now.
  [[nodiscard]] std::set<TargetKind> wanted_group_kinds() const;
  /// Why the kind cannot be watched; nothing when it can.
  void set_group_kind_trouble(const TargetKind& kind, std::optional<capacity::Finding> trouble);
  /// Changes with each change of what pools are made of, pods included.
  [[nodiscard]] std::uint64_t pool_version() const;
  [[nodiscard]] PoolSnapshot pool_snapshot(const std::vector<ObjectKey>& policies) const;
  /// What must be evicted before the node is empty.
  [[nodiscard]] std::vector<PodOnNode> pods_on(const std::string& node) const;

  /// The kinds that policies name as targets now.
  [[nodiscard]] std::set<TargetKind> wanted_kinds() const;
  /// The kind cannot be watched: `trouble` is TargetNotFound (no such kind) or TargetNotScalable.
  /// Nothing when it can again.
  void set_kind_trouble(const TargetKind& kind, std::optional<Trouble> trouble);
  /// Scale subresources to read, each at most once until it changes again.
  [[nodiscard]] std::vector<ScaleLookup> take_scale_lookups();
  /// NotFound marks the target as gone; other errors are looked up again.
  void set_scale(const ScaleLookup& lookup, const Result<ScaleFound>& found);

  /// Policies that were added, changed or deleted, or whose target, source or rivals changed.
  [[nodiscard]] std::set<ObjectKey> take_dirty();
  /// Nothing when the policy is not there (any more).
  [[nodiscard]] std::optional<PolicyView> view(const ObjectKey& policy) const;
  /// The pods that a selector finds; none for an empty one, or one that is no selector.
  [[nodiscard]] std::vector<NamedPod> pods_of(const std::string& ns,
                                              const std::string& selector) const;
  [[nodiscard]] std::vector<ObjectKey> policy_keys() const;
  [[nodiscard]] std::size_t policy_count() const;

  /// Whether a source was added, changed or deleted since the last call.
  [[nodiscard]] bool take_sources_changed();
  [[nodiscard]] std::vector<SourceRecord> source_records() const;
  /// Whether a price catalog was added, changed or deleted since the last call.
  [[nodiscard]] bool take_catalogs_changed();
  [[nodiscard]] std::vector<std::shared_ptr<const CatalogRecord>> catalog_records() const;

  /// From now on our own memory is newer than any status: statuses are not read any more, and what
  /// was read is dropped.
  void stop_restoring();

  /// Every collection that has been asked for.
  [[nodiscard]] std::vector<SyncState> sync_states() const;
  /// All but the target kinds, which come and go with policies, have been listed.
  [[nodiscard]] bool synced() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace poolscaler::controllers
