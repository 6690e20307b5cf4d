#include "theatre.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace poolscaler::capacity {

money::Limit most(std::string_view amount) {
  return {.budget = "b", .cap = money::RateCap{rate(amount)}};
}

money::Limit most(std::int64_t amount) { return most(std::to_string(amount)); }

std::size_t Theatre::add_policy(const std::string& name, std::int64_t accelerators) {
  asking.push_back({.draw = {.policy = name, .accelerators = accelerators}});
  return asking.size() - 1;
}

Plan Theatre::planned() {
  std::map<std::size_t, std::int64_t> left_on;
  for (std::size_t i = 0; i < fleet.cluster.nodes.size(); ++i)
    if (fleet.cluster.nodes[i]->cordoned_by_us) left_on[i] = others[fleet.cluster.nodes[i]->name];
  const money::PriceBook none({});
  take_draws();
  const FleetInput input{.pools = fleet.inputs,
                         .cluster = fleet.cluster,
                         .prices = none,
                         .asking = asking,
                         .left_on = left_on,
                         .all_heard = heard};
  const auto sight = look(memory, input, now);
  const auto standings = budgets ? budgets(sight) : standings_of(sight);
  return plan(memory, input, sight,
              {.limits = standings.limits,
               .of_pool = standings.of_pool,
               .of_asking = standings.of_tenant,
               .pool_warned = standings.pool_warned},
              now);
}

money::Standings Theatre::standings_of(const Sight& sight) const {
  money::Standings standings{.limits = limits};
  for (auto& limit : standings.limits) {
    for (const auto& pool : sight.survey.pools)
      for (const auto& group : pool.groups) limit.rate += group.rate;
    for (const auto& supply : sight.supplies) limit.rate += supply.in_flight;
  }
  std::vector<std::size_t> all(limits.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  standings.of_pool.resize(fleet.inputs.size(), all);
  standings.of_tenant.resize(asking.size());
  standings.pool_warned.resize(fleet.inputs.size(), warned);
  return standings;
}

Plan Theatre::round(Millis step) {
  auto plan = planned();
  for (std::size_t i = 0; i < asking.size(); ++i)
    if (asking[i].acts && asking[i].wanted > asking[i].draw.replicas)
      asking[i].draw.replicas = std::min(asking[i].wanted, plan.grants[i].most);
  for (std::size_t pool = 0; pool < plan.pools.size(); ++pool) {
    for (const auto& one : plan.pools[pool].steps) act(pool, one);
    for (std::size_t g = 0; g < plan.pools[pool].groups.size(); ++g) {
      const auto& group = plan.pools[pool].groups[g];
      if (!group.wanted) continue;
      fleet.facts(pool, g).desired = group.wanted;
      told.push_back(fleet.pools[pool]->node_groups[g].name + " to " +
                     std::to_string(*group.wanted));
      std::vector<std::string> uids;
      for (const auto node : group.leaving) uids.push_back(fleet.cluster.nodes[node]->uid);
      lowered(memory[pool], uids, now);
    }
  }
  now += step;
  return plan;
}

void Theatre::run_for(Millis time, Millis step) {
  for (const auto until = now + time; now < until;) {
    schedule();
    (void)round(step);
    groups_act();
  }
}

Node* Theatre::find(const std::string& name) {
  for (const auto& node : fleet.nodes)
    if (node->name == name) return node.get();
  return nullptr;
}

void Theatre::act(std::size_t pool, const NodeStep& step) {
  auto& node = *find(fleet.cluster.nodes[step.node]->name);
  switch (step.act) {
    case NodeAct::Cordon:
      node.cordoned = node.cordoned_by_us = true;
      node.cordoned_since = now;
      told.push_back("cordon " + node.name);
      break;
    case NodeAct::GiveBack:
      node.cordoned = node.cordoned_by_us = false;
      marked_.erase(node.name);
      told.push_back("give back " + node.name);
      break;
    case NodeAct::Drain:
      if (evicts) others[node.name] = 0;
      break;
    case NodeAct::Name:
      if (!marks) break;
      marked_.insert(node.name);
      named(memory[pool], node.uid, now);
      told.push_back("name " + node.name);
      break;
  }
}

void Theatre::groups_act(std::size_t pool) {
  const auto seen = fleet.survey(now);
  for (std::size_t g = 0; g < fleet.pools[pool]->node_groups.size(); ++g) {
    auto& facts = fleet.facts(pool, g);
    auto have = seen.pools[pool].groups[g].present();
    if (facts.follows_pods) {
      follow_pods(pool, g);
      continue;
    }
    while (brings && facts.desired && have < *facts.desired) {
      make(pool, g);
      --*facts.desired;  // add_node() counts it
      ++have;
    }
    shrink(pool, g);
  }
}

void Theatre::shrink(std::size_t pool, std::size_t group) {
  const auto seen = fleet.survey(now);
  const auto& facts = fleet.facts(pool, group);
  if (!facts.desired || seen.pools[pool].groups[group].present() <= *facts.desired) return;
  std::vector<const NodeSurvey*> choice;
  for (const auto& node : seen.pools[pool].nodes)
    if (node.group == group && find(fleet.cluster.nodes[node.node]->name)) choice.push_back(&node);
  // Named first; then those without pods, for a group that looks; then any: the last by name.
  std::ranges::sort(choice, {}, [&](const NodeSurvey* node) {
    const auto& object = *fleet.cluster.nodes[node->node];
    const bool looks = facts.removal == Removal::EmptyFirst;
    return std::tuple(facts.removal != Removal::Named || !marked_.contains(object.name),
                      looks && node->busy, object.name);
  });
  const auto name = fleet.cluster.nodes[choice.front()->node]->name;
  if (choice.front()->busy) removed_busy.push_back(name);
  remove(name);
}

void Theatre::make(std::size_t pool, std::size_t group) {
  const auto at = std::min<std::size_t>(static_cast<std::size_t>(made_),
                                        sizes.empty() ? 0 : sizes.size() - 1);
  auto& node = fleet.add_node(pool, group, sizes.empty() ? 8 : sizes[at]);
  node.name = fleet.pools[pool]->node_groups[group].name + "-n" + std::to_string(made_++);
  node.uid = "uid-" + node.name;
  node.created = now;
}

/// Each pod that waits and fits nowhere gets a node; one that is empty goes.
void Theatre::follow_pods(std::size_t pool, std::size_t group) {
  std::vector<std::int64_t> room;
  std::vector<std::string> empty;
  const auto seen = fleet.survey(now);
  for (const auto& node : seen.pools[pool].nodes) {
    room.push_back(node.free());
    if (node.group == group && node.allocated == 0)
      empty.push_back(fleet.cluster.nodes[node.node]->name);
  }
  for (const auto& pod : fleet.cluster.pods) {
    if (pod.node) continue;
    const auto count = pod.accelerators->front().count;
    const auto fit = std::ranges::find_if(room, [count](auto free) { return free >= count; });
    empty.clear();
    if (fit != room.end()) {
      *fit -= count;
    } else if (brings) {
      make(pool, group);
      room.push_back(8 - count);
    }
  }
  for (const auto& name : empty) remove(name);
}

void Theatre::remove(const std::string& name) {
  told.push_back("gone " + name);
  std::erase_if(fleet.nodes, [&](const auto& node) { return node->name == name; });
  auto& nodes = fleet.cluster.nodes;
  const auto at = static_cast<std::size_t>(
      std::ranges::find_if(nodes, [&](const auto& node) { return node->name == name; }) -
      nodes.begin());
  nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(at));
  auto& pods = fleet.cluster.pods;
  std::erase_if(pods, [&](const Pod& pod) {
    if (pod.node != at) return false;
    stopping_.erase(pod.accelerators.get());
    return true;
  });
  for (auto& pod : pods)
    if (pod.node && *pod.node > at) --*pod.node;
}

