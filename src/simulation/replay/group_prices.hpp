// What a node of each group costs over the course of a run: its own price, a catalogue's, or for
// spot nodes those of a series.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "poolscaler/money/price.hpp"
#include "poolscaler/simulation/replay/estate.hpp"

namespace poolscaler::replay {

class GroupPrices {
 public:
  explicit GroupPrices(const Estate& estate);

  /// The pool as it is priced now: series are prices of their groups' own.
  [[nodiscard]] const AcceleratorPool& pool() const { return pool_; }
  [[nodiscard]] const money::PriceBook& book() const { return book_; }
  [[nodiscard]] const money::PriceQuote& quote(std::size_t group) const { return quotes_[group]; }

  /// When a price changes next.
  [[nodiscard]] std::optional<Micros> next_change() const;
  /// Takes up what has changed up to `now`.
  void pass_to(Micros now);

 private:
  struct Change {
    Micros at;
    std::size_t group;
    HourlyRate price;
  };
  void plan_changes(const Estate& estate);
  void ask(std::size_t group);

  Instant start_;
  AcceleratorPool pool_;
  money::PriceBook book_;
  std::vector<money::PriceQuote> quotes_;
  std::vector<Change> changes_;  // by time
  std::size_t next_ = 0;
};

}  // namespace poolscaler::replay
