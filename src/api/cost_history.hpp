// The cost of past hours, and of the one that is not over, in a status, kept short: kinds of nodes
// with their prices stand there once, and hours that are alike as one.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "field_table.hpp"
#include "poolscaler/api/budget_status.hpp"

namespace poolscaler::api {

/// Rows at `status.history` and `status.openHour`.
[[nodiscard]] std::span<const Field> history_status_fields();
/// Hours in the order of time; the oldest are left out where there are too many.
[[nodiscard]] nlohmann::json history_json(const std::vector<CostHourStatus>& hours);
/// Hours that cannot be read are not there.
[[nodiscard]] std::vector<CostHourStatus> read_history(const nlohmann::json& from);

[[nodiscard]] nlohmann::json open_hour_json(const OpenHourStatus& open);
/// Nothing where a part of it is missing.
[[nodiscard]] std::optional<OpenHourStatus> read_open_hour(const nlohmann::json& from);

}  // namespace poolscaler::api
