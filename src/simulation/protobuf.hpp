// The protobuf form of built-in kinds, which Go clients send by default and kubectl in `create` and
// `autoscale`: read into the JSON that such clients would have sent instead.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "poolscaler/base/result.hpp"

namespace poolscaler::simulation {

/// A body of `application/vnd.kubernetes.protobuf`. What stands for "not set" in Go (empty texts,
/// zeros that are no pointers) is left out. Fails with the place of what it does not know.
[[nodiscard]] Result<nlohmann::json> read_protobuf(std::string_view body);

}  // namespace poolscaler::simulation
