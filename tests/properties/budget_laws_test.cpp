// Laws of the book of budgets, over arbitrary fleets, times of looking, edits, crashes and leaders.

#include <algorithm>
#include <array>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "poolscaler/money/budget_book.hpp"

namespace poolscaler::laws {
namespace {

using money::BudgetBook;
using money::BudgetRound;
using money::Integral;
using money::LedgerState;
using money::PeriodKind;
using money::SeenNode;
using money::Standings;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Instant beginning{std::chrono::sys_days(std::chrono::year(2026) / 11 / 1)};
constexpr Millis most = hours(24 * 3);  // within one month

std::shared_ptr<const TimeZone> utc() {
  static const auto zone = std::make_shared<const TimeZone>(
      "UTC", std::vector<Stretch>{{.begin = {}, .offset = Seconds(0)}});
  return zone;
}

Instant arbitrary_instant() {
  return beginning + Millis(*rc::gen::inRange<std::int64_t>(0, most.count()));
}

HourlyRate arbitrary_rate() {
  return HourlyRate::of(*rc::gen::inRange<std::int64_t>(1, 60'000'000'000));
}

constexpr std::array<std::string_view, 3> namespaces = {"lab", "ops", "shop"};

/// One policy in each namespace, one budget for each of them, one for the pool and one for the
/// cluster.
BudgetRound arbitrary_cluster() {
  BudgetRound round{.now = beginning, .pools = {{.name = "p", .uid = "p"}}};
  const auto budget = [&](std::string name, BudgetSelector selector) {
    round.budgets.push_back(
        {.uid = name,
         .budget = std::make_shared<CostBudget>(
             CostBudget{.name = name,
                        .selector = std::move(selector),
                        .limits = {{.name = "rate",
                                    .mode = LimitMode::Rate,
                                    .amount = Amount::of(arbitrary_rate().nano() * 3)},
                                   {.name = "day",
                                    .mode = LimitMode::Accrued,
                                    .period = BudgetPeriod::Day,
                                    .amount = Amount::of(arbitrary_rate().nano() * 40)}},
                        .zone = utc(),
                        .cost_labels = {"team"}})});
  };
  budget("cluster", {});
  budget("pool", {.pools = {"p"}});
  for (const auto ns : namespaces) {
    round.tenants.push_back({.uid = std::string(ns),
                             .policy = std::string(ns) + "/x",
                             .ns = std::string(ns),
                             .labels = {{"team", *rc::gen::element<std::string>("red", "blue")}},
                             .pool = "p",
                             .cost = {.max_daily = Amount::of(arbitrary_rate().nano())}});
    budget(std::string(ns), {.namespaces = {std::string(ns)}});
  }
  return round;
}

std::vector<money::NodeUse> arbitrary_uses() {
  std::vector<money::NodeUse> uses;
  for (std::size_t tenant = 0; tenant < namespaces.size(); ++tenant)
    if (*rc::gen::element(true, false))
      uses.push_back({tenant, *rc::gen::inRange<std::int64_t>(0, 5)});
  return uses;
}

SeenNode arbitrary_node(std::size_t number, bool ends) {
  SeenNode node{.uid = std::to_string(number),
                .pool = "p",
                .kind = *rc::gen::element<std::string>("spot", "demand"),
                .rate = arbitrary_rate(),
                .started = arbitrary_instant(),
                .accelerators = *rc::gen::element<std::int64_t>(1, 4, 8),
                .uses = arbitrary_uses()};
  if (*rc::gen::inRange(0, 4) == 0) node.marginal = HourlyRate();
  if (ends && *rc::gen::element(true, false))
    node.stopped = std::max(node.started, arbitrary_instant());
  return node;
}

std::vector<SeenNode> arbitrary_fleet(bool ends) {
  std::vector<SeenNode> fleet;
  const auto size = *rc::gen::inRange<std::size_t>(0, 8);
  for (std::size_t i = 0; i < size; ++i) fleet.push_back(arbitrary_node(i, ends));
  return fleet;
}

std::vector<Instant> arbitrary_looks() {
  std::vector<Instant> looks;
  const auto count = *rc::gen::inRange(0, 8);
  for (int i = 0; i < count; ++i) looks.push_back(arbitrary_instant());
  looks.push_back(beginning + most);
  std::ranges::sort(looks);
  return looks;
}

/// What the cluster shows at `now`: the nodes there, and those that ended after `since`.
std::vector<SeenNode> seen(const std::vector<SeenNode>& fleet, Instant since, Instant now) {
  std::vector<SeenNode> nodes;
  for (auto node : fleet) {
    if (node.started > now || (node.stopped && *node.stopped <= since)) continue;
    if (node.stopped && *node.stopped > now) node.stopped.reset();
    nodes.push_back(node);
  }
  return nodes;
}

Integral truth(const std::vector<SeenNode>& fleet) {
  Integral bill;
  for (const auto& node : fleet)
    bill.add(*node.rate, node.stopped.value_or(beginning + most) - node.started);
  return bill;
}

money::Book book_in(const LedgerState& state, PeriodKind kind) {
  return std::ranges::find(state.books, kind, &money::PeriodBook::kind)->book;
}

Integral month_of(const BudgetBook& book, const std::string& budget) {
  return book_in(book.state_of_budget(budget)->ledger, PeriodKind::Month).bill;
}

void assert_conserved(const LedgerState& state) {
  for (const auto& book : state.books)
    for (const auto& tenants : book.book.tenants) {
      auto sum = book.book.idle;
      for (const auto& [value, spent] : tenants) sum += spent;
      RC_ASSERT(sum == book.book.bill);
    }
}

void assert_all_conserved(const BudgetBook& book, const BudgetRound& round) {
  for (const auto& kept : round.budgets)
    assert_conserved(book.state_of_budget(kept.budget->name)->ledger);
  assert_conserved(*book.state_of_pool("p"));
}

RC_GTEST_PROP(BudgetBook, TenantsAndIdleAreTheBillAndDivideIt, ()) {
  auto round = arbitrary_cluster();
  const auto fleet = arbitrary_fleet(true);
  BudgetBook book;
  static_cast<void>(book.look(round));
  Instant last = beginning;
  for (const auto now : arbitrary_looks()) {
    round.now = now;
    round.nodes = seen(fleet, last, now);
    for (auto& node : round.nodes)
      if (*rc::gen::element(true, false)) node.uses = arbitrary_uses();
    static_cast<void>(book.look(round));
    assert_all_conserved(book, round);
    for (const auto kind : {PeriodKind::Hour, PeriodKind::Day, PeriodKind::Month}) {
      const auto whole = book.state_of_budget("pool")->ledger;
      auto sum = book_in(whole, kind).idle;
      for (const auto ns : namespaces)
        sum += book_in(book.state_of_budget(std::string(ns))->ledger, kind).bill;
      RC_ASSERT(sum == book_in(whole, kind).bill);
      for (const auto ns : namespaces) {
        const auto policy = *book.state_of_policy(std::string(ns) + "/x");
        const auto budget = book.state_of_budget(std::string(ns))->ledger;
        RC_ASSERT(book_in(policy, kind).bill == book_in(budget, kind).bill);
      }
    }
    last = now;
  }
  RC_ASSERT(month_of(book, "cluster") == truth(fleet));
}

void edit(BudgetRound& round) {
  auto& kept = round.budgets[*rc::gen::inRange<std::size_t>(0, round.budgets.size())];
  auto budget = *kept.budget;
  switch (*rc::gen::inRange(0, 4)) {
    case 0: budget.cost_labels = *rc::gen::element(std::vector<std::string>{},
                                                   std::vector<std::string>{"team", "model"});
      break;
    case 1: budget.selector.namespaces = {"shop"}; break;
    case 2: budget.limits[0].amount = Amount::of(1); break;
    default: budget.limits[1].period = BudgetPeriod::Month; break;
  }
  kept.budget = std::make_shared<CostBudget>(std::move(budget));
}

RC_GTEST_PROP(BudgetBook, EditsAndRestartsLoseNothing, ()) {
  auto round = arbitrary_cluster();
  const auto fleet = arbitrary_fleet(false);
  BudgetBook book;
  static_cast<void>(book.look(round));
  for (const auto now : arbitrary_looks()) {
    if (*rc::gen::element(true, false)) edit(round);
    if (*rc::gen::element(true, false)) {
      BudgetBook next;
      for (const auto& kept : round.budgets) {
        auto state = *book.state_of_budget(kept.budget->name);
        next.adopt_budget(kept.budget->name, state);
        RC_ASSERT(next.state_of_budget(kept.budget->name) == state);
      }
      next.adopt_pool("p", "p", *book.state_of_pool("p"));
      book = std::move(next);
    }
    const auto before = month_of(book, "cluster");
    round.now = now;
    round.nodes = seen(fleet, now, now);
    static_cast<void>(book.look(round));
    assert_all_conserved(book, round);
    RC_ASSERT(month_of(book, "cluster") >= before);
  }
  // Nothing ends in this fleet, so nothing is in doubt.
  RC_ASSERT(book_in(*book.state_of_pool("p"), PeriodKind::Month).bill == truth(fleet));
}

/// The object that holds the state: a write with an old version is refused.
struct Stored {
  std::optional<money::BudgetState> state{};
  int version = 0;
};

struct Leader {
  std::optional<BudgetBook> book{};
  int version = 0;
};

enum class Crash { Never, BeforeWrite, AfterWrite };

void round_of(Leader& leader, Stored& object, BudgetRound round,
              const std::vector<SeenNode>& fleet, Crash crash) {
  if (!leader.book) {
    leader.book.emplace();
    if (object.state) leader.book->adopt_budget("cluster", *object.state);
    leader.version = object.version;
  }
  round.nodes = seen(fleet, round.now, round.now);
  static_cast<void>(leader.book->look(round));
  if (crash == Crash::BeforeWrite) {
    leader.book.reset();
    return;
  }
  if (leader.version == object.version) {
    object = {leader.book->state_of_budget("cluster"), object.version + 1};
    leader.version = object.version;
  } else {
    leader.book->adopt_budget("cluster", *object.state);
    leader.version = object.version;
  }
  if (crash == Crash::AfterWrite) leader.book.reset();
}

RC_GTEST_PROP(BudgetBook, TwoLeadersAndCrashesCountOnce, ()) {
  auto round = arbitrary_cluster();
  round.budgets.resize(1);
  const auto fleet = arbitrary_fleet(false);
  Stored object;
  std::array<Leader, 2> leaders;
  round_of(leaders[0], object, round, fleet, Crash::Never);
  for (const auto now : arbitrary_looks()) {
    // Clocks of two machines differ.
    round.now = std::max(beginning, now - Millis(*rc::gen::inRange(0, 5000)));
    round_of(leaders[*rc::gen::inRange<std::size_t>(0, 2)], object, round, fleet,
             *rc::gen::element(Crash::Never, Crash::BeforeWrite, Crash::AfterWrite));
    assert_conserved(object.state->ledger);
  }
  round.now = beginning + most;
  for (int i = 0; i < 2; ++i) round_of(leaders[0], object, round, fleet, Crash::Never);
  RC_ASSERT(object.state->ledger.counted_to == beginning + most);
  RC_ASSERT(book_in(object.state->ledger, PeriodKind::Month).bill == truth(fleet));
}

/// Tenants and nodes in another order, with indices that follow.
BudgetRound turned(const BudgetRound& round) {
  auto other = round;
  std::ranges::reverse(other.tenants);
  std::ranges::reverse(other.nodes);
  std::ranges::reverse(other.budgets);
  for (auto& node : other.nodes) {
    std::ranges::reverse(node.uses);
    for (auto& use : node.uses) use.tenant = other.tenants.size() - 1 - use.tenant;
  }
  return other;
}

RC_GTEST_PROP(BudgetBook, DoesNotDependOnTheOrderOfAnything, ()) {
  auto round = arbitrary_cluster();
  const auto fleet = arbitrary_fleet(true);
  BudgetBook straight;
  BudgetBook other;
  Instant last = beginning;
  for (const auto now : arbitrary_looks()) {
    round.now = now;
    round.nodes = seen(fleet, last, now);
    const auto a = straight.look(round);
    const auto b = other.look(turned(round));
    const auto count = round.budgets.size();
    for (std::size_t i = 0; i < count; ++i) {
      RC_ASSERT(a.budgets[i].rate == b.budgets[count - 1 - i].rate);
      for (std::size_t l = 0; l < a.budgets[i].limits.size(); ++l)
        RC_ASSERT(a.budgets[i].limits[l].words == b.budgets[count - 1 - i].limits[l].words);
    }
    for (const auto& kept : round.budgets)
      RC_ASSERT(straight.state_of_budget(kept.budget->name) ==
                other.state_of_budget(kept.budget->name));
    last = now;
  }
}

/// Limits of a cluster whose nodes come by grants alone, and go as they like.
RC_GTEST_PROP(BudgetBook, ARateIsNeverExceededButByAPrice, ()) {
  auto round = arbitrary_cluster();
  for (auto& tenant : round.tenants) tenant.cost = {};
  BudgetBook book;
  std::vector<HourlyRate> granted;  // and not there yet
  std::size_t next = 0;
  bool risen = false;
  const auto steps = *rc::gen::inRange(1, 25);
  for (int step = 0; step < steps; ++step) {
    round.now += minutes(*rc::gen::inRange(1, 30));
    if (!round.nodes.empty() && *rc::gen::inRange(0, 4) == 0) round.nodes.pop_back();
    if (!round.nodes.empty() && *rc::gen::inRange(0, 12) == 0) {
      auto& node = round.nodes.front();
      risen = risen || !node.marginal;
      node.rate = HourlyRate::of(node.rate->nano() / 100 * 102);
    }
    while (!granted.empty() && *rc::gen::element(true, false)) {
      round.nodes.push_back({.uid = std::to_string(next++),
                             .pool = "p",
                             .rate = granted.back(),
                             .started = round.now,
                             .accelerators = 8,
                             .uses = {}});
      granted.pop_back();
    }
    HourlyRate coming;
    for (const auto rate : granted) coming += rate;
    round.pools[0].coming = coming;
    const auto standings = book.look(round);
    std::vector<money::Limit> limits;
    for (const auto index : standings.of_pool[0])
      if (std::holds_alternative<money::RateCap>(standings.limits[index].cap))
        limits.push_back(standings.limits[index]);
    RC_ASSERT(limits.size() == 2U);
    const auto price = arbitrary_rate();
    const auto asked = *rc::gen::inRange<std::int64_t>(0, 5);
    const auto answer = money::admit(limits, {.count = asked, .price = price}, round.now);
    for (std::int64_t i = 0; i < answer.granted; ++i) granted.push_back(price);
    for (const auto& limit : limits) {
      const auto& cap = std::get<money::RateCap>(limit.cap);
      const auto all = limit.rate + price * answer.granted;
      if (!risen || answer.granted > 0) RC_ASSERT(all <= cap.most);
      if (all > cap.most) RC_ASSERT(answer.granted == 0);
    }
  }
}

/// Nodes are kept for their hold, and then until the limit wants them back.
RC_GTEST_PROP(BudgetBook, AnAmountIsNeverExceededByWhatItAdmitted, ()) {
  const auto step = minutes(*rc::gen::inRange(10, 60));
  const auto hold = step * *rc::gen::inRange(1, 4);
  auto round = arbitrary_cluster();
  round.budgets.resize(1);
  auto budget = *round.budgets[0].budget;
  budget.limits.erase(budget.limits.begin());
  round.budgets[0].budget = std::make_shared<CostBudget>(budget);
  round.pools[0].hold = hold;
  const auto last = beginning + hours(24) - Millis(1);
  BudgetBook book;
  std::size_t next = 0;
  for (;; round.now = std::min(round.now + step, last)) {
    const auto standings = book.look(round);
    RC_ASSERT(standings.budgets[0].limits[0].used <= budget.limits[0].amount);
    if (round.now == last) return;
    std::erase_if(round.nodes, [](const SeenNode& node) { return node.stopped.has_value(); });
    const auto& limit = standings.limits[standings.of_pool[0][0]];
    const auto price = arbitrary_rate();
    const auto granted =
        money::admit(std::span(&limit, 1),
                     {.count = *rc::gen::inRange<std::int64_t>(0, 4), .price = price, .hold = hold},
                     round.now)
            .granted;
    if (money::most_admitted(limit, HourlyRate::of(1), hold, round.now) == 0)
      for (auto& node : round.nodes)
        if (round.now - node.started >= hold) node.stopped = round.now;
    for (std::int64_t i = 0; i < granted; ++i)
      round.nodes.push_back({.uid = std::to_string(next++),
                             .pool = "p",
                             .rate = price,
                             .started = round.now,
                             .accelerators = 8,
                             .uses = {}});
    // After a restart nobody knows when a node ended, and it is counted for too long.
    const bool some_end = std::ranges::any_of(
        round.nodes, [](const SeenNode& node) { return node.stopped.has_value(); });
    if (!some_end && *rc::gen::inRange(0, 6) == 0) {
      BudgetBook restarted;
      restarted.adopt_budget("cluster", *book.state_of_budget("cluster"));
      book = std::move(restarted);
    }
  }
}

/// Nodes come by grants alone, and go as they like.
RC_GTEST_PROP(BudgetBook, NothingGrowsBeyondItsPartOfThePace, ()) {
  auto round = arbitrary_cluster();
  round.budgets.resize(1);
  auto budget = *round.budgets[0].budget;
  budget.limits.erase(budget.limits.begin());
  const auto percent = *rc::gen::inRange(100, 400);
  budget.limits[0].burst_percent = percent;
  round.budgets[0].budget = std::make_shared<CostBudget>(budget);
  round.pools[0].hold = minutes(*rc::gen::inRange(1, 90));
  BudgetBook book;
  const auto steps = *rc::gen::inRange(1, 40);
  for (int step = 0; step < steps; ++step) {
    round.now += minutes(*rc::gen::inRange(1, 90));
    if (!round.nodes.empty() && *rc::gen::inRange(0, 4) == 0) round.nodes.pop_back();
    const auto standings = book.look(round);
    std::vector<money::Limit> limits;
    for (const auto index : standings.of_pool[0]) limits.push_back(standings.limits[index]);
    const auto price = arbitrary_rate();
    const auto granted =
        money::admit(limits,
                     {.count = *rc::gen::inRange<std::int64_t>(0, 5),
                      .price = price,
                      .hold = round.pools[0].hold},
                     round.now)
            .granted;
    HourlyRate rate = price * granted;
    for (const auto& node : round.nodes) rate += *node.rate;
    const auto pace = static_cast<long double>(
        standings.budgets[0].limits[0].pace.value().nano());
    if (granted > 0)
      RC_ASSERT(static_cast<long double>(rate.nano()) <= pace * percent / 100);
    for (std::int64_t i = 0; i < granted; ++i)
      round.nodes.push_back({.uid = std::to_string(step) + "-" + std::to_string(i),
                             .pool = "p",
                             .rate = price,
                             .started = round.now,
                             .accelerators = 8,
                             .uses = {}});
  }
}

RC_GTEST_PROP(BudgetBook, ACheaperCatalogueNeverAdmitsFewer, ()) {
  auto dear = arbitrary_cluster();
  dear.nodes = arbitrary_fleet(false);
  for (auto& node : dear.nodes) node.started = beginning;
  auto cheap = dear;
  const auto percent = *rc::gen::inRange<std::int64_t>(0, 101);
  const auto lowered = [&](HourlyRate rate) {
    return HourlyRate::of(rate.nano() / 100 * percent);
  };
  for (auto& node : cheap.nodes) node.rate = lowered(*node.rate);
  const auto price = arbitrary_rate();
  const auto time = Millis(*rc::gen::inRange<std::int64_t>(0, hours(30).count()));
  const auto granted = [&](BudgetRound& round, HourlyRate at) {
    BudgetBook book;
    static_cast<void>(book.look(round));
    round.now += time;
    const auto standings = book.look(round);
    std::vector<money::Limit> limits;
    for (const auto index : standings.of_pool[0]) limits.push_back(standings.limits[index]);
    return money::admit(limits, {.count = 20, .price = at, .hold = minutes(10)}, round.now)
        .granted;
  };
  RC_ASSERT(granted(cheap, lowered(price)) >= granted(dear, price));
}

}  // namespace
}  // namespace poolscaler::laws
