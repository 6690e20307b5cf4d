#include "pod_index.hpp"

#include <algorithm>

namespace poolscaler::controllers {
namespace {

constexpr char separator = '\0';

std::string posting_key(const std::string& ns, std::string_view key, std::string_view value) {
  std::string out = ns;
  out.append(1, separator).append(key).append(1, separator).append(value);
  return out;
}

/// The posting of every group of a namespace, for selectors without an equality.
std::string namespace_key(const std::string& ns) { return ns + separator; }

std::string group_key(const std::string& ns, const Labels& labels) {
  std::string out = ns;
  for (const auto& [key, value] : labels)
    out.append(1, separator).append(key).append(1, separator).append(value);
  return out;
}

}  // namespace

PodIndex::Member PodIndex::member_of(const PodRecord& record) {
  return {.created = record.created,
          .ready_since = record.ready_since,
          .state = record.state,
          .restarting = record.restarting,
          .daemon = record.place.daemon,
          .stays = record.place.stays,
          .gated = record.place.gated,
          .node = nodes_.take(record.place.node),
          .facts = record.facts,
          .accelerators = record.place.accelerators,
          .uid = record.place.uid};
}

void PodIndex::put_member(Group& group, const std::string& name, Member member) {
  share(group, member);
  const auto [place, added] = group.members.try_emplace(name, member);
  if (added) return;
  nodes_.give_back(place->second.node);
  place->second = std::move(member);
}

void PodIndex::put(const ObjectKey& pod, const PodRecord& record) {
  auto member = member_of(record);
  if (const auto known = pods_.find(pod); known != pods_.end()) {
    if (known->second->labels == record.labels)
      return put_member(*known->second, pod.name, std::move(member));
    erase(pod);
  }
  auto [found, added] = groups_.try_emplace(group_key(pod.ns, record.labels));
  Group& group = found->second;
  if (added) {
    group.ns = pod.ns;
    group.labels = record.labels;
    postings_[namespace_key(pod.ns)].push_back(&group);
    for (const auto& [key, value] : group.labels)
      postings_[posting_key(pod.ns, key, value)].push_back(&group);
  }
  put_member(group, pod.name, std::move(member));
  pods_[pod] = &group;
}

/// Pods of one template say the same.
void PodIndex::share(Group& group, Member& member) {
  auto& requests = member.facts.requests;
  if (requests && group.requests && *requests == *group.requests) requests = group.requests;
  group.requests = requests;
  auto& accelerators = member.accelerators;
  if (accelerators && group.accelerators && *accelerators == *group.accelerators)
    accelerators = group.accelerators;
  group.accelerators = accelerators;
}

void PodIndex::erase(const ObjectKey& pod) {
  const auto found = pods_.find(pod);
  if (found == pods_.end()) return;
  Group* group = found->second;
  pods_.erase(found);
  const auto member = group->members.find(pod.name);
  nodes_.give_back(member->second.node);
  group->members.erase(member);
  if (!group->members.empty()) return;
  unlink(*group);
  groups_.erase(group_key(pod.ns, Labels(group->labels)));
}

void PodIndex::unlink(const Group& group) {
  const auto drop = [&](const std::string& key) {
    const auto posting = postings_.find(key);
    if (posting == postings_.end()) return;
    std::erase(posting->second, &group);
    if (posting->second.empty()) postings_.erase(posting);
  };
  drop(namespace_key(group.ns));
  for (const auto& [key, value] : group.labels) drop(posting_key(group.ns, key, value));
}

const std::vector<const PodIndex::Group*>* PodIndex::candidates(const std::string& ns,
                                                                const Selector& selector) const {
  const std::vector<const Group*>* shortest = nullptr;
  const auto consider = [&](const std::string& key) {
    const auto posting = postings_.find(key);
    if (posting == postings_.end()) return false;
    if (shortest == nullptr || posting->second.size() < shortest->size())
      shortest = &posting->second;
    return true;
  };
  for (const auto& requirement : selector.requirements())
    if (requirement.op == SelectorOperator::In && requirement.values.size() == 1)
      if (!consider(posting_key(ns, requirement.key, requirement.values.front()))) return nullptr;
  if (shortest == nullptr) consider(namespace_key(ns));
  return shortest;
}

PodCounts PodIndex::count(const std::string& ns, const Selector& selector) const {
  PodCounts counts;
  if (selector.empty()) return counts;
  const auto* groups = candidates(ns, selector);
  if (groups == nullptr) return counts;
  for (const auto* group : *groups) {
    if (!selector.matches(group->labels)) continue;
    for (const auto& [name, member] : group->members) {
      switch (member.state) {
        case PodState::Ready:
          ++counts.ready;
          if (member.ready_since > counts.latest_ready.value_or(Instant{}))
            counts.latest_ready = member.ready_since;
          break;
        case PodState::Starting:
          ++counts.starting;
          counts.restarting += member.restarting ? 1 : 0;
          break;
        case PodState::Unschedulable: ++counts.unschedulable; continue;
        case PodState::Ending: continue;
      }
      if (!counts.youngest || *counts.youngest < member.created) counts.youngest = member.created;
    }
  }
  return counts;
}

std::vector<NamedPod> PodIndex::pods_of(const std::string& ns, const Selector& selector) const {
  std::vector<NamedPod> out;
  const auto* groups = selector.empty() ? nullptr : candidates(ns, selector);
  if (groups == nullptr) return out;
  for (const auto* group : *groups) {
    if (!selector.matches(group->labels)) continue;
    for (const auto& [name, member] : group->members)
      if (member.state != PodState::Ending)
        out.push_back({.name = name, .facts = member.facts});
  }
  return out;
}

std::vector<ObjectKey> PodIndex::keys(const std::string& ns) const {
  std::vector<ObjectKey> out;
  for (const auto& [key, group] : pods_)
    if (ns.empty() || key.ns == ns) out.push_back(key);
  return out;
}

void PodIndex::add_pods(capacity::Cluster& cluster, const std::vector<PodOwner>& owners,
                        std::map<std::size_t, std::int64_t>& left_on) const {
  std::unordered_map<const Group*, std::size_t> owner_of;
  for (std::size_t i = 0; i < owners.size(); ++i) {
    const auto& owner = owners[i];
    const auto* groups =
        owner.selector->empty() ? nullptr : candidates(owner.ns, *owner.selector);
    if (groups == nullptr) continue;
    for (const auto* group : *groups)
      if (owner.selector->matches(group->labels)) owner_of.try_emplace(group, i);
  }
  std::vector<std::optional<std::size_t>> node_of(nodes_.size());
  for (std::size_t i = 0; i < cluster.nodes.size(); ++i)
    if (const auto number = nodes_.find(cluster.nodes[i]->name); number != NodeNames::none)
      node_of[number] = i;
  std::map<std::string_view, std::size_t> namespaces;
  for (const auto& [key, group] : groups_) {
    const auto found = owner_of.find(&group);
    const auto owner = found == owner_of.end() ? std::nullopt : std::optional(found->second);
    const auto ns = namespaces.try_emplace(group.ns, namespaces.size()).first->second;
    for (const auto& [name, member] : group.members) {
      const auto node = node_of[member.node];
      if (node && !member.daemon)
        if (const auto left = left_on.find(*node); left != left_on.end()) ++left->second;
      if (!member.accelerators) continue;
      // On a node that is not watched (yet), or ending without ever having had one.
      if (!node && (member.node != NodeNames::none || member.state == PodState::Ending)) continue;
      // Nobody brings a node for it before whoever holds it back lets it go.
      if (member.gated && !owner) continue;
      cluster.pods.push_back({.node = node,
                              .accelerators = member.accelerators,
                              .policy = owner,
                              .ns = ns,
                              .daemon = member.daemon,
                              .unschedulable = member.state == PodState::Unschedulable,
                              .created = member.created});
    }
  }
  cluster.namespaces.resize(namespaces.size());
  for (const auto& [ns, index] : namespaces) cluster.namespaces[index] = ns;
}

std::vector<PodOnNode> PodIndex::pods_on(const std::string& node) const {
  std::vector<PodOnNode> out;
  const auto number = nodes_.find(node);
  if (number == NodeNames::none) return out;
  for (const auto& [key, group] : groups_)
    for (const auto& [name, member] : group.members)
      if (member.node == number && !member.daemon && member.state != PodState::Ending)
        out.push_back({.key = {group.ns, name}, .uid = member.uid, .stays = member.stays});
  std::ranges::sort(out, {}, &PodOnNode::key);
  return out;
}

std::shared_ptr<const capacity::Resources> PodIndex::accelerators_of(
    const std::string& ns, const Selector& selector) const {
  const auto* groups = selector.empty() ? nullptr : candidates(ns, selector);
  if (groups == nullptr) return nullptr;
  for (const auto* group : *groups)
    if (group->accelerators && selector.matches(group->labels)) return group->accelerators;
  return nullptr;
}

}  // namespace poolscaler::controllers
