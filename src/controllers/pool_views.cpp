// The part of ClusterState that is about pools: sinks of what they are made of, and one moment of
// all of it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "cluster_stores.hpp"
#include "decode_capacity.hpp"
#include "poolscaler/base/text.hpp"

namespace poolscaler::controllers {
namespace {

/// How a sink stores records by name in one of the maps of the pool store.
template <class Record>
RecordStore<Record> store_by_name(PoolStore& store, PoolStore::ByName<Record>& records) {
  return {.decode = {},
          .put =
              [&store, &records](const ObjectKey& key, Record&& record) {
                records[key.name] = std::make_shared<const Record>(std::move(record));
                store.note_change();
              },
          .erase =
              [&store, &records](const ObjectKey& key) {
                if (records.erase(key.name) > 0) store.note_change();
              },
          .keys =
              [&records](const std::string&) {
                std::vector<ObjectKey> keys;
                for (const auto& [name, record] : records) keys.push_back({.ns = {}, .name = name});
                return keys;
              }};
}

SinkPlace place_of(std::string_view resource) {
  return {.resource = std::string(resource),
          .ns = {},
          .absence_is_empty = true,
          .is_ours = true,
          .is_apart = true};
}

/// The one that was decoded before, looked up under the lock.
template <class Record>
std::shared_ptr<const Record> known_of(std::mutex& mutex, const PoolStore::ByName<Record>& records,
                                       const std::string& name) {
  const std::scoped_lock lock(mutex);
  const auto found = records.find(name);
  return found == records.end() ? nullptr : found->second;
}

template <class Record>
std::vector<std::shared_ptr<const Record>> all_of(const PoolStore::ByName<Record>& records) {
  std::vector<std::shared_ptr<const Record>> all;
  all.reserve(records.size());
  for (const auto& [name, record] : records) all.push_back(record);
  return all;
}

/// What is known of the collection of a group's object; null where the group has none, or nobody
/// reads it yet.
GroupObject group_object(const PoolStore& store, const NodeGroup& group, const SyncState* sync,
                         bool sees_all_pods) {
  if (!group.backend && !group.follows_pods) return {};
  if (!sees_all_pods)
    return {.object = {},
            .trouble = capacity::Finding{
                "pods of other namespaces are not read, so nobody knows which nodes are empty",
                "let the operator read all pods (nodeGroups.besideNamespaces of the chart)"},
            .reason = Reason::NotReadable};
  if (!group.backend) return {};
  const auto& ref = *group.backend;
  const auto what = fmt::format("{} {}", ref.kind, ObjectKey{ref.ns, ref.name}.text());
  const auto kind = store.kinds.find({.api_version = ref.api_version, .kind = ref.kind});
  if (kind != store.kinds.end() && kind->second.trouble)
    return {.object = {}, .trouble = kind->second.trouble};
  if (sync != nullptr && sync->forbidden)
    return {.object = {},
            .trouble = capacity::Finding{
                fmt::format("{} cannot be read: {}", what, capped(escaped(sync->error), 300)),
                "give the operator's service account the right to get, list and watch its kind "
                "(nodeGroups of the chart)"},
            .reason = Reason::NotReadable};
  if (sync == nullptr || !sync->synced || kind == store.kinds.end())
    return {.object = {},
            .trouble = capacity::Finding{what + " has not been read yet", "wait a moment"},
            .awaited = sync == nullptr || sync->error.empty()};
  const auto found = kind->second.objects.find({ref.ns, ref.name});
  if (found == kind->second.objects.end())
    return {.object = {},
            .trouble = capacity::Finding{fmt::format("{} does not exist", what),
                                         "make it, or correct backendRef"}};
  return {.object = found->second};
}

}  // namespace

ChangeSink& ClusterState::pools() {
  auto* impl = impl_.get();
  auto store = store_by_name(impl->pool_things, impl->pool_things.pools);
  store.decode = [impl](const nlohmann::json& object, const ObjectMeta& meta) {
    const auto known = known_of(impl->mutex, impl->pool_things.pools, meta.key.name);
    return std::optional(decode_pool(object, meta, known.get()));
  };
  return impl->sink<PoolRecord>(place_of(pools_collection), std::move(store));
}

ChangeSink& ClusterState::budgets() {
  auto* impl = impl_.get();
  auto store = store_by_name(impl->pool_things, impl->pool_things.budgets);
  store.decode = [impl](const nlohmann::json& object, const ObjectMeta& meta) {
    const auto known = known_of(impl->mutex, impl->pool_things.budgets, meta.key.name);
    return std::optional(decode_budget(object, meta, known.get()));
  };
  return impl->sink<BudgetRecord>(place_of(budgets_collection), std::move(store));
}

ChangeSink& ClusterState::price_catalogs() {
  auto* impl = impl_.get();
  auto store = store_by_name(impl->pool_things, impl->pool_things.catalogs);
  store.decode = [](const nlohmann::json& object, const ObjectMeta& meta) {
    return std::optional(decode_catalog(object, meta));
  };
  store.put = [impl, put = store.put](const ObjectKey& key, CatalogRecord&& record) {
    put(key, std::move(record));
    impl->catalogs_changed = true;
  };
  store.erase = [impl, erase = store.erase](const ObjectKey& key) {
    erase(key);
    impl->catalogs_changed = true;
  };
  return impl->sink<CatalogRecord>(place_of(catalogs_collection), std::move(store));
}

ChangeSink& ClusterState::nodes() {
  auto* impl = impl_.get();
  auto& store = impl->pool_things;
  using Node = std::shared_ptr<const capacity::Node>;
  return impl->sink<Node>(
      {.resource = std::string(nodes_collection), .ns = {}, .is_apart = true},
      {.decode = [](const nlohmann::json& object,
                    const ObjectMeta& meta) { return std::optional(decode_node(object, meta)); },
       .put =
           [&store](const ObjectKey& key, Node&& node) {
             auto& known = store.nodes[key.name];
             // Kubelets write their nodes' status every few minutes, mostly without any news.
             const bool same = known != nullptr && *known == *node;
             known = std::move(node);
             if (!same) store.note_change();
           },
       .erase =
           [&store](const ObjectKey& key) {
             if (store.nodes.erase(key.name) > 0) store.note_change();
           },
       .keys =
           [&store](const std::string&) {
             std::vector<ObjectKey> keys;
             for (const auto& [name, node] : store.nodes) keys.push_back({.ns = {}, .name = name});
             return keys;
           }});
}

ChangeSink& ClusterState::group_objects(const TargetKind& kind) {
  auto* impl = impl_.get();
  auto& store = impl->pool_things;
  using Object = std::shared_ptr<const nlohmann::json>;
  return impl->sink<Object>(
      {.resource = collection_of_groups(kind), .ns = {}, .is_apart = true},
      {.decode = [](const nlohmann::json& object,
                    const ObjectMeta&) { return std::optional(trimmed_group(object)); },
       .put =
           [&store, kind](const ObjectKey& key, Object&& object) {
             store.kinds[kind].objects[key] = std::move(object);
             store.note_change();
           },
       .erase =
           [&store, kind](const ObjectKey& key) {
             if (store.kinds[kind].objects.erase(key) > 0) store.note_change();
           },
       .keys = [&store, kind](const std::string& in) {
         return keys_of(store.kinds[kind].objects, in);
       }});
}

bool ClusterState::wants_nodes() const {
  const std::scoped_lock lock(impl_->mutex);
  return !impl_->pool_things.pools.empty();
}

std::set<TargetKind> ClusterState::wanted_group_kinds() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->pool_things.group_kinds();
}

