// Quantities of Kubernetes ("250m", "1.5Gi", "123456789n") in whole milli-units, as the HPA reckons
// with them: rounded up, saturated at 2^63-1.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace poolscaler {

/// Nothing when the text is no quantity, or a negative one.
[[nodiscard]] std::optional<std::int64_t> milli_quantity(std::string_view text);

}  // namespace poolscaler
