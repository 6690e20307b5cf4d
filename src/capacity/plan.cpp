#include "poolscaler/capacity/plan.hpp"

#include <algorithm>
#include <functional>
#include <limits>

#include <fmt/format.h>

#include "excess.hpp"
#include "poolscaler/base/check.hpp"

namespace poolscaler::capacity {
namespace {

/// The largest floor of the windows that are open, or the number itself.
std::int64_t warm_of(const WarmNodes& warm, Instant now) {
  std::int64_t nodes = warm.nodes;
  for (const auto& window : warm.schedule)
    if (window.floor && is_open(window, now)) nodes = std::max<std::int64_t>(nodes, *window.floor);
  return nodes;
}

/// How many nodes of a pool have 0, 1, ... accelerators free.
std::vector<std::int64_t> all_nodes(const money::Arbitration& arbitration, std::size_t pool) {
  auto all = arbitration.free_nodes[pool];
  for (const auto* shelf : {&arbitration.free_spot_nodes[pool], &arbitration.late_nodes[pool],
                            &arbitration.late_spot_nodes[pool]})
    std::ranges::transform(all, *shelf, all.begin(), std::plus{});
  return all;
}

class Planner {
 public:
  Planner(std::vector<PoolMemory>& memory, const FleetInput& input, const Sight& sight,
          const MoneyInput& money)
      : memory_(memory), input_(input), sight_(sight), money_(money),
        limits_(money.limits.begin(), money.limits.end()), plan_{}, stocks_(input.pools.size()),
        added_(input.pools.size()), spare_(input.pools.size()) {
    CHECK(memory.size() == input.pools.size() && sight.supplies.size() == input.pools.size() &&
              money.of_pool.size() == input.pools.size() &&
              money.pool_warned.size() == input.pools.size(),
          "each pool has been looked at");
    CHECK(money.of_asking.size() == input.asking.size() &&
              sight.placings.size() == input.asking.size(),
          "and each policy");
    plan_.pools.resize(input.pools.size());
    plan_.grants.resize(input.asking.size());
  }

  Plan result(Instant now) {
    excess_ = excess_of(memory_, input_, sight_, money_, now);
    for (std::size_t i = 0; i < stocks_.size(); ++i) {
      stocks_[i] = sight_.supplies[i].stock;
      stocks_[i].limits = money_.of_pool[i];
      added_[i].resize(pool(i).node_groups.size());
      plan_.pools[i].groups.resize(pool(i).node_groups.size());
      for (std::size_t group = 0; group < added_[i].size(); ++group)
        keep_least({i, group}, now);
      for (std::size_t group = 0; group < added_[i].size(); ++group) withhold({i, group});
    }
    arbitrate(now);
    for (std::size_t i = 0; i < stocks_.size(); ++i) settle(i, now);
    return std::move(plan_);
  }

 private:
  struct GroupPlace {
    std::size_t pool;
    std::size_t group;
  };

  [[nodiscard]] const AcceleratorPool& pool(std::size_t i) const { return *input_.pools[i].pool; }
  [[nodiscard]] const GroupSurvey& seen(std::size_t i, std::size_t group) const {
    return sight_.survey.pools[i].groups[group];
  }

  [[nodiscard]] std::size_t size_of_next(std::size_t i, std::size_t group) const {
    return static_cast<std::size_t>(sight_.supplies[i].brings[group]);
  }

  /// No replica is granted on a node that must not come.
  void withhold(const GroupPlace& at) {
    auto left = excess_[at.pool][at.group].nodes;
    if (left == 0) return;
    auto& stock = stocks_[at.pool];
    const auto size = size_of_next(at.pool, at.group);
    const bool spot = pool(at.pool).node_groups[at.group].capacity_type == CapacityType::Spot;
    for (const bool late : {true, false}) {
      auto& shelf = stock.nodes_of(spot, late);
      if (shelf.size() <= size) continue;
      const auto taken = std::min(left, shelf[size]);
      shelf[size] -= taken;
      left -= taken;
    }
  }

