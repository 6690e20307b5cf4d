// JSON as block YAML, the same bytes on every machine: keys in sorted order, long text folded.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace poolscaler::api {

[[nodiscard]] std::string yaml_text(const nlohmann::json& value);

}  // namespace poolscaler::api
