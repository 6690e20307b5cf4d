// BudgetBook: all that is known about money in one cluster, looked at in rounds. For each budget
// it holds the ledger, a guard for each limit and what hours usually cost; for each pool and each
// policy with caps of its own a ledger.
//
// A round: `look` counts what the nodes have cost since the last one, judges every limit and
// answers with limits for admit() and arbitrate(), and with all that a status shows.
// `most_replicas` then says which policies to lower, and `state_of_...` what to store.
//
// How to keep it right over restarts and with two leaders:
//   - Before the first look at an object, adopt() what its status holds, if anything.
//   - Store state_of_budget() by compare-and-set, at least once a minute while something is billed.
//   - Whoever loses the write reads the object again and adopts that. A state says up to when it
//     has counted, so no time is counted twice, and what was lost is counted by the next look.
//
// Laws (tests/properties/budget_laws_test.cpp): tenants and idle are the bill, in every ledger, and
// budgets that divide a pool between them divide its bill; nothing is counted twice; the order of
// nodes, tenants, pools and budgets does not matter; what is granted under the limits exceeds no
// cap. Values only: no clock, and not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/domain/cost_budget.hpp"
#include "poolscaler/domain/scaling_policy.hpp"
#include "poolscaler/money/budget_shed.hpp"
#include "poolscaler/money/budget_state.hpp"
#include "poolscaler/money/caps.hpp"
#include "poolscaler/money/shed.hpp"

namespace poolscaler::money {

/// Who uses nodes: a policy, or with an empty `policy` the pods of a namespace that no policy
/// scales.
struct Tenant {
  std::string uid{};     // of the policy: one that was made again starts its ledger anew
  std::string policy{};  // "shop/web"
  std::string ns;
  std::vector<LabelValue> labels{};  // of the policy
  std::string pool{};                // that the policy draws on
  PolicyCost cost{};
  /// Of replicas that were granted and are on no node yet; marginal. It is reserved.
  HourlyRate coming{};
  /// What the replicas cost that nobody takes from it; reserved to the end of a period.
  HourlyRate floor{};
  std::int64_t kept_replicas = 0;  // those of `floor`
};

struct NodeUse {
  std::size_t tenant;  // index into BudgetRound::tenants
  std::int64_t accelerators;
};

/// A node as it stands on the bill, starting and terminating ones included.
struct SeenNode {
  std::string uid;
  std::string pool{};  // empty: of none
  std::string kind{};  // "p5.48xlarge Spot": what anomalies tell apart
  /// PriceQuote::rate: what accrues. Nothing: unpriced, its time is counted apart.
  std::optional<HourlyRate> rate;
  /// PriceQuote::marginal: what counts for limits of mode Rate, 0 for committed capacity. Nothing:
  /// the same as `rate`.
  std::optional<HourlyRate> marginal{};
  bool doubtful = false;  // the price is stale: counted with its bound, and nothing is shed on it
  /// Several groups claim it at different prices: the same, with the dearest of them.
  bool contested = false;
  Instant started;
  std::optional<Instant> stopped{};
  std::int64_t accelerators = 0;
  std::vector<NodeUse> uses{};
  bool kept = false;  // its group keeps it, whoever uses it: one of its minNodes
};

struct PoolFacts {
  std::string name;
  std::string uid{};
  Currency currency{};  // of its nodes' rates, and of the costs of policies that draw on it
  std::optional<HourlyRate> max_hourly{};  // limits.maxHourly
  /// How long a node that is started costs at least; it contains `boot` and `release`.
  Millis hold{};
  Millis boot{};     // from its start until it can be used, at most
  Millis release{};  // from the moment that its replicas are taken until it is gone, at most
  Millis stop{};     // the same of a replica that is taken
  HourlyRate coming{};   // of nodes that were granted and do not exist yet; marginal
};

struct KeptBudget {
  std::string uid;
  std::shared_ptr<const CostBudget> budget;
};

/// What is seen at one moment. Names of pools and budgets, and policies, are unique.
struct BudgetRound {
  Instant now;
  Currency currency{};  // of nodes of no pool
  std::vector<SeenNode> nodes{};  // there now, and ended since the last look; each uid once
  std::vector<Tenant> tenants{};
  std::vector<PoolFacts> pools{};
  std::vector<KeptBudget> budgets{};
  /// Looks, and what is taken because of them, are at most this far apart.
  Millis between{};
};

/// Where one limit of a budget stands.
struct LimitStanding {
  std::string name;
  LimitMode mode;
  std::optional<PeriodKind> period{};  // of Accrued
  std::optional<Period> current{};
  bool partial = false;   // the budget is younger than the period
  Amount amount{};        // of a Rate: per hour
  Amount used{};          // accrued; of a Rate: what all nodes cost an hour
  std::int64_t used_basis_points = 0;
  /// amount - used - what is protected to the end of the period; negative where it is exceeded.
  Amount headroom{};
  // Of Accrued alone:
  std::optional<Amount> projected_worst{};    // when the rate stays
  std::optional<Amount> projected_typical{};  // by the hours of the week; after two weeks
  std::optional<HourlyRate> pace{};
  std::optional<Instant> exhausted_at{};  // at this rate, within the period
  std::vector<int> fired{};               // thresholds said in this period
  std::vector<int> fired_now{};           // ... in this very round
  bool warned = false;
  std::string_view warned_by{};  // "used", "worst projection" or "typical projection"
  GuardAct act = GuardAct::None;
  std::optional<Instant> frozen_since{};
  std::optional<Instant> taking_since{};  // while `act` takes something
  std::optional<Instant> resumes_earliest{};
  std::string words{};  // one sentence: where it stands, what is done, when it resumes
};

struct BudgetStanding {
  std::string name;
  /// What is wrong with the budget, with the remedy: nothing grows under it. Empty: nothing.
  std::string trouble{};
  std::string note{};  // what looks wrong, and stops nothing: a pool that does not exist
  HourlyRate rate{};       // marginal, of all that it selects
  HourlyRate committed{};  // paid anyway: accrues, and is no part of a rate
  std::size_t nodes = 0;
  std::size_t unpriced = 0;  // nodes without a price
  std::size_t doubtful = 0;  // nodes with a stale one, or a contested one
  std::size_t contested = 0;
  std::vector<LimitStanding> limits{};
  AnomalyVerdict anomaly{};  // of the last full hour
  Millis clock_behind{};
  HourlyRate gone{};  // see Advance::gone