void Theatre::take_draws() {
  fleet.draws.clear();
  for (const auto& one : asking) fleet.draws.push_back(one.draw);
}

void Theatre::schedule() {
  take_draws();
  auto& pods = fleet.cluster.pods;
  std::erase_if(pods, [&](const Pod& pod) {
    const auto end = stopping_.find(pod.accelerators.get());
    if (end == stopping_.end() || end->second > now) return false;
    stopping_.erase(end);
    return true;
  });
  for (std::size_t i = 0; i < asking.size(); ++i) {
    const auto stays = [&](const Pod& pod) {
      return pod.policy == i && !stopping_.contains(pod.accelerators.get());
    };
    auto have = std::ranges::count_if(pods, stays);
    for (; have > asking[i].draw.replicas; --have) {
      const auto pod = std::ranges::find_if(pods, stays);
      if (pod->node && stops > Millis())
        stopping_[pod->accelerators.get()] = now + stops;
      else
        pods.erase(pod);
    }
    for (; have < asking[i].draw.replicas; ++have)
      fleet.add_pod({}, asking[i].draw.accelerators, i).created = now;
  }
  for (auto& pod : pods) {
    if (pod.node) continue;
    std::vector<std::size_t> order(fleet.cluster.nodes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (tries) order = tries(pod);
    for (const auto n : order) {
      if (pod.node) break;
      const auto& node = *fleet.cluster.nodes[n];
      std::int64_t used = 0;
      for (const auto& other : pods)
        if (other.node == n) used += other.accelerators->front().count;
      if (!node.cordoned && !node.deleting && node.ready &&
          count_of(node.allocatable, "nvidia.com/gpu") - used >= pod.accelerators->front().count)
        pod.node = n;
    }
  }
}

std::size_t Theatre::group_of(const Node& node) const {
  const auto& groups = fleet.pools[0]->node_groups;
  const auto fits = [&](const NodeGroup& group) {
    const auto& label = group.node_selector.front();
    const auto found = node.labels.find(label.key);
    return found != node.labels.end() && found->second == label.value;
  };
  return static_cast<std::size_t>(std::ranges::find_if(groups, fits) - groups.begin());
}

std::int64_t Theatre::nodes() const {
  return static_cast<std::int64_t>(fleet.cluster.nodes.size());
}

}  // namespace poolscaler::capacity
