// From readings to decisions, and from decisions to writes.

#include <fmt/format.h>

#include "poolscaler/api/presets.hpp"
#include "poolscaler/base/check.hpp"
#include "poolscaler/base/text.hpp"
#include "notes.hpp"
#include "status.hpp"
#include "steps.hpp"

namespace poolscaler::controllers {
namespace {

using telemetry::WriteClass;

WriteClass class_of(std::int32_t from, std::int32_t to) {
  if (to < from) return WriteClass::Shrink;
  return from == 0 ? WriteClass::FromZero : WriteClass::Growth;
}

/// A series that cannot be there of itself: says so, where the preset knows.
void explain_absence(const PolicyView& view, std::size_t signal, SignalReading& reading) {
  if (reading.state != SignalState::Absent || view.policy->spec == nullptr ||
      signal >= view.policy->spec->signals.size())
    return;
  const auto remark = api::remark_on_absence(view.policy->spec->signals[signal].preset);
  if (!remark.empty()) reading.detail += fmt::format(" ({})", remark);
}

std::vector<SignalReading> readings_of(const ReadBatch& batch, const BatchEntry& entry,
                                       const PolicyView& view) {
  std::vector<SignalReading> out;
  for (std::size_t i = 0; i < entry.query_of_signal.size(); ++i) {
    const auto query = entry.query_of_signal[i];
    if (query >= 0 && static_cast<std::size_t>(query) < batch.readings.size()) {
      out.push_back(batch.readings[static_cast<std::size_t>(query)]);
      explain_absence(view, i, out.back());
      continue;
    }
    SignalReading missing{.state = SignalState::Error, .detail = "it was not asked"};
    if (i < view.signal_troubles.size() && view.signal_troubles[i])
      missing.detail = view.signal_troubles[i]->message;
    else if (std::holds_alternative<PodResource>(view.policy->spec->signals[i].query))
      missing = {.state = SignalState::Absent, .detail = "there is no replica to measure"};
    out.push_back(std::move(missing));
  }
  return out;
}

}  // namespace

/// What a lookout sighted is read at once and, where reads need no waiting, concluded here too.
void Rounds::Steps::conclude_all(std::vector<ReadBatch> batches) {
  while (!batches.empty()) {
    for (const auto& batch : batches) conclude(batch);
    batches = lanes_.take_read();
  }
}

void Rounds::Steps::conclude(const ReadBatch& batch) {
  if (batch.watch) select_sighted(batch);
  for (const auto& entry : batch.entries) {
    const auto found = runtimes_.find(entry.policy);
    if (found == runtimes_.end()) continue;
    found->second.reading = false;
    conclude(batch, entry);
  }
  parts_.metrics.observe_round(batch.kind, parts_.clock.monotonic() - batch.began);
}

void Rounds::Steps::conclude(const ReadBatch& batch, const BatchEntry& entry) {
  const auto view = parts_.state.view(entry.policy);
  if (!view || view->policy->deleting) return;  // forgotten with the next intake
  auto& runtime = runtimes_.at(entry.policy);
  const bool same_policy = runtime.policy->uid == view->policy->uid;
  const bool same_spec = view->policy->spec.get() == entry.spec;
  const TargetSeen seen{.uid = view->target.uid,
                        .resource_version = view->target_resource_version,
                        .replicas = view->target.spec_replicas};
  const bool stale = !runtime.settlement.settled(seen, parts_.clock.monotonic());
  if (!same_policy || !same_spec || stale || !view->synced) {
    if (!entry.wake) schedule_.no_later(entry.policy, parts_.clock.monotonic());
    return;
  }
  auto readings = readings_of(batch, entry, *view);
  look(runtime, *view);
  if (entry.wake) {
    if (!runtime.at_zero || !wakes(*view->policy->spec, readings)) return;
    reschedule(entry.policy, runtime);
  } else {
    parts_.metrics.observe_round_lag(batch.began - entry.planned);
  }
  try {
    decide(runtime, *view, std::move(readings));
  } catch (const InvariantError& broken) {
    freeze(runtime, *view, broken.what());
  }
}

void Rounds::Steps::decide(PolicyRuntime& runtime, const PolicyView& view,
                           std::vector<SignalReading> readings) {
  const auto& policy = *view.policy;
  if (runtime.frozen_generation && *runtime.frozen_generation != policy.generation)
    runtime.frozen_generation.reset();
  if (runtime.frozen_generation) return;
  const auto now = parts_.clock.now();
  if (policy.spec == nullptr || view.target_trouble) {
    tell(runtime, {.view = view, .readings = readings, .decided_at = now});
    return;
  }
  if (runtime.taken_over) recover_scale(runtime, view);
  note_external_change(runtime, view);
  const Observation observation{.target = view.target,
                                .policy_created = policy.created,
                                .signals = readings,
                                .pasts = runtime.pasts};
  Deliberation decided{.outcome = parts_.decide(observation, *policy.spec, runtime.memory, now),
                       .readings = std::move(readings),
                       .decided_at = now};
  if (policy.spec->pool.empty())
    act(runtime, view, std::move(decided));
  else
    wait_for_pool(runtime, view, std::move(decided));
}

void Rounds::Steps::act(PolicyRuntime& runtime, const PolicyView& view, Deliberation decided) {
  auto& outcome = decided.outcome;
  parts_.metrics.count_decision(outcome.decision.reason);
  const auto* scale = std::get_if<ScaleTo>(&outcome.decision.action);
  auto blocked = why_not_write(runtime, view);
  const bool writes = scale != nullptr && view.policy->spec->mode == Mode::Automatic &&
                      (!blocked || blocked->reason == Reason::WriteFailed);
  if (writes) {
    send_scale(runtime, view, std::move(outcome), std::move(decided.readings));
    return;
  }
  runtime.memory = scale == nullptr ? std::move(outcome.memory)
                                    : engine::without_write(outcome, runtime.memory);
  if (blocked && blocked->reason == Reason::WriteFailed) {
    blocked.reset();  // nothing is to be written any more
    runtime.write_trouble.reset();
    runtime.write_failures = 0;
  }
  tell(runtime, {.view = view,
                 .decision = &outcome.decision,
                 .readings = decided.readings,
                 .blocked = std::move(blocked),
                 .decided_at = decided.decided_at});
}

std::optional<Trouble> Rounds::Steps::why_not_write(PolicyRuntime& runtime,
                                                    const PolicyView& view) {
  // Recommend writes nothing anyway, so it may stand beside whatever scales the target today.
  if (view.conflict && view.policy->spec->mode != Mode::Recommend) return view.conflict;
  const auto now = parts_.clock.monotonic();
  if (runtime.fight.truce(now)) {
    const auto until = parts_.clock.now() + runtime.fight.truce_left(now);
    return Trouble{
        Reason::ExternalWriter,
        fmt::format("something else undid the replicas of {} {} times within {} minutes; find what "
                    "writes spec.replicas (a GitOps tool, a person, another autoscaler); nothing "
                    "is written until {}",
                    view.policy->target->text(), FightDetector::resets_max,
                    std::chrono::duration_cast<std::chrono::minutes>(FightDetector::window).count(),
                    to_rfc3339(until))};
  }
  return runtime.write_trouble;
}

void Rounds::Steps::note_external_change(PolicyRuntime& runtime, const PolicyView& view) {
  const auto now = parts_.clock.monotonic();
  const bool reset = runtime.fight.saw({.uid = view.target.uid,
                                        .resource_version = view.target_resource_version,
                                        .replicas = view.target.spec_replicas},
                                       now);
  if (!reset) return;
  parts_.metrics.count_external_reset();
  parts_.log.warning("something else changed the replicas",
                     {{"policy", view.policy->key.text()},
                      {"target", view.policy->target->text()},
                      {"to", view.target.spec_replicas}});
}

void Rounds::Steps::send_scale(PolicyRuntime& runtime, const PolicyView& view,
                               engine::Outcome outcome, std::vector<SignalReading> readings) {
  const auto& policy = *view.policy;
  const auto to = std::get<ScaleTo>(outcome.decision.action).replicas;
  const auto& spec = *policy.spec;
  // A window of the schedule, or what its pool grants, may go below minReplicas; nothing goes above
  // maxReplicas.
  const auto lowest = spec.schedule.empty() && spec.pool.empty() ? spec.min_replicas : 0;
  CHECK(to >= lowest && to <= spec.max_replicas, "what is written lies within the policy's bounds");
  auto pending = std::make_unique<PendingScale>(
      PendingScale{.ticket = 0,
                   .target_uid = view.target.uid,
                   .resource_version = view.target_resource_version,
                   .from = view.target.spec_replicas,
                   .to = to,
                   .decision = std::move(outcome.decision),
                   .readings = std::move(readings),
                   .memory_when_written = outcome.memory,
                   .decided_at = parts_.clock.now(),
                   .known_at = parts_.clock.monotonic()});
  runtime.memory = engine::without_write(outcome, runtime.memory);
  pending->ticket = parts_.writes.put_scale(
      policy.key, class_of(pending->from, to),
      {.ns = policy.key.ns,
       .target = *policy.target,
       .uid = pending->target_uid,
       .resource_version = pending->resource_version,
       .replicas = to});
  runtime.pending = std::move(pending);
}

void Rounds::Steps::freeze(PolicyRuntime& runtime, const PolicyView& view,
                           const std::string& what) {
  runtime.frozen_generation = view.policy->generation;
  parts_.metrics.count_internal_error();
  parts_.log.error("a bug froze this policy until its spec changes",
                   {{"policy", view.policy->key.text()}, {"error", what}});
  const std::vector<SignalReading> none;
  tell(runtime, {.view = view,
                 .readings = none,
                 .blocked = Trouble{Reason::InternalError,
                                    fmt::format("{}: {}; please report it",
                                                text_of(Reason::InternalError), what)},
                 .decided_at = parts_.clock.now()});
}

}  // namespace poolscaler::controllers
