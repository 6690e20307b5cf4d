// What a signal may read and ask for beside a metric and a target: the usage of the target's own
// pods, steps, and the formula that makes one number of all signals.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "field_table.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::api {

/// The rows of `resource`, `steps` and `formula`.
[[nodiscard]] std::span<const Field> demand_fields();
/// What must hold between them and the other fields of a signal.
[[nodiscard]] std::span<const Rule> demand_rules();
/// What no rule can say: steps in order, a formula that can be read and names signals. Of a spec
/// that has passed the checks of its fields.
[[nodiscard]] std::vector<FieldError> demand_errors(const nlohmann::json& spec);

// The following read a spec without errors.
[[nodiscard]] PodResource resource_from(const nlohmann::json& resource);
/// The signal asks by its steps.
void read_steps(const nlohmann::json& steps, Signal& signal);
[[nodiscard]] CombiningFormula formula_from(const nlohmann::json& formula,
                                            std::span<const Signal> signals);

}  // namespace poolscaler::api
