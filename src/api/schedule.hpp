// From the windows of a checked spec to those of the domain.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/api/time_zones.hpp"
#include "poolscaler/domain/window.hpp"

namespace poolscaler::api {

/// `schedule` has passed the field table; crons, zones, dates and what they mean together are
/// checked here. All errors are collected.
[[nodiscard]] Checked<std::vector<Window>> schedule_from(const nlohmann::json& schedule);

}  // namespace poolscaler::api
