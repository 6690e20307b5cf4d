#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "discovery.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

/// "dev.poolscaler.v1alpha1.ScalingPolicy": the group's labels from right to left.
std::string component_name(const Kind& kind) {
  if (!kind.custom) {
    const auto group = kind.group.empty() ? "core" : kind.group.substr(0, kind.group.find('.'));
    return fmt::format("io.k8s.api.{}.{}.{}", group, kind.version, kind.kind);
  }
  std::string name;
  std::string_view rest = kind.group;
  while (!rest.empty()) {
    const auto dot = rest.rfind('.');
    name += std::string(dot == std::string_view::npos ? rest : rest.substr(dot + 1)) + ".";
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(0, dot);
  }
  return fmt::format("{}{}.{}", name, kind.version, kind.kind);
}

json gvk_of(const Kind& kind) {
  return {{"group", kind.group}, {"version", kind.version}, {"kind", kind.kind}};
}

json query_parameter(const char* name, const char* description) {
  return {{"name", name},
          {"in", "query"},
          {"description", description},
          {"schema", {{"type", "string"}, {"uniqueItems", true}}}};
}

json write_parameters() {
  return {query_parameter("dryRun", "When present, nothing is stored; the only value is All."),
          query_parameter("fieldManager", "Who is writing."),
          query_parameter("fieldValidation",
                          "What becomes of unknown fields: Ignore, Warn or Strict.")};
}

json operation(const Kind& kind, const char* action, const json& reference) {
  json done = {{"description", "OK"},
               {"content", {{"application/json", {{"schema", reference}}}}}};
  json made = {{"operationId", fmt::format("{}{}", action, kind.kind)},
               {"responses", {{"200", std::move(done)}}},
               {"x-kubernetes-action", action},
               {"x-kubernetes-group-version-kind", gvk_of(kind)}};
  if (std::string_view(action) == "get" || std::string_view(action) == "list") return made;
  made["parameters"] = write_parameters();
  if (std::string_view(action) == "patch") {
    const json patch = {{"schema", {{"type", "object"}}}};
    made["requestBody"] = {{"content",
                            {{"application/apply-patch+yaml", patch},
                             {"application/json-patch+json", patch},
                             {"application/merge-patch+json", patch}}},
                           {"required", true}};
  } else if (std::string_view(action) != "delete") {
    made["requestBody"] = {{"content", {{"application/json", {{"schema", reference}}}}},
                           {"required", true}};
  }
  return made;
}

void add_paths(const Kind& kind, json& paths) {
  const json reference = {{"$ref", "#/components/schemas/" + component_name(kind)}};
  const auto root = kind.group.empty() ? fmt::format("/api/{}/", kind.version)
                                       : fmt::format("/apis/{}/{}/", kind.group, kind.version);
  const auto collection =
      root + (kind.namespaced ? "namespaces/{namespace}/" : "") + kind.plural;
  paths[collection] = {{"get", operation(kind, "list", reference)},
                       {"post", operation(kind, "post", reference)}};
  paths[collection + "/{name}"] = {{"get", operation(kind, "get", reference)},
                                   {"put", operation(kind, "put", reference)},
                                   {"patch", operation(kind, "patch", reference)},
                                   {"delete", operation(kind, "delete", reference)}};
}

/// OpenAPI knows no fields that are integer or string in one; kubectl shows them as strings.
json shown_schema(json schema) {
  if (schema.is_array())
    for (auto& entry : schema) entry = shown_schema(std::move(entry));
  if (!schema.is_object()) return schema;
  if (schema.value("x-kubernetes-int-or-string", json()) == true && !schema.contains("type")) {
    schema["type"] = "string";
    schema["format"] = "int-or-string";
  }
  for (auto& [name, entry] : schema.items())
    if (name != "default" && name != "enum") entry = shown_schema(std::move(entry));
  return schema;
}

}  // namespace

json open_api_of(const Catalog& catalog, const std::string& group, const std::string& version) {
  json document = {
      {"openapi", "3.0.0"},
      {"info", {{"title", "Kubernetes"}, {"version", "v1.37.2"}}},
      {"paths", json::object()},
      {"components", {{"schemas", json::object()}}}};
  for (const auto& kind : catalog.all()) {
    if (kind->group != group || kind->version != version) continue;
    add_paths(*kind, document["paths"]);
    auto schema = shown_schema(*kind->schema);
    schema["x-kubernetes-group-version-kind"] = json::array({gvk_of(*kind)});
    document["components"]["schemas"][component_name(*kind)] = std::move(schema);
  }
  return document;
}

}  // namespace poolscaler::simulation