  /// A group below its minNodes is brought there, as far as it can be paid.
  void keep_least(const GroupPlace& at, Instant now) {
    const auto& group = pool(at.pool).node_groups[at.group];
    const auto least = input_.pools[at.pool].groups[at.group].least.value_or(0);
    if (seen(at.pool, at.group).follows_pods && group.min_nodes > least)
      plan_.pools[at.pool].findings.push_back(
          {fmt::format("minNodes {} of node group {}: its nodes come for pods, so nobody is asked "
                       "for them",
                       group.min_nodes, group.name),
           "let its autoscaler keep as many, or lower minNodes to 0"});
    const auto& desired = sight_.survey.pools[at.pool].groups[at.group].desired;
    const auto& groups = sight_.supplies[at.pool].group_of_tier;
    auto& stock = stocks_[at.pool];
    for (std::size_t tier = 0; desired && tier < groups.size(); ++tier) {
      const auto missing = group.min_nodes - *desired - added_[at.pool][at.group];
      if (groups[tier] != at.group || missing <= 0) continue;
      auto& offer = stock.tiers[tier];
      std::vector<money::Limit> limits;
      for (const auto index : stock.limits) limits.push_back(limits_[index]);
      const auto steps = std::min((missing + offer.step - 1) / offer.step,
                                  offer.nodes / offer.step);
      auto each = offer.price;
      if (each) each = *each * offer.step;
      const auto admission = money::admit(
          limits, {.count = steps, .price = each, .hold = stock.hold}, now);
      const auto nodes = admission.granted * offer.step;
      for (const auto index : stock.limits)
        if (each) limits_[index].rate += *each * admission.granted;
      take(at, tier, nodes);
      if (admission.granted < steps)
        plan_.pools[at.pool].findings.push_back(
            {fmt::format("minNodes {} of node group {}: {}", group.min_nodes, group.name,
                         admission.words),
             "raise the limit, or lower minNodes"});
    }
  }

  /// Nodes of a tier that nobody claims become free ones.
  void take(const GroupPlace& at, std::size_t tier, std::int64_t nodes) {
    if (nodes == 0) return;
    auto& stock = stocks_[at.pool];
    auto& offer = stock.tiers[tier];
    auto& shelf = stock.nodes_of(offer.spot, offer.late);
    shelf.resize(static_cast<std::size_t>(stock.per_node) + 1);
    const auto size = sight_.supplies[at.pool].brings[at.group];
    shelf[static_cast<std::size_t>(size)] += nodes;
    money::Places places{.share = stock.share, .spot = offer.spot, .nodes = {}};
    if (offer.price && size > 0)
      places.share = HourlyRate::of((offer.price->nano() + size - 1) / size);
    places.nodes.resize(static_cast<std::size_t>(stock.per_node) + 1);
    places.nodes.back() = nodes;
    money::add_nodes(*stock.places, std::move(places));
    offer.nodes -= nodes;
    added_[at.pool][at.group] += nodes;
  }

  void arbitrate(Instant now) {
    std::vector<money::Claim> acting;
    std::vector<std::size_t> asking;  // of each claim
    add_claims(acting, asking, true);
    const auto result = money::arbitrate(acting, stocks_, limits_, now);
    for (std::size_t i = 0; i < acting.size(); ++i) grant(asking[i], acting[i], result, i);
    count_added(result);
    count_brought(result, now);
    keep_warm(acting, result, now);
    arbitrate_idly(std::move(acting), now);
  }

  /// Those who have been granted their place and wait for it.
  static void add_waiting(std::vector<money::Claim>& claims,
                          const std::vector<money::Claim>& acting,
                          const money::Arbitration& served) {
    for (std::size_t i = 0; i < acting.size(); ++i) {
      auto claim = acting[i];
      claim.waiting += served.grants[i].granted;
      claim.wanted = 0;
      claim.reach = 0;
      if (claim.waiting > 0 && !claim.limits.empty()) claims.push_back(std::move(claim));
    }
  }

