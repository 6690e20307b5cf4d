#include "premises.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

namespace poolscaler::replay {
namespace {

constexpr std::string_view group_label = "poolscaler.dev/simulated-group";
/// The first nodes are as old as anything needs to be.
constexpr auto first_nodes_age = std::chrono::hours(24);

/// What a node says that has got its notice, read as the operator reads it.
std::string told_interruption() {
  constexpr std::array taints = {capacity::Mark{"aws-node-termination-handler/spot-itn", ""}};
  return capacity::interruption_of(
      {.taints = taints, .conditions = {}, .labels = money::Labels()});
}

money::Labels labels_of(const NodeGroup& group) {
  money::Labels labels;
  labels[std::string(group_label)] = group.name;
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) labels[key] = value;
  };
  put("node.kubernetes.io/instance-type", group.instance_type);
  put("topology.kubernetes.io/region", group.region);
  put("topology.kubernetes.io/zone", group.zone);
  return labels;
}

}  // namespace

Premises::Premises(const Estate& estate, std::vector<Drawing> tenants, const Interval& measured)
    : estate_(estate),
      tenants_(std::move(tenants)),
      measured_(measured),
      prices_(estate),
      reclaims_(estate.pool, estate.interruptions),
      had_(tenants_.size()) {
  for (std::size_t i = 0; i < tenants_.size(); ++i) {
    housings_.emplace_back(*this, i);
    of_replica_.push_back(std::make_shared<const capacity::Resources>(capacity::Resources{
        {estate.pool.accelerator.resource, tenants_[i].accelerators}}));
  }
}

Instant Premises::clock_at(Micros now) const {
  return estate_.start + std::chrono::floor<Millis>(now);
}

void Premises::add_nodes(std::size_t group, std::int64_t count, Micros ready_at,
                         Instant created) {
  const auto& declared = prices_.pool().node_groups[group];
  const auto& accelerator = estate_.pool.accelerator;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto id = next_id_++;
    auto object = std::make_shared<capacity::Node>(capacity::Node{
        .name = fmt::format("node-{:08}", id),
        .uid = fmt::format("{}", id),
        .labels = labels_of(declared),
        .created = created,
        .capacity = {{accelerator.resource, accelerator.per_node}}});
    nodes_.emplace(id, House{.group = group,
                             .ready_at = ready_at,
                             .object = std::move(object),
                             .used_by = std::vector<std::int32_t>(tenants_.size(), 0)});
  }
  spending_.most_nodes = std::max(spending_.most_nodes, nodes());
}

std::vector<std::int32_t> Premises::begin_with(const std::vector<std::int32_t>& replicas) {
  const auto now = clock_at(Micros(0));
  std::vector<Wish> wishes;
  for (const auto count : replicas)
    wishes.push_back({.current = 0, .waiting = 0, .wanted = count});
  auto round = round_of(wishes);
  const capacity::FleetInput input{.pools = round.pools,
                                   .cluster = round.cluster,
                                   .prices = prices_.book(),
                                   .asking = round.asking,
                                   .left_on = round.left_on};
  auto memory = memory_;
  const auto sight = capacity::look(memory, input, now);
  const std::vector<std::vector<std::size_t>> none(1);
  const std::vector<std::vector<std::size_t>> none_of_any(tenants_.size());
  const auto plan = capacity::plan(
      memory, input, sight,
      {.limits = {}, .of_pool = none, .of_asking = none_of_any, .pool_warned = {false}}, now);
  for (std::size_t group = 0; group < plan.pools[0].groups.size(); ++group)
    add_nodes(group, plan.pools[0].groups[group].wanted.value_or(0), Micros(0),
              now - first_nodes_age);
  open_nodes(Micros(0));
  std::vector<std::int32_t> granted;
  for (const auto& grant : plan.grants) granted.push_back(static_cast<std::int32_t>(grant.most));
  return granted;
}

bool Premises::place(const Guest& guest) {
  const auto& drawing = tenants_[guest.tenant];
  const auto needed = drawing.accelerators;
  const auto& groups = estate_.pool.node_groups;
  House* best = nullptr;
  NodeId best_id = 0;
  for (auto& [node, house] : nodes_) {
    if (!house.object->ready || house.object->cordoned || house.gone_at) continue;
    if (drawing.cost.spot == SpotUse::Never &&
        groups[house.group].capacity_type == CapacityType::Spot)
      continue;
    if (estate_.pool.accelerator.per_node - house.used < needed) continue;
    if (best != nullptr && house.used <= best->used) continue;
    best = &house;
    best_id = node;
  }
  if (best == nullptr) return false;
  best->used += needed;
  best->used_by[guest.tenant] += needed;
  ++best->replicas;
  homes_[guest] = best_id;
  return true;
}

