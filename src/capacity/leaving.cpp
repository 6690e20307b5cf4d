#include "poolscaler/capacity/leaving.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include <fmt/format.h>

namespace poolscaler::capacity {
namespace {

using std::chrono::minutes;

bool goes_anyway(NodeState state) {
  return state == NodeState::Interrupted || state == NodeState::Deleting;
}

class Leaver {
 public:
  Leaver(PoolMemory& memory, const LeavingInput& input, Instant now)
      : memory_(memory), input_(input), pool_(*input.pool.pool), now_(now),
        chosen_(input.survey.nodes.size()), lowered_(pool_.node_groups.size()) {}

  Leaving result() {
    watch();
    choose();
    for (std::size_t i = 0; i < chosen_.size(); ++i) take_step(i);
    for (std::size_t group = 0; group < pool_.node_groups.size(); ++group) lower(group);
    return std::move(out_);
  }

 private:
  [[nodiscard]] const NodeSurvey& seen(std::size_t i) const { return input_.survey.nodes[i]; }
  [[nodiscard]] const Node& object(std::size_t i) const {
    return *input_.cluster.nodes[seen(i).node];
  }
  [[nodiscard]] const GroupFacts& facts(std::size_t group) const {
    return input_.pool.groups[group];
  }
  NodeMemory& remembered(std::size_t i) { return memory_.nodes[object(i).uid]; }

  /// Any node of the group may go when it shrinks: all of them together, or none.
  [[nodiscard]] bool is_blind(std::size_t group) const {
    return facts(group).removal == Removal::AllEmpty || facts(group).step > 1;
  }
  [[nodiscard]] std::int64_t present(std::size_t group) const {
    return input_.survey.groups[group].present();
  }
  /// What the group keeps at least.
  [[nodiscard]] std::int64_t kept(std::size_t group) const {
    const auto step = std::max<std::int64_t>(facts(group).step, 1);
    const auto least = std::max<std::int64_t>(pool_.node_groups[group].min_nodes,
                                              facts(group).least.value_or(0));
    return (least + step - 1) / step * step;
  }

  void watch() {
    std::map<std::string, NodeMemory> known;
    for (std::size_t i = 0; i < chosen_.size(); ++i) {
      if (goes_anyway(seen(i).state)) continue;
      auto& node = known[object(i).uid];
      if (const auto found = memory_.nodes.find(object(i).uid); found != memory_.nodes.end())
        node = found->second;
      follow_node(i, node);
      if (node.leave == Leave::Lowered) ++lowered_[seen(i).group];
    }
    memory_.nodes = std::move(known);
  }

  void follow_node(std::size_t i, NodeMemory& node) const {
    if (seen(i).busy)
      node.empty_since.reset();
    else if (!node.empty_since || *node.empty_since > now_)
      node.empty_since = now_;
    if (seen(i).state == NodeState::Leaving && node.leave == Leave::No) {
      node.leave = Leave::Cordoned;
      node.since = std::min(object(i).cordoned_since.value_or(now_), now_);
      node.not_before = now_ + (node.asked ? cordon_settles : adoption_settles);
      // A predecessor has asked for fewer; which of its cordoned nodes go is not known any more.
      const auto group = seen(i).group;
      const auto& desired = facts(group).desired;
      if (!node.asked && desired && *desired < present(group)) {
        node.leave = Leave::Lowered;
        node.since = now_;
      }
    }
    if (seen(i).state == NodeState::Leaving || node.leave == Leave::Lowered) return;
    node.leave = Leave::No;  // somebody has given it back
    node.since.reset();
    node.not_before.reset();
  }

  [[nodiscard]] bool may_go(std::size_t i) {
    const auto state = seen(i).state;
    if (goes_anyway(state) || input_.survey.groups[seen(i).group].ambiguous) return false;
    const auto& node = remembered(i);
    if (node.leave >= Leave::Named) return node.leave == Leave::Named && !seen(i).busy;
    if (state != NodeState::Ready && state != NodeState::NotReady && state != NodeState::Leaving)
      return false;
    if (seen(i).busy || pool_.mode != PoolMode::Automatic) return false;
    if (node.stays_until && now_ < *node.stays_until) return false;
    if (!facts(seen(i).group).desired || facts(seen(i).group).trouble) return false;
    const auto& marginal = seen(i).quote->marginal;
    if (marginal && *marginal <= HourlyRate()) return false;  // it is paid anyway
    return node.leave == Leave::Cordoned ||
           now_ - *node.empty_since >= Seconds(pool_.scale_down.idle_after_seconds);
  }

