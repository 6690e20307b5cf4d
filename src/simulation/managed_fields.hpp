// Who set which field: metadata.managedFields, and server-side apply, which is built on it.
//
// A set of fields is a tree in the form of FieldsV1: {"f:spec":{"f:replicas":{}}}; list items that
// have keys are "k:{...}", members of sets "v:...". Other lists are one field.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "api_error.hpp"
#include "poolscaler/base/time.hpp"

namespace poolscaler::simulation {

struct Kind;

struct Writer {
  std::string manager;      // "kubectl"
  std::string subresource;  // "scale", "status" or empty
  Instant now;
};

/// Notes in `object` that `writer` wrote what differs from `before` (null: everything).
void note_update(const Kind& kind, const Writer& writer, const nlohmann::json& before,
                 nlohmann::json& object);

/// `live` with `wanted` applied by `writer`: what it applied before and no longer wants goes, what
/// others own stays. Null `live` creates. Errors: 409 when others own a field with another value
/// and `force` is not set.
[[nodiscard]] Outcome<nlohmann::json> applied(const Kind& kind, const Writer& writer,
                                              const nlohmann::json& live,
                                              const nlohmann::json& wanted, bool force);

}  // namespace poolscaler::simulation
