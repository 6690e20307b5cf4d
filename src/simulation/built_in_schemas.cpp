#include "built_in_schemas.hpp"

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "built_in_notation.hpp"
#include "poolscaler/base/check.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;
using Fragments = std::map<std::string, json, std::less<>>;

struct Line {
  std::size_t depth;
  std::string_view name;
  bool required;
  std::vector<std::string_view> words;  // type and flags
  std::string_view description;
};

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto space = text.find(' ');
    if (space != 0) words.push_back(text.substr(0, space));
    if (space == std::string_view::npos) break;
    text.remove_prefix(space + 1);
  }
  return words;
}

/// "  replicas! int =1: Number of pods."
Line read_line(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  const auto colon = text.find(": ");
  CHECK(colon != std::string_view::npos, "every line of the notation has a description");
  auto words = words_of(text.substr(begin, colon - begin));
  std::string_view name = words.front();
  words.erase(words.begin());
  const bool required = name.ends_with('!');
  if (required) name.remove_suffix(1);
  return {.depth = begin / 2,
          .name = name,
          .required = required,
          .words = std::move(words),
          .description = text.substr(colon + 2)};
}

json scalar(std::string_view type) {
  if (type == "int") return {{"type", "integer"}, {"format", "int32"}};
  if (type == "int64") return {{"type", "integer"}, {"format", "int64"}};
  if (type == "number") return {{"type", "number"}};
  if (type == "bool") return {{"type", "boolean"}};
  if (type == "time") return {{"type", "string"}, {"format", "date-time"}};
  if (type == "quantity" || type == "intOrString") return {{"x-kubernetes-int-or-string", true}};
  if (type == "any") return {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
  CHECK(type == "string", "the notation names only these types");
  return {{"type", "string"}};
}

json type_of(std::string_view type, const Fragments& fragments) {
  if (type.starts_with('&')) return fragments.at(std::string(type.substr(1)));
  if (type.starts_with('['))
    return {{"type", "array"}, {"items", type_of(type.substr(1, type.size() - 2), fragments)}};
  if (type.starts_with('{'))
    return {{"type", "object"},
            {"additionalProperties", type_of(type.substr(1, type.size() - 2), fragments)}};
  return scalar(type);
}

void apply_flag(std::string_view flag, json& schema) {
  if (flag.starts_with("key=")) {
    schema["x-kubernetes-list-type"] = "map";
    auto keys = flag.substr(4);
    while (true) {
      const auto comma = keys.find(',');
      schema["x-kubernetes-list-map-keys"].push_back(std::string(keys.substr(0, comma)));
      if (comma == std::string_view::npos) return;
      keys.remove_prefix(comma + 1);
    }
  }
  if (flag == "set") {
    schema["x-kubernetes-list-type"] = "set";
  } else if (flag.starts_with(">=")) {
    schema["minimum"] = std::stoi(std::string(flag.substr(2)));
  } else if (flag.starts_with("=")) {
    const std::string text(flag.substr(1));
    schema["default"] = schema.value("type", "") == "string" ? json(text) : json::parse(text);
  }
}

json schema_of(const Line& line, const Fragments& fragments) {
  json schema = {{"type", "object"}};
  if (!line.words.empty() && line.words.front() != "...")
    schema = type_of(line.words.front(), fragments);
  schema["description"] = std::string(line.description);
  for (const auto flag : line.words) {
    if (flag == "...") schema["x-kubernetes-preserve-unknown-fields"] = true;
    apply_flag(flag, schema);
  }
  return schema;
}

/// Reads the lines below `depth` into the properties of `parent`.
void read_children(const std::vector<Line>& lines, std::size_t& at, std::size_t depth, json& parent,
                   const Fragments& fragments) {
  while (at < lines.size() && lines[at].depth == depth) {
    const auto& line = lines[at++];
    json schema = schema_of(line, fragments);
    read_children(lines, at, depth + 1, schema, fragments);
    const std::string name(line.name);
    if (line.required) parent["required"].push_back(name);
    parent["properties"][name] = std::move(schema);
  }
}

Fragments read_notation() {
  std::vector<Line> lines;
  for (auto text : built_in_notation()) {
    while (!text.empty()) {
      const auto end = text.find('\n');
      const auto line = text.substr(0, end);
      if (line.find_first_not_of(' ') != std::string_view::npos) lines.push_back(read_line(line));
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
  }
  Fragments fragments;
  for (std::size_t at = 0; at < lines.size();) {
    const auto& line = lines[at++];
    json schema = schema_of(line, fragments);
    read_children(lines, at, 1, schema, fragments);
    fragments.insert_or_assign(std::string(line.name), std::move(schema));
  }
  return fragments;
}

const Fragments& known_fragments() {
  static const Fragments all = read_notation();
  return all;
}

}  // namespace

const json& metadata_schema() { return known_fragments().at("ObjectMeta"); }

std::shared_ptr<const json> built_in_schema(std::string_view kind) {
  const auto found = known_fragments().find(kind);
  json schema = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
  if (found != known_fragments().end()) schema = found->second;
  auto& properties = schema["properties"];
  properties["apiVersion"] = {{"type", "string"},
                              {"description", "The versioned schema of this object."}};
  properties["kind"] = {{"type", "string"}, {"description", "The type of this object."}};
  properties["metadata"] = metadata_schema();
  return std::make_shared<const json>(std::move(schema));
}

}  // namespace poolscaler::simulation
