#include "managed_fields.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "catalog.hpp"
#include "patches.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr std::size_t managers_max = 50;

/// Fields of metadata that the server keeps; they belong to nobody.
constexpr std::array server_fields = {"managedFields",     "resourceVersion", "uid",
                                      "creationTimestamp", "generation",      "name",
                                      "namespace",         "selfLink",        "deletionTimestamp",
                                      "deletionGracePeriodSeconds"};

/// The path element of an item of a keyed list: k:{"name":"web"}.
std::optional<std::string> element_of(const json& item, const json& schema) {
  const auto type = schema.value("x-kubernetes-list-type", "");
  if (type == "set") return "v:" + item.dump();
  if (type != "map" || !item.is_object()) return std::nullopt;
  json key = json::object();
  const auto& items = schema.value("items", json::object());
  for (const auto& name : schema["x-kubernetes-list-map-keys"]) {
    const auto field = name.get<std::string>();
    const auto& property = schema_of_field(items, field);
    if (item.contains(field)) {
      key[field] = item[field];
    } else if (property.contains("default")) {
      key[field] = property["default"];
    }
  }
  return "k:" + key.dump();
}

bool is_keyed_list(const json& value, const json& schema) {
  return value.is_array() && schema.contains("x-kubernetes-list-type") &&
         schema["x-kubernetes-list-type"] != "atomic";
}

json fields_of(const json& value, const json& schema) {
  json fields = json::object();
  if (value.is_object()) {
    for (const auto& [name, entry] : value.items())
      fields["f:" + name] = fields_of(entry, schema_of_field(schema, name));
  } else if (is_keyed_list(value, schema)) {
    const auto items = schema.value("items", json::object());
    for (const auto& entry : value)
      if (const auto element = element_of(entry, schema))
        fields[*element] = fields_of(entry, items);
  }
  return fields;
}

json stripped(json object) {
  object.erase("apiVersion");
  object.erase("kind");
  if (object.contains("metadata")) {
    for (const auto* name : server_fields) object["metadata"].erase(name);
    if (object["metadata"].empty()) object.erase("metadata");
  }
  return object;
}

/// The leaves of `a` that are not leaves of `b`.
json without(const json& a, const json& b) {
  json left = json::object();
  for (const auto& [name, entry] : a.items()) {
    const auto found = b.find(name);
    if (found == b.end()) {
      left[name] = entry;
    } else if (!entry.empty()) {
      auto rest = without(entry, *found);
      if (!rest.empty()) left[name] = std::move(rest);
    }
  }
  return left;
}

void add(json& a, const json& b) {
  for (const auto& [name, entry] : b.items()) {
    if (!a.contains(name)) a[name] = json::object();
    add(a[name], entry);
  }
}

const json* item_at(const json& list, const std::string& element, const json& schema) {
  for (const auto& entry : list)
    if (element_of(entry, schema) == element) return &entry;
  return nullptr;
}

const json* value_at(const json& value, const std::string& element, const json& schema) {
  if (element.starts_with("f:")) {
    const auto name = element.substr(2);
    return value.is_object() && value.contains(name) ? &value[name] : nullptr;
  }
  return value.is_array() ? item_at(value, element, schema) : nullptr;
}

const json& schema_at(const json& schema, const std::string& element) {
  static const json open = json::object();
  if (element.starts_with("f:")) return schema_of_field(schema, element.substr(2));
  const auto items = schema.find("items");
  return items == schema.end() ? open : *items;
}

/// The leaves of `fields` at which the two values differ.
json differing(const json& fields, const json* a, const json* b, const json& schema) {
  if (fields.empty()) {
    const bool same = a != nullptr && b != nullptr && *a == *b;
    return same ? json() : json::object();
  }
  json found = json::object();
  for (const auto& [element, below] : fields.items()) {
    const auto* left = a == nullptr ? nullptr : value_at(*a, element, schema);
    const auto* right = b == nullptr ? nullptr : value_at(*b, element, schema);
    auto rest = differing(below, left, right, schema_at(schema, element));
    if (!rest.is_null()) found[element] = std::move(rest);
  }
  return found.empty() ? json() : found;
}

/// The leaves that both have.
json common(const json& a, const json& b) {
  json both = json::object();
  for (const auto& [name, entry] : a.items()) {
    const auto found = b.find(name);
    if (found == b.end()) continue;
    if (entry.empty() || found->empty()) {
      both[name] = json::object();
    } else if (auto below = common(entry, *found); !below.empty()) {
      both[name] = std::move(below);
    }
  }
  return both;
}

void list_paths(const json& fields, const std::string& path, std::vector<std::string>& out) {
  if (fields.empty()) out.push_back(path);
  for (const auto& [element, below] : fields.items()) {
    auto next = path;
    if (element.starts_with("f:")) {
      next += "." + element.substr(2);
    } else if (element.starts_with("k:")) {
      std::string keys;
      const auto key = json::parse(element.substr(2));
      for (const auto& [name, value] : key.items())
        keys += (keys.empty() ? "" : ",") + name + "=" + value.dump();
      next += "[" + keys + "]";
    } else {
      next += "[" + element.substr(2) + "]";
    }
    list_paths(below, next, out);
  }
}

