#include "poolscaler/money/arbitrate.hpp"

#include <gmock/gmock.h>

#include "unit/money/rates.hpp"

namespace poolscaler::money {
namespace {

using testing::ElementsAre;

const Instant now{Seconds(1'800'000'000)};

/// Nodes of 8 accelerators at 80 $/h.
PoolSupply pool(std::int64_t nodes, std::vector<std::int64_t> free = {}) {
  return {.per_node = 8,
          .free_nodes = std::move(free),
          .tiers = {{.price = rate("80"), .nodes = nodes}},
          .share = rate("10")};
}

Limit most(std::string_view text) {
  return {.budget = "b", .cap = RateCap{rate(text)}};
}

std::string told(const std::vector<Claim>& claims, const std::vector<PoolSupply>& pools,
                 const std::vector<Limit>& limits = {}) {
  std::string text;
  for (const auto& grant : arbitrate(claims, pools, limits, now).grants) {
    text += std::to_string(grant.granted);
    if (grant.refusal == Refusal::Budget) text += "B" + std::to_string(*grant.limit);
    if (grant.refusal == Refusal::Pool) text += "P";
    if (grant.refusal == Refusal::Unpriced) text += "U";
    if (grant.refusal == Refusal::Others) text += "O" + std::to_string(*grant.limit);
    text += " ";
  }
  return text;
}

TEST(Arbitration, FillsNodesThatAreThereBeforeItAddsOne) {
  const std::vector claims = {Claim{.policy = "a", .accelerators = 4, .wanted = 3}};
  const std::vector pools = {pool(2, {0, 0, 0, 0, 1})};
  const auto arbitration = arbitrate(claims, pools, {}, now);
  EXPECT_EQ(arbitration.grants[0].granted, 3);
  EXPECT_THAT(arbitration.new_nodes, ElementsAre(ElementsAre(1)));
}

TEST(Arbitration, AReplicaOfFourDoesNotFitTwoAndTwo) {
  const std::vector claims = {Claim{.policy = "a", .accelerators = 4, .wanted = 1}};
  EXPECT_EQ(told(claims, {pool(0, {0, 0, 2})}), "0P ");
  EXPECT_EQ(told(claims, {pool(0, {0, 0, 0, 0, 1})}), "1 ");
}

TEST(Arbitration, AGangTakesWholeNodes) {
  const std::vector claims = {Claim{.policy = "a", .accelerators = 16, .wanted = 2}};
  const std::vector pools = {pool(2, {0, 0, 0, 0, 1, 0, 0, 0, 1})};
  EXPECT_EQ(told(claims, pools), "1P ");
  EXPECT_THAT(arbitrate(claims, pools, {}, now).new_nodes, ElementsAre(ElementsAre(1)));
}

/// "granted of reachable" of each claim.
std::string reached(const std::vector<Claim>& claims, const std::vector<PoolSupply>& pools,
                    const std::vector<Limit>& limits = {}) {
  std::string text;
  for (const auto& grant : arbitrate(claims, pools, limits, now).grants)
    text += std::to_string(grant.granted) + " of " + std::to_string(grant.reachable) + "  ";
  return text;
}

TEST(Arbitration, TellsHowFarEachMightGoAlone) {
  const Claim a{.policy = "a", .accelerators = 8, .wanted = 1, .reach = 9};
  const Claim b{.policy = "b", .accelerators = 4, .reach = 9};
  const Claim c{.policy = "c", .accelerators = 4, .wanted = 1};
  EXPECT_EQ(reached({a, b, c}, {pool(4)}), "1 of 3  0 of 5  1 of 1  ");
  auto limited = pool(4);
  limited.limits = {0};
  EXPECT_EQ(reached({a, b, c}, {limited}, {most("160")}), "1 of 1  0 of 1  1 of 1  ")
      << "half of the second node is free, and there is no money for a third";
  EXPECT_EQ(reached({a, b}, {limited}, {most("79")}), "0 of 0  0 of 0  ");
}

TEST(Arbitration, TheReachEndsAtTheOwnLimits) {
  auto own = Claim{.policy = "a", .accelerators = 4, .replicas = 1, .wanted = 1, .reach = 9};
  own.limits = {0};
  EXPECT_EQ(reached({own}, {pool(9)}, {most("125")}), "1 of 3  ") << "40 $/h each";
  own.reach = 2;
  EXPECT_EQ(reached({own}, {pool(9)}, {most("125")}), "1 of 2  ");
}

TEST(Arbitration, TheBudgetGrantsOneOfTwoNodes) {
  auto node_limited = pool(9);
  node_limited.limits = {0};
  const std::vector claims = {Claim{.policy = "a", .accelerators = 8, .wanted = 2}};
  EXPECT_EQ(told(claims, {node_limited}, {most("100")}), "1B0 ");
}

TEST(Arbitration, ATenantPaysItsShareAndThePoolTheNode) {
  auto node_limited = pool(9);
  node_limited.limits = {0};
  const std::vector claims = {Claim{.policy = "a", .accelerators = 1, .wanted = 20, .limits = {1}}};
  // 160 for nodes is two of them; 50 for the tenant is five accelerators.
  EXPECT_EQ(told(claims, {node_limited}, {most("160"), most("50")}), "5B1 ");
  EXPECT_EQ(told(claims, {node_limited}, {most("160"), most("500")}), "16B0 ");
}

TEST(Arbitration, PriorityGoesFirstAndWhatIsProtectedBeforeIt) {
  const std::vector claims = {
      Claim{.policy = "low", .wanted = 8, .protected_replicas = 2, .priority = 0},
      Claim{.policy = "high", .wanted = 8, .priority = 10}};
  EXPECT_EQ(told(claims, {pool(1)}), "2P 6P ");
}

TEST(Arbitration, EqualsShareByWeightWithWhatTheyHave) {
  const std::vector claims = {Claim{.policy = "a", .wanted = 20, .weight = 3},
                              Claim{.policy = "b", .wanted = 20, .weight = 1}};
  EXPECT_EQ(told(claims, {pool(1)}), "6P 2P ");
  const std::vector late = {Claim{.policy = "a", .replicas = 6, .wanted = 20},
                            Claim{.policy = "b", .wanted = 20}};
  EXPECT_EQ(told(late, {pool(1)}), "1P 7P ");
}

TEST(Arbitration, WhoIsRefusedDoesNotBlockOthers) {
  const std::vector claims = {
      Claim{.policy = "a", .accelerators = 8, .wanted = 1, .priority = 10, .limits = {0}},
      Claim{.policy = "b", .accelerators = 1, .wanted = 3, .limits = {0}}};
  EXPECT_EQ(told(claims, {pool(1)}, {most("35")}), "0B0 3 ");
}

TEST(Arbitration, PaidNodesComeFirstAndUnpricedOnesNever) {
  PoolSupply tiers{.per_node = 1,
                   .tiers = {{.price = HourlyRate(), .nodes = 1},
                             {.price = std::nullopt, .nodes = 5},
                             {.price = rate("2"), .nodes = 1}},
                   .share = rate("2"),
                   .limits = {0}};
  const std::vector claims = {Claim{.policy = "a", .wanted = 4}};
  EXPECT_EQ(told(claims, {tiers}, {most("100")}), "2U ");
  EXPECT_THAT(arbitrate(claims, std::vector{tiers}, std::vector{most("100")}, now).new_nodes,
              ElementsAre(ElementsAre(1, 0, 1)));
  auto full = most("100");
  full.frozen = true;
  EXPECT_EQ(told(claims, {tiers}, {full}), "1B0 ");
}

TEST(Arbitration, WhatFitsNoNodeOfATierGoesToTheNext) {
  const PoolSupply supply{
      .per_node = 8,
      .tiers = {{.price = rate("10"), .nodes = 9, .accelerators = 4},
                {.price = rate("80"), .nodes = 1}}};
  const auto added = [&](std::int64_t accelerators, std::int64_t wanted) {
    const std::vector claims = {
        Claim{.policy = "a", .accelerators = accelerators, .wanted = wanted}};
    return arbitrate(claims, std::vector{supply}, {}, now).new_nodes[0];
  };
  EXPECT_THAT(added(8, 2), ElementsAre(0, 1));
  EXPECT_THAT(added(5, 1), ElementsAre(0, 1));
  EXPECT_THAT(added(16, 1), ElementsAre(0, 0));
  EXPECT_THAT(added(2, 3), ElementsAre(2, 0));
}

TEST(Arbitration, ALateNodeIsTakenWhereNoOtherHasRoom) {
  auto supply = pool(1, {0, 0, 0, 0, 0, 0, 0, 0, 1});
  supply.late_nodes = {0, 0, 0, 0, 1};
  supply.tiers[0].late = true;
  const auto late = [&](std::int64_t accelerators) {
    const std::vector claims = {
        Claim{.policy = "a", .accelerators = accelerators, .wanted = 9}};
    const auto grant = arbitrate(claims, std::vector{supply}, {}, now).grants[0];
    return std::pair(grant.granted, grant.late);
  };
  EXPECT_EQ(late(4), std::pair(5L, 3L)) << "on what is ready, what comes, and what is asked for";
  EXPECT_EQ(late(8), std::pair(2L, 1L));
  EXPECT_EQ(late(16), std::pair(1L, 1L)) << "one of its two nodes";
}

TEST(Arbitration, WhoAvoidsSpotIsPlacedOnNoneAndGetsNone) {
  PoolSupply mixed{.per_node = 8,
                   .free_nodes = {0, 0, 0, 0, 1},
                   .free_spot_nodes = {0, 0, 0, 0, 0, 0, 0, 0, 2},
                   .tiers = {{.price = rate("20"), .nodes = 3, .spot = true},
                             {.price = rate("80"), .nodes = 1}}};
  const std::vector firm = {
      Claim{.policy = "a", .accelerators = 4, .wanted = 9, .avoids_spot = true}};
  EXPECT_EQ(told(firm, {mixed}), "3P ");
  EXPECT_THAT(arbitrate(firm, std::vector{mixed}, {}, now).new_nodes,
              ElementsAre(ElementsAre(0, 1)));
  const std::vector gang = {
      Claim{.policy = "a", .accelerators = 16, .wanted = 1, .avoids_spot = true}};
  EXPECT_EQ(told(gang, {mixed}), "0P ");
  const std::vector any = {Claim{.policy = "a", .accelerators = 16, .wanted = 1}};
  EXPECT_EQ(told(any, {mixed}), "1 ");
}

TEST(Arbitration, NodesThatComeInStepsAreTakenAndPaidInSteps) {
  PoolSupply zones{
      .per_node = 1, .tiers = {{.price = rate("2"), .nodes = 7, .step = 3}}, .limits = {0}};
  const std::vector claims = {Claim{.policy = "a", .wanted = 9}};
  EXPECT_EQ(told(claims, {zones}, {most("11")}), "3B0 ");
  EXPECT_EQ(told(claims, {zones}, {most("100")}), "6P ");
  EXPECT_THAT(arbitrate(claims, std::vector{zones}, std::vector{most("100")}, now).new_nodes,
              ElementsAre(ElementsAre(6)));
}

TEST(Arbitration, SaysWhatIsLeftOfEachPool) {
  const std::vector claims = {Claim{.policy = "a", .accelerators = 3, .wanted = 2}};
  auto supply = pool(1, {0, 0, 0, 0, 1});
  supply.free_spot_nodes = {2};
  const auto left = arbitrate(claims, std::vector{supply}, {}, now);
  EXPECT_THAT(left.free_nodes, ElementsAre(ElementsAre(0, 1, 0, 0, 0, 1, 0, 0, 0)));
  EXPECT_THAT(left.free_spot_nodes, ElementsAre(ElementsAre(2, 0, 0, 0, 0, 0, 0, 0, 0)));
}

/// Two nodes that are paid anyway may come, and four on demand at 20. It knows its places.
PoolSupply committed_and_on_demand() {
  return {.per_node = 8,
          .tiers = {{.price = HourlyRate(), .nodes = 2}, {.price = rate("20"), .nodes = 4}},
          .share = rate("2.5"),
          .places = std::vector<Places>()};
}

Places places(std::string_view share, std::int64_t nodes, bool spot = false) {
  return {.share = rate(share), .spot = spot, .nodes = {0, 0, 0, 0, 0, 0, 0, 0, nodes}};
}

TEST(Arbitration, AShareOfWhatIsPaidAnywayCostsNothingMore) {
  const auto supply = committed_and_on_demand();
  const std::vector claims = {
      Claim{.policy = "a", .accelerators = 8, .wanted = 4, .reach = 6, .limits = {0}}};
  EXPECT_EQ(told(claims, {supply}, {most("15")}), "2B0 ");
  EXPECT_EQ(told(claims, {supply}, {most("25")}), "3B0 ");
  EXPECT_EQ(told(claims, {supply}, {most("80")}), "4 ");
  auto frozen = most("100");
  frozen.frozen = true;
  EXPECT_EQ(told(claims, {supply}, {frozen}), "2B0 ");
  const std::vector limits = {most("15")};
  const auto grant = arbitrate(claims, std::vector{supply}, limits, now).grants[0];
  EXPECT_EQ(grant.price, rate("20"));
  EXPECT_EQ(grant.reachable, 2);
}

TEST(Arbitration, ReachesOnWhatIsPaidAnyway) {
  const std::vector claims = {
      Claim{.policy = "a", .accelerators = 8, .reach = 9, .limits = {0}},
      Claim{.policy = "b", .accelerators = 8, .reach = 9}};
  const std::vector limits = {most("45")};
  const auto result =
      arbitrate(claims, std::vector{committed_and_on_demand()}, limits, now);
  EXPECT_EQ(result.grants[0].reachable, 4);
  EXPECT_EQ(result.grants[1].reachable, 6);
}

TEST(Arbitration, AShareOfSpotCostsWhatSpotDoes) {
  PoolSupply supply{.per_node = 8,
                    .tiers = {{.price = rate("3"), .nodes = 4, .spot = true},
                              {.price = rate("10"), .nodes = 4}},
                    .share = rate("1.25"),
                    .places = std::vector<Places>()};
  std::vector claims = {Claim{.policy = "a", .accelerators = 8, .wanted = 8, .limits = {0}}};
  EXPECT_EQ(told(claims, {supply}, {most("7")}), "2B0 ");
  EXPECT_EQ(told(claims, {supply}, {most("27")}), "5B0 ");
  claims[0].avoids_spot = true;
  EXPECT_EQ(told(claims, {supply}, {most("27")}), "2B0 ");
}

/// Which of them it gets is not ours to say.
TEST(Arbitration, AShareCostsWhatTheDearestOfTheFreePlacesDoes) {
  auto supply = committed_and_on_demand();
  supply.tiers.clear();
  supply.free_nodes = {0, 0, 0, 0, 0, 0, 0, 0, 2};
  supply.places = {places("2.5", 1), places("0", 1)};
  std::vector claims = {Claim{.policy = "a", .accelerators = 8, .wanted = 2, .limits = {0}}};
  EXPECT_EQ(told(claims, {supply}, {most("15")}), "0B0 ");
  EXPECT_EQ(told(claims, {supply}, {most("25")}), "2 ") << "one of them is paid anyway";
  supply.free_nodes.back() = 1;
  claims[0].waiting = 1;
  auto limit = most("25");
  limit.rate = rate("20");
  EXPECT_EQ(told(claims, {supply}, {limit}), "1P ") << "the one that waits has been charged";
  supply.places = {{.share = rate("2.5"), .nodes = {0, 0, 0, 1, 0, 0, 0, 0, 0}}, places("0", 1)};
  claims[0].waiting = 0;
  EXPECT_EQ(told(claims, {supply}, {most("15")}), "1P ") << "it fits on one of them alone";
}

/// Its pod might find the place of those who wait, and leave them the dear one.
TEST(Arbitration, NoDearNodeIsAddedWhileOthersWaitForACheapOneThatCannotPayIt) {
  const auto supply = committed_and_on_demand();
  std::vector claims = {
      Claim{.policy = "a", .accelerators = 8, .wanted = 2, .priority = 10, .limits = {0}},
      Claim{.policy = "b", .accelerators = 8, .wanted = 2}};
  EXPECT_EQ(told(claims, {supply}, {most("15")}), "2 0O0 ");
  EXPECT_EQ(told(claims, {supply}, {most("25")}), "2 1O0 ");
  EXPECT_EQ(told(claims, {supply}, {most("40")}), "2 2 ");
  auto waits = supply;
  waits.free_nodes = {0, 0, 0, 0, 0, 0, 0, 0, 1};
  waits.places = {places("0", 2)};
  waits.tiers.erase(waits.tiers.begin());
  claims[0].wanted = 0;
  claims[0].waiting = 1;
  EXPECT_EQ(told(claims, {waits}, {most("15")}), "0 1O0 ");
  claims[0].waiting = 0;
  EXPECT_EQ(told(claims, {waits}, {most("15")}), "0 2 ");
}

/// Work that fits is granted although a cheaper catalogue would have served another first: the law
/// that cheaper never yields fewer replicas holds for each policy alone and for all together where
/// replicas are alike, not for each of several unlike ones (docs/MONEY.md).
TEST(Arbitration, ACheaperCatalogueCanServeALargerReplicaFirst) {
  const auto at = [](std::string_view a, std::string_view b) {
    PoolSupply large{.tiers = {{.price = rate(a), .nodes = 1}}, .share = rate(a)};
    PoolSupply small{.tiers = {{.price = rate(b), .nodes = 9}}, .share = rate(b)};
    const std::vector claims = {Claim{.policy = "a", .pool = 0, .wanted = 1, .limits = {0}},
                                Claim{.policy = "b", .pool = 1, .wanted = 9, .limits = {0}}};
    return told(claims, {large, small}, {most("10")});
  };
  EXPECT_EQ(at("9", "2"), "0B0 5B0 ");
  EXPECT_EQ(at("4.95", "1.1"), "1 4B0 ");
}

}  // namespace
}  // namespace poolscaler::money
