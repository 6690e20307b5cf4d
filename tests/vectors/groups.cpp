#include "vectors/groups.hpp"

#include <nlohmann/json.hpp>

#include "vectors/runner.hpp"

namespace poolscaler::vectors {

const Groups* groups_of_schema(std::string_view schema) {
  static const Groups hpa = {
      {"average_value_target", {hpa_average_value_target}},
      {"bounds_without_behavior", {hpa_bounds_without_behavior}},
      {"per_pod_usage", {hpa_per_pod_usage}},
      {"pod_grouping", {hpa_pod_grouping}},
      {"pods_average_value", {hpa_pods_average_value}},
      {"rate_limit_only", {hpa_rate_limit_only}},
      {"rate_policies", {hpa_rate_policies}},
      {"reconcile", {hpa_reconcile}},
      {"resource_utilization", {hpa_resource_utilization}},
      {"scale_event_store", {hpa_scale_event_store}},
      {"stabilize_with_behavior", {hpa_stabilize_with_behavior}},
      {"stabilize_without_behavior", {hpa_stabilize_without_behavior}},
      {"value_target", {hpa_value_target}},
  };
  static const Groups others = {
      {"cron_fires_at", {cron_fires_at}},
      {"cron_invalid", {cron_invalid}},
      {"cron_next", {cron_next}},
      {"downscaler_time_spec", {downscaler_time_spec}},
      {"keda_activation", {keda_activation}},
      {"keda_cron_metadata", {keda_cron_metadata}},
      {"keda_cron_window", {keda_cron_window, "expect_active"}},
      {"keda_fallback", {keda_fallback}},
      {"keda_scaledjob", {keda_scaledjob}},
      {"kpa_decider", {kpa_decider, "steps"}},
      {"kpa_max_window", {kpa_max_window}},
      {"kpa_scale_to_zero", {kpa_scale_to_zero}},
  };
  if (schema == "hpa-vectors/1") return &hpa;
  if (schema == "autoscaler-decision-vectors/1") return &others;
  return nullptr;
}

}  // namespace poolscaler::vectors
