// A fleet that is planned round by round, with small actors around it: group objects that make and
// remove nodes as they are asked to, a scheduler that places pods, evictions. Whatever is removed
// is looked at: a node with accelerators in use must never be.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fleet.hpp"
#include "poolscaler/capacity/plan.hpp"
#include "poolscaler/money/budget_book.hpp"

namespace poolscaler::capacity {

/// A limit of so much an hour.
[[nodiscard]] money::Limit most(std::string_view amount);
[[nodiscard]] money::Limit most(std::int64_t amount);

class Theatre {
 public:
  Fleet fleet;
  std::vector<PoolMemory> memory{};
  std::vector<Asking> asking{};
  std::vector<money::Limit> limits{};  // of all pools
  bool warned = false;
  /// In place of those: what budgets say of what is seen.
  std::function<money::Standings(const Sight&)> budgets{};
  /// By name of a node: pods without accelerators, that can be evicted or not.
  std::map<std::string, std::int64_t> others{};
  /// The nodes that the scheduler tries for a pod, in this order. Else all, as they are.
  std::function<std::vector<std::size_t>(const Pod&)> tries{};
  bool evicts = true;
  Millis stops{};  // a pod that is taken is gone after this
  bool heard = true;   // FleetInput::all_heard
  bool brings = true;  // groups give nodes at all
  std::vector<std::int64_t> sizes{};  // of the nodes that they make, the last for all further; or 8
  bool marks = true;   // Machines can be marked
  Instant now = noon;
  std::vector<std::string> told{};          // "Cordon od-0", "lower od to 1"
  std::vector<std::string> removed_busy{};  // must stay empty

  std::size_t add_policy(const std::string& name, std::int64_t accelerators);
  /// Looks and plans; does nothing.
  [[nodiscard]] Plan planned();
  /// Plans, and does what the plan says.
  Plan round(Millis step = std::chrono::seconds(1));
  void run_for(Millis time, Millis step = std::chrono::seconds(1));
  /// The groups make and remove nodes; those that follow pods as pods wait and leave.
  void groups_act(std::size_t pool = 0);
  /// A group that was asked for fewer removes one node.
  void shrink(std::size_t pool, std::size_t group);
  void remove(const std::string& name);
  /// Pods of every policy for its replicas, on nodes with room.
  void schedule();
  /// A new process: nothing is remembered.
  void restart() { memory.clear(); }
  [[nodiscard]] std::int64_t nodes() const;
  [[nodiscard]] int made() const { return made_; }  // nodes, by groups
  /// Of the first pool.
  [[nodiscard]] std::size_t group_of(const Node& node) const;
  [[nodiscard]] Node* find(const std::string& name);

 private:
  void take_draws();
  [[nodiscard]] money::Standings standings_of(const Sight& sight) const;
  void act(std::size_t pool, const NodeStep& step);
  void make(std::size_t pool, std::size_t group);
  void follow_pods(std::size_t pool, std::size_t group);
  std::set<std::string> marked_;
  std::map<const Resources*, Instant> stopping_;  // by what the pod takes, which is its own
  int made_ = 0;
};

}  // namespace poolscaler::capacity
