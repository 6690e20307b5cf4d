// The patches that change one object: JSON patch, JSON merge patch and strategic merge patch.
// (Apply is in managed_fields.hpp: it needs to know who owns what.)
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "api_error.hpp"

namespace poolscaler::simulation {

struct Kind;

/// RFC 6902. A failed test, or a path that is not there, is 422 Invalid, as on a real server.
[[nodiscard]] Outcome<nlohmann::json> json_patched(const nlohmann::json& object,
                                                   const nlohmann::json& patch);

/// RFC 7386.
[[nodiscard]] nlohmann::json merge_patched(nlohmann::json object, const nlohmann::json& patch);

/// Lists that the schema declares as maps are merged by their first key; `$patch`, `$retainKeys`,
/// `$deleteFromPrimitiveList` and `$setElementOrder` are obeyed.
[[nodiscard]] Outcome<nlohmann::json> strategically_patched(const nlohmann::json& object,
                                                            const nlohmann::json& patch,
                                                            const nlohmann::json& schema);

/// The schema of a property, or an open one.
[[nodiscard]] const nlohmann::json& schema_of_field(const nlohmann::json& schema,
                                                    const std::string& name);

}  // namespace poolscaler::simulation
