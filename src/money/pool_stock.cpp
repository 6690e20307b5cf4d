#include "pool_stock.hpp"

#include "poolscaler/base/check.hpp"

namespace poolscaler::money {
namespace {

constexpr std::int64_t per_node_max = 4096;

}  // namespace

PoolStock::PoolStock(const PoolSupply& supply)
    : supply_(supply), per_node_(static_cast<std::size_t>(supply.per_node)),
      free_(supply.free_nodes), added_(supply.tiers.size()) {
  CHECK(supply.per_node >= 1 && supply.per_node <= per_node_max, "a node has accelerators");
  CHECK(free_.size() <= per_node_ + 1, "no node has more free than it has");
  free_.resize(per_node_ + 1);
}

std::optional<std::size_t> PoolStock::smallest_with(std::int64_t accelerators) const {
  for (auto size = static_cast<std::size_t>(accelerators); size <= per_node_; ++size)
    if (free_[size] > 0) return size;
  return std::nullopt;
}

std::optional<Placement> PoolStock::place(std::int64_t accelerators, bool& unpriced) const {
  unpriced = false;
  Placement placement;
  std::int64_t missing = 0;
  if (accelerators <= supply_.per_node) {
    placement.rest = accelerators;
    missing = smallest_with(accelerators) ? 0 : 1;
  } else {
    placement.whole_nodes = (accelerators - 1) / supply_.per_node + 1;
    missing = std::max<std::int64_t>(placement.whole_nodes - free_[per_node_], 0);
  }
  placement.new_nodes = missing;
  if (missing == 0) return placement;
  for (; placement.tier < supply_.tiers.size(); ++placement.tier) {
    const auto& tier = supply_.tiers[placement.tier];
    if (tier.nodes - added_[placement.tier] < missing) continue;
    if (tier.price) return placement;
    unpriced = true;
  }
  return std::nullopt;
}

void PoolStock::take(const Placement& placement) {
  if (placement.new_nodes > 0) {
    added_[placement.tier] += placement.new_nodes;
    free_[per_node_] += placement.new_nodes;
  }
  free_[per_node_] -= placement.whole_nodes;
  if (placement.rest == 0) return;
  const auto size = smallest_with(placement.rest);
  CHECK(size, "place() found it");
  --free_[*size];
  ++free_[*size - static_cast<std::size_t>(placement.rest)];
}

HourlyRate PoolStock::price_of(const Placement& placement) const {
  if (placement.new_nodes == 0) return {};
  return *supply_.tiers[placement.tier].price * placement.new_nodes;
}

}  // namespace poolscaler::money
