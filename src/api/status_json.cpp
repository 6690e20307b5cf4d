#include "status_json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"

namespace poolscaler::api {

using nlohmann::json;

std::string fitted(std::string_view text, std::size_t bytes_max) {
  return capped(escaped(text), bytes_max);
}

void put_text(json& object, const char* name, std::string_view text, std::size_t bytes_max) {
  if (!text.empty()) object[name] = fitted(text, bytes_max);
}

std::int32_t count(std::int32_t replicas) { return std::max(replicas, 0); }

std::string number_text(double value) { return fmt::format("{:.10g}", value); }

const json& member(const json& object, const char* name) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

std::string text_at(const json& object, const char* name) {
  const auto& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t integer_at(const json& object, const char* name, std::int64_t max) {
  const auto& value = member(object, name);
  if (value.is_number_unsigned())
    return static_cast<std::int64_t>(
        std::min(value.get<std::uint64_t>(), static_cast<std::uint64_t>(max)));
  if (!value.is_number_integer()) return 0;
  return std::clamp<std::int64_t>(value.get<std::int64_t>(), 0, max);
}

std::int32_t replicas_at(const json& object, const char* name) {
  return static_cast<std::int32_t>(
      integer_at(object, name, std::numeric_limits<std::int32_t>::max()));
}

double number_at(const json& object, const char* name) {
  const auto text = text_at(object, name);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(number) ? number
                                                                                            : 0;
}

std::optional<Reason> reason_at(const json& object) {
  const auto word = text_at(object, "reason");
  for (const auto reason : all_reasons)
    if (name_of(reason) == word) return reason;
  return std::nullopt;
}

void each(const json& list, std::size_t items_max, const std::function<void(const json&)>& take) {
  if (!list.is_array()) return;
  for (std::size_t i = 0; i < list.size() && i < items_max; ++i) take(list[i]);
}

}  // namespace poolscaler::api
