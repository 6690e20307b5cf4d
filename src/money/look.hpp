// One look of the book of budgets: reads a round, brings what is held up to date, and answers.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cost_history.hpp"
#include "held_ledger.hpp"
#include "limit_standing.hpp"
#include "outlay.hpp"
#include "spans.hpp"

namespace poolscaler::money {

struct HeldBudget {
  HeldLedger ledger{};
  std::map<std::string, NamedGuard> guards{};
  CostHistory history{};
  std::uint64_t selector = 0;
  // Made of the history whenever an hour is over.
  std::optional<WeekProfile> usual{};
  AnomalyVerdict anomaly{};
  bool judged = false;
};

/// One selection, of the outlay of the last look and of this one.
struct Views {
  View last;
  View now;
};

/// What a budget selects, and cannot add up.
struct ForeignMoney {
  std::string what;
  Currency currency;
};

class Look {
 public:
  Look(const BudgetRound& round, const Outlay& last);
  Look(const Look&) = delete;  // spans point into it
  Look& operator=(const Look&) = delete;
  Look(Look&&) = delete;
  Look& operator=(Look&&) = delete;
  ~Look() = default;

  void pool(std::size_t index, HeldLedger& held);

  void tenant(std::size_t index, HeldLedger* held);

  void budget(const KeptBudget& kept, HeldBudget& held);

  void policies(std::map<std::string, HeldLedger>& held);

  [[nodiscard]] Outlay take_outlay() && { return std::move(outlay_); }
  [[nodiscard]] Standings take_answer() && { return std::move(answer_); }

 private:
  static std::size_t sizes(std::int64_t count) { return static_cast<std::size_t>(count); }

  struct Counted {
    std::vector<KindCharge> kinds{};
    Millis clock_behind{};
    HourlyRate gone{};
  };

  Counted count(HeldLedger& held, const Views& views, const Sums& now);

  /// What stood on the bill at counted_to and is not among the nodes that were there by then.
  [[nodiscard]] HourlyRate gone_of(const Ledger& ledger, const View& view) const;

  [[nodiscard]] std::optional<ForeignMoney> foreign_to(const CostBudget& budget,
                                                       const View& view) const;

  /// Shares of a pool are there where somebody draws on it or is on its nodes.
  [[nodiscard]] bool is_drawn(const View& view, const std::string& pool) const;

  void follow_selector(HeldBudget& held, const CostBudget& budget) const;

  void remember(HeldBudget& held, const std::vector<KindCharge>& kinds, Instant counted_to) const;

  static NamedGuard guard_of(const HeldBudget& held, const BudgetLimit& declared);

  /// Puts the limit where it binds.
  void finish(BudgetStanding& standing, const CostBudget& budget, const View& view,
              JudgedLimit judged);

  void bind_pool(std::size_t pool, Limit limit);

  void bind(const View& view, Limit limit);
  void bind_tenants(const View& view, Limit limit);

  [[nodiscard]] bool is_bound(const View& view, std::size_t tenant) const;

  [[nodiscard]] HourlyRate coming_of(const View& view) const;

  [[nodiscard]] HourlyRate floor_of(const View& view) const;
  /// What stays on the bill of whole nodes: those that somebody keeps, or sits on and is kept.
  [[nodiscard]] HourlyRate kept_nodes(const View& view) const;

  [[nodiscard]] bool keeps(std::size_t tenant) const {
    return round_.tenants[tenant].kept_replicas > 0;
  }

  [[nodiscard]] std::vector<Stopping> stopping_of(const View& view) const;
  [[nodiscard]] Millis notice_of(const CostBudget& budget) const;

  [[nodiscard]] Millis hold_of(const View& view) const;
  [[nodiscard]] Millis hold_of(const std::string& pool) const;
  [[nodiscard]] const PoolFacts* find_pool(const std::string& pool) const;

  /// Charges of the policies whose ledgers are running, or of the others.
  static void add_policies(const Span& span, const std::map<std::string, HeldLedger>& held,
                           bool running, std::map<std::string, std::vector<Charge>>& charges);

  void count_policy(HeldLedger& held, std::vector<Charge>& charges, HourlyRate rate) const;

  const BudgetRound& round_;
  Outlay outlay_;
  const Outlay& last_;
  std::vector<Span> between_;
  Span there_;
  std::vector<const NodeCost*> keepable_;  // nodes that may have to stay
  std::vector<HourlyRate> rates_;  // of tenants, commitments included
  std::set<std::string, std::less<>> pools_;
  Standings answer_;
};

}  // namespace poolscaler::money
