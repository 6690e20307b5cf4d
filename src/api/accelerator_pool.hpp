// The parts of the kind AcceleratorPool: rows, rules, and the rows of its status.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "field_table.hpp"
#include "poolscaler/domain/accelerator_pool.hpp"

namespace poolscaler::api {

[[nodiscard]] std::span<const Field> warm_fields();
[[nodiscard]] std::span<const Rule> accelerator_pool_rules();
[[nodiscard]] std::span<const Field> pool_status_fields();

/// Of a checked list of {key, value}; none where it is missing.
[[nodiscard]] std::vector<LabelValue> labels_from(const nlohmann::json& object, const char* name);

}  // namespace poolscaler::api
