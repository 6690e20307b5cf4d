// .status, out and in. Out: cut to the bounds of the schema, so that no write of ours is refused.
// In: lenient, since the status may be older than we are, or edited.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "forecast.hpp"
#include "gap_digest.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/text.hpp"
#include "policy_cost.hpp"
#include "poolscaler/json/members.hpp"
#include "replica_digest.hpp"
#include "status_bounds.hpp"
#include "status_json.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

json signals_json(const std::vector<SignalStatus>& signals) {
  json list = json::array();
  std::set<std::string_view> seen;
  for (const auto& signal : signals) {
    if (list.size() == signals_max) break;
    if (signal.name.empty() || !seen.insert(signal.name).second) continue;
    json entry{{"name", fitted(signal.name, 63)}, {"state", name_of(signal.state)}};
    if (signal.target > 0) entry["target"] = number_text(signal.target);
    if (is_usable(signal.state)) {
      entry["value"] = number_text(signal.value);
      entry["replicas"] = count(signal.replicas);
    }
    if (signal.age_seconds && *signal.age_seconds >= 0 &&
        *signal.age_seconds <= std::numeric_limits<std::int32_t>::max())
      entry["ageSeconds"] = static_cast<std::int64_t>(std::floor(*signal.age_seconds));
    put_text(entry, "detail", signal.detail, signal_detail_max);
    list.push_back(std::move(entry));
  }
  return list;
}

json step_json(const Step& step) {
  json entry{{"stage", fitted(step.stage, 64)},
             {"before", count(step.before)},
             {"after", count(step.after)},
             {"reason", name_of(step.reason)}};
  put_text(entry, "subject", step.subject, 63);
  put_text(entry, "numbers", step.numbers, step_numbers_max);
  return entry;
}

/// All steps, or the first and the last ones: how it began and what came of it.
json steps_json(const std::vector<Step>& steps) {
  json list = json::array();
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (steps.size() <= steps_max || i < steps_max / 2 || i >= steps.size() - steps_max / 2)
      list.push_back(step_json(steps[i]));
  return list;
}

json decision_json(const PolicyStatus& status) {
  json decision = json::object();
  if (status.decision_time) decision["time"] = to_rfc3339(*status.decision_time);
  if (status.decision_reason) decision["reason"] = name_of(*status.decision_reason);
  put_text(decision, "message", status.decision_message, decision_message_max);
  if (!status.decision_steps.empty()) decision["steps"] = steps_json(status.decision_steps);
  return decision;
}

json digest_json(const std::vector<TimedReplicas>& entries) {
  json list = json::array();
  for (const auto& entry : entries)
    list.push_back({{"time", to_rfc3339_micro(entry.at)}, {"replicas", count(entry.replicas)}});
  return list;
}

std::vector<TimedReplicas> newest(const std::vector<TimedReplicas>& entries, std::size_t most) {
  const auto skipped = entries.size() > most ? entries.size() - most : 0;
  return {entries.begin() + static_cast<std::ptrdiff_t>(skipped), entries.end()};
}

json millis_json(Millis time) {
  return std::clamp<std::int64_t>(time.count(), 0, std::numeric_limits<std::int32_t>::max());
}

json memory_json(const PolicyStatus& status) {
  json memory = json::object();
  if (!status.recommendations.empty())
    memory["recommendations"] = digest_json(window_digest(status.recommendations, digest_max));
  if (!status.scale_ups.empty())
    memory["scaleUps"] = digest_json(sum_digest(status.scale_ups, digest_max));
  if (!status.scale_downs.empty())
    memory["scaleDowns"] = digest_json(sum_digest(status.scale_downs, digest_max));
  if (status.woken_at) memory["wokenTime"] = to_rfc3339_micro(*status.woken_at);
  for (std::size_t i = 0; i < status.cold_starts.size() && i < cold_starts_max; ++i)
    memory["coldStartMillis"].push_back(millis_json(status.cold_starts[i]));
  for (std::size_t i = 0; i < status.keep_alive.size() && i < layers_max; ++i)
    memory["keepAlive"].push_back({{"gaps", status.keep_alive[i].gaps},
                                   {"weights", gaps_text(status.keep_alive[i])}});
  if (!status.last_needs.empty())
    memory["lastNeeded"] = digest_json(newest(status.last_needs, told_needs_max));
  return memory;
}

json windows_json(const std::vector<std::string>& names) {
  json list = json::array();
  for (std::size_t i = 0; i < names.size() && i < windows_max; ++i)
    list.push_back(fitted(names[i], 63));
  return list;
}

