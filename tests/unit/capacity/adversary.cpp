#include "adversary.hpp"

#include <algorithm>

namespace poolscaler::capacity {
namespace {

bool is_placed(const Pod& pod) { return pod.node.has_value(); }

}  // namespace

Adversary::Adversary(Theatre& world, const Delays& delays)
    : world_(world), delays_(delays), random_(within<std::uint64_t>(0, 1U << 30U)) {
  knows_ = below(2) == 0;
}

void Adversary::act() {
  const bool early = below(2) == 0;
  world_.stops = up_to(delays_.stop);
  if (early) make_ready();
  make_counted();
  shrink_counted();
  launch();
  if (!early) make_ready();
  arrive();
  consolidate();
  if (delays_.drain > Millis()) drain();
}

std::int64_t Adversary::rate(const std::vector<std::int64_t>& prices) const {
  const auto seen = world_.fleet.survey(world_.now);
  std::int64_t sum = 0;
  for (const auto& node : seen.pools[0].nodes) sum += prices[node.group];
  for (const auto& one : launched_) sum += prices[one.group];
  return sum;
}

std::int64_t Adversary::present(std::size_t group) const {
  return std::ranges::count_if(world_.fleet.nodes, [&](const auto& node) {
    return world_.group_of(*node) == group;
  });
}

Millis Adversary::up_to(Millis most) {
  if (below(2) == 0) return most;
  return Millis(static_cast<std::int64_t>(below(static_cast<std::size_t>(most.count()) + 1)));
}

void Adversary::make(std::size_t group, Instant ready) {
  auto& node = world_.fleet.add_node(0, group);
  node.name = "n" + std::to_string(made_++);
  node.uid = "uid-" + node.name;
  node.created = world_.now;
  node.ready = ready <= world_.now;
  if (!node.ready) starting_.emplace_back(node.name, ready);
  if (delays_.drain > Millis()) world_.others[node.name] = below(2) == 0 ? 1 : 0;
  if (auto& desired = world_.fleet.facts(0, group).desired) --*desired;  // add_node() counts it
}

void Adversary::make_ready() {
  std::erase_if(starting_, [&](const auto& one) {
    if (one.second > world_.now) return false;
    if (auto* node = world_.find(one.first)) node->ready = true;
    return true;
  });
}

void Adversary::make_counted() {
  for (std::size_t g = 0; brings && g < groups(); ++g) {
    const auto& facts = world_.fleet.facts(0, g);
    auto have = present(g);
    if (!facts.desired || have >= *facts.desired) {
      arrival_.erase(g);
      continue;
    }
    const auto at = arrival_.try_emplace(g, world_.now + up_to(delays_.come)).first->second;
    if (at > world_.now) continue;
    arrival_.erase(g);
    const std::size_t ends = delays_.come > Millis() ? 4 : 3;
    for (; have < *facts.desired && below(ends) % 3 == 0; ++have)
      make(g, world_.now + (below(3) == 0 ? Millis() : up_to(delays_.boot)));
  }
}

void Adversary::shrink_counted() {
  for (std::size_t g = 0; g < groups(); ++g) {
    const auto& desired = world_.fleet.facts(0, g).desired;
    if (!desired) continue;
    const auto have = present(g);
    if (have <= *desired) {
      removal_.erase(g);
      continue;
    }
    const auto at = removal_.try_emplace(g, world_.now + up_to(delays_.remove)).first->second;
    if (at > world_.now) continue;
    const auto nodes = delays_.remove > Millis() ? have - *desired : 1;
    for (std::int64_t i = 0; i < nodes; ++i) world_.shrink(0, g);
  }
}

void Adversary::launch() {
  if (std::ranges::all_of(world_.fleet.cluster.pods, is_placed)) return;
  const auto seen = world_.fleet.survey(world_.now);
  std::vector<std::int64_t> room;
  for (const auto& node : seen.pools[0].nodes) {
    const bool own = world_.fleet.facts(0, node.group).follows_pods;
    if (node.state == NodeState::Ready || (own && node.state == NodeState::Starting) ||
        (knows_ && node.state == NodeState::Starting))
      room.push_back(node.state == NodeState::Starting ? 8 - node.allocated : node.free());
  }
  room.resize(room.size() + launched_.size(), 8);
  for (const auto& pod : world_.fleet.cluster.pods) {
    if (pod.node) continue;
    const auto count = pod.accelerators->front().count;
    const auto fit = std::ranges::find_if(room, [count](auto free) { return free >= count; });
    if (fit != room.end()) {
      *fit -= count;
      continue;
    }
    const auto group = open_group(seen);
    if (!brings || !group || below(3) == 0) continue;
    const auto boot = up_to(delays_.boot);
    launched_.push_back({*group, world_.now + up_to(boot), world_.now + boot});
    room.push_back(8 - count);
  }
}

/// Some group that has not all its nodes.
std::optional<std::size_t> Adversary::open_group(const Survey& seen) {
  std::vector<std::size_t> open;
  for (std::size_t g = 0; g < groups(); ++g) {
    const auto launched = std::ranges::count(launched_, g, &Coming::group);
    if (world_.fleet.facts(0, g).follows_pods &&
        seen.pools[0].groups[g].present() + launched <
            world_.fleet.pools[0]->node_groups[g].max_nodes)
      open.push_back(g);
  }
  if (open.empty()) return std::nullopt;
  return open[below(open.size())];
}

void Adversary::arrive() {
  std::erase_if(launched_, [&](const Coming& one) {
    if (one.at > world_.now) return false;
    make(one.group, below(3) == 0 ? world_.now : one.ready);
    return true;
  });
}

/// What is empty goes, unless a pod is on its way to it.
void Adversary::consolidate() {
  const bool now = below(3) == 0 && std::ranges::all_of(world_.fleet.cluster.pods, is_placed);
  if (std::ranges::none_of(world_.fleet.inputs[0].groups, &GroupFacts::follows_pods)) return;
  std::vector<std::string> going;
  std::map<std::string, Instant> lingering;
  const auto seen = world_.fleet.survey(world_.now);
  for (const auto& node : seen.pools[0].nodes) {
    const auto& name = world_.fleet.cluster.nodes[node.node]->name;
    if (!world_.fleet.facts(0, node.group).follows_pods || node.allocated > 0) continue;
    const auto known = lingering_.find(name);
    if (known != lingering_.end())
      lingering.insert(*known);
    else if (delays_.linger && node.works)
      lingering[name] = world_.now + up_to(*delays_.linger);
    const auto end = lingering.find(name);
    if (now || (end != lingering.end() && end->second <= world_.now)) going.push_back(name);
  }
  lingering_ = std::move(lingering);
  for (const auto& name : going) world_.remove(name);
}

void Adversary::drain() {
  for (const auto& node : world_.fleet.nodes) {
    if (!node->cordoned_by_us || world_.others[node->name] == 0) {
      draining_.erase(node->name);
      continue;
    }
    const auto at =
        draining_.try_emplace(node->name, world_.now + up_to(delays_.drain)).first->second;
    if (at <= world_.now) world_.others[node->name] = 0;
  }
}

Mixture::Mixture(bool mixed) {
  std::vector<GroupWords> words;
  std::vector<bool> follows = {false, mixed};
  if (within(0, 2) == 0) follows.push_back(mixed && within(0, 2) == 0);
  for (std::size_t g = 0; g < follows.size(); ++g) {
    prices.push_back(*rc::gen::element<std::int64_t>(3, 10, 30));
    words.push_back({.name = "g" + std::to_string(g),
                     .type = *rc::gen::element(CapacityType::OnDemand, CapacityType::Spot),
                     .price = std::to_string(prices.back()),
                     .max_nodes = *rc::gen::element(2, 30)});
  }
  auto& pool = world.fleet.add_pool("a", words);
  pool.mix.strategy = *rc::gen::element(MixStrategy::Cheapest, MixStrategy::SpotFirst);
  for (std::size_t g = 0; g < follows.size(); ++g) {
    auto& facts = world.fleet.facts(0, g);
    facts.removal = *rc::gen::element(Removal::Named, Removal::EmptyFirst, Removal::AllEmpty);
    if (!follows[g]) continue;
    facts.follows_pods = true;
    facts.desired.reset();
  }
}

void Mixture::want(const std::vector<std::int64_t>& replicas) {
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    auto& one = world.asking[i];
    one.wanted = replicas[i];
    one.draw.replicas = std::min(one.draw.replicas, one.wanted);
  }
}

}  // namespace poolscaler::capacity
