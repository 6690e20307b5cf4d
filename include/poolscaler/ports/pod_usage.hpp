// PodUsageSource: what pods use now, as metrics.k8s.io serves it.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/base/time.hpp"

namespace poolscaler {

struct ContainerUsage {
  std::string name;
  std::optional<std::int64_t> cpu_milli{};
  std::optional<std::int64_t> memory_milli{};  // 1000 is one byte
};

struct PodUsage {
  std::string pod;
  Instant measured{};
  Millis window{0};
  std::vector<ContainerUsage> containers{};
};

/// Thread-safe.
class PodUsageSource {
 public:
  virtual ~PodUsageSource() = default;

  /// The pods of `ns` that `selector` finds and that have been measured. Errors: NotFound (the API
  /// is not served), Forbidden, and those of a request; text for people, with the remedy.
  [[nodiscard]] virtual Result<std::vector<PodUsage>> usage(const std::string& ns,
                                                            const std::string& selector,
                                                            Millis deadline,
                                                            std::stop_token stop) = 0;
};

}  // namespace poolscaler
