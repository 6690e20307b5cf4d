// Pods, nodes and money in one decision, through the rounds: from zero and back to zero, caps,
// nodes that leave, writes that fail, processes that die between any two writes, two leaders.

#include <gmock/gmock.h>

#include "pool_rounds.hpp"

namespace poolscaler::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(PoolsInRounds, PodsAndNodesAreAskedForInOneStep) {
  set_up();
  world.run_for(2 * second);
  waiting(15);
  world.clock.advance(second);
  world.step();
  world.pump();
  EXPECT_EQ(replicas(), 2);
  EXPECT_EQ(asked(), 2);
}

TEST_F(PoolsInRounds, FromZeroAndBackToZero) {
  set_up();
  live(5 * second);
  EXPECT_EQ(asked(), 0);
  waiting(25);
  live(20 * second);
  EXPECT_EQ(replicas(), 3);
  EXPECT_EQ(world.cluster->node_count(), 3U);
  const auto busy = world.cluster->pool_status("h100");
  EXPECT_EQ(busy["accelerators"]["allocated"], 24);
  waiting(0);
  live(5 * minute);
  EXPECT_EQ(replicas(), 0);
  EXPECT_EQ(asked(), 0);
  EXPECT_EQ(world.cluster->node_count(), 0U);
  EXPECT_THAT(world.cluster->removed_busy, IsEmpty());
}

TEST_F(PoolsInRounds, TheBudgetGrantsOneOfTwoNodesAndSaysSo) {
  set_up(2);
  world.cluster->add_budget("team-a", {{"limits", json::array({{{"name", "rate"},
                                                               {"mode", "Rate"},
                                                               {"amount", "100"}}})}});
  waiting(20);
  live(20 * second);
  ASSERT_EQ(world.cluster->node_count(), 2U);
  waiting(40);
  live(40 * second);
  EXPECT_EQ(replicas(), 3);
  EXPECT_EQ(asked(), 3);
  const auto limited = condition("Limited");
  EXPECT_EQ(limited["reason"], "CappedByBudget");
  EXPECT_THAT(limited["message"].get<std::string>(), HasSubstr("budget team-a"));
  EXPECT_THAT(limited["message"].get<std::string>(), HasSubstr("of 100.00 an hour"));
  const auto writes = world.cluster->group_writes.size();
  live(2 * minute);
  EXPECT_EQ(asked(), 3);
  EXPECT_EQ(world.cluster->group_writes.size(), writes);
}

TEST_F(PoolsInRounds, ThePolicyIsToldHowManyItMayHave) {
  const auto told = [this] {
    return world.cluster->status(web).value("effectiveMaxReplicas", -1);
  };
  set_up(1);
  waiting(10);
  live(90 * second);
  EXPECT_EQ(told(), 5) << "of maxReplicas 10 the pool has nodes for five";
  EXPECT_THAT(world.metrics.text(),
              HasSubstr("poolscaler_policy_effective_max_replicas{policy_namespace=\"shop\","
                        "policy=\"web\"} 5\n"));
  world.cluster->add_budget("team-a", {{"limits", json::array({{{"name", "rate"},
                                                               {"mode", "Rate"},
                                                               {"amount", "100"}}})}});
  live(90 * second);
  EXPECT_EQ(told(), 3);
  world.cluster->add_budget("team-b", {{"limits", json::array({{{"name", "rate"},
                                                               {"mode", "Rate"},
                                                               {"amount", "20"}}})}});
  live(90 * second);
  EXPECT_EQ(told(), 1) << "what is there stays: Freeze takes nothing";
  EXPECT_EQ(replicas(), 1);
}

TEST_F(PoolsInRounds, WhoIsCappedGoesOnWhenThereIsRoomAgain) {
  set_up(0, 1);
  waiting(20);
  live(40 * second);
  EXPECT_EQ(replicas(), 1);
  EXPECT_EQ(condition("Limited")["reason"], "CappedByPool");
  auto groups = pool_spec(2, "32.77")["nodeGroups"];
  world.cluster->edit_pool("h100", {{"nodeGroups", groups}});
  live(3 * second);
  EXPECT_EQ(replicas(), 2) << "at once, not with its next period";
}

