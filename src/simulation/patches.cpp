#include "patches.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr std::size_t operations_max = 1000;

std::string list_type(const json& schema) { return schema.value("x-kubernetes-list-type", ""); }

std::string merge_key(const json& schema) {
  return schema.at("x-kubernetes-list-map-keys").at(0).get<std::string>();
}

json merged(json base, const json& patch, const json& schema);

/// Objects of a list that is a map by `key`.
json merged_map_list(json base, const json& patch, const json& schema) {
  const auto key = merge_key(schema);
  const auto& items = schema.value("items", json::object());
  if (!base.is_array()) base = json::array();
  for (const auto& entry : patch) {
    if (!entry.is_object()) continue;
    const auto directive = entry.value("$patch", "");
    if (directive == "replace") {
      json kept = json::array();
      for (const auto& other : patch)
        if (!other.contains("$patch")) kept.push_back(merged(json::object(), other, items));
      return kept;
    }
    const auto wanted = entry.value(key, json());
    const auto found = std::ranges::find_if(base, [&](const json& existing) {
      return existing.is_object() && existing.value(key, json()) == wanted;
    });
    if (directive == "delete") {
      if (found != base.end()) base.erase(found);
    } else if (found != base.end()) {
      *found = merged(*found, entry, items);
    } else {
      base.push_back(merged(json::object(), entry, items));
    }
  }
  return base;
}

json merged_set(json base, const json& patch) {
  if (!base.is_array()) base = json::array();
  for (const auto& entry : patch)
    if (std::ranges::find(base, entry) == base.end()) base.push_back(entry);
  return base;
}

json merged_list(json base, const json& patch, const json& schema) {
  if (list_type(schema) == "map") return merged_map_list(std::move(base), patch, schema);
  if (list_type(schema) == "set") return merged_set(std::move(base), patch);
  return patch;
}

/// Those named in `order` come in that order; the others keep their places after them.
void reorder(json& list, const json& order, const json& schema) {
  if (!list.is_array() || !order.is_array()) return;
  const auto rank = [&](const json& entry) {
    const bool keyed = list_type(schema) == "map" && entry.is_object();
    const auto key = keyed ? merge_key(schema) : std::string();
    for (std::size_t i = 0; i < order.size(); ++i) {
      const bool same = keyed ? order[i].is_object() &&
                                    order[i].value(key, json()) == entry.value(key, json())
                              : order[i] == entry;
      if (same) return i;
    }
    return order.size();
  };
  std::vector<json> sorted(list.begin(), list.end());
  std::ranges::stable_sort(sorted, {}, rank);
  list = sorted;
}

/// "$deleteFromPrimitiveList/finalizers" and its kin.
void obey(const std::string& directive, const json& argument, json& base, const json& schema) {
  const auto slash = directive.find('/');
  if (directive == "$retainKeys") {
    for (auto entry = base.begin(); entry != base.end();)
      entry = std::ranges::find(argument, json(entry.key())) == argument.end() ? base.erase(entry)
                                                                               : std::next(entry);
  }
  if (slash == std::string::npos) return;
  const auto field = directive.substr(slash + 1);
  if (!base.contains(field)) return;
  if (directive.starts_with("$setElementOrder/"))
    reorder(base[field], argument, schema_of_field(schema, field));
  if (directive.starts_with("$deleteFromPrimitiveList/") && base[field].is_array()) {
    json kept = json::array();
    for (const auto& entry : base[field])
      if (std::ranges::find(argument, entry) == argument.end()) kept.push_back(entry);
    base[field] = std::move(kept);
  }
}

json merged(json base, const json& patch, const json& schema) {
  if (!patch.is_object()) return patch;
  if (!base.is_object()) base = json::object();
  if (patch.value("$patch", "") == "replace") {
    json replaced = patch;
    replaced.erase("$patch");
    return replaced;
  }
  if (patch.value("$patch", "") == "delete") return json::object();
  if (patch.contains("$retainKeys")) obey("$retainKeys", patch["$retainKeys"], base, schema);
  for (const auto& [name, value] : patch.items()) {
    if (name.starts_with('$')) continue;
    if (value.is_null()) {
      base.erase(name);
      continue;
    }
    const auto& field = schema_of_field(schema, name);
    base[name] = value.is_array() ? merged_list(base.value(name, json()), value, field)
                                  : merged(base.value(name, json()), value, field);
  }
  for (const auto& [name, value] : patch.items())
    if (name.starts_with('$') && name != "$retainKeys") obey(name, value, base, schema);
  return base;
}

}  // namespace

const json& schema_of_field(const json& schema, const std::string& name) {
  static const json open = json::object();
  const auto properties = schema.find("properties");
  if (properties != schema.end() && properties->contains(name)) return (*properties)[name];
  const auto additional = schema.find("additionalProperties");
  return additional != schema.end() && additional->is_object() ? *additional : open;
}

Outcome<json> json_patched(const json& object, const json& patch) {
  if (!patch.is_array()) return refuse(bad_request("error decoding patch: it must be a list"));
  if (patch.size() > operations_max) {
    return refuse({.code = 413,
                   .reason = "RequestEntityTooLarge",
                   .message = fmt::format("The allowed maximum operations in a JSON patch is {}, "
                                          "got {}",
                                          operations_max, patch.size())});
  }
  try {
    return object.patch(patch);
  } catch (const json::parse_error& problem) {
    return refuse(bad_request(fmt::format("error decoding patch: {}", problem.what())));
  } catch (const json::exception&) {
    return refuse({.code = 422,
                   .reason = "Invalid",
                   .message = "the server rejected our request due to an error in our request"});
  }
}

json merge_patched(json object, const json& patch) {
  object.merge_patch(patch);
  return object;
}

Outcome<json> strategically_patched(const json& object, const json& patch, const json& schema) {
  if (!patch.is_object()) return refuse(bad_request("the patch must be an object"));
  return merged(object, patch, schema);
}

}  // namespace poolscaler::simulation
