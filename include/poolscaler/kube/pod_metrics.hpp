// metrics.k8s.io over a Client: lists of PodMetrics, page by page. What cannot be understood of one
// pod is left out, so that the pod counts as not measured; it never fails the others.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "poolscaler/kube/client.hpp"
#include "poolscaler/ports/pod_usage.hpp"

namespace poolscaler::kube {

/// Of one item of a PodMetricsList; nothing when it has no name or no time.
[[nodiscard]] std::optional<PodUsage> read_pod_usage(const nlohmann::json& item);

class PodMetrics final : public PodUsageSource {
 public:
  /// Both must outlive it.
  PodMetrics(const Client& client, const Clock& clock) : client_(client), clock_(clock) {}

  Result<std::vector<PodUsage>> usage(const std::string& ns, const std::string& selector,
                                      Millis deadline, std::stop_token stop) override;

 private:
  const Client& client_;
  const Clock& clock_;
};

}  // namespace poolscaler::kube