TEST_F(PoolsInRounds, AnUnknownPriceLetsNothingGrow) {
  set_up();
  auto groups = pool_spec(5, "32.77")["nodeGroups"];
  groups[0].erase("price");
  world.cluster->edit_pool("h100", {{"nodeGroups", groups}});
  waiting(20);
  live(30 * second);
  EXPECT_EQ(replicas(), 0);
  EXPECT_EQ(condition("Limited")["reason"], "PriceUnknown");
  EXPECT_EQ(pool_condition("PricesKnown")["status"], "False");
}

TEST_F(PoolsInRounds, APoolThatDoesNotExistIsSaidAndNothingGrows) {
  world.cluster->add_gpu_deployment(web, 1, 8);
  world.cluster->add_policy(web, pool_policy("web", 0, 10));
  waiting(50);
  live(20 * second);
  EXPECT_EQ(replicas(), 1);
  EXPECT_EQ(condition("Limited")["reason"], "PoolNotFound");
}

TEST_F(PoolsInRounds, APodThatIsLargerThanANodeAsksForNone) {
  set_up(2);
  world.cluster->add_gpu_deployment(web, 2, 16);
  waiting(30);
  live(Seconds(40));
  EXPECT_EQ(asked(), 0);
  EXPECT_EQ(replicas(), 2);
  EXPECT_EQ(condition("Limited")["reason"], "CappedByPool");
  EXPECT_THAT(condition("Limited")["message"].get<std::string>(),
              HasSubstr("its pod asks for 16 nvidia.com/gpu and a node of pool h100 has 8: "));
}

TEST_F(PoolsInRounds, AGroupWithoutItsObjectIsSaidAndOthersAreAsked) {
  set_up();
  auto groups = pool_spec(5, "32.77")["nodeGroups"];
  groups.push_back(groups[0]);
  groups[0]["name"] = "missing";
  groups[0]["backendRef"]["name"] = "nobody";
  groups[0]["price"] = "1";
  world.cluster->edit_pool("h100", {{"nodeGroups", groups}});
  waiting(10);
  live(20 * second);
  EXPECT_EQ(asked(), 1);
  EXPECT_EQ(pool_condition("Ready")["reason"], "GroupNotFound");
  EXPECT_THAT(pool_condition("Ready")["message"].get<std::string>(),
              HasSubstr("MachineDeployment team/nobody does not exist"));
}

TEST_F(PoolsInRounds, APoolWhoseNodesMayNotBeReadIsNotReadyAndNothingGrows) {
  set_up();
  waiting(10);
  live(20 * second);
  ASSERT_EQ(replicas(), 1);
  const Error forbidden{ErrorKind::Forbidden, "nodes is forbidden: User x cannot list"};
  world.state->nodes().failing(&forbidden);
  waiting(30);
  live(40 * second);
  EXPECT_EQ(replicas(), 1);
  EXPECT_EQ(asked(), 1);
  EXPECT_EQ(condition("Limited")["reason"], "NotReadable");
  EXPECT_EQ(pool_condition("Ready")["status"], "False");
  EXPECT_EQ(pool_condition("Ready")["reason"], "NotReadable");
  EXPECT_THAT(pool_condition("Ready")["message"].get<std::string>(),
              AllOf(HasSubstr("User x cannot list"), HasSubstr("list and watch nodes")));
  const auto told = world.cluster->pool_status("h100");
  live(3 * minute);
  EXPECT_EQ(world.cluster->pool_status("h100"), told) << "once";
  world.state->nodes().failing(nullptr);
  live(20 * second);
  EXPECT_EQ(replicas(), 3);
  EXPECT_EQ(pool_condition("Ready")["status"], "True");
}

TEST(PoolsBesideNamespaces, AreNotReadyAndNothingGrowsWhilePodsOfOthersAreNotRead) {
  FakeWorld world;
  world.cluster->served_ns = "shop";
  world.restart();
  world.cluster->add_group("h100", 1);
  world.cluster->add_pool("h100", pool_spec(5, "32.77"));
  world.cluster->add_node("h100", true);
  world.cluster->add_gpu_deployment(web, 0, 8);
  world.cluster->add_policy(web, pool_policy("web", 0, 10));
  world.reader.readings["shop/queue"] = value(10);
  world.run_for(20 * second);
  EXPECT_EQ(world.cluster->replicas(web), 0) << "who knows who else is on that node";
  EXPECT_EQ(world.cluster->condition(web, "Limited")["reason"], "NotReadable");
  const auto ready = world.cluster->pool_status("h100")["conditions"][0];
  EXPECT_EQ(ready["status"], "False");
  EXPECT_EQ(ready["reason"], "NotReadable");
  EXPECT_THAT(ready["message"].get<std::string>(),
              AllOf(HasSubstr("pods of other namespaces are not read"),
                    HasSubstr("nodeGroups.besideNamespaces")));
}

