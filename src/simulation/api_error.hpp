// ApiError: an answer other than success, as the metav1.Status that a real API server sends: its
// code, its reason, its words. Clients take decisions by these; people read them.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "poolscaler/ports/http_server.hpp"

namespace poolscaler::simulation {

struct Kind;

/// One wrong field. `reason` is a field error type: FieldValueInvalid, FieldValueRequired ...
struct Cause {
  std::string reason;
  std::string message;
  std::string field;
};

struct ApiError {
  int code;
  std::string reason;
  std::string message;
  std::string group{};
  std::string kind{};
  std::string name{};
  std::vector<Cause> causes{};
  int retry_after_seconds = 0;
};

template <class T>
using Outcome = tl::expected<T, ApiError>;

[[nodiscard]] inline tl::unexpected<ApiError> refuse(ApiError error) {
  return tl::unexpected<ApiError>(std::move(error));
}

[[nodiscard]] ApiError bad_request(std::string message);
[[nodiscard]] ApiError not_found(const Kind& kind, const std::string& name);
[[nodiscard]] ApiError already_exists(const Kind& kind, const std::string& name);
struct GroupResource {
  std::string group;
  std::string resource;
};
/// "Operation cannot be fulfilled on deployments.apps "x": <why>".
[[nodiscard]] ApiError conflict(const GroupResource& what, const std::string& name,
                                std::string_view why);
inline constexpr std::string_view object_modified =
    "the object has been modified; please apply your changes to the latest version and try again";
[[nodiscard]] ApiError invalid(const Kind& kind, const std::string& name,
                               std::vector<Cause> causes);
[[nodiscard]] ApiError expired(std::string message);
[[nodiscard]] ApiError version_too_large(std::uint64_t asked, std::uint64_t current);
[[nodiscard]] ApiError forbidden(const Kind& kind, const std::string& name, std::string_view why);
[[nodiscard]] ApiError method_not_allowed();
[[nodiscard]] ApiError unsupported_media_type(std::string_view accepted);
[[nodiscard]] ApiError internal_error(std::string_view message);

/// The three shapes of a field error in the words of a real server.
[[nodiscard]] Cause invalid_value(std::string field, std::string_view value,
                                  std::string_view detail);
[[nodiscard]] Cause required_value(std::string field, std::string_view detail = {});
[[nodiscard]] Cause forbidden_value(std::string field, std::string_view detail);

[[nodiscard]] nlohmann::json status_of(const ApiError& error);
[[nodiscard]] ServerResponse response_of(const ApiError& error);

/// 422 about a parameter of a list or a watch.
[[nodiscard]] ApiError invalid_list_options(const Cause& cause);

}  // namespace poolscaler::simulation
