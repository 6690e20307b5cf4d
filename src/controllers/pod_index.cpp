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

void PodIndex::put(const ObjectKey& pod, const PodRecord& record) {
  Member member{.created = record.created,
                .ready_since = record.ready_since,
                .state = record.state,
                .restarting = record.restarting,
                .facts = record.facts};
  if (const auto known = pods_.find(pod); known != pods_.end()) {
    if (known->second->labels == record.labels) {
      share_requests(*known->second, member);
      known->second->members[pod.name] = member;
      return;
    }
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
  share_requests(group, member);
  group.members[pod.name] = member;
  pods_[pod] = &group;
}

void PodIndex::share_requests(Group& group, Member& member) {
  auto& requests = member.facts.requests;
  if (requests && group.requests && *requests == *group.requests) requests = group.requests;
  group.requests = requests;
}

void PodIndex::erase(const ObjectKey& pod) {
  const auto found = pods_.find(pod);
  if (found == pods_.end()) return;
  Group* group = found->second;
  pods_.erase(found);
  group->members.erase(pod.name);
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

}  // namespace poolscaler::controllers
