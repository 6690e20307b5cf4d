// The pool of a policy and what it may cost: rows and rules of spec, and its status out and in.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "field_table.hpp"
#include "poolscaler/api/objects.hpp"

namespace poolscaler::api {

[[nodiscard]] std::span<const Field> policy_cost_fields();
[[nodiscard]] std::span<const Rule> policy_cost_rules();
/// Of a checked spec: `poolRef`, `acceleratorsPerReplica` and `cost`.
void read_policy_cost(const nlohmann::json& spec, ScalingPolicy& policy);

[[nodiscard]] std::span<const Field> policy_cost_status_fields();
void put_policy_cost(nlohmann::json& status, const PolicyStatus& from);
/// Lenient, like all of a status.
void read_policy_cost_status(const nlohmann::json& status, PolicyStatus& into);

}  // namespace poolscaler::api
