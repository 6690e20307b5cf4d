#include "catalog.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "built_in_schemas.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

std::vector<std::string> texts_at(const json& object, MemberPath path) {
  std::vector<std::string> texts;
  const auto& list = at_path(object, path);
  if (!list.is_array()) return texts;
  for (const auto& entry : list)
    if (entry.is_string()) texts.push_back(entry);
  return texts;
}

std::vector<Column> columns_of(const json& version) {
  std::vector<Column> columns;
  if (!version.contains("additionalPrinterColumns")) {
    return {{.name = "Age",
             .type = "date",
             .description = "When the object was made.",
             .json_path = ".metadata.creationTimestamp"}};
  }
  for (const auto& entry : version["additionalPrinterColumns"]) {
    columns.push_back({.name = entry.value("name", ""),
                       .type = entry.value("type", ""),
                       .format = entry.value("format", ""),
                       .description = entry.value("description", ""),
                       .priority = entry.value("priority", 0),
                       .json_path = entry.value("jsonPath", "")});
  }
  return columns;
}

json whole_schema(const json& version) {
  json schema = at_path(version, "schema", "openAPIV3Schema");
  auto& properties = schema["properties"];
  const auto metadata = properties.find("metadata");
  // A definition may narrow name and labels; those bounds stand beside the schema of all metadata.
  json merged = metadata_schema();
  if (metadata != properties.end() && metadata->contains("properties"))
    for (const auto& [name, bounds] : (*metadata)["properties"].items())
      merged["properties"][name].update(bounds);
  properties["metadata"] = std::move(merged);
  properties.emplace("apiVersion", json{{"type", "string"}});
  properties.emplace("kind", json{{"type", "string"}});
  return schema;
}

Kind kind_of(const json& definition, const json& version) {
  Kind kind{.group = text_at(definition, "spec", "group"),
            .version = version.value("name", ""),
            .plural = text_at(definition, "spec", "names", "plural"),
            .singular = text_at(definition, "spec", "names", "singular"),
            .kind = text_at(definition, "spec", "names", "kind"),
            .short_names = texts_at(definition, {"spec", "names", "shortNames"}),
            .categories = texts_at(definition, {"spec", "names", "categories"}),
            .namespaced = text_at(definition, "spec", "scope") == "Namespaced",
            .has_status = member(version, "subresources", "status") != nullptr,
            .custom = true,
            .unconditional_update = false};
  if (kind.singular.empty()) {
    kind.singular = kind.kind;
    std::ranges::transform(kind.singular, kind.singular.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
  }
  if (const auto* scale = member(version, "subresources", "scale")) {
    kind.scale = ScalePaths{.spec = text_at(*scale, "specReplicasPath"),
                            .status = text_at(*scale, "statusReplicasPath"),
                            .selector = text_at(*scale, "labelSelectorPath")};
  }
  kind.schema = std::make_shared<const json>(whole_schema(version));
  kind.columns = columns_of(version);
  return kind;
}

bool is_of(const Kind& kind, const json& definition) {
  return kind.custom && kind.group == text_at(definition, "spec", "group") &&
         kind.plural == text_at(definition, "spec", "names", "plural");
}

}  // namespace

Catalog::Catalog() {
  for (auto& kind : built_in_kinds())
    kinds_.push_back(std::make_shared<const Kind>(std::move(kind)));
}

KindRef Catalog::find(std::string_view group, std::string_view version,
                      std::string_view plural) const {
  const auto found = std::ranges::find_if(kinds_, [&](const auto& kind) {
    return kind->plural == plural && kind->group == group && kind->version == version;
  });
  return found == kinds_.end() ? nullptr : *found;
}

KindRef Catalog::find_kind(std::string_view api_version, std::string_view name) const {
  const auto found = std::ranges::find_if(kinds_, [&](const auto& kind) {
    return kind->kind == name && kind->api_version() == api_version;
  });
  return found == kinds_.end() ? nullptr : *found;
}

std::vector<Cause> Catalog::install(const json& definition) {
  std::vector<Cause> causes;
  const auto require = [&](const std::string& field, MemberPath path) {
    if (text_at(definition, path).empty()) causes.push_back(required_value(field));
  };
  require("spec.group", {"spec", "group"});
  require("spec.names.plural", {"spec", "names", "plural"});
  require("spec.names.kind", {"spec", "names", "kind"});
  require("spec.scope", {"spec", "scope"});
  const auto& versions = at_path(definition, "spec", "versions");
  if (!versions.is_array()) causes.push_back(required_value("spec.versions"));
  if (!causes.empty()) return causes;
  std::vector<Kind> served;
  for (const auto& version : versions) {
    if (!version.value("served", false)) continue;
    if (member(version, "schema", "openAPIV3Schema") == nullptr) {
      causes.push_back(required_value("spec.versions[0].schema.openAPIV3Schema"));
      return causes;
    }
    served.push_back(kind_of(definition, version));
  }
  uninstall(definition);
  for (auto& kind : served) kinds_.push_back(std::make_shared<const Kind>(std::move(kind)));
  return causes;
}

void Catalog::uninstall(const json& definition) {
  std::erase_if(kinds_, [&](const auto& kind) { return is_of(*kind, definition); });
}

}  // namespace poolscaler::simulation