void Premises::leave(const Guest& guest) {
  draining_.erase(guest);
  const auto home = homes_.find(guest);
  if (home == homes_.end()) return;
  auto& house = nodes_.at(home->second);
  house.used -= tenants_[guest.tenant].accelerators;
  house.used_by[guest.tenant] -= tenants_[guest.tenant].accelerators;
  --house.replicas;
  homes_.erase(home);
}

std::optional<Micros> Premises::next() const {
  auto next = prices_.next_change();
  const auto sooner = [&next](std::optional<Micros> at) {
    if (at) next = std::min(next.value_or(*at), *at);
  };
  sooner(reclaims_.next());
  for (const auto& [id, house] : nodes_) {
    if (!house.object->ready) sooner(house.ready_at);
    sooner(house.gone_at);
  }
  return next;
}

Premises::Changes Premises::happen(Micros now) {
  prices_.pass_to(now);
  open_nodes(now);
  Changes changes;
  end_notices(now, changes);
  give_notice(now, changes);
  return changes;
}

void Premises::open_nodes(Micros now) {
  for (auto& [id, house] : nodes_) {
    if (house.object->ready || house.ready_at > now) continue;
    house.object->ready = true;
    house.object->allocatable = house.object->capacity;
  }
}

std::vector<Premises::Guest> Premises::guests_on(NodeId id) const {
  std::vector<Guest> guests;
  for (const auto& [guest, home] : homes_)
    if (home == id) guests.push_back(guest);
  return guests;
}

void Premises::give_notice(Micros now, Changes& changes) {
  const auto groups = reclaims_.pass_to(now);
  for (auto& [id, house] : nodes_) {
    if (house.gone_at || std::ranges::find(groups, house.group) == groups.end()) continue;
    house.gone_at = now + estate_.interruptions.notice;
    house.object->interruption = told_interruption();
    std::ranges::copy(guests_on(id), std::back_inserter(changes.leaving));
  }
}

void Premises::end_notices(Micros now, Changes& changes) {
  std::vector<NodeId> gone;
  for (const auto& [id, house] : nodes_)
    if (house.gone_at && *house.gone_at <= now) gone.push_back(id);
  for (const auto id : gone) {
    for (const auto& guest : guests_on(id)) {
      changes.lost.push_back(guest);
      leave(guest);
    }
    end_node(id, clock_at(now));
    spending_.nodes_interrupted += is_measured(now) ? 1 : 0;
  }
}

void Premises::pass(Micros from, Micros to) {
  from = std::max(from, measured_.begin);
  to = std::min(to, measured_.end);
  if (to <= from) return;
  const auto time = (to - from).count();
  HourlyRate all;
  for (const auto& [id, house] : nodes_) {
    const auto type = estate_.pool.node_groups[house.group].capacity_type;
    spending_.node_micros[static_cast<std::size_t>(type)] += time;
    const auto& rate = prices_.quote(house.group).rate;
    if (!rate) continue;
    all += *rate;
    billed_[{type, *rate}] += time;
    idle_[*rate] += time * (estate_.pool.accelerator.per_node - house.used);
    if (tenants_.size() == 1) continue;
    for (std::size_t i = 0; i < tenants_.size(); ++i)
      if (house.used_by[i] > 0) had_[i][*rate] += time * house.used_by[i];
  }
  spending_.most_rate = std::max(spending_.most_rate, all);
}

HourlyRate Premises::rate() const {
  HourlyRate rate;
  for (const auto& [id, house] : nodes_)
    rate += prices_.quote(house.group).rate.value_or(HourlyRate());
  return rate;
}

void Premises::remove_empty(NodeId id, Instant now) {
  const auto found = nodes_.find(id);
  if (found != nodes_.end() && found->second.replicas == 0) end_node(id, now);
}

void Premises::end_node(NodeId id, Instant now) {
  const auto& house = nodes_.at(id);
  const auto& quote = prices_.quote(house.group);
  ended_.push_back({.uid = house.object->uid,
                    .pool = estate_.pool.name,
                    .kind = estate_.pool.node_groups[house.group].name,
                    .rate = quote.rate,
                    .marginal = quote.marginal,
                    .started = house.object->created,
                    .stopped = now,
                    .accelerators = estate_.pool.accelerator.per_node});
  nodes_.erase(id);
}

}  // namespace poolscaler::replay
