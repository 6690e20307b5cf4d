#include "cluster_stores.hpp"

#include <algorithm>

#include "poolscaler/base/text.hpp"
#include "poolscaler/domain/suspendable.hpp"

namespace poolscaler::controllers {

namespace {

std::optional<Trouble> trouble_of_job(JobState state, const TargetRef& ref) {
  if (state == JobState::Ended)
    return Trouble{Reason::TargetEnded,
                   fmt::format("{} '{}' has ended; make it anew to run it again", ref.kind,
                               ref.name)};
  if (state == JobState::Queued)
    return Trouble{Reason::TargetManagedElsewhere,
                   fmt::format("{} '{}' carries the label kueue.x-k8s.io/queue-name: Kueue "
                               "suspends and resumes it; delete this policy, or take the label "
                               "away",
                               ref.kind, ref.name)};
  return std::nullopt;
}

/// A job is one replica, however many pods it has: it works when all of them do.
PodCounts as_one(PodCounts pods) {
  const auto one = [](std::int32_t count) { return std::min(count, 1); };
  pods.unschedulable = one(pods.unschedulable);
  pods.starting = pods.unschedulable > 0 ? 0 : one(pods.starting);
  pods.restarting = std::min(one(pods.restarting), pods.starting);
  pods.ready = pods.unschedulable + pods.starting > 0 ? 0 : one(pods.ready);
  return pods;
}

}  // namespace

void ClusterState::Impl::put_policy(const ObjectKey& key, PolicyRecord&& record) {
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

void ClusterState::Impl::erase_policy(const ObjectKey& key) {
  const auto found = policies.find(key);
  if (found == policies.end()) return;
  index_policy(*found->second, false);
  touch(claims.claim(key, std::nullopt));
  policies.erase(found);
  dirty.insert(key);
}

void ClusterState::Impl::put_target(const TargetKind& kind, const ObjectKey& key,
                                    TargetRecord&& record) {
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
    record.scale_error = std::move(known.scale_error);
    if (known.scale_known) record.resource_version = known.resource_version;
    if (newer && !claimants(kind, key).empty()) lookups.insert({kind, key});
  } else if (!carries_scale(kind) && !claimants(kind, key).empty()) {
    lookups.insert({kind, key});
  }
  if (!same_object || known.spec_replicas != record.spec_replicas ||
      known.deleting != record.deleting || known.job != record.job)
    touch(claimants(kind, key));
  known = std::move(record);
}

void ClusterState::Impl::put_scale(const ScaleLookup& lookup, const Result<ScaleFound>& found) {
  auto& objects = kinds[lookup.kind].objects;
  const auto target = objects.find(lookup.key);
  if (target == objects.end()) return;
  auto& record = target->second;
  if (!found) {
    // The watch tells when the object itself has gone.
    if (found.error().kind == ErrorKind::NotFound) return;
    lookups.insert(lookup);
    if (record.scale_error != found.error().message) touch(claimants(lookup.kind, lookup.key));
    record.scale_error = found.error().message;
    return;
  }
  if (record.uid != found->uid) return;
  const bool changed = !record.scale_known || record.spec_replicas != found->spec_replicas;
  record.spec_replicas = found->spec_replicas;
  record.status_replicas = found->status_replicas;
  record.resource_version = found->resource_version;
  record.selector = parse_selector(found->selector).value_or(Selector());
  record.scale_known = true;
  record.scale_error.clear();
  if (changed) touch(claimants(lookup.kind, lookup.key));
}

void ClusterState::Impl::erase_target(const TargetKind& kind, const ObjectKey& key) {
  if (kinds[kind].objects.erase(key) > 0) touch(claimants(kind, key));
}

bool ClusterState::Impl::stores_synced(const TargetKind& kind) const {
  const auto resource = kind.text();
  bool kind_watched = false;
  for (const auto& [name, sink] : sinks) {
    const auto& sync = sink->sync();
    if (sync.is_apart || (sync.is_target_kind && sync.resource != resource)) continue;
    if (!sync.synced) return false;
    if (sync.resource == resource) kind_watched = true;
  }
  return kind_watched;
}

const SyncState* ClusterState::Impl::failing_sync(const TargetKind& kind,
                                                  const std::string& ns) const {
  for (const auto& [name, sink] : sinks) {
    const auto& sync = sink->sync();
    const bool of_kind = sync.is_target_kind && sync.resource == kind.text();
    if (of_kind && !sync.error.empty() && (sync.ns.empty() || sync.ns == ns)) return &sync;
  }
  return nullptr;
}

bool ClusterState::Impl::pool_things_synced() const {
  const auto is_listed = [this](auto name) { return listed(name); };
  // One namespace after the other they say what is theirs, and not which nodes are empty.
  const auto* pods = sync_of(pods_collection);
  if (pods != nullptr && !pods->synced) return false;
  return std::ranges::all_of(collections_of_money, is_listed) &&
         (pool_things.pools.empty() || std::ranges::all_of(collections_of_pools, is_listed));
}

std::optional<capacity::Finding> ClusterState::Impl::unreadable() const {
  for (const auto name : {pools_collection, budgets_collection, catalogs_collection,
                          nodes_collection, pods_collection})
    if (const auto* sync = sync_of(name); sync != nullptr && sync->forbidden)
      return capacity::Finding{
          fmt::format("{} cannot be read: {}", name, capped(escaped(sync->error), 300)),
          fmt::format("give the operator's service account the right to get, list and watch {} in "
                      "the whole cluster",
                      name)};
  return std::nullopt;
}

std::optional<PolicyOnPool> ClusterState::Impl::policy_on_pool(const ObjectKey& key,
                                                         const Selector*& selector) const {
  const auto found = policies.find(key);
  if (found == policies.end() || found->second->spec == nullptr) return std::nullopt;
  const auto& spec = *found->second->spec;
  const auto store = kinds.find(kind_of(spec.target));
  if (spec.pool.empty() || store == kinds.end()) return std::nullopt;
  const auto object = store->second.objects.find({key.ns, spec.target.name});
  if (object == store->second.objects.end() || !object->second.scale_known) return std::nullopt;
  const auto& target = object->second;
  selector = &target.selector;
  PolicyOnPool out{.policy = found->second, .replicas = target.spec_replicas};
  auto accelerators = target.accelerators;
  // Of a job all pods together are its one replica.
  if (!accelerators && target.job == JobState::None)
    accelerators = pods.accelerators_of(key.ns, target.selector);
  const auto pool = pool_things.pools.find(spec.pool);
  if (accelerators && pool != pool_things.pools.end() && pool->second->spec)
    out.accelerators = capacity::count_of(*accelerators, pool->second->spec->accelerator.resource);
  if (target.job == JobState::None) out.of_pod = out.accelerators;
  return out;
}

/// Whoever cannot read now does not know that it does not exist.
Trouble trouble_of_absence(const TargetRef& ref, const std::string& ns, const SyncState* failing) {
  if (failing != nullptr)
    return {Reason::NotReadable,
            fmt::format("{} '{}' in namespace '{}' is not known, and {}s cannot be read now: {}",
                        ref.kind, ref.name, ns, ref.kind, capped(escaped(failing->error), 300))};
  return {Reason::TargetNotFound,
          fmt::format("{} '{}' does not exist in namespace '{}'; make it there, or correct "
                      "spec.scaleTargetRef",
                      ref.kind, ref.name, ns)};
}

void ClusterState::Impl::look_at_target(const PolicyRecord& policy, PolicyView& view) const {
  const auto& ref = *policy.target;
  const auto kind = kind_of(ref);
  const auto store = kinds.find(kind);
  if (store != kinds.end() && store->second.trouble) {
    view.synced = true;
    view.target_trouble = store->second.trouble;
    view.target_trouble->message = fmt::format("{} '{}' in namespace '{}': {}", ref.kind, ref.name,
                                               policy.key.ns, store->second.trouble->message);
    return;
  }
  const auto* failing = failing_sync(kind, policy.key.ns);
  if (failing != nullptr && failing->forbidden) {
    view.synced = true;
    view.target_trouble =
        Trouble{Reason::NotReadable,
                fmt::format("{}s cannot be read: {}; give the operator's service account the right "
                            "(rbac.{} of the chart)",
                            ref.kind, capped(escaped(failing->error), 300),
                            suspendable_kind(kind.api_version, kind.kind) != nullptr
                                ? "suspendTargets"
                                : "extraScaleTargets")};
    return;
  }
  view.synced = stores_synced(kind);
  if (!view.synced || store == kinds.end()) return;
  const auto found = store->second.objects.find({policy.key.ns, ref.name});
  if (found == store->second.objects.end()) {
    view.target_trouble = trouble_of_absence(ref, policy.key.ns, failing);
    return;
  }
  const auto& target = found->second;
  if (target.deleting) {
    view.target_trouble = Trouble{Reason::TargetDeleting,
                                  fmt::format("{} '{}' is being deleted", ref.kind, ref.name)};
    return;
  }
  if (const auto trouble = trouble_of_job(target.job, ref)) {
    view.target_trouble = *trouble;
    return;
  }
  if (!target.scale_known && !target.scale_error.empty()) {
    view.target_trouble =
        Trouble{Reason::TargetNotScalable,
                fmt::format("the scale of {} '{}' cannot be read: {}", ref.kind, ref.name,
                            capped(escaped(target.scale_error), 300))};
    return;
  }
  view.synced = target.scale_known;
  const auto counted = pods.count(policy.key.ns, target.selector);
  view.target = {.uid = target.uid,
                 .spec_replicas = target.spec_replicas,
                 .status_replicas = target.status_replicas,
                 .pods = target.job == JobState::None ? counted : as_one(counted),
                 .created = target.created};
  view.target_resource_version = target.resource_version;
  view.selector = target.selector.text();
  view.scaled_by_us = target.scaled_by_us;
}

std::optional<Trouble> ClusterState::Impl::source_trouble(const Signal& signal,
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

void ClusterState::Impl::index_policy(const PolicyRecord& policy, bool present) {
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

void ClusterState::Impl::want_lookup(const TargetKind& kind, const ObjectKey& key) {
  if (carries_scale(kind)) return;
  const auto store = kinds.find(kind);
  if (store != kinds.end() && store->second.objects.contains(key)) lookups.insert({kind, key});
}

}  // namespace poolscaler::controllers