json schedule_change_json(const ScheduleChangeStatus& change) {
  json entry{{"time", to_rfc3339(change.time)},
             {"window", fitted(change.window, 63)},
             {"event", change.event}};
  put_text(entry, "effect", change.effect, effect_max);
  return entry;
}

json cold_start_json(const ColdStartStatus& measured) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  constexpr std::int64_t samples_most = cold_starts_max;
  return {{"p50Seconds", std::clamp<std::int64_t>(measured.p50_seconds, 0, most)},
          {"p90Seconds", std::clamp<std::int64_t>(measured.p90_seconds, 0, most)},
          {"samples", std::clamp<std::int64_t>(measured.samples, 0, samples_most)}};
}

std::vector<SignalStatus> read_signals(const json& list) {
  constexpr std::array states = {SignalState::Value,      SignalState::Zero,
                                 SignalState::Absent,     SignalState::NotANumber,
                                 SignalState::Stale,      SignalState::Partial,
                                 SignalState::Error};
  std::vector<SignalStatus> signals;
  each(list, signals_max, [&](const json& from) {
    const auto word = text_at(from, "state");
    const auto* state = std::ranges::find(states, word, [](SignalState s) { return name_of(s); });
    auto name = text_at(from, "name");
    if (name.empty() || state == states.end()) return;
    SignalStatus signal{.name = std::move(name),
                        .state = *state,
                        .value = number_at(from, "value"),
                        .target = number_at(from, "target"),
                        .replicas = replicas_at(from, "replicas"),
                        .detail = text_at(from, "detail")};
    if (at_path(from, "ageSeconds").is_number_integer())
      signal.age_seconds = replicas_at(from, "ageSeconds");
    signals.push_back(std::move(signal));
  });
  return signals;
}

/// A stage lives as long as the program: one of the words that the engine uses.
std::string_view stage_word(std::string_view text) {
  constexpr std::array<std::string_view, 21> stages = {
      "signal", "combine", "missing data", "fallback", "tolerance",  "supply",        "idle",
      "wake",   "memory",  "mode",         "pause",    "keep-alive", "stabilization", "rate",
      "bounds", "schedule", "formula", "forecast",
      "pool",   "money", "shed"};
  const auto* found = std::ranges::find(stages, text);
  return found == stages.end() ? std::string_view("other") : *found;
}

std::vector<Step> read_steps(const json& list) {
  std::vector<Step> steps;
  each(list, steps_max, [&](const json& from) {
    const auto reason = reason_at(from);
    if (!reason) return;
    steps.push_back({.stage = stage_word(text_at(from, "stage")),
                     .subject = text_at(from, "subject"),
                     .before = replicas_at(from, "before"),
                     .after = replicas_at(from, "after"),
                     .reason = *reason,
                     .numbers = text_at(from, "numbers")});
  });
  return steps;
}

std::vector<TimedReplicas> read_digest(const json& list) {
  std::vector<TimedReplicas> entries;
  each(list, digest_max, [&](const json& from) {
    if (const auto time = time_at(from, "time"); time && from.contains("replicas"))
      entries.push_back({.at = *time, .replicas = replicas_at(from, "replicas")});
  });
  std::ranges::stable_sort(entries, {}, &TimedReplicas::at);
  return entries;
}

constexpr std::array<std::string_view, 3> window_events = {"PreWarm", "Start", "End"};

std::optional<ScheduleChangeStatus> read_schedule_change(const json& from) {
  const auto time = time_at(from, "time");
  const auto word = text_at(from, "event");
  const auto* event = std::ranges::find(window_events, word);
  if (!time || event == window_events.end()) return std::nullopt;
  return ScheduleChangeStatus{.time = *time,
                              .window = text_at(from, "window"),
                              .event = *event,
                              .effect = text_at(from, "effect")};
}

std::vector<std::string> read_windows(const json& list) {
  std::vector<std::string> names;
  each(list, windows_max, [&](const json& name) {
    if (name.is_string()) names.push_back(name.get<std::string>());
  });
  return names;
}

std::optional<ColdStartStatus> read_cold_start(const json& from) {
  if (!from.is_object()) return std::nullopt;
  return ColdStartStatus{.p50_seconds = replicas_at(from, "p50Seconds"),
                         .p90_seconds = replicas_at(from, "p90Seconds"),
                         .samples = replicas_at(from, "samples")};
}

std::vector<Millis> read_cold_starts(const json& list) {
  std::vector<Millis> samples;
  each(list, cold_starts_max, [&](const json& from) {
    if (from.is_number_integer() && from.get<std::int64_t>() > 0)
      samples.emplace_back(from.get<std::int64_t>());
  });
  return samples;
}

