// Admission: what each kind adds to an object before it is stored, and the rules between its fields
// that no schema can say. Our own kinds are judged by the api room, where a real server has CEL.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "api_error.hpp"

namespace poolscaler::simulation {

struct Kind;

/// Fills in what the server decides; `before` is null for a new object.
void complete(const Kind& kind, nlohmann::json& object, const nlohmann::json& before);

[[nodiscard]] std::vector<Cause> judge(const Kind& kind, const nlohmann::json& object,
                                       const nlohmann::json& before);

/// What is wrong with names and labels; the same for every kind.
[[nodiscard]] std::vector<Cause> judge_metadata(const Kind& kind, const nlohmann::json& object);

}  // namespace poolscaler::simulation
