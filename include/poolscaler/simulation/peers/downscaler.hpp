// kube-downscaler's time specs: "Mon-Fri 08:00-18:00 Europe/Berlin", ranges of two instants,
// always, never, and lists of these.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "poolscaler/base/result.hpp"
#include "poolscaler/domain/time_zone.hpp"

namespace poolscaler::simulation::peers {

/// Finds a zone by its name; an error where there is none.
using ZoneLookup = std::function<Result<std::shared_ptr<const TimeZone>>(std::string_view)>;

/// Whether `now` lies in the spec. Of a list, parts after the first that matches are not looked at.
/// Errors: InvalidInput for what the downscaler refuses.
[[nodiscard]] Result<bool> matches_time_spec(std::string_view spec, Instant now,
                                             const ZoneLookup& zones);

}  // namespace poolscaler::simulation::peers
