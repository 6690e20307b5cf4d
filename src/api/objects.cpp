// What holds for the objects of every kind: defaults and the collected errors.
#include "poolscaler/api/objects.hpp"

#include <nlohmann/json.hpp>

#include "field_table.hpp"
#include "poolscaler/api/price_catalogs.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

/// Fills in and drops in place. A value of the wrong shape stays, for validation to name.
void complete(const Node& node, json& value) {
  if (node.type() == FieldType::List && value.is_array()) {
    for (auto& item : value) complete(node.children.front(), item);
    return;
  }
  if (node.type() != FieldType::Object || !value.is_object()) return;
  for (auto item = value.begin(); item != value.end();)
    item = node.child(item.key()) && !item->is_null() ? std::next(item) : value.erase(item);
  for (const auto& child : node.children) {
    const std::string name(child.name);
    if (!value.contains(name) && child.field && !child.field->default_json.empty())
      value[name] = json::parse(child.field->default_json);
    if (value.contains(name)) complete(child, value[name]);
  }
}

}  // namespace

json with_defaults(Kind kind, const json& object) {
  auto completed = object;
  if (completed.is_object() && completed.contains("spec"))
    complete(spec_tree(kind), completed["spec"]);
  return completed;
}

std::vector<FieldError> errors_of(Kind kind, const json& object, UnknownFields unknown) {
  switch (kind) {
    case Kind::ScalingPolicy: {
      auto policy = read_scaling_policy(object, unknown);
      return policy ? std::vector<FieldError>() : std::move(policy.error());
    }
    case Kind::MetricSource: {
      auto source = read_metric_source(object, unknown);
      return source ? std::vector<FieldError>() : std::move(source.error());
    }
    case Kind::PriceCatalog: {
      auto catalog = read_price_catalog(object, unknown);
      return catalog ? std::vector<FieldError>() : std::move(catalog.error());
    }
    case Kind::AcceleratorPool: {
      auto pool = read_accelerator_pool(object, unknown);
      return pool ? std::vector<FieldError>() : std::move(pool.error());
    }
    case Kind::CostBudget: {
      auto budget = read_cost_budget(object, unknown);
      return budget ? std::vector<FieldError>() : std::move(budget.error());
    }
  }
  return {};
}

}  // namespace poolscaler::api