TEST_F(PoolsInRounds, WhatIsLeftOnAnIdleNodeIsEvictedFirst) {
  set_up(1);
  waiting(10);
  live(20 * second);
  world.cluster->add_helper_pod("h100-n1");
  world.cluster->budgets_of_pods_forbid = true;
  waiting(0);
  live(3 * minute);
  EXPECT_EQ(world.cluster->node_count(), 1U) << "its PodDisruptionBudget does not let it go";
  EXPECT_EQ(pool_condition("Draining")["status"], "True");
  live(3 * minute);
  EXPECT_EQ(pool_condition("Draining")["status"], "False");
  world.cluster->budgets_of_pods_forbid = false;
  live(15 * minute);
  EXPECT_EQ(world.cluster->node_count(), 0U);
  EXPECT_THAT(world.cluster->events, Contains(Field(&EventNote::reason, Reason::DrainTimedOut)));
}

TEST_F(PoolsInRounds, LoadThatComesBackGetsItsNodeBack) {
  set_up(1);
  waiting(10);
  live(20 * second);
  world.cluster->add_helper_pod("h100-n1");
  world.cluster->budgets_of_pods_forbid = true;
  waiting(0);
  live(150 * second);
  ASSERT_EQ(pool_condition("Draining")["status"], "True");
  waiting(10);
  live(10 * second);
  EXPECT_EQ(replicas(), 1);
  EXPECT_EQ(asked(), 1) << "no other node was asked for";
  EXPECT_EQ(world.cluster->group_writes.size(), 1U);
}

TEST_F(PoolsInRounds, AConflictIsPlannedAnewAndOthersAreTriedAgain) {
  set_up();
  live(2 * second);
  world.cluster->fail_next_group({ErrorKind::Conflict, "another version"});
  world.cluster->fail_next_group({ErrorKind::Unavailable, "no leader"});
  waiting(10);
  live(20 * second);
  EXPECT_EQ(asked(), 1);
  EXPECT_THAT(world.cluster->group_writes, SizeIs(1));
}

TEST_F(PoolsInRounds, ARefusedWriteIsToldUntilOneWorksAndTriedAgain) {
  set_up();
  for (int i = 0; i < 2; ++i)
    world.cluster->fail_next_group({ErrorKind::Forbidden, "no right to patch"});
  waiting(10);
  live(5 * second);
  EXPECT_EQ(pool_condition("Ready")["reason"], "WriteFailed");
  EXPECT_THAT(pool_condition("Ready")["message"].get<std::string>(),
              HasSubstr("no right to patch"));
  live(2 * minute);
  EXPECT_EQ(asked(), 1);
  EXPECT_EQ(pool_condition("Ready")["status"], "True");
}

TEST_F(PoolsInRounds, ALostAnswerAsksForNoSecondNode) {
  set_up();
  live(2 * second);
  world.cluster->fail_next_group({ErrorKind::TimedOut, "no answer in 5 s"}, true);
  waiting(10);
  live(30 * second);
  EXPECT_EQ(asked(), 1);
  EXPECT_EQ(world.cluster->node_count(), 1U);
}

TEST_F(PoolsInRounds, WhileAWriteIsNotShownNoOtherIsMade) {
  set_up();
  live(2 * second);
  waiting(10);
  world.clock.advance(second);
  world.cluster->hold_watches(true);
  world.run_for(5 * second);
  EXPECT_THAT(world.cluster->group_writes, SizeIs(1));
  EXPECT_EQ(asked(), 1);
  world.cluster->hold_watches(false);
  live(10 * second);
  EXPECT_THAT(world.cluster->group_writes, SizeIs(1));
}

TEST_F(PoolsInRounds, NodesThatNobodyNeedsAnyMoreAreTakenBackBeforeTheyCome) {
  set_up();
  live(2 * second);
  waiting(30);
  world.run_for(5 * second);
  ASSERT_EQ(asked(), 3);
  waiting(0);
  world.run_for(5 * minute, second);
  EXPECT_EQ(replicas(), 0);
  EXPECT_EQ(asked(), 0);
  EXPECT_EQ(world.cluster->node_count(), 0U);
  EXPECT_THAT(world.cluster->events,
              Contains(AllOf(Field(&EventNote::reason, Reason::NodesRemoved),
                             Field(&EventNote::note,
                                   HasSubstr("nobody needs 3 of those that have not come")))));
}

