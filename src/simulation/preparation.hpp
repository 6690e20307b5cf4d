// Preparation of an object for the store: identity, unknown fields, defaults, schema and rules, in
// the order of a real server.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "api_request.hpp"
#include "world.hpp"

namespace poolscaler::simulation {

/// A body as JSON: bounded in depth. Errors: 400.
[[nodiscard]] Outcome<nlohmann::json> read_body(const ApiRequest& request);

/// apiVersion, kind, namespace and name of a body agree with the request. Errors: 400.
[[nodiscard]] Outcome<void> settle_identity(const Kind& kind, const ApiRequest& request,
                                            nlohmann::json& object);

/// Prunes, fills in, checks. The result is the warnings about unknown fields. `before` is null for
/// a new object. Errors: 400 (unknown fields under Strict, wrong types), 422.
[[nodiscard]] Outcome<std::vector<std::string>> prepare(const Kind& kind, const ApiRequest& request,
                                                        nlohmann::json& object,
                                                        const nlohmann::json& before);

}  // namespace poolscaler::simulation
