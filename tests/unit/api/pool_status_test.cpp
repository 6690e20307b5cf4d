#include "poolscaler/api/pool_status.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "unit/api/ledgers.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;

PoolStatus full_status() {
  return {.observed_generation = 4,
          .conditions = {{.type = "Ready",
                          .status = ConditionStatus::True,
                          .reason = Reason::Valid,
                          .message = "3 of 3 nodes are ready",
                          .observed_generation = 4,
                          .last_transition = second(0)}},
          .groups = {{.name = "spot",
                      .capacity_type = CapacityType::Spot,
                      .desired = 3,
                      .declared = 2,
                      .observed = 2,
                      .ready = 1,
                      .busy = 1,
                      .starting = 1,
                      .draining = 0,
                      .price = rate("21.4"),
                      .hourly = rate("42.8"),
                      .fill = {{8, 1}, {0, 1}},
                      .waiting_since = second(20),
                      .refusals = 3,
                      .retry_at = second(300),
                      .interruptions = {second(1), second(2)},
                      .reason = Reason::SpotRefused,
                      .message = "no spot node came within 600 s"},
                     {.name = "seen", .observed = 1}},
          .nodes = {.total = 3, .ready = 2, .busy = 1, .starting = 1, .draining = 1, .unpriced = 1},
          .accelerators = {.capacity = 16, .allocated = 8, .pending = 24},
          .currency = Currency::parse("EUR").value(),
          .hourly = rate("98.31"),
          .committed = rate("34.6"),
          .idle = rate("12.25"),
          .ledger = full_ledger(),
          .drains = {{.node = "gpu-1",
                      .group = "spot",
                      .since = second(10),
                      .message = "PodDisruptionBudget shop/web allows no disruption"}},
          .idle_nodes = {{.node = "gpu-2", .since = second(5)}}};
}

TEST(PoolStatus, ComesBackAsItWas) {
  const auto status = full_status();
  const auto read = read_pool_status({{"status", json::parse(render_pool_status(status))}});
  EXPECT_EQ(read.observed_generation, status.observed_generation);
  EXPECT_EQ(read.conditions, status.conditions);
  EXPECT_EQ(read.groups, status.groups);
  EXPECT_EQ(read.nodes, status.nodes);
  EXPECT_EQ(read.accelerators, status.accelerators);
  EXPECT_EQ(read.currency, status.currency);
  EXPECT_EQ(read.hourly, status.hourly);
  EXPECT_EQ(read.committed, status.committed);
  EXPECT_EQ(read.idle, status.idle);
  EXPECT_EQ(read.ledger, status.ledger);
  EXPECT_EQ(read.drains, status.drains);
  EXPECT_EQ(read.idle_nodes, status.idle_nodes);
}

TEST(PoolStatus, IsWhatTheSchemaAdmits) {
  EXPECT_EQ(refusal_of(Kind::AcceleratorPool, render_pool_status(full_status())), "");
  EXPECT_EQ(refusal_of(Kind::AcceleratorPool, render_pool_status({})), "");
}

TEST(PoolStatus, ShowsWhatItHasCost) {
  const auto cost = json::parse(render_pool_status(full_status()))["cost"];
  EXPECT_EQ(cost["hourly"], "98.31");
  EXPECT_EQ(cost["today"], "196.62");
  EXPECT_EQ(cost["idleToday"], "0.000000001");
  EXPECT_EQ(cost["month"], "0");
}

TEST(PoolStatus, IsCutToItsBounds) {
  auto status = full_status();
  const std::string endless(5000, 'x');
  for (int i = 0; i < 100; ++i) {
    status.groups.push_back({.name = fmt::format("{}{}", i, endless), .message = endless});
    status.groups[0].fill.push_back({i, -i});
    status.drains.push_back(
        {.node = fmt::format("{}{}", i, endless), .group = endless, .since = second(i)});
    status.drains.push_back(status.drains.front());
    status.groups[0].interruptions.push_back(second(i));
    status.idle_nodes.push_back({.node = fmt::format("{}{}", i, endless), .since = second(i)});
  }
  status.accelerators.capacity = -1;
  status.nodes.total = -1;
  EXPECT_EQ(refusal_of(Kind::AcceleratorPool, render_pool_status(status)), "");
}

TEST(PoolStatus, IsEmptyWhereThereIsNothingToRead) {
  for (const auto* text : {"null", "{}", "[]", R"({"status":{"groups":[1,{}],"drains":[{}]}})"}) {
    const auto read = read_pool_status(json::parse(text));
    EXPECT_TRUE(read.groups.empty() && read.drains.empty() && !read.ledger) << text;
  }
}

TEST(PoolStatus, WritesNothingRefusedWhateverItHasRead) {
  const json whole{{"status", json::parse(render_pool_status(full_status()))}};
  each_damage(whole, [](const json& damaged, const std::string& what) {
    const auto written = render_pool_status(read_pool_status(damaged));
    EXPECT_EQ(refusal_of(Kind::AcceleratorPool, written), "") << what;
  });
}

}  // namespace
}  // namespace poolscaler::api
