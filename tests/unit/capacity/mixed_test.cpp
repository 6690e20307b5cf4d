// Pools in which some nodes are asked for and others come for pods that wait. An autoscaler knows
// nothing of what other groups were asked for, so no pod may wait for that.
#include <algorithm>
#include <array>

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "poolscaler/base/random.hpp"
#include "theatre.hpp"

namespace poolscaler::capacity {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t counted = 0;
constexpr std::size_t brought = 1;

/// A group that is asked for nodes, and one whose nodes come for pods.
Theatre mixed_world(const GroupWords& asked, const GroupWords& follower) {
  Theatre world;
  world.fleet.add_pool("a", {asked, follower});
  auto& facts = world.fleet.facts(0, brought);
  facts.desired.reset();
  facts.follows_pods = true;
  facts.removal = Removal::EmptyFirst;
  return world;
}

/// The counted group is preferred.
Theatre mixed_world() {
  return mixed_world({.name = "base", .price = "10"},
                     {.name = "burst", .type = CapacityType::Spot, .price = "30"});
}

TEST(MixedPools, MakeNoPodForANodeThatIsAskedForBeforeItIsReady) {
  auto world = mixed_world();
  world.asking[world.add_policy("shop/web", 8)].wanted = 2;
  auto plan = world.round();
  EXPECT_EQ(plan.pools[0].groups[counted].wanted, 2);
  EXPECT_EQ(plan.grants[0].most, 0);
  EXPECT_EQ(plan.grants[0].refusal, money::Refusal::Late);
  EXPECT_THAT(plan.grants[0].words, HasSubstr("2 of them once their nodes are ready"));
  auto& node = world.fleet.add_node(0, counted);
  --*world.fleet.facts(0, counted).desired;
  node.ready = false;
  node.created = world.now;
  EXPECT_EQ(world.planned().grants[0].most, 0) << "it starts";
  node.ready = true;
  plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 1);
  EXPECT_FALSE(plan.pools[0].groups[counted].wanted) << "what is on order is waited for";
}

TEST(MixedPools, MakePodsAtOnceForWhatPodsBring) {
  auto world = mixed_world({.name = "base", .price = "30"}, {.name = "burst", .price = "10"});
  world.asking[world.add_policy("shop/web", 8)].wanted = 2;
  const auto plan = world.planned();
  EXPECT_EQ(plan.grants[0].most, 2);
  EXPECT_FALSE(plan.pools[0].groups[counted].wanted);
}

TEST(MixedPools, PayForEachNodeOnce) {
  auto world = mixed_world({.name = "base", .price = "10", .max_nodes = 2},
                           {.name = "burst", .price = "30"});
  world.asking[world.add_policy("shop/web", 8)].wanted = 5;
  world.limits = {most(50)};
  auto plan = world.round();
  EXPECT_EQ(plan.pools[0].groups[counted].wanted, 2);
  EXPECT_EQ(plan.grants[0].most, 1) << "on the node that it will bring";
  EXPECT_EQ(plan.grants[0].refusal, money::Refusal::Budget);
  EXPECT_THAT(plan.grants[0].words, HasSubstr("; 2 of them once their nodes are ready"));
  world.run_for(seconds(10));
  EXPECT_EQ(world.asking[0].draw.replicas, 3);
  EXPECT_EQ(world.nodes(), 3);
}

TEST(MixedPools, CountANodeForEachPodThatWaitsBesideWhatWasAskedFor) {
  auto world = mixed_world();
  world.add_policy("shop/web", 8);
  world.asking[0].draw.replicas = world.asking[0].wanted = 1;  // by hand
  world.fleet.facts(0, counted).desired = 1;
  world.schedule();
  world.add_policy("shop/late", 8);
  world.asking[1].wanted = 1;
  world.limits = {most(49)};
  EXPECT_EQ(world.planned().grants[1].refusal, money::Refusal::Late)
      << "40 are on order; the pod takes either node";
  world.asking[1].wanted = 2;
  EXPECT_EQ(world.planned().grants[1].refusal, money::Refusal::Budget);
}

TEST(MixedPools, CountPodsBeyondTheReplicasToo) {
  auto world = mixed_world();
  world.add_policy("shop/web", 8);
  world.asking[0].draw.replicas = world.asking[0].wanted = 1;
  world.fleet.add_node(0, counted);
  world.schedule();
  world.fleet.add_pod({}, 8, 0).created = world.now;  // of a rollout
  world.add_policy("shop/late", 8);
  world.asking[1].wanted = 1;
  world.limits = {most(49)};
  EXPECT_EQ(world.planned().grants[1].most, 0) << "10 run, 30 are on their way";
  EXPECT_EQ(world.planned().grants[1].refusal, money::Refusal::Budget);
}

