// What the parts of a status have in common on their way to JSON and back: texts that fit, and
// members that may be missing or of any type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/amount.hpp"
#include "poolscaler/domain/reason.hpp"

namespace poolscaler::api {

[[nodiscard]] std::string fitted(std::string_view text, std::size_t bytes_max);
/// Nothing where the text is empty.
void put_text(nlohmann::json& object, const char* name, std::string_view text,
              std::size_t bytes_max);
[[nodiscard]] std::int32_t count(std::int32_t replicas);
/// Ten digits tell any replica arithmetic apart and hide the noise of binary fractions.
[[nodiscard]] std::string number_text(double value);
/// Within what the schema allows.
[[nodiscard]] std::int64_t generation(std::int64_t observed);
[[nodiscard]] nlohmann::json conditions_json(const std::vector<Condition>& conditions);
[[nodiscard]] std::string dumped(const nlohmann::json& value);

/// From 0 to `max`; 0 where it is no integer.
[[nodiscard]] std::int64_t integer_at(const nlohmann::json& object, const char* name,
                                      std::int64_t max);
[[nodiscard]] std::int32_t replicas_at(const nlohmann::json& object, const char* name);
/// Of a decimal text; 0 where it is none.
[[nodiscard]] double number_at(const nlohmann::json& object, const char* name);
[[nodiscard]] std::int64_t generation_at(const nlohmann::json& object);
[[nodiscard]] std::optional<Instant> time_at(const nlohmann::json& object, const char* name);
/// Of what exact_text() wrote, negative ones too; nothing where it is no amount.
[[nodiscard]] std::optional<Amount> amount_at(const nlohmann::json& object, const char* name);
[[nodiscard]] std::optional<HourlyRate> rate_at(const nlohmann::json& object, const char* name);
[[nodiscard]] std::vector<Condition> read_conditions(const nlohmann::json& list);
/// Of member `reason`, where it is a word of the catalogue.
[[nodiscard]] std::optional<Reason> reason_at(const nlohmann::json& object);

/// Items of a list, no more than the schema allows.
void each(const nlohmann::json& list, std::size_t items_max,
          const std::function<void(const nlohmann::json&)>& take);

}  // namespace poolscaler::api
