#include "poolscaler/controllers/cluster_state.hpp"

#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "claims.hpp"
#include "decode.hpp"
#include "pod_index.hpp"
#include "record_sink.hpp"

namespace poolscaler::controllers {
namespace {

constexpr std::string_view resource_policies = "scalingpolicies.poolscaler.dev";
constexpr std::string_view resource_sources = "metricsources.poolscaler.dev";
constexpr std::string_view resource_scaled_objects = "scaledobjects.keda.sh";

TargetKind kind_of(const TargetRef& target) {
  return {.api_version = target.api_version, .kind = target.kind};
}

bool in_namespace(const ObjectKey& key, const std::string& ns) {
  return ns.empty() || key.ns == ns;
}

template <class Map>
std::vector<ObjectKey> keys_of(const Map& map, const std::string& ns) {
  std::vector<ObjectKey> out;
  for (const auto& [key, value] : map)
    if (in_namespace(key, ns)) out.push_back(key);
  return out;
}

}  // namespace

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
  Claims claims;
  std::set<ScaleLookup> lookups;
  std::set<ObjectKey> dirty;
  bool sources_changed = false;
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
      if (dirty.empty() && !sources_changed) return;
    }
    const std::scoped_lock lock(notify_mutex);
    if (notify) notify();
  }

  [[nodiscard]] const PolicyRecord* find_policy(const ObjectKey& key) const {
    const auto found = policies.find(key);
    return found == policies.end() ? nullptr : found->second.get();
  }

  void touch(const std::set<ObjectKey>& touched) { dirty.insert(touched.begin(), touched.end()); }

  void index_policy(const PolicyRecord& policy, bool present) {
    if (policy.target) {
      const auto kind = kind_of(*policy.target);
      if (present)
        ++kind_uses[kind];
      else if (--kind_uses[kind] == 0)
        kind_uses.erase(kind);
    }
    if (policy.spec == nullptr) return;
    for (const auto& signal : policy.spec->signals) {
      if (signal.source.empty()) continue;  // it reads the target's own pods
      auto& users = policies_by_source[signal.source];
      if (present)
        users.insert(policy.key);
      else
        users.erase(policy.key);
      if (users.empty()) policies_by_source.erase(signal.source);
    }
  }

  void put_policy(const ObjectKey& key, PolicyRecord&& record) {
    auto& slot = policies[key];
    const bool fresh = slot == nullptr || slot->uid != record.uid;
    const bool changed =
        fresh || slot->generation != record.generation || slot->deleting != record.deleting;
    if (changed) {
      if (slot != nullptr) index_policy(*slot, false);
      index_policy(record, true);
      touch(claims.claim(key, record.deleting ? std::nullopt : record.target));
      // Its mode may have changed, which decides whether it stands in the way of others.
      if (record.target) touch(claims.policies_of(key.ns, *record.target));
      dirty.insert(key);
      if (record.target) want_lookup(kind_of(*record.target), {key.ns, record.target->name});
    }
    slot = std::make_shared<const PolicyRecord>(std::move(record));
  }

  void erase_policy(const ObjectKey& key) {
    const auto found = policies.find(key);
    if (found == policies.end()) return;
    index_policy(*found->second, false);
    touch(claims.claim(key, std::nullopt));
    policies.erase(found);
    dirty.insert(key);
  }

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

  void want_lookup(const TargetKind& kind, const ObjectKey& key) {
    if (carries_scale(kind)) return;
    const auto store = kinds.find(kind);
    if (store != kinds.end() && store->second.objects.contains(key)) lookups.insert({kind, key});
  }

  void put_target(const TargetKind& kind, const ObjectKey& key, TargetRecord&& record) {
    auto& objects = kinds[kind].objects;
    const auto [slot, added] = objects.try_emplace(key);
    auto& known = slot->second;
    const bool same_object = !added && known.uid == record.uid;
    if (!carries_scale(kind) && same_object) {
      // The numbers stay those of the last look-up, with the version that they belong to.
      const bool newer = known.resource_version != record.resource_version;
      record.spec_replicas = known.spec_replicas;
      record.status_replicas = known.status_replicas;
      record.selector = std::move(known.selector);
      record.scale_known = known.scale_known;
      if (known.scale_known) record.resource_version = known.resource_version;
      if (newer && !claimants(kind, key).empty()) lookups.insert({kind, key});
    } else if (!carries_scale(kind) && !claimants(kind, key).empty()) {
      lookups.insert({kind, key});
    }
    if (!same_object || known.spec_replicas != record.spec_replicas ||
        known.deleting != record.deleting)
      touch(claimants(kind, key));
    known = std::move(record);
  }

  void erase_target(const TargetKind& kind, const ObjectKey& key) {
    if (kinds[kind].objects.erase(key) > 0) touch(claimants(kind, key));
  }

  [[nodiscard]] bool stores_synced(const TargetKind& kind) const {
    const auto resource = kind.text();
    bool kind_watched = false;
    for (const auto& [name, sink] : sinks) {
      const auto& sync = sink->sync();
      if (sync.is_target_kind && sync.resource != resource) continue;
      if (!sync.synced) return false;
      if (sync.resource == resource) kind_watched = true;
    }
    return kind_watched;
  }

  void look_at_target(const PolicyRecord& policy, PolicyView& view) const {
    const auto& ref = *policy.target;
    const auto kind = kind_of(ref);
    const auto store = kinds.find(kind);
    if (store != kinds.end() && store->second.trouble) {
      view.synced = true;
      view.target_trouble = store->second.trouble;
      return;
    }
    view.synced = stores_synced(kind);
    if (!view.synced || store == kinds.end()) return;
    const auto found = store->second.objects.find({policy.key.ns, ref.name});
    if (found == store->second.objects.end()) {
      view.target_trouble = Trouble{
          Reason::TargetNotFound, fmt::format("{} '{}' does not exist in namespace '{}'", ref.kind,
                                              ref.name, policy.key.ns)};
      return;
    }
    const auto& target = found->second;
    if (target.deleting) {
      view.target_trouble = Trouble{Reason::TargetDeleting,
                                    fmt::format("{} '{}' is being deleted", ref.kind, ref.name)};
      return;
    }
    view.synced = target.scale_known;
    view.target = {.uid = target.uid,
                   .spec_replicas = target.spec_replicas,
                   .status_replicas = target.status_replicas,
                   .pods = pods.count(policy.key.ns, target.selector),
                   .created = target.created};
    view.target_resource_version = target.resource_version;
    view.selector = target.selector.text();
    view.scaled_by_us = target.scaled_by_us;
  }

  [[nodiscard]] std::optional<Trouble> source_trouble(const Signal& signal,
                                                      const std::string& ns) const {
    if (std::holds_alternative<PodResource>(signal.query)) return std::nullopt;
    const auto found = sources.find(signal.source);
    if (found == sources.end())
      return Trouble{Reason::MetricSourceNotFound,
                     fmt::format("signal '{}' names MetricSource '{}', which does not exist",
                                 signal.name, signal.source)};
    if (!found->second.spec)
      return Trouble{Reason::MetricSourceInvalid,
                     fmt::format("signal '{}' names MetricSource '{}', which has errors: {}",
                                 signal.name, signal.source, found->second.errors)};
    if (std::holds_alternative<RawQuery>(signal.query) && !found->second.spec->allows_raw_query(ns))
      return Trouble{
          Reason::RawQueryForbidden,
          fmt::format("signal '{}' is a raw query, which MetricSource '{}' does not allow for "
                      "namespace '{}'; use `metric`, or ask for rawQueryNamespaces",
                      signal.name, signal.source, ns)};
    return std::nullopt;
  }
};

