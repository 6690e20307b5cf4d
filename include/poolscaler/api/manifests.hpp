// Objects as they stand in files, and what separates two of them.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/result.hpp"

namespace poolscaler::api {

/// Lines, counted from 1, by the path of what stands there: "spec.signals[0].name".
using FieldLines = std::map<std::string, int, std::less<>>;

struct Manifest {
  nlohmann::json object;
  FieldLines lines{};

  /// Where the field stands, or the nearest that is there of those it lies in.
  [[nodiscard]] int line_of(std::string_view path) const;
};

/// As read_yaml, with the lines.
[[nodiscard]] Result<std::vector<Manifest>> read_manifests(std::string_view text);

/// What is wrong around the spec: fields that no object has, namespace, labels, annotations. The
/// API server refuses them; the operator never sees them.
[[nodiscard]] std::vector<FieldError> envelope_errors(const nlohmann::json& object);

/// A field that has another value, with defaults filled in: what counts, not what is written.
struct FieldChange {
  std::string path;    // "spec.signals[queue].target.value": items of a map by their key
  std::string before;  // as people are shown it; empty: not there
  std::string after;
  std::string_view doc;  // the field's sentences of the reference page
};

/// What is another in `after` than in `before`, in the order of the reference page. Both are valid
/// objects of the kind.
[[nodiscard]] std::vector<FieldChange> changes_between(Kind kind, const nlohmann::json& before,
                                                       const nlohmann::json& after);

/// `before` with this one of its changes towards `after`.
[[nodiscard]] nlohmann::json with_change(Kind kind, const nlohmann::json& before,
                                         const nlohmann::json& after, const FieldChange& change);

}  // namespace poolscaler::api
