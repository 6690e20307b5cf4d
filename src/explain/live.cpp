#include "poolscaler/explain/live.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/engine/cold_start.hpp"
#include "poolscaler/engine/decide.hpp"
#include "poolscaler/engine/forecast.hpp"
#include "poolscaler/json/members.hpp"
#include "readings.hpp"

namespace poolscaler::explain {
namespace {

using Json = nlohmann::json;

/// The idle time that the last decision counted: its step says so, the status nowhere else.
Millis idle_of(const std::vector<Step>& steps) {
  constexpr std::string_view words = "inactive for ";
  for (const auto& step : steps) {
    const auto begin = step.numbers.find(words);
    if (step.stage != "idle" || begin == std::string::npos) continue;
    std::int64_t seconds = 0;
    std::from_chars(step.numbers.data() + begin + words.size(),
                    step.numbers.data() + step.numbers.size(), seconds);
    return Seconds(seconds);
  }
  return Millis{0};
}

TargetObservation target_of(const api::PolicyStatus& status, Instant created) {
  TargetObservation target;
  target.uid = status.target_uid;
  target.spec_replicas = status.current_replicas;
  target.status_replicas = status.current_replicas;
  target.pods.ready = status.ready_replicas;
  target.pods.starting = std::max(status.current_replicas - status.ready_replicas, 0);
  target.created = created;
  return target;
}

/// Since when there was anyone to look, which a status does not keep. Where replicas are held for
/// no other reason than that, its decision tells: by the recommendation of the start, which is the
/// last one that holds them, or by the idle time, which is all that was seen.
Instant observed_since(const api::PolicyStatus& status, Instant created) {
  if (status.decision_reason != Reason::AwaitingFreshWindow) return created;
  const auto& steps = status.decision_steps;
  const auto step = std::find_if(steps.rbegin(), steps.rend(), [](const Step& candidate) {
    return candidate.reason == Reason::AwaitingFreshWindow;
  });
  if (step == steps.rend()) return created;
  if (step->stage == "idle") return *status.decision_time - idle_of(steps);
  const auto& all = status.recommendations;
  const auto start = std::find_if(all.rbegin(), all.rend(), [&](const TimedReplicas& entry) {
    return entry.replicas >= step->after;
  });
  return start == all.rend() ? created : start->at;
}

Memory memory_of(const api::PolicyStatus& status, Instant created) {
  Memory memory;
  memory.target_uid = status.target_uid;
  memory.observed_since = observed_since(status, created);
  memory.recommendations = status.recommendations;
  memory.scale_ups = status.scale_ups;
  memory.scale_downs = status.scale_downs;
  memory.idle = idle_of(status.decision_steps);
  if (memory.idle > Millis{0}) memory.idle_counted_to = status.decision_time;
  if (status.last_scale) memory.last_scale = status.last_scale->time;
  memory.woken_at = status.woken_at;
  memory.cold_starts = engine::cold_starts_from(status.cold_starts);
  memory.keep_alive.layers = status.keep_alive;
  if (status.last_needs.empty() || !status.decision_time) return memory;
  memory.keep_alive.counted_to = status.decision_time;
  memory.keep_alive.needed = status.last_needs.back().replicas;
  memory.keep_alive.needs = engine::needs_told(status.last_needs, *status.decision_time);
  return memory;
}

/// A past that says what was predicted, whatever its method: the status keeps no more of it.
LearnedPast past_of(const api::PolicyStatus& status, const std::string& signal, Instant now) {
  if (!status.forecast) return {};
  const auto& all = status.forecast->signals;
  const auto told = std::ranges::find(all, signal, &api::SignalForecastStatus::name);
  if (told == all.end()) return {};
  if (!told->test) return {.problem = told->detail};
  const double value = told->value.value_or(0);
  const auto step = std::chrono::duration_cast<Seconds>(std::chrono::hours(1));
  const std::vector<float> season(24, static_cast<float>(value));
  return {.model = std::make_shared<const ForecastModel>(
              ForecastModel{.test = *told->test,
                            .step = step,
                            .until = now,
                            .trend = {.level = value, .at = now, .any = true},
                            .season_first = now - engine::season_day,
                            .season = season})};
}

/// What was granted: the step that it has made tells, else how many there might have been.
std::optional<Grant> grant_of(const api::PolicyStatus& status, const ScalingPolicy& policy) {
  for (const auto& step : status.decision_steps)
    if (step.stage == "pool" || step.stage == "money" || step.stage == "shed")
      return Grant{.most = step.after,
                   .reason = step.reason,
                   .words = step.numbers,
                   .takes = step.stage == "shed"};
  if (!status.effective_max || *status.effective_max >= policy.max_replicas) return std::nullopt;
  return Grant{.most = *status.effective_max, .reason = Reason::CappedByPool};
}

Situation situation_of(const api::PolicyStatus& status, ScalingPolicy policy, Instant created) {
  Situation situation{.policy = std::move(policy),
                      .observation = {.target = target_of(status, created),
                                      .policy_created = created},
                      .memory = memory_of(status, created),
                      .now = status.decision_time.value_or(created)};
  const auto& signals = situation.policy.signals;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const auto told = std::ranges::find(status.signals, signals[i].name, &api::SignalStatus::name);
    auto& reading = situation.observation.signals.emplace_back();
    if (told == status.signals.end()) continue;  // an Error, as nothing is known
    if (is_usable(told->state)) set_value(situation, i, told->value);
    reading.state = told->state;
    reading.age_seconds = told->age_seconds;
    reading.detail = told->detail;
  }
  for (const auto& signal : signals)
    situation.observation.pasts.push_back(past_of(status, signal.name, situation.now));
  situation.observation.grant = grant_of(status, situation.policy);
  return situation;
}

void note_differences(const Situation& situation, const api::PolicyStatus& status,
                      std::int64_t generation, Account& account) {
  const auto again = situation.decide().decision;
  if (generation != status.observed_generation)
    account.notes.push_back("the spec has changed since this decision");
  if (account.current != status.current_replicas)
    account.notes.push_back(fmt::format(
        "the target has been scaled since: what would have to change is told of the {} replicas "
        "that it has now",
        status.current_replicas));
  else if (again.desired != status.desired_replicas || again.reason != *status.decision_reason)
    account.notes.push_back(fmt::format(
        "what the status keeps is not all that was known: taken again from it, the decision is {} "
        "because {}",
        again.desired, name_of(again.reason)));
}

}  // namespace

