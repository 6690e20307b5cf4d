#include "schema_check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/time.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr std::size_t causes_max = 50;
constexpr std::size_t pattern_subject_max = 4096;  // std::regex recurses with its subject

std::string child(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}
std::string item(const std::string& path, std::size_t index) {
  return fmt::format("{}[{}]", path, index);
}

const json* property_of(const json& schema, const std::string& name) {
  const auto properties = schema.find("properties");
  if (properties != schema.end()) {
    const auto found = properties->find(name);
    if (found != properties->end()) return &*found;
  }
  const auto additional = schema.find("additionalProperties");
  if (additional != schema.end() && additional->is_object()) return &*additional;
  return nullptr;
}

bool keeps_unknown(const json& schema) {
  return schema.value("x-kubernetes-preserve-unknown-fields", false) ||
         schema.value("x-kubernetes-embedded-resource", false) ||
         schema.value("additionalProperties", json()).is_boolean();
}

void prune_into(json& value, const json& schema, const std::string& path,
                std::vector<std::string>& unknown) {
  if (value.is_array() && schema.contains("items")) {
    for (std::size_t i = 0; i < value.size(); ++i)
      prune_into(value[i], schema["items"], item(path, i), unknown);
  }
  if (!value.is_object()) return;
  for (auto entry = value.begin(); entry != value.end();) {
    const auto* property = property_of(schema, entry.key());
    if (property == nullptr && !keeps_unknown(schema)) {
      unknown.push_back(child(path, entry.key()));
      entry = value.erase(entry);
      continue;
    }
    if (property != nullptr) prune_into(*entry, *property, child(path, entry.key()), unknown);
    ++entry;
  }
}

std::string type_name(const json& value) {
  if (value.is_null()) return "null";
  if (value.is_string()) return "string";
  if (value.is_boolean()) return "boolean";
  if (value.is_number_integer()) return "integer";
  if (value.is_number()) return "number";
  return value.is_array() ? "array" : "object";
}

bool is_whole(const json& value) {
  if (value.is_number_integer()) return true;
  return value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>();
}

bool has_type(const json& value, const std::string& type) {
  if (type == "integer") return is_whole(value);
  if (type == "number") return value.is_number();
  return type.empty() || type_name(value) == type;
}

class Checker {
 public:
  void check(const json& value, const json& schema, const std::string& path);
  std::vector<Cause> take() { return std::move(causes_); }

 private:
  void add(Cause cause) {
    if (causes_.size() < causes_max) causes_.push_back(std::move(cause));
  }
  void in_body(const std::string& path, const json& value, std::string_view rule) {
    add(invalid_value(path, value.dump(), fmt::format("{} in body {}", path, rule)));
  }
  [[nodiscard]] bool check_type(const json& value, const json& schema, const std::string& path);
  void check_string(const json& value, const json& schema, const std::string& path);
  void check_number(const json& value, const json& schema, const std::string& path);
  void check_list(const json& value, const json& schema, const std::string& path);
  void check_object(const json& value, const json& schema, const std::string& path);
  void check_unique(const json& value, const json& schema, const std::string& path);

  std::vector<Cause> causes_;
};

bool Checker::check_type(const json& value, const json& schema, const std::string& path) {
  if (value.is_null() && schema.value("nullable", false)) return false;
  if (schema.value("x-kubernetes-int-or-string", false)) {
    if (value.is_string() || is_whole(value)) return value.is_string();
    in_body(path, value, "must be of type integer or string");
    return false;
  }
  const auto type = schema.value("type", "");
  if (has_type(value, type)) return true;
  const auto shown = type_name(value);
  add({.reason = "FieldValueTypeInvalid",
       .message = fmt::format("Invalid value: \"{}\": {} in body must be of type {}: \"{}\"", shown,
                              path, type, shown),
       .field = path});
  return false;
}