TEST_F(PoolsInRounds, ModeRecommendOfAPolicyTakesNothing) {
  set_up();
  auto spec = pool_policy("web", 0, 10);
  spec["mode"] = "Recommend";
  world.cluster->edit_policy(web, spec);
  waiting(20);
  live(20 * second);
  EXPECT_EQ(asked(), 0);
  EXPECT_EQ(world.cluster->status(web)["recommendedReplicas"], 2);
}

TEST_F(PoolsInRounds, ASteadyFleetWritesNothingButItsLedgers) {
  set_up(1);
  world.cluster->add_budget("all", {{"limits", json::array({{{"name", "day"},
                                                            {"mode", "Accrued"},
                                                            {"period", "Day"},
                                                            {"amount", "1000"}}})}});
  waiting(10);
  live(5 * minute);
  const auto statuses = world.cluster->status_writes;
  const auto pools = world.cluster->pool_status_writes;
  live(5 * minute);
  EXPECT_LE(world.cluster->pool_status_writes - pools, 6U);
  EXPECT_LE(world.cluster->status_writes - statuses, 12U);
  EXPECT_THAT(world.cluster->group_writes, SizeIs(1));
}

TEST_F(PoolsInRounds, TheLedgerGoesOnOverARestart) {
  set_up(1);
  world.cluster->add_budget("all", {{"limits", json::array({{{"name", "day"},
                                                            {"mode", "Accrued"},
                                                            {"period", "Day"},
                                                            {"amount", "1000"}}})}});
  waiting(10);
  live(10 * minute);
  const auto accrued = [&] {
    return parse_amount(world.cluster->budget_status("all")["limits"][0]["accrued"]
                            .get<std::string>())
        .value();
  };
  const auto before = accrued();
  EXPECT_GT(before, Amount());
  world.restart();
  live(10 * minute);
  // 20 minutes of one node.
  const auto whole = Amount::of(parse_hourly_rate("32.77").value().nano() / 3);
  EXPECT_LE(accrued(), whole);
  EXPECT_GE(accrued(), whole - Amount::of(parse_hourly_rate("2").value().nano()));
}

TEST_F(PoolsInRounds, WhoLosesTheLedgerToAnotherLeaderTakesUpWhatThatOneCounted) {
  set_up(1);
  world.cluster->add_budget("all", {{"limits", json::array({{{"name", "day"},
                                                            {"mode", "Accrued"},
                                                            {"period", "Day"},
                                                            {"amount", "1000"}}})}});
  waiting(10);
  live(3 * minute);
  const auto status = world.cluster->budget_status("all");
  world.cluster->hold_watches(true);
  world.cluster->write_budget_beside("all", status);  // the same count, in a newer version
  world.run_for(2 * minute);
  world.cluster->hold_watches(false);
  live(3 * minute);
  const auto accrued =
      parse_amount(world.cluster->budget_status("all")["limits"][0]["accrued"].get<std::string>())
          .value();
  EXPECT_LE(accrued, Amount::of(parse_hourly_rate("32.77").value().nano() * 8 / 60));
  EXPECT_GE(accrued, Amount::of(parse_hourly_rate("32.77").value().nano() * 6 / 60));
}

/// What a pool has cost today, by its status.
Amount billed_of(const json& status) {
  for (const auto& period : status["cost"]["ledger"]["periods"])
    if (period["kind"] == "Day") return parse_amount(period["bill"].get<std::string>()).value();
  return {};
}

TEST_F(PoolsInRounds, WhoLosesThePoolToAnotherLeaderTakesUpWhatThatOneCounted) {
  set_up(1);
  waiting(10);
  live(3 * minute);
  auto status = world.cluster->pool_status("h100");
  const auto writes = world.cluster->pool_status_writes;
  world.cluster->hold_watches(true);
  world.cluster->write_pool_beside("h100", status);  // the same count, in a newer version
  world.run_for(2 * minute);
  EXPECT_EQ(world.cluster->pool_status_writes, writes) << "a stale leader's write is refused";
  world.cluster->hold_watches(false);
  live(3 * minute);
  const auto billed = billed_of(world.cluster->pool_status("h100"));
  EXPECT_LE(billed, Amount::of(parse_hourly_rate("32.77").value().nano() * 8 / 60));
  EXPECT_GE(billed, Amount::of(parse_hourly_rate("32.77").value().nano() * 6 / 60));
}