/// Removes from `value` what `fields` names.
void remove_fields(json& value, const json& fields, const json& schema) {
  for (const auto& [element, below] : fields.items()) {
    if (element.starts_with("f:") && value.is_object()) {
      const auto name = element.substr(2);
      if (!value.contains(name)) continue;
      if (below.empty()) {
        value.erase(name);
      } else {
        remove_fields(value[name], below, schema_of_field(schema, name));
        if (value[name].empty()) value.erase(name);
      }
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (element_of(value[i], schema) != element) continue;
        json keys = element.starts_with("k:") ? json::parse(element.substr(2)) : json::object();
        remove_fields(value[i], below, schema.value("items", json::object()));
        // An item of which only its keys are left was this manager's.
        const bool gone = below.empty() || !value[i].is_object() || value[i].size() <= keys.size();
        if (gone) value.erase(i);
        break;
      }
    }
  }
}

/// As the real server does, which notes no time of what is written through /scale.
void stamp(json& entry, const Writer& writer) {
  if (writer.subresource != "scale") entry["time"] = to_rfc3339(writer.now);
}

json entry_of(const Kind& kind, const Writer& writer, const char* operation, json fields) {
  json entry = {{"manager", writer.manager},
                {"operation", operation},
                {"apiVersion", kind.api_version()},
                {"fieldsType", "FieldsV1"},
                {"fieldsV1", std::move(fields)}};
  if (!writer.subresource.empty()) entry["subresource"] = writer.subresource;
  stamp(entry, writer);
  return entry;
}

bool is_by(const json& entry, const Writer& writer, const char* operation) {
  return entry.value("manager", "") == writer.manager &&
         entry.value("operation", "") == operation &&
         entry.value("subresource", "") == writer.subresource;
}

json managers_of(const json& object) {
  static const json::json_pointer path("/metadata/managedFields");
  if (object.is_object() && object.contains(path) && object.at(path).is_array())
    return object.at(path);
  return json::array();
}

void store_managers(json& object, json managers) {
  std::erase_if(managers.get_ref<json::array_t&>(), [](const json& entry) {
    return entry.value("fieldsV1", json::object()).empty();
  });
  while (managers.size() > managers_max) managers.erase(0);
  object["metadata"]["managedFields"] = std::move(managers);
}

ApiError conflict_of(const Kind& kind, const std::vector<std::pair<std::string, json>>& conflicts) {
  std::string text;
  std::vector<Cause> causes;
  std::size_t count = 0;
  for (const auto& [manager, fields] : conflicts) {
    std::vector<std::string> paths;
    list_paths(fields, "", paths);
    for (const auto& path : paths) {
      ++count;
      const auto with = fmt::format("conflict with \"{}\" using {}", manager, kind.api_version());
      causes.push_back({.reason = "FieldManagerConflict", .message = with, .field = path});
      text = fmt::format("{}: {}", with, path);
    }
  }
  if (count > 1) {
    text = "conflicts:";
    for (const auto& cause : causes) text += fmt::format("\n{}: {}", cause.message, cause.field);
  }
  return {.code = 409,
          .reason = "Conflict",
          .message = count == 1 ? fmt::format("Apply failed with 1 conflict: {}", text)
                                : fmt::format("Apply failed with {} {}", count, text),
          .causes = std::move(causes)};
}

}  // namespace

void note_update(const Kind& kind, const Writer& writer, const json& before, json& object) {
  const auto& schema = *kind.schema;
  const json old = before.is_object() ? stripped(before) : json::object();
  const json now = stripped(object);
  auto fields = fields_of(now, schema);
  const auto changed = differing(fields, &old, &now, schema);
  const auto removed = without(fields_of(old, schema), fields);
  auto managers = managers_of(before);
  if (changed.is_null() && removed.empty()) {
    store_managers(object, std::move(managers));
    return;
  }
  bool found = false;
  for (auto& entry : managers) {
    auto& owned = entry["fieldsV1"];
    owned = without(without(owned, removed), changed.is_null() ? json::object() : changed);
    if (!is_by(entry, writer, "Update")) continue;
    found = true;
    if (!changed.is_null()) add(owned, changed);
    stamp(entry, writer);
  }
  if (!found && !changed.is_null()) managers.push_back(entry_of(kind, writer, "Update", changed));
  store_managers(object, std::move(managers));
}

Outcome<json> applied(const Kind& kind, const Writer& writer, const json& live, const json& wanted,
                      bool force) {
  const auto& schema = *kind.schema;
  const json config = stripped(wanted);
  const json now = live.is_object() ? stripped(live) : json::object();
  const auto fields = fields_of(config, schema);
  const auto fought = differing(fields, &config, &now, schema);
  auto managers = managers_of(live);
  json before = json::object();
  json others = json::object();
  std::vector<std::pair<std::string, json>> conflicts;
  for (auto& entry : managers) {
    auto& owned = entry["fieldsV1"];
    if (is_by(entry, writer, "Apply")) {
      before = owned;
      owned = fields;
      stamp(entry, writer);
      continue;
    }
    const auto clash = fought.is_null() ? json::object() : common(owned, fought);
    if (!clash.empty()) conflicts.emplace_back(entry.value("manager", ""), clash);
    owned = without(owned, clash);
    add(others, owned);
  }
  if (!conflicts.empty() && !force) return refuse(conflict_of(kind, conflicts));
  if (before.empty()) managers.push_back(entry_of(kind, writer, "Apply", fields));
  json result = live.is_object() ? live : wanted;
  remove_fields(result, without(without(before, fields), others), schema);
  auto merged = strategically_patched(result, wanted, schema);
  if (!merged) return merged;
  store_managers(*merged, std::move(managers));
  return merged;
}

}  // namespace poolscaler::simulation