void Checker::check_string(const json& value, const json& schema, const std::string& path) {
  const auto& text = value.get_ref<const std::string&>();
  const auto longest = schema.value("maxLength", std::numeric_limits<std::int64_t>::max());
  if (static_cast<std::int64_t>(text.size()) > longest) {
    add({.reason = "FieldValueTooLong",
         .message = fmt::format("Too long: may not be more than {} bytes", longest),
         .field = path});
  }
  const auto shortest = schema.value("minLength", std::int64_t{0});
  if (static_cast<std::int64_t>(text.size()) < shortest)
    in_body(path, value, fmt::format("should be at least {} chars long", shortest));
  if (schema.value("format", "") == "date-time" && !parse_rfc3339(text)) {
    add({.reason = "FieldValueTypeInvalid",
         .message = fmt::format("Invalid value: {}: {} in body must be of type date-time: {}",
                                value.dump(), path, value.dump()),
         .field = path});
  }
  const auto pattern = schema.value("pattern", "");
  if (pattern.empty() || text.size() > pattern_subject_max) return;
  if (!std::regex_search(text, std::regex(pattern)))
    in_body(path, value, fmt::format("should match '{}'", pattern));
}

void Checker::check_number(const json& value, const json& schema, const std::string& path) {
  const auto number = value.get<double>();
  const auto exclusive = [&](const char* name) { return schema.value(name, false); };
  const auto low = schema.find("minimum");
  if (low != schema.end()) {
    if (exclusive("exclusiveMinimum") && number <= low->get<double>())
      in_body(path, value, fmt::format("should be greater than {}", low->dump()));
    else if (number < low->get<double>())
      in_body(path, value, fmt::format("should be greater than or equal to {}", low->dump()));
  }
  const auto high = schema.find("maximum");
  if (high != schema.end()) {
    if (exclusive("exclusiveMaximum") && number >= high->get<double>())
      in_body(path, value, fmt::format("should be less than {}", high->dump()));
    else if (number > high->get<double>())
      in_body(path, value, fmt::format("should be less than or equal to {}", high->dump()));
  }
  const auto format = schema.value("format", "");
  const bool fits = format != "int32" || (number >= -2147483648.0 && number <= 2147483647.0);
  if (!fits) in_body(path, value, fmt::format("must be of type int32: \"{}\"", value.dump()));
}

void Checker::check_unique(const json& value, const json& schema, const std::string& path) {
  const auto list_type = schema.value("x-kubernetes-list-type", "");
  if (list_type != "map" && list_type != "set") return;
  std::set<json> seen;
  for (std::size_t i = 0; i < value.size(); ++i) {
    json key = value[i];
    if (list_type == "map") {
      key = json::object();
      for (const auto& name : schema["x-kubernetes-list-map-keys"])
        if (value[i].is_object() && value[i].contains(name.get<std::string>()))
          key[name.get<std::string>()] = value[i][name.get<std::string>()];
    }
    if (seen.insert(key).second) continue;
    add({.reason = "FieldValueDuplicate",
         .message = fmt::format("Duplicate value: {}", key.dump()),
         .field = item(path, i)});
  }
}

void Checker::check_list(const json& value, const json& schema, const std::string& path) {
  const auto most = schema.value("maxItems", std::numeric_limits<std::int64_t>::max());
  const auto count = static_cast<std::int64_t>(value.size());
  if (count > most) {
    add({.reason = "FieldValueTooMany",
         .message = fmt::format("Too many: {}: must have at most {} items", count, most),
         .field = path});
    return;
  }
  const auto least = schema.value("minItems", std::int64_t{0});
  if (count < least)
    add(invalid_value(path, std::to_string(count),
                      fmt::format("{} in body should have at least {} items", path, least)));
  check_unique(value, schema, path);
  if (!schema.contains("items")) return;
  for (std::size_t i = 0; i < value.size(); ++i) check(value[i], schema["items"], item(path, i));
}

void Checker::check_object(const json& value, const json& schema, const std::string& path) {
  for (const auto& name : schema.value("required", json::array()))
    if (!value.contains(name.get<std::string>())) add(required_value(child(path, name)));
  const auto most = schema.value("maxProperties", std::numeric_limits<std::int64_t>::max());
  const auto count = static_cast<std::int64_t>(value.size());
  if (count > most) {
    add({.reason = "FieldValueTooMany",
         .message = fmt::format("Too many: {}: must have at most {} items", count, most),
         .field = path});
  }
  for (const auto& [name, entry] : value.items())
    if (const auto* property = property_of(schema, name))
      check(entry, *property, child(path, name));
}

