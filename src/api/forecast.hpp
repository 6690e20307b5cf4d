// The forecast: rows and rules of `spec.forecast`, and `status.forecast` on its way out and in.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>

#include "field_table.hpp"
#include "poolscaler/api/objects.hpp"

namespace poolscaler::api {

[[nodiscard]] std::span<const Field> forecast_fields();
[[nodiscard]] std::span<const Rule> forecast_rules();
/// What no rule can say: a preset's own target may be one that cannot be forecast.
[[nodiscard]] std::optional<FieldError> forecast_error(const ScalingPolicy& policy);

[[nodiscard]] std::span<const Field> forecast_status_fields();
[[nodiscard]] nlohmann::json forecast_json(const ForecastStatus& status);
/// Lenient, like all of a status.
[[nodiscard]] std::optional<ForecastStatus> read_forecast(const nlohmann::json& from);

}  // namespace poolscaler::api