  void count_added(const money::Arbitration& result) {
    for (std::size_t i = 0; i < stocks_.size(); ++i)
      for (std::size_t tier = 0; tier < result.new_nodes[i].size(); ++tier)
        added_[i][sight_.supplies[i].group_of_tier[tier]] += result.new_nodes[i][tier];
  }

  /// The pods of those who are granted bring nodes as soon as they are there.
  void count_brought(const money::Arbitration& result, Instant now) {
    for (std::size_t i = 0; i < stocks_.size(); ++i)
      for (std::size_t tier = 0; tier < result.new_nodes[i].size(); ++tier)
        if (seen(i, sight_.supplies[i].group_of_tier[tier]).follows_pods)
          memory_[i].brought.add(result.new_nodes[i][tier], now);
  }

  /// Warm nodes come after every policy, of what those leave. No pod waits for one, so a group
  /// whose nodes come for pods brings none.
  void keep_warm(const std::vector<money::Claim>& acting, const money::Arbitration& served,
                 Instant now) {
    std::vector<money::Claim> claims;
    add_warm(claims, now);
    const auto warm = claims.size();
    add_waiting(claims, acting, served);
    auto left = stocks_;
    auto limits = limits_;
    for (std::size_t i = 0; i < limits.size(); ++i) limits[i].rate += served.shares[i];
    for (std::size_t i = 0; i < left.size(); ++i) {
      left[i].free_nodes = served.free_nodes[i];
      left[i].free_spot_nodes = served.free_spot_nodes[i];
      left[i].late_nodes = served.late_nodes[i];
      left[i].late_spot_nodes = served.late_spot_nodes[i];
      left[i].places = served.places[i];
      for (std::size_t tier = 0; tier < left[i].tiers.size(); ++tier) {
        auto& offer = left[i].tiers[tier];
        const auto taken = served.new_nodes[i][tier];
        offer.nodes -= taken;
        for (const auto index : left[i].limits)
          if (offer.price) limits[index].rate += *offer.price * taken;
        if (seen(i, sight_.supplies[i].group_of_tier[tier]).follows_pods) offer.nodes = 0;
      }
    }
    const auto result = money::arbitrate(claims, left, limits, now);
    for (std::size_t i = 0; i < warm; ++i) {
      auto& pool = plan_.pools[claims[i].pool];
      pool.warm = result.grants[i].granted;
      if (pool.warm < claims[i].wanted)
        pool.findings.push_back({fmt::format("warm nodes: {}", words(claims[i], result.grants[i])),
                                 "lower warm, or make room"});
    }
    count_added(result);
    for (std::size_t i = 0; i < stocks_.size(); ++i) {
      count_spare(result, i);
      plan_.pools[i].spare = spare_[i].back();
    }
  }

  /// A node that comes is not what makes another one needless.
  void count_spare(const money::Arbitration& result, std::size_t i) {
    auto& spare = spare_[i] = all_nodes(result, i);
    spare.back() -= sight_.supplies[i].unneeded;
    for (std::size_t group = 0; group < added_[i].size(); ++group)
      spare[size_of_next(i, group)] -= added_[i][group];
    for (auto& nodes : spare) nodes = std::max<std::int64_t>(nodes, 0);
  }

  /// Who does not act is decided beside those who do, as if it did.
  void arbitrate_idly(std::vector<money::Claim> claims, Instant now) {
    const auto policies = claims.size();
    for (auto& claim : claims) claim.reach = 0;  // that has been told
    std::vector<std::size_t> asking;
    add_claims(claims, asking, false);
    if (asking.empty()) return;
    const auto result = money::arbitrate(claims, stocks_, limits_, now);
    for (std::size_t i = 0; i < asking.size(); ++i)
      grant(asking[i], claims[policies + i], result, policies + i);
  }

