#include "tables.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "catalog.hpp"
#include "world.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

/// The next step of a JSON path: ".name", "[0]" or "[?(@.key=="value")]"; empty at its end.
std::string_view take_step(std::string_view& path) {
  if (path.empty()) return {};
  const auto end = path.front() == '[' ? path.find(']') + 1 : path.find_first_of(".[", 1);
  const auto step = path.substr(0, end);
  path = end >= path.size() ? std::string_view() : path.substr(end);
  return step;
}

json matching_item(const json& list, std::string_view filter) {
  const auto equals = filter.find("==");
  if (equals == std::string_view::npos || !filter.starts_with("[?(@.")) return {};
  const std::string key(filter.substr(5, equals - 5));
  auto value = filter.substr(equals + 2);
  if (value.size() < 4) return {};
  value = value.substr(1, value.size() - 4);  // without the quotes and ")]"
  for (const auto& entry : list)
    if (entry.is_object() && entry.value(key, json()) == std::string(value)) return entry;
  return {};
}

json stepped(const json& value, std::string_view step) {
  if (step.starts_with("[?")) return value.is_array() ? matching_item(value, step) : json();
  if (step.starts_with('[')) {
    std::size_t index = 0;
    std::from_chars(step.data() + 1, step.data() + step.size() - 1, index);
    return value.is_array() && index < value.size() ? value[index] : json();
  }
  const std::string name(step.starts_with('.') ? step.substr(1) : step);
  return value.is_object() && value.contains(name) ? value[name] : json();
}

json definition_of(std::string_view name, std::string_view type, std::string_view format,
                   std::string_view description, int priority) {
  return {{"name", name},
          {"type", type},
          {"format", format},
          {"description", description},
          {"priority", priority}};
}

json custom_definitions(const Kind& kind) {
  json definitions = json::array({definition_of("Name", "string", "name",
                                                "Name must be unique within a namespace.", 0)});
  for (const auto& column : kind.columns)
    definitions.push_back(definition_of(column.name, column.type, column.format,
                                        column.description, column.priority));
  return definitions;
}

json custom_cells(const Kind& kind, const json& object, Instant now) {
  json cells = json::array({object["metadata"].value("name", "")});
  for (const auto& column : kind.columns) {
    auto value = value_at_path(object, column.json_path);
    const bool is_date = column.type == "date";
    if (value.is_null()) {
      cells.push_back(json());
    } else if (is_date) {
      cells.push_back(age_of(value, now));
    } else if (value.is_structured()) {
      cells.push_back(value.dump());
    } else if (column.type == "string" && !value.is_string()) {
      cells.push_back(value.dump());
    } else {
      cells.push_back(std::move(value));
    }
  }
  return cells;
}

json built_in_definitions(const Kind& kind) {
  json definitions = json::array();
  for (const auto& column : built_in_columns(kind))
    definitions.push_back(definition_of(column.name, column.type,
                                        column.name == "Name" ? "name" : "", column.name,
                                        column.priority));
  return definitions;
}

}  // namespace

json value_at_path(const json& object, std::string_view path) {
  if (path.starts_with('{') && path.ends_with('}')) path = path.substr(1, path.size() - 2);
  json value = object;
  while (!value.is_null()) {
    const auto step = take_step(path);
    if (step.empty()) break;
    value = stepped(value, step);
  }
  return value;
}

std::string human_duration(Millis duration) {
  const auto seconds = std::chrono::duration_cast<Seconds>(duration).count();
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return fmt::format("{}s", seconds);
  const auto pair = [](std::int64_t a, const char* big, std::int64_t b, const char* small) {
    return b == 0 ? fmt::format("{}{}", a, big) : fmt::format("{}{}{}{}", a, big, b, small);
  };
  const auto minutes = seconds / 60;
  if (minutes < 10) return pair(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return fmt::format("{}m", minutes);
  const auto hours = minutes / 60;
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return fmt::format("{}h", hours);
  if (hours < 192) return pair(hours / 24, "d", hours % 24, "h");
  if (hours < 24 * 365 * 2) return fmt::format("{}d", hours / 24);
  if (hours < 24 * 365 * 8) return pair(hours / 24 / 365, "y", hours / 24 % 365, "d");
  return fmt::format("{}y", hours / 24 / 365);
}

std::string age_of(const json& time, Instant now) {
  if (!time.is_string()) return "<unknown>";
  const auto parsed = parse_rfc3339(time.get_ref<const std::string&>());
  return parsed ? human_duration(now - *parsed) : "<unknown>";
}

json table_of(const Kind& kind, const ApiRequest& request, const std::vector<Object>& objects,
              Instant now) {
  json table = {{"kind", "Table"},
                {"apiVersion", "meta.k8s.io/v1"},
                {"columnDefinitions",
                 kind.custom ? custom_definitions(kind) : built_in_definitions(kind)},
                {"rows", json::array()}};
  const auto include = request.parameter("includeObject");
  for (const auto& object : objects) {
    json row = {{"cells", kind.custom ? custom_cells(kind, *object, now)
                                      : built_in_cells(kind, *object, now)}};
    if (include == "Object") {
      row["object"] = wire_form(kind, *object);
    } else if (include != "None") {
      row["object"] = {{"kind", "PartialObjectMetadata"},
                       {"apiVersion", "meta.k8s.io/v1"},
                       {"metadata", object->at("metadata")}};
    }
    table["rows"].push_back(std::move(row));
  }
  return table;
}

}  // namespace poolscaler::simulation
