#include "poolscaler/explain/observation_file.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/api/manifests.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"
#include "readings.hpp"

namespace poolscaler::explain {
namespace {

using Json = nlohmann::json;

constexpr double seconds_max = 10.0 * 365 * 86'400;
constexpr std::size_t entries_max = memory_entries_max;
constexpr double thirty_days = 30.0 * 86'400;

/// Reads an object strictly: errors are collected, and a field that nobody asked for is one.
class Fields {
 public:
  Fields(const Json& json, std::string path, std::vector<api::FieldError>& errors)
      : json_(json), path_(std::move(path)), errors_(errors) {
    if (!json_.is_object()) add("", &json_, "must be an object", "write its fields below it");
  }
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;
  ~Fields() { report_unknown(); }

  const Json* find(const char* name) {
    known_.insert(name);
    if (!json_.is_object() || !json_.contains(name) || json_[name].is_null()) return nullptr;
    return &json_[name];
  }

  void add(std::string_view name, const Json* value, std::string problem, std::string remedy) {
    if (errors_.size() >= api::field_errors_max) return;
    errors_.push_back({.path = place(name),
                       .value = value == nullptr ? "" : capped(escaped(value->dump()), 80),
                       .problem = std::move(problem),
                       .remedy = std::move(remedy)});
  }

  double number(const char* name, double otherwise, double least, double most) {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    const double read = value->is_number() ? value->get<double>() : std::nan("");
    if (read >= least && read <= most) return read;
    add(name, value, fmt::format("must be a number from {} to {}", brief(least), brief(most)),
        "write it in plain digits");
    return otherwise;
  }

  std::int32_t count(const char* name, std::int32_t otherwise) {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    constexpr auto most = std::numeric_limits<std::int32_t>::max();
    if (value->is_number_integer() && *value >= 0 && *value <= most) return *value;
    add(name, value, fmt::format("must be a whole number from 0 to {}", most),
        "replicas are counted");
    return otherwise;
  }

  Millis age(const char* name, double otherwise_seconds) {
    return Millis(std::llround(number(name, otherwise_seconds, 0, seconds_max) * 1000));
  }
  std::optional<Millis> maybe_age(const char* name) {
    return find(name) == nullptr ? std::nullopt : std::optional(age(name, 0));
  }

  std::string text(const char* name, std::string otherwise) {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    if (value->is_string()) return value->get<std::string>();
    add(name, value, "must be a text", "put it in quotes");
    return otherwise;
  }

  [[nodiscard]] std::string place(std::string_view name) const {
    if (name.empty()) return path_;
    return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
  }
  std::vector<api::FieldError>& errors() { return errors_; }

 private:
  void report_unknown() {
    if (!json_.is_object()) return;
    for (const auto& [name, value] : json_.items())
      if (!known_.contains(name))
        add(capped(escaped(name), 80), &value, "is not known",
            fmt::format("known here: {}", fmt::join(known_, ", ")));
  }

