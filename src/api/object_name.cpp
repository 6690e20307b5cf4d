#include "object_name.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "checked_reader.hpp"

namespace poolscaler::api {
namespace {

constexpr std::size_t name_bytes_max = 253;

}  // namespace

std::optional<FieldError> name_error(const nlohmann::json& object, std::string_view example) {
  if (!object.is_object()) return std::nullopt;  // said already
  const auto metadata = object.find("metadata");
  const auto* name = metadata != object.end() && metadata->is_object() && metadata->contains("name")
                         ? &(*metadata)["name"]
                         : nullptr;
  const auto remedy = fmt::format("for example {}", example);
  if (!name)
    return FieldError{
        .path = "metadata.name", .value = {}, .problem = "is required", .remedy = remedy};
  const auto& syntax = facts_of(Syntax::DnsSubdomain);
  if (name->is_string() && name->get_ref<const std::string&>().size() <= name_bytes_max &&
      syntax.matches(name->get_ref<const std::string&>()))
    return std::nullopt;
  return FieldError{.path = "metadata.name",
                    .value = shown(*name),
                    .problem = std::string(syntax.words),
                    .remedy = remedy};
}

}  // namespace poolscaler::api
