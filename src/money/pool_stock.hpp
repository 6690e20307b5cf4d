// The accelerators of one pool while it is arbitrated: which nodes have how many free, and how many
// more nodes there may be.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "poolscaler/money/arbitrate.hpp"

namespace poolscaler::money {

/// Where a replica would go.
struct Placement {
  std::int64_t whole_nodes = 0;  // a replica that spans nodes takes this many, none shared
  std::int64_t rest = 0;         // accelerators on one more
  std::int64_t new_nodes = 0;    // of them not there yet
  std::size_t tier = 0;
  bool avoids_spot = false;
  bool late = false;             // some of them are not ready
};

class PoolStock {
 public:
  explicit PoolStock(const PoolSupply& supply);

  /// Nothing when it fits nowhere; `unpriced` then says whether only a price is missing.
  [[nodiscard]] std::optional<Placement> place(std::int64_t accelerators, bool avoids_spot,
                                               bool& unpriced) const;
  void take(const Placement& placement);
  [[nodiscard]] HourlyRate price_of(const Placement& placement) const;
  /// The nodes that it adds.
  [[nodiscard]] Places new_places(const Placement& placement) const;
  [[nodiscard]] const std::vector<std::int64_t>& added() const { return added_; }
  [[nodiscard]] const std::vector<std::int64_t>& free_nodes() const { return free_[firm]; }
  [[nodiscard]] const std::vector<std::int64_t>& free_spot_nodes() const { return free_[spot]; }
  [[nodiscard]] const std::vector<std::int64_t>& late_nodes() const { return free_[late_firm]; }
  [[nodiscard]] const std::vector<std::int64_t>& late_spot_nodes() const {
    return free_[late_spot];
  }

 private:
  /// Nodes that share a fate: those on spot, and the others, in the order in which they are taken.
  enum Shelf : std::size_t { spot, firm, late_spot, late_firm, shelf_count };
  struct Fit {
    Shelf shelf;
    std::size_t size;
  };

  [[nodiscard]] std::optional<Fit> smallest_with(std::int64_t accelerators,
                                                 bool avoids_spot) const;
  [[nodiscard]] std::size_t size_of(const NodeTier& tier) const;
  [[nodiscard]] static bool is_spot(std::size_t shelf);
  /// Whole nodes that are free on the first so many shelves.
  [[nodiscard]] std::int64_t whole(std::size_t shelves, bool avoids_spot) const;

  const PoolSupply* supply_;
  std::size_t per_node_;
  std::array<std::vector<std::int64_t>, shelf_count> free_;  // nodes by shelf and free accelerators
  std::vector<std::int64_t> added_;                // by tier
};

}  // namespace poolscaler::money
