// Laws of the ledger, over arbitrary fleets of nodes, times of looking, crashes and leaders.

#include <algorithm>
#include <array>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "poolscaler/money/ledger.hpp"

namespace poolscaler::laws {
namespace {

using money::Advance;
using money::BilledNode;
using money::Integral;
using money::Ledger;
using money::PeriodKind;

constexpr Instant beginning{std::chrono::sys_days(std::chrono::year(2026) / 11 / 1)};
constexpr Millis most = std::chrono::hours(24 * 20);  // within one month
constexpr std::array kinds = {PeriodKind::Hour, PeriodKind::Day, PeriodKind::Month};

Instant arbitrary_instant() {
  return beginning + Millis(*rc::gen::inRange<std::int64_t>(0, most.count()));
}

BilledNode arbitrary_node(std::size_t number, bool ends) {
  BilledNode node{.uid = std::to_string(number),
                  .rate = HourlyRate::of(*rc::gen::inRange<std::int64_t>(0, 100'000'000'000)),
                  .started = arbitrary_instant(),
                  .accelerators = *rc::gen::element(1, 4, 8)};
  if (ends && *rc::gen::element(true, false))
    node.stopped = std::max(node.started, arbitrary_instant());
  const auto shares = *rc::gen::inRange(0, 4);
  for (int i = 0; i < shares; ++i)
    node.shares.push_back({*rc::gen::inRange<std::int64_t>(0, 5),
                           {*rc::gen::element<std::string>("shop", "lab", ""),
                            *rc::gen::element<std::string>("red", "blue", "")}});
  return node;
}

std::vector<BilledNode> arbitrary_fleet(bool ends) {
  std::vector<BilledNode> fleet;
  const auto size = *rc::gen::inRange<std::size_t>(0, 12);
  for (std::size_t i = 0; i < size; ++i) fleet.push_back(arbitrary_node(i, ends));
  return fleet;
}

std::vector<Instant> arbitrary_looks() {
  std::vector<Instant> looks;
  const auto count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) looks.push_back(arbitrary_instant());
  looks.push_back(beginning + most);
  std::ranges::sort(looks);
  return looks;
}

/// What the cluster shows at `now`: the nodes there, and those that ended after `since`.
std::vector<BilledNode> seen(const std::vector<BilledNode>& fleet, Instant since, Instant now) {
  std::vector<BilledNode> nodes;
  for (auto node : fleet) {
    if (node.started > now || (node.stopped && *node.stopped <= since)) continue;
    if (node.stopped && *node.stopped > now) node.stopped.reset();
    nodes.push_back(node);
  }
  return nodes;
}

Integral truth(const std::vector<BilledNode>& fleet) {
  Integral bill;
  for (const auto& node : fleet)
    bill.add(*node.rate, node.stopped.value_or(beginning + most) - node.started);
  return bill;
}

Ledger opened() {
  const auto utc = std::make_shared<const TimeZone>(
      "UTC", std::vector<Stretch>{{.begin = {}, .offset = Seconds(0)}});
  return money::open_ledger(utc, {"namespace", "team"}, kinds, beginning);
}

void assert_conserved(const Ledger& ledger) {
  for (const auto& book : ledger.books)
    for (const auto& tenants : book.book.tenants) {
      auto sum = book.book.idle;
      for (const auto& [value, spent] : tenants) sum += spent;
      RC_ASSERT(sum == book.book.bill);
    }
}

const Integral& month_of(const Ledger& ledger) {
  return ledger.book_of(PeriodKind::Month)->book.bill;
}

RC_GTEST_PROP(Ledger, IsTheNodeBillWheneverItIsLookedAt, ()) {
  const auto fleet = arbitrary_fleet(true);
  auto ledger = opened();
  Instant last = beginning;
  for (const auto now : arbitrary_looks()) {
    ledger = money::advance(ledger, seen(fleet, last, now), now).ledger;
    assert_conserved(ledger);
    last = now;
  }
  RC_ASSERT(month_of(ledger) == truth(fleet));
}

RC_GTEST_PROP(Ledger, SaysNeverTooLittleAfterRestarts, ()) {
  const auto fleet = arbitrary_fleet(true);
  auto ledger = opened();
  Instant last = beginning;
  Integral doubt;
  for (const auto now : arbitrary_looks()) {
    const bool restarted = *rc::gen::element(true, false);
    // A watch that begins anew does not tell of nodes that have ended.
    auto nodes = seen(fleet, restarted ? now : last, now);
    const auto step = money::advance(restarted ? money::stored(ledger) : ledger, nodes, now);
    doubt.add(step.gone, now - last);
    // Nodes that came and went while nobody looked are on no bill of ours.
    if (restarted)
      for (const auto& node : fleet)
        RC_PRE(node.started <= last || !node.stopped || *node.stopped > now);
    ledger = step.ledger;
    assert_conserved(ledger);
    last = now;
  }
  auto bound = truth(fleet);
  bound += doubt;
  RC_ASSERT(month_of(ledger) >= truth(fleet));
  RC_ASSERT(month_of(ledger) <= bound);
}

/// The object that holds the ledger: a write with an old version is refused.
struct Stored {
  Ledger ledger;
  int version = 0;
};

struct Leader {
  std::optional<Ledger> memory{};
  int version = 0;

  void read(const Stored& object) {
    memory = money::stored(object.ledger);
    version = object.version;
  }
};

enum class Crash { Never, BeforeWrite, AfterWrite };

/// One round of a leader; whether its write was taken.
bool round(Leader& leader, Stored& object, const std::vector<BilledNode>& fleet, Instant now,
           Crash crash) {
  if (!leader.memory) leader.read(object);
  const auto since = leader.memory->counted_to;
  auto next = money::advance(*leader.memory, seen(fleet, since, now), now).ledger;
  const bool taken = crash != Crash::BeforeWrite && leader.version == object.version;
  if (taken) {
    object = {money::stored(next), object.version + 1};
    leader = {std::move(next), object.version};
  }
  if (!taken || crash == Crash::AfterWrite) leader.memory.reset();
  return taken;
}

RC_GTEST_PROP(Ledger, TwoLeadersAndCrashesCountOnce, ()) {
  const auto fleet = arbitrary_fleet(false);
  Stored object{opened()};
  std::array<Leader, 2> leaders;
  for (const auto now : arbitrary_looks()) {
    // Clocks of two machines differ.
    const auto behind = Millis(*rc::gen::inRange(0, 5000));
    round(leaders[*rc::gen::inRange<std::size_t>(0, 2)], object, fleet,
          std::max(beginning, now - behind),
          *rc::gen::element(Crash::Never, Crash::BeforeWrite, Crash::AfterWrite));
    assert_conserved(object.ledger);
  }
  for (int i = 0; i < 2; ++i)
    round(leaders[0], object, fleet, beginning + most, Crash::Never);
  RC_ASSERT(object.ledger.counted_to == beginning + most);
  RC_ASSERT(month_of(object.ledger) == truth(fleet));
}

}  // namespace
}  // namespace poolscaler::laws
