#include "outlay.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "poolscaler/base/check.hpp"

namespace poolscaler::money {
namespace {

constexpr std::int64_t micro = 1'000'000;

std::vector<TenantKey> keys_of(const std::vector<Tenant>& tenants) {
  std::vector<TenantKey> keys;
  keys.reserve(tenants.size());
  for (const auto& tenant : tenants) {
    keys.push_back({tenant.policy, tenant.ns, tenant.labels});
    std::ranges::sort(keys.back().labels);
  }
  return keys;
}

/// The place of each tenant in the order of their names, so that who gets an odd nano-dollar does
/// not depend on the order in which they are told.
std::vector<std::size_t> ranks_of(const std::vector<TenantKey>& keys) {
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return std::tie(keys[a], a) < std::tie(keys[b], b);
  });
  std::vector<std::size_t> ranks(keys.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank) ranks[order[rank]] = rank;
  return ranks;
}

NodeCost cost_of(const SeenNode& seen, const std::vector<std::size_t>& ranks) {
  NodeCost node{.uid = seen.uid,
                .pool = seen.pool,
                .kind = seen.kind,
                .priced = seen.rate.has_value(),
                .doubtful = seen.doubtful || seen.contested,
                .contested = seen.contested,
                .rate = std::max(seen.rate.value_or(HourlyRate()), HourlyRate()),
                .kept = seen.kept,
                .started = seen.started,
                .stopped = seen.stopped};
  node.marginal = std::clamp(seen.marginal.value_or(node.rate), HourlyRate(), node.rate);
  auto uses = seen.uses;
  std::erase_if(uses, [](const NodeUse& use) { return use.accelerators <= 0; });
  std::ranges::sort(uses, {}, [&](const NodeUse& use) {
    CHECK(use.tenant < ranks.size(), "a node is used by tenants that are told");
    return std::pair(ranks[use.tenant], use.accelerators);
  });
  std::vector<std::int64_t> amounts;
  for (const auto& use : uses) amounts.push_back(use.accelerators);
  const auto rates = cut(node.rate, amounts, seen.accelerators);
  const auto marginals = cut(node.marginal, amounts, seen.accelerators);
  const auto nodes = cut(HourlyRate::of(seen.rate ? micro : 0), amounts, seen.accelerators);
  for (std::size_t i = 0; i < uses.size(); ++i)
    node.parts.emplace_back(uses[i].tenant, Part{.rate = rates[i],
                                                 .marginal = marginals[i],
                                                 .accelerators = uses[i].accelerators,
                                                 .micro_nodes = nodes[i].nano()});
  node.idle = rates.back();
  return node;
}

const std::string& value_of(const TenantKey& tenant, const std::string& label) {
  static const std::string untagged;
  const auto found = std::ranges::lower_bound(tenant.labels, label, {}, &LabelValue::key);
  return found != tenant.labels.end() && found->key == label ? found->value : untagged;
}

void add_to(Split& split, const TenantKey& tenant, HourlyRate rate,
            const std::vector<std::string>& dimensions) {
  for (std::size_t i = 0; i < dimensions.size(); ++i)
    split.tenants[i][i == 0 ? tenant.ns : value_of(tenant, dimensions[i])] += rate;
}

}  // namespace

Part& Part::operator+=(const Part& other) {
  rate += other.rate;
  marginal += other.marginal;
  accelerators += other.accelerators;
  micro_nodes += other.micro_nodes;
  return *this;
}

void Cell::add(const NodeCost& node) {
  ++nodes;
  unpriced += node.priced ? 0 : 1;
  doubtful += node.doubtful ? 1 : 0;
  contested += node.contested ? 1 : 0;
  rate += node.rate;
  marginal += node.marginal;
  idle += node.idle;
  if (node.parts.empty()) empty_marginal += node.marginal;
  for (const auto& [tenant, part] : node.parts) parts[tenant] += part;
}

