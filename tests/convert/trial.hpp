// One recorded decision of HPA on its way: written as the HPA that decided so, converted, read by
// the operator's own reader and decided by its engine.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/domain/decision.hpp"

namespace poolscaler::convert {

inline constexpr Instant trial_now{Seconds{1'800'000'000}};

struct Trial {
  Trial();

  nlohmann::json spec;  // of the HPA
  std::int32_t current = 0;
  std::int32_t ready = 0;
  bool is_readable = true;  // the target; else the operator decides nothing
  std::vector<SignalReading> signals{};
  Memory memory{};
  std::int32_t expected = 0;
  /// What is remembered of changes afterwards, in ascending order.
  std::optional<std::vector<std::int32_t>> changes{};
};

struct Trialled {
  std::int32_t replicas = -1;            // -1: nothing came of the HPA
  std::vector<std::int32_t> changes{};
  std::string notes;                     // of the conversion
};
[[nodiscard]] Trialled run(const Trial& trial);

/// The memory of an operator that has looked on for long, and wished the same just now: nothing
/// that it remembers holds anything.
[[nodiscard]] Memory long_memory(std::int32_t wish);

[[nodiscard]] std::string milli(const nlohmann::json& value);
/// Milli-units as the number that a signal carries; the sum saturates as HPA's does.
[[nodiscard]] SignalReading reading_of(const nlohmann::json& milli_values);

/// A metric of type External; `type` is Value or AverageValue.
[[nodiscard]] nlohmann::json external(const std::string& type, const std::string& number);
/// A metric of type Resource, cpu; of one container where that is named.
[[nodiscard]] nlohmann::json cpu_percent(int percent, const std::string& container = {});
/// No window, no rate; the tolerances of a recorded case.
[[nodiscard]] nlohmann::json free_behavior(const nlohmann::json& tolerance);
/// One direction of behavior from {select, window_s, tolerance, policies}, as far as it is there.
[[nodiscard]] nlohmann::json rules_of(const nlohmann::json& rules);
[[nodiscard]] std::vector<TimedReplicas> entries_of(const nlohmann::json& pairs);

[[nodiscard]] PodSample ready_pod();

// The groups of the file, each case as one or several trials.
using Trials = std::vector<Trial>;
[[nodiscard]] Trials value_target(const nlohmann::json& recorded);
[[nodiscard]] Trials average_value_target(const nlohmann::json& recorded);
[[nodiscard]] Trials per_pod_usage(const nlohmann::json& recorded);
[[nodiscard]] Trials rate_policies(const nlohmann::json& recorded);
[[nodiscard]] Trials rate_limit_only(const nlohmann::json& recorded);
[[nodiscard]] Trials scale_event_store(const nlohmann::json& recorded);
[[nodiscard]] Trials stabilize_with_behavior(const nlohmann::json& recorded);
[[nodiscard]] Trials stabilize_without_behavior(const nlohmann::json& recorded);
[[nodiscard]] Trials bounds_without_behavior(const nlohmann::json& recorded);
[[nodiscard]] Trials resource_utilization(const nlohmann::json& recorded);
[[nodiscard]] Trials pods_average_value(const nlohmann::json& recorded);
[[nodiscard]] Trials pod_grouping(const nlohmann::json& recorded);
[[nodiscard]] Trials reconcile(const nlohmann::json& recorded);

}  // namespace poolscaler::convert
