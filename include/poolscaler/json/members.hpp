// Members of JSON that came from outside: what is absent, or of another type, is not there. Nothing
// here throws, whatever the value looks like.
//
// A path goes from the outside in, as a list or as names one by one:
//   text_at(pod, {"metadata", "name"})  and  text_at(pod, "metadata", "name")
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace poolscaler {

using MemberPath = std::initializer_list<std::string_view>;

template <class T>
concept MemberName = std::convertible_to<const T&, std::string_view>;

/// The member, or nullptr; a null that is there is a member.
[[nodiscard]] const nlohmann::json* member(const nlohmann::json& object, MemberPath path);
/// The member, or null.
[[nodiscard]] const nlohmann::json& at_path(const nlohmann::json& object, MemberPath path);
/// Empty where it is no text.
[[nodiscard]] std::string text_at(const nlohmann::json& object, MemberPath path);
/// Nothing where it is no integer of 64 bits with a sign.
[[nodiscard]] std::optional<std::int64_t> integer_at(const nlohmann::json& object,
                                                     MemberPath path);

template <MemberName... Names>
[[nodiscard]] const nlohmann::json* member(const nlohmann::json& object, const Names&... names) {
  return member(object, {std::string_view(names)...});
}
template <MemberName... Names>
[[nodiscard]] const nlohmann::json& at_path(const nlohmann::json& object, const Names&... names) {
  return at_path(object, {std::string_view(names)...});
}
template <MemberName... Names>
[[nodiscard]] std::string text_at(const nlohmann::json& object, const Names&... names) {
  return text_at(object, {std::string_view(names)...});
}
template <MemberName... Names>
[[nodiscard]] std::optional<std::int64_t> integer_at(const nlohmann::json& object,
                                                     const Names&... names) {
  return integer_at(object, {std::string_view(names)...});
}

}  // namespace poolscaler
