// What became of the writes.

#include <algorithm>
#include <fmt/format.h>

#include "notes.hpp"
#include "status.hpp"
#include "steps.hpp"

namespace poolscaler::controllers {
namespace {

constexpr Millis first_retry{1'000};
constexpr Millis longest_retry{60'000};
constexpr Millis after_conflict{100};
constexpr unsigned failures_told = 3;

/// Doubling, with up to a quarter more by the policy's own hash, so that a fleet spreads.
Millis backoff(unsigned failures, std::size_t hash) {
  const auto doubled = first_retry * (1LL << std::min(failures, 6U));
  const auto base = std::min<Millis>(doubled, longest_retry);
  return base + base * static_cast<std::int64_t>(hash % 64) / 256;
}

/// Trying again will not help until somebody does something.
bool is_permanent(ErrorKind kind) {
  return kind == ErrorKind::Forbidden || kind == ErrorKind::InvalidInput;
}

/// The answer is not known: the write may have been done.
bool may_have_happened(ErrorKind kind) {
  return kind == ErrorKind::TimedOut || kind == ErrorKind::Unavailable ||
         kind == ErrorKind::Internal;
}

}  // namespace

void Rounds::Steps::take_results() {
  for (const auto& done : parts_.writes.take_done()) {
    if (done.slot.what > WriteSlot::What::SourceStatus) {
      desk_.take(done);
      continue;
    }
    if (done.slot.what == WriteSlot::What::SourceStatus) {
      if (done.error && done.error->kind != ErrorKind::Cancelled)
        parts_.log.warning("cannot write the status of a MetricSource",
                           {{"source", done.slot.key.name}, {"error", done.error->message}});
      continue;
    }
    const auto found = runtimes_.find(done.slot.key);
    if (found == runtimes_.end()) continue;
    if (done.slot.what == WriteSlot::What::Scale)
      scale_done(found->second, done);
    else
      status_done(found->second, done);
  }
}

void Rounds::Steps::scale_done(PolicyRuntime& runtime, const WriteDone& done) {
  if (!runtime.pending || runtime.pending->ticket != done.ticket) return;
  const auto pending = std::move(runtime.pending);
  if (done.error)
    scale_failed(runtime, *pending, *done.error);
  else
    scale_written(runtime, *pending, done);
}

void Rounds::Steps::scale_written(PolicyRuntime& runtime, const PendingScale& pending,
                                  const WriteDone& done) {
  const auto& policy = *runtime.policy;
  const auto now = parts_.clock.monotonic();
  parts_.metrics.observe_reaction(now - pending.known_at);
  runtime.memory = pending.memory_when_written;
  runtime.last_scale = api::LastScale{.time = pending.decided_at,
                                      .from = pending.from,
                                      .to = pending.to,
                                      .reason = pending.decision.reason};
  runtime.settlement.wrote(pending.target_uid, done.scale.resource_version, pending.to, now);
  runtime.fight.wrote(pending.target_uid, done.scale.resource_version, pending.to);
  runtime.write_trouble.reset();
  runtime.write_failures = 0;
  if (pending.to > 0) leave_zero(runtime);
  if (policy.spec == nullptr || !policy.target) return;  // turned to nonsense meanwhile
  const auto text = scaled_note(policy, pending.decision, pending.from, pending.to);
  parts_.log.info("scaled workload", {{"policy", policy.key.text()},
                                      {"target", policy.target->text()},
                                      {"from", pending.from},
                                      {"to", pending.to},
                                      {"reason", name_of(pending.decision.reason)},
                                      {"cause", cause_text(*policy.spec, pending.decision)}});
  auto on_policy = note_on_policy(policy, pending.decision.reason, text);
  auto on_target = note_on_target(policy, pending.target_uid, pending.decision.reason, text);
  on_policy.about = on_target.about = fmt::format("{} to {}", pending.from, pending.to);
  note(std::move(on_policy));
  note(std::move(on_target));
  const auto view = parts_.state.view(policy.key);
  if (!view || view->policy->spec != policy.spec || view->target_trouble) return;
  tell(runtime, {.view = *view,
                 .decision = &pending.decision,
                 .readings = pending.readings,
                 .confirmed_replicas = pending.to,
                 .decided_at = pending.decided_at});
}

void Rounds::Steps::scale_failed(PolicyRuntime& runtime, const PendingScale& pending,
                                 const Error& error) {
  const auto& policy = *runtime.policy;
  const auto now = parts_.clock.monotonic();
  if (error.kind == ErrorKind::Cancelled) return;
  if (error.kind == ErrorKind::Conflict || error.kind == ErrorKind::NotFound) {
    // The target has changed: decide anew once the cache shows how.
    runtime.settlement.refused(pending.target_uid, pending.resource_version, now);
    schedule_.no_later(policy.key, now + after_conflict);
    return;
  }
  if (may_have_happened(error.kind)) runtime.fight.unsure();
  const auto wait = error.kind == ErrorKind::Throttled
                        ? Millis(Seconds(std::clamp(error.retry_after_seconds, 1, 60)))
                        : backoff(runtime.write_failures, runtime.phase_hash);
  ++runtime.write_failures;
  runtime.write_not_before = now + wait;
  schedule_.no_later(policy.key, runtime.write_not_before);
  parts_.log.warning("cannot scale workload", {{"policy", policy.key.text()},
                                               {"target", policy.target->text()},
                                               {"from", pending.from},
                                               {"to", pending.to},
                                               {"error", error.message}});
  if (!is_permanent(error.kind) && runtime.write_failures < failures_told) return;
  runtime.write_trouble = Trouble{Reason::WriteFailed,
                                  fmt::format("cannot scale {} from {} to {}: {}",
                                              policy.target->text(), pending.from, pending.to,
                                              error.message)};
  const auto view = parts_.state.view(policy.key);
  if (!view || view->policy->spec != policy.spec || view->target_trouble) return;
  tell(runtime, {.view = *view,
                 .decision = &pending.decision,
                 .readings = pending.readings,
                 .blocked = runtime.write_trouble,
                 .decided_at = pending.decided_at});
}

void Rounds::Steps::status_done(PolicyRuntime& runtime, const WriteDone& done) {
  if (!runtime.telling || runtime.telling_ticket != done.ticket) return;
  if (!done.error) {
    runtime.told = *std::move(runtime.telling);
  } else if (done.error->kind != ErrorKind::Cancelled && done.error->kind != ErrorKind::NotFound) {
    parts_.log.warning("cannot write the status of a policy",
                       {{"policy", runtime.policy->key.text()}, {"error", done.error->message}});
  }
  // Without it the next decision differs from what has been told, and is told again.
  runtime.telling.reset();
}

}  // namespace poolscaler::controllers
