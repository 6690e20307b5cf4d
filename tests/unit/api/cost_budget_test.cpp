#include <gmock/gmock.h>

#include "unit/api/policies.hpp"

namespace poolscaler {
namespace {

using api::read_cost_budget;
using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

/// The smallest valid budget, with `patch` (a JSON merge patch in YAML) on its spec.
json budget_with(const std::string& patch = "{}") {
  auto objects = api::read_yaml(R"(
metadata: {name: shop}
spec:
  limits: [{name: rate, mode: Rate, amount: '100'}]
---
)" + patch);
  auto budget = objects.value().at(0);
  budget["spec"].merge_patch(objects.value().at(1));
  return budget;
}

std::string refused_budget(const std::string& patch) {
  const auto budget = read_cost_budget(budget_with(patch), api::UnknownFields::Report);
  return budget ? "accepted\n" : text_of(budget.error());
}

TEST(CostBudgetReader, FillsInDefaults) {
  const auto budget = read_cost_budget(budget_with());
  ASSERT_TRUE(budget) << text_of(budget.error());
  EXPECT_EQ(budget->name, "shop");
  EXPECT_EQ(budget->currency, Currency());
  EXPECT_TRUE(budget->selector.selects_all());
  EXPECT_EQ(budget->zone->name(), "UTC");
  EXPECT_THAT(budget->thresholds, testing::ElementsAre(50, 80, 100));
  EXPECT_EQ(budget->on_limit, OnBudgetLimit::Freeze);
  EXPECT_EQ(budget->grace_seconds, 120);
  EXPECT_EQ(budget->resume_at_percent, 95);
  EXPECT_EQ(budget->cool_down_seconds, 600);
  EXPECT_EQ(budget->shed_step_max, 10);
  EXPECT_THAT(budget->cost_labels, testing::IsEmpty());
  ASSERT_EQ(budget->limits.size(), 1U);
  EXPECT_EQ(budget->limits[0].mode, LimitMode::Rate);
  EXPECT_EQ(budget->limits[0].amount, parse_amount("100").value());
  EXPECT_FALSE(budget->limits[0].burst_percent);
}

TEST(CostBudgetReader, ReadsEveryField) {
  const auto budget = read_cost_budget(
      budget_with("{currency: EUR, timeZone: Europe/Berlin, thresholds: [10, 90], onLimit: Shed, "
                  "graceSeconds: 300, resumeAtPercent: 80, coolDownSeconds: 60, "
                  "maxShedReplicas: 2, costLabels: [team, example.com/env], "
                  "selector: {namespaces: [shop, lab], pools: [h100], "
                  "policyLabels: [{key: team, value: chat}]}, "
                  "limits: [{name: monthly, mode: Accrued, period: Month, amount: '60000.5', "
                  "burstPercent: 150}]}"),
      api::UnknownFields::Report);
  ASSERT_TRUE(budget) << text_of(budget.error());
  EXPECT_EQ(budget->currency.code(), "EUR");
  EXPECT_EQ(budget->zone->name(), "Europe/Berlin");
  EXPECT_THAT(budget->thresholds, testing::ElementsAre(10, 90));
  EXPECT_EQ(budget->on_limit, OnBudgetLimit::Shed);
  EXPECT_EQ(budget->grace_seconds, 300);
  EXPECT_EQ(budget->resume_at_percent, 80);
  EXPECT_EQ(budget->cool_down_seconds, 60);
  EXPECT_EQ(budget->shed_step_max, 2);
  EXPECT_THAT(budget->cost_labels, testing::ElementsAre("team", "example.com/env"));
  EXPECT_THAT(budget->selector.namespaces, testing::ElementsAre("shop", "lab"));
  EXPECT_THAT(budget->selector.pools, testing::ElementsAre("h100"));
  EXPECT_EQ(budget->selector.policy_labels, (std::vector<LabelValue>{{"team", "chat"}}));
  EXPECT_EQ(budget->limits[0].mode, LimitMode::Accrued);
  EXPECT_EQ(budget->limits[0].period, BudgetPeriod::Month);
  EXPECT_EQ(budget->limits[0].amount, parse_amount("60000.5").value());
  EXPECT_EQ(budget->limits[0].burst_percent, 150);
}

TEST(CostBudgetReader, NamesWhatIsWrongWithALimit) {
  const auto limit = [](const std::string& fields) {
    return refused_budget("{limits: [{name: a, " + fields + "}]}");
  };
  EXPECT_THAT(limit("mode: Accrued, amount: '1'"),
              StartsWith("spec.limits[0].period must be set for `mode: Accrued`: choose Hour, Day "
                         "or Month"));
  EXPECT_THAT(limit("mode: Rate, period: Day, amount: '1'"),
              StartsWith("spec.limits[0].period is \"Day\", must be 'Hour' or left out"));
  EXPECT_EQ(limit("mode: Rate, period: Hour, amount: '1'"), "accepted\n");
  EXPECT_THAT(limit("mode: Rate, amount: '1', burstPercent: 150"),
              StartsWith("spec.limits[0].burstPercent is 150, must be left out for `mode: Rate`"));
  for (const auto* amount : {"'-1'", "NaN", "'1e9'", "'1000000000'", "'0.0000000001'", "'1,000'"})
    EXPECT_THAT(limit("mode: Rate, amount: " + std::string(amount)),
                StartsWith("spec.limits[0].amount is"))
        << amount;
  EXPECT_THAT(limit("mode: Rate, amount: '0'"), HasSubstr("must be above 0"));
  EXPECT_THAT(limit("mode: Rate, amount: 100"), HasSubstr("put it in quotes"));
  EXPECT_THAT(limit("mode: Total, amount: '1'"), HasSubstr("must be one of Rate, Accrued"));
  EXPECT_THAT(refused_budget("{limits: []}"), HasSubstr("must be at least 1 items"));
  EXPECT_THAT(refused_budget("{limits: [{name: a, mode: Rate, amount: '1'}, "
                             "{name: a, mode: Rate, amount: '2'}]}"),
              HasSubstr("must be unique within the list"));
}

TEST(CostBudgetReader, NamesWhatIsWrongElsewhere) {
  EXPECT_THAT(refused_budget("{thresholds: [80, 50]}"), HasSubstr("must be ascending, each once"));
  EXPECT_THAT(refused_budget("{thresholds: [50, 50]}"), HasSubstr("must be ascending, each once"));
  EXPECT_THAT(refused_budget("{thresholds: [0]}"), HasSubstr("must be at least 1"));
  EXPECT_THAT(refused_budget("{thresholds: []}"), HasSubstr("must be at least 1 items"));
  EXPECT_THAT(refused_budget("{currency: DOGE}"), StartsWith("spec.currency is \"DOGE\""));
  EXPECT_THAT(refused_budget("{timeZone: Mars/Base}"),
              StartsWith("spec.timeZone is \"Mars/Base\", 'Mars/Base' is no time zone"));
  EXPECT_THAT(refused_budget("{resumeAtPercent: 101}"), HasSubstr("must be at most 100"));
  EXPECT_THAT(refused_budget("{onLimit: Stop}"), HasSubstr("must be one of Freeze, Shed"));
  EXPECT_THAT(refused_budget("{costLabels: [a, b, c, d]}"), HasSubstr("must be at most 3 items"));
  EXPECT_THAT(refused_budget("{selector: {policyLabels: [{key: 'a b', value: c}]}}"),
              HasSubstr("must be the key of a label"));
}

}  // namespace
}  // namespace poolscaler
