// The field table: the one catalogue of what may stand in an object of ours. Parser, CRD schema and
// reference page are made from it, so none of them can differ from the others.
//
// A row names one field by its path ("[]" stands for each item of a list) and says all that is to
// be known about it; rules say what must hold between fields. Only fields that work have a row.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/api/objects.hpp"
#include "syntax.hpp"

namespace poolscaler::api {

enum class FieldType { Object, List, Integer, Decimal, Text, Enum, Boolean, Time };
enum class ListType { Atomic, Set, Map };

struct Field {
  std::string_view path;
  FieldType type;
  bool required = false;
  /// Integer: the value. Decimal: the value, `min` itself excluded when `above_min`. Text:
  /// characters. List: items.
  std::int64_t min = 0;
  std::int64_t max = 0;
  bool above_min = false;
  Syntax syntax = Syntax::Any;
  std::string_view values{};  // Enum: "Automatic|Recommend|Paused"
  ListType list = ListType::Atomic;
  std::string_view key{};           // of ListType::Map
  std::string_view default_json{};  // as JSON; empty: no default
  std::string_view unit{};
  std::string_view example{};  // as YAML
  std::string_view doc;
};

/// What must hold between fields: once as CEL for the API server, once as code for the operator.
struct Rule {
  std::string_view at;  // path of the field that the rule is about
  std::string_view cel;
  std::string_view problem;  // "must be at most `maxReplicas`"
  std::string_view remedy{};
  std::string_view child{};  // field below `at` that is to blame, if one is
  bool (*holds)(const nlohmann::json& value);
};

/// A column of `kubectl get`; those of priority 1 show with -o wide.
struct Column {
  std::string_view name;
  std::string_view type;
  std::string_view json_path;
  int priority = 0;
  std::string_view doc;
};

struct KindTable {
  KindNames names;
  std::string_view doc;
  std::string_view example;  // a whole object as YAML
  std::span<const Field> spec;
  std::span<const Field> status;  // empty: the kind has none
  std::span<const Rule> rules;
  std::span<const Column> columns;
};

[[nodiscard]] const KindTable& table_of(Kind kind);
[[nodiscard]] const KindTable& scaling_policy_table();
[[nodiscard]] const KindTable& metric_source_table();
[[nodiscard]] const KindTable& price_catalog_table();
[[nodiscard]] const KindTable& accelerator_pool_table();
[[nodiscard]] const KindTable& cost_budget_table();
[[nodiscard]] std::span<const Field> scaling_policy_spec_fields();
[[nodiscard]] std::span<const Field> schedule_fields();
[[nodiscard]] std::span<const Rule> schedule_rules();
[[nodiscard]] std::span<const Field> scaling_policy_status_fields();
[[nodiscard]] std::span<const Field> metric_source_spec_fields();
[[nodiscard]] std::span<const Field> metric_source_status_fields();

/// "Automatic|Recommend" to its words.
[[nodiscard]] std::vector<std::string_view> enum_values(const Field& field);

/// The rows as a tree. An item of a list has the name "[]"; items that are objects have no row.
struct Node {
  std::string_view name;
  std::string path;
  const Field* field = nullptr;
  std::vector<Node> children{};
  std::vector<const Rule*> rules{};

  [[nodiscard]] FieldType type() const { return field ? field->type : FieldType::Object; }
  [[nodiscard]] const Node* child(std::string_view wanted) const;
};

/// `root` is "spec" or "status" of the kind. The trees live as long as the program.
[[nodiscard]] const Node& spec_tree(Kind kind);
[[nodiscard]] const Node& status_tree(Kind kind);

}  // namespace poolscaler::api
