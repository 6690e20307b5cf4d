// Discovery and OpenAPI: how a client learns what there is. Both forms of discovery (aggregated,
// and the older documents), and OpenAPI v3 as far as kubectl explains, validates and applies by it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "catalog.hpp"
#include "poolscaler/ports/http_server.hpp"

namespace poolscaler::simulation {

/// Answers /api, /apis, /apis/<group>, /api/v1, /apis/<group>/<version>, /openapi/v3...; nothing
/// for other paths.
[[nodiscard]] std::optional<ServerResponse> serve_discovery(const Catalog& catalog,
                                                            const ServerRequest& request);

/// What a path that nothing answers gets: a Status below a group that is served, text elsewhere.
[[nodiscard]] ServerResponse serve_nothing(const Catalog& catalog, const ServerRequest& request);

/// The OpenAPI v3 document of one group and version.
[[nodiscard]] nlohmann::json open_api_of(const Catalog& catalog, const std::string& group,
                                         const std::string& version);

}  // namespace poolscaler::simulation
