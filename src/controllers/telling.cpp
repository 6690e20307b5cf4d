// What is said about it all: statuses, events, series, log lines.

#include <algorithm>

#include "notes.hpp"
#include "status.hpp"
#include "steps.hpp"

namespace poolscaler::controllers {
namespace {

/// Statuses wait as text; a whole fleet that wants to be told at once is told in portions, which
/// come due together: each is decided anew, and one round shares its queries.
constexpr std::size_t statuses_waiting_max = 2000;
constexpr Millis tell_later{2'000};
constexpr std::int64_t portions = 4;

Millis next_portion(std::size_t hash, Millis now) {
  const auto portion = static_cast<std::int64_t>(hash % static_cast<std::size_t>(portions));
  return (now / tell_later + 1 + portion) * tell_later;
}

}  // namespace

void Rounds::Steps::tell(PolicyRuntime& runtime, const Telling& telling) {
  const auto& policy = *telling.view.policy;
  const auto& before = runtime.latest();
  const auto status = make_status({.view = telling.view,
                                   .decision = telling.decision,
                                   .decided_at = telling.decided_at,
                                   .readings = telling.readings,
                                   .blocked = telling.blocked,
                                   .confirmed_replicas = telling.confirmed_replicas,
                                   .memory = runtime.memory,
                                   .last_scale = runtime.last_scale,
                                   .terms = runtime.terms ? &*runtime.terms : nullptr,
                                   .before = before},
                                  parts_.clock.now());
  show(runtime, status);
  auto digest = digest_of(status);
  const auto now = parts_.clock.monotonic();
  const bool numbers_due = !runtime.told_at || now - *runtime.told_at >= Millis(numbers_period);
  if (same_meaning(before, digest) && !(numbers_due && numbers_moved(before, digest))) return;
  if (parts_.writes.waiting() >= statuses_waiting_max) {
    schedule_.no_later(policy.key, next_portion(runtime.phase_hash, now));
    return;
  }
  for (auto& event : notes_of_change(policy, before, status)) {
    if (event.warning)
      parts_.log.warning("policy has trouble", {{"policy", policy.key.text()},
                                                {"reason", name_of(event.reason)},
                                                {"error", event.note}});
    note(std::move(event));
  }
  runtime.telling_ticket =
      parts_.writes.put_status({.what = WriteSlot::What::Status, .key = policy.key},
                               {.plural = "scalingpolicies",
                                .key = policy.key,
                                .uid = policy.uid,
                                .status_json = api::render_status(status)});
  runtime.telling = std::move(digest);
  runtime.told_at = now;
}

void Rounds::Steps::show(const PolicyRuntime& runtime, const api::PolicyStatus& status) {
  telemetry::PolicySample sample{.current = status.current_replicas,
                                 .desired = status.desired_replicas,
                                 .recommended = status.recommended_replicas,
                                 .effective_max = status.effective_max};
  if (!status.conditions.empty())
    sample.ready = status.conditions.front().status == api::ConditionStatus::True;
  for (const auto& signal : status.signals)
    sample.signals.push_back({.name = signal.name, .state = signal.state, .value = signal.value});
  if (status.forecast)
    for (const auto& forecast : status.forecast->signals)
      for (auto& signal : sample.signals)
        if (signal.name == forecast.name && forecast.test)
          signal.forecast_skill = forecast.test->skill;
  parts_.metrics.set_policy(runtime.policy->key, sample);
}

void Rounds::Steps::note(EventNote event) { parts_.events.note_event(std::move(event)); }

}  // namespace poolscaler::controllers
