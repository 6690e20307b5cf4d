// SignalReader: every signal of a batch from where it comes - metric sources from the reader of
// metrics, usage of pods from metrics.k8s.io, joined with what the watches know of the pods.
//
// One request for each namespace and selector of a batch, one after the other; a request that fails
// is the state of the signals that need it and of no other.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/controllers/cluster_state.hpp"
#include "poolscaler/ports/metric_reader.hpp"
#include "poolscaler/ports/pod_usage.hpp"

namespace poolscaler::controllers {

/// Thread-safe. Everything that it borrows must outlive it.
class SignalReader final : public MetricReader {
 public:
  SignalReader(MetricReader& metrics, PodUsageSource& pods, const ClusterState& state,
               const Clock& clock)
      : metrics_(metrics), pods_(pods), state_(state), clock_(clock) {}

  void use_sources(std::vector<MetricSource> sources) override;
  std::vector<SignalReading> read(std::span<const SignalQuery> queries, Millis deadline,
                                  std::stop_token stop) override;
  /// Of the metric sources: metrics.k8s.io knows no past.
  Result<std::vector<TimedValue>> history(const HistoryQuery& query, Millis deadline,
                                          std::stop_token stop) override;
  [[nodiscard]] std::vector<SourceHealth> health() const override { return metrics_.health(); }
  /// Of the metric sources: usage of pods wakes nothing.
  std::shared_ptr<Lookout> lookout(std::span<const SignalQuery> queries,
                                   std::span<const double> above) override;

 private:
  void read_pods(std::span<const SignalQuery> queries, std::vector<SignalReading>& readings,
                 Millis deadline, const std::stop_token& stop);

  MetricReader& metrics_;
  PodUsageSource& pods_;
  const ClusterState& state_;
  const Clock& clock_;
};

/// The reading of one signal out of what its pods use and are. Usage that is older than
/// `max_age_seconds` counts as not measured; usage of pods that are not known counts for nothing.
[[nodiscard]] SignalReading pod_reading(const SignalQuery& query, std::span<const NamedPod> pods,
                                        std::span<const PodUsage> usage, Instant now);

}  // namespace poolscaler::controllers
