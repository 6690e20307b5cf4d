// One reconciliation of an HPA: which of the proposals counts, what holds it back, and what the
// HPA's conditions say. The arithmetic of each metric is the engine's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/engine/hpa.hpp"

namespace poolscaler::simulation::peers {

/// What one metric came to.
struct HpaMetric {
  std::optional<std::int32_t> proposal{};  // none: it could not be read
  std::string_view failure{};              // "FailedGetResourceMetric": what that is called
};

struct HpaReconciliation {
  engine::hpa::Range range;
  std::optional<Behavior> behavior{};  // none: the rules of before there was behavior
  Seconds downscale_stabilization{300};
  bool may_scale_to_zero = false;  // the gate HPAScaleToZero
  bool scaled_to_zero = false;     // the condition ScaledToZero was True
  std::int32_t spec_replicas = 0;
  bool scale_unreadable = false;
  bool selector_ambiguous = false;
  std::vector<HpaMetric> metrics{};
};

struct HpaCondition {
  bool status;
  std::string reason;
};

struct HpaReconciled {
  std::int32_t replicas;
  bool returns_error = false;
  std::map<std::string, HpaCondition> conditions{};  // by type
};

/// `history` is what was remembered; empty means nothing.
[[nodiscard]] HpaReconciled reconcile(const HpaReconciliation& hpa, engine::hpa::History& history,
                                      Instant now);

}  // namespace poolscaler::simulation::peers
