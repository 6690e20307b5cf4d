// Who is due, and what their signals ask of which source.

#include <algorithm>
#include <utility>

#include "poolscaler/engine/schedule.hpp"
#include "steps.hpp"

namespace poolscaler::controllers {
namespace {

using telemetry::RoundKind;

constexpr Millis wake_period{1'000};
constexpr Millis retry_soon{200};
constexpr Millis regular_deadline{15'000};
constexpr Millis wake_deadline{5'000};

std::string lane_of(const std::string& sources, RoundKind kind) {
  return std::string(telemetry::name_of(kind)) + "\n" + sources;
}

}  // namespace

SignalQuery query_of(const Signal& signal, const std::string& ns) {
  return {.source = signal.source,
          .ns = ns,
          .query = signal.query,
          .max_age_seconds = signal.max_age_seconds};
}

void Rounds::Steps::select() {
  const auto now = parts_.clock.monotonic();
  select_regular(now);
  if (now < next_wake_) return;
  next_wake_ = (now / wake_period + 1) * wake_period;
  select_wake(now);
}

void Rounds::Steps::reschedule(const ObjectKey& key, const PolicyRuntime& runtime) {
  const auto* spec = runtime.policy->spec.get();
  const auto interval = Seconds(spec == nullptr ? 15 : spec->interval_seconds);
  const auto now = parts_.clock.monotonic();
  schedule_.set(key, next_phase(runtime.phase_hash, interval, runtimes_.size(), now));
  if (spec == nullptr || spec->schedule.empty()) return;
  // A window opens and closes on time, not with the next round.
  const auto today = parts_.clock.now();
  const auto next = engine::look_at_schedule(*spec, runtime.memory, today).next;
  if (next) schedule_.no_later(key, now + std::max(next->at - today, Millis{1}));
}

void Rounds::Steps::select_regular(Millis now) {
  std::map<std::string, ReadBatch> batches;
  for (const auto& due : schedule_.take_due(now)) {
    const auto found = runtimes_.find(due.key);
    if (found == runtimes_.end()) continue;
    auto& runtime = found->second;
    if (!ready_to_read(due.key, runtime, now)) continue;
    const auto lane = lane_of(runtime.sources, RoundKind::Regular);
    if (!batches.contains(lane) && !lanes_.is_free(lane)) {
      schedule_.set(due.key, now + retry_soon);
      continue;
    }
    reschedule(due.key, runtime);
    auto& batch = batches[lane];
    batch.lane = lane;
    batch.kind = RoundKind::Regular;
    batch.deadline = regular_deadline;
    add_to_batch(batch, runtime, {.policy = due.key, .wake = false, .planned = due.planned,
                                    .query_of_signal = {}, .spec = runtime.policy->spec.get()});
  }
  submit(std::move(batches));
}

/// The policies that stand at zero, each second, whether they are due or not. Their signals are not
/// read: a lookout tells whose are worth it.
void Rounds::Steps::select_wake(Millis now) {
  for (auto& [sources, lane] : zero_lanes_) {
    if (std::exchange(lane.changed, false)) lane.watch = watch_over(lane);
    if (!lane.watch) continue;
    const auto name = lane_of(sources, RoundKind::Wake);
    if (!lanes_.is_free(name)) continue;
    lanes_.submit({.lane = name,
                   .kind = RoundKind::Wake,
                   .began = now,
                   .deadline = wake_deadline,
                   .watch = lane.watch});
  }
  std::erase_if(zero_lanes_, [](const auto& lane) { return lane.second.policies.empty(); });
}

/// Nothing when there is nothing to look at.
std::shared_ptr<const Watch> Rounds::Steps::watch_over(const ZeroLane& lane) {
  std::vector<SignalQuery> queries;
  std::vector<double> above;
  Watch watch;
  for (const auto& key : lane.policies) {
    const auto& runtime = runtimes_.at(key);
    const auto& signals = runtime.policy->spec->signals;
    for (std::size_t i = 0; i < signals.size() && i < runtime.askable.size(); ++i) {
      if (!runtime.askable[i]) continue;
      queries.push_back(query_of(signals[i], key.ns));
      above.push_back(wakes_above(signals[i]));
      watch.policy_of_signal.push_back(key);
    }
  }
  if (queries.empty()) return nullptr;
  watch.lookout = parts_.reader.lookout(queries, above);
  return std::make_shared<const Watch>(std::move(watch));
}

/// Reads all signals of the policies of which some were sighted.
void Rounds::Steps::select_sighted(const ReadBatch& look) {
  std::map<std::string, ReadBatch> batches;
  for (const auto signal : look.sighted) {
    const auto& key = look.watch->policy_of_signal.at(signal);
    const auto found = runtimes_.find(key);
    if (found == runtimes_.end()) continue;
    auto& runtime = found->second;
    if (!runtime.at_zero || runtime.reading || runtime.pending) continue;
    if (runtime.settlement.pending() || runtime.frozen_generation) continue;
    const auto lane = "sighted\n" + runtime.sources;
    if (!batches.contains(lane) && !lanes_.is_free(lane)) continue;
    auto& batch = batches[lane];
    batch.lane = lane;
    batch.kind = RoundKind::Wake;
    batch.deadline = wake_deadline;
    add_to_batch(batch, runtime, {.policy = key, .wake = true, .planned = look.began,
                                  .query_of_signal = {}, .spec = runtime.policy->spec.get()});
  }
  submit(std::move(batches));
}

bool Rounds::Steps::ready_to_read(const ObjectKey& key, PolicyRuntime& runtime, Millis now) {
  const auto later = [&](Millis at) {
    schedule_.set(key, at);
    return false;
  };
  if (runtime.reading) return later(now + retry_soon);
  if (runtime.pending) {
    // A newer decision is better than the one that still waits to be written.
    if (!parts_.writes.withdraw({.what = WriteSlot::What::Scale, .key = key}))
      return later(now + retry_soon);
    runtime.pending.reset();
  }
  if (now < runtime.write_not_before) return later(runtime.write_not_before);
  const bool waits = runtime.settlement.pending() || !runtime.synced;
  if (!waits) return true;
  const auto view = parts_.state.view(key);
  if (!view) return false;  // the change that says so is on its way
  look(runtime, *view);
  const TargetSeen seen{.uid = view->target.uid,
                        .resource_version = view->target_resource_version,
                        .replicas = view->target.spec_replicas};
  if (!runtime.settlement.settled(seen, now) || !runtime.synced) return later(now + retry_soon);
  return true;
}

void Rounds::Steps::add_to_batch(ReadBatch& batch, PolicyRuntime& runtime, BatchEntry entry) {
  const auto* spec = runtime.policy->spec.get();
  for (std::size_t i = 0; spec != nullptr && i < spec->signals.size(); ++i) {
    const bool asked = runtime.can_decide && i < runtime.askable.size() && runtime.askable[i];
    if (!asked) {
      entry.query_of_signal.push_back(-1);
      continue;
    }
    const auto& signal = spec->signals[i];
    entry.query_of_signal.push_back(static_cast<int>(batch.queries.size()));
    batch.queries.push_back(query_of(signal, runtime.policy->key.ns));
    batch.queries.back().pod_selector = runtime.pod_selector;
  }
  runtime.reading = true;
  batch.entries.push_back(std::move(entry));
}

void Rounds::Steps::submit(std::map<std::string, ReadBatch> batches) {
  for (auto& [lane, batch] : batches) {
    batch.began = parts_.clock.monotonic();
    lanes_.submit(std::move(batch));
  }
}

}  // namespace poolscaler::controllers
