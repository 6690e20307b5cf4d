// A real Prometheus that scrapes nothing and holds exactly the samples that a test gave it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "poolscaler/query/planner.hpp"
#include "support/prometheus_process.hpp"

namespace poolscaler::rig {

/// Points have ascending times, in seconds since 1970.
struct BackfilledSeries {
  std::map<std::string, std::string> labels;  // __name__ among them
  std::vector<std::pair<std::int64_t, std::string>> points;
};

class BackfilledPrometheus : public PrometheusProcess {
 public:
  /// Why it cannot run here; empty when it can.
  static std::string why_unavailable();
  /// Throws std::runtime_error when the samples are refused. Does not start the server.
  explicit BackfilledPrometheus(const std::vector<BackfilledSeries>& series);
  /// What an instant query answers at a point of time.
  [[nodiscard]] query::QueryAnswer ask(const std::string& promql, std::int64_t time) const;
};

}  // namespace poolscaler::rig
