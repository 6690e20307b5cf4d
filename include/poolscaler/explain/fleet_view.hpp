// FleetView: pools, budgets and the policies that draw on pools, as their statuses tell them; what
// `poolscaler top` shows. Nothing is reckoned here that the operator has not written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/api/budget_status.hpp"
#include "poolscaler/api/pool_status.hpp"

namespace poolscaler::explain {

struct PoolView {
  std::string name;
  std::string resource;
  std::string product;
  std::int32_t per_node = 0;
  api::PoolStatus status{};
};

struct DrawingView {
  std::string policy;  // "shop/llama"
  std::string pool;
  std::int32_t per_replica = 0;
  std::int32_t current = 0;
  std::int32_t desired = 0;
  std::optional<std::int32_t> effective_max{};  // what it may have; nothing: not known
  std::optional<HourlyRate> hourly{};  // nothing: a price is unknown
  std::string reason{};
  std::string message{};
};

struct BudgetView {
  std::string name;
  std::string on_limit;
  api::BudgetStatus status{};
};

struct FleetView {
  Instant time;
  std::vector<PoolView> pools{};
  std::vector<BudgetView> budgets{};
  std::vector<DrawingView> policies{};

  // Objects as the API server gives them. A policy that draws on no pool is left out.
  void add_pool(const nlohmann::json& object);
  void add_budget(const nlohmann::json& object);
  void add_policy(const nlohmann::json& object);
};

struct TextStyle {
  std::size_t width = 100;
  bool colour = false;
};

/// For a terminal: nodes as slots, one sign for each accelerator ('#' in use, '.' free), '~' for a
/// node that starts and 'x' for one that leaves. The dearest policies come first.
[[nodiscard]] std::string text_of(const FleetView& fleet, const TextStyle& style);
/// One JSON object, indented; amounts as exact decimal texts.
[[nodiscard]] std::string json_of(const FleetView& fleet);

/// One budget in full: limits, projections, who has spent what.
[[nodiscard]] std::string text_of(const BudgetView& budget, Instant now, const TextStyle& style);
[[nodiscard]] std::string json_of(const BudgetView& budget);

}  // namespace poolscaler::explain
