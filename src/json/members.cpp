#include "poolscaler/json/members.hpp"

#include <nlohmann/json.hpp>

namespace poolscaler {

const nlohmann::json* member(const nlohmann::json& object, MemberPath path) {
  const auto* at = &object;
  for (const auto name : path) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(name);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

const nlohmann::json& at_path(const nlohmann::json& object, MemberPath path) {
  static const nlohmann::json nothing;
  const auto* found = member(object, path);
  return found == nullptr ? nothing : *found;
}

std::string text_at(const nlohmann::json& object, MemberPath path) {
  const auto* found = member(object, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<std::int64_t> integer_at(const nlohmann::json& object, MemberPath path) {
  const auto* found = member(object, path);
  if (found == nullptr || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() &&
      found->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    return std::nullopt;
  return found->get<std::int64_t>();
}

}  // namespace poolscaler