void Checker::check(const json& value, const json& schema, const std::string& path) {
  if (!check_type(value, schema, path)) return;
  const auto choices = schema.find("enum");
  if (choices != schema.end() &&
      std::ranges::find(*choices, value) == choices->end()) {
    std::string list;
    for (const auto& choice : *choices) list += (list.empty() ? "" : ", ") + choice.dump();
    add({.reason = "FieldValueNotSupported",
         .message = fmt::format("Unsupported value: {}: supported values: {}", value.dump(), list),
         .field = path});
  }
  if (value.is_string()) check_string(value, schema, path);
  if (value.is_number()) check_number(value, schema, path);
  if (value.is_array()) check_list(value, schema, path);
  if (value.is_object()) check_object(value, schema, path);
}

/// The two fields of a rule "self.a <= self.b"; nothing when the rule says anything else.
std::optional<std::pair<std::string, std::string>> compared_fields(std::string_view rule) {
  constexpr std::string_view before = "self.";
  constexpr std::string_view between = " <= self.";
  const auto middle = rule.find(between);
  if (!rule.starts_with(before) || middle == rule.npos) return std::nullopt;
  const auto low = rule.substr(before.size(), middle - before.size());
  const auto high = rule.substr(middle + between.size());
  const auto is_name = [](std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
  };
  if (!is_name(low) || !is_name(high)) return std::nullopt;
  return std::pair(std::string(low), std::string(high));
}

void compare_into(const json& value, const json& schema, const std::string& path,
                  std::vector<Cause>& causes) {
  if (!value.is_object()) return;
  for (const auto& rule : schema.value("x-kubernetes-validations", json::array())) {
    const auto text = rule.value("rule", "");
    const auto fields = compared_fields(text);
    if (!fields) continue;
    const auto low = value.value(fields->first, json());
    const auto high = value.value(fields->second, json());
    if (!low.is_number_integer() || !high.is_number_integer() || low <= high) continue;
    causes.push_back(invalid_value(path + rule.value("fieldPath", ""), value.dump(),
                                   rule.value("message", "failed rule: " + text)));
  }
  for (const auto& [name, entry] : value.items())
    if (const auto* property = property_of(schema, name))
      compare_into(entry, *property, child(path, name), causes);
}

}  // namespace

std::vector<Cause> check_comparisons(const json& object, const json& schema) {
  std::vector<Cause> causes;
  compare_into(object, schema, "", causes);
  return causes;
}

std::vector<std::string> prune(json& object, const json& schema) {
  std::vector<std::string> unknown;
  prune_into(object, schema, "", unknown);
  return unknown;
}

void fill_defaults(json& object, const json& schema) {
  if (object.is_array() && schema.contains("items"))
    for (auto& entry : object) fill_defaults(entry, schema["items"]);
  if (!object.is_object()) return;
  const auto properties = schema.find("properties");
  if (properties != schema.end()) {
    for (const auto& [name, property] : properties->items()) {
      const bool missing = !object.contains(name) ||
                           (object[name].is_null() && !property.value("nullable", false));
      if (missing && property.contains("default")) object[name] = property["default"];
    }
  }
  for (auto& [name, entry] : object.items())
    if (const auto* property = property_of(schema, name)) fill_defaults(entry, *property);
}

std::vector<Cause> check(const json& object, const json& schema) {
  Checker checker;
  checker.check(object, schema, "");
  return checker.take();
}

void drop_nulls(json& object) {
  if (object.is_array())
    for (auto& entry : object) drop_nulls(entry);
  if (!object.is_object()) return;
  for (auto entry = object.begin(); entry != object.end();) {
    if (entry->is_null()) {
      entry = object.erase(entry);
    } else {
      drop_nulls(*entry);
      ++entry;
    }
  }
}

}  // namespace poolscaler::simulation
