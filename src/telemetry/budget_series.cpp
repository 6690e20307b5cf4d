#include "budget_series.hpp"

#include <fmt/format.h>
#include <iterator>

#include "policy_series.hpp"

namespace poolscaler::telemetry {
namespace {

/// Exact: hundredths of a percent of 1.
std::string ratio_text(std::int64_t basis_points) {
  return exact_text(Amount::of(1) * basis_points * (Amount::per_whole / 10'000));
}

}  // namespace

void BudgetSeries::set(const std::string& budget, const BudgetSample& sample) {
  auto& row = rows_[budget];
  row.sample = sample;
  if (row.sample.limits.size() > budget_limits_shown_max)
    row.sample.limits.resize(budget_limits_shown_max);
}

void BudgetSeries::count(const std::string& budget, std::string_view limit, int percent) {
  const auto row = rows_.find(budget);
  if (row == rows_.end()) return;
  auto& counts = row->second.thresholds;
  const auto key = std::pair(std::string(limit), percent);
  if (counts.contains(key) || counts.size() < budget_thresholds_shown_max) ++counts[key];
}

void BudgetSeries::count_anomaly(const std::string& budget) {
  if (const auto row = rows_.find(budget); row != rows_.end()) ++row->second.anomalies;
}

/// What is not counted is not 0.
template <class Value>
auto BudgetSeries::if_counted(Value value) {
  return [value](const Row& row) {
    return row.sample.ready ? std::optional(value(row)) : std::nullopt;
  };
}

template <class Value>
void BudgetSeries::print_budgets(std::string& out, std::string_view name, Value value) const {
  print_head(out, name);
  for (const auto& [budget, row] : rows_)
    if (const auto shown = value(row))
      fmt::format_to(std::back_inserter(out), "{}{{budget=\"{}\"}} {}\n", name,
                     label_escaped(budget), *shown);
}

template <class Value>
void BudgetSeries::print_limits(std::string& out, std::string_view name, Value value) const {
  std::string lines;
  for (const auto& [budget, row] : rows_)
    for (const auto& limit : row.sample.limits)
      fmt::format_to(std::back_inserter(lines), "{}{{budget=\"{}\",limit=\"{}\"}} {}\n", name,
                     label_escaped(budget), label_escaped(limit.name), value(limit));
  if (lines.empty()) return;
  print_head(out, name);
  out += lines;
}

void BudgetSeries::print_projections(std::string& out) const {
  constexpr std::string_view name = "poolscaler_budget_projected_cost";
  std::string lines;
  const auto print = [&](const std::string& budget, const BudgetLimitSample& limit,
                         std::string_view projection, const std::optional<Amount>& amount) {
    if (amount)
      fmt::format_to(std::back_inserter(lines),
                     "{}{{budget=\"{}\",limit=\"{}\",projection=\"{}\"}} {}\n", name,
                     label_escaped(budget), label_escaped(limit.name), projection,
                     exact_text(*amount));
  };
  for (const auto& [budget, row] : rows_)
    for (const auto& limit : row.sample.limits) {
      print(budget, limit, "worst", limit.projected_worst);
      print(budget, limit, "typical", limit.projected_typical);
    }
  if (lines.empty()) return;
  print_head(out, name);
  out += lines;
}

void BudgetSeries::print_thresholds(std::string& out) const {
  constexpr std::string_view name = "poolscaler_budget_thresholds_total";
  std::string lines;
  for (const auto& [budget, row] : rows_)
    for (const auto& [key, count] : row.thresholds)
      fmt::format_to(std::back_inserter(lines),
                     "{}{{budget=\"{}\",limit=\"{}\",percent=\"{}\"}} {}\n", name,
                     label_escaped(budget), label_escaped(key.first), key.second, count);
  if (lines.empty()) return;
  print_head(out, name);
  out += lines;
}

void BudgetSeries::print(std::string& out) const {
  if (rows_.empty()) return;
  print_head(out, "poolscaler_budget_info");
  for (const auto& [budget, row] : rows_)
    if (!row.sample.currency.empty())
      fmt::format_to(std::back_inserter(out),
                   "poolscaler_budget_info{{budget=\"{}\",currency=\"{}\"}} 1\n",
                   label_escaped(budget), label_escaped(row.sample.currency));
  print_budgets(out, "poolscaler_budget_ready",
                [](const Row& row) { return std::optional(row.sample.ready ? 1 : 0); });
  print_budgets(out, "poolscaler_budget_hourly_cost",
                if_counted([](const Row& row) { return exact_text(row.sample.rate); }));
  print_budgets(out, "poolscaler_budget_unpriced_nodes",
                if_counted([](const Row& row) { return row.sample.unpriced_nodes; }));
  print_budgets(out, "poolscaler_budget_anomalous",
                if_counted([](const Row& row) { return row.sample.anomalous ? 1 : 0; }));
  print_budgets(out, "poolscaler_budget_anomalies_total",
                [](const Row& row) { return std::optional(row.anomalies); });
  using Limit = BudgetLimitSample;
  print_limits(out, "poolscaler_budget_limit_cost",
               [](const Limit& limit) { return exact_text(limit.amount); });
  print_limits(out, "poolscaler_budget_used_cost",
               [](const Limit& limit) { return exact_text(limit.used); });
  print_limits(out, "poolscaler_budget_headroom_cost",
               [](const Limit& limit) { return exact_text(limit.headroom); });
  print_limits(out, "poolscaler_budget_used_ratio",
               [](const Limit& limit) { return ratio_text(limit.used_basis_points); });
  print_limits(out, "poolscaler_budget_frozen",
               [](const Limit& limit) { return limit.frozen ? 1 : 0; });
  print_projections(out);
  print_thresholds(out);
}

}  // namespace poolscaler::telemetry
