// The example that the story is told with: names of its metrics and its policy. Its load is
// story_load(), in sandbox.hpp; policy, load and cold start are tuned together, so that the whole
// story takes about a minute.
#pragma once

#include <string_view>

#include "poolscaler/domain/amount.hpp"

namespace poolscaler::simulation {

/// Gauges of a model server, with the labels namespace="demo" and model_name="llm": whole requests.
inline constexpr std::string_view waiting_metric = "vllm:num_requests_waiting";
inline constexpr std::string_view running_metric = "vllm:num_requests_running";
inline constexpr std::string_view model_label = "model_name";
/// What a replica works at in parallel: running is the busy replicas times this.
inline constexpr int slots_per_replica = 8;

/// What a node costs, and what the budget pays for.
inline constexpr HourlyRate example_node_price = HourlyRate::of(98'320'000'000);
inline constexpr HourlyRate example_cap = HourlyRate::of(120'000'000'000);

/// ScalingPolicy demo/llm as YAML.
[[nodiscard]] std::string_view example_policy_yaml();
/// MachineDeployment clusters/h100, AcceleratorPool and CostBudget sandbox, in this order.
[[nodiscard]] std::string_view example_pool_yaml();

}  // namespace poolscaler::simulation