  const Json& json_;
  std::string path_;
  std::vector<api::FieldError>& errors_;
  std::set<std::string, std::less<>> known_{};
};

std::vector<TimedReplicas> read_entries(Fields& memory, const char* name, Instant now) {
  std::vector<TimedReplicas> entries;
  const auto* list = memory.find(name);
  if (list == nullptr) return entries;
  if (!list->is_array() || list->size() > entries_max) {
    memory.add(name, list, fmt::format("must be a list of at most {} entries", entries_max),
               "write one {replicas, ageSeconds} a line");
    return entries;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    Fields entry((*list)[i], fmt::format("{}[{}]", memory.place(name), i), memory.errors());
    if (entry.find("replicas") == nullptr)
      entry.add("replicas", nullptr, "is required", "say how many");
    if (entry.find("ageSeconds") == nullptr)
      entry.add("ageSeconds", nullptr, "is required", "say how long ago that was");
    entries.push_back({now - entry.age("ageSeconds", 0), entry.count("replicas", 0)});
  }
  std::ranges::stable_sort(entries, {}, &TimedReplicas::at);
  return entries;
}

/// Stands for a past in which nothing was recommended that could hold anything back: too old for
/// the window downward, too high to matter upward, and young enough to leave no gap.
TimedReplicas harmless_past(const ScalingPolicy& policy, Instant now) {
  const auto window = Seconds(policy.behavior.scale_down.stabilization_window_seconds);
  return {now - window - Seconds(policy.interval_seconds),
          std::numeric_limits<std::int32_t>::max()};
}

/// What the operator remembers that has looked since then: at first, that what was there is needed.
TimedReplicas usual_past(const ScalingPolicy& policy, Instant since, std::int32_t replicas,
                         Instant now) {
  const auto harmless = harmless_past(policy, now);
  return since > harmless.at ? TimedReplicas{since, replicas} : harmless;
}

Memory read_memory(const Json& json, const Situation& situation,
                   std::vector<api::FieldError>& errors) {
  const auto now = situation.now;
  Fields fields(json, "memory", errors);
  Memory memory;
  const auto observed = fields.age("observedForSeconds", thirty_days);
  memory.observed_since = now - observed;
  memory.recommendations = read_entries(fields, "recommendations", now);
  if (memory.recommendations.empty())
    memory.recommendations.push_back(usual_past(situation.policy, *memory.observed_since,
                                                situation.observation.target.spec_replicas, now));
  memory.scale_ups = read_entries(fields, "scaleUps", now);
  memory.scale_downs = read_entries(fields, "scaleDowns", now);
  if (const auto idle = fields.maybe_age("idleForSeconds")) {
    if (*idle > observed)
      fields.add("idleForSeconds", fields.find("idleForSeconds"),
                 "must be at most observedForSeconds", "idle time is what was observed");
    memory.idle = *idle;
    memory.idle_counted_to = now;
  }
  if (const auto scaled = fields.maybe_age("lastScaleAgeSeconds"))
    memory.last_scale = now - *scaled;
  return memory;
}

TargetObservation read_target(const Json& json, Instant now,
                              std::vector<api::FieldError>& errors) {
  Fields fields(json, "target", errors);
  if (fields.find("replicas") == nullptr)
    fields.add("replicas", nullptr, "is required", "say how many replicas the target asks for");
  TargetObservation target;
  target.uid = "observed";
  target.spec_replicas = fields.count("replicas", 0);
  target.pods.ready = fields.count("readyReplicas", target.spec_replicas);
  target.pods.starting = fields.count("startingReplicas", 0);
  target.pods.unschedulable = fields.count("unschedulableReplicas", 0);
  target.status_replicas = target.spec_replicas;
  target.created = now - fields.age("ageSeconds", thirty_days);
  if (const auto age = fields.maybe_age("youngestPodAgeSeconds")) target.pods.youngest = now - *age;
  return target;
}

std::optional<SignalState> missing_state(std::string_view word) {
  for (const auto state : {SignalState::Absent, SignalState::NotANumber, SignalState::Stale,
                           SignalState::Partial, SignalState::Error})
    if (word == name_of(state)) return state;
  return std::nullopt;
}

/// A reading, and since when it has been missing.
struct ReadSignal {
  SignalReading reading{};
  std::optional<Instant> missing_since{};
};

ReadSignal read_signal(Fields& fields, Instant now) {
  ReadSignal read;
  constexpr double largest = 1e300;  // what a file writes beyond all bounds reads as more
  const auto* value = fields.find("value");
  const auto* state = fields.find("state");
  const auto missing_for = fields.maybe_age("missingForSeconds");
  if (fields.find("ageSeconds") != nullptr)
    read.reading.age_seconds = fields.number("ageSeconds", 0, 0, seconds_max);
  if ((value == nullptr) == (state == nullptr)) {
    fields.add("value", value, "is required, or else 'state', but not both",
               "write the number that was read, or why there is none");
    return read;
  }
  if (value != nullptr) {
    read.reading.value = fields.number("value", 0, -largest, largest);
    read.reading.state = read.reading.value == 0 ? SignalState::Zero : SignalState::Value;
    if (missing_for)
      fields.add("missingForSeconds", fields.find("missingForSeconds"),
                 "must not stand beside 'value'", "remove one of them");
    return read;
  }
  const auto known = missing_state(fields.text("state", ""));
  if (!known)
    fields.add("state", state, "must be Absent, NotANumber, Stale, Partial or Error",
               "a signal that has data has a 'value' instead");
  read.reading.state = known.value_or(SignalState::Error);
  read.missing_since = now - missing_for.value_or(Millis{0});
  return read;
}

/// As the operator judges it, which knows the age of a raw query's value never.
void judge_age(SignalReading& reading, const Signal& signal) {
  if (std::holds_alternative<RawQuery>(signal.query)) return;
  const bool usable = is_usable(reading.state);
  reading = judged_by_age(std::move(reading), signal.max_age_seconds);
  if (usable && !is_usable(reading.state) && std::holds_alternative<PodResource>(signal.query))
    reading.detail =
        fmt::format("every pod was measured more than {} s ago", signal.max_age_seconds);
}

/// Since when a reading that became too old has been so.
Instant too_old_since(const SignalReading& reading, const Signal& signal, Instant now) {
  const double seconds = reading.age_seconds.value_or(0) - signal.max_age_seconds;
  return now - Millis(std::llround(std::max(seconds, 0.0) * 1000));
}

/// `remembers`: the file has a memory.
void read_signals(const Json* list, bool remembers, Situation& situation,
                  std::vector<api::FieldError>& errors) {
  const auto& signals = situation.policy.signals;
  std::vector<std::optional<ReadSignal>> read(signals.size());
  if (list != nullptr && !list->is_array())
    errors.push_back({.path = "signals",
                      .value = capped(escaped(list->dump()), 80),
                      .problem = "must be a list",
                      .remedy = "write one entry for each signal of the policy"});
  for (std::size_t i = 0; list != nullptr && list->is_array() && i < list->size(); ++i) {
    Fields fields((*list)[i], fmt::format("signals[{}]", i), errors);
    const auto name = fields.text("name", "");
    const auto found = std::ranges::find(signals, name, &Signal::name);
    auto signal = read_signal(fields, situation.now);
    if (const auto* missing_for = fields.find("missingForSeconds"); missing_for && !remembers)
      fields.add("missingForSeconds", missing_for, "needs 'memory' in the file",
                 "without one the operator has just started; write memory: {}");
    if (found == signals.end()) {
      fields.add("name", fields.find("name"), "must be the name of a signal of the policy",
                 "copy it from spec.signals[].name");
      continue;
    }
    auto& place = read[static_cast<std::size_t>(found - signals.begin())];
    if (place) fields.add("name", fields.find("name"), "stands twice", "remove one of them");
    place = std::move(signal);
  }
  situation.memory.unusable_since.resize(signals.size());
  for (std::size_t i = 0; i < signals.size(); ++i) {
    if (!read[i])
      errors.push_back({.path = "signals",
                        .value = "",
                        .problem = fmt::format("must have an entry for '{}'", signals[i].name),
                        .remedy = "write its value, or a state such as Absent"});
    auto signal = read[i].value_or(ReadSignal{});
    const auto value = signal.reading.value;
    situation.observation.signals.push_back(std::move(signal.reading));
    if (is_usable(situation.observation.signals[i].state)) set_value(situation, i, value);
    situation.memory.unusable_since[i] = signal.missing_since;
    auto& reading = situation.observation.signals[i];
    if (!is_usable(reading.state)) continue;
    judge_age(reading, signals[i]);
    if (!is_usable(reading.state))
      situation.memory.unusable_since[i] = too_old_since(reading, signals[i], situation.now);
  }
}

Instant read_now(Fields& fields) {
  const auto* value = fields.find("now");
  if (value == nullptr) {
    fields.add("now", nullptr, "is required", "write the time of the decision, in quotes");
    return {};
  }
  const auto now = parse_rfc3339(fields.text("now", ""));
  if (!now)
    fields.add("now", value, "must be a time such as \"2026-11-27T08:00:00Z\"",
               "write date, T, time and Z, in quotes");
  return now.value_or(Instant{});
}

std::vector<FileError> placed(const api::Manifest& manifest,
                              const std::vector<api::FieldError>& errors) {
  std::vector<FileError> out;
  for (const auto& error : errors)
    out.push_back({.line = manifest.line_of(error.path), .text = error.text()});
  return out;
}

tl::unexpected<std::vector<FileError>> whole_file(std::string text) {
  return tl::unexpected(std::vector<FileError>{{.line = 0, .text = std::move(text)}});
}

bool is_policy(const api::Manifest& manifest) {
  const auto& object = manifest.object;
  return object.is_object() && object.value("apiVersion", Json()) == Json(api::api_version) &&
         object.value("kind", Json()) == Json("ScalingPolicy");
}

std::string metadata_text(const Json& object, const char* field) {
  return capped(escaped(text_at(object, "metadata", field)), 253);
}

}  // namespace

Read<PolicyFile> read_policy_file(std::string_view text) {
  const auto manifests = api::read_manifests(text);
  if (!manifests) return whole_file(manifests.error().message);
  const auto count = std::ranges::count_if(*manifests, is_policy);
  if (count != 1)
    return whole_file(
        fmt::format("holds {} ScalingPolicies, must hold one: split the file", count));
  const auto& manifest = *std::ranges::find_if(*manifests, is_policy);
  auto policy = api::read_scaling_policy(manifest.object, api::UnknownFields::Report);
  if (!policy) return tl::unexpected(placed(manifest, policy.error()));
  return PolicyFile{.ns = metadata_text(manifest.object, "namespace"),
                    .name = metadata_text(manifest.object, "name"),
                    .policy = std::move(*policy)};
}

Read<Situation> read_observation_file(std::string_view text, const ScalingPolicy& policy) {
  const auto manifests = api::read_manifests(text);
  if (!manifests) return whole_file(manifests.error().message);
  if (manifests->size() != 1)
    return whole_file(fmt::format("holds {} documents, must hold one", manifests->size()));
  const auto& manifest = manifests->front();
  std::vector<api::FieldError> errors;
  Situation situation{.policy = policy, .observation = {}, .now = {}};
  {
    Fields fields(manifest.object, "", errors);
    situation.now = read_now(fields);
    situation.observation.policy_created =
        situation.now - fields.age("policyAgeSeconds", thirty_days);
    const auto* target = fields.find("target");
    if (target == nullptr)
      fields.add("target", nullptr, "is required", "write at least target.replicas");
    else
      situation.observation.target = read_target(*target, situation.now, errors);
    if (const auto* memory = fields.find("memory"))
      situation.memory = read_memory(*memory, situation, errors);
    situation.memory.target_uid = situation.observation.target.uid;
    read_signals(fields.find("signals"), fields.find("memory") != nullptr, situation, errors);
  }
  if (!errors.empty()) return tl::unexpected(placed(manifest, errors));
  return situation;
}

}  // namespace poolscaler::explain
