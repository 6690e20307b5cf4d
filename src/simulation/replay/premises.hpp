// The nodes under the replicas of one run: which replica is on which node, what is asked for and
// comes after it has booted, what goes, and what all of it costs. The policies that draw on them
// are its tenants; there may be one. It is told of replicas by their tenant and their id, and
// decides with the operator's own code: capacity::plan and money::BudgetBook.
//
// A replica is a pod of its own. It takes the fullest node that has room.
#pragma once

#include <deque>
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

class Premises {
 public:
  Premises(const Estate& estate, std::vector<Drawing> tenants, const Interval& measured);

  /// Of the tenant; it lives as long as this.
  [[nodiscard]] Housing* housing_of(std::size_t tenant) { return &housings_[tenant]; }

  /// Nodes that have been there for long, for so many replicas of each tenant; how many of them are
  /// granted. Where tenants have replicas of several sizes some may yet find no room.
  [[nodiscard]] std::vector<std::int32_t> begin_with(const std::vector<std::int32_t>& replicas);

  struct Guest {
    std::size_t tenant;
    ReplicaId replica;
    auto operator<=>(const Guest&) const = default;
  };
  /// What nodes did to the replicas on them.
  struct Changes {
    std::vector<Guest> leaving{};  // their node has got its notice
    std::vector<Guest> lost{};     // their node is gone, and so is their place
  };
  /// When a node comes or goes next, or a price changes.
  [[nodiscard]] std::optional<Micros> next() const;
  [[nodiscard]] Changes happen(Micros now);
  /// Bills what is there from `from` to `to`.
  void pass(Micros from, Micros to);

  /// What a tenant has and wants.
  struct Wish {
    std::int32_t current;
    std::int32_t waiting;  // of these, on no node
    std::int32_t wanted;
    bool decides = false;  // it does now what it is granted; others have what they have
  };
  /// Of all tenants together.
  [[nodiscard]] std::vector<Grant> decide(Micros now, const std::vector<Wish>& wishes);

  [[nodiscard]] std::int64_t nodes() const { return static_cast<std::int64_t>(nodes_.size()); }
  [[nodiscard]] HourlyRate rate() const;
  [[nodiscard]] Spending spent() const;
  /// Of spent(), what each tenant pays.
  [[nodiscard]] std::vector<Share> shares_of(const Spending& spent) const;

 private:
  using NodeId = std::uint32_t;
  class TenantHousing final : public Housing {
   public:
    TenantHousing(Premises& premises, std::size_t tenant) : premises_(premises), tenant_(tenant) {}
    [[nodiscard]] bool place(ReplicaId id) override { return premises_.place({tenant_, id}); }
    void drain(ReplicaId id) override { premises_.draining_.insert({tenant_, id}); }
    void leave(ReplicaId id) override { premises_.leave({tenant_, id}); }

   private:
    Premises& premises_;
    std::size_t tenant_;
  };
  struct House {
    std::size_t group;
    Micros ready_at;
    std::shared_ptr<capacity::Node> object;
    std::optional<Micros> gone_at{};  // it has got its notice
    std::vector<std::int32_t> used_by;  // accelerators, by tenant
    std::int32_t used = 0;              // by all of them
    std::size_t replicas = 0;
  };
  struct Round {
    capacity::Cluster cluster{};
    std::vector<NodeId> ids{};  // of its nodes
    std::vector<capacity::PoolInput> pools{};
    std::vector<capacity::Asking> asking{};
    std::map<std::size_t, std::int64_t> left_on{};
  };

  [[nodiscard]] bool place(const Guest& guest);
  void leave(const Guest& guest);
  [[nodiscard]] Instant clock_at(Micros now) const;
  void add_nodes(std::size_t group, std::int64_t count, Micros ready_at, Instant created);
  void open_nodes(Micros now);
  void give_notice(Micros now, Changes& changes);
  void end_notices(Micros now, Changes& changes);
  void remove_empty(NodeId id, Instant now);
  void end_node(NodeId id, Instant now);
  [[nodiscard]] std::vector<Guest> guests_on(NodeId id) const;
  [[nodiscard]] Round round_of(const std::vector<Wish>& wishes) const;
  void see_pods(Round& round, const std::vector<Wish>& wishes) const;
  [[nodiscard]] money::BudgetRound bill_of(const Round& round, const capacity::Sight& sight,
                                           const std::vector<Wish>& wishes, Instant now);
  void bill_nodes(money::BudgetRound& bill, const Round& round, const capacity::Sight& sight);
  [[nodiscard]] capacity::Plan plan_of(const Round& round, const capacity::Sight& sight,
                                       const money::Standings& standings, Instant now);
  void carry_out(const Round& round, const capacity::Plan& plan, Micros now);
  void take_steps(const Round& round, const capacity::PoolPlan& plan, Instant now);
  [[nodiscard]] money::Holding holding_of(std::size_t tenant, std::int32_t kept) const;
  void shed(std::vector<Grant>& grants, const std::vector<Wish>& wishes,
            const money::BudgetRound& bill, const money::Standings& standings);
  void note_limits(Micros now, const money::Standings& standings);
  [[nodiscard]] std::int64_t used_micros() const;
  [[nodiscard]] bool is_measured(Micros now) const {
    return measured_.begin <= now && now <= measured_.end;
  }

  const Estate& estate_;
  const std::vector<Drawing> tenants_;
  std::deque<TenantHousing> housings_;
  const Interval measured_;
  GroupPrices prices_;
  Reclaims reclaims_;
  std::vector<std::shared_ptr<const capacity::Resources>> of_replica_;  // by tenant
  std::map<NodeId, House> nodes_;  // by age
  std::map<Guest, NodeId> homes_;
  std::set<Guest> draining_;
  NodeId next_id_ = 0;
  std::vector<money::SeenNode> ended_;  // since the last decision
  std::vector<capacity::PoolMemory> memory_;
  money::BudgetBook budgets_;
  money::ShedSteps shed_steps_;
  /// Time of nodes at each price, so that amounts are exact to the millisecond.
  std::map<std::pair<CapacityType, HourlyRate>, std::int64_t> billed_;
  std::map<HourlyRate, std::int64_t> idle_;  // time of accelerators, by the price of their node
  /// The same of those that each tenant has; of one alone it is what is not idle.
  std::vector<std::map<HourlyRate, std::int64_t>> had_;
  Spending spending_;
};

}  // namespace poolscaler::replay
