#include "notes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "poolscaler/base/text.hpp"
#include "status.hpp"

namespace poolscaler::controllers {
namespace {

using api::ConditionStatus;

const api::Condition* find(const api::PolicyStatus& status, std::string_view type) {
  const auto found = std::ranges::find(status.conditions, type, &api::Condition::type);
  return found == status.conditions.end() ? nullptr : &*found;
}

EventNote warning(EventNote note) {
  note.warning = true;
  return note;
}

/// Whether `type` went from what `before` says to something that is worth telling.
bool turned(const StatusDigest& before, const api::Condition& after, ConditionStatus to) {
  const auto& was = condition(before, after.type);
  return after.status == to && (was.status != to || was.reason != after.reason);
}

}  // namespace

std::string cause_text(const ScalingPolicy& spec, const Decision& decision) {
  const bool by_signal = decision.reason == Reason::SignalAboveTarget ||
                         decision.reason == Reason::SignalBelowTarget ||
                         decision.reason == Reason::WokenFromZero;
  if (!by_signal) {
    const auto& steps = decision.explanation.steps;
    const auto step = std::ranges::find_if(steps, [&](const Step& one) {
      return one.stage == "schedule" && one.reason == decision.reason && !one.subject.empty();
    });
    if (step == steps.end()) return std::string(text_of(decision.reason));
    return fmt::format("schedule window '{}' {}", step->subject, step->numbers);
  }
  if (decision.formula && is_usable(decision.formula->state))
    return fmt::format("the formula gives {} (wanted {})", brief(decision.formula->value),
                       decision.formula->replicas);
  const SignalWish* decisive = nullptr;
  std::size_t index = 0;
  for (std::size_t i = 0; i < decision.signals.size() && i < spec.signals.size(); ++i) {
    const auto& wish = decision.signals[i];
    if (!is_usable(wish.state)) continue;
    const bool further = decisive == nullptr || (spec.combine == Combine::Max
                                                     ? wish.replicas > decisive->replicas
                                                     : wish.replicas < decisive->replicas);
    if (!further) continue;
    decisive = &wish;
    index = i;
  }
  if (decisive == nullptr) return std::string(text_of(decision.reason));
  const auto& signal = spec.signals[index];
  if (decision.reason == Reason::WokenFromZero)
    return fmt::format("'{}' {} is above its activation {} (wanted {})", signal.name,
                       brief(decisive->value), brief(signal.activation_above), decisive->replicas);
  if (signal.target_type == TargetType::Steps)
    return fmt::format("'{}' {} is at another step (wanted {})", signal.name,
                       brief(decisive->value), decisive->replicas);
  return fmt::format("'{}' {} is {} target {}{} (wanted {})", signal.name, brief(decisive->value),
                     decision.reason == Reason::SignalAboveTarget ? "above" : "below",
                     brief(signal.target),
                     signal.target_type == TargetType::PerReplica ? " per replica" : "",
                     decisive->replicas);
}

std::string scaled_note(const PolicyRecord& policy, const Decision& decision, std::int32_t from,
                        std::int32_t to) {
  return fmt::format("Scaled {} {}/{} from {} to {}: {}", policy.target->kind, policy.key.ns,
                     policy.target->name, from, to, cause_text(*policy.spec, decision));
}

EventNote note_on_policy(const PolicyRecord& policy, Reason reason, std::string note) {
  return {.regarding_api_version = std::string(api::api_version),
          .regarding_kind = "ScalingPolicy",
          .regarding = policy.key,
          .regarding_uid = policy.uid,
          .reason = reason,
          .action = "Decide",
          .note = std::move(note)};
}

EventNote note_on_target(const PolicyRecord& policy, const std::string& target_uid, Reason reason,
                         std::string note) {
  return {.regarding_api_version = policy.target->api_version,
          .regarding_kind = policy.target->kind,
          .regarding = {.ns = policy.key.ns, .name = policy.target->name},
          .regarding_uid = target_uid,
          .reason = reason,
          .action = "Scale",
          .note = std::move(note)};
}

std::vector<EventNote> notes_of_change(const PolicyRecord& policy, const StatusDigest& before,
                                       const api::PolicyStatus& after) {
  std::vector<EventNote> notes;
  // Recommend and Paused promise to write nothing but status.
  if (policy.spec != nullptr && policy.spec->mode != Mode::Automatic) return notes;
  const auto* ready = find(after, "Ready");
  if (ready != nullptr && turned(before, *ready, ConditionStatus::False))
    notes.push_back(warning(note_on_policy(policy, ready->reason, ready->message)));
  if (ready != nullptr && before.any &&
      condition(before, "Ready").status == ConditionStatus::False &&
      ready->status == ConditionStatus::True)
    notes.push_back(note_on_policy(policy, ready->reason, "ready again: " + ready->message));
  const auto* healthy = find(after, "MetricsHealthy");
  if (healthy != nullptr && turned(before, *healthy, ConditionStatus::False))
    notes.push_back(warning(note_on_policy(policy, healthy->reason, healthy->message)));
  if (healthy != nullptr && condition(before, "MetricsHealthy").status == ConditionStatus::False &&
      healthy->status == ConditionStatus::True)
    notes.push_back(note_on_policy(policy, healthy->reason, healthy->message));
  const auto* fallback = find(after, "FallbackActive");
  if (fallback != nullptr && turned(before, *fallback, ConditionStatus::True))
    notes.push_back(warning(note_on_policy(policy, fallback->reason, fallback->message)));
  const auto* limited = find(after, "Limited");
  if (limited != nullptr && limited->reason == Reason::AtMaximum &&
      turned(before, *limited, ConditionStatus::True))
    notes.push_back(note_on_policy(policy, limited->reason, limited->message));
  return notes;
}

}  // namespace poolscaler::controllers
