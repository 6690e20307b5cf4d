// HPA's whole evaluation once the metrics have spoken: which of them counts, what their failure
// means, both ways to dampen the change, and the conditions that tell of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/engine/hpa.hpp"

namespace poolscaler::simulation::peers {

/// What one metric proposes, or the reason of its failure ("FailedGetResourceMetric").
struct HpaProposal {
  std::optional<std::int32_t> replicas{};
  std::string failure{};
};

/// What became of the target itself.
enum class HpaTarget { Fine, Unreadable, WithoutSelector, SharedSelector, Unwritable };

struct HpaEvaluation {
  engine::hpa::Range range;
  std::int32_t spec_replicas;
  std::vector<HpaProposal> proposals;
  std::optional<Behavior> behavior{};  // nothing: the rules before there was behavior
  bool may_leave_zero = false;         // gate HPAScaleToZero
  bool scaled_to_zero = false;         // as the condition said before
  HpaTarget target = HpaTarget::Fine;
};

struct HpaCondition {
  bool holds;
  std::string reason;
};

struct HpaResult {
  std::int32_t replicas;
  bool failed = false;  // the evaluation ends with an error
  std::map<std::string, HpaCondition> conditions{};
};

[[nodiscard]] HpaResult evaluate(const HpaEvaluation& evaluation, engine::hpa::History& history,
                                 Instant now);

// Without behavior.

/// At most the double, or 4; then the bounds.
[[nodiscard]] engine::hpa::Limited limited_without_behavior(engine::hpa::Range range,
                                                            std::int32_t current,
                                                            std::int32_t desired);
/// The most that was recommended within the window; `desired` is remembered.
[[nodiscard]] std::int32_t stabilized_without_behavior(std::vector<TimedReplicas>& history,
                                                       TimedReplicas desired, Millis window);

}  // namespace poolscaler::simulation::peers
