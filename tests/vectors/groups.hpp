// The adapters of the groups: each reads one case, asks the production engine or a peer's model,
// and gives the answer back in the case's own words. No rule of any autoscaler stands here.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace poolscaler::vectors {

class Case;

// hpa_arithmetic.cpp
[[nodiscard]] nlohmann::json hpa_value_target(const Case& recorded);
[[nodiscard]] nlohmann::json hpa_average_value_target(const Case& recorded);

// hpa_pods.cpp
[[nodiscard]] nlohmann::json hpa_resource_utilization(const Case& recorded);
[[nodiscard]] nlohmann::json hpa_pods_average_value(const Case& recorded);
[[nodiscard]] nlohmann::json hpa_pod_grouping(const Case& recorded);
[[nodiscard]] nlohmann::json hpa_per_pod_usage(const Case& recorded);

// hpa_reconcile.cpp
[[nodiscard]] nlohmann::json hpa_reconcile(const Case& recorded);

// hpa_behavior.cpp
[[nodiscard]] nlohmann::json hpa_bounds_without_behavior(const Case& recorded);
[[nodiscard]] nlohmann::json hpa_stabilize_without_behavior(const Case& recorded);
[[nodiscard]] nlohmann::json hpa_rate_policies(const Case& recorded);
[[nodiscard]] nlohmann::json hpa_rate_limit_only(const Case& recorded);
[[nodiscard]] nlohmann::json hpa_scale_event_store(const Case& recorded);
[[nodiscard]] nlohmann::json hpa_stabilize_with_behavior(const Case& recorded);

// cron.cpp
[[nodiscard]] nlohmann::json cron_fires_at(const Case& recorded);
[[nodiscard]] nlohmann::json cron_next(const Case& recorded);
[[nodiscard]] nlohmann::json cron_invalid(const Case& recorded);
[[nodiscard]] nlohmann::json keda_cron_metadata(const Case& recorded);
[[nodiscard]] nlohmann::json keda_cron_window(const Case& recorded);
[[nodiscard]] nlohmann::json downscaler_time_spec(const Case& recorded);

// keda.cpp
[[nodiscard]] nlohmann::json keda_activation(const Case& recorded);
[[nodiscard]] nlohmann::json keda_fallback(const Case& recorded);
[[nodiscard]] nlohmann::json keda_scaledjob(const Case& recorded);

// kpa.cpp
[[nodiscard]] nlohmann::json kpa_decider(const Case& recorded);
[[nodiscard]] nlohmann::json kpa_scale_to_zero(const Case& recorded);
[[nodiscard]] nlohmann::json kpa_max_window(const Case& recorded);

}  // namespace poolscaler::vectors
