// Get, list and watch: consistent pages out of any revision that is still known, and streams of
// changes with bookmarks and 410, with the resourceVersion rules of a real server.
#pragma once

#include "api_request.hpp"
#include "world.hpp"

namespace poolscaler::simulation {

/// Locks by itself: reading a future resourceVersion waits for it.
[[nodiscard]] Outcome<ServerResponse> get_object(WorldParts& world, const Kind& kind,
                                                 const ApiRequest& request);

/// Locks by itself, for the same reason.
[[nodiscard]] Outcome<ServerResponse> list_objects(WorldParts& world, const KindRef& kind,
                                                   const ApiRequest& request);

/// Locks by itself; the result streams.
[[nodiscard]] Outcome<ServerResponse> watch_objects(WorldParts& world, const KindRef& kind,
                                                    const ApiRequest& request);

/// One object in the view that the client asked for: whole, as a table of one row, metadata only.
[[nodiscard]] nlohmann::json shown(const Kind& kind, const ApiRequest& request,
                                   const nlohmann::json& stored, Instant now);
[[nodiscard]] ServerResponse json_response(int status, const nlohmann::json& body);

}  // namespace poolscaler::simulation