/// An item that cannot be read stays, as a layer of which nothing is known: the place counts.
std::vector<LayerGaps> read_keep_alive(const json& list) {
  std::vector<LayerGaps> layers;
  each(list, layers_max, [&](const json& from) {
    const auto gaps = integer_at(from, "gaps", std::numeric_limits<std::uint16_t>::max());
    layers.push_back(gaps_from(text_at(from, "weights"), static_cast<std::uint16_t>(gaps)));
  });
  return layers;
}

std::optional<LastScale> read_last_scale(const json& from) {
  const auto time = time_at(from, "time");
  const auto reason = reason_at(from);
  if (!time || !reason) return std::nullopt;
  LastScale last{
      .time = *time, .from = {}, .to = replicas_at(from, "to"), .reason = *reason};
  if (from.contains("from")) last.from = replicas_at(from, "from");
  return last;
}

}  // namespace

std::string render_status(const PolicyStatus& status) {
  json out{{"observedGeneration", generation(status.observed_generation)},
           {"currentReplicas", count(status.current_replicas)},
           {"readyReplicas", count(status.ready_replicas)},
           {"desiredReplicas", count(status.desired_replicas)},
           {"recommendedReplicas", count(status.recommended_replicas)},
           {"conditions", conditions_json(status.conditions)},
           {"signals", signals_json(status.signals)}};
  put_text(out, "target", status.target_text, target_text_max);
  put_text(out, "targetUID", status.target_uid, 128);
  put_text(out, "selector", status.selector, selector_max);
  put_text(out, "signalText", status.signal_text, signal_text_max);
  if (auto decision = decision_json(status); !decision.empty())
    out["lastDecision"] = std::move(decision);
  if (const auto& last = status.last_scale) {
    out["lastScale"] = {{"time", to_rfc3339(last->time)},
                        {"to", count(last->to)},
                        {"reason", name_of(last->reason)}};
    if (last->from) out["lastScale"]["from"] = count(*last->from);
  }
  if (!status.open_windows.empty()) out["openWindows"] = windows_json(status.open_windows);
  if (const auto& next = status.next_schedule_change)
    out["nextScheduleChange"] = schedule_change_json(*next);
  if (status.forecast) out["forecast"] = forecast_json(*status.forecast);
  if (status.cold_start) out["coldStart"] = cold_start_json(*status.cold_start);
  put_policy_cost(out, status);
  if (auto memory = memory_json(status); !memory.empty()) out["memory"] = std::move(memory);
  return dumped(out);
}

PolicyStatus read_status(const json& object) {
  const auto& from = at_path(object, "status");
  const auto& decision = at_path(from, "lastDecision");
  const auto& memory = at_path(from, "memory");
  PolicyStatus status{
      .observed_generation = generation_at(from),
      .target_text = text_at(from, "target"),
      .target_uid = text_at(from, "targetUID"),
      .selector = text_at(from, "selector"),
      .signal_text = text_at(from, "signalText"),
      .current_replicas = replicas_at(from, "currentReplicas"),
      .ready_replicas = replicas_at(from, "readyReplicas"),
      .desired_replicas = replicas_at(from, "desiredReplicas"),
      .recommended_replicas = replicas_at(from, "recommendedReplicas"),
      .signals = read_signals(at_path(from, "signals")),
      .conditions = read_conditions(at_path(from, "conditions")),
      .decision_time = time_at(decision, "time"),
      .decision_reason = reason_at(decision),
      .decision_message = text_at(decision, "message"),
      .decision_steps = read_steps(at_path(decision, "steps")),
      .last_scale = read_last_scale(at_path(from, "lastScale")),
      .open_windows = read_windows(at_path(from, "openWindows")),
      .next_schedule_change = read_schedule_change(at_path(from, "nextScheduleChange")),
      .forecast = read_forecast(at_path(from, "forecast")),
      .recommendations = read_digest(at_path(memory, "recommendations")),
      .scale_ups = read_digest(at_path(memory, "scaleUps")),
      .scale_downs = read_digest(at_path(memory, "scaleDowns")),
      .cold_start = read_cold_start(at_path(from, "coldStart")),
      .cold_starts = read_cold_starts(at_path(memory, "coldStartMillis")),
      .woken_at = time_at(memory, "wokenTime"),
      .keep_alive = read_keep_alive(at_path(memory, "keepAlive")),
      .last_needs = read_digest(at_path(memory, "lastNeeded"))};
  read_policy_cost_status(from, status);
  return status;
}

std::string render_source_status(std::int64_t observed_generation,
                                 const std::vector<Condition>& conditions) {
  return dumped({{"observedGeneration", generation(observed_generation)},
                 {"conditions", conditions_json(conditions)}});
}

}  // namespace poolscaler::api
