// Metrics of pods, through the engine's arithmetic over single pods.

#include "vectors/hpa_pods.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

#include "vectors/case_reader.hpp"
#include "vectors/groups.hpp"
#include "vectors/hpa_words.hpp"

namespace poolscaler::vectors {

using Json = nlohmann::json;
using engine::PodGroup;
using engine::PodUsageGap;

namespace {

constexpr Seconds metric_window{60};

PodPhase phase_of(const Case& word) {
  static const std::map<std::string, PodPhase> phases = {{"Pending", PodPhase::Pending},
                                                         {"Running", PodPhase::Running},
                                                         {"Unknown", PodPhase::Running},
                                                         {"Failed", PodPhase::Ended},
                                                         {"Succeeded", PodPhase::Ended}};
  return word.word(phases);
}

std::optional<Instant> before_now(const std::optional<Millis>& age) {
  return age ? std::optional(case_now - *age) : std::nullopt;
}

PodSample pod_of(const Case& pod) {
  PodSample sample{.phase = phase_of(pod.at("phase")), .deleting = pod.boolean("deleting")};
  if (pod.has("ready")) sample.ready = pod.boolean("ready");
  sample.started = before_now(pod.maybe_seconds("start_age_s"));
  sample.ready_changed = before_now(pod.maybe_seconds("transition_age_s"));
  return sample;
}

void measure(PodSample& sample, std::int64_t usage) {
  sample.usage_milli = usage;
  sample.measured = case_now;
  sample.window = metric_window;
}

/// The sum of a row, or its one container; nothing when the row is null or has no such container.
std::optional<std::int64_t> amount_of(const Case& row, std::optional<std::int32_t> container) {
  if (row.json().is_null()) return std::nullopt;
  const auto parts = row.elements();
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (!container || static_cast<std::size_t>(*container) == i) sum += parts[i].int64();
  const bool is_there = container ? static_cast<std::size_t>(*container) < parts.size()
                                  : !parts.empty();
  return is_there ? std::optional(sum) : std::nullopt;
}

/// The pod that row `i` of the metrics belongs to: its own place, unless names say otherwise
/// ("...-2" is the pod of place 2).
std::size_t pod_of_row(const Case& recorded, std::size_t i) {
  if (!recorded.has("metric_pod_names")) return i;
  const auto names = recorded.list("metric_pod_names");
  if (i >= names.size()) return i;
  const auto name = names[i].text();
  const auto digits = name.find_last_not_of("0123456789") + 1;
  std::size_t place = 0;
  const auto [end, failure] =
      std::from_chars(name.data() + digits, name.data() + name.size(), place);
  return failure == std::errc{} && digits > 0 ? place : std::string::npos;
}

const char* error_of(PodUsageGap gap, bool custom) {
  switch (gap) {
    case PodUsageGap::None: return "";
    case PodUsageGap::NothingMeasured:
      return custom ? "no metrics returned from custom metrics API"
                    : "no metrics returned from resource metrics API";
    case PodUsageGap::NothingCounts: return "did not receive metrics for targeted pods (pods might be unready)";
    case PodUsageGap::RequestMissing: return "missing request for";
    case PodUsageGap::NoRequests: return "no metrics returned matched known pods";
  }
  return "";
}

Json names_in(const std::vector<Case>& pods, const std::vector<PodGroup>& groups,
              PodGroup wanted) {
  Json names = Json::array();
  for (std::size_t i = 0; i < pods.size(); ++i)
    if (groups[i] == wanted) names.push_back(pods[i].text("name"));
  return names;
}

}  // namespace

PodSample pod_of_class(const Case& word) {
  // PodPhase, ready, deleting, age of the start and of the last turn of readiness.
  struct Class {
    PodPhase phase;
    bool ready;
    bool deleting;
    std::optional<Seconds> age;
  };
  static const std::map<std::string, Class> classes = {
      {"ready", {PodPhase::Running, true, false, Seconds(3600)}},
      {"never_ready", {PodPhase::Running, false, false, Seconds(3600)}},
      {"cool", {PodPhase::Running, true, false, Seconds(180)}},
      {"hot", {PodPhase::Running, true, false, Seconds(0)}},
      {"hot_unready", {PodPhase::Running, false, false, Seconds(0)}},
      {"pending", {PodPhase::Pending, false, false, {}}},
      {"failed", {PodPhase::Ended, false, false, Seconds(3600)}},
      {"succeeded", {PodPhase::Ended, false, false, Seconds(3600)}},
      {"deleting", {PodPhase::Running, false, true, Seconds(3600)}}};
  const auto& found = word.word(classes);
  PodSample sample{.phase = found.phase, .deleting = found.deleting, .ready = found.ready};
  if (found.age) sample.started = sample.ready_changed = case_now - *found.age;
  return sample;
}

void add_usage(std::vector<PodSample>& pods, std::size_t place, std::int64_t usage) {
  if (place < pods.size() && pods[place].known) {
    measure(pods[place], usage);
    return;
  }
  auto& stranger = pods.emplace_back(PodSample{.known = false});
  measure(stranger, usage);
}

engine::PodsMeasured measured(const std::vector<PodSample>& pods, Resource resource) {
  return {.pods = pods,
          .resource = resource,
          .now = case_now,
          .patience = {.cpu_initialization = Seconds(120),
                       .initial_readiness_delay = Seconds(10)}};
}

Json hpa_resource_utilization(const Case& recorded) {
  const auto container = recorded.maybe_int32("container");
  std::vector<PodSample> pods;
  for (const auto& word : recorded.list("pods")) pods.push_back(pod_of_class(word));
  const auto requests = recorded.list("pod_request_m");
  for (std::size_t i = 0; i < pods.size() && i < requests.size(); ++i)
    pods[i].request_milli = amount_of(requests[i], container);
  const bool no_pods = pods.empty();
  const auto rows = recorded.list("pod_metric_m");
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (const auto usage = amount_of(rows[i], container))
      add_usage(pods, pod_of_row(recorded, i), *usage);
  const auto got = engine::resource_utilization(
      measured(pods, Resource::Cpu), recorded.number("target_utilization_pct"),
      recorded.int32("current_replicas"), tolerance_of(recorded));
  if (got.gap != PodUsageGap::NothingMeasured && no_pods)
    return {{"error", "no pods returned by selector while calculating replica count"}};
  if (got.gap != PodUsageGap::None) return {{"error", error_of(got.gap, false)}};
  return {{"replicas", got.proposal.replicas},
          {"utilization_pct", got.utilization_percent},
          {"raw_average_m", got.average_milli}};
}

Json hpa_pods_average_value(const Case& recorded) {
  std::vector<PodSample> pods;
  for (const auto& word : recorded.list("pods")) pods.push_back(pod_of_class(word));
  const bool no_pods = pods.empty();
  const auto rows = recorded.list("pod_metric_m");
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (!rows[i].json().is_null()) add_usage(pods, pod_of_row(recorded, i), rows[i].int64());
  const auto got = engine::pods_average_value(
      measured(pods, Resource::Memory), static_cast<double>(recorded.int64("target_m")),
      recorded.int32("current_replicas"), tolerance_of(recorded));
  if (got.gap != PodUsageGap::NothingMeasured && no_pods)
    return {{"error", "no pods returned by selector while calculating replica count"}};
  if (got.gap != PodUsageGap::None) return {{"error", error_of(got.gap, true)}};
  return {{"replicas", got.proposal.replicas}, {"usage_m", got.average_milli}};
}

Json hpa_pod_grouping(const Case& recorded) {
  const auto resource = recorded.text("resource") == "cpu" ? Resource::Cpu : Resource::Memory;
  const auto metrics = recorded.at("metrics");
  const auto pods = recorded.list("pods");
  std::vector<PodGroup> groups;
  for (const auto& pod : pods) {
    auto sample = pod_of(pod);
    if (const auto name = pod.text("name"); metrics.has(name.c_str())) {
      const auto metric = metrics.at(name.c_str());
      sample.usage_milli = 1;
      sample.measured = before_now(metric.maybe_seconds("age_s"));
      sample.window = metric.maybe_seconds("window_s").value_or(Millis{0});
    }
    const auto rules = measured({}, resource);
    groups.push_back(engine::group_of(sample, resource, rules.patience, case_now));
  }
  return {{"ready_count", std::ranges::count(groups, PodGroup::Ready)},
          {"unready", names_in(pods, groups, PodGroup::Unready)},
          {"missing", names_in(pods, groups, PodGroup::Missing)},
          {"ignored", names_in(pods, groups, PodGroup::Ignored)}};
}

Json hpa_per_pod_usage(const Case& recorded) {
  return {{"usage_per_pod_m", engine::per_replica_usage(recorded.int64("usage_m"),
                                                        recorded.int32("status_replicas"))}};
}

}  // namespace poolscaler::vectors