TEST_F(PoolsInRounds, AWinnerThatWasSeenBeforeTheRefusalIsTakenUpAtOnce) {
  set_up(1);
  waiting(10);
  live(3 * minute);
  auto status = world.cluster->pool_status("h100");
  world.run_for(minute - second);
  for (int i = 0; i < 20; ++i) {
    world.step();  // its write waits, bound to the version before
    world.clock.advance(second);
  }
  world.cluster->write_pool_beside("h100", status);
  world.step();
  world.pump();
  const auto writes = world.cluster->pool_status_writes;
  live(2 * minute);
  EXPECT_GT(world.cluster->pool_status_writes, writes);
}

TEST_F(PoolsInRounds, ALedgerOfAPoolGoesOnOverARestart) {
  set_up(1);
  waiting(10);
  live(5 * minute);
  world.restart();
  live(5 * minute);
  const auto billed = billed_of(world.cluster->pool_status("h100"));
  EXPECT_LE(billed, Amount::of(parse_hourly_rate("32.77").value().nano() / 6));
  EXPECT_GE(billed, Amount::of(parse_hourly_rate("32.77").value().nano() / 8));
}

TEST_F(PoolsInRounds, AGroupThatGaveNoNodesIsLeftAloneAlsoAfterARestart) {
  set_up();
  live(2 * second);
  waiting(10);
  world.run_for(10 * minute, second);
  ASSERT_EQ(asked(), 1);
  world.restart();
  world.run_for(6 * minute, second);
  EXPECT_EQ(asked(), 0) << "fifteen minutes without a node, whoever waited";
  const auto writes = world.cluster->group_writes.size();
  world.restart();
  world.run_for(5 * minute, second);
  EXPECT_EQ(world.cluster->group_writes.size(), writes);
  EXPECT_EQ(world.cluster->pool_status("h100")["groups"][0]["refusals"], 1);
}

TEST_F(PoolsInRounds, ANodeThatWasIdleBeforeARestartLeavesAsSoon) {
  set_up(1);
  auto scale_down = json{{"idleAfterSeconds", 600}, {"drainTimeoutSeconds", 120}};
  world.cluster->edit_pool("h100", {{"scaleDown", scale_down}});
  waiting(10);
  live(20 * second);
  waiting(0);
  live(8 * minute);
  ASSERT_EQ(replicas(), 0);
  world.restart();
  live(5 * minute);
  EXPECT_EQ(world.cluster->node_count(), 0U);
  EXPECT_THAT(world.cluster->removed_busy, IsEmpty());
}

/// A process dies after each number of writes; its successor finishes the story, and nothing is
/// asked for twice.
TEST_F(PoolsInRounds, AProcessMayDieBetweenAnyTwoWrites) {
  for (int writes = 0; writes < 12; ++writes) {
    SCOPED_TRACE(writes);
    FakeWorld fresh;
    fresh.cluster->add_group("h100", 0);
    fresh.cluster->add_pool("h100", pool_spec(5, "32.77"));
    fresh.cluster->add_gpu_deployment(web, 0, 8);
    fresh.cluster->add_policy(web, pool_policy("web", 0, 10));
    int sent = 0;
    const auto act = [&](Millis time, double load) {
      fresh.reader.readings["shop/queue"] = value(load);
      for (Millis gone{0}; gone < time; gone += second) {
        fresh.step();
        while (fresh.writes->send_next({}))
          if (++sent == writes) {
            fresh.restart();
            break;
          }
        fresh.cluster->groups_act();
        fresh.cluster->schedule_pods();
        fresh.clock.advance(second);
        ASSERT_LE(fresh.cluster->node_count(), 2U);
      }
    };
    act(2 * second, 0);
    act(minute, 15);
    EXPECT_EQ(fresh.cluster->replicas(web), 2);
    EXPECT_EQ(fresh.cluster->node_count(), 2U);
    act(20 * minute, 0);
    EXPECT_EQ(fresh.cluster->replicas(web), 0);
    EXPECT_EQ(fresh.cluster->node_count(), 0U);
    EXPECT_THAT(fresh.cluster->removed_busy, IsEmpty());
  }
}

}  // namespace
}  // namespace poolscaler::testing
