// Several policies that share one pool and its budgets.
#include "poolscaler/simulation/replay/shared.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <numeric>

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "pool_runs.hpp"
#include "poolscaler/simulation/replay/families.hpp"
#include "poolscaler/simulation/replay/policy_scaler.hpp"
#include "waves.hpp"

namespace poolscaler::replay {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

using Table = std::vector<std::pair<Micros, std::int32_t>>;

/// One policy of a test: what it wants, and what it is to the pool.
struct Player {
  std::string name;
  Table wants;
  std::int32_t priority = 0;
  std::int32_t weight = 1;
  std::int32_t protected_replicas = 0;
  std::int32_t accelerators = 8;
  std::vector<Request> requests{};
};

Drawing drawing_of(const Player& player) {
  Drawing drawing{.policy = "shop/" + player.name, .ns = "shop"};
  drawing.cost.priority = player.priority;
  drawing.cost.weight = player.weight;
  drawing.cost.protected_replicas = player.protected_replicas;
  drawing.accelerators = player.accelerators;
  return drawing;
}

Setup setup_of(const Estate& estate) {
  Setup setup{.slots = 1, .cold_start = 20 * s, .start = Start::Floor};
  setup.estate = std::make_shared<const Estate>(estate);
  return setup;
}

struct Played {
  SharedTally shared;
  std::vector<std::int32_t> last;           // replicas at the end, by player
  std::vector<std::vector<Sight>> seen;
  std::vector<std::vector<std::int32_t>> cut;
};

Played play(const Estate& estate, const std::vector<Player>& players, Micros end,
            const Watching& watching = {}) {
  std::vector<Load> loads;
  std::deque<Timetable> tables;
  for (const auto& player : players) {
    loads.push_back({.name = player.name, .requests = player.requests, .end = end});
    tables.emplace_back(player.wants);
  }
  std::vector<Part> parts;
  for (std::size_t i = 0; i < players.size(); ++i)
    parts.push_back(
        {.load = loads[i], .scaler = tables[i], .drawing = drawing_of(players[i])});
  Played played{.shared = replay_together(parts, setup_of(estate), watching).value(),
                .last = {},
                .seen = {},
                .cut = {}};
  for (const auto& table : tables) {
    played.last.push_back(table.seen.back().ready);
    played.seen.push_back(table.seen);
    played.cut.push_back(table.cut);
  }
  return played;
}

Amount paid_by_all(const SharedTally& shared) {
  Amount sum = shared.spending.idle;
  for (const auto& share : shared.shares) sum += share.cost;
  return sum;
}

std::int64_t capped(const Share& share, Reason reason) {
  return share.capped[static_cast<std::size_t>(reason)];
}

TEST(Shared, TheHigherPriorityGetsTheNodes) {
  const auto estate = estate_of({group("od", CapacityType::OnDemand, "36", 3)});
  const auto played = play(estate, {{.name = "batch", .wants = {{15 * s, 3}}},
                                    {.name = "web", .wants = {{15 * s, 2}}, .priority = 100}},
                           1200 * s);
  EXPECT_THAT(played.last, ElementsAre(1, 2));
  EXPECT_GT(capped(played.shared.shares[0], Reason::CappedByPool), 0);
  EXPECT_EQ(capped(played.shared.shares[1], Reason::CappedByPool), 0);
  EXPECT_EQ(played.shared.spending.most_nodes, 3);
  EXPECT_EQ(played.shared.shares[0].policy, "shop/batch");
}

TEST(Shared, WhatIsProtectedComesBeforeAHigherPriority) {
  const auto estate = estate_of({group("od", CapacityType::OnDemand, "36", 3)});
  const auto played =
      play(estate, {{.name = "batch", .wants = {{15 * s, 3}}, .protected_replicas = 2},
                    {.name = "web", .wants = {{15 * s, 3}}, .priority = 100}},
           1200 * s);
  EXPECT_THAT(played.last, ElementsAre(2, 1));
}

TEST(Shared, EqualsShareByWeight) {
  const auto estate = estate_of({group("od", CapacityType::OnDemand, "36", 4)});
  const auto played = play(estate, {{.name = "a", .wants = {{15 * s, 10}}, .weight = 3},
                                    {.name = "b", .wants = {{15 * s, 10}}}},
                           1200 * s);
  EXPECT_THAT(played.last, ElementsAre(3, 1));
}

TEST(Shared, ABudgetThatShedsTakesFromTheLowerFirst) {
  auto estate = estate_of({group("od", CapacityType::OnDemand, "36")});
  estate.pool.limits.max_hourly = hourly("1000");
  auto shedding = *budget({.name = "daily",
                           .mode = LimitMode::Accrued,
                           .period = BudgetPeriod::Day,
                           .amount = dollars("100")});
  shedding.on_limit = OnBudgetLimit::Shed;
  shedding.shed_step_max = 1;
  estate.budgets = {std::make_shared<const CostBudget>(shedding)};
  const auto played = play(estate, {{.name = "a", .wants = {{15 * s, 2}}, .priority = 100},
                                    {.name = "b", .wants = {{15 * s, 2}}}},
                           7200 * s);
  const auto left_at = [&](std::size_t player) {
    for (const auto& sight : played.seen[player])
      if (sight.now > 600 * s && sight.current() < 2) return sight.now;
    return Micros::max();
  };
  EXPECT_LT(left_at(1), left_at(0));
  EXPECT_GT(capped(played.shared.shares[1], Reason::ShedByBudget), 0);
  EXPECT_LE(played.shared.spending.total(), dollars("100"));
}

TEST(Shared, WhatOneGivesUpTheOtherGetsThatWantedIt) {
  const auto estate = estate_of({group("od", CapacityType::OnDemand, "36", 2)});
  const auto played = play(estate, {{.name = "a", .wants = {{15 * s, 2}, {600 * s, 0}}},
                                    {.name = "b", .wants = {{300 * s, 2}}, .priority = 100}},
                           1200 * s);
  // Nothing is taken from who has it, whatever the priority.
  for (const auto& sight : played.seen[0]) {
    if (sight.now <= 30 * s || sight.now > 600 * s) continue;
    EXPECT_EQ(sight.current(), 2);
  }
  EXPECT_THAT(played.last, ElementsAre(0, 2));
}

/// A policy that decides seldom is called when what it wanted is there.
class Seldom final : public Scaler {
 public:
  std::int32_t min_replicas() const override { return 0; }
  std::int32_t max_replicas() const override { return 2; }
  Micros next_evaluation(Micros now, std::int32_t, std::optional<Micros>) const override {
    return (now / (200 * s) + 1) * (200 * s);
  }
  std::optional<Wanted> evaluate(const Sight& sight) override {
    asked.push_back(sight.now);
    if (sight.called) called.push_back(sight.now);
    return Wanted{.replicas = 2};
  }
  std::vector<Micros> asked;
  std::vector<Micros> called;
};

TEST(Shared, WhoWaitedForItIsCalledAtOnceAndOnlyWhileItsWishHolds) {
  auto estate = estate_of({group("od", CapacityType::OnDemand, "36", 2)});
  const Load load{.name = "test", .requests = {}, .end = 1200 * s};
  const std::vector<Micros> once = {345 * s};
  for (const auto& [interval, called] :
       {std::pair(200 * s, once), std::pair(10 * s, std::vector<Micros>())}) {
    Timetable first({{15 * s, 2}, {330 * s, 0}});
    Seldom second;
    Drawing seldom = drawing_of({.name = "b", .wants = {}});
    seldom.interval = std::chrono::floor<Millis>(interval);
    const std::array parts = {
        Part{.load = load, .scaler = first, .drawing = drawing_of({.name = "a", .wants = {}})},
        Part{.load = load, .scaler = second, .drawing = seldom}};
    const auto setup = setup_of(estate);
    ASSERT_TRUE(replay_together(parts, setup));
    // Given up at 330 s, and seen with the next decision of the other policy.
    EXPECT_THAT(second.called, ElementsAreArray(called)) << seconds_of(interval);
  }
}

TEST(Shared, OneAloneIsWhatItIsWithoutCompany) {
  auto estate = estate_of({group("od", CapacityType::OnDemand, "36", 2),
                           group("spot", CapacityType::Spot, "12", 2)});
  estate.interruptions = {.hourly_share = 0.9, .notice = 60 * s, .seed = 3};
  estate.budgets = {budget({.name = "hourly", .mode = LimitMode::Rate, .amount = dollars("90")})};
  const auto load = waves();
  const auto policy = turned(plain_policy(8, 20), {});
  const auto sources = sources_of(policy, {}, false).value();
  replay::Setup setup;
  setup.estate = std::make_shared<const Estate>(estate);
  PolicyScaler alone(policy, sources, start);
  const auto single = replay(load, setup, alone).value();
  PolicyScaler same(policy, sources, start);
  const std::array parts = {Part{.load = load, .scaler = same, .drawing = estate.drawing}};
  const auto shared = replay_together(parts, setup).value();
  const auto& tally = shared.tallies[0];
  EXPECT_EQ(tally.replica_micros, single.replica_micros);
  EXPECT_EQ(tally.waits, single.waits);
  EXPECT_EQ(tally.reasons, single.reasons);
  EXPECT_EQ(tally.decisions, single.decisions);
  EXPECT_EQ(shared.spending.cost, single.spending->cost);
  EXPECT_EQ(shared.spending.idle, single.spending->idle);
  EXPECT_EQ(shared.spending.capped, single.spending->capped);
  EXPECT_EQ(shared.shares[0].capped, single.spending->capped);
  EXPECT_EQ(paid_by_all(shared), shared.spending.total());
}

/// A second policy that never wants anything changes nothing.
TEST(Shared, CompanyThatWantsNothingChangesNothing) {
  auto estate = estate_of({group("od", CapacityType::OnDemand, "36", 4)});
  estate.interruptions = {};
  const auto load = waves();
  const auto policy = turned(plain_policy(8, 20), {});
  const auto sources = sources_of(policy, {}, false).value();
  replay::Setup setup;
  setup.estate = std::make_shared<const Estate>(estate);
  PolicyScaler alone(policy, sources, start);
  const auto single = replay(load, setup, alone).value();
  PolicyScaler same(policy, sources, start);
  Timetable idle({});
  const Load nothing{.name = "nothing", .requests = {}, .end = load.end};
  const std::array parts = {
      Part{.load = nothing, .scaler = idle, .drawing = drawing_of({.name = "a", .wants = {}})},
      Part{.load = load, .scaler = same, .drawing = estate.drawing}};
  const auto shared = replay_together(parts, setup).value();
  EXPECT_EQ(shared.tallies[1].waits, single.waits);
  EXPECT_EQ(shared.tallies[1].replica_micros, single.replica_micros);
  EXPECT_EQ(shared.spending.cost, single.spending->cost);
  EXPECT_EQ(shared.shares[0].cost, Amount());
  EXPECT_EQ(shared.shares[1].cost, single.spending->total() - single.spending->idle);
}

void add_requests(Player& player) {
  const auto requests = *rc::gen::inRange(0, 12);
  for (int r = 0; r < requests; ++r)
    player.requests.push_back({.arrival = s * (r * 110), .service = s * *rc::gen::inRange(1, 200)});
  player.wants.emplace_back(1500 * s, 1);
}

/// Some have requests; what starves waits for a day, which takes time to play, so few do.
std::vector<Player> arbitrary_players(int count) {
  const bool serve = *rc::gen::inRange(0, 4) == 0;
  std::vector<Player> players;
  for (int i = 0; i < count; ++i) {
    Player player{.name = std::string(1, static_cast<char>('a' + i)), .wants = {}};
    const auto steps = *rc::gen::inRange(1, 6);
    for (int step = 0; step < steps; ++step)
      player.wants.emplace_back(s * (step * *rc::gen::inRange(60, 300)), *rc::gen::inRange(0, 7));
    std::ranges::sort(player.wants);
    player.priority = *rc::gen::inRange(0, 3) * 10;
    player.weight = *rc::gen::inRange(1, 4);
    player.protected_replicas = *rc::gen::inRange(0, 2);
    player.accelerators = *rc::gen::element(1, 2, 4, 8);
    if (serve) add_requests(player);
    players.push_back(std::move(player));
  }
  return players;
}

Estate arbitrary_estate() {
  auto estate = estate_of({group("spot", CapacityType::Spot, "36", *rc::gen::inRange(0, 3)),
                           group("od", CapacityType::OnDemand, "72", *rc::gen::inRange(1, 4))});
  estate.node_boot = s * *rc::gen::inRange(0, 200);
  if (*rc::gen::arbitrary<bool>())
    estate.interruptions = {.hourly_share = 0.9,
                            .notice = s * *rc::gen::inRange(0, 100),
                            .seed = *rc::gen::inRange<std::uint64_t>(0, 1000)};
  if (!*rc::gen::arbitrary<bool>()) return estate;
  auto limit = *budget({.name = "daily",
                        .mode = LimitMode::Accrued,
                        .period = BudgetPeriod::Day,
                        .amount = Amount::of(*rc::gen::inRange<std::int64_t>(10, 300) *
                                             Amount::per_whole)});
  limit.on_limit = *rc::gen::element(OnBudgetLimit::Freeze, OnBudgetLimit::Shed);
  estate.budgets = {std::make_shared<const CostBudget>(limit)};
  return estate;
}

RC_GTEST_PROP(SharedLaw, TheOrderOfPoliciesDoesNotMatter, ()) {
  const auto estate = arbitrary_estate();
  const auto players = arbitrary_players(*rc::gen::inRange(2, 5));
  std::vector<std::size_t> order(players.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::reverse(order);
  if (*rc::gen::arbitrary<bool>()) std::swap(order.front(), order.back());
  std::vector<Player> turned;
  for (const auto i : order) turned.push_back(players[i]);
  const auto one = play(estate, players, 1800 * s);
  const auto other = play(estate, turned, 1800 * s);
  RC_ASSERT(one.shared.spending.cost == other.shared.spending.cost);
  RC_ASSERT(one.shared.spending.idle == other.shared.spending.idle);
  for (std::size_t i = 0; i < order.size(); ++i) {
    RC_ASSERT(one.shared.tallies[order[i]].waits == other.shared.tallies[i].waits);
    RC_ASSERT(one.shared.tallies[order[i]].replica_micros ==
              other.shared.tallies[i].replica_micros);
    RC_ASSERT(one.shared.shares[order[i]].cost == other.shared.shares[i].cost);
    RC_ASSERT(one.cut[order[i]] == other.cut[i]);
  }
}

/// Tells how many nodes there are at each moment.
class NodeCount final : public Recorder {
 public:
  void replicas(Micros, Replicas) override {}
  void started(Micros, Micros) override {}
  void decided(Micros, const Sight&, const Wanted&) override {}
  void housed(Micros, std::int64_t nodes, HourlyRate) override { most = std::max(most, nodes); }
  std::int64_t most = 0;
};

RC_GTEST_PROP(SharedLaw, TheBillIsSharesAndIdleAndNobodyHasWhatIsNotThere, ()) {
  const auto estate = arbitrary_estate();
  const auto players = arbitrary_players(*rc::gen::inRange(1, 5));
  NodeCount nodes;
  const auto played = play(estate, players, 1800 * s, {.recorder = &nodes});
  const auto& shared = played.shared;
  RC_ASSERT(paid_by_all(shared) == shared.spending.total());
  std::int64_t used = 0;
  for (const auto& share : shared.shares) {
    RC_ASSERT(share.cost >= Amount());
    RC_ASSERT(share.accelerator_micros >= 0);
    used += share.accelerator_micros;
  }
  RC_ASSERT(shared.spending.idle >= Amount());
  const auto& time = shared.spending.node_micros;
  RC_ASSERT(used <= 8 * (time[0] + time[1] + time[2]));
  std::int64_t may_be = 0;
  for (const auto& group : estate.pool.node_groups) may_be += group.max_nodes;
  // A node that has got its notice is still there when its successor has been asked for.
  if (estate.interruptions.hourly_share == 0) RC_ASSERT(nodes.most <= may_be);
  // Ready replicas are on nodes, at each moment at which all decide.
  std::map<Micros, std::int64_t> taken;
  for (std::size_t i = 0; i < players.size(); ++i)
    for (const auto& sight : played.seen[i])
      if (!sight.called) taken[sight.now] += std::int64_t{sight.ready} * players[i].accelerators;
  for (const auto& [at, accelerators] : taken) RC_ASSERT(accelerators <= 8 * nodes.most);
  for (std::size_t i = 0; i < players.size(); ++i)
    RC_ASSERT(shared.tallies[i].requests == std::ssize(players[i].requests));
}

RC_GTEST_PROP(SharedLaw, TheSameIsTheSameAgain, ()) {
  const auto estate = arbitrary_estate();
  const auto players = arbitrary_players(3);
  const auto one = play(estate, players, 1800 * s);
  const auto again = play(estate, players, 1800 * s);
  for (std::size_t i = 0; i < players.size(); ++i) {
    RC_ASSERT(one.shared.tallies[i].waits == again.shared.tallies[i].waits);
    RC_ASSERT(one.shared.shares[i].cost == again.shared.shares[i].cost);
  }
  RC_ASSERT(one.shared.spending.cost == again.shared.spending.cost);
}

}  // namespace
}  // namespace poolscaler::replay
