// The generic reader: JSON of any shape in, JSON of exactly the field table's shape out, or the
// list of everything that is wrong. Whoever takes its result need check nothing again.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "field_table.hpp"
#include "poolscaler/api/objects.hpp"

namespace poolscaler::api {

/// `.spec` of `object` with every default filled in and unknown fields dropped. Integers are JSON
/// integers within their bounds, decimals text of Syntax::Decimal or such integers, enums one of
/// their words; every rule of the kind holds. Never throws.
[[nodiscard]] Checked<nlohmann::json> checked_spec(Kind kind, const nlohmann::json& object,
                                                   UnknownFields unknown);

/// What is wrong with `value` as the field `node` (used for .status too).
[[nodiscard]] std::vector<FieldError> errors_below(const Node& node, const nlohmann::json& value,
                                                   UnknownFields unknown);

/// A value as people are shown it: scalars as JSON, capped and escaped; others in words.
[[nodiscard]] std::string shown(const nlohmann::json& value);

/// The number of a checked decimal.
[[nodiscard]] double decimal_of(const nlohmann::json& checked);

}  // namespace poolscaler::api
