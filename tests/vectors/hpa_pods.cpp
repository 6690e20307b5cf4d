// Metrics of the pods themselves, through the engine's arithmetic over single pods.

#include "pod_usage.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "poolscaler/engine/hpa.hpp"
#include "vectors/case_reader.hpp"
#include "vectors/groups.hpp"
#include "vectors/hpa_words.hpp"

namespace poolscaler::vectors {

using Json = nlohmann::json;

namespace {

/// HPA's words for what keeps it from reckoning; cases quote a part of one of them.
std::vector<std::string_view> words_of(engine::PodUsageGap gap) {
  switch (gap) {
    case engine::PodUsageGap::NothingMeasured:
      return {"no metrics returned from resource metrics API",
              "no metrics returned from custom metrics API",
              "did not receive metrics for any ready pods"};
    case engine::PodUsageGap::NothingCounts:
      return {"did not receive metrics for targeted pods (pods might be unready)",
              "did not receive metrics for any ready pods"};
    case engine::PodUsageGap::RequestMissing: return {"missing request for"};
    case engine::PodUsageGap::NoRequests:
      return {"no metrics returned matched known pods"};
    case engine::PodUsageGap::None: break;
  }
  return {};
}

Json gap_of(const Case& recorded, engine::PodUsageGap gap) {
  const auto words = words_of(gap);
  const auto& expected = recorded.at("expect").json();
  if (expected.is_object() && expected.contains("error") && expected["error"].is_string()) {
    const auto quoted = expected["error"].get<std::string>();
    for (const auto word : words)
      if (word.find(quoted) != std::string_view::npos) return {{"error", quoted}};
  }
  return {{"error", words.front()}};
}

/// Of all containers, or of the one that is measured; null is nothing.
std::optional<std::int64_t> sum_of_row(const Case& row, const std::optional<std::int64_t>& only) {
  if (row.json().is_null()) return std::nullopt;
  if (row.json().is_number()) return row.int64();
  const auto containers = row.elements();
  if (only) {
    const auto index = static_cast<std::size_t>(*only);
    if (index >= containers.size()) return std::nullopt;
    return containers[index].int64();
  }
  std::vector<std::int64_t> quantities;
  for (const auto& container : containers) quantities.push_back(container.int64());
  return engine::hpa::sum_of(quantities);
}

/// To whom row i of the metrics belongs: pod i, or the pod of that name ("pod-2", "2").
std::size_t pod_of_row(const Case& recorded, std::size_t row, std::size_t unknown) {
  if (!recorded.has("metric_pod_names")) return row;
  const auto names = recorded.list("metric_pod_names");
  if (row >= names.size()) return unknown;
  const auto name = names[row].json().is_number() ? std::to_string(names[row].int64())
                                                  : names[row].text();
  const auto digits = name.find_last_not_of("0123456789") + 1;
  const auto number = name.substr(digits == std::string::npos + 1 ? 0 : digits);
  return number.empty() || number.size() > 6 ? unknown : std::stoul(number);
}

std::vector<PodSample> samples_of(const Case& recorded) {
  const auto only = recorded.maybe_int64("container");
  std::vector<PodSample> pods;
  for (const auto& pod : recorded.list("pods")) pods.push_back(pod_of_class(pod));
  const auto known = pods.size();
  if (recorded.has("pod_request_m")) {
    const auto requests = recorded.list("pod_request_m");
    for (std::size_t i = 0; i < requests.size() && i < known; ++i)
      pods[i].request_milli = sum_of_row(requests[i], only);
  }
  const auto rows = recorded.list("pod_metric_m");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto usage = sum_of_row(rows[i], only);
    const auto pod = pod_of_row(recorded, i, known);
    if (pod < known)
      pods[pod].usage_milli = usage;
    else if (usage)
      pods.push_back({.known = false, .usage_milli = usage});
  }
  return pods;
}

std::int64_t positive(const Case& recorded, const char* field) {
  const auto target = recorded.int64(field);
  if (target <= 0) recorded.at(field).fail("must be above 0");
  return target;
}

}  // namespace

Json hpa_resource_utilization(const Case& recorded) {
  const auto pods = samples_of(recorded);
  const auto got = engine::resource_utilization(
      cpu_of(pods), static_cast<double>(positive(recorded, "target_utilization_pct")),
      recorded.int32("current_replicas"), tolerance_of(recorded));
  if (got.gap != engine::PodUsageGap::None) return gap_of(recorded, got.gap);
  return {{"replicas", got.proposal.replicas},
          {"utilization_pct", got.utilization_percent},
          {"raw_average_m", got.average_milli}};
}

Json hpa_pods_average_value(const Case& recorded) {
  const auto pods = samples_of(recorded);
  auto measured = cpu_of(pods);
  measured.resource = Resource::Memory;  // readiness is looked at for cpu alone
  const auto got = engine::pods_average_value(
      measured, static_cast<double>(positive(recorded, "target_m")),
      recorded.int32("current_replicas"), tolerance_of(recorded));
  if (got.gap != engine::PodUsageGap::None) return gap_of(recorded, got.gap);
  return {{"replicas", got.proposal.replicas}, {"usage_m", got.average_milli}};
}

Json hpa_pod_grouping(const Case& recorded) {
  const bool is_cpu = recorded.text("resource") == "cpu";
  const auto metrics = recorded.at("metrics");
  std::map<engine::PodGroup, std::vector<std::string>> groups;
  for (const auto& pod : recorded.list("pods")) {
    auto sample = pod_of_fields(pod);
    const auto name = pod.text("name");
    if (metrics.has(name.c_str())) {
      const auto metric = metrics.at(name.c_str());
      const auto age = metric.maybe_seconds("age_s");
      sample.usage_milli = 1;
      sample.measured = age ? std::optional(case_now - *age) : std::nullopt;
      sample.window = metric.maybe_seconds("window_s").value_or(Millis{0});
    }
    groups[engine::group_of(sample, is_cpu ? Resource::Cpu : Resource::Memory, patience,
                            case_now)]
        .push_back(name);
  }
  // Groups are sets: an expectation in another order is the same.
  const auto set_of = [&](engine::PodGroup group, const char* field) -> Json {
    auto names = groups[group];
    std::ranges::sort(names);
    const auto& expected = recorded.at("expect").json();
    auto sorted = expected.value(field, Json::array());
    std::sort(sorted.begin(), sorted.end());
    return sorted == Json(names) ? expected.value(field, Json::array()) : Json(names);
  };
  return {{"ready_count", groups[engine::PodGroup::Ready].size()},
          {"unready", set_of(engine::PodGroup::Unready, "unready")},
          {"missing", set_of(engine::PodGroup::Missing, "missing")},
          {"ignored", set_of(engine::PodGroup::Ignored, "ignored")}};
}

Json hpa_per_pod_usage(const Case& recorded) {
  return {{"usage_per_pod_m", engine::per_replica_usage(recorded.int64("usage_m"),
                                                        recorded.int32("status_replicas"))}};
}

}  // namespace poolscaler::vectors
