// The rows of the catalogue of presets, by subject.
#pragma once

#include <span>

#include "poolscaler/api/presets.hpp"

namespace poolscaler::api {

[[nodiscard]] std::span<const Preset> server_presets();
[[nodiscard]] std::span<const Preset> gateway_presets();
[[nodiscard]] std::span<const Preset> device_presets();
[[nodiscard]] std::span<const Preset> queue_presets();

}  // namespace poolscaler::api