  void add_claims(std::vector<money::Claim>& claims, std::vector<std::size_t>& asking,
                  bool acting) {
    for (std::size_t i = 0; i < input_.asking.size(); ++i) {
      const auto& one = input_.asking[i];
      if (one.acts != acting) continue;
      const auto without = one.acts ? sight_.placings[i].without_node : 0;
      plan_.grants[i].most = one.draw.replicas;
      plan_.grants[i].reachable = one.draw.replicas;
      plan_.grants[i].without_node = without;
      const auto more = std::max<std::int64_t>(one.wanted - one.draw.replicas, 0);
      const auto reach = std::max<std::int64_t>(one.reach - one.draw.replicas, 0);
      const auto waiting = sight_.placings[i].guarded ? sight_.placings[i].waiting() : 0;
      if (without + more + reach + waiting == 0) continue;
      auto limits = money_.of_asking[i];
      if (one.max_added_hourly) {
        limits.push_back(limits_.size());
        limits_.push_back({.budget = fmt::format("{} (cost.maxAddedHourly)", one.draw.policy),
                           .cap = money::RateCap{*one.max_added_hourly}});
      }
      claims.push_back({.policy = one.draw.policy,
                        .pool = one.draw.pool,
                        .accelerators = one.draw.accelerators,
                        .replicas = one.draw.replicas - without,
                        .wanted = without + more,
                        .protected_replicas = one.protected_replicas,
                        .priority = one.draw.priority,
                        .weight = std::max<std::int64_t>(one.weight, 1),
                        .avoids_spot = one.avoids_spot,
                        .waiting = waiting,
                        .reach = reach == 0 ? 0 : without + reach,
                        .limits = std::move(limits)});
      asking.push_back(i);
    }
  }

  void add_warm(std::vector<money::Claim>& claims, Instant now) {
    for (std::size_t i = 0; i < stocks_.size(); ++i) {
      auto& wanted = plan_.pools[i].warm_wanted;
      wanted = money_.pool_warned[i] ? 0 : warm_of(pool(i).warm, now);
      if (wanted <= 0) continue;
      claims.push_back({.policy = fmt::format("warm nodes of {}", pool(i).name),
                        .pool = i,
                        .accelerators = stocks_[i].per_node,
                        .wanted = wanted,
                        .priority = std::numeric_limits<std::int32_t>::min()});
    }
  }

  void grant(std::size_t asking, const money::Claim& claim, const money::Arbitration& result,
             std::size_t index) {
    const auto& grant = result.grants[index];
    const auto& places = result.places[claim.pool];
    const auto& one = input_.asking[asking];
    auto& out = plan_.grants[asking];
    const auto before = out.without_node;
    const auto more = std::max<std::int64_t>(grant.granted - before, 0);
    const auto at_once = std::max<std::int64_t>(grant.granted - grant.late - before, 0);
    out.most = one.draw.replicas + at_once;
    out.reachable = one.draw.replicas + std::max<std::int64_t>(grant.reachable - before, 0);
    out.without_node = std::max<std::int64_t>(before - grant.granted, 0);
    out.refusal = grant.refusal;
    if (grant.limit && *grant.limit < money_.limits.size()) out.limit = grant.limit;
    out.added = money::dearest(
        *places, {.accelerators = claim.accelerators * (sight_.placings[asking].waiting() + more),
                  .smallest = claim.accelerators,
                  .avoids_spot = claim.avoids_spot});
    out.added = std::max(out.added - sight_.placings[asking].coming, HourlyRate());
    if (out.refusal == money::Refusal::None && at_once < more) out.refusal = money::Refusal::Late;
    if (out.refusal != money::Refusal::None) out.words = words(claim, grant);
    if (at_once < more)
      out.words += fmt::format("{}{} of them once their nodes are ready, lest their pods bring "
                               "others",
                               out.refusal == money::Refusal::Late ? "" : "; ", more - at_once);
  }

