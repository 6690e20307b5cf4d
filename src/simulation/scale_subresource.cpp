#include "scale_subresource.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "patches.hpp"
#include "preparation.hpp"
#include "reads.hpp"
#include "selectors.hpp"
#include "writes.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr std::int64_t replicas_max = 2147483647;

json::json_pointer pointer_of(const std::string& path) {
  std::string pointer(path);
  std::ranges::replace(pointer, '.', '/');
  return json::json_pointer(pointer);
}

json value_at(const json& object, const std::string& path) {
  if (path.empty()) return {};
  const auto pointer = pointer_of(path);
  return object.contains(pointer) ? object.at(pointer) : json();
}

std::int64_t number_at(const json& object, const std::string& path) {
  const auto value = value_at(object, path);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

json scale_of(const Kind& kind, const json& object) {
  json metadata = json::object();
  for (const auto* name : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
    if (object["metadata"].contains(name)) metadata[name] = object["metadata"][name];
  const auto replicas = number_at(object, kind.scale->spec);
  // Zero is left out of spec, as the real type does.
  json scale = {{"kind", "Scale"},
                {"apiVersion", "autoscaling/v1"},
                {"metadata", std::move(metadata)},
                {"spec", replicas == 0 ? json::object() : json{{"replicas", replicas}}},
                {"status", {{"replicas", number_at(object, kind.scale->status)}}}};
  const auto selector = value_at(object, kind.scale->selector);
  const auto text = selector.is_string() ? selector.get<std::string>()
                                         : LabelSelector::of(selector).text();
  if (!text.empty()) scale["status"]["selector"] = text;
  return scale;
}

ApiError undecodable(const std::string& why) {
  return {.code = 422,
          .reason = "Invalid",
          .message = fmt::format(" \"\" is invalid: patch: Invalid value: {}", why),
          .causes = {{.reason = "FieldValueInvalid",
                      .message = fmt::format("Invalid value: {}", why),
                      .field = "patch"}}};
}

/// spec.replicas of a Scale: absent and null are 0.
Outcome<std::int64_t> replicas_of(const ApiRequest& request, const Kind& kind, const json& scale) {
  const auto spec = scale.value("spec", json::object());
  const auto value = spec.is_object() ? spec.value("replicas", json()) : json();
  if (value.is_null()) return 0;
  const bool whole = value.is_number_integer();
  if (!whole || value > replicas_max || value < -replicas_max - 1) {
    const auto why = fmt::format("json: cannot unmarshal {} into Go struct field "
                                 "ScaleSpec.spec.replicas of type int32",
                                 value.dump());
    if (request.verb == Verb::Patch) return refuse(undecodable(why));
    return refuse(bad_request(
        fmt::format("Scale in version \"v1\" cannot be handled as a Scale: {}", why)));
  }
  const auto replicas = value.get<std::int64_t>();
  if (replicas < 0) {
    auto error = invalid(kind, request.name,
                         {invalid_value("spec.replicas", value.dump(),
                                        "must be greater than or equal to 0")});
    error.group = "autoscaling";
    error.kind = "Scale";
    error.message = fmt::format("Scale.autoscaling \"{}\" is invalid: spec.replicas: {}",
                                request.name, error.causes.front().message);
    return refuse(std::move(error));
  }
  return replicas;
}

Outcome<json> wanted_scale(const Kind& kind, const ApiRequest& request, const json& current) {
  auto body = read_body(request);
  if (!body || request.verb == Verb::Update) return body;
  const auto& type = request.content_type;
  if (type == "application/json-patch+json") return json_patched(current, *body);
  const bool merges = type == "application/merge-patch+json" ||
                      (type == "application/strategic-merge-patch+json" && !kind.custom) ||
                      type == "application/apply-patch+yaml";
  if (!merges)
    return refuse(unsupported_media_type("application/json-patch+json, "
                                         "application/merge-patch+json"));
  if (!body->is_object()) return refuse(bad_request("the patch must be a JSON object"));
  return merge_patched(current, *body);
}

}  // namespace

Outcome<ServerResponse> serve_scale(WorldParts& world, const Kind& kind,
                                    const ApiRequest& request) {
  const auto before = existing(world, kind, request);
  if (!before) return refuse(before.error());
  const auto current = scale_of(kind, **before);
  if (request.verb == Verb::Get) return json_response(200, current);
  if (request.verb != Verb::Update && request.verb != Verb::Patch)
    return refuse(method_not_allowed());
  const auto wanted = wanted_scale(kind, request, current);
  if (!wanted) return refuse(wanted.error());
  if (!wanted->is_object() || !wanted->value("metadata", json::object()).is_object())
    return refuse(bad_request("the body must be a Scale object"));
  const auto replicas = replicas_of(request, kind, *wanted);
  if (!replicas) return refuse(replicas.error());
  const auto metadata = wanted->value("metadata", json::object());
  if (metadata.value("name", request.name) != request.name)
    return refuse(bad_request("the name of the object does not match the name on the URL"));
  json object = **before;
  object["metadata"].erase("resourceVersion");
  object["metadata"].erase("uid");
  for (const auto* name : {"resourceVersion", "uid"})
    if (metadata.contains(name)) object["metadata"][name] = metadata[name];
  object[pointer_of(kind.scale->spec)] = *replicas;
  // A scale without resourceVersion is unconditional, whatever the kind itself demands.
  ApiRequest write = request;
  write.verb = Verb::Patch;
  auto written = store_update(world, kind, write, *before, std::move(object));
  if (!written) return refuse(written.error());
  return json_response(200, scale_of(kind, *written->object));
}

}  // namespace poolscaler::simulation
