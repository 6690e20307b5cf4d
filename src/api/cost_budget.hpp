// The parts of the kind CostBudget: the rows of its status.
#pragma once

#include <span>

#include "field_table.hpp"

namespace poolscaler::api {

[[nodiscard]] std::span<const Field> budget_status_fields();

}  // namespace poolscaler::api
