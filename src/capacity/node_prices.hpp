// What nodes of a group cost: by the labels of the node, and by what the group says of itself where
// they do not. Quotes are shared between nodes that are alike.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "poolscaler/capacity/records.hpp"
#include "poolscaler/money/price.hpp"

namespace poolscaler::capacity {

class NodePrices {
 public:
  NodePrices(const money::PriceBook& prices, Currency currency, Instant now)
      : prices_(prices), currency_(currency), now_(now) {}

  /// Of a node that is there.
  [[nodiscard]] std::shared_ptr<const money::PriceQuote> of_node(const NodeGroup& group,
                                                                 const Node& node);
  /// Of one more; `sample` is a node of the group, or null.
  [[nodiscard]] money::PriceQuote of_next(const NodeGroup& group, const Node* sample) const;

 private:
  const money::PriceBook& prices_;
  Currency currency_;
  Instant now_;
  std::map<std::string, std::shared_ptr<const money::PriceQuote>> known_;
};

}  // namespace poolscaler::capacity