void ClusterState::set_group_kind_trouble(const TargetKind& kind,
                                          std::optional<capacity::Finding> trouble) {
  {
    const std::scoped_lock lock(impl_->mutex);
    auto& store = impl_->pool_things.kinds[kind];
    if (store.trouble == trouble) return;
    store.trouble = std::move(trouble);
    impl_->pool_things.note_change();
  }
  impl_->tell();
}

bool ClusterState::take_catalogs_changed() {
  const std::scoped_lock lock(impl_->mutex);
  return std::exchange(impl_->catalogs_changed, false);
}

std::vector<std::shared_ptr<const CatalogRecord>> ClusterState::catalog_records() const {
  const std::scoped_lock lock(impl_->mutex);
  return all_of(impl_->pool_things.catalogs);
}

std::uint64_t ClusterState::pool_version() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->pool_things.version();
}

PoolSnapshot ClusterState::pool_snapshot(const std::vector<ObjectKey>& policies) const {
  const std::scoped_lock lock(impl_->mutex);
  const auto& store = impl_->pool_things;
  PoolSnapshot snapshot{.synced = impl_->pool_things_synced(),
                        .unreadable = impl_->unreadable(),
                        .sees_all_pods = impl_->sees_all_pods(),
                        .version = store.version(),
                        .pools = all_of(store.pools),
                        .budgets = all_of(store.budgets)};
  for (const auto& [name, catalog] : store.catalogs)
    if (catalog->spec != nullptr) snapshot.catalogs.push_back(catalog->spec);
  for (const auto& pool : snapshot.pools) {
    auto& groups = snapshot.groups.emplace_back();
    if (pool->spec == nullptr) continue;
    for (const auto& group : pool->spec->node_groups)
      groups.push_back(group_object(store, group,
                                    group.backend ? impl_->sync_of_groups(*group.backend) : nullptr,
                                    snapshot.sees_all_pods));
  }
  snapshot.cluster.nodes = all_of(store.nodes);
  for (std::size_t i = 0; i < snapshot.cluster.nodes.size(); ++i)
    if (snapshot.cluster.nodes[i]->cordoned_by_us) snapshot.left_on[i] = 0;
  std::vector<PodOwner> owners;
  static const Selector nothing;
  for (const auto& key : policies) {
    const Selector* selector = nullptr;
    snapshot.policies.push_back(impl_->policy_on_pool(key, selector));
    owners.push_back({key.ns, selector == nullptr ? &nothing : selector});
  }
  impl_->pods.add_pods(snapshot.cluster, owners, snapshot.left_on);
  return snapshot;
}

std::vector<PodOnNode> ClusterState::pods_on(const std::string& node) const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->pods.pods_on(node);
}

}  // namespace poolscaler::controllers