  /// What is on its way already, the dearest, the longest empty; a name decides what is left.
  [[nodiscard]] std::vector<std::size_t> candidates() {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < chosen_.size(); ++i)
      if (may_go(i)) order.push_back(i);
    std::ranges::sort(order, {}, [&](std::size_t i) {
      const auto& node = remembered(i);
      const auto price = seen(i).quote->marginal.value_or(HourlyRate());
      return std::tuple(-static_cast<int>(node.leave), -price.nano(),
                        node.empty_since.value_or(now_), std::string_view(object(i).name));
    });
    return order;
  }

  /// What is named, or does not work, is no supply.
  [[nodiscard]] bool is_among_spare(std::size_t i) {
    return seen(i).is_supply() && remembered(i).leave < Leave::Named;
  }

  /// It has fewer accelerators than a node of the pool should have: it is none of the whole ones
  /// that are spare, and nobody needs it as long as no pod waits that fits it.
  [[nodiscard]] bool is_lesser(std::size_t i) const {
    return seen(i).free() < pool_.accelerator.per_node;
  }
  [[nodiscard]] bool is_needed_lesser(std::size_t i) {
    const auto smallest = input_.survey.smallest_pending;
    return is_among_spare(i) && is_lesser(i) && smallest > 0 && smallest <= seen(i).free();
  }
  [[nodiscard]] bool counts_as_spare(std::size_t i) { return is_among_spare(i) && !is_lesser(i); }

  void choose() {
    const auto order = candidates();
    std::int64_t coming = 0;
    for (const auto& group : input_.survey.groups)
      coming += group.in_flight + group.count(NodeState::Starting);
    std::int64_t spare = std::max<std::int64_t>(input_.spare - coming, 0);
    std::vector<std::int64_t> room(pool_.node_groups.size());
    for (std::size_t group = 0; group < room.size(); ++group)
      room[group] = present(group) - lowered_[group] - kept(group);
    for (const auto i : order) {
      const auto group = seen(i).group;
      if (is_blind(group)) {
        if (!chosen_[i]) choose_all(group, order, spare);
        continue;
      }
      const bool counts = counts_as_spare(i);
      if (room[group] <= 0 || (counts && spare <= 0) || is_needed_lesser(i)) continue;
      chosen_[i] = true;
      --room[group];
      spare -= counts ? 1 : 0;
    }
  }

  /// A group of which nobody can say which node goes: cordons all of it, if all of it is empty.
  /// What it keeps comes back when it has shrunk; where a pod that waits until then brings a node,
  /// nobody may need that either.
  void choose_all(std::size_t group, const std::vector<std::size_t>& order, std::int64_t& spare) {
    std::vector<std::size_t> all;
    std::int64_t counted = 0;
    for (const auto i : order) {
      if (seen(i).group != group || is_needed_lesser(i)) continue;
      all.push_back(i);
      counted += counts_as_spare(i) ? 1 : 0;
    }
    const auto whole = present(group);
    const auto going = whole - kept(group);
    const auto of_spare = input_.survey.follows_pods()
                              ? counted
                              : std::max<std::int64_t>(counted - kept(group), 0);
    if (static_cast<std::int64_t>(all.size()) != whole || going <= 0 || of_spare > spare) return;
    spare -= of_spare;
    for (const auto i : all) chosen_[i] = true;
  }

  void add_step(std::size_t i, NodeAct act, std::string words) {
    out_.steps.push_back({seen(i).node, seen(i).group, act, std::move(words)});
  }

  void give_back(std::size_t i, std::string words) {
    remembered(i).leave = Leave::Cordoned;  // until it is seen without its cordon
    remembered(i).asked = false;
    add_step(i, NodeAct::GiveBack, std::move(words));
  }

