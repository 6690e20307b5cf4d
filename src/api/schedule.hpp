// From the windows of a checked spec to those of the domain.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "field_table.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/api/time_zones.hpp"
#include "poolscaler/domain/window.hpp"

namespace poolscaler::api {

/// `schedule` has passed the field table; crons, zones, dates and what they mean together are
/// checked here. All errors are collected.
[[nodiscard]] Checked<std::vector<Window>> schedule_from(const nlohmann::json& schedule);

/// The same of `spec.warm.schedule` of a pool, whose windows have `nodes` for a floor.
[[nodiscard]] Checked<std::vector<Window>> windows_of_nodes(const nlohmann::json& schedule);
/// What must hold between the fields of one of its windows.
[[nodiscard]] std::span<const Rule> window_rules_of_nodes();

}  // namespace poolscaler::api
