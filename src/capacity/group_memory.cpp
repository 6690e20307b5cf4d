// What has become of the nodes that a group was asked for, and how often its nodes were taken away.
#include <algorithm>
#include <string_view>
#include <tuple>

#include "poolscaler/capacity/supply.hpp"

namespace poolscaler::capacity {
namespace {

constexpr std::size_t newest_max = 2;

/// A group that brings no node for boot_max is refused for a while, then for longer and longer.
void follow_arrivals(GroupMemory& memory, const GroupSurvey& group, Instant now) {
  // Fewer are awaited, too, when fewer are wanted: only a node that is there has come.
  const bool came = memory.present && group.present() > *memory.present;
  if (came || group.in_flight == 0) {
    memory.waiting_since.reset();
    if (came && group.in_flight == 0 && !memory.refused_until) memory.refusals = 0;
  }
  if (group.in_flight > 0 && !memory.waiting_since) memory.waiting_since = now;
  memory.present = group.present();
  if (memory.refused_until && now >= *memory.refused_until) memory.refused_until.reset();
  if (!memory.waiting_since || now - *memory.waiting_since < boot_max) return;
  const auto pause = first_refusal * (1LL << std::min(memory.refusals, 8U));
  memory.refused_until = now + std::min<Millis>(pause, longest_refusal);
  memory.waiting_since.reset();
  ++memory.refusals;
}

/// What the newest nodes of a group that work have. Of one that went nobody knows better.
void follow_sizes(CameMemory& memory, std::vector<Came> here, std::int64_t per_node, Instant now) {
  const bool was_lesser = memory.brings(per_node) < per_node;
  for (auto& one : memory.newest) {
    one.seen = std::min(one.seen, now);
    const bool there = std::ranges::find(here, one.uid, &Came::uid) != here.end();
    if (!there && now - one.seen < memory.kept()) here.push_back(one);
  }
  std::ranges::sort(here, std::greater{}, [](const Came& one) {
    return std::tuple(one.created, one.accelerators, std::string_view(one.uid));
  });
  if (here.size() > newest_max) here.resize(newest_max);
  memory.newest = std::move(here);
  if (memory.newest.empty()) return;
  const auto& newest = memory.newest.front();
  if (memory.brings(per_node) < per_node) {
    if (!was_lesser) ++memory.lessers;
    memory.lesser = newest.created;
  } else if (newest.accelerators >= per_node && memory.lesser &&
             newest.created > *memory.lesser) {
    memory.lessers = 0;
  }
}

/// What is new on order has been asked for since the last look; of what was before the first one
/// nobody knows since when, so it is taken to have been waited for. The newest are given up first.
void follow_orders(GroupMemory& memory, const GroupSurvey& group, Instant now) {
  auto& ordered = memory.ordered;
  for (auto& one : ordered) one.since = std::min(one.since, now);
  std::int64_t known = 0;
  for (const auto& one : ordered) known += one.nodes;
  order(memory, {.nodes = group.in_flight - known,
                 .since = memory.counted ? now : now - boot_max,
                 .admitted = !memory.counted});
  memory.counted = memory.counted || group.desired.has_value();
  for (auto gone = known - group.in_flight; gone > 0 && !ordered.empty();) {
    const auto taken = std::min(gone, ordered.back().nodes);
    ordered.back().nodes -= taken;
    gone -= taken;
    if (ordered.back().nodes == 0) ordered.pop_back();
  }
}

void follow_brought(Brought& memory, const PoolSurvey& survey, Instant now) {
  std::int64_t present = 0;
  for (const auto& group : survey.groups) present += group.follows_pods ? group.present() : 0;
  memory.nodes -= std::clamp<std::int64_t>(present - memory.present, 0, memory.nodes);
  memory.present = present;
  if (survey.brought >= memory.nodes || now - memory.since >= boot_max) {
    memory.nodes = survey.brought;
    memory.since = now;
  }
  memory.since = std::min(memory.since, now);
}

void forget_old(GroupMemory& memory, Instant now) {
  std::erase_if(memory.interruptions,
                [&](Instant at) { return at > now || now - at >= interruptions_kept; });
  if (memory.interruptions.size() > interruptions_max)
    memory.interruptions.erase(
        memory.interruptions.begin(),
        memory.interruptions.end() - static_cast<std::ptrdiff_t>(interruptions_max));
}

/// Of each group, those of its nodes that work, with what they have.
std::vector<std::vector<Came>> working(const PoolSurvey& survey, const Cluster& cluster,
                                       Instant now) {
  std::vector<std::vector<Came>> nodes(survey.groups.size());
  for (const auto& node : survey.nodes) {
    const auto& object = *cluster.nodes[node.node];
    if (node.works && node.state != NodeState::Interrupted && node.state != NodeState::Deleting)
      nodes[node.group].push_back({.uid = object.uid,
                                   .name = object.name,
                                   .created = object.created,
                                   .accelerators = node.capacity,
                                   .seen = now});
  }
  return nodes;
}

}  // namespace

std::int64_t CameMemory::brings(std::int64_t per_node) const {
  if (newest.size() < newest_max) return per_node;
  return std::min(std::ranges::max(newest, {}, &Came::accelerators).accelerators, per_node);
}

Millis CameMemory::kept() const {
  const Millis pause = first_refusal * (1LL << std::min(std::max(lessers, 1U) - 1, 8U));
  return std::min<Millis>(pause, longest_refusal);
}

void order(GroupMemory& memory, const Ordered& more) {
  if (more.nodes <= 0) return;
  auto& ordered = memory.ordered;
  ordered.push_back(more);
  if (ordered.size() <= ordered_max) return;
  ordered[1] = {.nodes = ordered[0].nodes + ordered[1].nodes,
                .since = ordered[0].since,
                .admitted = ordered[0].admitted || ordered[1].admitted};
  ordered.erase(ordered.begin());
}

void Brought::add(std::int64_t more, Instant now) {
  if (more <= 0) return;
  nodes += more;
  since = now;
}

void follow(PoolMemory& memory, const PoolSurvey& survey, const Cluster& cluster, Instant now) {
  memory.groups.resize(survey.groups.size());
  follow_brought(memory.brought, survey, now);
  // Of what is remembered from before a restart nobody knows which nodes it was about.
  std::vector<bool> told_before;
  for (const auto& group : memory.groups)
    told_before.push_back(!group.present && !group.interruptions.empty());
  auto came = working(survey, cluster, now);
  for (std::size_t i = 0; i < survey.groups.size(); ++i) {
    follow_sizes(memory.groups[i].came, std::move(came[i]), survey.per_node, now);
    follow_orders(memory.groups[i], survey.groups[i], now);
    follow_arrivals(memory.groups[i], survey.groups[i], now);
  }
  std::vector<std::set<std::string>> interrupted(survey.groups.size());
  for (const auto& node : survey.nodes) {
    if (node.state != NodeState::Interrupted) continue;
    const auto& uid = cluster.nodes[node.node]->uid;
    auto& group = memory.groups[node.group];
    if (!group.interrupted.contains(uid) && !told_before[node.group])
      group.interruptions.push_back(now);
    interrupted[node.group].insert(uid);
  }
  for (std::size_t i = 0; i < interrupted.size(); ++i) {
    memory.groups[i].interrupted = std::move(interrupted[i]);
    forget_old(memory.groups[i], now);
  }
}

}  // namespace poolscaler::capacity
