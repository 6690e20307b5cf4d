#include "purse.hpp"

#include <algorithm>

namespace poolscaler::capacity {

std::shared_ptr<const TimeZone> utc() {
  static const auto zone = std::make_shared<const TimeZone>(
      "UTC", std::vector<Stretch>{{.begin = {}, .offset = Seconds(0)}});
  return zone;
}

Purse::Purse(Theatre& world, CostBudget budget, Millis between)
    : world_(world), budget_(std::make_shared<CostBudget>(std::move(budget))), between_(between) {
  world_.budgets = [this](const Sight& sight) {
    look(sight);
    return standings_;
  };
}

void Purse::round(const std::vector<bool>& due) {
  const auto before = world_.asking;
  (void)world_.round(Millis(0));
  for (std::size_t i = 0; i < before.size(); ++i)
    if (!due[i]) world_.asking[i].draw.replicas = before[i].draw.replicas;
  for (const auto& [asking, most] : most_) {
    auto& replicas = world_.asking[asking].draw.replicas;
    if (!due[asking]) continue;
    taken_ += std::max<std::int64_t>(replicas - most, 0);
    replicas = std::min(replicas, most);
  }
}

void Purse::restart() {
  money::BudgetBook next;
  if (auto state = book_.state_of_budget(budget_->name))
    next.adopt_budget(budget_->name, *std::move(state));
  book_ = std::move(next);
  steps_.clear();
}

void Purse::look(const Sight& sight) {
  const auto& supply = sight.supplies[0];
  const auto& name = world_.fleet.pools[0]->name;
  money::BudgetRound round{.now = world_.now,
                           .pools = {{.name = name,
                                      .uid = name,
                                      .hold = supply.stock.hold,
                                      .boot = supply.boot,
                                      .release = supply.release,
                                      .stop = pod_stops,
                                      .coming = supply.in_flight}},
                           .budgets = {{budget_->name, budget_}},
                           .between = between_};
  for (std::size_t i = 0; i < world_.asking.size(); ++i) {
    const auto& asking = world_.asking[i];
    const auto each = supply.stock.share * asking.draw.accelerators;
    round.tenants.push_back({.uid = asking.draw.policy,
                             .policy = asking.draw.policy,
                             .ns = "ns",
                             .pool = name,
                             .cost = {.priority = asking.draw.priority},
                             .coming = sight.placings[i].coming,
                             .floor = each * asking.protected_replicas,
                             .kept_replicas = asking.protected_replicas});
  }
  for (const auto& seen : sight.survey.pools[0].nodes) {
    const auto& node = *world_.fleet.cluster.nodes[seen.node];
    auto& bill = round.nodes.emplace_back(money::SeenNode{.uid = node.uid,
                                                          .pool = name,
                                                          .rate = seen.quote->rate,
                                                          .marginal = seen.quote->marginal,
                                                          .started = node.created,
                                                          .accelerators = seen.capacity});
    for (const auto& use : seen.uses) bill.uses.push_back({*use.draw, use.accelerators});
  }
  standings_ = book_.look(round);
  most_.clear();
  const auto held = holdings(sight);
  for (const auto& cut : money::most_replicas(round, standings_, held, steps_))
    most_.emplace_back(held[cut.holding].tenant, cut.most);
}

/// Each replica costs its part of the dearest of its nodes.
std::vector<money::Holding> Purse::holdings(const Sight& sight) const {
  std::vector<money::Holding> holdings;
  for (std::size_t i = 0; i < world_.asking.size(); ++i) {
    const auto& asking = world_.asking[i];
    if (asking.draw.replicas == 0) continue;
    HourlyRate each;
    for (const auto& node : sight.survey.pools[0].nodes)
      if (std::ranges::find(node.uses, std::optional(i), &Use::draw) != node.uses.end())
        each = std::max(each, HourlyRate::of(node.quote->marginal->nano() / node.capacity));
    holdings.push_back({.tenant = i,
                        .replicas = asking.draw.replicas,
                        .accelerators = asking.draw.accelerators,
                        .price = each * asking.draw.accelerators,
                        .protected_replicas = asking.protected_replicas,
                        .waiting = sight.placings[i].waiting(),
                        .coming = sight.supplies[0].stock.share * asking.draw.accelerators});
  }
  return holdings;
}

}  // namespace poolscaler::capacity
