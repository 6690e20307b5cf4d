// The name of an object of a cluster-scoped kind, which is read with its spec.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "poolscaler/api/objects.hpp"

namespace poolscaler::api {

/// What is wrong with .metadata.name, if anything is. Nothing for what is no object at all.
[[nodiscard]] std::optional<FieldError> name_error(const nlohmann::json& object,
                                                   std::string_view example);

}  // namespace poolscaler::api
