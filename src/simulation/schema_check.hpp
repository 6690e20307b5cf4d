// Structural schemas at work: what the API server does with an object before it is stored. Pruning
// removes what the schema does not know (and says what it was), defaults fill in, checking finds
// every violation in the words of a real server.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "api_error.hpp"

namespace poolscaler::simulation {

/// Removes unknown fields from `object`; the result names them: "spec.foo", "spec.list[0].bar".
[[nodiscard]] std::vector<std::string> prune(nlohmann::json& object, const nlohmann::json& schema);

void fill_defaults(nlohmann::json& object, const nlohmann::json& schema);

/// At most 50 violations.
[[nodiscard]] std::vector<Cause> check(const nlohmann::json& object, const nlohmann::json& schema);

/// Of the CEL rules of a schema those that only compare two whole numbers of one object, such as
/// `self.minReplicas <= self.maxReplicas`. The others are not run here.
[[nodiscard]] std::vector<Cause> check_comparisons(const nlohmann::json& object,
                                                   const nlohmann::json& schema);

/// Nulls are absent fields in the built-in kinds.
void drop_nulls(nlohmann::json& object);

}  // namespace poolscaler::simulation
