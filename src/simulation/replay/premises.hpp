// The nodes under the replicas of one run: which replica is on which node, what is asked for and
// comes after it has booted, what goes, and what all of it costs. It is told of replicas by their
// ids, and decides with the operator's own code: capacity::plan and money::BudgetBook.
//
// A replica is a pod of its own. The oldest that waits takes the fullest node that has room.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fleet.hpp"
#include "group_prices.hpp"
#include "poolscaler/capacity/plan.hpp"
#include "poolscaler/money/budget_book.hpp"
#include "poolscaler/simulation/replay/replay.hpp"
#include "reclaims.hpp"

namespace poolscaler::replay {

class Premises final : public Housing {
 public:
  Premises(const Estate& estate, const Interval& measured);

  /// Nodes that have been there for long, for so many replicas; how many of them fit.
  [[nodiscard]] std::int32_t begin_with(std::int32_t replicas);

  [[nodiscard]] bool place(ReplicaId id) override;
  void drain(ReplicaId id) override { draining_.insert(id); }
  void leave(ReplicaId id) override;

  /// What nodes did to the replicas on them.
  struct Changes {
    std::vector<ReplicaId> leaving{};  // their node has got its notice
    std::vector<ReplicaId> lost{};     // their node is gone, and so is their place
  };
  /// When a node comes or goes next, or a price changes.
  [[nodiscard]] std::optional<Micros> next() const;
  [[nodiscard]] Changes happen(Micros now);
  /// Bills what is there from `from` to `to`.
  void pass(Micros from, Micros to);

  /// `waiting` of the replicas are on no node.
  [[nodiscard]] Grant decide(Micros now, std::int32_t current, std::int32_t waiting,
                             const Wanted& wanted);
  void note_cut(Reason reason) { ++spending_.capped[static_cast<std::size_t>(reason)]; }

  [[nodiscard]] std::int64_t nodes() const { return static_cast<std::int64_t>(nodes_.size()); }
  [[nodiscard]] HourlyRate rate() const;
  [[nodiscard]] Spending spent() const;

 private:
  using NodeId = std::uint32_t;
  struct House {
    std::size_t group;
    Micros ready_at;
    std::shared_ptr<capacity::Node> object;
    std::optional<Micros> gone_at{};  // it has got its notice
    std::int32_t used = 0;  // accelerators
    std::size_t replicas = 0;
  };
  struct Round {
    capacity::Cluster cluster{};
    std::vector<NodeId> ids{};  // of its nodes
    std::vector<capacity::PoolInput> pools{};
    std::vector<capacity::Asking> asking{};
    std::map<std::size_t, std::int64_t> left_on{};
  };

  [[nodiscard]] Instant clock_at(Micros now) const;
  void add_nodes(std::size_t group, std::int64_t count, Micros ready_at, Instant created);
  void open_nodes(Micros now);
  void give_notice(Micros now, Changes& changes);
  void end_notices(Micros now, Changes& changes);
  void remove_empty(NodeId id, Instant now);
  void end_node(NodeId id, Instant now);
  [[nodiscard]] std::vector<ReplicaId> replicas_on(NodeId id) const;
  [[nodiscard]] Round round_of(std::int32_t current, std::int32_t waiting,
                               std::int32_t wanted) const;
  void see_pods(Round& round, std::int32_t waiting) const;
  [[nodiscard]] money::BudgetRound bill_of(const Round& round, const capacity::Sight& sight,
                                           std::int32_t waiting, Instant now);
  [[nodiscard]] capacity::Plan plan_of(const Round& round, const capacity::Sight& sight,
                                       const money::Standings& standings, Instant now);
  void carry_out(const Round& round, const capacity::Plan& plan, Micros now);
  void take_steps(const Round& round, const capacity::PoolPlan& plan, Instant now);
  void shed(Grant& grant, std::int32_t kept, const money::BudgetRound& bill,
            const money::Standings& standings) const;
  void note_limits(Micros now, const money::Standings& standings);
  [[nodiscard]] bool is_measured(Micros now) const {
    return measured_.begin <= now && now <= measured_.end;
  }

  const Estate& estate_;
  const Interval measured_;
  GroupPrices prices_;
  Reclaims reclaims_;
  std::shared_ptr<const capacity::Resources> of_replica_;
  std::map<NodeId, House> nodes_;  // by age
  std::map<ReplicaId, NodeId> homes_;
  std::set<ReplicaId> draining_;
  NodeId next_id_ = 0;
  std::vector<money::SeenNode> ended_;  // since the last decision
  std::vector<capacity::PoolMemory> memory_;
  money::BudgetBook budgets_;
  /// Time of nodes at each price, so that amounts are exact to the millisecond.
  std::map<std::pair<CapacityType, HourlyRate>, std::int64_t> billed_;
  std::map<HourlyRate, std::int64_t> idle_;  // time of accelerators, by the price of their node
  Spending spending_;
};

}  // namespace poolscaler::replay
