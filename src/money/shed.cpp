#include "poolscaler/money/shed.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <tuple>

namespace poolscaler::money {
namespace {

/// What goes first sorts first.
auto order_of(const Sheddable& one) {
  return std::tuple(one.priority, !one.over_quota, !one.checkpointed, !one.spot,
                    -one.started.time_since_epoch().count(), std::string_view(one.policy));
}

}  // namespace

std::vector<Cut> shed(const std::vector<Sheddable>& from, HourlyRate excess,
                      std::int64_t step_max) {
  std::vector<std::size_t> order(from.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return order_of(from[i]); });
  std::vector<Cut> cuts;
  for (const auto i : order) {
    const auto& one = from[i];
    if (excess <= HourlyRate() || step_max <= 0) break;
    if (one.price <= HourlyRate() || one.replicas <= 0) continue;
    const auto needed = (excess.nano() - 1) / one.price.nano() + 1;
    const auto taken = std::min({needed, one.replicas, step_max});
    cuts.push_back({i, taken});
    excess -= one.price * taken;
    step_max -= taken;
  }
  return cuts;
}

}  // namespace poolscaler::money