ClusterState::ClusterState() : impl_(std::make_unique<Impl>()) {}
ClusterState::~ClusterState() = default;

void ClusterState::on_change(std::function<void()> notify) {
  const std::scoped_lock lock(impl_->notify_mutex);
  impl_->notify = std::move(notify);
}

ChangeSink& ClusterState::policies(const std::string& ns) {
  auto* impl = impl_.get();
  return impl->sink<PolicyRecord>(
      {.resource = std::string(resource_policies), .ns = ns, .is_ours = true},
      {.decode =
           [impl](const nlohmann::json& object, const ObjectMeta& meta) {
             Impl::PolicyPtr known;
             bool restoring = false;
             {
               const std::scoped_lock lock(impl->mutex);
               restoring = impl->restoring;
               if (const auto found = impl->policies.find(meta.key); found != impl->policies.end())
                 known = found->second;
             }
             return std::optional(decode_policy(object, meta, known.get(), restoring));
           },
       .put = [impl](const ObjectKey& key,
                     PolicyRecord&& record) { impl->put_policy(key, std::move(record)); },
       .erase = [impl](const ObjectKey& key) { impl->erase_policy(key); },
       .keys = [impl](const std::string& in) { return keys_of(impl->policies, in); }});
}

ChangeSink& ClusterState::sources() {
  auto* impl = impl_.get();
  return impl->sink<SourceRecord>(
      {.resource = std::string(resource_sources), .ns = {}, .is_ours = true},
      {.decode = [](const nlohmann::json& object,
                    const ObjectMeta& meta) { return std::optional(decode_source(object, meta)); },
       .put = [impl](const ObjectKey&,
                     SourceRecord&& record) { impl->put_source(std::move(record)); },
       .erase = [impl](const ObjectKey& key) { impl->erase_source(key.name); },
       .keys =
           [impl](const std::string&) {
             std::vector<ObjectKey> out;
             for (const auto& [name, source] : impl->sources)
               out.push_back({.ns = {}, .name = name});
             return out;
           }});
}

