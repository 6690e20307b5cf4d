#include "poolscaler/telemetry/metrics.hpp"

#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "poolscaler/telemetry/catalogue.hpp"
#include "support/checkout.hpp"

namespace poolscaler::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const BuildInfo build{.version = "1.2.3", .commit = "abc", .compiler = "g++ 12"};

/// Every family of the catalogue has at least one series afterwards.
void touch_everything(Metrics& metrics) {
  metrics.count_decision(Reason::AtTarget);
  metrics.observe_round(RoundKind::Wake, Millis(20));
  metrics.observe_round_lag(Millis(5));
  metrics.observe_reaction(Millis(300));
  metrics.count_scale_write(Trend::Up, WriteResult::Written);
  metrics.count_request(200, "PATCH", "10.0.0.1:443");
  metrics.count_request(0, "GET", "10.0.0.1:443");
  metrics.set_leader("poolscaler", true);
  metrics.set_watch_synced("deployments.apps", true);
  metrics.set_lists("deployments.apps", 3);
  metrics.set_policy({"shop", "web"},
                     {.current = 2,
                      .desired = 5,
                      .recommended = 5,
                      .effective_max = 9,
                      .ready = true,
                      .signals = {{"queue", SignalState::Value, 48, 0.5},
                                  {"gpu", SignalState::Stale}}});
  metrics.set_budget("team-a", {.ready = true,
                                .currency = "USD",
                                .rate = HourlyRate::of(98'310'000'000),
                                .unpriced_nodes = 1,
                                .limits = {{.name = "daily",
                                            .amount = Amount::of(500'000'000'000),
                                            .used = Amount::of(196'620'000'000),
                                            .headroom = Amount::of(303'380'000'000),
                                            .used_basis_points = 3933,
                                            .projected_worst = Amount::of(2'359'440'000'000)}}});
  metrics.count_budget_threshold("team-a", "daily", 50);
  metrics.set_pool("h100", {.ready = true,
                            .accelerators = 16,
                            .allocated = 4,
                            .pending = 2,
                            .groups = {{.name = "od",
                                        .capacity_type = "OnDemand",
                                        .desired = 2,
                                        .nodes = {{"Ready", 2}},
                                        .rate = HourlyRate::of(65'540'000'000)}}});
}

std::set<std::string> families_of(const std::string& text) {
  std::set<std::string> names;
  const std::regex head("# TYPE (\\S+) \\S+");
  for (auto it = std::sregex_iterator(text.begin(), text.end(), head); it != std::sregex_iterator();
       ++it)
    names.insert((*it)[1]);
  return names;
}

TEST(Metrics, ShowsExactlyTheFamiliesOfTheCatalogue) {
  Metrics metrics(build);
  touch_everything(metrics);
  std::set<std::string> expected;
  for (const auto& info : metric_catalogue()) expected.insert(std::string(info.name));
  EXPECT_EQ(families_of(metrics.text()), expected);
}

TEST(Metrics, NamesOfOursCarryThePrefixAndCountersEndInTotal) {
  for (const auto& info : metric_catalogue()) {
    const bool conventional = info.name.starts_with("process_") ||
                              info.name.starts_with("rest_client_") ||
                              info.name.starts_with("leader_election_");
    EXPECT_TRUE(conventional || info.name.starts_with("poolscaler_")) << info.name;
    EXPECT_EQ(info.type == MetricType::Counter, info.name.ends_with("_total")) << info.name;
    EXPECT_EQ(info.type == MetricType::Histogram, !info.buckets.empty()) << info.name;
  }
}

TEST(Metrics, EveryReasonExistsBeforeItsFirstDecision) {
  const Metrics metrics(build);
  const auto text = metrics.text();
  for (const auto reason : all_reasons)
    EXPECT_THAT(text, HasSubstr("poolscaler_decisions_total{reason=\"" +
                                std::string(name_of(reason)) + "\"} 0"));
}

TEST(Metrics, PoolsShowTheirNodesAcceleratorsAndMoney) {
  Metrics metrics(build);
  touch_everything(metrics);
  const auto text = metrics.text();
  const std::string group = "{pool=\"h100\",group=\"od\",capacity_type=\"OnDemand\"";
  for (const auto& line : {"poolscaler_pool_ready{pool=\"h100\"} 1",
                           "poolscaler_pool_accelerators{pool=\"h100\",state=\"free\"} 12",
                           "poolscaler_pool_accelerators{pool=\"h100\",state=\"pending\"} 2"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(text, HasSubstr("poolscaler_pool_nodes" + group + ",state=\"Ready\"} 2"));
  EXPECT_THAT(text, HasSubstr("poolscaler_pool_desired_nodes" + group + "} 2"));
  EXPECT_THAT(text, HasSubstr("poolscaler_pool_hourly_cost" + group + "} 65.54"));
  metrics.drop_pool("h100");
  EXPECT_THAT(metrics.text(), Not(HasSubstr("poolscaler_pool_ready")));
}

TEST(Metrics, SeriesOfADroppedPolicyVanish) {
  Metrics metrics(build);
  touch_everything(metrics);
  EXPECT_THAT(metrics.text(), HasSubstr("policy_namespace=\"shop\""));
  metrics.drop_policy({"shop", "web"});
  EXPECT_THAT(metrics.text(), Not(HasSubstr("policy_namespace=\"shop\"")));
}

TEST(Metrics, SeriesOfADroppedBudgetVanishWithTheirCounts) {
  Metrics metrics(build);
  touch_everything(metrics);
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("poolscaler_budget_hourly_cost{budget=\"team-a\"} 98.31\n"));
  EXPECT_THAT(text, HasSubstr("poolscaler_budget_used_ratio{budget=\"team-a\",limit=\"daily\"} "
                              "0.3933\n"));
  EXPECT_THAT(text, HasSubstr("limit=\"daily\",projection=\"worst\"} 2359.44\n"));
  EXPECT_THAT(text, HasSubstr("limit=\"daily\",percent=\"50\"} 1\n"));
  metrics.drop_budget("team-a");
  metrics.count_budget_threshold("team-a", "daily", 80);
  EXPECT_THAT(metrics.text(), Not(HasSubstr("team-a")));
}

TEST(Metrics, ABudgetThatIsNotCountedCostsNothingThatIsKnown) {
  Metrics metrics(build);
  metrics.set_budget("wrong", {});
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("poolscaler_budget_ready{budget=\"wrong\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("poolscaler_budget_hourly_cost{")));
  EXPECT_THAT(text, Not(HasSubstr("currency=")));
}

TEST(Metrics, LabelsOfBudgetsAreBounded) {
  Metrics metrics(build);
  BudgetSample sample;
  for (int i = 0; i < 20; ++i) sample.limits.push_back({.name = "limit-" + std::to_string(i)});
  metrics.set_budget("b", sample);
  for (int i = 0; i < 200; ++i) metrics.count_budget_threshold("b", "daily", i);
  const auto text = metrics.text();
  EXPECT_THAT(text, Not(HasSubstr("limit-8")));
  EXPECT_THAT(text, HasSubstr("percent=\"63\""));
  EXPECT_THAT(text, Not(HasSubstr("percent=\"64\"")));
}

TEST(Metrics, ASignalWithoutAUsableValueShowsItsStateAlone) {
  Metrics metrics(build);
  touch_everything(metrics);
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("poolscaler_policy_signal_value{policy_namespace=\"shop\","
                              "policy=\"web\",signal=\"queue\"} 48"));
  EXPECT_THAT(text, HasSubstr("signal=\"gpu\",state=\"Stale\"} 1"));
  EXPECT_THAT(text, Not(HasSubstr("signal_value{policy_namespace=\"shop\",policy=\"web\","
                                  "signal=\"gpu\"}")));
}

TEST(Metrics, HostsBeyondTheCapShareOneLabel) {
  Metrics metrics(build);
  for (int i = 0; i < 100; ++i) metrics.count_request(200, "GET", "host-" + std::to_string(i));
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("host=\"other\""));
  EXPECT_THAT(text, Not(HasSubstr("host-50")));
}

TEST(Metrics, TotalsOfOthersOnlyGrow) {
  Metrics metrics(build);
  metrics.set_events_dropped(7);
  metrics.set_events_dropped(5);
  EXPECT_THAT(metrics.text(), HasSubstr("poolscaler_events_dropped_total 7"));
}

TEST(Metrics, ReferencePageIsTheOneInTheDocs) {
  std::ifstream file(in_checkout("docs/reference/metrics.md"));
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), metrics_page())
      << "run `poolscaler print metrics > docs/reference/metrics.md` and review the difference";
}

TEST(Metrics, PassPromtoolCheckMetrics) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "SKIPPED: promtool is not on PATH, so the exposition was NOT linted";
  Metrics metrics(build);
  touch_everything(metrics);
  FILE* promtool = popen("promtool check metrics 2>&1", "w");
  ASSERT_NE(promtool, nullptr);
  const auto text = metrics.text();
  std::fwrite(text.data(), 1, text.size(), promtool);
  EXPECT_EQ(pclose(promtool), 0) << text;
}

}  // namespace
}  // namespace poolscaler::telemetry