  [[nodiscard]] std::string words(const money::Claim& claim,
                                  const money::ClaimGrant& grant) const {
    const auto& stock = stocks_[claim.pool];
    const bool of_nodes =
        !grant.limit || std::ranges::find(stock.limits, *grant.limit) != stock.limits.end();
    const auto each = of_nodes ? stock.share * claim.accelerators : grant.price;
    const auto price = grant.refusal == money::Refusal::Unpriced
                           ? std::string("a price that is not known")
                           : shown(each) + " an hour each";
    auto text = fmt::format("{} more asked for at {}, {} granted: ", claim.wanted, price,
                            grant.granted);
    switch (grant.refusal) {
      case money::Refusal::None:
      case money::Refusal::Late: return text;
      case money::Refusal::Budget:
        return text + money::refusal_words(limits_[*grant.limit], grant.price);
      case money::Refusal::Others:
        return text + fmt::format("those who wait for their nodes could be given one that is too "
                                  "dear for {}; more when they have theirs",
                                  money::shown(limits_[*grant.limit]));
      case money::Refusal::Unpriced:
        return text + fmt::format("pool {} has a node group whose price is not known ({})",
                                  pool(claim.pool).name, unpriced(claim.pool));
      case money::Refusal::Pool:
        return text + fmt::format("pool {} has no room for {} {} more{}", pool(claim.pool).name,
                                  claim.accelerators, pool(claim.pool).accelerator.resource,
                                  sight_.supplies[claim.pool].why_none_of_all(
                                      pool(claim.pool), claim.accelerators));
    }
    return text;
  }

  [[nodiscard]] std::string unpriced(std::size_t i) const {
    for (const auto& group : sight_.survey.pools[i].groups)
      if (!group.quote.allows_growth()) return group.quote.words;
    return {};
  }

  /// From nodes by tier to what each group is asked for, and which nodes go.
  void settle(std::size_t i, Instant now) {
    auto& out = plan_.pools[i];
    auto leaving = leave(memory_[i],
                         {.pool = input_.pools[i],
                          .survey = sight_.survey.pools[i],
                          .cluster = input_.cluster,
                          .spare = out.spare,
                          .left_on = input_.left_on},
                         now);
    out.steps = std::move(leaving.steps);
    out.given_up = std::move(leaving.given_up);
    for (auto& lowering : leaving.lowerings) {
      auto& group = out.groups[lowering.group];
      // It grows, or gives up what has not come; whoever leaves can wait.
      if (added_[i][lowering.group] > 0 || excess_[i][lowering.group].nodes > 0) continue;
      group.wanted = lowering.to;
      group.leaving = std::move(lowering.nodes);
    }
    for (std::size_t g = 0; g < out.groups.size(); ++g) {
      const auto& group = seen(i, g);
      if (!group.desired) continue;
      if (added_[i][g] > 0) out.groups[g].wanted = *group.desired + added_[i][g];
      order(memory_[i].groups[g], {.nodes = added_[i][g], .since = now, .admitted = true});
      // What did not come is not waited for, lest it comes when others have.
      if (memory_[i].groups[g].refused_until && group.may_grow &&
          pool(i).mode == PoolMode::Automatic)
        give_up(i, g, group.in_flight,
                fmt::format("none has come within {} minutes", boot_max / std::chrono::minutes(1)));
      give_up_excess(i, g);
    }
    take_back(i, now);
  }

  /// Asks for so many fewer than were asked for before, of those that have not come.
  void give_up(std::size_t i, std::size_t g, std::int64_t nodes, std::string words) {
    const auto& facts = input_.pools[i].groups[g];
    const auto step = std::max<std::int64_t>(facts.step, 1);
    const auto desired = *seen(i, g).desired;
    const auto to = (desired - nodes + step - 1) / step * step;
    if (nodes <= 0 || to >= desired) return;
    plan_.pools[i].groups[g] = {.wanted = to, .leaving = {}, .words = std::move(words)};
  }

