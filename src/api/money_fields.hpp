// What amounts of money have in common where they stand in our objects: they are above 0, in CEL
// and in code, and what the field table has let through is read without another check.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "field_table.hpp"
#include "poolscaler/domain/amount.hpp"

namespace poolscaler::api {

[[nodiscard]] bool is_above_zero(const nlohmann::json& amount);

/// The rule that the amount at `path` is above 0.
[[nodiscard]] constexpr Rule above_zero(std::string_view path) {
  return {.at = path,
          .cel = "self.matches('[1-9]')",
          .problem = "must be above 0",
          .remedy = "write what it is, or leave it out",
          .holds = is_above_zero};
}

/// Of a text of Syntax::Money.
[[nodiscard]] Amount checked_amount(const nlohmann::json& text);
[[nodiscard]] HourlyRate checked_rate(const nlohmann::json& text);
[[nodiscard]] std::optional<Amount> amount_if_there(const nlohmann::json& object,
                                                    const char* name);
[[nodiscard]] std::optional<HourlyRate> rate_if_there(const nlohmann::json& object,
                                                      const char* name);

}  // namespace poolscaler::api
