// PoolDesk: where policies ask their pools. What all of them want is answered together, from one
// moment of the cluster: how far each may grow, and in the same breath the nodes are asked for, or
// sent away, that this takes. It owns what is remembered of pools, and the books of money.
//
// Invariants: of each group at most one write is on its way, and none is made on a count older than
// the last one; what was asked for counts as asked for until the cluster shows it. Used by the
// thread of the rounds alone.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "own_writes.hpp"
#include "poolscaler/capacity/plan.hpp"
#include "poolscaler/controllers/rounds.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/kube/node_groups.hpp"
#include "poolscaler/money/budget_book.hpp"
#include "replica_costs.hpp"

namespace poolscaler::controllers {

/// What a policy wants of its pool.
struct PoolWish {
  ObjectKey key;
  std::int32_t replicas = 0;  // of its target, or of a write that is on its way
  std::int32_t wanted = 0;
  bool acts = true;   // it may be written
  bool heard = true;  // its target has been read, or is known to be missing
  bool told = false;  // it is told how many it might have
};

struct PoolAnswer {
  std::optional<Grant> grant{};  // nothing: nothing is capped
  std::int32_t per_replica = 0;  // accelerators; 0: not known
  std::optional<ReplicaCosts> costs{};  // nothing: not known
  /// Replicas that it might have now, were it to want as many as its maxReplicas. Nothing: it was
  /// not to be told, or it is not known yet.
  std::optional<std::int32_t> reachable{};
  std::optional<api::LedgerStatus> ledger{};
};

struct PoolDeskParts {
  ClusterState& state;
  WriteQueue& writes;
  ClusterWriter& events;
  telemetry::Metrics& metrics;
  telemetry::Log& log;
  const Clock& clock;
};

class PoolDesk {
 public:
  explicit PoolDesk(PoolDeskParts parts);
  ~PoolDesk();
  PoolDesk(const PoolDesk&) = delete;
  PoolDesk& operator=(const PoolDesk&) = delete;

  /// There are pools or budgets: something is to be done even when nobody asks.
  [[nodiscard]] bool is_open() const { return open_; }
  [[nodiscard]] std::vector<PoolAnswer> answer(const std::vector<PoolWish>& wishes);
  /// What became of a write that is about a pool, a budget or a node.
  void take(const WriteDone& done);
  /// What a predecessor has counted of a policy with a maxDaily or maxMonthly.
  void adopt(const ObjectKey& policy, const std::string& uid, const api::LedgerStatus& ledger);

 private:
  struct GroupDesk;
  struct PoolState;
  struct BudgetState;
  struct Round;

  // pool_desk.cpp
  static void follow(std::unique_ptr<PoolState>& state, const PoolRecord& record);
  void take_pools(Round& round);
  [[nodiscard]] capacity::GroupFacts facts_of(const AcceleratorPool& pool, const NodeGroup& group,
                                              const GroupObject& object, GroupDesk& desk);
  void add_write_trouble(capacity::GroupFacts& facts, GroupDesk& desk) const;
  void take_wishes(Round& round, const std::vector<PoolWish>& wishes);
  void take_prices(const PoolSnapshot& snapshot);
  static ReplicaCosts costs_of(const Round& round, std::size_t asking);
  void answer_wishes(Round& round);

  // pool_bills.cpp
  void count(Round& round);
  void adopt_books(const Round& round);
  void take_back(Round& round);
  void tell_budgets(Round& round);
  void tell_budget(const BudgetRecord& record, const money::BudgetStanding& standing,
                   Instant now);
  void write_budget(const BudgetRecord& record, api::BudgetStatus status, bool billed);
  void note_budget(const BudgetRecord& record, const BudgetState& known,
                   const money::BudgetStanding& standing);

  // pool_acts.cpp
  void act(Round& round);
  void write_group(Round& round, std::size_t pool, std::size_t group);
  void take_step(Round& round, std::size_t pool, const capacity::NodeStep& step);
  void drain(const capacity::Node& node);
  void group_done(const WriteDone& done);
  void machine_done(const WriteDone& done);
  void eviction_done(const WriteDone& done);
  void budget_done(const WriteDone& done);

  // pool_telling.cpp
  void tell_pools(Round& round);
  void tell_invalid(const PoolRecord& record);
  void tell_unreadable(const PoolSnapshot& snapshot);
  void tell(const PoolRecord& record, PoolState& known, api::PoolStatus status);
  void pool_done(const WriteDone& done);
  void note(const std::string& kind, const ClusterObject& object, EventNote event);
  /// Once it is not ready any more, or for another reason.
  void note_not_ready(const std::string& kind, const ClusterObject& object,
                      const std::vector<api::Condition>& before,
                      const std::vector<api::Condition>& now);

  PoolDeskParts parts_;
  bool open_ = false;
  std::optional<Millis> listed_at_{};  // all but the groups' objects, for the first time
  std::map<std::string, std::unique_ptr<PoolState>> pools_;
  std::map<std::string, std::unique_ptr<BudgetState>> budgets_;
  std::vector<std::shared_ptr<const PriceCatalog>> catalogs_;
  std::unique_ptr<money::PriceBook> prices_;
  money::BudgetBook book_;
  money::ShedSteps shed_steps_;
  std::map<std::string, std::pair<std::string, std::string>> marking_;  // node: its pool, its uid
  std::map<ObjectKey, Millis> evicting_;                               // pods: when last asked
  std::map<std::string, std::string> drains_;  // node: what keeps it busy
  std::map<ObjectKey, std::string> evicted_from_;
};

}  // namespace poolscaler::controllers
