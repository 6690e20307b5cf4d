#include "preparation.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "admission.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/text.hpp"
#include "protobuf.hpp"
#include "schema_check.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

constexpr int depth_max = 100;

struct TooDeep {};

Outcome<json> parse_json(std::string_view text) {
  const auto guard = [](int depth, json::parse_event_t, json&) {
    if (depth > depth_max) throw TooDeep{};
    return true;
  };
  try {
    return json::parse(text, guard);
  } catch (const json::exception& problem) {
    return refuse(bad_request(fmt::format("error decoding the body: {}",
                                          escaped(capped(problem.what(), 300)))));
  } catch (const TooDeep&) {
    return refuse(bad_request("error decoding the body: it is nested too deeply"));
  }
}

std::string quoted_list(const std::vector<std::string>& fields) {
  std::string list;
  for (const auto& field : fields)
    list += fmt::format("{}unknown field \"{}\"", list.empty() ? "" : ", ", field);
  return list;
}

ApiError cannot_be_handled(const Kind& kind, const ApiRequest& request, const std::string& why) {
  if (request.verb == Verb::Patch) {
    return {.code = 422,
            .reason = "Invalid",
            .message = fmt::format(" \"\" is invalid: patch: Invalid value: {}: {}",
                                   json(capped(request.body, 1000)).dump(), why),
            .causes = {invalid_value("patch", json(capped(request.body, 1000)).dump(), why)}};
  }
  return bad_request(fmt::format("{0} in version \"{1}\" cannot be handled as a {0}: {2}",
                                 kind.kind, kind.version, why));
}

/// A real server decodes the built-in kinds into typed structs, where a wrong type is no 422.
Outcome<void> check_types(const Kind& kind, const ApiRequest& request,
                          const std::vector<Cause>& causes) {
  if (kind.custom) return {};
  for (const auto& cause : causes) {
    if (cause.reason != "FieldValueTypeInvalid") continue;
    return refuse(cannot_be_handled(
        kind, request, fmt::format("json: cannot unmarshal {}: {}", cause.field, cause.message)));
  }
  return {};
}

/// The rules between fields. Those of custom kinds speak of an object that is sound as far as types
/// go: a real server says so, too, in place of running them.
void judge_further(const Kind& kind, const json& object, const json& before,
                   std::vector<Cause>& causes) {
  constexpr std::array blocking = {"FieldValueNotSupported", "FieldValueRequired",
                                   "FieldValueTooLong", "FieldValueTooMany",
                                   "FieldValueTypeInvalid"};
  const bool blocked = std::ranges::any_of(causes, [&](const Cause& cause) {
    return std::ranges::find(blocking, cause.reason) != blocking.end();
  });
  const bool ours = kind.custom && kind.group == api::group;
  if (blocked && kind.custom) {
    if (ours)
      causes.push_back(invalid_value("<nil>", "null",
                                     "some validation rules were not checked because the object "
                                     "was invalid; correct the existing errors to complete "
                                     "validation"));
    return;
  }
  for (auto& cause : check_comparisons(object, *kind.schema)) causes.push_back(std::move(cause));
  const auto before_judging = causes;
  for (auto& cause : judge(kind, object, before)) {
    // The operator's own reader sees again what the schema has seen.
    const bool said = ours && std::ranges::any_of(before_judging, [&](const Cause& known) {
      return cause.field == known.field || cause.field.starts_with(known.field + ".");
    });
    if (!said) causes.push_back(std::move(cause));
  }
}

ApiError protobuf_refused(const std::string& problem) {
  auto error = unsupported_media_type("application/json, application/yaml");
  error.message += fmt::format(
      "; of protobuf the sandbox reads what kubectl's own verbs send, and here {}: use "
      "`kubectl create ... --dry-run=client -o yaml | kubectl apply -f -`",
      problem);
  return error;
}

}  // namespace

Outcome<json> read_body(const ApiRequest& request) {
  if (request.content_type == "application/vnd.kubernetes.protobuf")
    return read_protobuf(request.body).map_error([](const Error& error) {
      return protobuf_refused(error.message);
    });
  const bool may_be_yaml = request.content_type.find("yaml") != std::string::npos;
  auto parsed = parse_json(request.body);
  if (parsed || !may_be_yaml) return parsed;
  auto documents = api::read_yaml(request.body);
  if (!documents) return refuse(bad_request("error decoding YAML: " + documents.error().message));
  if (documents->size() != 1) return refuse(bad_request("the body must be one YAML document"));
  return documents->front();
}

Outcome<void> settle_identity(const Kind& kind, const ApiRequest& request, json& object) {
  if (!object.is_object()) return refuse(bad_request("the body must be a JSON object"));
  if (!object.value("metadata", json::object()).is_object())
    return refuse(bad_request("metadata must be an object"));
  const auto api_version = object.value("apiVersion", kind.api_version());
  const auto name = object.value("kind", kind.kind);
  if (api_version != kind.api_version() || name != kind.kind) {
    return refuse(bad_request(fmt::format(
        "the object provided is unrecognized (must be of type {}): it is {} of {}", kind.kind, name,
        api_version)));
  }
  object["apiVersion"] = kind.api_version();
  object["kind"] = kind.kind;
  auto& metadata = object["metadata"];
  if (kind.namespaced) {
    if (metadata.value("namespace", request.ns) != request.ns)
      return refuse(bad_request(
          "the namespace of the provided object does not match the namespace sent on the request"));
    metadata["namespace"] = request.ns;
  } else {
    metadata.erase("namespace");
  }
  if (request.name.empty()) return {};
  if (metadata.value("name", request.name) != request.name) {
    return refuse(bad_request(fmt::format(
        "the name of the object ({}) does not match the name on the URL ({})",
        metadata.value("name", ""), request.name)));
  }
  metadata["name"] = request.name;
  return {};
}

Outcome<std::vector<std::string>> prepare(const Kind& kind, const ApiRequest& request, json& object,
                                          const json& before) {
  const auto validation = request.parameter("fieldValidation");
  if (!kind.custom) drop_nulls(object);
  const auto unknown = prune(object, *kind.schema);
  if (!unknown.empty() && validation == "Strict")
    return refuse(cannot_be_handled(kind, request,
                                    "strict decoding error: " + quoted_list(unknown)));
  if (const auto typed = check_types(kind, request, check(object, *kind.schema)); !typed)
    return refuse(typed.error());
  fill_defaults(object, *kind.schema);
  complete(kind, object, before);
  auto causes = judge_metadata(kind, object);
  for (auto& cause : check(object, *kind.schema)) causes.push_back(std::move(cause));
  // An older spec is not judged with its status.
  if (request.subresource.empty()) judge_further(kind, object, before, causes);
  if (!causes.empty())
    return refuse(invalid(kind, object["metadata"].value("name", ""), std::move(causes)));
  std::vector<std::string> warnings;
  if (validation == "Ignore") return warnings;
  for (const auto& field : unknown) warnings.push_back(fmt::format("unknown field \"{}\"", field));
  return warnings;
}

}  // namespace poolscaler::simulation
