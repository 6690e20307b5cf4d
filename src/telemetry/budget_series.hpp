// The gauges and counts of budgets, as compact rows like those of policies (policy_series.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "poolscaler/telemetry/metrics.hpp"

namespace poolscaler::telemetry {

class BudgetSeries {
 public:
  void set(const std::string& budget, const BudgetSample& sample);
  /// Of budgets that are set alone.
  void count(const std::string& budget, std::string_view limit, int percent);
  void count_anomaly(const std::string& budget);
  void drop(const std::string& budget) { rows_.erase(budget); }
  void clear() { rows_.clear(); }
  /// Appends every family that has at least one series.
  void print(std::string& out) const;

 private:
  struct Row {
    BudgetSample sample;
    std::map<std::pair<std::string, int>, std::uint64_t> thresholds{};  // by limit and percent
    std::uint64_t anomalies = 0;
  };
  template <class Value>
  static auto if_counted(Value value);
  /// Budgets without a value have no series.
  template <class Value>
  void print_budgets(std::string& out, std::string_view name, Value value) const;
  template <class Value>
  void print_limits(std::string& out, std::string_view name, Value value) const;
  void print_projections(std::string& out) const;
  void print_thresholds(std::string& out) const;

  std::map<std::string, Row> rows_;
};

}  // namespace poolscaler::telemetry