TEST(MixedPools, KeepTheMoneyOfANodeThatComesForAPodWhichHasFoundAnotherPlace) {
  auto world = mixed_world({.name = "base", .price = "30"}, {.name = "burst", .price = "10"});
  world.add_policy("shop/web", 8);
  world.asking[0].wanted = 1;
  world.limits = {most(15)};
  (void)world.round();
  world.schedule();
  EXPECT_EQ(world.asking[0].draw.replicas, 1);
  (void)world.round();
  world.asking[0].wanted = world.asking[0].draw.replicas = 0;
  world.schedule();
  (void)world.round();
  world.add_policy("shop/other", 16);
  world.asking[1].wanted = 1;
  EXPECT_EQ(world.planned().grants[1].most, 0) << "one node may come yet";
  world.asking[1].draw.accelerators = 8;
  EXPECT_EQ(world.planned().grants[1].most, 1) << "which has room";
  world.now += boot_max;
  (void)world.planned();
  EXPECT_EQ(world.memory[0].brought.nodes, 1) << "for the one who is granted";
  world.asking[1].wanted = 0;
  world.now += boot_max;
  (void)world.planned();
  EXPECT_EQ(world.memory[0].brought.nodes, 0);
}

TEST(MixedPools, KeepTheMoneyOfARefusedGroupWhosePodsWait) {
  auto world = mixed_world({.name = "base", .price = "30"}, {.name = "burst", .price = "10"});
  world.brings = false;
  world.add_policy("shop/web", 8);
  world.asking[0].wanted = 1;
  world.limits = {most(35)};
  world.run_for(minutes(50), seconds(5));
  EXPECT_EQ(world.asking[0].draw.replicas, 1);
  EXPECT_THAT(world.told, IsEmpty()) << "30 more are not there while its node may come";
  world.limits = {most(40)};
  world.run_for(seconds(2));
  EXPECT_THAT(world.told, ElementsAre("base to 1"));
}

TEST(MixedPools, WaitForANodeThatIsGivenBack) {
  auto world = mixed_world();
  world.asking[world.add_policy("shop/web", 8)].wanted = 1;
  auto& node = world.fleet.add_node(0, counted);
  node.cordoned = node.cordoned_by_us = true;
  node.cordoned_since = world.now;
  EXPECT_EQ(world.planned().grants[0].refusal, money::Refusal::Late);
  world.run_for(seconds(3));
  EXPECT_EQ(world.asking[0].draw.replicas, 1);
  EXPECT_THAT(world.told, ElementsAre("give back base-0"));
}

/// Cases are as large from the first one on.
template <typename Number>
Number within(Number from, Number before) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<Number>(from, before));
}

TEST(MixedPools, KeepAGroupOfWhichAnyNodeMayGoWhileSomebodyNeedsOne) {
  auto world = mixed_world();
  auto& facts = world.fleet.facts(0, counted);
  facts.removal = Removal::AllEmpty;
  world.fleet.pools[0]->node_groups[counted].min_nodes = 1;
  world.fleet.pools[0]->scale_down.idle_after_seconds = 5;
  world.fleet.add_node(0, counted);
  world.fleet.add_node(0, counted);
  world.add_policy("shop/web", 8);
  world.limits = {most(20)};
  for (int i = 0; i < 3; ++i) (void)world.round(seconds(2));
  world.asking[0].wanted = 1;
  const auto plan = world.round();
  EXPECT_EQ(plan.grants[0].most, 1);
  EXPECT_THAT(plan.pools[0].steps, IsEmpty()) << "with both cordoned its pod would bring a third";
}

/// Everybody beside the operator, as badly as they may behave. Nodes take time to come: those that
/// were asked for are there before they are ready, those that pods bring are launched when a pod
/// has no room on what is ready or was launched, and come although the pod has found another place.
/// All are ready within boot_max.
class Adversary {
 public:
  explicit Adversary(Theatre& world)
      : world_(world), random_(within<std::uint64_t>(0, 1U << 30U)) {
    slowest_ = std::array<std::size_t, 3>{1, 30, 300}[below(3)];
    knows_ = below(2) == 0;
  }

  void act() {
    const bool early = below(2) == 0;
    if (early) make_ready();
    make_counted();
    shrink_counted();
    launch();
    if (!early) make_ready();
    arrive();
    if (below(3) == 0) consolidate();
  }

