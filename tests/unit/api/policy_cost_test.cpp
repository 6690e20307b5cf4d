#include <gmock/gmock.h>

#include "unit/api/policies.hpp"

namespace poolscaler {
namespace {

using api::read_scaling_policy;
using testing::HasSubstr;
using testing::StartsWith;

std::string refused_cost(const std::string& patch) {
  const auto policy = read_scaling_policy(policy_with(patch), api::UnknownFields::Report);
  return policy ? "accepted\n" : text_of(policy.error());
}

TEST(PolicyCost, IsNothingUnlessThePolicyDrawsOnAPool) {
  const auto policy = read_scaling_policy(policy_with());
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->pool, "");
  EXPECT_FALSE(policy->accelerators_per_replica);
  EXPECT_FALSE(policy->cost.max_hourly || policy->cost.max_daily || policy->cost.max_monthly ||
               policy->cost.max_added_hourly);
  EXPECT_EQ(policy->cost.weight, 1);
  EXPECT_EQ(policy->cost.spot, SpotUse::Allowed);
}

TEST(PolicyCost, IsReadWithEveryField) {
  const auto policy = read_scaling_policy(
      policy_with("{poolRef: {name: h100}, acceleratorsPerReplica: 8, cost: {maxHourly: '120', "
                  "maxDaily: '1500', maxMonthly: '30000', maxAddedHourly: '60.5', priority: -7, "
                  "weight: 3, protectedReplicas: 2, spot: Never}}"),
      api::UnknownFields::Report);
  ASSERT_TRUE(policy) << text_of(policy.error());
  EXPECT_EQ(policy->pool, "h100");
  EXPECT_EQ(policy->accelerators_per_replica, 8);
  EXPECT_EQ(policy->cost.max_hourly, parse_hourly_rate("120").value());
  EXPECT_EQ(policy->cost.max_daily, parse_amount("1500").value());
  EXPECT_EQ(policy->cost.max_monthly, parse_amount("30000").value());
  EXPECT_EQ(policy->cost.max_added_hourly, parse_hourly_rate("60.5").value());
  EXPECT_EQ(policy->cost.priority, -7);
  EXPECT_EQ(policy->cost.weight, 3);
  EXPECT_EQ(policy->cost.protected_replicas, 2);
  EXPECT_EQ(policy->cost.spot, SpotUse::Never);
}

TEST(PolicyCost, IsRefusedWithWhatIsWrong) {
  EXPECT_THAT(refused_cost("{cost: {priority: 1}}"),
              StartsWith("spec.cost must come with `poolRef`: name the AcceleratorPool"));
  EXPECT_THAT(refused_cost("{acceleratorsPerReplica: 1}"),
              StartsWith("spec.acceleratorsPerReplica is 1, must come with `poolRef`"));
  const auto cost = [](const std::string& fields) {
    return refused_cost("{poolRef: {name: h100}, cost: {" + fields + "}}");
  };
  EXPECT_THAT(cost("protectedReplicas: 11"),
              StartsWith("spec.cost.protectedReplicas is 11, must be at most `maxReplicas`"));
  EXPECT_EQ(cost("protectedReplicas: 10"), "accepted\n");
  for (const auto* field : {"maxHourly", "maxDaily", "maxMonthly", "maxAddedHourly"}) {
    EXPECT_THAT(cost(std::string(field) + ": '0'"), HasSubstr("must be above 0")) << field;
    EXPECT_THAT(cost(std::string(field) + ": '-3'"), HasSubstr("must be an amount")) << field;
  }
  EXPECT_THAT(cost("weight: 0"), HasSubstr("must be at least 1"));
  EXPECT_THAT(cost("spot: Always"), HasSubstr("must be one of Never, Allowed, Preferred"));
}

}  // namespace
}  // namespace poolscaler
