// IANA time zones by name, from the system's zone files: the one place that looks a zone up.
#pragma once

#include <memory>
#include <string_view>

#include "poolscaler/base/result.hpp"
#include "poolscaler/domain/time_zone.hpp"

namespace poolscaler::api {

inline constexpr std::size_t time_zone_name_max = 64;

/// "Europe/Berlin", "UTC". Thread-safe; each zone is read once and shared for as long as the
/// program runs. Errors: InvalidInput for a name that is no zone, with the remedy.
[[nodiscard]] Result<std::shared_ptr<const TimeZone>> time_zone_named(std::string_view name);

}  // namespace poolscaler::api
