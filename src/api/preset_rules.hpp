// What must hold between a preset and its parameters, which differ from preset to preset.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "field_table.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/api/presets.hpp"

namespace poolscaler::api {

/// The rows of `spec.signals[].preset`.
[[nodiscard]] std::span<const Field> preset_fields();

/// What is wrong with the presets of a spec that has passed its fields' checks.
[[nodiscard]] std::vector<FieldError> preset_errors(const nlohmann::json& spec);

/// The parameters that a preset takes, in the order of the table.
[[nodiscard]] std::vector<std::string_view> parameters_of(const Preset& preset);

}  // namespace poolscaler::api
