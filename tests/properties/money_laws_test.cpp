// Laws of caps and arbitration: never past a cap, whatever happens in whatever order.

#include <algorithm>
#include <array>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "poolscaler/money/arbitrate.hpp"
#include "poolscaler/money/integral.hpp"

namespace poolscaler::laws {
namespace {

using money::AccruedCap;
using money::Arbitration;
using money::Claim;
using money::Integral;
using money::Limit;
using money::PoolSupply;
using money::RateCap;
using money::Refusal;
using std::chrono::minutes;

constexpr Instant beginning{std::chrono::sys_days(std::chrono::year(2026) / 11 / 1)};

HourlyRate arbitrary_rate(std::int64_t most_dollars) {
  return HourlyRate::of(*rc::gen::inRange<std::int64_t>(1, most_dollars * Amount::per_whole));
}

struct RunningNode {
  HourlyRate price;
  Instant started;
};

HourlyRate rate_of(const std::vector<RunningNode>& nodes) {
  HourlyRate rate;
  for (const auto& node : nodes) rate += node.price;
  return rate;
}

RC_GTEST_PROP(Caps, ARateNeverExceedsItsCap, ()) {
  const RateCap cap{arbitrary_rate(200)};
  std::vector<RunningNode> nodes;
  const auto steps = *rc::gen::inRange(1, 40);
  for (int step = 0; step < steps; ++step) {
    if (!nodes.empty() && *rc::gen::element(true, false)) nodes.pop_back();
    const std::vector limits = {Limit{.budget = "b", .cap = cap, .rate = rate_of(nodes)}};
    const auto price = arbitrary_rate(50);
    const auto asked = *rc::gen::inRange<std::int64_t>(0, 10);
    const auto admission = money::admit(limits, {.count = asked, .price = price}, beginning);
    for (std::int64_t i = 0; i < admission.granted; ++i) nodes.push_back({price, beginning});
    RC_ASSERT(rate_of(nodes) <= cap.most);
    if (admission.granted < asked) RC_ASSERT(rate_of(nodes) + price > cap.most);
  }
}

/// Nodes are kept for their hold, and then until the limit wants them back; one of them is
/// protected. At the end no more is spent than the cap says.
RC_GTEST_PROP(Caps, AnAccruedAmountNeverExceedsItsCap, ()) {
  const auto step = minutes(*rc::gen::inRange(5, 60));
  const auto hold = step * *rc::gen::inRange(1, 5);  // nodes go when somebody looks
  AccruedCap cap{.kind = money::PeriodKind::Day,
                 .period = {beginning, beginning + std::chrono::hours(24)},
                 .most = Amount::of(*rc::gen::inRange<std::int64_t>(0, 3000) * Amount::per_whole),
                 .accrued = {},
                 .floor = arbitrary_rate(5)};
  RC_PRE(money::worst_projection(cap, cap.floor, beginning) <= cap.most);
  std::vector<RunningNode> nodes;
  Integral accrued;
  for (auto now = beginning; now < cap.period.end; now += step) {
    cap.accrued = accrued.rounded_up();
    const std::vector limits = {Limit{
        .budget = "b", .cap = cap, .rate = rate_of(nodes) + cap.floor, .hold = hold}};
    const auto price = arbitrary_rate(60);
    const auto asked = *rc::gen::inRange<std::int64_t>(0, 4);
    const auto granted =
        money::admit(limits, {.count = asked, .price = price, .hold = hold}, now).granted;
    for (std::int64_t i = 0; i < granted; ++i) nodes.push_back({price, now});
    // What has had its hold goes when what runs could not be started now.
    if (money::most_admitted(limits[0], HourlyRate::of(1), hold, now) == 0)
      std::erase_if(nodes, [&](const RunningNode& node) { return now - node.started >= hold; });
    const auto until = std::min(step, minutes((cap.period.end - now) / minutes(1)));
    for (const auto& node : nodes)
      accrued.add(node.price, std::min<Millis>(until, cap.period.end - now));
    accrued.add(cap.floor, until);
  }
  RC_ASSERT(accrued.rounded_up() <= cap.most);
}

RC_GTEST_PROP(Caps, CheaperNeverAdmitsFewer, ()) {
  const AccruedCap cap{.kind = money::PeriodKind::Hour,
                       .period = {beginning, beginning + std::chrono::hours(1)},
                       .most = Amount::of(arbitrary_rate(500).nano()),
                       .accrued = Amount::of(arbitrary_rate(100).nano())};
  const std::vector limits = {
      Limit{.budget = "a", .cap = cap, .rate = arbitrary_rate(50), .hold = minutes(10)},
      Limit{.budget = "b", .cap = RateCap{arbitrary_rate(300)}, .rate = arbitrary_rate(100)}};
  const auto price = arbitrary_rate(50);
  const auto cheaper = HourlyRate::of(*rc::gen::inRange<std::int64_t>(0, price.nano() + 1));
  const auto granted = [&](HourlyRate at) {
    return money::admit(limits, {.count = 100, .price = at, .hold = minutes(10)}, beginning)
        .granted;
  };
  RC_ASSERT(granted(cheaper) >= granted(price));
}

struct Fleet {
  std::vector<Claim> claims{};
  std::vector<PoolSupply> pools{};
  std::vector<Limit> limits{};