  void give_up_excess(std::size_t i, std::size_t g) {
    const auto& [nodes, words] = excess_[i][g];
    if (nodes == 0 || plan_.pools[i].groups[g].wanted) return;
    const auto least = input_.pools[i].groups[g].least.value_or(0);
    const auto possible = std::min(nodes, *seen(i, g).desired - least);
    if (may_give_up(i, g)) give_up(i, g, possible, words);
    if (!plan_.pools[i].groups[g].wanted)
      plan_.pools[i].findings.push_back(
          {fmt::format("nodes on order of node group {}: {}", pool(i).node_groups[g].name, words),
           "ask its object for fewer; nobody is granted room on them"});
  }

  /// Nodes that were asked for, have not come, and that nobody needs any more, the dearest first;
  /// none that is paid anyway. They go before nodes that are there: nothing was paid for them yet.
  void take_back(std::size_t i, Instant now) {
    std::vector<std::size_t> order;
    for (std::size_t g = 0; g < memory_[i].groups.size(); ++g) order.push_back(g);
    std::ranges::stable_sort(order, std::greater{}, [&](std::size_t g) {
      return seen(i, g).quote.marginal.value_or(HourlyRate());
    });
    for (const auto g : order) {
      auto& since = memory_[i].groups[g].unneeded_since;
      auto& spare = spare_[i][size_of_next(i, g)];
      const auto nodes = std::min(spare, may_be_taken_back(i, g));
      if (nodes <= 0) {
        since.reset();
        continue;
      }
      spare -= nodes;
      if (!since || *since > now) since = now;
      if (now - *since >= order_patience)
        give_up(i, g, nodes, fmt::format("nobody needs {} of those that have not come", nodes));
    }
  }

  /// No node that is there may be what goes when the group is asked for fewer: one that can be told
  /// which to remove, or takes empty ones, gives up what has no node first.
  [[nodiscard]] bool may_give_up(std::size_t i, std::size_t g) const {
    const auto& group = seen(i, g);
    const auto& facts = input_.pools[i].groups[g];
    if (!group.desired || !group.may_grow || group.in_flight == 0 || added_[i][g] > 0) return false;
    if (pool(i).mode != PoolMode::Automatic) return false;
    const bool blind = facts.removal == Removal::AllEmpty || facts.step > 1;
    if (blind && group.present() > 0) return false;
    const auto& nodes = sight_.survey.pools[i].nodes;
    return std::ranges::none_of(nodes, [g](const NodeSurvey& node) {
      return node.group == g && node.busy && !node.works;
    });
  }

  [[nodiscard]] std::int64_t may_be_taken_back(std::size_t i, std::size_t g) const {
    const auto& group = seen(i, g);
    const auto& facts = input_.pools[i].groups[g];
    if (!may_give_up(i, g) || plan_.pools[i].groups[g].wanted || !input_.all_heard) return 0;
    const auto& marginal = group.quote.marginal;
    if (marginal && *marginal <= HourlyRate()) return 0;
    const auto least = std::max<std::int64_t>(pool(i).node_groups[g].min_nodes,
                                              facts.least.value_or(0));
    return std::min(group.in_flight, *group.desired - least);
  }

  std::vector<PoolMemory>& memory_;
  const FleetInput& input_;
  const Sight& sight_;
  const MoneyInput& money_;
  std::vector<money::Limit> limits_;
  Plan plan_;
  std::vector<money::PoolSupply> stocks_;
  std::vector<std::vector<std::int64_t>> added_;  // nodes by pool and group
  std::vector<std::vector<std::int64_t>> spare_;  // nodes by pool and free accelerators
  std::vector<std::vector<Excess>> excess_;
};

}  // namespace

Plan plan(std::vector<PoolMemory>& memory, const FleetInput& input, const Sight& sight,
          const MoneyInput& money, Instant now) {
  return Planner(memory, input, sight, money).result(now);
}

}  // namespace poolscaler::capacity
