// What becomes of pods: the scheduler that gives them nodes with free accelerators, and the
// kubelets that start them (a cold start later they are ready) and end them.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "cluster_hand.hpp"
#include "poolscaler/simulation/cluster.hpp"

namespace poolscaler::simulation {

/// Amounts of resources: whole units, but cpu in thousandths.
using Amounts = std::map<std::string, std::int64_t>;
/// "8", "1500m", "16Gi"; 0 for what cannot be read.
[[nodiscard]] std::int64_t read_quantity(const std::string& resource, const nlohmann::json& text);
/// What the containers of a pod ask for.
[[nodiscard]] Amounts requests_of(const nlohmann::json& pod);

class PodLifecycle {
 public:
  explicit PodLifecycle(const ClusterOptions& options) : options_(options) {}

  void schedule(ClusterHand& hand) const;
  /// Starts and ends the pods that are bound.
  void run(ClusterHand& hand);

 private:
  struct Progress {
    Instant bound_at;
    Instant ends_at{};
    bool seen = true;
  };
  void run_pod(ClusterHand& hand, const Object& pod);

  const ClusterOptions& options_;
  std::map<std::string, Progress> progress_;  // by UID, of the pods that exist
  int addresses_ = 0;
};

}  // namespace poolscaler::simulation
