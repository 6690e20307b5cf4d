// Sandbox: the whole world that the operator needs, in one process - an API server and a Prometheus
// API on real loopback ports, a cluster and a load behind them. The operator itself is started by
// the app room against these ports, exactly as against a real cluster.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/base/result.hpp"
#include "poolscaler/domain/amount.hpp"
#include "poolscaler/ports/http_server.hpp"
#include "poolscaler/simulation/api_server.hpp"
#include "poolscaler/simulation/cluster.hpp"
#include "poolscaler/simulation/load.hpp"
#include "poolscaler/simulation/metric_store.hpp"

namespace poolscaler::simulation {

using StartServer =
    std::function<Result<std::unique_ptr<HttpServer>>(HttpServerOptions, HttpHandler)>;

/// What the story and --serve begin with: namespace demo, Deployment llm at zero, MetricSource
/// sandbox, ScalingPolicy llm; AcceleratorPool sandbox on the MachineDeployment clusters/h100, at
/// zero too, and CostBudget sandbox, which pays for one of its nodes at a time.
inline constexpr std::string_view example_namespace = "demo";
inline constexpr std::string_view example_name = "llm";
inline constexpr std::string_view example_source = "sandbox";
inline constexpr std::string_view example_pool = "sandbox";
inline constexpr std::string_view example_group = "h100";
inline constexpr std::string_view example_clusters = "clusters";  // namespace of its node group
inline constexpr int example_replicas_per_node = 2;

struct SandboxOptions {
  std::uint16_t api_port = 0;      // 0: free ones
  std::uint16_t metrics_port = 0;
  ApiServerOptions api{};
  /// A node for what needs no accelerators; the others come from the node group.
  ClusterOptions cluster{.nodes = {.name_prefix = "system-node-", .count = 1, .accelerators = 0},
                         .cold_start = Millis(4000),
                         .node_boot = Millis(5000)};
  LoadPlan load;                   // story_load(), or serving_load()
};

/// A rise, a pause, a second rise, the end: what the story tells.
[[nodiscard]] LoadPlan story_load();
/// The same shape again and again, for --serve.
[[nodiscard]] LoadPlan serving_load();

/// One look at the example, for the live table and the story.
struct SandboxView {
  Millis since_start{0};
  double arriving_per_second = 0;
  double waiting = 0;
  bool load_ended = false;
  int wanted = 0;    // replicas that the signals ask for, before every limit
  bool capped = false;  // a budget has no room for them
  int asked = 0;     // spec.replicas of the Deployment
  int pods = 0;      // that exist and are not being deleted
  int ready = 0;
  int nodes_asked = 0;  // spec.replicas of the MachineDeployment
  int nodes = 0;        // that exist, until they are gone
  int nodes_ready = 0;
  HourlyRate hourly{};  // of the nodes that exist
  HourlyRate cap{};
  Amount spent{};       // on nodes, since the start
  std::string reason{};   // of the policy's last decision; empty before the first
  std::string message{};
};

/// Thread-safe but for advance().
class Sandbox {
 public:
  /// Makes the world with its example objects and listens on loopback. `clock` must outlive it.
  /// Errors: Unavailable (a port is taken), InvalidInput.
  static Result<std::unique_ptr<Sandbox>> create(SandboxOptions options, const StartServer& start,
                                                 const Clock& clock);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();  // stops the servers first

  [[nodiscard]] std::string api_origin() const;      // "http://127.0.0.1:41234"
  [[nodiscard]] std::string metrics_origin() const;
  /// A kubeconfig for api_origin() with the namespace demo.
  [[nodiscard]] std::string kubeconfig() const;

  /// One step of cluster, load and metrics, up to the clock's now.
  void advance();
  /// advance() every `step_period` until `stop`; on the caller's thread.
  void run(const std::stop_token& stop);
  static constexpr Millis step_period{100};

  [[nodiscard]] SandboxView view() const;
  [[nodiscard]] ApiServer& api();
  [[nodiscard]] MetricStore& metrics();

 private:
  struct Parts;
  explicit Sandbox(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace poolscaler::simulation
