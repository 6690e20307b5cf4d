// The law of amounts that accrue, where it is decided about nodes: what all nodes of a pool have
// cost in an hour, by when they were there, is never more than the budget allows.
//
// Everybody else is as slow as docs/MONEY.md lets them be, and no slower: a node that pods bring is
// ready within boot_max of its launch and goes when it has been empty for the idle time, the drain
// timeout and removal_patience; a group that was asked for fewer has removed them within
// removal_patience. Replicas are of one size, and none is protected. No group is one of which any
// node may go (Removal::AllEmpty): it shrinks when all that it was asked for have come, one after
// the other, and are empty, so that its nodes are not gone in time.
#include <algorithm>
#include <array>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "adversary.hpp"
#include "poolscaler/money/integral.hpp"
#include "purse.hpp"

namespace poolscaler::capacity {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int hours_played = 3;

/// When nodes have been there, and what an hour of them costs.
class Receipts {
 public:
  Receipts(const Theatre& world, const std::vector<std::int64_t>& prices)
      : world_(world), prices_(prices) {}

  void note() {
    HourlyRate rate;
    for (auto& [uid, stay] : stays_)
      if (stay.to == Instant::max()) stay.to = world_.now;
    for (const auto& node : world_.fleet.nodes) {
      const auto each =
          HourlyRate::of(prices_[world_.group_of(*node)] * Amount::per_whole);
      stays_[node->uid] = {each, node->created, Instant::max()};
      rate += each;
    }
    most_rate_ = std::max(most_rate_, rate);
  }

  [[nodiscard]] Amount of_hour(Instant begin) const {
    money::Integral bill;
    for (const auto& [uid, stay] : stays_) {
      const auto from = std::max(stay.from, begin);
      const auto to = std::min({stay.to, begin + hours(1), world_.now});
      if (to > from) bill.add(stay.rate, to - from);
    }
    return bill.rounded_up();
  }

  [[nodiscard]] Amount worst_hour() const {
    Amount worst;
    for (auto begin = noon; begin < world_.now; begin += hours(1))
      worst = std::max(worst, of_hour(begin));
    return worst;
  }
  [[nodiscard]] HourlyRate most_rate() const { return most_rate_; }
  [[nodiscard]] std::size_t nodes() const { return stays_.size(); }

 private:
  struct Stay {
    HourlyRate rate;
    Instant from;
    Instant to;
  };
  const Theatre& world_;
  const std::vector<std::int64_t>& prices_;
  std::map<std::string, Stay> stays_{};
  HourlyRate most_rate_{};
};

CostBudget some_budget() {
  const auto whole = [](std::int64_t from, std::int64_t before) {
    return Amount::of(within<std::int64_t>(from, before) * Amount::per_whole);
  };
  CostBudget budget{.name = "b",
                    .limits = {{.name = "hour",
                                .mode = LimitMode::Accrued,
                                .amount = whole(1, 150)},
                               {.name = "rate", .mode = LimitMode::Rate, .amount = whole(1, 300)}},
                    .zone = utc(),
                    .on_limit = *rc::gen::element(OnBudgetLimit::Shed, OnBudgetLimit::ScaleToZero),
                    .grace_seconds = within(0, 300),
                    .cool_down_seconds = within(0, 900),
                    .shed_step_max = within(1, 11)};
  if (within(0, 2) == 0) budget.limits[0].burst_percent = within(100, 1000);
  return budget;
}

/// A pool, its policies, its budget and everybody else.
class Town {
 public:
  explicit Town(bool mixed) : mixture_(mixed), random_(within<std::uint64_t>(0, 1U << 30U)) {
    auto& world = mixture_.world;
    auto& pool = *world.fleet.pools[0];
    for (auto& facts : world.fleet.inputs[0].groups)
      facts.removal = *rc::gen::element(Removal::Named, Removal::EmptyFirst);
    pool.scale_down.idle_after_seconds = *rc::gen::element(5, 60, 300);
    pool.scale_down.drain_timeout_seconds = *rc::gen::element(30, 300, 900);
    pool.warm.nodes = within(0, 3) == 0 ? 1 : 0;
    gap_ = *rc::gen::element<Millis>(seconds(15), seconds(30));
    between_ = gap_ * *rc::gen::element(1, 2, 4);
    const auto size = *rc::gen::element<std::int64_t>(8, 8, 4, 3);
    for (const auto* name : {"p0", "p1"})
      world.asking[world.add_policy(name, size)].draw.priority = within(0, 2);
  }

  void live(const CostBudget& budget) {
    auto& world = mixture_.world;
    const Millis idle = Seconds(world.fleet.pools[0]->scale_down.idle_after_seconds);
    const Millis drain = Seconds(world.fleet.pools[0]->scale_down.drain_timeout_seconds);
    Adversary others(world, {.boot = boot_max - gap_,
                             .come = boot_max - gap_,
                             .remove = removal_patience - gap_,
                             .stop = pod_stops,
                             .drain = drain - gap_,
                             .linger = idle + drain + removal_patience});
    Purse purse(world, budget, between_);
    for (const auto end = noon + hours(hours_played); world.now < end;) {
      purse.round(want());
      granted_ = std::max(granted_, replicas());
      if (below(200) == 0) purse.restart();
      if (below(40) == 0) others.brings = !others.brings;
      const auto next = std::min(world.now + gap(), end);
      while (world.now < next) {
        world.schedule();
        others.act();
        receipts_.note();
        world.schedule();
        world.now = below(2) == 0 ? next : std::min(world.now + seconds(1 + below(20)), next);
      }
    }
    receipts_.note();
    taken_ = purse.taken();
  }

