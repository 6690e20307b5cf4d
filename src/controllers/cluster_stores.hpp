// The stores behind ClusterState and their indices: what its member functions, which are in several
// files, work on. Guarded by `mutex`.
#pragma once

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "claims.hpp"
#include "decode.hpp"
#include "pod_index.hpp"
#include "pool_store.hpp"
#include "poolscaler/controllers/cluster_state.hpp"
#include "record_sink.hpp"

namespace poolscaler::controllers {

[[nodiscard]] inline TargetKind kind_of(const TargetRef& target) {
  return {.api_version = target.api_version, .kind = target.kind};
}

[[nodiscard]] inline bool in_namespace(const ObjectKey& key, const std::string& ns) {
  return ns.empty() || key.ns == ns;
}

inline constexpr std::string_view pools_collection = "acceleratorpools.poolscaler.dev";
inline constexpr std::string_view budgets_collection = "costbudgets.poolscaler.dev";
inline constexpr std::string_view catalogs_collection = "pricecatalogs.poolscaler.dev";
inline constexpr std::string_view nodes_collection = "nodes";
inline constexpr std::string_view pods_collection = "pods";
inline constexpr std::string_view other_pods_collection = "pods of other namespaces";
/// Read always; the others where there is a pool.
inline constexpr std::array collections_of_money = {pools_collection, budgets_collection};
inline constexpr std::array collections_of_pools = {catalogs_collection, nodes_collection};
[[nodiscard]] inline std::string collection_of_groups(const TargetKind& kind) {
  return "node groups: " + kind.text();
}

template <class Map>
std::vector<ObjectKey> keys_of(const Map& map, const std::string& ns) {
  std::vector<ObjectKey> out;
  for (const auto& [key, value] : map)
    if (in_namespace(key, ns)) out.push_back(key);
  return out;
}

struct ClusterState::Impl {
  struct KindStore {
    std::optional<Trouble> trouble{};
    std::unordered_map<ObjectKey, TargetRecord, ObjectKeyHash> objects{};
  };
  using PolicyPtr = std::shared_ptr<const PolicyRecord>;

  mutable std::mutex mutex;
  std::mutex notify_mutex;  // held while calling, so that whoever is called may go after a change
  std::function<void()> notify;

  std::unordered_map<ObjectKey, PolicyPtr, ObjectKeyHash> policies;
  std::map<std::string, std::set<ObjectKey>, std::less<>> policies_by_source;
  std::map<std::string, SourceRecord, std::less<>> sources;
  std::map<TargetKind, KindStore> kinds;
  std::map<TargetKind, std::size_t> kind_uses;
  PodIndex pods;
  PoolStore pool_things;
  Claims claims;
  std::set<ScaleLookup> lookups;
  std::set<ObjectKey> dirty;
  bool sources_changed = false;
  bool catalogs_changed = false;
  bool restoring = true;
  std::map<std::string, std::unique_ptr<SyncedSink>> sinks;  // by resource and namespace

  template <class Record>
  ChangeSink& sink(SinkPlace place, RecordStore<Record> store) {
    const std::scoped_lock lock(mutex);
    auto& slot = sinks[place.resource + "\n" + place.ns];
    if (!slot)
      slot = std::make_unique<RecordSink<Record>>(std::move(place), std::move(store), mutex,
                                                  [this] { tell(); });
    return *slot;
  }

  void tell() {
    {
      const std::scoped_lock lock(mutex);
      const bool news = pool_things.take_news();
      if (dirty.empty() && !sources_changed && !catalogs_changed && !news) return;
    }
    const std::scoped_lock lock(notify_mutex);
    if (notify) notify();
  }

  [[nodiscard]] const PolicyRecord* find_policy(const ObjectKey& key) const {
    const auto found = policies.find(key);
    return found == policies.end() ? nullptr : found->second.get();
  }

  void touch(const std::set<ObjectKey>& touched) { dirty.insert(touched.begin(), touched.end()); }

  void index_policy(const PolicyRecord& policy, bool present);

  void put_policy(const ObjectKey& key, PolicyRecord&& record);

  void erase_policy(const ObjectKey& key);

  void touch_users(std::string_view source) {
    if (const auto users = policies_by_source.find(source); users != policies_by_source.end())
      touch(users->second);
  }

  void put_source(SourceRecord&& record) {
    auto& slot = sources[record.name];
    if (slot.uid != record.uid || slot.generation != record.generation) {
      touch_users(record.name);
      sources_changed = true;
    }
    slot = std::move(record);
  }

  void erase_source(const std::string& name) {
    if (sources.erase(name) == 0) return;
    touch_users(name);
    sources_changed = true;
  }

  [[nodiscard]] const std::set<ObjectKey>& claimants(const TargetKind& kind,
                                                     const ObjectKey& key) const {
    return claims.policies_of(
        key.ns, {.api_version = kind.api_version, .kind = kind.kind, .name = key.name});
  }

  void want_lookup(const TargetKind& kind, const ObjectKey& key);

  void put_target(const TargetKind& kind, const ObjectKey& key, TargetRecord&& record);

  void put_scale(const ScaleLookup& lookup, const Result<ScaleFound>& found);
  void erase_target(const TargetKind& kind, const ObjectKey& key);

  [[nodiscard]] bool stores_synced(const TargetKind& kind) const;
  /// Of targets of this kind in this namespace, where there is no right to them; else null.
  [[nodiscard]] const SyncState* failing_sync(const TargetKind& kind, const std::string& ns) const;

  /// Null where nobody reads it in all namespaces.
  [[nodiscard]] const SyncState* sync_of(std::string_view resource) const {
    const auto found = sinks.find(std::string(resource) + "\n");
    return found == sinks.end() ? nullptr : &found->second->sync();
  }

  [[nodiscard]] bool listed(std::string_view resource) const {
    const auto* sync = sync_of(resource);
    return sync != nullptr && sync->synced;
  }

  /// Whatever must be known before anything may grow on a pool.
  [[nodiscard]] bool pool_things_synced() const;

  /// What there is no right to of all that; nothing: what is missing may come.
  [[nodiscard]] std::optional<capacity::Finding> unreadable() const;

  /// Those of all namespaces, without which no node is known to be empty.
  [[nodiscard]] bool sees_all_pods() const {
    return listed(pods_collection) || listed(other_pods_collection);
  }

  [[nodiscard]] const SyncState* sync_of_groups(const BackendRef& ref) const {
    return sync_of(collection_of_groups({.api_version = ref.api_version, .kind = ref.kind}));
  }

  /// Nothing when the policy draws on no pool, or its target is not there. `selector` finds its
  /// pods, and lives as long as the lock is held.
  [[nodiscard]] std::optional<PolicyOnPool> policy_on_pool(const ObjectKey& key,
                                                           const Selector*& selector) const;

  void look_at_target(const PolicyRecord& policy, PolicyView& view) const;

  [[nodiscard]] std::optional<Trouble> source_trouble(const Signal& signal,
                                                      const std::string& ns) const;
};

}  // namespace poolscaler::controllers
