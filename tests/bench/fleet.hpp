// Fleet: N policies and N Deployments on a real API server, a load each in a real Prometheus, and
// the operator under its own service account; what the benchmark measures it measures from outside.
// With pools, the policies draw on AcceleratorPools, whose groups are MachineDeployments (see
// machine_yard.hpp), under three CostBudgets that have room for all of it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/machine_yard.hpp"
#include "support/control_plane.hpp"
#include "support/load_exporter.hpp"
#include "support/process.hpp"
#include "support/prometheus_server.hpp"

namespace poolscaler::bench {

using rig::Ms;

/// What a process has used so far, from /proc.
struct Usage {
  double cpu_seconds = 0;
  double resident_mib = 0;
  double own_mib = 0;  // of that, what is no page of a file (program and libraries)
};

/// What was used and asked within a time.
struct Window {
  double seconds = 0;
  double cpu_percent = 0;  // of one core
  double resident_mib = 0;
  double own_mib = 0;
  double prometheus_queries_per_second = 0;
  std::map<std::string, int> api_requests{};  // "patch deployments/scale": how many
};

/// From the moment the new samples could be queried to the writes, in seconds, sorted.
using Reactions = std::vector<double>;

struct FleetSize {
  int policies;
  int interval_seconds;
  int pools = 0;
};

class Fleet {
 public:
  /// Five shapes of query, so metrics and namespaces are few, as in real fleets.
  explicit Fleet(FleetSize size);

  /// Starts the operator; seconds until its first decision and until it has decided everything.
  struct Start {
    double first_decision = 0;
    double all_decided = 0;
    double cpu_seconds = 0;
    int api_requests = 0;
  };
  Start start_operator(Ms limit);
  void kill_operator();
  /// Every queue gets this depth at once; how long each scale write took, writes missing after
  /// `limit` left out.
  Reactions step(double depth, Ms limit);
  Window watch(Ms duration);
  /// Requests of the operator since it was asked before, as in Window.
  std::map<std::string, int> requests_since(std::size_t& known) const;
  /// Null without pools.
  [[nodiscard]] const MachineYard* yard() const { return yard_.get(); }
  [[nodiscard]] Usage usage() const;

 private:
  void make_objects();
  void make_pools();
  [[nodiscard]] std::string ns_of(int i) const;
  [[nodiscard]] double decisions() const;
  [[nodiscard]] double queries_answered() const;

  FleetSize size_;
  rig::ControlPlane cluster_;
  std::unique_ptr<MachineYard> yard_;
  rig::LoadExporter load_;
  rig::PrometheusServer prometheus_;
  std::uint16_t port_ = 0;
  std::unique_ptr<rig::Process> operator_;
};

}  // namespace poolscaler::bench
