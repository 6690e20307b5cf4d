// The schemas of the built-in kinds, written in a notation of one line per field and turned into
// the structural schemas that CRDs have, so that validation, defaults, explain and merge keys have
// one source for every kind. A trimmed catalogue: parts that nothing here looks into are open.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace poolscaler::simulation {

/// The schema of a built-in kind; open below metadata where the notation has none.
[[nodiscard]] std::shared_ptr<const nlohmann::json> built_in_schema(std::string_view kind);

/// The schema of metadata, the same for every kind.
[[nodiscard]] const nlohmann::json& metadata_schema();

}  // namespace poolscaler::simulation
