// Who pays which part of a node.
#include <algorithm>

#include "poolscaler/base/check.hpp"
#include "poolscaler/money/ledger.hpp"
#include "wide.hpp"

namespace poolscaler::money {

std::vector<HourlyRate> cut(HourlyRate rate, std::span<const std::int64_t> uses,
                            std::int64_t accelerators) {
  Wide used = 0;
  for (const auto use : uses) used += std::max<std::int64_t>(use, 0);
  const auto all = std::max<Wide>(used, accelerators);
  std::vector<HourlyRate> parts;
  Wide up_to = 0;
  HourlyRate given;
  for (const auto use : uses) {
    up_to += std::max<std::int64_t>(use, 0);
    // At running sums, so that nothing is left over of a node that is used in full.
    const auto end = all == 0 ? given : HourlyRate::of(narrowed(rate.nano() * up_to / all));
    parts.push_back(end - given);
    given = end;
  }
  parts.push_back(rate - given);
  return parts;
}

Split split_of(const BilledNode& node, std::size_t dimensions) {
  Split split{.tenants = std::vector<std::map<std::string, HourlyRate>>(dimensions),
              .idle = node.rate.value_or(HourlyRate())};
  if (!node.rate || node.shares.empty()) return split;
  auto shares = node.shares;
  std::ranges::sort(shares);  // who gets the odd nano-dollar does not depend on their order
  std::vector<std::int64_t> uses;
  for (const auto& share : shares) uses.push_back(share.accelerators);
  const auto parts = cut(*node.rate, uses, node.accelerators);
  split.idle = parts.back();
  for (std::size_t s = 0; s < shares.size(); ++s) {
    CHECK(shares[s].values.size() == dimensions, "a share has a value for each dimension");
    if (shares[s].accelerators <= 0) continue;
    for (std::size_t i = 0; i < dimensions; ++i)
      split.tenants[i][shares[s].values[i]] += parts[s];
  }
  return split;
}

}  // namespace poolscaler::money
