// A small cluster for tests of the book of budgets: nodes, policies, pools and budgets that are
// told to a book at moments of the test's choice.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/money/budget_book.hpp"

namespace poolscaler::money {

inline Amount dollars(std::string_view text) { return parse_amount(text).value(); }
inline Instant at(std::string_view text) { return parse_rfc3339(text).value(); }
inline HourlyRate hourly(std::string_view text) { return parse_hourly_rate(text).value(); }

inline std::shared_ptr<const TimeZone> utc_zone() {
  static const auto zone = std::make_shared<const TimeZone>(
      "UTC", std::vector<Stretch>{{.begin = {}, .offset = Seconds(0)}});
  return zone;
}

inline BudgetLimit rate_limit(std::string_view amount) {
  return {.name = "hourly", .mode = LimitMode::Rate, .amount = dollars(amount)};
}
inline BudgetLimit daily_limit(std::string_view amount) {
  return {.name = "daily",
          .mode = LimitMode::Accrued,
          .period = BudgetPeriod::Day,
          .amount = dollars(amount)};
}
inline BudgetLimit monthly_limit(std::string_view amount) {
  return {.name = "monthly",
          .mode = LimitMode::Accrued,
          .period = BudgetPeriod::Month,
          .amount = dollars(amount)};
}

struct BudgetWorld {
  BudgetRound round{.now = parse_rfc3339("2026-11-27T00:00:00Z").value(),
                    .pools = {{.name = "h100", .uid = "h100-uid"}}};
  BudgetBook book{};
  ShedSteps steps{};

  CostBudget& budget(std::string name, std::vector<BudgetLimit> limits) {
    auto made = std::make_shared<CostBudget>(
        CostBudget{.name = name, .limits = std::move(limits), .zone = utc_zone()});
    round.budgets.push_back({.uid = name + "-uid", .budget = made});
    return *made;
  }

  /// Its index.
  std::size_t policy(const std::string& ns, const std::string& name, PolicyCost cost = {}) {
    round.tenants.push_back({.uid = ns + "-" + name,
                             .policy = ns + "/" + name,
                             .ns = ns,
                             .pool = "h100",
                             .cost = cost});
    return round.tenants.size() - 1;
  }

  SeenNode& node(std::string uid, std::string_view price, std::vector<NodeUse> uses = {}) {
    round.nodes.push_back({.uid = std::move(uid),
                           .pool = "h100",
                           .kind = "p5.48xlarge OnDemand",
                           .rate = hourly(price),
                           .started = round.now,
                           .accelerators = 8,
                           .uses = std::move(uses)});
    return round.nodes.back();
  }
  SeenNode& find(std::string_view uid) {
    return *std::ranges::find(round.nodes, uid, &SeenNode::uid);
  }
  /// Its end is seen by the next look, and by no later one.
  void stop(std::string_view uid) { find(uid).stopped = round.now; }

  Standings look() {
    auto standings = book.look(round);
    std::erase_if(round.nodes, [](const SeenNode& node) { return node.stopped.has_value(); });
    return standings;
  }
  Standings after(Millis time) {
    round.now += time;
    return look();
  }
  /// Looks every `step` up to `until`, that one included.
  Standings until(Instant end, Millis step) {
    Standings standings;
    while (round.now < end) standings = after(std::min<Millis>(step, end - round.now));
    return standings;
  }

  std::vector<MostReplicas> lower(const Standings& standings,
                                  const std::vector<Holding>& holdings) {
    return most_replicas(round, standings, holdings, steps);
  }

  /// The process ends, and another takes up what was stored.
  void restart() {
    BudgetBook next;
    for (const auto& kept : round.budgets)
      if (auto state = book.state_of_budget(kept.budget->name))
        next.adopt_budget(kept.budget->name, *std::move(state));
    for (const auto& pool : round.pools)
      if (auto state = book.state_of_pool(pool.name))
        next.adopt_pool(pool.name, pool.uid, *std::move(state));
    for (const auto& tenant : round.tenants)
      if (auto state = book.state_of_policy(tenant.policy))
        next.adopt_policy(tenant.policy, tenant.uid, *std::move(state));
    book = std::move(next);
  }
};

/// Of a ledger that is held.
inline Book book_in(const LedgerState& state, PeriodKind kind) {
  return std::ranges::find(state.books, kind, &PeriodBook::kind)->book;
}

/// Of the calendar month that is open.
inline Amount month_of(const BudgetWorld& world, const std::string& budget) {
  return book_in(world.book.state_of_budget(budget)->ledger, PeriodKind::Month)
      .bill.rounded_up();
}

}  // namespace poolscaler::money
