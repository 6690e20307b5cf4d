#include "api_error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "catalog.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

ApiError about(const Kind& kind, const std::string& name, int code, std::string reason,
               std::string message) {
  return {.code = code,
          .reason = std::move(reason),
          .message = std::move(message),
          .group = kind.group,
          .kind = kind.plural,
          .name = name};
}

}  // namespace

ApiError bad_request(std::string message) {
  return {.code = 400, .reason = "BadRequest", .message = std::move(message)};
}

ApiError not_found(const Kind& kind, const std::string& name) {
  return about(kind, name, 404, "NotFound",
               fmt::format("{} \"{}\" not found", kind.resource(), name));
}

ApiError already_exists(const Kind& kind, const std::string& name) {
  return about(kind, name, 409, "AlreadyExists",
               fmt::format("{} \"{}\" already exists", kind.resource(), name));
}

ApiError conflict(const GroupResource& what, const std::string& name, std::string_view why) {
  const auto shown = what.group.empty() ? what.resource : what.resource + "." + what.group;
  return {
      .code = 409,
      .reason = "Conflict",
      .message = fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", shown, name, why),
      .group = what.group,
      .kind = what.resource,
      .name = name};
}

ApiError invalid(const Kind& kind, const std::string& name, std::vector<Cause> causes) {
  std::string list;
  for (const auto& cause : causes) {
    if (!list.empty()) list += ", ";
    list += cause.field + ": " + cause.message;
  }
  if (causes.size() > 1) list = "[" + list + "]";
  // Both faces of an event are judged as the one of core/v1.
  const auto group = kind.is_event_v1() ? std::string() : kind.group;
  const auto type = group.empty() ? kind.kind : kind.kind + "." + group;
  return {.code = 422,
          .reason = "Invalid",
          .message = fmt::format("{} \"{}\" is invalid: {}", type, name, list),
          .group = group,
          .kind = kind.kind,
          .name = name,
          .causes = std::move(causes)};
}

ApiError expired(std::string message) {
  return {.code = 410, .reason = "Expired", .message = std::move(message)};
}

ApiError version_too_large(std::uint64_t asked, std::uint64_t current) {
  return {.code = 504,
          .reason = "Timeout",
          .message =
              fmt::format("Timeout: Too large resource version: {}, current: {}", asked, current),
          .causes = {{.reason = "ResourceVersionTooLarge",
                      .message = "Too large resource version",
                      .field = ""}},
          .retry_after_seconds = 1};
}

ApiError forbidden(const Kind& kind, const std::string& name, std::string_view why) {
  return about(kind, name, 403, "Forbidden",
               fmt::format("{} \"{}\" is forbidden: {}", kind.resource(), name, why));
}

ApiError method_not_allowed() {
  return {.code = 405,
          .reason = "MethodNotAllowed",
          .message = "the server does not allow this method on the requested resource"};
}

ApiError unsupported_media_type(std::string_view accepted) {
  return {.code = 415,
          .reason = "UnsupportedMediaType",
          .message = fmt::format("the body of the request was in an unknown format - accepted "
                                 "media types include: {}",
                                 accepted)};
}

ApiError internal_error(std::string_view message) {
  return {.code = 500,
          .reason = "InternalError",
          .message = fmt::format("Internal error occurred: {}", message)};
}

Cause invalid_value(std::string field, std::string_view value, std::string_view detail) {
  return {.reason = "FieldValueInvalid",
          .message = fmt::format("Invalid value: {}: {}", value, detail),
          .field = std::move(field)};
}

Cause required_value(std::string field, std::string_view detail) {
  return {.reason = "FieldValueRequired",
          .message = detail.empty() ? "Required value" : fmt::format("Required value: {}", detail),
          .field = std::move(field)};
}

Cause forbidden_value(std::string field, std::string_view detail) {
  return {.reason = "FieldValueForbidden",
          .message = fmt::format("Forbidden: {}", detail),
          .field = std::move(field)};
}

json status_of(const ApiError& error) {
  json details = json::object();
  if (!error.name.empty()) details["name"] = error.name;
  if (!error.group.empty()) details["group"] = error.group;
  if (!error.kind.empty()) details["kind"] = error.kind;
  for (const auto& cause : error.causes) {
    json entry = {{"reason", cause.reason}, {"message", cause.message}};
    if (!cause.field.empty()) entry["field"] = cause.field;
    details["causes"].push_back(std::move(entry));
  }
  if (error.retry_after_seconds > 0) details["retryAfterSeconds"] = error.retry_after_seconds;
  json status = {{"kind", "Status"},           {"apiVersion", "v1"},
                 {"metadata", json::object()}, {"status", "Failure"},
                 {"message", error.message},   {"reason", error.reason},
                 {"code", error.code}};
  if (!details.empty()) status["details"] = std::move(details);
  return status;
}

ServerResponse response_of(const ApiError& error) {
  ServerResponse response{.status = error.code, .body = status_of(error).dump() + "\n"};
  if (error.retry_after_seconds > 0)
    response.headers["Retry-After"] = std::to_string(error.retry_after_seconds);
  return response;
}

ApiError invalid_list_options(const Cause& cause) {
  return {.code = 422,
          .reason = "Invalid",
          .message = fmt::format("ListOptions.meta.k8s.io \"\" is invalid: {}: {}", cause.field,
                                 cause.message),
          .group = "meta.k8s.io",
          .kind = "ListOptions",
          .causes = {cause}};
}

}  // namespace poolscaler::simulation
