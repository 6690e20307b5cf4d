// Reading fields of objects that came from outside: absent or of another type is "not there", and
// never an exception.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace poolscaler::kube {

/// The member `name` of `object`, or null.
[[nodiscard]] inline const nlohmann::json* member(const nlohmann::json& object,
                                                  std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

/// The member at a path of names, or null.
template <class... Names>
[[nodiscard]] const nlohmann::json* member(const nlohmann::json& object, std::string_view first,
                                           Names... rest) {
  const nlohmann::json* inner = member(object, first);
  return inner ? member(*inner, rest...) : nullptr;
}

template <class... Names>
[[nodiscard]] std::string text_at(const nlohmann::json& object, Names... path) {
  const nlohmann::json* found = member(object, path...);
  return found && found->is_string() ? found->get<std::string>() : std::string();
}

template <class... Names>
[[nodiscard]] std::optional<std::int64_t> integer_at(const nlohmann::json& object, Names... path) {
  const nlohmann::json* found = member(object, path...);
  if (!found || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() &&
      found->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    return std::nullopt;
  return found->get<std::int64_t>();
}

}  // namespace poolscaler::kube
