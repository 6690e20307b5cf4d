// What a scalar of YAML means. Tools disagree here (is `no` a word, is `010` eight?); this follows
// kubectl where it is clear and refuses where a reader could be surprised.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "poolscaler/base/result.hpp"

namespace poolscaler::api {

/// `tag` as yaml-cpp gives it: "?" for plain text, "!" for quoted text, or an explicit tag.
[[nodiscard]] Result<nlohmann::json> yaml_scalar(std::string_view tag, const std::string& value);

}  // namespace poolscaler::api
