#include "pool_stock.hpp"

#include <algorithm>
#include <utility>

#include "poolscaler/base/check.hpp"

namespace poolscaler::money {
namespace {

constexpr std::int64_t per_node_max = 4096;

}  // namespace

PoolStock::PoolStock(const PoolSupply& supply)
    : supply_(&supply), per_node_(static_cast<std::size_t>(supply.per_node)),
      free_{supply.free_spot_nodes, supply.free_nodes, supply.late_spot_nodes, supply.late_nodes},
      added_(supply.tiers.size()) {
  for (const auto& tier : supply.tiers) CHECK(tier.step >= 1, "nodes come one at a time at least");
  CHECK(supply.per_node >= 1 && supply.per_node <= per_node_max, "a node has accelerators");
  for (auto& nodes : free_) {
    CHECK(nodes.size() <= per_node_ + 1, "no node has more free than it has");
    nodes.resize(per_node_ + 1);
  }
}

std::size_t PoolStock::size_of(const NodeTier& tier) const {
  return tier.accelerators > 0 ? std::min(static_cast<std::size_t>(tier.accelerators), per_node_)
                               : per_node_;
}

bool PoolStock::is_spot(std::size_t shelf) { return shelf == spot || shelf == late_spot; }

/// Spot before others that fit as well, which are kept for those who avoid it; late ones last.
std::optional<PoolStock::Fit> PoolStock::smallest_with(std::int64_t accelerators,
                                                       bool avoids_spot) const {
  for (const auto& [on_spot, others] : {std::pair(spot, firm), std::pair(late_spot, late_firm)})
    for (auto size = static_cast<std::size_t>(accelerators); size <= per_node_; ++size) {
      if (!avoids_spot && free_[on_spot][size] > 0) return Fit{on_spot, size};
      if (free_[others][size] > 0) return Fit{others, size};
    }
  return std::nullopt;
}

std::int64_t PoolStock::whole(std::size_t shelves, bool avoids_spot) const {
  std::int64_t nodes = 0;
  for (std::size_t shelf = 0; shelf < shelves; ++shelf)
    if (!avoids_spot || !is_spot(shelf)) nodes += free_[shelf][per_node_];
  return nodes;
}

std::optional<Placement> PoolStock::place(std::int64_t accelerators, bool avoids_spot,
                                          bool& unpriced) const {
  unpriced = false;
  Placement placement{.avoids_spot = avoids_spot};
  std::int64_t missing = 0;
  if (accelerators <= supply_->per_node) {
    placement.rest = accelerators;
    const auto fit = smallest_with(accelerators, avoids_spot);
    missing = fit ? 0 : 1;
    placement.late = fit && fit->shelf >= late_spot;
  } else {
    placement.whole_nodes = (accelerators - 1) / supply_->per_node + 1;
    missing = std::max<std::int64_t>(placement.whole_nodes - whole(shelf_count, avoids_spot), 0);
    placement.late = placement.whole_nodes > whole(late_spot, avoids_spot) + missing;
  }
  if (missing == 0) return placement;
  const auto needed = static_cast<std::size_t>(std::min(accelerators, supply_->per_node));
  for (; placement.tier < supply_->tiers.size(); ++placement.tier) {
    const auto& tier = supply_->tiers[placement.tier];
    placement.new_nodes = (missing + tier.step - 1) / tier.step * tier.step;
    if (tier.nodes - added_[placement.tier] < placement.new_nodes || (avoids_spot && tier.spot) ||
        size_of(tier) < needed)
      continue;
    if (tier.price) {
      placement.late = placement.late || tier.late;
      return placement;
    }
    unpriced = true;
  }
  return std::nullopt;
}

void PoolStock::take(const Placement& placement) {
  if (placement.new_nodes > 0) {
    const auto& tier = supply_->tiers[placement.tier];
    const auto shelf = tier.late ? (tier.spot ? late_spot : late_firm) : (tier.spot ? spot : firm);
    added_[placement.tier] += placement.new_nodes;
    free_[shelf][size_of(tier)] += placement.new_nodes;
  }
  auto left = placement.whole_nodes;
  for (std::size_t shelf = 0; shelf < shelf_count; ++shelf) {
    if (placement.avoids_spot && is_spot(shelf)) continue;
    const auto taken = std::min(left, free_[shelf][per_node_]);
    free_[shelf][per_node_] -= taken;
    left -= taken;
  }
  CHECK(left == 0, "place() found them");
  if (placement.rest == 0) return;
  const auto fit = smallest_with(placement.rest, placement.avoids_spot);
  CHECK(fit, "place() found it");
  --free_[fit->shelf][fit->size];
  ++free_[fit->shelf][fit->size - static_cast<std::size_t>(placement.rest)];
}

HourlyRate PoolStock::price_of(const Placement& placement) const {
  if (placement.new_nodes == 0) return {};
  return *supply_->tiers[placement.tier].price * placement.new_nodes;
}

Places PoolStock::new_places(const Placement& placement) const {
  const auto& tier = supply_->tiers[placement.tier];
  const auto size = static_cast<std::int64_t>(size_of(tier));
  const auto share = (tier.price->nano() + size - 1) / size;
  Places places{.share = HourlyRate::of(share), .spot = tier.spot, .nodes = {}};
  places.nodes.resize(per_node_ + 1);
  places.nodes.back() = placement.new_nodes;
  return places;
}

}  // namespace poolscaler::money
