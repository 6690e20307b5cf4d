#include "pool_stock.hpp"

#include <algorithm>

#include "poolscaler/base/check.hpp"

namespace poolscaler::money {
namespace {

constexpr std::int64_t per_node_max = 4096;

}  // namespace

PoolStock::PoolStock(const PoolSupply& supply)
    : supply_(supply), per_node_(static_cast<std::size_t>(supply.per_node)),
      free_{supply.free_spot_nodes, supply.free_nodes}, added_(supply.tiers.size()) {
  for (const auto& tier : supply.tiers) CHECK(tier.step >= 1, "nodes come one at a time at least");
  CHECK(supply.per_node >= 1 && supply.per_node <= per_node_max, "a node has accelerators");
  for (auto& nodes : free_) {
    CHECK(nodes.size() <= per_node_ + 1, "no node has more free than it has");
    nodes.resize(per_node_ + 1);
  }
}

/// Spot before others that fit as well, which are kept for those who avoid it.
std::optional<PoolStock::Fit> PoolStock::smallest_with(std::int64_t accelerators,
                                                       bool avoids_spot) const {
  for (auto size = static_cast<std::size_t>(accelerators); size <= per_node_; ++size) {
    if (!avoids_spot && free_[spot][size] > 0) return Fit{spot, size};
    if (free_[firm][size] > 0) return Fit{firm, size};
  }
  return std::nullopt;
}

std::int64_t PoolStock::whole(bool avoids_spot) const {
  return free_[firm][per_node_] + (avoids_spot ? 0 : free_[spot][per_node_]);
}

std::optional<Placement> PoolStock::place(std::int64_t accelerators, bool avoids_spot,
                                          bool& unpriced) const {
  unpriced = false;
  Placement placement{.avoids_spot = avoids_spot};
  std::int64_t missing = 0;
  if (accelerators <= supply_.per_node) {
    placement.rest = accelerators;
    missing = smallest_with(accelerators, avoids_spot) ? 0 : 1;
  } else {
    placement.whole_nodes = (accelerators - 1) / supply_.per_node + 1;
    missing = std::max<std::int64_t>(placement.whole_nodes - whole(avoids_spot), 0);
  }
  if (missing == 0) return placement;
  for (; placement.tier < supply_.tiers.size(); ++placement.tier) {
    const auto& tier = supply_.tiers[placement.tier];
    placement.new_nodes = (missing + tier.step - 1) / tier.step * tier.step;
    if (tier.nodes - added_[placement.tier] < placement.new_nodes || (avoids_spot && tier.spot))
      continue;
    if (tier.price) return placement;
    unpriced = true;
  }
  return std::nullopt;
}

void PoolStock::take(const Placement& placement) {
  if (placement.new_nodes > 0) {
    added_[placement.tier] += placement.new_nodes;
    free_[supply_.tiers[placement.tier].spot ? spot : firm][per_node_] += placement.new_nodes;
  }
  const auto on_spot = placement.avoids_spot
                           ? 0
                           : std::min(placement.whole_nodes, free_[spot][per_node_]);
  free_[spot][per_node_] -= on_spot;
  free_[firm][per_node_] -= placement.whole_nodes - on_spot;
  if (placement.rest == 0) return;
  const auto fit = smallest_with(placement.rest, placement.avoids_spot);
  CHECK(fit, "place() found it");
  --free_[fit->shelf][fit->size];
  ++free_[fit->shelf][fit->size - static_cast<std::size_t>(placement.rest)];
}

HourlyRate PoolStock::price_of(const Placement& placement) const {
  if (placement.new_nodes == 0) return {};
  return *supply_.tiers[placement.tier].price * placement.new_nodes;
}

}  // namespace poolscaler::money
