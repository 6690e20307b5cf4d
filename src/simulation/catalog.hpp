// Catalog: the kinds that the API server serves - those built in, and those of the installed
// CustomResourceDefinitions - with what discovery, tables, validation and patches need of each.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api_error.hpp"

namespace poolscaler::simulation {

/// Of a CRD: additionalPrinterColumns.
struct Column {
  std::string name;
  std::string type;
  std::string format{};
  std::string description{};
  int priority = 0;
  std::string json_path{};
};

/// JSON paths such as ".spec.replicas".
struct ScalePaths {
  std::string spec;
  std::string status;
  std::string selector{};  // of a string, or (built-in kinds) of a LabelSelector
};

struct Kind {
  std::string group;
  std::string version;
  std::string plural;
  std::string singular;
  std::string kind;
  std::vector<std::string> short_names{};
  std::vector<std::string> categories{};
  bool namespaced = true;
  bool has_status = false;
  bool custom = false;                     // from a CustomResourceDefinition
  bool read_only = false;                  // told, not stored: get and list alone
  bool unconditional_update = true;        // a PUT without resourceVersion is taken
  std::optional<ScalePaths> scale{};
  std::shared_ptr<const nlohmann::json> schema{};  // a structural schema; of the whole object
  std::vector<Column> columns{};

  /// "deployments.apps", as error messages name it.
  [[nodiscard]] std::string resource() const {
    return group.empty() ? plural : plural + "." + group;
  }
  /// Where its objects are stored. The two kinds of events are two faces of one store.
  [[nodiscard]] std::string storage() const { return plural == "events" ? plural : resource(); }
  [[nodiscard]] bool is_event_v1() const { return group == "events.k8s.io"; }
  [[nodiscard]] std::string api_version() const {
    return group.empty() ? version : group + "/" + version;
  }
};

/// A watch may outlive the definition of its kind.
using KindRef = std::shared_ptr<const Kind>;

class Catalog {
 public:
  /// With the built-in kinds.
  Catalog();

  /// Null when there is none.
  [[nodiscard]] KindRef find(std::string_view group, std::string_view version,
                             std::string_view plural) const;
  [[nodiscard]] KindRef find_kind(std::string_view api_version, std::string_view name) const;
  [[nodiscard]] const std::vector<KindRef>& all() const { return kinds_; }

  /// Serves what a CustomResourceDefinition declares, instead of what it declared before.
  [[nodiscard]] std::vector<Cause> install(const nlohmann::json& definition);
  void uninstall(const nlohmann::json& definition);

 private:
  std::vector<KindRef> kinds_;
};

/// The kinds that need no definition (built_in_kinds.cpp).
[[nodiscard]] std::vector<Kind> built_in_kinds();

}  // namespace poolscaler::simulation