ChangeSink& ClusterState::pods(const std::string& ns) {
  auto* impl = impl_.get();
  return impl->sink<PodRecord>(
      {.resource = "pods", .ns = ns},
      {.decode = decode_pod,
       .put = [impl](const ObjectKey& key, PodRecord&& record) { impl->pods.put(key, record); },
       .erase = [impl](const ObjectKey& key) { impl->pods.erase(key); },
       .keys = [impl](const std::string& in) { return impl->pods.keys(in); }});
}

namespace {

/// Autoscalers of others: all that is kept of them is what they scale.
RecordStore<TargetRef> rival_store(Claims& claims, std::set<ObjectKey>& dirty, RivalKind kind) {
  const auto note = [&claims, &dirty, kind](const ObjectKey& key,
                                            const std::optional<TargetRef>& target) {
    const auto touched = claims.claim(kind, key, target);
    dirty.insert(touched.begin(), touched.end());
  };
  return {.decode = [](const nlohmann::json& object,
                       const ObjectMeta&) { return decode_scale_target(object); },
          .put = [note](const ObjectKey& key, TargetRef&& target) { note(key, target); },
          .erase = [note](const ObjectKey& key) { note(key, std::nullopt); },
          .keys =
              [&claims, kind](const std::string& in) {
                auto keys = claims.rivals(kind);
                std::erase_if(keys, [&](const auto& key) { return !in_namespace(key, in); });
                return keys;
              }};
}

}  // namespace

ChangeSink& ClusterState::autoscalers(const std::string& ns) {
  return impl_->sink<TargetRef>(
      {.resource = "horizontalpodautoscalers.autoscaling", .ns = ns},
      rival_store(impl_->claims, impl_->dirty, RivalKind::HorizontalPodAutoscaler));
}

ChangeSink& ClusterState::scaled_objects(const std::string& ns) {
  return impl_->sink<TargetRef>(
      {.resource = std::string(resource_scaled_objects), .ns = ns, .absence_is_empty = true},
      rival_store(impl_->claims, impl_->dirty, RivalKind::ScaledObject));
}

ChangeSink& ClusterState::targets(const TargetKind& kind, const std::string& ns) {
  auto* impl = impl_.get();
  return impl->sink<TargetRecord>(
      {.resource = kind.text(), .ns = ns, .is_target_kind = true},
      {.decode =
           [kind](const nlohmann::json& object, const ObjectMeta& meta) {
             return std::optional(decode_target(object, meta, kind));
           },
       .put = [impl, kind](
                  const ObjectKey& key,
                  TargetRecord&& record) { impl->put_target(kind, key, std::move(record)); },
       .erase = [impl, kind](const ObjectKey& key) { impl->erase_target(kind, key); },
       .keys = [impl,
                kind](const std::string& in) { return keys_of(impl->kinds[kind].objects, in); }});
}

std::set<TargetKind> ClusterState::wanted_kinds() const {
  const std::scoped_lock lock(impl_->mutex);
  std::set<TargetKind> out;
  for (const auto& [kind, uses] : impl_->kind_uses) out.insert(kind);
  return out;
}

