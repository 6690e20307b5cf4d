// Nodes and objects that several groups claim, through the rounds: billed once, and nothing grows.

#include <gmock/gmock.h>

#include <fmt/format.h>

#include "pool_rounds.hpp"

namespace poolscaler::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(PoolsInRounds, PoolsThatCountOnOneObjectGrowNeither) {
  set_up();
  auto thief = pool_spec(5, "0.5");
  thief["nodeGroups"][0]["backendRef"]["apiVersion"] = "cluster.x-k8s.io/v1beta1";
  world.cluster->add_pool("thief", thief);
  waiting(50);
  live(20 * second);
  EXPECT_EQ(asked(), 0);
  EXPECT_EQ(replicas(), 0);
  EXPECT_EQ(pool_condition("Ready")["reason"], "NodesAmbiguous");
  EXPECT_THAT(pool_condition("Ready")["message"].get<std::string>(),
              HasSubstr("is behind groups of several pools: 'h100', 'thief'"));
}

/// Two nodes are in use, somebody declares them once more, and more is wanted.
class NodesOfTwo : public PoolsInRounds {
 protected:
  NodesOfTwo() {
    set_up();
    world.cluster->add_budget("all", {{"limits", json::array({{{"name", "rate"},
                                                              {"mode", "Rate"},
                                                              {"amount", "1000"}}})}});
    waiting(20);
    live(20 * second);
    EXPECT_EQ(world.cluster->node_count(), 2U);
  }
  void expect_two_stay_on_the_bill() {
    waiting(50);
    live(90 * second);
    EXPECT_EQ(asked(), 2);
    EXPECT_EQ(replicas(), 2);
    const auto all = world.cluster->budget_status("all");
    EXPECT_EQ(all["rate"], "65.54");
    EXPECT_EQ(all["doubtfulNodes"], 2);
    EXPECT_EQ(condition_of(all, "PricesKnown")["reason"], "NodesAmbiguous");
    const auto h100 = world.cluster->pool_status("h100");
    EXPECT_EQ(h100["nodes"]["total"], 2);
    EXPECT_EQ(h100["cost"]["hourly"], "65.54");
    waiting(0);
    live(5 * minute);
    EXPECT_EQ(replicas(), 0);
    EXPECT_EQ(asked(), 2) << "nobody knows whose nodes they are";
    EXPECT_EQ(world.cluster->node_count(), 2U);
  }
};

TEST_F(NodesOfTwo, WhoseObjectASecondPoolNamesStayOnTheBill) {
  world.cluster->add_pool("aaa", pool_spec(5, "0.5"));
  expect_two_stay_on_the_bill();
  for (const auto* name : {"aaa", "h100"}) {
    const auto ready = condition_of(world.cluster->pool_status(name), "Ready");
    EXPECT_EQ(ready["reason"], "NodesAmbiguous") << name;
    EXPECT_THAT(ready["message"].get<std::string>(),
                AllOf(HasSubstr("is behind groups of several pools: 'aaa', 'h100'"),
                      HasSubstr("let one pool alone name it")));
  }
}

TEST_F(NodesOfTwo, ThatASecondPoolSelectsKeepTheirPriceAndNeitherGrows) {
  auto spec = pool_spec(5, "0.01");
  auto& group = spec["nodeGroups"][0];
  group.erase("backendRef");
  group["nodeSelector"] = json::array({{{"key", "made-by"}, {"value", "h100"}}});
  world.cluster->add_pool("aaa", spec);
  expect_two_stay_on_the_bill();
  for (const auto* name : {"aaa", "h100"}) {
    const auto ready = condition_of(world.cluster->pool_status(name), "Ready");
    EXPECT_EQ(ready["status"], "False") << name;
    EXPECT_EQ(ready["reason"], "NodesAmbiguous") << name;
    const auto* other = std::string(name) == "aaa" ? "h100" : "aaa";
    EXPECT_THAT(ready["message"].get<std::string>(),
                AllOf(HasSubstr(fmt::format("fit node group od of pool '{}', too", other)),
                      HasSubstr("exclude each other")));
  }
}

TEST_F(NodesOfTwo, GroupsOfOnePoolKeepTheDearestPriceAndNeitherGrows) {
  auto groups = pool_spec(5, "32.77")["nodeGroups"];
  groups.push_back({{"name", "cheap"},
                    {"maxNodes", 5},
                    {"price", "0.01"},
                    {"nodeSelector", json::array({{{"key", "made-by"}, {"value", "h100"}}})}});
  world.cluster->edit_pool("h100", {{"nodeGroups", groups}});
  expect_two_stay_on_the_bill();
  EXPECT_EQ(pool_condition("Ready")["reason"], "NodesAmbiguous");
}

}  // namespace
}  // namespace poolscaler::testing
