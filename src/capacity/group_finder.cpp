#include "group_finder.hpp"

#include <algorithm>

namespace poolscaler::capacity {
namespace {

bool has_all(const money::Labels& labels, const std::vector<LabelValue>& wanted) {
  return std::ranges::all_of(wanted, [&](const LabelValue& one) {
    const auto found = labels.find(one.key);
    return found != labels.end() && found->second == one.value;
  });
}

std::string owner_key(const std::string& ns, std::string_view kind, std::string_view name) {
  std::string key = ns;
  return key.append(1, '\n').append(kind).append(1, '\n').append(name);
}

template <class Map, class Out>
void append(const Map& map, std::string_view key, Out& out) {
  if (const auto found = map.find(key); found != map.end())
    out.insert(out.end(), found->second.begin(), found->second.end());
}

}  // namespace

GroupFinder::GroupFinder(std::span<const PoolInput> pools) {
  for (std::size_t pool = 0; pool < pools.size(); ++pool) {
    const auto& groups = pools[pool].pool->node_groups;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto& facts = pools[pool].groups[i];
      const Place place{pool, i};
      const auto& labels =
          groups[i].node_selector.empty() ? facts.node_labels : groups[i].node_selector;
      if (!labels.empty()) {
        by_label_[labels.front().key][labels.front().value].push_back({place, labels});
        continue;
      }
      for (const auto& name : facts.node_names) by_name_[name].push_back(place);
      const auto& owner = facts.owner;
      if (!owner.name.empty())
        by_owner_[owner_key(owner.ns, owner.kind, owner.name)].push_back(place);
      if (owner.name.empty() && facts.node_names.empty() && !facts.trouble)
        blind_.push_back(place);
    }
  }
}

void GroupFinder::find_by_label(const Node& node, std::vector<Place>& found) const {
  for (const auto& [key, by_value] : by_label_) {
    const auto value = node.labels.find(key);
    if (value == node.labels.end()) continue;
    const auto fitting = by_value.find(value->second);
    if (fitting == by_value.end()) continue;
    for (const auto& candidate : fitting->second)
      if (has_all(node.labels, candidate.labels)) found.push_back(candidate.place);
  }
}

/// A MachineDeployment's MachineSets are called like it, and one more part, which has no dash.
void GroupFinder::find_by_owner(const Node& node, std::vector<Place>& found) const {
  const auto& owner = node.owner;
  if (owner.name.empty()) return;
  append(by_owner_, owner_key(owner.ns, owner.kind, owner.name), found);
  const auto dash = owner.name.rfind('-');
  if (owner.kind == "MachineSet" && dash != std::string::npos)
    append(by_owner_,
           owner_key(owner.ns, "MachineDeployment", std::string_view(owner.name).substr(0, dash)),
           found);
}

std::vector<Place> GroupFinder::find(const Node& node) const {
  std::vector<Place> found;
  find_by_label(node, found);
  append(by_name_, node.name, found);
  if (!by_owner_.empty()) find_by_owner(node, found);
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

}  // namespace poolscaler::capacity
