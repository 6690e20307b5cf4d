// The CustomResourceDefinitions, made from the field tables.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "field_table.hpp"
#include "yaml_writer.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

/// What `kubectl explain` shows, which shows neither bounds nor defaults of its own accord.
std::string description(const Field& field) {
  std::string text(field.doc);
  const bool is_number = field.type == FieldType::Integer || field.type == FieldType::Decimal;
  if (!field.unit.empty()) text += fmt::format(" Unit: {}.", field.unit);
  if (is_number && !field.path.starts_with("status"))
    text += fmt::format(" {} {} to {}.", field.above_min ? "Above" : "From", field.min, field.max);
  if (!field.default_json.empty() && field.default_json != "{}")
    text += fmt::format(" Default: {}.", field.default_json);
  if (!field.example.empty()) text += fmt::format(" Example: {}.", field.example);
  return text;
}

json validation(std::string_view cel, std::string_view problem, std::string_view remedy) {
  return {{"rule", cel},
          {"message", remedy.empty() ? std::string(problem)
                                     : fmt::format("{}: {}", problem, remedy)}};
}

/// Bounds of a decimal, which schema keywords cannot say of quantities. One rule for each bound:
/// the API server reckons with the largest text that could be sent, so two parses in one rule cost
/// too much. Text has no sign, so it needs no lower bound of 0.
json decimal_validations(const Field& field) {
  const auto lower =
      field.above_min
          ? validation(fmt::format("type(self) == int ? self > {0} : "
                                   "quantity(self).isGreaterThan(quantity('{0}'))",
                                   field.min),
                       fmt::format("must be above {}", field.min), {})
          : validation(fmt::format("type(self) != int || self >= {}", field.min),
                       fmt::format("must be at least {}", field.min), {});
  const auto upper = validation(fmt::format("type(self) == int ? self <= {0} : "
                                            "!quantity(self).isGreaterThan(quantity('{0}'))",
                                            field.max),
                                fmt::format("must be at most {}", field.max), {});
  return json::array({lower, upper});
}

json schema_of(const Node& node);

void add_object(const Node& node, json& schema) {
  schema["type"] = "object";
  json required = json::array();
  for (const auto& child : node.children) {
    schema["properties"][std::string(child.name)] = schema_of(child);
    if (child.field && child.field->required) required.push_back(child.name);
  }
  if (!required.empty()) schema["required"] = std::move(required);
}

void add_list(const Node& node, json& schema) {
  const auto& field = *node.field;
  schema["type"] = "array";
  schema["items"] = schema_of(node.children.front());
  schema["maxItems"] = field.max;
  if (field.min > 0) schema["minItems"] = field.min;
  switch (field.list) {
    case ListType::Atomic: schema["x-kubernetes-list-type"] = "atomic"; break;
    case ListType::Set: schema["x-kubernetes-list-type"] = "set"; break;
    case ListType::Map:
      schema["x-kubernetes-list-type"] = "map";
      schema["x-kubernetes-list-map-keys"] = {field.key};
      break;
  }
}

void add_integer(const Field& field, json& schema) {
  schema["type"] = "integer";
  schema["format"] = field.max > std::numeric_limits<std::int32_t>::max() ? "int64" : "int32";
  schema["minimum"] = field.min;
  schema["maximum"] = field.max;
}

/// In a list of a list a rule for each decimal would cost more than the API server allows; there
/// keywords bound whole numbers, and the operator bounds text.
void add_decimal(const Field& field, json& schema) {
  schema["x-kubernetes-int-or-string"] = true;
  schema["pattern"] = facts_of(field.syntax).pattern;
  if (field.path.find("[]") == field.path.rfind("[]")) {
    schema["x-kubernetes-validations"] = decimal_validations(field);
    return;
  }
  schema["minimum"] = field.min;
  schema["maximum"] = field.max;
}

void add_text(const Field& field, json& schema) {
  schema["type"] = "string";
  schema["maxLength"] = field.max;
  if (field.min > 0) schema["minLength"] = field.min;
  if (const auto pattern = facts_of(field.syntax).pattern; !pattern.empty())
    schema["pattern"] = pattern;
}

json schema_of(const Node& node) {
  json schema = json::object();
  switch (node.type()) {
    case FieldType::Object: add_object(node, schema); break;
    case FieldType::List: add_list(node, schema); break;
    case FieldType::Integer: add_integer(*node.field, schema); break;
    case FieldType::Decimal: add_decimal(*node.field, schema); break;
    case FieldType::Text: add_text(*node.field, schema); break;
    case FieldType::Enum:
      schema["type"] = "string";
      schema["enum"] = enum_values(*node.field);
      break;
    case FieldType::Boolean: schema["type"] = "boolean"; break;
    case FieldType::Time:
      schema["type"] = "string";
      schema["format"] = "date-time";
      schema["maxLength"] = 64;
      break;
  }
  if (node.field) {
    schema["description"] = description(*node.field);
    if (!node.field->default_json.empty())
      schema["default"] = json::parse(node.field->default_json);
  }
  for (const auto* rule : node.rules) {
    auto entry = validation(rule->cel, rule->problem, rule->remedy);
    if (!rule->child.empty()) entry["fieldPath"] = fmt::format(".{}", rule->child);
    schema["x-kubernetes-validations"].push_back(std::move(entry));
  }
  return schema;
}

json object_schema(Kind kind) {
  json schema{
      {"type", "object"},
      {"description", table_of(kind).doc},
      {"required", {"spec"}},
      {"properties",
       {{"apiVersion",
         {{"type", "string"},
          {"description", "The versioned schema of this object: poolscaler.dev/v1alpha1."}}},
        {"kind", {{"type", "string"}, {"description", "The kind of this object."}}},
        {"metadata", {{"type", "object"}}},
        {"spec", schema_of(spec_tree(kind))}}}};
  if (!table_of(kind).status.empty())
    schema["properties"]["status"] = schema_of(status_tree(kind));
  return schema;
}

json subresources(const KindTable& table) {
  if (table.status.empty()) return json::object();
  return {{"status", json::object()}};
}

json printer_columns(const KindTable& table) {
  json columns = json::array();
  for (const auto& column : table.columns) {
    json entry{{"name", column.name},
               {"type", column.type},
               {"jsonPath", column.json_path},
               {"description", column.doc}};
    if (column.priority > 0) entry["priority"] = column.priority;
    columns.push_back(std::move(entry));
  }
  return columns;
}

}  // namespace

json crd_json(Kind kind) {
  const auto& table = table_of(kind);
  const auto& names = table.names;
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", fmt::format("{}.{}", names.plural, group)}}},
          {"spec",
           {{"group", group},
            {"scope", names.namespaced ? "Namespaced" : "Cluster"},
            {"names",
             {{"kind", names.kind},
              {"listKind", fmt::format("{}List", names.kind)},
              {"plural", names.plural},
              {"singular", names.singular},
              {"shortNames", {names.short_name}},
              {"categories", {"poolscaler"}}}},
            {"versions",
             {{{"name", version},
               {"served", true},
               {"storage", true},
               {"subresources", subresources(table)},
               {"additionalPrinterColumns", printer_columns(table)},
               {"schema", {{"openAPIV3Schema", object_schema(kind)}}}}}}}}};
}

std::string crd_yaml(Kind kind) {
  return fmt::format("# Generated by `poolscaler print crd-{}`; do not edit.\n{}",
                     names_of(kind).singular, yaml_text(crd_json(kind)));
}

}  // namespace poolscaler::api
