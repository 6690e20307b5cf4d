// Tenants with limits of their own in pools whose nodes do not all cost the same: what they cost is
// never above their limit, wherever the scheduler puts their pods.
#include <algorithm>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "theatre.hpp"

namespace poolscaler::capacity {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

class Tenants {
 public:
  Theatre world;

  Tenants() {
    world.budgets = [this](const Sight& sight) { return standings_of(sight); };
  }

  std::size_t add(std::int64_t accelerators, std::optional<HourlyRate> cap = {}) {
    caps_.push_back(cap);
    return world.add_policy("p" + std::to_string(caps_.size()), accelerators);
  }

  /// The policy's share of the nodes that its pods are on.
  [[nodiscard]] HourlyRate cost(const Survey& seen, std::size_t policy) const {
    HourlyRate rate;
    for (const auto& node : seen.pools[0].nodes)
      for (const auto& use : node.uses)
        if (use.draw == policy)
          rate += HourlyRate::of(node.quote->marginal->nano() / node.capacity) * use.accelerators;
    return rate;
  }

  [[nodiscard]] bool is_within() const {
    const auto seen = world.fleet.survey(world.now);
    for (std::size_t i = 0; i < caps_.size(); ++i)
      if (caps_[i] && cost(seen, i) > *caps_[i]) return false;
    return true;
  }

 private:
  money::Standings standings_of(const Sight& sight) {
    money::Standings standings;
    standings.of_pool.resize(1);
    standings.of_tenant.resize(caps_.size());
    standings.pool_warned.resize(1, false);
    for (std::size_t i = 0; i < caps_.size(); ++i) {
      if (!caps_[i]) continue;
      standings.of_tenant[i].push_back(standings.limits.size());
      standings.limits.push_back({.budget = std::to_string(i),
                                  .cap = money::RateCap{*caps_[i]},
                                  .rate = cost(sight.survey, i) + sight.placings[i].coming});
    }
    return standings;
  }

  std::vector<std::optional<HourlyRate>> caps_{};
};

const GroupWords two_reserved{.name = "ri", .type = CapacityType::Reserved, .price = "40",
                          .max_nodes = 2};
const GroupWords at_twenty{.name = "od", .price = "20"};

TEST(TenantsOfPools, AreReckonedAtWhatTheyMayGet) {
  Tenants tenants;
  auto& world = tenants.world;
  world.fleet.add_pool("a", {at_twenty, two_reserved});
  const auto web = tenants.add(8, rate("25"));
  world.asking[web].wanted = 4;
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[web].most, 3);
  EXPECT_EQ(plan.grants[web].added, rate("20"));
  EXPECT_EQ(plan.grants[web].words,
            "4 more asked for at 20.00 an hour each, 3 granted: budget 0: 0.00 of 25.00 an hour; "
            "may resume when the rate has fallen");
  world.run_for(minutes(2));
  EXPECT_EQ(world.asking[web].draw.replicas, 3);
}

/// For as long as a node takes to come, and no longer: something else keeps that pod.
TEST(TenantsOfPools, DelayNobodyForLong) {
  Tenants tenants;
  auto& world = tenants.world;
  world.fleet.add_pool("a", {at_twenty, two_reserved});
  const auto web = tenants.add(8, rate("15"));
  const auto lab = tenants.add(8);
  world.fleet.add_node(0, 1);
  world.fleet.add_node(0, 1);
  world.asking[web].wanted = 1;
  world.asking[lab].wanted = 2;
  world.tries = [](const Pod& pod) {
    return pod.policy == 0U ? std::vector<std::size_t>() : std::vector<std::size_t>{0};
  };
  world.run_for(minutes(1));
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[lab].most, 1);
  EXPECT_THAT(plan.grants[lab].words, HasSubstr("those who wait for their nodes could be given "
                                                "one that is too dear for budget 0"));
  world.run_for(minutes(15));
  EXPECT_EQ(world.planned().grants[lab].most, 2);
}

/// The dearest first for some, the cheapest for others: all that a scheduler may do.
std::vector<std::size_t> some_order(const Theatre& world) {
  std::vector<std::pair<std::int64_t, std::size_t>> keys;
  const int how = *rc::gen::inRange(0, 3);
  const auto seen = world.fleet.survey(world.now);
  std::map<std::size_t, std::int64_t> rates;
  for (const auto& node : seen.pools[0].nodes) rates[node.node] = node.quote->marginal->nano();
  for (std::size_t i = 0; i < world.fleet.cluster.nodes.size(); ++i)
    keys.emplace_back(how == 0 ? *rc::gen::inRange<std::int64_t>(0, 100)
                               : (how == 1 ? rates[i] : -rates[i]),
                      i);
  std::ranges::sort(keys);
  std::vector<std::size_t> order;
  for (const auto& key : keys) order.push_back(key.second);
  return order;
}

/// New nodes take some looks until they are ready.
void boot(Theatre& world, std::set<std::string>& seen) {
  for (auto& node : world.fleet.nodes) {
    if (seen.insert(node->uid).second) node->ready = false;
    if (!node->ready && *rc::gen::inRange(0, 5) == 0) node->ready = true;
  }
}

/// Wishes fall only while nobody waits: a dear place that becomes free is anybody's.
void wish(Theatre& world) {
  std::int64_t waits = 0;
  for (const auto& one : world.asking) waits += one.draw.replicas;
  for (const auto& pod : world.fleet.cluster.pods) waits -= pod.node ? 1 : 0;
  for (auto& one : world.asking) {
    const auto wanted = *rc::gen::inRange<std::int64_t>(0, 9);
    one.wanted = waits > 0 ? std::max(wanted, one.draw.replicas) : wanted;
    one.draw.replicas = std::min(one.draw.replicas, one.wanted);
  }
}

RC_GTEST_PROP(TenantsOfPoolsLaws, NobodyIsEverAboveItsCapWhereverItsPodsGo, ()) {
  Tenants tenants;
  auto& world = tenants.world;
  auto& pool = world.fleet.add_pool(
      "a", {{.price = "24", .max_nodes = *rc::gen::inRange(0, 5)},
            {.name = "spot", .type = CapacityType::Spot, .price = "8",
             .max_nodes = *rc::gen::inRange(0, 3)},
            {.name = "ri", .type = CapacityType::Reserved, .price = "16",
             .max_nodes = *rc::gen::inRange(0, 4)}});
  pool.warm.nodes = *rc::gen::element(0, 0, 1);
  const auto policies = *rc::gen::inRange(1, 5);
  for (int i = 0; i < policies; ++i) {
    std::optional<HourlyRate> cap;
    if (*rc::gen::inRange(0, 3) > 0)
      cap = HourlyRate::of(*rc::gen::inRange<std::int64_t>(0, 60) * Amount::per_whole);
    const auto at = tenants.add(*rc::gen::element<std::int64_t>(1, 4, 5, 8), cap);
    world.asking[at].draw.priority = *rc::gen::inRange(0, 3);
  }
  world.tries = [&world](const Pod&) { return some_order(world); };
  std::set<std::string> seen;
  for (int i = 0; i < 60; ++i) {
    if (*rc::gen::inRange(0, 4) == 0) wish(world);
    world.schedule();
    RC_ASSERT(tenants.is_within());
    (void)world.round(seconds(5));
    world.groups_act();
    boot(world, seen);
  }
}

}  // namespace
}  // namespace poolscaler::capacity
