#include "excess.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace poolscaler::capacity {
namespace {

struct Order {
  std::size_t pool;
  std::size_t group;
  std::int64_t nodes;
  HourlyRate price;
};

/// Of groups that somebody asks for nodes, the dearest first.
std::vector<Order> orders_of(const Survey& survey) {
  std::vector<Order> orders;
  for (std::size_t pool = 0; pool < survey.pools.size(); ++pool)
    for (std::size_t g = 0; g < survey.pools[pool].groups.size(); ++g) {
      const auto& group = survey.pools[pool].groups[g];
      if (group.follows_pods || group.in_flight <= 0 || !group.quote.allows_growth()) continue;
      const auto price = group.quote.marginal.value_or(HourlyRate());
      if (price > HourlyRate()) orders.push_back({pool, g, group.in_flight, price});
    }
  std::ranges::stable_sort(orders, std::greater{}, &Order::price);
  return orders;
}

std::string words_of(std::int64_t nodes, const money::Limit& limit) {
  return fmt::format("{} of those that have not come would be too much for {}", nodes,
                     money::shown(limit));
}

}  // namespace

std::vector<std::vector<Excess>> excess_of(const FleetInput& input, const Sight& sight,
                                           const MoneyInput& money, Instant now) {
  std::vector<std::vector<Excess>> excess(input.pools.size());
  for (std::size_t i = 0; i < excess.size(); ++i)
    excess[i].resize(sight.survey.pools[i].groups.size());
  auto limits = std::vector(money.limits.begin(), money.limits.end());
  for (const auto& order : orders_of(sight.survey)) {
    std::int64_t nodes = 0;
    std::size_t binding = 0;
    for (const auto index : money.of_pool[order.pool]) {
      const auto more = money::excess_orders(limits[index], order.price, boot_max, now);
      if (more <= nodes) continue;
      nodes = more;
      binding = index;
    }
    const auto step = std::max<std::int64_t>(input.pools[order.pool].groups[order.group].step, 1);
    nodes = std::min((nodes + step - 1) / step * step, order.nodes);
    if (nodes <= 0) continue;
    excess[order.pool][order.group] = {nodes, words_of(nodes, money.limits[binding])};
    for (const auto index : money.of_pool[order.pool])
      limits[index].rate -= order.price * nodes;
  }
  return excess;
}

}  // namespace poolscaler::capacity
