// What the nodes of one look cost, cut among their tenants and summed up by pool, kind of node and
// tenant, so that a hundred budgets need not go over five thousand nodes each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "poolscaler/money/budget_book.hpp"

namespace poolscaler::money {

/// Of a tenant, what selectors and dimensions ask for.
struct TenantKey {
  std::string policy;
  std::string ns;
  std::vector<LabelValue> labels{};
  auto operator<=>(const TenantKey&) const = default;
};

/// What one tenant has of a node, or of many.
struct Part {
  HourlyRate rate{};
  HourlyRate marginal{};
  std::int64_t accelerators = 0;
  std::int64_t micro_nodes = 0;

  Part& operator+=(const Part& other);
};

struct NodeCost {
  std::string uid;
  std::string pool;
  std::string kind;
  bool priced = false;
  bool doubtful = false;
  bool contested = false;
  HourlyRate rate{};
  HourlyRate marginal{};
  HourlyRate idle{};  // of `rate`
  bool kept = false;
  Instant started{};
  std::optional<Instant> stopped{};
  std::vector<std::pair<std::size_t, Part>> parts{};  // by tenant
};

/// Nodes of one pool and kind.
struct Cell {
  std::int64_t nodes = 0;
  std::int64_t unpriced = 0;
  std::int64_t doubtful = 0;
  std::int64_t contested = 0;
  HourlyRate rate{};
  HourlyRate marginal{};
  HourlyRate idle{};           // of `rate`
  HourlyRate empty_marginal{}; // of nodes that nobody uses at all
  std::map<std::size_t, Part> parts{};  // by tenant

  void add(const NodeCost& node);
};

/// By pool, then kind.
using Cells = std::map<std::pair<std::string, std::string>, Cell>;

/// Everything at one look.
struct Outlay {
  Instant at;
  std::vector<TenantKey> tenants{};
  std::vector<NodeCost> nodes{};  // by uid; those that have ended too

  [[nodiscard]] const NodeCost* find(const std::string& uid) const;
};
[[nodiscard]] Outlay outlay_of(const BudgetRound& round);

/// What a budget selects of an outlay.
class View {
 public:
  /// Whole nodes of some pools, or of all, those of no pool included.
  [[nodiscard]] static View of_pool(std::string pool);
  [[nodiscard]] static View of_selector(const BudgetSelector& selector,
                                        const std::vector<TenantKey>& tenants);

  [[nodiscard]] bool whole() const { return whole_; }
  [[nodiscard]] bool has_pool(const std::string& pool) const;
  [[nodiscard]] bool has_tenant(std::size_t tenant) const { return tenants_[tenant]; }
  [[nodiscard]] bool touches(const NodeCost& node) const;

 private:
  bool whole_ = true;
  std::vector<std::string> pools_{};  // sorted; empty: all
  std::vector<bool> tenants_{};
};

/// Whether the selector's labels ask for two values of one key, which no policy has.
[[nodiscard]] std::optional<std::string> contradiction_in(const BudgetSelector& selector);
[[nodiscard]] bool selects(const BudgetSelector& selector, const TenantKey& tenant);

struct KindSum {
  std::int64_t micro_nodes = 0;
  HourlyRate rate{};
};

/// The sums of what a view shows.
struct Sums {
  HourlyRate rate{};
  HourlyRate marginal{};
  HourlyRate empty_marginal{};
  std::int64_t nodes = 0;  // of whole nodes; of shares, nodes with a share of them
  std::int64_t unpriced = 0;
  std::int64_t doubtful = 0;
  std::int64_t contested = 0;
  Split split{};
  std::map<std::string, KindSum> kinds{};
};
/// `nodes` are those that the cells are made of.
[[nodiscard]] Sums sums_of(const Cells& cells, const std::vector<const NodeCost*>& nodes,
                           const std::vector<TenantKey>& tenants, const View& view,
                           const std::vector<std::string>& dimensions);

}  // namespace poolscaler::money