  [[nodiscard]] Arbitration arbitration() const {
    return money::arbitrate(claims, pools, limits, beginning);
  }
};

std::vector<std::size_t> arbitrary_limits(std::size_t count) {
  std::vector<std::size_t> limits;
  for (std::size_t i = 0; i < count; ++i)
    if (*rc::gen::inRange(0, 3) == 0) limits.push_back(i);
  return limits;
}

PoolSupply arbitrary_pool(std::size_t limits) {
  PoolSupply pool{.per_node = *rc::gen::element<std::int64_t>(1, 4, 8)};
  for (std::int64_t size = 0; size <= pool.per_node; ++size)
    pool.free_nodes.push_back(*rc::gen::inRange<std::int64_t>(0, 3));
  const auto tiers = *rc::gen::inRange(0, 4);
  HourlyRate dearest;
  for (int i = 0; i < tiers; ++i) {
    auto price = std::optional(HourlyRate::of(arbitrary_rate(20).nano() / 8 * 8));
    if (*rc::gen::inRange(0, 4) == 0) price = *rc::gen::element(std::optional(HourlyRate()),
                                                                std::optional<HourlyRate>());
    dearest = std::max(dearest, price.value_or(HourlyRate()));
    pool.tiers.push_back({price, *rc::gen::inRange<std::int64_t>(0, 5)});
  }
  pool.share = HourlyRate::of(dearest.nano() / pool.per_node);
  pool.limits = arbitrary_limits(limits);
  return pool;
}

Fleet arbitrary_fleet() {
  Fleet fleet;
  const auto limits = *rc::gen::inRange<std::size_t>(1, 4);
  for (std::size_t i = 0; i < limits; ++i)
    fleet.limits.push_back({.budget = std::to_string(i),
                            .cap = RateCap{arbitrary_rate(100)},
                            .rate = arbitrary_rate(40)});
  const auto pools = *rc::gen::inRange<std::size_t>(1, 3);
  for (std::size_t i = 0; i < pools; ++i) fleet.pools.push_back(arbitrary_pool(limits));
  const auto claims = *rc::gen::inRange<std::size_t>(1, 10);
  for (std::size_t i = 0; i < claims; ++i)
    fleet.claims.push_back({.policy = std::to_string(i),
                            .pool = *rc::gen::inRange<std::size_t>(0, pools),
                            .accelerators = *rc::gen::element<std::int64_t>(1, 2, 4, 8, 16),
                            .replicas = *rc::gen::inRange<std::int64_t>(0, 4),
                            .wanted = *rc::gen::inRange<std::int64_t>(0, 8),
                            .protected_replicas = *rc::gen::inRange<std::int64_t>(0, 4),
                            .priority = *rc::gen::inRange(0, 3),
                            .weight = *rc::gen::inRange<std::int64_t>(1, 4),
                            .limits = arbitrary_limits(limits)});
  return fleet;
}

HourlyRate spent_under(const Fleet& fleet, const Arbitration& result, std::size_t limit) {
  const auto has = [limit](const std::vector<std::size_t>& limits) {
    return std::ranges::find(limits, limit) != limits.end();
  };
  HourlyRate spent;
  for (std::size_t i = 0; i < fleet.claims.size(); ++i) {
    const auto& claim = fleet.claims[i];
    if (has(claim.limits) && !has(fleet.pools[claim.pool].limits))
      spent += fleet.pools[claim.pool].share * (claim.accelerators * result.grants[i].granted);
  }
  for (std::size_t p = 0; p < fleet.pools.size(); ++p)
    for (std::size_t t = 0; t < fleet.pools[p].tiers.size(); ++t)
      if (has(fleet.pools[p].limits) && result.new_nodes[p][t] > 0)
        spent += *fleet.pools[p].tiers[t].price * result.new_nodes[p][t];
  return spent;
}

/// A fleet that knows what is free at which price, and who waits. What waits is in the limits.
Fleet arbitrary_fleet_with_places() {
  auto fleet = arbitrary_fleet();
  for (auto& pool : fleet.pools) {
    auto& places = pool.places.emplace();
    pool.free_spot_nodes.resize(static_cast<std::size_t>(pool.per_node) + 1);
    for (auto& tier : pool.tiers) tier.spot = *rc::gen::arbitrary<bool>();
    for (std::int64_t size = 0; size <= pool.per_node; ++size) {
      const auto at = static_cast<std::size_t>(size);
      const auto nodes = pool.free_nodes[at];
      for (std::int64_t node = 0; node < nodes; ++node) {
        money::Places one{.share = *rc::gen::element(HourlyRate(), arbitrary_rate(3)),
                          .spot = *rc::gen::inRange(0, 3) == 0};
        one.nodes.resize(static_cast<std::size_t>(pool.per_node) + 1);
        one.nodes[at] = 1;
        if (one.spot) --pool.free_nodes[at], ++pool.free_spot_nodes[at];
        pool.share = std::max(pool.share, one.share);
        money::add_nodes(places, std::move(one));
      }
    }
  }
  for (auto& claim : fleet.claims) {
    const auto& pool = fleet.pools[claim.pool];
    std::erase_if(claim.limits, [&](std::size_t limit) {
      return std::ranges::find(pool.limits, limit) != pool.limits.end();
    });
    claim.avoids_spot = *rc::gen::inRange(0, 3) == 0;
    claim.waiting = *rc::gen::inRange<std::int64_t>(0, claim.replicas + 1);
    for (const auto limit : claim.limits)
      fleet.limits[limit].rate +=
          money::dearest(*pool.places,
                         {.accelerators = claim.waiting * claim.accelerators,
                          .smallest = claim.accelerators,
                          .avoids_spot = claim.avoids_spot});
  }
  return fleet;
}

/// The scheduler puts all who wait, in some order, on some place or the dearest that they fit on.
/// What those under each limit cost then.
std::vector<HourlyRate> scheduled(const Fleet& fleet, const Arbitration& result) {
  struct Room {
    HourlyRate share;
    bool spot;
    std::int64_t free;
  };
  std::vector<HourlyRate> cost(fleet.limits.size());
  for (std::size_t p = 0; p < fleet.pools.size(); ++p) {
    const auto per_node = fleet.pools[p].per_node;
    std::vector<Room> rooms;
    for (const auto& places : *result.places[p])
      for (std::size_t size = 0; size < places.nodes.size(); ++size)
        for (std::int64_t node = 0; node < places.nodes[size]; ++node)
          rooms.push_back({places.share, places.spot, static_cast<std::int64_t>(size)});
    std::vector<std::size_t> waiting;
    for (std::size_t i = 0; i < fleet.claims.size(); ++i)
      if (fleet.claims[i].pool == p)
        waiting.insert(waiting.end(),
                       static_cast<std::size_t>(fleet.claims[i].waiting +
                                                result.grants[i].granted), i);
    while (!waiting.empty()) {
      const auto next = *rc::gen::inRange<std::size_t>(0, waiting.size());
      const auto& claim = fleet.claims[waiting[next]];
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(next));
      auto left = claim.accelerators;
      HourlyRate rate;
      while (left > 0) {
        std::vector<Room*> fit;
        for (auto& room : rooms)
          if (!(room.spot && claim.avoids_spot) && room.free >= std::min(left, per_node) &&
              (claim.accelerators <= per_node || room.free == per_node))
            fit.push_back(&room);
        if (fit.empty()) break;
        auto* room = *rc::gen::inRange(0, 3) == 0
                         ? fit[*rc::gen::inRange<std::size_t>(0, fit.size())]
                         : *std::ranges::max_element(fit, {}, &Room::share);
        const auto taken = std::min(left, per_node);
        rate += room->share * taken;
        room->free -= claim.accelerators > per_node ? per_node : taken;
        left -= taken;
      }
      if (left > 0) continue;  // it goes on waiting
      for (const auto limit : claim.limits) cost[limit] += rate;
    }
  }
  return cost;
}

RC_GTEST_PROP(Arbitration, NeverExceedsALimitWhereverTheSchedulerPutsWhatWaits, ()) {
  const auto fleet = arbitrary_fleet_with_places();
  const auto result = fleet.arbitration();
  std::vector<HourlyRate> nodes(fleet.limits.size());
  for (std::size_t p = 0; p < fleet.pools.size(); ++p)
    for (const auto limit : fleet.pools[p].limits)
      for (std::size_t t = 0; t < fleet.pools[p].tiers.size(); ++t)
        if (result.new_nodes[p][t] > 0)
          nodes[limit] += *fleet.pools[p].tiers[t].price * result.new_nodes[p][t];
  const auto cost = scheduled(fleet, result);
  for (std::size_t i = 0; i < fleet.limits.size(); ++i) {
    auto rate = fleet.limits[i].rate;
    for (const auto& claim : fleet.claims)
      if (std::ranges::find(claim.limits, i) != claim.limits.end())
        rate -= money::dearest(*fleet.pools[claim.pool].places,
                               {.accelerators = claim.waiting * claim.accelerators,
                                .smallest = claim.accelerators,
                                .avoids_spot = claim.avoids_spot});
    const auto most = std::max(std::get<RateCap>(fleet.limits[i].cap).most, fleet.limits[i].rate);
    RC_ASSERT(rate + cost[i] + nodes[i] <= most);
  }
}

RC_GTEST_PROP(Arbitration, NeverExceedsALimitAPoolOrAWish, ()) {
  const auto fleet = arbitrary_fleet();
  const auto result = fleet.arbitration();
  for (std::size_t i = 0; i < fleet.limits.size(); ++i) {
    const auto& limit = fleet.limits[i];
    const auto spent = spent_under(fleet, result, i);
    RC_ASSERT(spent == HourlyRate() || limit.rate + spent <= std::get<RateCap>(limit.cap).most);
  }
  for (std::size_t p = 0; p < fleet.pools.size(); ++p) {
    const auto& pool = fleet.pools[p];
    std::int64_t there = 0;
    for (std::size_t size = 0; size < pool.free_nodes.size(); ++size)
      there += static_cast<std::int64_t>(size) * pool.free_nodes[size];
    for (std::size_t t = 0; t < pool.tiers.size(); ++t) {
      RC_ASSERT(result.new_nodes[p][t] <= pool.tiers[t].nodes);
      there += pool.per_node * result.new_nodes[p][t];
    }
    std::int64_t used = 0;
    for (std::size_t i = 0; i < fleet.claims.size(); ++i)
      if (fleet.claims[i].pool == p)
        used += fleet.claims[i].accelerators * result.grants[i].granted;
    RC_ASSERT(used <= there);
  }
  for (std::size_t i = 0; i < fleet.claims.size(); ++i) {
    const auto& grant = result.grants[i];
    RC_ASSERT(grant.granted >= 0);
    RC_ASSERT(grant.granted <= fleet.claims[i].wanted);
    RC_ASSERT((grant.granted == fleet.claims[i].wanted) == (grant.refusal == Refusal::None));
    RC_ASSERT((grant.refusal == Refusal::Budget) == grant.limit.has_value());
  }
}

RC_GTEST_PROP(Arbitration, DoesNotDependOnTheOrderOfPolicies, ()) {
  const auto fleet = arbitrary_fleet();
  auto turned = fleet;
  const auto by = *rc::gen::inRange<std::size_t>(0, fleet.claims.size());
  std::ranges::rotate(turned.claims, turned.claims.begin() + static_cast<std::ptrdiff_t>(by));
  const auto straight = fleet.arbitration();
  const auto rotated = turned.arbitration();
  for (std::size_t i = 0; i < fleet.claims.size(); ++i) {
    const auto& other = rotated.grants[(i + fleet.claims.size() - by) % fleet.claims.size()];
    RC_ASSERT(straight.grants[i].granted == other.granted);
    RC_ASSERT(straight.grants[i].refusal == other.refusal);
    RC_ASSERT(straight.grants[i].limit == other.limit);
  }
  RC_ASSERT(straight.new_nodes == rotated.new_nodes);
}

RC_GTEST_PROP(Arbitration, AHigherPriorityDoesNotSeeLowerOnes, ()) {
  auto fleet = arbitrary_fleet();
  for (auto& claim : fleet.claims) claim.protected_replicas = 0;
  const auto all = fleet.arbitration();
  auto high = fleet;
  std::erase_if(high.claims, [](const Claim& claim) { return claim.priority < 1; });
  const auto alone = high.arbitration();
  std::size_t k = 0;
  for (std::size_t i = 0; i < fleet.claims.size(); ++i)
    if (fleet.claims[i].priority >= 1)
      RC_ASSERT(all.grants[i].granted == alone.grants[k++].granted);
}

RC_GTEST_PROP(Arbitration, EqualsDifferByOneReplicaAtMost, ()) {
  auto fleet = arbitrary_fleet();
  auto twin = fleet.claims.front();
  twin.policy += "-twin";
  fleet.claims.push_back(twin);
  const auto result = fleet.arbitration();
  const auto difference = result.grants.front().granted - result.grants.back().granted;
  RC_ASSERT(difference == 0 || difference == 1);
}

/// Who is served last sees what all others have left, whether it wants anything or not.
RC_GTEST_PROP(Arbitration, WhatIsReachableIsWhatWouldBeGranted, ()) {
  auto fleet = arbitrary_fleet();
  for (auto& claim : fleet.claims) claim.reach = *rc::gen::inRange<std::int64_t>(0, 12);
  auto& last = fleet.claims.front();
  last.priority = -1;
  last.protected_replicas = 0;
  auto asking = fleet;
  asking.claims.front().wanted = std::max(last.wanted, last.reach);
  const auto told = fleet.arbitration();
  const auto granted = asking.arbitration();
  RC_ASSERT(told.grants.front().reachable == granted.grants.front().granted);
  for (std::size_t i = 1; i < fleet.claims.size(); ++i)
    RC_ASSERT(told.grants[i].granted == granted.grants[i].granted);
}

RC_GTEST_PROP(Arbitration, ToTellWhatIsReachableChangesNothing, ()) {
  const auto fleet = arbitrary_fleet();
  auto telling = fleet;
  for (auto& claim : telling.claims) claim.reach = *rc::gen::inRange<std::int64_t>(0, 12);
  const auto plain = fleet.arbitration();
  const auto told = telling.arbitration();
  RC_ASSERT(plain.new_nodes == told.new_nodes);
  RC_ASSERT(plain.free_nodes == told.free_nodes);
  RC_ASSERT(plain.free_spot_nodes == told.free_spot_nodes);
  for (std::size_t i = 0; i < fleet.claims.size(); ++i) {
    RC_ASSERT(plain.grants[i].granted == told.grants[i].granted);
    RC_ASSERT(plain.grants[i].refusal == told.grants[i].refusal);
    RC_ASSERT(plain.grants[i].limit == told.grants[i].limit);
    RC_ASSERT(told.grants[i].reachable >= told.grants[i].granted);
  }
}

/// Of replicas that are alike, and of one policy alone: see docs/MONEY.md for why no further.
RC_GTEST_PROP(Arbitration, ACheaperCatalogueNeverYieldsFewerReplicas, ()) {
  auto fleet = arbitrary_fleet();
  fleet.pools.resize(1);
  for (auto& claim : fleet.claims) {
    claim.pool = 0;
    claim.accelerators = 1;
    claim.limits = fleet.claims.front().limits;
  }
  if (*rc::gen::element(true, false)) fleet.claims.resize(1);
  auto cheaper = fleet;
  const auto percent = *rc::gen::inRange<std::int64_t>(0, 101);
  for (auto& tier : cheaper.pools[0].tiers)
    if (tier.price) tier.price = HourlyRate::of(tier.price->nano() / 100 * percent);
  cheaper.pools[0].share = HourlyRate::of(fleet.pools[0].share.nano() / 100 * percent);
  const auto dear = fleet.arbitration();
  const auto cheap = cheaper.arbitration();
  for (std::size_t i = 0; i < fleet.claims.size(); ++i)
    RC_ASSERT(cheap.grants[i].granted >= dear.grants[i].granted);
}

}  // namespace
}  // namespace poolscaler::laws
