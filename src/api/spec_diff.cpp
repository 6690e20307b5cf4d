// What separates two specs, field by field along the table.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "checked_reader.hpp"
#include "poolscaler/api/manifests.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

constexpr std::size_t shown_bytes_max = 160;

std::string shown_in_full(const json* value) {
  if (value == nullptr) return "";
  if (value->is_primitive()) return shown(*value);
  return capped(value->dump(-1, ' ', false, json::error_handler_t::replace), shown_bytes_max);
}

const json* item_of(const json& list, const Field& field, const json& key) {
  const std::string name(field.key);
  const auto found = std::ranges::find_if(
      list, [&](const json& item) { return item.is_object() && item.value(name, json()) == key; });
  return found == list.end() ? nullptr : &*found;
}

json sorted(json list) {
  std::sort(list.begin(), list.end());
  return list;
}

class Comparison {
 public:
  std::vector<FieldChange> changes;

  void compare(const Node& node, const json* before, const json* after, const std::string& path) {
    if (before == nullptr && after == nullptr) return;
    if (before == nullptr || after == nullptr) return add(node, before, after, path);
    if (*before == *after) return;
    if (node.type() == FieldType::Object && before->is_object() && after->is_object()) {
      for (const auto& child : node.children)
        compare(child, member(*before, child.name), member(*after, child.name),
                path + "." + std::string(child.name));
      return;
    }
    const bool lists = node.type() == FieldType::List && before->is_array() && after->is_array();
    if (lists && node.field->list == ListType::Map)
      return compare_items(node, *before, *after, path);
    if (lists && node.field->list == ListType::Set && sorted(*before) == sorted(*after)) return;
    add(node, before, after, path);
  }

 private:
  void compare_items(const Node& node, const json& before, const json& after,
                     const std::string& path) {
    const std::string name(node.field->key);
    const auto& item = node.children.front();
    const auto path_of = [&](const json& key) {
      return path + "[" + (key.is_string() ? key.get<std::string>() : key.dump()) + "]";
    };
    for (const auto& old : before) {
      const auto key = old.value(name, json());
      compare(item, &old, item_of(after, *node.field, key), path_of(key));
    }
    for (const auto& fresh : after) {
      const auto key = fresh.value(name, json());
      if (item_of(before, *node.field, key) == nullptr)
        compare(item, nullptr, &fresh, path_of(key));
    }
  }

  void add(const Node& node, const json* before, const json* after, const std::string& path) {
    changes.push_back({.path = path,
                       .before = shown_in_full(before),
                       .after = shown_in_full(after),
                       .doc = node.field ? node.field->doc : std::string_view()});
  }
};

/// One step of a path: a field, or an item by its key.
struct PathStep {
  std::string name;
  bool is_key;
};

std::vector<PathStep> steps_of(std::string_view path) {
  std::vector<PathStep> steps;
  while (!path.empty()) {
    const bool is_key = path.front() == '[';
    if (is_key || path.front() == '.') path.remove_prefix(1);
    const auto end = std::min(is_key ? path.find(']') : path.find_first_of(".["), path.size());
    steps.push_back({.name = std::string(path.substr(0, end)), .is_key = is_key});
    path.remove_prefix(std::min(end + (is_key ? 1 : 0), path.size()));
  }
  return steps;
}

/// Gives `into` what `from` has at the end of the steps, or takes it away where `from` has nothing.
void carry_over(const Node& node, std::span<const PathStep> steps, json& into, const json* from) {
  if (steps.empty()) {
    if (from != nullptr) into = *from;
    return;
  }
  const auto& step = steps.front();
  const auto rest = steps.subspan(1);
  if (!step.is_key) {
    const auto* child = node.child(step.name);
    const auto* value = from == nullptr ? nullptr : member(*from, step.name);
    if (child == nullptr) return;
    if (rest.empty() && value == nullptr) {
      into.erase(step.name);
      return;
    }
    return carry_over(*child, rest, into[step.name], value);
  }
  const auto* value = from == nullptr ? nullptr : item_of(*from, *node.field, step.name);
  const auto found = std::ranges::find_if(into, [&](const json& item) {
    return item.value(std::string(node.field->key), json()) == step.name;
  });
  if (found == into.end()) {
    if (value != nullptr) into.push_back(*value);
  } else if (rest.empty() && value == nullptr) {
    into.erase(found);
  } else {
    carry_over(node.children.front(), rest, *found, value);
  }
}

}  // namespace

std::vector<FieldChange> changes_between(Kind kind, const json& before, const json& after) {
  Comparison comparison;
  const auto old = with_defaults(kind, before);
  const auto fresh = with_defaults(kind, after);
  comparison.compare(spec_tree(kind), member(old, "spec"), member(fresh, "spec"), "spec");
  return std::move(comparison.changes);
}

json with_change(Kind kind, const json& before, const json& after, const FieldChange& change) {
  auto object = with_defaults(kind, before);
  const auto fresh = with_defaults(kind, after);
  const auto steps = steps_of(change.path);
  if (steps.empty() || !object.contains("spec")) return object;
  carry_over(spec_tree(kind), std::span(steps).subspan(1), object["spec"], member(fresh, "spec"));
  return object;
}

}  // namespace poolscaler::api
