// Tables: what `kubectl get` prints, rendered by the server. Custom kinds by the printer columns of
// their definition, built-in kinds by the columns of a real server.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "api_request.hpp"
#include "object_store.hpp"
#include "poolscaler/base/time.hpp"

namespace poolscaler::simulation {

struct Kind;

/// A meta.k8s.io/v1 Table without its metadata.
[[nodiscard]] nlohmann::json table_of(const Kind& kind, const ApiRequest& request,
                                      const std::vector<Object>& objects, Instant now);

/// "45s", "3m12s", "5h", "12d": the ages of kubectl.
[[nodiscard]] std::string human_duration(Millis duration);

struct BuiltInColumn {
  std::string_view name;
  std::string_view type;
  int priority = 0;
};
/// The columns of a built-in kind, the name first, and the cells of one of its objects.
[[nodiscard]] std::vector<BuiltInColumn> built_in_columns(const Kind& kind);
[[nodiscard]] nlohmann::json built_in_cells(const Kind& kind, const nlohmann::json& object,
                                            Instant now);

/// "5m" since an RFC 3339 time, "<unknown>" for anything else.
[[nodiscard]] std::string age_of(const nlohmann::json& time, Instant now);
/// The value at a printer column's JSON path: fields, [n] and [?(@.type=="Ready")].
[[nodiscard]] nlohmann::json value_at_path(const nlohmann::json& object, std::string_view path);

}  // namespace poolscaler::simulation
