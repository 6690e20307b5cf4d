// What the watches have brought since the last step.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "status.hpp"
#include "steps.hpp"

namespace poolscaler::controllers {

void Rounds::Steps::take_changes() {
  if (parts_.state.take_sources_changed()) take_sources();
  if (parts_.state.take_catalogs_changed()) take_catalogs();
  look_at_sources();
  for (const auto& key : parts_.state.take_dirty()) take_change(key);
}

void Rounds::Steps::take_change(const ObjectKey& key) {
  const auto view = parts_.state.view(key);
  if (!view || view->policy->deleting) {
    forget(key);
    return;
  }
  auto& runtime = runtime_of(*view);
  const bool same_spec = runtime.policy->generation == view->policy->generation;
  const bool was_decidable = runtime.can_decide;
  const bool awaited_write = runtime.settlement.pending();
  runtime.policy = view->policy;
  look(runtime, *view);
  const TargetSeen seen{.uid = view->target.uid,
                        .resource_version = view->target_resource_version,
                        .replicas = view->target.spec_replicas};
  // The echo of our own write is no news: its decision has been told already.
  const bool own_echo = awaited_write && same_spec && was_decidable && runtime.can_decide &&
                        runtime.settlement.settled(seen, parts_.clock.monotonic());
  if (own_echo && schedule_.contains(key)) return;
  schedule_.no_later(key, parts_.clock.monotonic());
}

PolicyRuntime& Rounds::Steps::runtime_of(const PolicyView& view) {
  const auto& key = view.policy->key;
  auto found = runtimes_.find(key);
  if (found != runtimes_.end() && found->second.policy->uid != view.policy->uid) {
    forget(key);  // deleted and made again
    found = runtimes_.end();
  }
  if (found != runtimes_.end()) return found->second;
  auto& runtime = runtimes_[key];
  runtime.policy = view.policy;
  runtime.phase_hash = stable_hash(view.policy->uid);
  if (const auto& restored = view.policy->restored) {
    runtime.told = restored->digest;
    runtime.memory = restored->memory;
    runtime.last_scale = restored->last_scale;
    runtime.taken_over = true;
    if (restored->cost_ledger) desk_.adopt(key, view.policy->uid, *restored->cost_ledger);
  }
  return runtime;
}

void Rounds::Steps::forget(const ObjectKey& key) {
  schedule_.erase(key);
  histories_due_.erase(key);
  const auto found = runtimes_.find(key);
  if (found == runtimes_.end()) return;
  leave_zero(found->second);
  runtimes_.erase(found);
  on_pools_.erase(key);
  (void)parts_.writes.withdraw({.what = WriteSlot::What::Scale, .key = key});
  (void)parts_.writes.withdraw({.what = WriteSlot::What::Status, .key = key});
  parts_.metrics.drop_policy(key);
}

namespace {

/// Policies that read the same sources share a lane, so that their queries can be shared and a slow
/// source holds up nobody else.
std::string sources_of(const ScalingPolicy& spec) {
  std::set<std::string_view> names;
  for (const auto& signal : spec.signals) names.insert(signal.source);
  std::string out;
  for (const auto name : names) out.append(name).append(1, '\n');
  return out;
}

bool reads_pods(const Signal& signal) { return std::holds_alternative<PodResource>(signal.query); }

/// Per signal, whether there is anybody to ask. Without replicas there are no pods to measure.
std::vector<bool> askable_signals(const PolicyView& view) {
  std::vector<bool> askable;
  for (std::size_t i = 0; i < view.signal_troubles.size(); ++i) {
    const bool nothing_to_measure =
        view.target.spec_replicas <= 0 && reads_pods(view.policy->spec->signals[i]);
    askable.push_back(!view.signal_troubles[i] && !nothing_to_measure);
  }
  return askable;
}

}  // namespace

/// What selection needs to know without another look at the stores.
void Rounds::Steps::look(PolicyRuntime& runtime, const PolicyView& view) {
  const auto& policy = *view.policy;
  runtime.synced = view.synced;
  runtime.can_decide = policy.spec != nullptr && view.synced && !view.target_trouble;
  auto askable = askable_signals(view);
  const bool needs_selector =
      policy.spec != nullptr && std::ranges::any_of(policy.spec->signals, reads_pods);
  runtime.pod_selector = needs_selector ? view.selector : std::string();
  const bool at_zero = runtime.can_decide && view.target.spec_replicas == 0 &&
                       policy.spec->mode != Mode::Paused && !view.conflict;
  const bool asks_the_same = runtime.looked_at == policy.spec && runtime.askable == askable;
  if (!at_zero || !asks_the_same) leave_zero(runtime);
  if (runtime.looked_at != policy.spec) begin_forecasting(runtime, policy);
  if (policy.spec != nullptr && !policy.spec->pool.empty()) {
    on_pools_.insert(policy.key);
  } else if (on_pools_.erase(policy.key) > 0) {
    runtime.terms.reset();
    runtime.asked_of_pool.reset();
  }
  if (!asks_the_same) {
    runtime.looked_at = policy.spec;
    runtime.sources = policy.spec == nullptr ? std::string() : sources_of(*policy.spec);
    runtime.askable = std::move(askable);
  }
  if (at_zero && !runtime.at_zero) enter_zero(runtime);
}

void Rounds::Steps::enter_zero(PolicyRuntime& runtime) {
  runtime.at_zero = true;
  auto& lane = zero_lanes_[runtime.sources];
  lane.policies.insert(runtime.policy->key);
  lane.changed = true;
}

void Rounds::Steps::leave_zero(PolicyRuntime& runtime) {
  if (!std::exchange(runtime.at_zero, false)) return;
  auto& lane = zero_lanes_[runtime.sources];
  lane.policies.erase(runtime.policy->key);
  lane.changed = true;
}

}  // namespace poolscaler::controllers