  void take_step(std::size_t i) {
    if (goes_anyway(seen(i).state)) return;
    auto& node = remembered(i);
    if (node.leave == Leave::Lowered) return see_it_go(i, node);
    if (!chosen_[i]) {
      if (node.leave != Leave::No)
        give_back(i, seen(i).busy ? "a pod with accelerators is on it" : "it is needed");
      return;
    }
    if (node.leave == Leave::No) {
      node.asked = true;
      const auto idle = std::chrono::duration_cast<Seconds>(now_ - *node.empty_since);
      return add_step(i, NodeAct::Cordon,
                      fmt::format("empty for {} s, and nobody needs it", idle.count()));
    }
    if (node.leave == Leave::Cordoned) drain(i, node);
  }

  void drain(std::size_t i, NodeMemory& node) {
    const auto left = input_.left_on.find(seen(i).node);
    if (left == input_.left_on.end()) return;
    const auto limit = Seconds(pool_.scale_down.drain_timeout_seconds);
    const auto taken = now_ - *node.since;
    if (left->second > 0 && taken >= limit)
      return give_up(i, node,
                     fmt::format("{} pod{} could not be evicted within {} s", left->second,
                                 left->second == 1 ? "" : "s", limit.count()),
                     "see their PodDisruptionBudgets, or raise drainTimeoutSeconds");
    if (taken >= limit + removal_patience)
      return give_up(i, node, "it is empty, and its Machine could not be marked for removal",
                     "see status.nodeRef of its Machine, the log and the operator's permissions");
    if (left->second > 0)
      return add_step(i, NodeAct::Drain, fmt::format("{} pods are left on it", left->second));
    if (now_ < *node.not_before) return;
    if (is_blind(seen(i).group) || facts(seen(i).group).removal == Removal::EmptyFirst)
      node.leave = Leave::Named;  // there is nobody to tell
    else
      add_step(i, NodeAct::Name, "it is empty");
  }

  void give_up(std::size_t i, NodeMemory& node, const std::string& words, std::string remedy) {
    node.stays_until = now_ + after_failed_drain;
    out_.given_up.push_back({fmt::format("node {}: {}", object(i).name, words),
                             std::move(remedy)});
    give_back(i, words);
  }

  /// The group may have kept it: it was asked for more again before it had removed one, or another
  /// sets its count by now.
  void see_it_go(std::size_t i, NodeMemory& node) {
    const auto& group = facts(seen(i).group);
    const bool settled =
        group.follows_pods || (group.desired && *group.desired == present(seen(i).group));
    if (!settled || now_ - *node.since < removal_patience) return;
    give_back(i, "its group has kept it");
  }

  void lower(std::size_t group) {
    const auto& desired = facts(group).desired;
    if (!desired || *desired != present(group) || !facts(group).busy.empty()) return;
    std::vector<std::size_t> going;
    for (std::size_t i = 0; i < chosen_.size(); ++i)
      if (chosen_[i] && seen(i).group == group && remembered(i).leave == Leave::Named)
        going.push_back(seen(i).node);
    const auto count = static_cast<std::int64_t>(going.size());
    if (count == 0 || (is_blind(group) && count != present(group))) return;
    const auto to = is_blind(group) ? kept(group) : *desired - count;
    if (to >= kept(group) && to < *desired) out_.lowerings.push_back({group, to, going});
  }

  PoolMemory& memory_;
  const LeavingInput& input_;
  const AcceleratorPool& pool_;
  Instant now_;
  std::vector<bool> chosen_;           // by node of the survey
  std::vector<std::int64_t> lowered_;  // by group: nodes that are present and on their way
  Leaving out_;
};

}  // namespace

Leaving leave(PoolMemory& memory, const LeavingInput& input, Instant now) {
  return Leaver(memory, input, now).result();
}

void named(PoolMemory& memory, const std::string& uid, Instant now) {
  const auto found = memory.nodes.find(uid);
  if (found == memory.nodes.end() || found->second.leave != Leave::Cordoned) return;
  found->second.leave = Leave::Named;
  found->second.since = now;
}

void lowered(PoolMemory& memory, const std::vector<std::string>& uids, Instant now) {
  for (const auto& uid : uids) {
    const auto found = memory.nodes.find(uid);
    if (found == memory.nodes.end()) continue;
    found->second.leave = Leave::Lowered;
    found->second.since = now;
  }
}

}  // namespace poolscaler::capacity
