// Rows that the status of every kind has.
#pragma once

#include <span>

#include "field_table.hpp"

namespace poolscaler::api {

/// status.observedGeneration and status.conditions.
[[nodiscard]] std::span<const Field> condition_status_fields();

}  // namespace poolscaler::api
