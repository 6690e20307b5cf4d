// Who pays which part of a node.
#include <algorithm>

#include "poolscaler/base/check.hpp"
#include "poolscaler/money/ledger.hpp"
#include "wide.hpp"

namespace poolscaler::money {

Split split_of(const BilledNode& node, std::size_t dimensions) {
  Split split{.tenants = std::vector<std::map<std::string, HourlyRate>>(dimensions),
              .idle = node.rate.value_or(HourlyRate())};
  if (!node.rate || node.shares.empty()) return split;
  auto shares = node.shares;
  std::ranges::sort(shares);  // who gets the odd nano-dollar does not depend on their order
  Wide used = 0;
  for (const auto& share : shares) used += std::max<std::int64_t>(share.accelerators, 0);
  const auto all = std::max<Wide>(used, node.accelerators);
  if (used == 0) return split;
  Wide up_to = 0;
  HourlyRate given;
  for (const auto& share : shares) {
    CHECK(share.values.size() == dimensions, "a share has a value for each dimension");
    up_to += std::max<std::int64_t>(share.accelerators, 0);
    // Cut at running sums, so that nothing is left over of a node that is used in full.
    const auto end = HourlyRate::of(narrowed(node.rate->nano() * up_to / all));
    for (std::size_t i = 0; i < dimensions; ++i) split.tenants[i][share.values[i]] += end - given;
    given = end;
  }
  split.idle = *node.rate - given;
  return split;
}

}  // namespace poolscaler::money