  /// Of its nodes, in hundredths of a percent.
  [[nodiscard]] std::int64_t unpriced_basis_points() const;
  /// The strictest of its limits.
  [[nodiscard]] GuardAct act() const;
};

struct PoolStanding {
  HourlyRate rate{};
  HourlyRate committed{};
  HourlyRate idle{};  // of what nobody uses
  std::size_t nodes = 0;
  std::size_t unpriced = 0;
};

struct TenantStanding {
  HourlyRate rate{};  // its share of nodes; marginal
};

/// The answer of a round. Indices are those of the round and of `limits`.
struct Standings {
  std::vector<Limit> limits{};  // that bind something; see Limit::owner and Limit::name
  std::vector<std::vector<std::size_t>> of_pool{};    // of whole nodes, for PoolSupply::limits
  std::vector<std::vector<std::size_t>> of_tenant{};  // of own replicas, for Claim::limits
  std::vector<BudgetStanding> budgets{};
  std::vector<PoolStanding> pools{};
  std::vector<TenantStanding> tenants{};
  /// Some limit of whole nodes of the pool is near: prefer cheaper nodes, keep nothing warm.
  std::vector<bool> pool_warned{};
};

class BudgetBook {
 public:
  BudgetBook();
  ~BudgetBook();
  BudgetBook(BudgetBook&&) noexcept;
  BudgetBook& operator=(BudgetBook&&) noexcept;
  BudgetBook(const BudgetBook&) = delete;
  BudgetBook& operator=(const BudgetBook&) = delete;

  /// Takes up what was stored, in place of what is held. A state of another uid than the next look
  /// shows is dropped then.
  void adopt_budget(const std::string& name, BudgetState state);
  void adopt_pool(const std::string& name, const std::string& uid, LedgerState state);
  void adopt_policy(const std::string& policy, const std::string& uid, LedgerState state);
  [[nodiscard]] bool holds_budget(const std::string& name, const std::string& uid) const;
  [[nodiscard]] bool holds_pool(const std::string& name, const std::string& uid) const;
  [[nodiscard]] bool holds_policy(const std::string& policy, const std::string& uid) const;

  /// Counts up to round.now, or nothing where the clock stands before what was counted. What is not
  /// in `round` any more is forgotten; what is there for the first time is opened.
  [[nodiscard]] Standings look(const BudgetRound& round);

  /// Nothing: it is not held. Of a policy: only where maxDaily or maxMonthly are set.
  [[nodiscard]] std::optional<BudgetState> state_of_budget(const std::string& name) const;
  [[nodiscard]] std::optional<LedgerState> state_of_pool(const std::string& name) const;
  [[nodiscard]] std::optional<LedgerState> state_of_policy(const std::string& policy) const;

 private:
  struct Held;
  std::unique_ptr<Held> held_;
};

}  // namespace poolscaler::money