void ClusterState::set_kind_trouble(const TargetKind& kind, std::optional<Trouble> trouble) {
  {
    const std::scoped_lock lock(impl_->mutex);
    auto& store = impl_->kinds[kind];
    if (store.trouble == trouble) return;
    store.trouble = std::move(trouble);
    for (const auto& [key, policy] : impl_->policies)
      if (policy->target && kind_of(*policy->target) == kind) impl_->dirty.insert(key);
  }
  impl_->tell();
}

std::vector<ScaleLookup> ClusterState::take_scale_lookups() {
  const std::scoped_lock lock(impl_->mutex);
  std::vector<ScaleLookup> out(impl_->lookups.begin(), impl_->lookups.end());
  impl_->lookups.clear();
  return out;
}

void ClusterState::set_scale(const ScaleLookup& lookup, const Result<ScaleFound>& found) {
  {
    const std::scoped_lock lock(impl_->mutex);
    auto& objects = impl_->kinds[lookup.kind].objects;
    const auto target = objects.find(lookup.key);
    if (target == objects.end()) return;
    if (!found) {
      // The watch tells when the object itself has gone.
      if (found.error().kind != ErrorKind::NotFound) impl_->lookups.insert(lookup);
      return;
    }
    auto& record = target->second;
    if (record.uid != found->uid) return;
    const bool changed = !record.scale_known || record.spec_replicas != found->spec_replicas;
    record.spec_replicas = found->spec_replicas;
    record.status_replicas = found->status_replicas;
    record.resource_version = found->resource_version;
    record.selector = parse_selector(found->selector).value_or(Selector());
    record.scale_known = true;
    if (changed) impl_->touch(impl_->claimants(lookup.kind, lookup.key));
  }
  impl_->tell();
}

std::set<ObjectKey> ClusterState::take_dirty() {
  const std::scoped_lock lock(impl_->mutex);
  return std::exchange(impl_->dirty, {});
}

std::optional<PolicyView> ClusterState::view(const ObjectKey& key) const {
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->policies.find(key);
  if (found == impl_->policies.end()) return std::nullopt;
  const auto& policy = *found->second;
  PolicyView view{.policy = found->second};
  if (policy.spec == nullptr) {
    view.synced = true;
    return view;
  }
  impl_->look_at_target(policy, view);
  view.conflict = impl_->claims.conflict(
      policy, [this](const ObjectKey& other) { return impl_->find_policy(other); });
  for (const auto& signal : policy.spec->signals)
    view.signal_troubles.push_back(impl_->source_trouble(signal, key.ns));
  return view;
}

std::vector<NamedPod> ClusterState::pods_of(const std::string& ns,
                                            const std::string& selector) const {
  const auto parsed = parse_selector(selector);
  if (!parsed) return {};
  const std::scoped_lock lock(impl_->mutex);
  return impl_->pods.pods_of(ns, *parsed);
}

std::vector<ObjectKey> ClusterState::policy_keys() const {
  const std::scoped_lock lock(impl_->mutex);
  return keys_of(impl_->policies, {});
}

std::size_t ClusterState::policy_count() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->policies.size();
}

bool ClusterState::take_sources_changed() {
  const std::scoped_lock lock(impl_->mutex);
  return std::exchange(impl_->sources_changed, false);
}

std::vector<SourceRecord> ClusterState::source_records() const {
  const std::scoped_lock lock(impl_->mutex);
  std::vector<SourceRecord> out;
  for (const auto& [name, source] : impl_->sources) out.push_back(source);
  return out;
}

void ClusterState::stop_restoring() {
  const std::scoped_lock lock(impl_->mutex);
  impl_->restoring = false;
  for (auto& [key, policy] : impl_->policies) {
    if (!policy->restored) continue;
    auto without = std::make_shared<PolicyRecord>(*policy);
    without->restored.reset();
    policy = std::move(without);
  }
}

std::vector<SyncState> ClusterState::sync_states() const {
  const std::scoped_lock lock(impl_->mutex);
  std::vector<SyncState> out;
  for (const auto& [name, sink] : impl_->sinks) out.push_back(sink->sync());
  return out;
}

bool ClusterState::synced() const {
  const std::scoped_lock lock(impl_->mutex);
  if (impl_->sinks.empty()) return false;
  for (const auto& [name, sink] : impl_->sinks)
    if (!sink->sync().is_target_kind && !sink->sync().synced) return false;
  return true;
}

}  // namespace poolscaler::controllers
