// Runs with nodes and money that several tests play: a pool of Gaudi nodes with eight accelerators,
// replicas of four, and a scaler that wants what a table says.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "poolscaler/simulation/replay/replay.hpp"
#include "unit/simulation/replay/moments.hpp"

namespace poolscaler::replay {

inline const Instant start = parse_rfc3339("2026-01-05T00:00:00Z").value();

inline Amount dollars(std::string_view text) { return parse_amount(text).value(); }
inline HourlyRate hourly(std::string_view text) { return parse_hourly_rate(text).value(); }

inline std::shared_ptr<const TimeZone> utc() {
  static const auto zone = std::make_shared<const TimeZone>(
      "UTC", std::vector<Stretch>{{.begin = {}, .offset = Seconds(0)}});
  return zone;
}

inline NodeGroup group(std::string name, CapacityType type, std::string_view price,
                       std::int32_t max_nodes = 100) {
  NodeGroup made{.name = std::move(name), .capacity_type = type, .max_nodes = max_nodes};
  if (!price.empty()) made.price = hourly(price);
  made.instance_type = "dl1.24xlarge";
  made.region = "us-east-1";
  return made;
}

inline Estate estate_of(std::vector<NodeGroup> groups) {
  return {.pool = {.name = "gaudi",
                   .accelerator = {.resource = "habana.ai/gaudi", .per_node = 8},
                   .node_groups = std::move(groups),
                   .scale_down = {.idle_after_seconds = 60}},
          .node_boot = 100 * s,
          .start = start,
          .drawing = {.policy = "shop/llm", .ns = "shop", .accelerators = 4}};
}

inline std::shared_ptr<const CostBudget> budget(BudgetLimit limit) {
  return std::make_shared<const CostBudget>(
      CostBudget{.name = "all", .limits = {std::move(limit)}, .zone = utc()});
}

/// Wants so many replicas from each time on; decides every 15 s.
class Timetable final : public Scaler {
 public:
  explicit Timetable(std::vector<std::pair<Micros, std::int32_t>> table)
      : table_(std::move(table)) {}
  std::int32_t min_replicas() const override { return 0; }
  std::int32_t max_replicas() const override { return 100; }
  Micros next_evaluation(Micros now, std::int32_t, std::optional<Micros>) const override {
    return (now / (15 * s) + 1) * 15 * s;
  }
  std::optional<Wanted> evaluate(const Sight& sight) override {
    seen.push_back(sight);
    std::int32_t wanted = 0;
    for (const auto& [at, replicas] : table_)
      if (at <= sight.now) wanted = replicas;
    return Wanted{.replicas = wanted, .reason = Reason::SignalAboveTarget};
  }
  Wanted keep_to(const Grant& grant) override {
    cut.push_back(grant.most);
    return {.replicas = grant.most, .reason = grant.reason};
  }

  std::vector<Sight> seen;
  std::vector<std::int32_t> cut;

 private:
  std::vector<std::pair<Micros, std::int32_t>> table_;
};

inline Tally run(const Estate& estate, Timetable& table, Micros end,
                 std::vector<Request> requests = {}) {
  Load load{.name = "test", .requests = std::move(requests), .end = end};
  Setup setup{.slots = 1, .cold_start = 20 * s, .start = Start::Floor};
  setup.estate = std::make_shared<const Estate>(estate);
  return replay(load, setup, table).value();
}

}  // namespace poolscaler::replay
