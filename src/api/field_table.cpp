#include "field_table.hpp"

#include <algorithm>
#include <array>

#include "poolscaler/base/check.hpp"

namespace poolscaler::api {
namespace {

/// Takes the next name off a path: "signals[].name" gives "signals", "[]", "name".
std::string_view take_name(std::string_view& path) {
  if (path.starts_with('.')) path.remove_prefix(1);
  const auto length =
      path.starts_with("[]") ? std::size_t{2} : std::min(path.find_first_of(".["), path.size());
  const auto name = path.substr(0, length);
  path.remove_prefix(length);
  return name;
}

Node& descend(Node& root, std::string_view path) {
  Node* node = &root;
  take_name(path);
  while (!path.empty()) {
    const auto name = take_name(path);
    auto found = std::ranges::find(node->children, name, &Node::name);
    if (found == node->children.end()) {
      const auto separator = name == "[]" ? "" : ".";
      node->children.push_back(
          Node{.name = name, .path = node->path + separator + std::string(name)});
      found = node->children.end() - 1;
    }
    node = &*found;
  }
  return *node;
}

Node grown(std::string_view root, std::span<const Field> fields, std::span<const Rule> rules) {
  Node tree{.name = root, .path = std::string(root)};
  for (const auto& field : fields) descend(tree, field.path).field = &field;
  for (const auto& rule : rules)
    if (rule.at.starts_with(root)) descend(tree, rule.at).rules.push_back(&rule);
  return tree;
}

struct Trees {
  Node spec;
  Node status;
};

const Trees& trees_of(Kind kind) {
  const auto grow = [](Kind which) {
    const auto& table = table_of(which);
    return Trees{.spec = grown("spec", table.spec, table.rules),
                 .status = grown("status", table.status, table.rules)};
  };
  static const std::array<Trees, all_kinds.size()> trees = {
      grow(Kind::ScalingPolicy), grow(Kind::MetricSource), grow(Kind::PriceCatalog),
      grow(Kind::AcceleratorPool), grow(Kind::CostBudget)};
  return trees[static_cast<std::size_t>(kind)];
}

}  // namespace

const KindTable& table_of(Kind kind) {
  switch (kind) {
    case Kind::ScalingPolicy: return scaling_policy_table();
    case Kind::MetricSource: return metric_source_table();
    case Kind::PriceCatalog: return price_catalog_table();
    case Kind::AcceleratorPool: return accelerator_pool_table();
    case Kind::CostBudget: return cost_budget_table();
  }
  CHECK(false, "every kind has a table");
}

KindNames names_of(Kind kind) { return table_of(kind).names; }

std::optional<Kind> kind_of(std::string_view kind_word) {
  for (const auto kind : all_kinds)
    if (names_of(kind).kind == kind_word) return kind;
  return std::nullopt;
}

std::vector<std::string_view> enum_values(const Field& field) {
  std::vector<std::string_view> words;
  auto rest = field.values;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('|'), rest.size());
    words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return words;
}

const Node* Node::child(std::string_view wanted) const {
  const auto found = std::ranges::find(children, wanted, &Node::name);
  return found == children.end() ? nullptr : &*found;
}

const Node& spec_tree(Kind kind) { return trees_of(kind).spec; }
const Node& status_tree(Kind kind) { return trees_of(kind).status; }

}  // namespace poolscaler::api
