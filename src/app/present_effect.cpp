#include "present_effect.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "poolscaler/engine/decide.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::app {
namespace {

using nlohmann::json;

/// What the status tells of the moment of its decision.
struct Moment {
  api::PolicyStatus status;
  Instant now;
  Instant created;
};

Result<Moment> moment_of(const json& live) {
  Moment moment{.status = api::read_status(live), .now = {}, .created = {}};
  if (!moment.status.decision_time || moment.status.target_uid.empty())
    return fail(ErrorKind::NotFound, "no decision stands in its status yet");
  moment.now = *moment.status.decision_time;
  const auto created = parse_rfc3339(text_at(live, "metadata", "creationTimestamp"));
  moment.created = created.value_or(moment.now - std::chrono::days(1));
  return moment;
}

/// What the signal asks its source; the status knows the answer to no other question.
bool same_question(const ScalingPolicy& a, const ScalingPolicy& b, const std::string& name) {
  const auto of = [&](const ScalingPolicy& policy) {
    return std::ranges::find(policy.signals, name, &Signal::name);
  };
  const auto x = of(a);
  const auto y = of(b);
  return x != a.signals.end() && y != b.signals.end() && x->source == y->source &&
         x->query == y->query;
}

/// The observation of that moment for `policy`; an error where one of its signals is unknown.
Result<Observation> observation_of(const Moment& moment, const ScalingPolicy& policy,
                                   const ScalingPolicy& present) {
  const auto& status = moment.status;
  Observation seen{
      .target = {.uid = status.target_uid,
                 .spec_replicas = status.current_replicas,
                 .status_replicas = status.current_replicas,
                 .pods = {.ready = status.ready_replicas,
                          .starting = std::max(status.current_replicas - status.ready_replicas, 0)},
                 .created = moment.created},
      .policy_created = moment.created};
  for (const auto& signal : policy.signals) {
    const auto told = std::ranges::find(status.signals, signal.name, &api::SignalStatus::name);
    if (told == status.signals.end() || !same_question(policy, present, signal.name))
      return fail(ErrorKind::NotFound,
                  fmt::format("signal '{}' has not been read as it is asked now", signal.name));
    seen.signals.push_back({.state = told->state,
                            .value = told->value,
                            .age_seconds = told->age_seconds,
                            .detail = told->detail});
  }
  return seen;
}

Memory memory_of(const Moment& moment) {
  Memory memory{.target_uid = moment.status.target_uid, .observed_since = moment.created};
  memory.recommendations = moment.status.recommendations;
  memory.scale_ups = moment.status.scale_ups;
  memory.scale_downs = moment.status.scale_downs;
  return memory;
}

Result<Decision> decision_of(const Moment& moment, const json& object,
                             const ScalingPolicy& present) {
  const auto policy = api::read_scaling_policy(object);
  if (!policy) return fail(ErrorKind::InvalidInput, api::summary(policy.error()));
  return observation_of(moment, *policy, present).map([&](const Observation& seen) {
    return engine::decide(seen, *policy, memory_of(moment), moment.now).decision;
  });
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  if (text.starts_with('"') && text.ends_with('"') && text.size() > 1)
    text = text.substr(1, text.size() - 2);
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string in_words(const api::FieldChange& change) {
  const auto field = change.path.starts_with("spec.") ? change.path.substr(5) : change.path;
  if (change.before.empty()) return field + " is set";
  if (change.after.empty()) return field + " is removed";
  const auto before = number_of(change.before);
  const auto after = number_of(change.after);
  if (!before || !after) return field + " changes";
  return field + (*after > *before ? " rises" : " falls");
}

}  // namespace

Result<Effect> effect_of(const json& live, const json& after,
                         const std::vector<api::FieldChange>& changes) {
  const auto moment = moment_of(live);
  if (!moment) return fail(moment.error());
  const auto present = api::read_scaling_policy(live);
  if (!present) return fail(ErrorKind::InvalidInput, "the present one has errors");
  const auto was = decision_of(*moment, live, *present);
  if (!was) return fail(was.error());
  const auto is = decision_of(*moment, after, *present);
  if (!is) return fail(is.error());
  Effect effect{.before = was->desired, .after = is->desired, .why = is->explanation.line()};
  if (effect.before == effect.after) return effect;
  // The changes that make a difference on their own; where none does, it takes them all.
  for (const auto& change : changes) {
    const auto alone = api::with_change(api::Kind::ScalingPolicy, live, after, change);
    const auto decision = decision_of(*moment, alone, *present);
    if (decision && decision->desired != effect.before)
      effect.causes += (effect.causes.empty() ? "" : " and ") + in_words(change);
  }
  if (effect.causes.empty()) effect.causes = "the changes come together";
  return effect;
}

}  // namespace poolscaler::app
