// Budgets of tenants and caps of policies in pools whose nodes do not all cost the same: a replica
// is reckoned at the nodes that it can really land on, and is told at what its nodes cost.

#include <gmock/gmock.h>

#include "pool_rounds.hpp"

namespace poolscaler::testing {
namespace {

using ::testing::HasSubstr;

json group(const std::string& object, const std::string& type, const std::string& price) {
  return {{"name", object},
          {"backendRef",
           {{"apiVersion", "cluster.x-k8s.io/v1beta2"},
            {"kind", "MachineDeployment"},
            {"namespace", "team"},
            {"name", object}}},
          {"capacityType", type},
          {"maxNodes", type == "Reserved" ? 2 : 4},
          {"price", price}};
}

/// Pods go to nodes in the order of their names: to those of `a` before those of `b`.
class SharesInRounds : public PoolsInRounds {
 protected:
  void pool_of(const json& groups) {
    for (const auto& one : groups) world.cluster->add_group(one["name"], 0);
    auto spec = pool_spec(4, "20");
    spec["nodeGroups"] = groups;
    world.cluster->add_pool("h100", spec);
    world.cluster->add_gpu_deployment(web, 0, 8);
    waiting(0);
  }
  void budget(const std::string& amount) {
    world.cluster->add_budget(
        "shop", {{"selector", {{"namespaces", {"shop"}}}},
                 {"limits", json::array({{{"name", "r"}, {"mode", "Rate"}, {"amount", amount}}})}});
  }
  void policy(const json& cost = json::object()) {
    auto spec = pool_policy("web", 0, 10);
    if (!cost.empty()) spec["cost"] = cost;
    world.cluster->add_policy(web, spec);
  }
  json cost() { return world.cluster->status(web)["cost"]; }
  std::string limited() { return condition("Limited")["message"].get<std::string>(); }

  const json committed_first = json::array({group("b", "Reserved", "40"),
                                            group("a", "OnDemand", "20")});
};

TEST_F(SharesInRounds, ABudgetOfANamespaceAdmitsWhatIsPaidAnyway) {
  pool_of(committed_first);
  budget("15");
  policy();
  waiting(40);
  live(3 * minute);
  EXPECT_EQ(replicas(), 2);
  EXPECT_EQ(world.cluster->group_replicas("a"), 0);
  EXPECT_EQ(world.cluster->budget_status("shop")["rate"], "0");
  EXPECT_EQ(cost()["hourly"], "0");
  EXPECT_THAT(limited(), HasSubstr("0.00 of 15.00 an hour; one more costs 20.00, more than it "
                                   "allows at all: raise the amount"));
}

TEST_F(SharesInRounds, SoDoesTheCapOfAPolicy) {
  pool_of(committed_first);
  policy({{"maxHourly", "25"}});
  waiting(40);
  live(3 * minute);
  EXPECT_EQ(replicas(), 3);
  EXPECT_EQ(cost()["hourly"], "20");
  EXPECT_THAT(limited(), HasSubstr("at 20.00 an hour each, 0 granted"));
  EXPECT_THAT(limited(), HasSubstr("may resume when the rate has fallen"));
}

TEST_F(SharesInRounds, SpotIsReckonedAndToldAtItsPrice) {
  pool_of(json::array({group("a", "Spot", "3"), group("b", "OnDemand", "10")}));
  budget("7");
  policy();
  waiting(40);
  live(3 * minute);
  EXPECT_EQ(replicas(), 2);
  EXPECT_EQ(cost()["hourly"], "6");
  EXPECT_EQ(world.cluster->budget_status("shop")["rate"], "6");
}

TEST_F(SharesInRounds, AnIdleNodeThatIsPaidAnywayIsUsedBesideADearOne) {
  pool_of(json::array({group("a", "OnDemand", "20")}));
  budget("25");
  policy();
  waiting(10);
  live(minute);
  ASSERT_EQ(cost()["hourly"], "20");
  auto spec = pool_spec(4, "20");
  spec["nodeGroups"] = committed_first;
  world.cluster->add_group("b", 0);
  world.cluster->add_pool("h100", spec);
  live(minute);
  waiting(40);
  live(3 * minute);
  EXPECT_EQ(replicas(), 3) << "one is on demand, two are on what is paid anyway";
  EXPECT_EQ(cost()["hourly"], "20");
}

/// Their pods would find the nodes of those who cannot pay for others.
TEST_F(SharesInRounds, WhoMayPayWaitsUntilTheOthersHaveTheirNodes) {
  pool_of(committed_first);
  policy({{"maxHourly", "15"}, {"priority", 10}});
  const ObjectKey lab{"shop", "lab"};
  world.cluster->add_gpu_deployment(lab, 0, 8);
  auto spec = pool_policy("lab", 0, 10);
  spec["signals"] = pool_policy("web", 0, 10)["signals"];
  world.cluster->add_policy(lab, spec);
  waiting(20);
  for (int i = 0; i < 180; ++i) {
    live(second);
    ASSERT_EQ(world.cluster->status(web).value("/cost/hourly"_json_pointer, "0"), "0");
  }
  EXPECT_EQ(replicas(), 2);
  EXPECT_EQ(world.cluster->replicas(lab), 2);
  EXPECT_EQ(world.cluster->status(lab)["cost"]["hourly"], "40");
}

}  // namespace
}  // namespace poolscaler::testing