const NodeCost* Outlay::find(const std::string& uid) const {
  const auto place = std::ranges::lower_bound(nodes, uid, {}, &NodeCost::uid);
  return place != nodes.end() && place->uid == uid ? &*place : nullptr;
}

Outlay outlay_of(const BudgetRound& round) {
  Outlay outlay{.at = round.now, .tenants = keys_of(round.tenants)};
  const auto ranks = ranks_of(outlay.tenants);
  outlay.nodes.reserve(round.nodes.size());
  for (const auto& node : round.nodes) outlay.nodes.push_back(cost_of(node, ranks));
  std::ranges::sort(outlay.nodes, {}, &NodeCost::uid);
  return outlay;
}

std::optional<std::string> contradiction_in(const BudgetSelector& selector) {
  auto labels = selector.policy_labels;
  std::ranges::sort(labels);
  for (std::size_t i = 1; i < labels.size(); ++i)
    if (labels[i].key == labels[i - 1].key && labels[i].value != labels[i - 1].value)
      return labels[i].key;
  return std::nullopt;
}

bool selects(const BudgetSelector& selector, const TenantKey& tenant) {
  const auto& spaces = selector.namespaces;
  if (!spaces.empty() && std::ranges::find(spaces, tenant.ns) == spaces.end()) return false;
  return std::ranges::all_of(selector.policy_labels, [&](const LabelValue& label) {
    return std::ranges::binary_search(tenant.labels, label);
  });
}

View View::of_pool(std::string pool) {
  View view;
  view.pools_.push_back(std::move(pool));
  return view;
}

View View::of_selector(const BudgetSelector& selector, const std::vector<TenantKey>& tenants) {
  View view;
  view.whole_ = selector.namespaces.empty() && selector.policy_labels.empty();
  view.pools_ = selector.pools;
  std::ranges::sort(view.pools_);
  if (view.whole_) return view;
  view.tenants_.reserve(tenants.size());
  for (const auto& tenant : tenants) view.tenants_.push_back(selects(selector, tenant));
  return view;
}

bool View::has_pool(const std::string& pool) const {
  return pools_.empty() || std::ranges::binary_search(pools_, pool);
}

bool View::touches(const NodeCost& node) const {
  if (!has_pool(node.pool)) return false;
  return whole_ || std::ranges::any_of(node.parts, [this](const auto& part) {
    return has_tenant(part.first);
  });
}

Sums sums_of(const Cells& cells, const std::vector<const NodeCost*>& nodes,
             const std::vector<TenantKey>& tenants, const View& view,
             const std::vector<std::string>& dimensions) {
  Sums sums;
  sums.split.tenants.resize(dimensions.size());
  for (const auto& [place, cell] : cells) {
    if (!view.has_pool(place.first)) continue;
    auto& kind = sums.kinds[place.second];
    for (const auto& [tenant, part] : cell.parts) {
      if (!view.whole() && !view.has_tenant(tenant)) continue;
      add_to(sums.split, tenants[tenant], part.rate, dimensions);
      if (view.whole()) continue;
      sums.rate += part.rate;
      sums.marginal += part.marginal;
      kind.rate += part.rate;
      kind.micro_nodes += part.micro_nodes;
    }
    if (!view.whole()) continue;
    sums.rate += cell.rate;
    sums.marginal += cell.marginal;
    sums.empty_marginal += cell.empty_marginal;
    sums.split.idle += cell.idle;
    kind.rate += cell.rate;
    kind.micro_nodes += (cell.nodes - cell.unpriced) * micro;
  }
  for (const auto* node : nodes) {
    if (!view.touches(*node)) continue;
    ++sums.nodes;
    sums.unpriced += node->priced ? 0 : 1;
    sums.doubtful += node->doubtful ? 1 : 0;
    sums.contested += node->contested ? 1 : 0;
  }
  return sums;
}

}  // namespace poolscaler::money
