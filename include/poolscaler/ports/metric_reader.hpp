// MetricReader: what signals read, without a word about how.
#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/metric_source.hpp"
#include "poolscaler/domain/observation.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler {

/// One signal of one policy. The namespace is always the policy's own.
struct SignalQuery {
  std::string source;
  std::string ns;
  SignalInput query;
  int max_age_seconds;
  std::string pod_selector{};  // of a PodResource: the target's own, as in a request
};

/// Thread-safe.
class MetricReader {
 public:
  virtual ~MetricReader() = default;

  /// The sources that exist now; a source that changed gets a new client, the others keep theirs.
  virtual void use_sources(std::vector<MetricSource> sources) = 0;

  /// One reading per query, in order. Every failure is a state of a reading, with a detail for
  /// people; one source that hangs does not delay the readings of another beyond `deadline`.
  [[nodiscard]] virtual std::vector<SignalReading> read(std::span<const SignalQuery> queries,
                                                        Millis deadline,
                                                        std::stop_token stop) = 0;
};

}  // namespace poolscaler