  /// Of all that is there, is launched or was asked for.
  [[nodiscard]] std::int64_t rate(const std::vector<std::int64_t>& prices) const {
    const auto seen = world_.fleet.survey(world_.now);
    std::int64_t sum = 0;
    for (const auto& node : seen.pools[0].nodes) sum += prices[node.group];
    for (const auto& one : launched_) sum += prices[one.group];
    return sum;
  }
  bool brings = true;

 private:
  [[nodiscard]] std::size_t below(std::size_t bound) { return random_.next() % bound; }

  struct Coming {
    std::size_t group;
    Instant at;
  };

  [[nodiscard]] Instant later() {
    return world_.now + seconds(static_cast<std::int64_t>(below(slowest_ + 1)));
  }

  void make(std::size_t group, bool ready) {
    auto& node = world_.fleet.add_node(0, group);
    node.name = "n" + std::to_string(made_++);
    node.uid = "uid-" + node.name;
    node.created = world_.now;
    node.ready = ready;
    if (!ready) starting_.emplace_back(node.name, later());
    if (auto& desired = world_.fleet.facts(0, group).desired) --*desired;  // add_node() counts it
  }

  void make_ready() {
    std::erase_if(starting_, [&](const auto& one) {
      if (one.second > world_.now) return false;
      if (auto* node = world_.find(one.first)) node->ready = true;
      return true;
    });
  }

  void make_counted() {
    for (std::size_t g = 0; brings && g < groups(); ++g) {
      const auto& facts = world_.fleet.facts(0, g);
      auto have = world_.fleet.survey(world_.now).pools[0].groups[g].present();
      for (; facts.desired && have < *facts.desired && below(3) == 0; ++have)
        make(g, below(3) == 0);
    }
  }

  void shrink_counted() {
    for (std::size_t g = 0; g < groups(); ++g)
      if (world_.fleet.facts(0, g).desired) world_.shrink(0, g);
  }

  void launch() {
    const auto seen = world_.fleet.survey(world_.now);
    std::vector<std::int64_t> room;
    for (const auto& node : seen.pools[0].nodes) {
      const bool own = world_.fleet.facts(0, node.group).follows_pods;
      if (node.state == NodeState::Ready || (own && node.state == NodeState::Starting) ||
          (knows_ && node.state == NodeState::Starting))
        room.push_back(node.state == NodeState::Starting ? 8 - node.allocated : node.free());
    }
    room.resize(room.size() + launched_.size(), 8);
    for (const auto& pod : world_.fleet.cluster.pods) {
      if (pod.node) continue;
      const auto count = pod.accelerators->front().count;
      const auto fit = std::ranges::find_if(room, [count](auto free) { return free >= count; });
      if (fit != room.end()) {
        *fit -= count;
        continue;
      }
      const auto group = open_group(seen);
      if (!brings || !group || below(3) == 0) continue;
      launched_.push_back({*group, later()});
      room.push_back(8 - count);
    }
  }

  /// Some group that has not all its nodes.
  [[nodiscard]] std::optional<std::size_t> open_group(const Survey& seen) {
    std::vector<std::size_t> open;
    for (std::size_t g = 0; g < groups(); ++g) {
      const auto launched = std::ranges::count(launched_, g, &Coming::group);
      if (world_.fleet.facts(0, g).follows_pods &&
          seen.pools[0].groups[g].present() + launched <
              world_.fleet.pools[0]->node_groups[g].max_nodes)
        open.push_back(g);
    }
    if (open.empty()) return std::nullopt;
    return open[below(open.size())];
  }

  void arrive() {
    std::erase_if(launched_, [&](const Coming& one) {
      if (one.at > world_.now) return false;
      make(one.group, below(3) == 0);
      return true;
    });
  }

  /// What is empty goes, unless a pod is on its way to it.
  void consolidate() {
    const auto waits = [](const Pod& pod) { return !pod.node; };
    if (std::ranges::any_of(world_.fleet.cluster.pods, waits)) return;
    std::vector<std::string> empty;
    const auto seen = world_.fleet.survey(world_.now);
    for (const auto& node : seen.pools[0].nodes)
      if (world_.fleet.facts(0, node.group).follows_pods && node.allocated == 0)
        empty.push_back(world_.fleet.cluster.nodes[node.node]->name);
    for (const auto& name : empty) world_.remove(name);
  }

  [[nodiscard]] std::size_t groups() const { return world_.fleet.pools[0]->node_groups.size(); }