  [[nodiscard]] const Receipts& receipts() const { return receipts_; }
  [[nodiscard]] const Theatre& world() const { return mixture_.world; }
  [[nodiscard]] std::int64_t granted() const { return granted_; }
  [[nodiscard]] std::int64_t taken() const { return taken_; }

 private:
  [[nodiscard]] std::size_t below(std::size_t bound) { return random_.next() % bound; }
  [[nodiscard]] Millis gap() {
    if (below(2) == 0) return gap_;
    return Millis(1 + static_cast<std::int64_t>(below(static_cast<std::size_t>(gap_.count()))));
  }
  [[nodiscard]] std::int64_t replicas() const {
    std::int64_t sum = 0;
    for (const auto& one : mixture_.world.asking) sum += one.draw.replicas;
    return sum;
  }

  /// Who is due decides anew; the others want what they wanted.
  [[nodiscard]] std::vector<bool> want() {
    std::vector<bool> due;
    for (std::size_t i = 0; i < due_.size(); ++i) {
      auto& one = mixture_.world.asking[i];
      due.push_back(mixture_.world.now >= due_[i]);
      if (!due[i]) continue;
      due_[i] = mixture_.world.now + between_ - gap_;
      if (below(30) == 0)
        one.draw.replicas = std::min(one.draw.replicas, static_cast<std::int64_t>(below(5)));
      one.wanted = below(3) == 0 ? static_cast<std::int64_t>(below(9)) : one.draw.replicas;
      one.wanted = std::max(one.wanted, one.draw.replicas);
    }
    return due;
  }

  Mixture mixture_;
  Random random_;
  Millis gap_{};      // between two looks at nodes, at most
  Millis between_{};  // ... at replicas
  std::array<Instant, 2> due_{};
  Receipts receipts_{mixture_.world, mixture_.prices};
  std::int64_t granted_ = 0;
  std::int64_t taken_ = 0;
};

void lives_within_its_hours(bool mixed) {
  const auto budget = some_budget();
  Town town(mixed);
  town.live(budget);
  RC_TAG(std::string(town.granted() == 0 ? "nothing granted"
                     : town.taken() > 0  ? "granted and taken"
                                         : "granted"));
  const auto worst = town.receipts().worst_hour();
  RC_LOG() << shown(worst) << " of " << shown(budget.limits[0].amount) << "\n";
  RC_ASSERT(worst <= budget.limits[0].amount);
  RC_ASSERT(town.receipts().most_rate().nano() <= budget.limits[1].amount.nano());
  RC_ASSERT(town.world().removed_busy.empty());
}

/// A pool whose nodes cost 30 an hour and go within 26 minutes, and a budget of 15 an hour.
struct Waiting {
  Theatre world{};
  CostBudget budget{.name = "b",
                    .limits = {{.name = "hour",
                                .mode = LimitMode::Accrued,
                                .amount = Amount::of(15 * Amount::per_whole)}},
                    .zone = utc(),
                    .on_limit = OnBudgetLimit::Shed,
                    .grace_seconds = 0};

  explicit Waiting(OnBudgetLimit on_limit) {
    auto& pool = world.fleet.add_pool("a", {{.price = "30"}});
    pool.scale_down = {.idle_after_seconds = 300, .drain_timeout_seconds = 900};
    world.fleet.facts(0, 0).desired.reset();
    world.fleet.facts(0, 0).follows_pods = true;
    world.asking[world.add_policy("shop/web", 8)].wanted = 1;
    world.now = noon + minutes(30);
    budget.on_limit = on_limit;
  }
};

TEST(AccruedAmounts, TakeWhatWaitsForANodeThatWouldBeTooLate) {
  for (const auto on_limit : {OnBudgetLimit::Shed, OnBudgetLimit::ScaleToZero}) {
    Waiting waiting(on_limit);
    auto& world = waiting.world;
    Purse purse(world, waiting.budget, seconds(15));
    purse.round({true});
    EXPECT_EQ(world.asking[0].draw.replicas, 1) << "half of its hold is in either hour";
    for (; world.now < noon + hours(1); world.now += seconds(15)) {
      world.schedule();
      purse.round({true});
    }
    EXPECT_EQ(world.asking[0].draw.replicas, 0) << "a node that comes now is not gone in time";
  }
}

RC_GTEST_PROP(AccruedLaws, CountedNodesLiveWithinTheirHours, ()) { lives_within_its_hours(false); }

RC_GTEST_PROP(AccruedLaws, NodesThatPodsBringLiveWithinTheirHours, ()) {
  lives_within_its_hours(true);
}

}  // namespace
}  // namespace poolscaler::capacity
