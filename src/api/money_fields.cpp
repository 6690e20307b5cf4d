#include "money_fields.hpp"

#include <nlohmann/json.hpp>

#include "poolscaler/base/check.hpp"

namespace poolscaler::api {

using nlohmann::json;

bool is_above_zero(const json& amount) {
  return amount.get_ref<const std::string&>().find_first_of("123456789") != std::string::npos;
}

Amount checked_amount(const json& text) {
  const auto amount = parse_amount(text.get_ref<const std::string&>());
  CHECK(amount, "Syntax::Money is what parse_amount reads");
  return *amount;
}

HourlyRate checked_rate(const json& text) { return HourlyRate::of(checked_amount(text).nano()); }

std::optional<Amount> amount_if_there(const json& object, const char* name) {
  if (!object.contains(name)) return std::nullopt;
  return checked_amount(object[name]);
}

std::optional<HourlyRate> rate_if_there(const json& object, const char* name) {
  if (!object.contains(name)) return std::nullopt;
  return checked_rate(object[name]);
}

}  // namespace poolscaler::api
