#include "poolscaler/controllers/cluster_state.hpp"

#include <nlohmann/json.hpp>

#include "cluster_stores.hpp"

namespace poolscaler::controllers {
namespace {

constexpr std::string_view resource_policies = "scalingpolicies.poolscaler.dev";
constexpr std::string_view resource_sources = "metricsources.poolscaler.dev";
constexpr std::string_view resource_scaled_objects = "scaledobjects.keda.sh";

}  // namespace

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

namespace {

RecordStore<PodRecord> pod_store(PodIndex& pods, PoolStore& pools) {
  return {.decode = decode_pod,
          .put =
              [&pods, &pools](const ObjectKey& key, PodRecord&& record) {
                pods.put(key, record);
                pools.note_pod_change();
              },
          .erase =
              [&pods, &pools](const ObjectKey& key) {
                pods.erase(key);
                pools.note_pod_change();
              },
          .keys = [&pods](const std::string& in) { return pods.keys(in); }};
}

}  // namespace

ChangeSink& ClusterState::pods(const std::string& ns) {
  auto* impl = impl_.get();
  return impl->sink<PodRecord>({.resource = std::string(pods_collection), .ns = ns},
                               pod_store(impl->pods, impl->pool_things));
}

ChangeSink& ClusterState::pods_beside(const std::vector<std::string>& namespaces) {
  auto* impl = impl_.get();
  auto store = pod_store(impl->pods, impl->pool_things);
  const std::set<std::string> others(namespaces.begin(), namespaces.end());
  store.decode = [others](const nlohmann::json& object, const ObjectMeta& meta) {
    return others.contains(meta.key.ns) ? std::nullopt : decode_pod(object, meta);
  };
  store.erase = [others, erase = store.erase](const ObjectKey& key) {
    if (!others.contains(key.ns)) erase(key);
  };
  store.keys = [others, pods = &impl->pods](const std::string&) {
    auto keys = pods->keys({});
    std::erase_if(keys, [&others](const ObjectKey& key) { return others.contains(key.ns); });
    return keys;
  };
  return impl->sink<PodRecord>(
      {.resource = std::string(other_pods_collection), .ns = {}, .is_apart = true},
      std::move(store));
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
    impl_->put_scale(lookup, found);
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
    if (!sink->sync().is_target_kind && !sink->sync().is_apart && !sink->sync().synced)
      return false;
  return true;
}

}  // namespace poolscaler::controllers