Result<Account> account_of_object(const Json& object, const std::vector<Trend>& directions) {
  auto policy = api::read_scaling_policy(object);
  if (!policy) return fail(ErrorKind::InvalidInput, api::summary(policy.error()));
  const auto status = api::read_status(object);
  if (!status.decision_reason)
    return fail(ErrorKind::NotFound,
                "no decision stands in its status yet: is the operator running?");
  if (!status.decision_time)
    return fail(ErrorKind::NotFound, fmt::format("nothing is decided: {}: {}",
                                                 name_of(*status.decision_reason),
                                                 status.decision_message));
  const ObjectKey key{.ns = text_at(object, "metadata", "namespace"),
                      .name = text_at(object, "metadata", "name")};
  Account account{.policy = key.text(),
                  .target = policy->target.text(),
                  .time = *status.decision_time,
                  .current = status.decision_steps.empty() ? status.current_replicas
                                                           : status.decision_steps.front().before,
                  .desired = status.desired_replicas,
                  .recommended = status.recommended_replicas,
                  .reason = std::string(name_of(*status.decision_reason)),
                  .message = status.decision_message,
                  .steps = status.decision_steps};
  if (status.target_uid.empty()) return account;  // its target was not found: nothing to vary
  const auto created = parse_rfc3339(text_at(object, "metadata", "creationTimestamp"));
  const auto situation =
      situation_of(status, std::move(*policy),
                   created.value_or(*status.decision_time - std::chrono::days(1)));
  const auto generation = object.value("metadata", Json::object()).value("generation", Json());
  note_differences(situation, status,
                   generation.is_number_integer() ? generation.get<std::int64_t>()
                                                  : status.observed_generation,
                   account);
  for (const auto direction : directions) account.why_nots.push_back(why_not(situation, direction));
  return account;
}

}  // namespace poolscaler::explain
