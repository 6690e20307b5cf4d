// The gauges of pools, as compact rows like those of policies (policy_series.hpp).
#pragma once

#include <map>
#include <string>
#include <utility>

#include "poolscaler/telemetry/metrics.hpp"

namespace poolscaler::telemetry {

class PoolSeries {
 public:
  void set(const std::string& pool, PoolSample sample) { rows_[pool] = std::move(sample); }
  void drop(const std::string& pool) { rows_.erase(pool); }
  void clear() { rows_.clear(); }
  /// Appends every family that has at least one series.
  void print(std::string& out) const;

 private:
  void print_accelerators(std::string& out) const;
  void print_nodes(std::string& out) const;
  void print_groups(std::string& out) const;

  std::map<std::string, PoolSample> rows_;
};

}  // namespace poolscaler::telemetry
