#include "poolscaler/api/budget_status.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "unit/api/ledgers.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

BudgetStatus full_status() {
  BudgetStatus status{
      .observed_generation = 3,
      .conditions = {{.type = "BudgetExceeded",
                      .status = ConditionStatus::True,
                      .reason = Reason::BudgetExceeded,
                      .message = "limit daily: 501.38 of 500.00",
                      .observed_generation = 3,
                      .last_transition = second(0)}},
      .currency = Currency::parse("EUR").value(),
      .rate = rate("65.54"),
      .committed = rate("34.6"),
      .nodes = 3,
      .unpriced_nodes = 1,
      .doubtful_nodes = 2,
      .ledger = full_ledger(),
      .limits = {{.name = "daily",
                  .mode = LimitMode::Accrued,
                  .period = BudgetPeriod::Day,
                  .amount = amount("500"),
                  .period_begin = second(-3600),
                  .period_end = second(82'800),
                  .partial = true,
                  .pace = rate("13.79"),
                  .accrued = amount("501.38"),
                  .used_basis_points = 10'028,
                  .headroom = amount("0") - amount("1.38"),
                  .projected_worst = amount("2359.44"),
                  .projected_typical = amount("1200"),
                  .exhausted_at = second(100),
                  .resumes_at = second(700) + Millis(1),
                  .act = "Shed",
                  .message = "500.00 are spent",
                  .guard = {.period_begin = second(-3600),
                            .amount = amount("500"),
                            .fired = {50, 80, 100},
                            .near = {true, false, true},
                            .warned = true,
                            .frozen_since = second(60) + Millis(7),
                            .over_since = second(61)}},
                 {.name = "rate", .amount = amount("100"), .accrued = amount("65.54")}},
      .anomaly = AnomalyStatus{.hour = second(-3600),
                               .anomalous = true,
                               .baseline = "HourOfWeek",
                               .cost = amount("98.31"),
                               .expected = amount("32.77"),
                               .by_nodes = amount("66"),
                               .by_price = amount("0") - amount("0.46"),
                               .by_mix = amount("0"),
                               .message = "more nodes"},
      .open_hour = OpenHourStatus{.begin = second(0),
                                  .groups = {{"p5", 9'007'199'254'740'991,
                                              {amount("1.5"), 3'599'999}}}},
      .selection = std::numeric_limits<std::uint64_t>::max()};
  for (int i = 0; i < 5; ++i)
    status.history.push_back({.begin = second(3600 * i),
                              .groups = {{"p5 spot", i < 3 ? 2000 : 2500, rate("21.4")},
                                         {"p5", 1000, rate("55.04")}},
                              .excluded = i == 4});
  return status;
}

BudgetStatus read_back(const BudgetStatus& status) {
  return read_budget_status({{"status", json::parse(render_budget_status(status))}});
}

TEST(BudgetStatus, ComesBackAsItWas) {
  const auto status = full_status();
  const auto read = read_back(status);
  EXPECT_EQ(read.observed_generation, status.observed_generation);
  EXPECT_EQ(read.conditions, status.conditions);
  EXPECT_EQ(read.currency, status.currency);
  EXPECT_EQ(read.ledger, status.ledger);
  EXPECT_EQ(read.limits, status.limits);
  EXPECT_EQ(read.anomaly, status.anomaly);
  EXPECT_EQ(read.history, status.history);
  EXPECT_EQ(read.open_hour, status.open_hour);
  EXPECT_EQ(read.selection, status.selection);
  EXPECT_EQ(read.rate, status.rate);
  EXPECT_EQ(read.committed, status.committed);
  EXPECT_EQ(read.nodes, status.nodes);
  EXPECT_EQ(read.unpriced_nodes, status.unpriced_nodes);
  EXPECT_EQ(read.doubtful_nodes, status.doubtful_nodes);
}

TEST(BudgetStatus, IsWhatTheSchemaAdmits) {
  EXPECT_EQ(refusal_of(Kind::CostBudget, render_budget_status(full_status())), "");
  EXPECT_EQ(refusal_of(Kind::CostBudget, render_budget_status({})), "");
}

TEST(BudgetStatus, TellsWhatIsUsedInOneLine) {
  const auto rendered = json::parse(render_budget_status(full_status()));
  EXPECT_EQ(rendered["usedText"], "daily 100.28 %, rate 0.00 %");
}

TEST(BudgetStatus, IsCutToItsBounds) {
  auto status = full_status();
  const std::string endless(5000, 'x');
  status.anomaly->message = endless;
  for (int i = 0; i < 30; ++i) {
    status.limits.push_back({.name = fmt::format("{}{}", i, endless)});
    status.limits[0].guard.fired.push_back(1000 + i);
    status.ledger->dimensions.push_back(endless);
  }
  auto& tenants = status.ledger->periods[0].tenants;
  while (tenants.size() < 2 * ledger_tenants_max) tenants.push_back({endless, endless, {}});
  for (int i = 0; i < 2000; ++i)
    status.history.push_back({.begin = second(3600 * (5 + i)),
                              .groups = {{endless, i, HourlyRate::of(1 + i)}}});
  status.limits[0].used_basis_points = std::numeric_limits<std::int64_t>::max();
  status.limits[0].amount = Amount::of(std::numeric_limits<std::int64_t>::max());
  status.limits[0].headroom = Amount::of(std::numeric_limits<std::int64_t>::min());
  const auto rendered = render_budget_status(status);
  EXPECT_EQ(refusal_of(Kind::CostBudget, rendered), "");
  EXPECT_LT(rendered.size(), 1U << 20U);
}

TEST(BudgetStatus, FitsIntoAnObjectWhenAllOfItIsFull) {
  BudgetStatus status{.ledger = full_ledger()};
  PeriodStatus period = status.ledger->periods[0];
  while (period.tenants.size() < ledger_tenants_max)
    period.tenants.push_back({std::string(63, 'd'),
                              fmt::format("{:0>63}", period.tenants.size()),
                              {amount("123456789.123456789"), 3'599'999}});
  status.ledger->periods.clear();
  for (const auto kind : {BudgetPeriod::Hour, BudgetPeriod::Day, BudgetPeriod::Month}) {
    period.kind = kind;
    status.ledger->periods.push_back(period);
  }
  for (std::size_t i = 0; i < history_hours_max; ++i)
    status.history.push_back(
        {.begin = second(3600 * static_cast<std::int64_t>(i)),
         .groups = {{"p5.48xlarge spot", static_cast<std::int64_t>(i), rate("21.4")},
                    {"p5.48xlarge", 1000, rate("55.04")}}});
  const auto rendered = render_budget_status(status);
  EXPECT_EQ(refusal_of(Kind::CostBudget, rendered), "");
  EXPECT_LT(rendered.size(), 1'000'000U);
  EXPECT_EQ(read_back(status).ledger, status.ledger);
  EXPECT_EQ(read_back(status).history, status.history);
}

TEST(BudgetStatus, HasNoLedgerRatherThanOneThatSaysTooLittle) {
  const auto whole = json::parse(render_budget_status(full_status()));
  const auto ledger_without = [&](const char* pointer) {
    auto cut = whole;
    const json::json_pointer path(pointer);
    cut[path.parent_pointer()].erase(path.back());
    return read_budget_status({{"status", cut}}).ledger;
  };
  EXPECT_TRUE(read_budget_status({{"status", whole}}).ledger);
  for (const auto* pointer :
       {"/ledger/countedTo", "/ledger/rate", "/ledger/periods/0/kind", "/ledger/periods/0/begin",
        "/ledger/periods/0/bill", "/ledger/periods/0/tenants/0/amount",
        "/ledger/periods/0/closed/bill"})
    EXPECT_FALSE(ledger_without(pointer)) << pointer;
}

TEST(BudgetStatus, IsEmptyWhereThereIsNothingToRead) {
  for (const auto* text : {"null", "{}", "[]", "1", R"({"status":1})",
                           R"({"status":{"limits":[1,{}],"ledger":1,"history":{"hours":[1]}}})"}) {
    const auto read = read_budget_status(json::parse(text));
    EXPECT_TRUE(read.limits.empty() && !read.ledger && read.history.empty()) << text;
  }
}

rc::Gen<ExactAmount> any_amount() {
  return rc::gen::map(rc::gen::tuple(rc::gen::arbitrary<std::int64_t>(),
                                     rc::gen::inRange<std::int64_t>(0, 3'600'000)),
                      [](const std::tuple<std::int64_t, std::int64_t>& parts) {
                        return ExactAmount{Amount::of(std::get<0>(parts)), std::get<1>(parts)};
                      });
}

RC_GTEST_PROP(BudgetStatus, LosesNothingOfAnyAmount, ()) {
  auto status = full_status();
  auto& period = status.ledger->periods[0];
  period.bill = *any_amount();
  period.idle = *any_amount();
  for (auto& tenant : period.tenants) tenant.cost = *any_amount();
  status.ledger->rate = HourlyRate::of(*rc::gen::arbitrary<std::int64_t>());
  status.limits[0].guard.amount = (*any_amount()).amount;
  status.ledger->counted_to = second(0) + Millis(*rc::gen::inRange(-1'000'000, 1'000'000));
  const auto read = read_back(status);
  RC_ASSERT(read.ledger == status.ledger);
  RC_ASSERT(read.limits == status.limits);
}

RC_GTEST_PROP(BudgetStatus, LosesNothingOfAnyHistory, ()) {
  BudgetStatus status;
  const auto kinds = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4));
  for (std::size_t i = 0; i < kinds.size(); ++i)
    status.history.push_back({.begin = second(3600 * static_cast<std::int64_t>(i)),
                              .groups = {{"a", kinds[i] / 2, HourlyRate::of(1 + kinds[i])}},
                              .excluded = kinds[i] == 3});
  RC_ASSERT(read_back(status).history == status.history);
}

TEST(BudgetStatus, WritesNothingRefusedWhateverItHasRead) {
  const json whole{{"status", json::parse(render_budget_status(full_status()))}};
  each_damage(whole, [](const json& damaged, const std::string& what) {
    const auto written = render_budget_status(read_budget_status(damaged));
    EXPECT_EQ(refusal_of(Kind::CostBudget, written), "") << what;
  });
}

}  // namespace
}  // namespace poolscaler::api
