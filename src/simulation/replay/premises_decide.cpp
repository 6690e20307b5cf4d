// One decision over nodes and money: the cluster and what its tenants want are told to the
// operator's own planner, and what it answers is carried out.
#include <algorithm>

#include "premises.hpp"

namespace poolscaler::replay {
namespace {

/// That no budget takes, unless it goes to zero.
std::int64_t kept_replicas(const Drawing& drawing) {
  return std::max(drawing.cost.protected_replicas, drawing.min_replicas);
}

/// Whether it says how much there may be now: not what one decision may add, and not what will
/// reach into the next period.
bool is_used(const money::Limit& limit) {
  if (limit.name == "maxAddedHourly") return false;
  const auto* accrued = std::get_if<money::AccruedCap>(&limit.cap);
  return accrued == nullptr || !accrued->next;
}

}  // namespace

void Premises::see_pods(Round& round, const std::vector<Wish>& wishes) const {
  std::map<NodeId, std::size_t> places;
  for (std::size_t i = 0; i < round.ids.size(); ++i) places[round.ids[i]] = i;
  for (const auto& [guest, home] : homes_) {
    capacity::Pod pod{.node = places.at(home), .accelerators = of_replica_[guest.tenant]};
    if (!draining_.contains(guest)) pod.policy = guest.tenant;
    round.cluster.pods.push_back(std::move(pod));
  }
  for (std::size_t tenant = 0; tenant < wishes.size(); ++tenant)
    for (std::int32_t i = 0; i < wishes[tenant].waiting; ++i)
      round.cluster.pods.push_back({.accelerators = of_replica_[tenant], .policy = tenant});
}

Premises::Round Premises::round_of(const std::vector<Wish>& wishes) const {
  Round round;
  const auto& pool = prices_.pool();
  auto& input = round.pools.emplace_back(capacity::PoolInput{.pool = &pool, .groups = {}});
  for (const auto& group : pool.node_groups) {
    std::int64_t there = 0;
    for (const auto& [id, house] : nodes_)
      there += pool.node_groups[house.group].name == group.name ? 1 : 0;
    input.groups.push_back({.desired = there,
                            .node_labels = {{std::string("poolscaler.dev/simulated-group"),
                                             group.name}},
                            .removal = capacity::Removal::Named});
  }
  for (const auto& [id, house] : nodes_) {
    if (house.object->cordoned)
      round.left_on[round.ids.size()] = static_cast<std::int64_t>(house.replicas);
    round.cluster.nodes.push_back(house.object);
    round.ids.push_back(id);
  }
  see_pods(round, wishes);
  for (std::size_t tenant = 0; tenant < wishes.size(); ++tenant) {
    const auto& drawing = tenants_[tenant];
    const auto& wish = wishes[tenant];
    round.asking.push_back({.draw = {.policy = drawing.policy,
                                     .pool = 0,
                                     .accelerators = drawing.accelerators,
                                     .replicas = wish.current,
                                     .priority = drawing.cost.priority},
                            .wanted = std::max(wish.wanted, wish.current),
                            .protected_replicas = kept_replicas(drawing),
                            .weight = drawing.cost.weight,
                            .avoids_spot = drawing.cost.spot == SpotUse::Never,
                            .max_added_hourly = drawing.cost.max_added_hourly});
  }
  return round;
}

money::BudgetRound Premises::bill_of(const Round& round, const capacity::Sight& sight,
                                     const std::vector<Wish>& wishes, Instant now) {
  const auto& supply = sight.supplies[0];
  money::BudgetRound bill{.now = now, .currency = estate_.pool.currency, .between = {}};
  for (std::size_t tenant = 0; tenant < wishes.size(); ++tenant) {
    const auto& drawing = tenants_[tenant];
    const auto each = supply.stock.share * drawing.accelerators;
    bill.between = std::max(bill.between, drawing.interval);
    bill.tenants.push_back({.uid = drawing.policy,
                            .policy = drawing.policy,
                            .ns = drawing.ns,
                            .labels = drawing.labels,
                            .pool = estate_.pool.name,
                            .cost = drawing.cost,
                            .coming = sight.placings[tenant].coming,
                            .floor = each * kept_replicas(drawing),
                            .kept_replicas = kept_replicas(drawing)});
  }
  bill.pools.push_back({.name = estate_.pool.name,
                        .uid = estate_.pool.name,
                        .currency = estate_.pool.currency,
                        .max_hourly = estate_.pool.limits.max_hourly,
                        .hold = supply.stock.hold,
                        .boot = supply.boot,
                        .release = supply.release,
                        .stop = capacity::pod_stops,
                        .coming = supply.in_flight});
  for (const auto& budget : estate_.budgets) bill.budgets.push_back({budget->name, budget});
  bill_nodes(bill, round, sight);
  return bill;
}

void Premises::bill_nodes(money::BudgetRound& bill, const Round& round,
                          const capacity::Sight& sight) {
  for (const auto& seen : sight.survey.pools[0].nodes) {
    const auto& house = nodes_.at(round.ids[seen.node]);
    auto& node = bill.nodes.emplace_back(
        money::SeenNode{.uid = house.object->uid,
                        .pool = estate_.pool.name,
                        .kind = estate_.pool.node_groups[house.group].name,
                        .rate = seen.quote->rate,
                        .marginal = seen.quote->marginal,
                        .doubtful = seen.quote->state == money::PriceState::Stale,
                        .started = house.object->created,
                        .accelerators = estate_.pool.accelerator.per_node});
    for (std::size_t tenant = 0; tenant < tenants_.size(); ++tenant)
      if (house.used_by[tenant] > 0) node.uses.push_back({tenant, house.used_by[tenant]});
  }
  for (auto& ended : ended_) bill.nodes.push_back(std::move(ended));
  ended_.clear();
}

capacity::Plan Premises::plan_of(const Round& round, const capacity::Sight& sight,
                                 const money::Standings& standings, Instant now) {
  const capacity::FleetInput input{.pools = round.pools,
                                   .cluster = round.cluster,
                                   .prices = prices_.book(),
                                   .asking = round.asking,
                                   .left_on = round.left_on};
  return capacity::plan(memory_, input, sight,
                        {.limits = standings.limits,
                         .of_pool = standings.of_pool,
                         .of_asking = standings.of_tenant,
                         .pool_warned = standings.pool_warned},
                        now);
}

std::vector<Grant> Premises::decide(Micros now, const std::vector<Wish>& wishes) {
  const auto at = clock_at(now);
  const auto round = round_of(wishes);
  const capacity::FleetInput input{.pools = round.pools,
                                   .cluster = round.cluster,
                                   .prices = prices_.book(),
                                   .asking = round.asking,
                                   .left_on = round.left_on};
  const auto sight = capacity::look(memory_, input, at);
  const auto bill = bill_of(round, sight, wishes, at);
  const auto standings = budgets_.look(bill);
  const auto plan = plan_of(round, sight, standings, at);
  std::vector<Grant> grants;
  for (const auto& planned : plan.grants)
    grants.push_back(
        capacity::grant_of(planned, standings.limits, sight.survey.pools.front()));
  shed(grants, wishes, bill, standings);
  note_limits(now, standings);
  carry_out(round, plan, now);
  return grants;
}

/// `kept`: what there would be otherwise.
money::Holding Premises::holding_of(std::size_t tenant, std::int32_t kept) const {
  HourlyRate price;  // of a replica: what its part of the dearest of its nodes costs
  bool spot = true;
  for (const auto& [id, house] : nodes_) {
    if (house.used_by[tenant] == 0) continue;
    price = std::max(price, prices_.quote(house.group).marginal.value_or(HourlyRate()));
    spot = spot &&
           estate_.pool.node_groups[house.group].capacity_type == CapacityType::Spot;
  }
  const auto per_node = estate_.pool.accelerator.per_node;
  const auto& drawing = tenants_[tenant];
  return {.tenant = tenant,
          .replicas = kept,
          .accelerators = drawing.accelerators,
          .price = HourlyRate::of(price.nano() / per_node * drawing.accelerators),
          .protected_replicas = kept_replicas(drawing),
          .spot = spot};
}

void Premises::shed(std::vector<Grant>& grants, const std::vector<Wish>& wishes,
                    const money::BudgetRound& bill, const money::Standings& standings) {
  const bool takes = std::ranges::any_of(standings.budgets, [](const auto& standing) {
    return standing.act() >= money::GuardAct::Shed;
  });
  if (!takes) return;
  std::vector<money::Holding> holdings;
  for (std::size_t tenant = 0; tenant < wishes.size(); ++tenant) {
    const auto& wish = wishes[tenant];
    auto& holding = holdings.emplace_back(holding_of(
        tenant, wish.decides ? std::min(wish.wanted, grants[tenant].most) : wish.current));
    if (wish.waiting == 0) continue;
    holding.waiting = wish.waiting;
    holding.coming = HourlyRate::of(bill.tenants[tenant].coming.nano() / wish.waiting);
  }
  for (const auto& lowered : money::most_replicas(bill, standings, holdings, shed_steps_))
    grants[lowered.holding] = {.most = static_cast<std::int32_t>(lowered.most),
                               .reason = lowered.act == money::GuardAct::ScaleToZero
                                             ? Reason::ZeroedByBudget
                                             : Reason::ShedByBudget,
                               .words = lowered.words,
                               .takes = true};
}

void Premises::note_limits(Micros now, const money::Standings& standings) {
  if (!is_measured(now)) return;
  Spending uses;
  for (const auto& budget : standings.budgets)
    for (const auto& limit : budget.limits)
      uses.limits.push_back(
          {money::LimitOwner::Budget, budget.name, limit.name, limit.used_basis_points});
  for (const auto& limit : standings.limits)
    if (limit.owner != money::LimitOwner::Budget && is_used(limit))
      uses.limits.push_back(
          {limit.owner, limit.budget, limit.name, money::used_basis_points(limit)});
  spending_.add(uses);
}

void Premises::carry_out(const Round& round, const capacity::Plan& plan, Micros now) {
  const auto at = clock_at(now);
  const auto& pool = plan.pools[0];
  take_steps(round, pool, at);
  for (std::size_t group = 0; group < pool.groups.size(); ++group) {
    const auto& wanted = pool.groups[group].wanted;
    if (!wanted) continue;
    const auto more = *wanted - *round.pools[0].groups[group].desired;
    if (more > 0) {
      add_nodes(group, more, now + estate_.node_boot, at);
      if (is_measured(now)) spending_.nodes_started += more;
    }
    if (more < 0)
      for (const auto node : pool.groups[group].leaving) remove_empty(round.ids[node], at);
  }
}

/// Nodes obey at once.
void Premises::take_steps(const Round& round, const capacity::PoolPlan& plan, Instant now) {
  for (const auto& step : plan.steps) {
    auto& object = *nodes_.at(round.ids[step.node]).object;
    switch (step.act) {
      case capacity::NodeAct::Cordon:
        object.cordoned = true;
        object.cordoned_by_us = true;
        object.cordoned_since = now;
        break;
      case capacity::NodeAct::GiveBack:
        object.cordoned = false;
        object.cordoned_by_us = false;
        object.cordoned_since.reset();
        break;
      case capacity::NodeAct::Name: capacity::named(memory_[0], object.uid, now); break;
      case capacity::NodeAct::Drain: break;  // replicas that are on it end by themselves
    }
  }
}

}  // namespace poolscaler::replay
