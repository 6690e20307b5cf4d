// What PoolDesk does: counts of groups, and the steps of nodes that leave.
#include <algorithm>
#include <fmt/format.h>

#include "pool_round.hpp"

namespace poolscaler::controllers {
namespace {

using telemetry::WriteClass;

constexpr Millis first_wait{2'000};
constexpr Millis longest_wait{60'000};
constexpr unsigned failures_told_of_group = 3;
constexpr Millis between_evictions{5'000};

WriteSlot slot_of(WriteSlot::What what, const std::string& node) {
  return {.what = what, .key = {.ns = {}, .name = node}};
}

Millis wait_after(unsigned failures) {
  return std::min<Millis>(first_wait * (1LL << std::min(failures, 6U)), longest_wait);
}

}  // namespace

void PoolDesk::act(Round& round) {
  for (std::size_t pool = 0; pool < round.pools.size(); ++pool) {
    for (std::size_t group = 0; group < round.inputs[pool].groups.size(); ++group)
      write_group(round, pool, group);
    for (const auto& step : round.plan.pools[pool].steps) take_step(round, pool, step);
  }
  std::erase_if(evicting_, [&](const auto& one) {
    return round.monotonic - one.second > between_evictions;
  });
  std::erase_if(drains_, [&](const auto& drain) {
    const auto& nodes = round.snapshot.cluster.nodes;
    return std::ranges::none_of(round.snapshot.left_on, [&](const auto& left) {
      return nodes[left.first]->name == drain.first;
    });
  });
}

void PoolDesk::write_group(Round& round, std::size_t pool, std::size_t group) {
  const auto& plan = round.plan.pools[pool].groups[group];
  const auto& spec = *round.pools[pool]->spec;
  auto& desk = pools_.at(spec.name)->groups.at(spec.node_groups[group].name);
  if (desk.ticket != 0 || desk.asked || round.monotonic < desk.not_before) return;
  if (!plan.wanted) return desk.write_trouble.reset();  // nothing is to be written any more
  const auto& reading = **desk.reading;
  const auto nodes = static_cast<std::int32_t>(*plan.wanted);
  auto write = kube::group_write(spec.node_groups[group], reading, nodes);
  if (!write) {
    desk.write_trouble = capacity::Finding{write.error().message, ""};
    desk.not_before = round.monotonic + longest_wait;
    return;
  }
  desk.asked = nodes;
  desk.asked_from = reading.desired;
  desk.asked_why = plan.words;
  desk.stale_version = reading.resource_version;
  desk.leaving.clear();
  for (const auto node : plan.leaving)
    desk.leaving.push_back(round.snapshot.cluster.nodes[node]->uid);
  desk.ticket = parts_.writes.put_group(
      {spec.name, spec.node_groups[group].name},
      nodes > reading.desired ? WriteClass::Growth : WriteClass::Shrink, *std::move(write));
}

void PoolDesk::group_done(const WriteDone& done) {
  const auto pool = pools_.find(done.slot.key.ns);
  if (pool == pools_.end()) return;
  const auto group = pool->second->groups.find(done.slot.key.name);
  if (group == pool->second->groups.end() || group->second.ticket != done.ticket) return;
  auto& desk = group->second;
  const auto now = parts_.clock.monotonic();
  const auto uid = desk.reading && *desk.reading ? (**desk.reading).uid : std::string();
  desk.ticket = 0;
  const auto about = fmt::format("node group {} from {} to {} nodes", done.slot.key.name,
                                 desk.asked_from, desk.asked.value_or(desk.asked_from));
  if (!done.error) {
    desk.failures = 0;
    desk.write_trouble.reset();
    desk.settlement.wrote(uid, done.group.resource_version, done.group.nodes, now);
    capacity::lowered(pool->second->memory, desk.leaving, parts_.clock.now());
    const bool more = done.group.nodes > desk.asked_from;
    parts_.log.info("asked for nodes", {{"pool", done.slot.key.ns},
                                        {"group", done.slot.key.name},
                                        {"from", desk.asked_from},
                                        {"to", done.group.nodes}});
    note("AcceleratorPool", {.name = done.slot.key.ns, .uid = pool->second->uid},
         {.reason = more ? Reason::NodesAdded : Reason::NodesRemoved,
          .action = "Scale",
          .note = fmt::format("Scaled {}{}{}", about, desk.asked_why.empty() ? "" : ": ",
                              desk.asked_why),
          .about = about});
    return;
  }
  desk.asked.reset();
  const auto& error = *done.error;
  if (error.kind == ErrorKind::Cancelled) return;
  if (error.kind == ErrorKind::Conflict || error.kind == ErrorKind::NotFound) {
    // The object has changed: planned anew once the cache shows how.
    desk.not_before = now + Millis(200);
    return;
  }
  desk.not_before = now + (error.kind == ErrorKind::Throttled
                               ? Millis(Seconds(std::clamp(error.retry_after_seconds, 1, 60)))
                               : wait_after(desk.failures));
  parts_.log.warning("cannot ask for nodes",
                     {{"pool", done.slot.key.ns}, {"group", done.slot.key.name},
                      {"error", error.message}});
  if (++desk.failures < failures_told_of_group && error.kind != ErrorKind::Forbidden &&
      error.kind != ErrorKind::InvalidInput)
    return;
  desk.write_trouble = capacity::Finding{
      fmt::format("cannot scale {}: {}", about, error.message),
      "see the permissions of the operator and the object's own bounds"};
}

void PoolDesk::take_step(Round& round, std::size_t pool, const capacity::NodeStep& step) {
  const auto& node = *round.snapshot.cluster.nodes[step.node];
  const auto& spec = *round.pools[pool]->spec;
  const auto& group = spec.node_groups[step.group];
  const auto cordon = slot_of(WriteSlot::What::Node, node.name);
  const auto machine = slot_of(WriteSlot::What::Machine, node.name);
  const MachineMark mark{.api_version = group.backend ? group.backend->api_version : "",
                         .machine = {node.owner.ns, node.owner.machine},
                         .node = node.name,
                         .remove = step.act == capacity::NodeAct::Name};
  switch (step.act) {
    case capacity::NodeAct::Cordon:
      if (parts_.writes.holds(cordon)) return;
      parts_.writes.put_node_write(cordon,
                                   NodeCordon{.node = node.name,
                                              .uid = node.uid,
                                              .whom = spec.name + "/" + group.name,
                                              .since = round.now});
      return note("AcceleratorPool", *round.pools[pool],
                  {.reason = Reason::NodeDraining,
                   .action = "Drain",
                   .note = fmt::format("Node {} of group {} leaves: {}", node.name, group.name,
                                       step.words),
                   .about = node.name});
    case capacity::NodeAct::GiveBack:
      if (parts_.writes.holds(cordon)) return;
      if (!node.owner.machine.empty() && !parts_.writes.holds(machine))
        parts_.writes.put_node_write(machine, mark);
      parts_.writes.put_node_write(cordon, NodeUncordon{.node = node.name, .uid = node.uid});
      return note("AcceleratorPool", *round.pools[pool],
                  {.reason = Reason::NodeDraining,
                   .action = "GiveBack",
                   .note = fmt::format("Node {} of group {} stays: {}", node.name, group.name,
                                       step.words),
                   .about = node.name});
    case capacity::NodeAct::Drain: return drain(node);
    case capacity::NodeAct::Name:
      if (node.owner.machine.empty() || parts_.writes.holds(machine)) return;
      marking_[node.name] = {spec.name, node.uid};
      parts_.writes.put_node_write(machine, mark);
      return;
  }
}

/// Evicts what is left on a node, through the API that PodDisruptionBudgets speak to.
void PoolDesk::drain(const capacity::Node& node) {
  const auto now = parts_.clock.monotonic();
  auto& words = drains_[node.name];
  for (const auto& pod : parts_.state.pods_on(node.name)) {
    const WriteSlot slot{.what = WriteSlot::What::Eviction, .key = pod.key};
    if (pod.stays) {
      words = fmt::format("pod {} says that it must not be disturbed", pod.key.text());
      continue;
    }
    if (parts_.writes.holds(slot) || evicting_.contains(pod.key)) continue;
    evicting_[pod.key] = now;
    evicted_from_[pod.key] = node.name;
    parts_.writes.put_node_write(slot, PodEviction{.pod = pod.key, .uid = pod.uid});
  }
}

void PoolDesk::eviction_done(const WriteDone& done) {
  const auto from = evicted_from_.find(done.slot.key);
  if (from == evicted_from_.end()) return;
  const auto drain = drains_.find(from->second);
  evicted_from_.erase(from);
  if (drain == drains_.end()) return;
  if (done.error)
    drain->second = done.error->message;
  else if (done.eviction.outcome == Evicted::Refused)
    drain->second = fmt::format("pod {}: {}", done.slot.key.text(), done.eviction.words);
}

void PoolDesk::machine_done(const WriteDone& done) {
  const auto marked = marking_.find(done.slot.key.name);
  if (marked == marking_.end()) return;
  const auto [pool, uid] = marked->second;
  marking_.erase(marked);
  const auto found = pools_.find(pool);
  if (found == pools_.end()) return;
  if (!done.error) return capacity::named(found->second->memory, uid, parts_.clock.now());
  if (done.error->kind != ErrorKind::Cancelled)
    parts_.log.warning("cannot mark the machine of a node",
                       {{"node", done.slot.key.name}, {"error", done.error->message}});
}

}  // namespace poolscaler::controllers
