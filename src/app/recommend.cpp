// `simulate --recommend`: what was found, as a ScalingPolicy that can be applied as it is.

#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/simulation/replay/recommend.hpp"
#include "simulate_input.hpp"

namespace poolscaler::app {
namespace {

using nlohmann::json;

/// What a server adds to an object, and what must not be applied again.
constexpr std::array server_fields = {"creationTimestamp", "generation",  "managedFields",
                                      "resourceVersion",   "selfLink",    "uid"};

/// A whole number, or a decimal in quotes, as the field wants it.
json target_value(double target) {
  if (target == std::round(target) && target < 1e15) return static_cast<std::int64_t>(target);
  auto text = fmt::format("{:.3f}", target);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

std::string_view target_word(TargetType type) {
  switch (type) {
    case TargetType::PerReplica: return "PerReplica";
    case TargetType::Total: return "Total";
    case TargetType::Utilization: return "Utilization";
    case TargetType::Steps:
    case TargetType::None: break;
  }
  return "";
}

void write_signals(json& spec, const ScalingPolicy& policy) {
  auto& signals = spec["signals"];
  for (std::size_t i = 0; i < policy.signals.size(); ++i) {
    const auto& signal = policy.signals[i];
    // The quick average is the first signal once more.
    if (i >= signals.size()) signals.push_back(signals[0]);
    auto& object = signals[i];
    object["name"] = signal.name;
    if (const auto word = target_word(signal.target_type); !word.empty())
      object["target"] = {{"type", word}, {"value", target_value(signal.target)}};
    const auto* const selector = std::get_if<MetricSelector>(&signal.query);
    if (selector == nullptr || selector->range_function != RangeFunction::AvgOverTime) continue;
    object["metric"]["rangeFunction"] = "AvgOverTime";
    object["metric"]["windowSeconds"] = selector->window_seconds;
  }
}

/// That of the behavior, which those of signals would have replaced.
void write_tolerance(json& spec, const ScalingPolicy& policy) {
  for (auto& signal : spec["signals"]) signal.erase("tolerance");
  auto& behavior = spec["behavior"];
  behavior["scaleUp"]["tolerance"] = target_value(policy.behavior.scale_up.tolerance);
  behavior["scaleDown"]["tolerance"] = target_value(policy.behavior.scale_down.tolerance);
}

/// The object as it was written, with what was found.
json object_of(json object, const replay::Recommendation& found) {
  const auto& policy = found.policy;
  object.erase("status");
  for (const auto* const field : server_fields) object["metadata"].erase(field);
  auto& spec = object["spec"];
  write_signals(spec, policy);
  spec["minReplicas"] = policy.min_replicas;
  spec["intervalSeconds"] = policy.interval_seconds;
  auto& behavior = spec["behavior"];
  behavior["scaleDown"]["stabilizationWindowSeconds"] =
      policy.behavior.scale_down.stabilization_window_seconds;
  write_tolerance(spec, policy);
  if (found.knobs.pace != replay::Pace::Usual) {
    const auto& unlimited = policy.behavior.scale_up.policies.front();
    behavior["scaleUp"]["policies"] = {{{"type", "Pods"},
                                        {"value", unlimited.value},
                                        {"periodSeconds", unlimited.period_seconds}}};
  }
  for (const auto& window : found.floors)
    spec["schedule"].push_back({{"name", window.name},
                                {"start", window.start},
                                {"durationSeconds", window.duration_seconds},
                                {"timeZone", "UTC"},
                                {"floor", window.floor},
                                {"preWarm", true}});
  const auto& zero = policy.scale_to_zero;
  spec["scaleToZero"]["idleAfterSeconds"] = zero.idle_after_seconds;
  if (zero.keep_alive == KeepAlive::Learned) {
    spec["scaleToZero"]["keepAlive"] = "Learned";
    spec["scaleToZero"]["replicaSecondsPerMiss"] = zero.replica_seconds_per_miss;
  }
  return object;
}

std::string line_of(std::string_view name, const replay::Figures& f) {
  return fmt::format("# {:<60} {:>10.2f} {:>10.2f} {:>9.1f}\n", name, f.replica_hours(),
                     f.delayed_share * 100, f.wait_p99);
}

std::string text_of(const replay::Tried& tried) {
  if (tried.part < 1)
    return fmt::format("{} settings on the last {:.3g} % of it", tried.settings, tried.part * 100);
  return fmt::format("{} settings on all of it and {} variations", tried.settings,
                     tried.variations);
}

/// What was tried on what; where the load is long, not everything on everything.
std::string search_text(const replay::Recommendation& found) {
  std::string text = "# Found on the first half of the load; the second half was unseen. Tried:\n";
  for (std::size_t i = 0; i < found.tried.size(); ++i)
    text += fmt::format("#   {}{}\n", i == 0 ? "" : "the best of them, ", text_of(found.tried[i]));
  return text;
}

/// What was asked and not kept, where that is so: the search asks it of the variations, too.
std::string warning_of(const replay::Recommendation& found, const replay::Ask& ask) {
  if (found.keeps_ask) return {};
  const auto& last = found.tried.back();
  const auto& first = found.first_half;
  const bool kept_without = first.unserved == 0 && first.delayed_share <= ask.max_delayed &&
                            (!ask.max_wait_p99 || first.wait_p99 <= *ask.max_wait_p99);
  return fmt::format(
      "# WARNING: no setting kept this on {}{}; this one comes closest{}.\n",
      last.part < 1 ? fmt::format("the last {:.3g} % of the first half", last.part * 100)
                    : "the first half",
      last.variations > 0 ? fmt::format(" with its {} variations", last.variations) : "",
      kept_without ? ",\n#   and on the first half as it was, below, keeps it" : "");
}

std::string hindsight_text(const replay::Recommendation& found) {
  std::string text;
  if (found.hindsight)
    text += fmt::format("# {:<60} {:>10.2f}\n#   {}\n", "second half: in hindsight the best for it",
                        found.hindsight->hours, found.hindsight->name);
  if (found.hindsight_played < found.hindsight_swept)
    text += fmt::format("#   (of {} settings of all scalers, spread over {}: for more the load is "
                        "too long)\n",
                        found.hindsight_played, found.hindsight_swept);
  return text;
}

std::string comment_of(const replay::Recommendation& found, const NamedPolicy& named,
                       const replay::Ask& ask) {
  auto text = fmt::format(
      "# Recommended for {}: at most {:.4g} % of the requests delayed{}.\n", named.name,
      ask.max_delayed * 100,
      ask.max_wait_p99 ? fmt::format(", p99 wait at most {:.4g} s", *ask.max_wait_p99) : "");
  text += search_text(found);
  text += warning_of(found, ask);
  text += fmt::format("#\n# {:<60} {:>10} {:>10} {:>9}\n", "", "replica-h", "delayed %", "p99 s");
  text += line_of("first half: recommended", found.first_half);
  text += line_of("first half: what runs now", found.present_first_half);
  text += line_of("second half: recommended", found.second_half);
  text += line_of("second half: what runs now", found.present_second_half);
  for (const auto& other : found.others)
    text += line_of("second half: " + other.name, other.figures);
  text += hindsight_text(found);
  return text + "#\n";
}

json figures_json(const replay::Figures& f) {
  return {{"replicaHours", f.replica_hours()},
          {"replicaSeconds", f.replica_seconds},
          {"requests", f.requests},
          {"delayed", f.delayed},
          {"delayedShare", f.delayed_share},
          {"waitP99Seconds", f.wait_p99},
          {"waitMaxSeconds", f.wait_max},
          {"coldStarts", f.cold_starts},
          {"unserved", f.unserved}};
}

std::string json_of(const replay::Recommendation& found, const json& object,
                    const replay::Ask& ask) {
  json result = {{"maxDelayedShare", ask.max_delayed},
                 {"keptOnFirstHalf", found.keeps_ask},
                 {"tried", json::array()},
                 {"setting", found.knobs.label()},
                 {"firstHalf",
                  {{"recommended", figures_json(found.first_half)},
                   {"now", figures_json(found.present_first_half)}}},
                 {"secondHalf",
                  {{"recommended", figures_json(found.second_half)},
                   {"now", figures_json(found.present_second_half)}}},
                 {"policy", object}};
  if (ask.max_wait_p99) result["maxWaitP99Seconds"] = *ask.max_wait_p99;
  for (const auto& one : found.tried)
    result["tried"].push_back({{"settings", one.settings},
                               {"partOfFirstHalf", one.part},
                               {"variations", one.variations}});
  auto& second = result["secondHalf"];
  if (found.hindsight)
    second["hindsight"] = {{"name", found.hindsight->name},
                           {"replicaHours", found.hindsight->hours},
                           {"settingsPlayed", found.hindsight_played},
                           {"settingsOfSweep", found.hindsight_swept}};
  for (const auto& other : found.others) {
    auto row = figures_json(other.figures);
    row["name"] = other.name;
    second["others"].push_back(std::move(row));
  }
  return result.dump(2) + "\n";
}

}  // namespace

Result<std::string> recommended(const SimulateOptions& options,
                                const std::vector<NamedPolicy>& policies) {
  if (policies.size() != 1)
    return fail(ErrorKind::InvalidInput,
                fmt::format("--recommend needs the file of one ScalingPolicy, the one that runs "
                            "now; there are {}",
                            policies.size()));
  const auto meanings = meanings_of(options, policies);
  if (!meanings) return fail(meanings.error());
  const auto loads = loads_of(options);
  if (!loads) return fail(loads.error());
  const auto& named = policies.front();
  const replay::Ask ask{.max_delayed = options.max_delayed,
                        .max_wait_p99 = options.max_wait_p99_seconds};
  ProgressBar bar;
  const auto recommended = replay::recommend(
      *loads, setup_of(options),
      {.name = named.name,
       .policy = named.policy,
       .said = said_of(named.policy, *meanings),
       .start = start_of(options)},
      {ask},
      {.threads = options.threads,
       .progress = [&](std::size_t done, std::size_t total) { bar.show(done, total); }});
  if (!recommended) return fail(recommended.error());
  const auto& found = recommended->front();
  const auto object = object_of(*named.object, found);
  const auto checked = api::read_scaling_policy(object, api::UnknownFields::Report);
  if (!checked)
    return fail(ErrorKind::Internal,
                "what was found is no valid ScalingPolicy: " + api::summary(checked.error()));
  if (options.output == OutputFormat::Json) return json_of(found, object, ask);
  return comment_of(found, named, ask) + api::yaml_text(object);
}

}  // namespace poolscaler::app