  Theatre& world_;
  Random random_;
  std::size_t slowest_ = 0;
  bool knows_ = false;  // of nodes of others that start
  int made_ = 0;
  std::vector<Coming> launched_{};
  std::vector<std::pair<std::string, Instant>> starting_{};
};

/// A pool with groups of either kind, at some prices.
struct Mixture {
  Theatre world{};
  std::vector<std::int64_t> prices{};

  Mixture() {
    std::vector<GroupWords> words;
    std::vector<bool> follows = {false, true};
    if (within(0, 2) == 0) follows.push_back(within(0, 2) == 0);
    for (std::size_t g = 0; g < follows.size(); ++g) {
      prices.push_back(*rc::gen::element<std::int64_t>(3, 10, 30));
      words.push_back({.name = "g" + std::to_string(g),
                       .type = *rc::gen::element(CapacityType::OnDemand, CapacityType::Spot),
                       .price = std::to_string(prices.back()),
                       .max_nodes = *rc::gen::element(2, 30)});
    }
    auto& pool = world.fleet.add_pool("a", words);
    pool.mix.strategy = *rc::gen::element(MixStrategy::Cheapest, MixStrategy::SpotFirst);
    for (std::size_t g = 0; g < follows.size(); ++g) {
      auto& facts = world.fleet.facts(0, g);
      facts.removal = *rc::gen::element(Removal::Named, Removal::EmptyFirst, Removal::AllEmpty);
      if (!follows[g]) continue;
      facts.follows_pods = true;
      facts.desired.reset();
    }
  }

  void want(const std::vector<std::int64_t>& replicas) {
    for (std::size_t i = 0; i < replicas.size(); ++i) {
      auto& one = world.asking[i];
      one.wanted = replicas[i];
      one.draw.replicas = std::min(one.draw.replicas, one.wanted);
    }
  }
};

/// Of replicas of one size: with several the scheduler may fragment what was whole.
RC_GTEST_PROP(MixedPoolLaws, NodesAreNeverAboveACap, ()) {
  Mixture mixture;
  auto& world = mixture.world;
  const auto size = *rc::gen::element<std::int64_t>(8, 8, 4, 3);
  for (const auto* name : {"p0", "p1"}) {
    const auto at = world.add_policy(name, size);
    world.asking[at].draw.priority = within(0, 2);
  }
  world.fleet.pools[0]->warm.nodes = within(0, 2);
  world.fleet.pools[0]->node_groups[counted].min_nodes = within(0, 2);
  world.fleet.pools[0]->scale_down.idle_after_seconds = *rc::gen::element(5, 60);
  const auto cap = within<std::int64_t>(0, 120);
  world.limits = {most(cap)};
  Adversary others(world);
  for (int i = 0; i < 40; ++i) {
    mixture.want({within<std::int64_t>(0, 9), within<std::int64_t>(0, 9)});
    others.brings = within(0, 3) != 0;
    const auto step = *rc::gen::element<Millis>(seconds(1), seconds(5), seconds(20), minutes(2));
    const auto looks = within(1, 12);
    for (int look = 0; look < looks; ++look) {
      world.schedule();
      others.act();
      RC_ASSERT(others.rate(mixture.prices) <= cap);
      world.schedule();
      (void)world.round(step);
    }
  }
  RC_ASSERT(world.removed_busy.empty());
}

/// With money for everything all that is wanted is there before long.
RC_GTEST_PROP(MixedPoolLaws, WhatIsPaidForComes, ()) {
  Mixture mixture;
  auto& world = mixture.world;
  const auto size = within<std::int64_t>(1, 9);
  for (const auto* name : {"p0", "p1"}) world.add_policy(name, size);
  world.limits = {most(10'000)};
  std::int64_t nodes = 0;
  for (const auto& group : world.fleet.pools[0]->node_groups) nodes += group.max_nodes;
  const auto room = nodes * (8 / size);
  Adversary others(world);
  for (int i = 0; i < 4; ++i) {
    const auto first = std::min(within<std::int64_t>(0, 9), room);
    const auto second = std::min(within<std::int64_t>(0, 9), room - first);
    mixture.want({first, second});
    for (int look = 0; look < 250; ++look) {
      world.schedule();
      others.act();
      world.schedule();
      (void)world.round(seconds(5));
    }
    RC_ASSERT(world.asking[0].draw.replicas == first);
    RC_ASSERT(world.asking[1].draw.replicas == second);
    world.schedule();
    RC_ASSERT(std::ranges::all_of(world.fleet.cluster.pods,
                                  [](const Pod& pod) { return pod.node.has_value(); }));
  }
}

}  // namespace
}  // namespace poolscaler::capacity
