#include "excess.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace poolscaler::capacity {
namespace {

/// Nodes that a group was asked for at one time.
struct Order {
  std::size_t pool;
  std::size_t group;
  std::int64_t nodes;
  HourlyRate price;
  Instant since;
  bool admitted;  // by us
};

/// Of groups that somebody asks for nodes.
std::vector<Order> orders_of(const std::vector<PoolMemory>& memory, const Survey& survey) {
  std::vector<Order> orders;
  for (std::size_t pool = 0; pool < survey.pools.size(); ++pool)
    for (std::size_t g = 0; g < survey.pools[pool].groups.size(); ++g) {
      const auto& group = survey.pools[pool].groups[g];
      if (group.follows_pods || group.in_flight <= 0 || !group.quote.allows_growth()) continue;
      const auto price = group.quote.marginal.value_or(HourlyRate());
      if (price <= HourlyRate()) continue;
      for (const auto& one : memory[pool].groups[g].ordered)
        orders.push_back({pool, g, one.nodes, price, one.since, one.admitted});
    }
  return orders;
}

std::string words_of(std::int64_t nodes, const money::Limit& limit) {
  return fmt::format("{} of those that have not come would be too much for {}", nodes,
                     money::shown(limit));
}

class Finder {
 public:
  Finder(const FleetInput& input, const Sight& sight, const MoneyInput& money, Instant now)
      : input_(input), sight_(sight), money_(money), now_(now),
        limits_(money.limits.begin(), money.limits.end()), excess_(input.pools.size()) {
    for (std::size_t i = 0; i < excess_.size(); ++i)
      excess_[i].resize(sight.survey.pools[i].groups.size());
  }

  std::vector<std::vector<Excess>> result(std::vector<Order> orders) {
    std::ranges::stable_sort(orders, std::greater{}, [](const Order& order) {
      return std::tuple(order.since, order.price);
    });
    for (auto& order : orders) give_up<money::AccruedCap>(order);
    std::ranges::stable_sort(orders, std::greater{}, &Order::price);
    for (auto& order : orders) give_up<money::RateCap>(order);
    return std::move(excess_);
  }

 private:
  /// What is too much for the limits of one kind. A limit counts all nodes as if they were kept for
  /// as long as those of its slowest pool. What was admitted was counted as its own pool keeps it.
  template <class Cap>
  void give_up(Order& order) {
    const auto waited = std::min<Millis>(now_ - order.since, boot_max);
    std::int64_t nodes = 0;
    std::size_t binding = 0;
    for (const auto index : money_.of_pool[order.pool]) {
      if (!std::holds_alternative<Cap>(limits_[index].cap)) continue;
      const auto hold = sight_.supplies[order.pool].stock.hold;
      auto limit = limits_[index];
      if (order.admitted) limit.hold = std::min(limit.hold, hold);
      const auto more = money::excess_orders(
          limit, {.count = order.nodes, .price = order.price, .hold = hold}, waited, now_);
      if (more <= nodes) continue;
      nodes = more;
      binding = index;
    }
    if (nodes > 0) take(order, nodes, money_.limits[binding]);
  }

  /// Whole steps of the group, as far as there are some.
  void take(Order& order, std::int64_t nodes, const money::Limit& limit) {
    auto& excess = excess_[order.pool][order.group];
    const auto step = std::max<std::int64_t>(input_.pools[order.pool].groups[order.group].step, 1);
    const auto on_order = sight_.survey.pools[order.pool].groups[order.group].in_flight;
    const auto all = std::min((excess.nodes + nodes + step - 1) / step * step, on_order);
    for (const auto index : money_.of_pool[order.pool])
      limits_[index].rate -= order.price * (all - excess.nodes);
    order.nodes -= nodes;
    excess = {all, words_of(all, limit)};
  }

  const FleetInput& input_;
  const Sight& sight_;
  const MoneyInput& money_;
  Instant now_;
  std::vector<money::Limit> limits_;
  std::vector<std::vector<Excess>> excess_;
};

}  // namespace

std::vector<std::vector<Excess>> excess_of(const std::vector<PoolMemory>& memory,
                                           const FleetInput& input, const Sight& sight,
                                           const MoneyInput& money, Instant now) {
  return Finder(input, sight, money, now).result(orders_of(memory, sight.survey));
}

}  // namespace poolscaler::capacity
