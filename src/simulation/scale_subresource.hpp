// The scale subresource: one face for everything that has replicas. What it accepts is what a real
// server accepts: null becomes 0, and nothing but a whole number from 0 to 2147483647 is stored.
#pragma once

#include "api_request.hpp"
#include "world.hpp"

namespace poolscaler::simulation {

/// GET, PUT and PATCH of .../scale. The caller holds the world's mutex.
[[nodiscard]] Outcome<ServerResponse> serve_scale(WorldParts& world, const Kind& kind,
                                                  const ApiRequest& request);

}  // namespace poolscaler::simulation
