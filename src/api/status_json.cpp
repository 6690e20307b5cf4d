#include "status_json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"
#include "status_bounds.hpp"

namespace poolscaler::api {

using nlohmann::json;

namespace {

std::string_view word_of(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::True: return "True";
    case ConditionStatus::False: return "False";
    case ConditionStatus::Unknown: return "Unknown";
  }
  return "Unknown";
}

json condition_json(const Condition& condition) {
  return {{"type", fitted(condition.type, 316)},
          {"status", word_of(condition.status)},
          {"reason", name_of(condition.reason)},
          {"message", fitted(condition.message, condition_message_max)},
          {"observedGeneration", generation(condition.observed_generation)},
          {"lastTransitionTime", to_rfc3339(condition.last_transition)}};
}

/// At most 19 digits; nothing where they are too many.
std::optional<std::uint64_t> whole_of(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
    return std::nullopt;
  return number;
}

/// As exact_text() writes it: "-9223372036.854775808" is the smallest.
std::optional<std::int64_t> nano_of(std::string_view text) {
  constexpr std::size_t digits_max = 9;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto point = std::min(text.find('.'), text.size());
  std::string fraction(point == text.size() ? "0" : text.substr(point + 1));
  const auto whole = whole_of(text.substr(0, point));
  if (!whole || fraction.empty() || fraction.size() > digits_max) return std::nullopt;
  fraction.resize(digits_max, '0');
  const auto part = whole_of(fraction);
  if (!part) return std::nullopt;
  std::int64_t nano = 0;
  const auto sign = negative ? -1 : 1;
  constexpr std::uint64_t whole_max = 10'000'000'000;
  if (*whole > whole_max ||
      __builtin_mul_overflow(static_cast<std::int64_t>(*whole), sign * Amount::per_whole, &nano) ||
      __builtin_add_overflow(nano, sign * static_cast<std::int64_t>(*part), &nano))
    return std::nullopt;
  return nano;
}

}  // namespace

std::string fitted(std::string_view text, std::size_t bytes_max) {
  return capped(escaped(text), bytes_max);
}

void put_text(json& object, const char* name, std::string_view text, std::size_t bytes_max) {
  if (!text.empty()) object[name] = fitted(text, bytes_max);
}

std::int32_t count(std::int32_t replicas) { return std::max(replicas, 0); }

std::string number_text(double value) { return fmt::format("{:.10g}", value); }

std::int64_t generation(std::int64_t observed) {
  return std::clamp<std::int64_t>(observed, 0, generation_max);
}

json conditions_json(const std::vector<Condition>& conditions) {
  json list = json::array();
  std::set<std::string_view> seen;
  for (const auto& condition : conditions) {
    if (list.size() == conditions_max) break;
    if (!condition.type.empty() && seen.insert(condition.type).second)
      list.push_back(condition_json(condition));
  }
  return list;
}

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::int64_t integer_at(const json& object, const char* name, std::int64_t max) {
  const auto& value = at_path(object, name);
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

std::int64_t generation_at(const json& object) {
  return integer_at(object, "observedGeneration", generation_max);
}

std::optional<Instant> time_at(const json& object, const char* name) {
  const auto time = parse_rfc3339(text_at(object, name));
  return time ? std::optional(*time) : std::nullopt;
}

std::optional<Amount> amount_at(const json& object, const char* name) {
  const auto nano = nano_of(text_at(object, name));
  return nano ? std::optional(Amount::of(*nano)) : std::nullopt;
}

std::optional<HourlyRate> rate_at(const json& object, const char* name) {
  const auto nano = nano_of(text_at(object, name));
  return nano ? std::optional(HourlyRate::of(*nano)) : std::nullopt;
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

std::vector<Condition> read_conditions(const json& list) {
  std::vector<Condition> conditions;
  each(list, conditions_max, [&](const json& from) {
    auto type = text_at(from, "type");
    const auto reason = reason_at(from);
    const auto time = time_at(from, "lastTransitionTime");
    if (type.empty() || !reason || !time) return;
    const auto status = text_at(from, "status");
    conditions.push_back({.type = std::move(type),
                          .status = status == "True"    ? ConditionStatus::True
                                    : status == "False" ? ConditionStatus::False
                                                        : ConditionStatus::Unknown,
                          .reason = *reason,
                          .message = text_at(from, "message"),
                          .observed_generation = generation_at(from),
                          .last_transition = *time});
  });
  return conditions;
}

}  // namespace poolscaler::api
