// What a changed ScalingPolicy would decide now, as far as the status of the present one tells.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "poolscaler/api/manifests.hpp"

namespace poolscaler::app {

struct Effect {
  std::int32_t before = 0;  // desired replicas
  std::int32_t after = 0;
  std::string why{};     // the explanation of `after`, in one line
  std::string causes{};  // "maxReplicas rises"; empty when nothing changes
};

/// `live` is the present object with its status; `after` is valid. An error says why nothing is
/// known.
[[nodiscard]] Result<Effect> effect_of(const nlohmann::json& live, const nlohmann::json& after,
                                       const std::vector<api::FieldChange>& changes);

}  // namespace poolscaler::app
