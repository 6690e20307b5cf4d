// By what a node says that it will be taken away: spot capacity that is reclaimed, maintenance, a
// fault of its accelerators. One row each; sources: the documentation of Karpenter, the AWS node
// termination handler, AKS, GKE and cluster-autoscaler.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "poolscaler/base/text.hpp"
#include "poolscaler/capacity/records.hpp"

namespace poolscaler::capacity {
namespace {

enum class Source { Taint, Condition, Label };

struct Rule {
  Source source;
  std::string_view key;
  std::string_view value;  // "*": any
  std::string_view words;
};

constexpr std::array rules = {
    Rule{Source::Taint, "aws-node-termination-handler/spot-itn", "*", "spot interruption"},
    Rule{Source::Taint, "aws-node-termination-handler/scheduled-maintenance", "*", "maintenance"},
    Rule{Source::Taint, "aws-node-termination-handler/asg-lifecycle-termination", "*",
         "its scaling group ends it"},
    Rule{Source::Taint, "karpenter.sh/disrupted", "*", "Karpenter removes it"},
    Rule{Source::Taint, "cloud.google.com/impending-node-termination", "*", "it is being ended"},
    Rule{Source::Taint, "ToBeDeletedByClusterAutoscaler", "*", "cluster-autoscaler removes it"},
    Rule{Source::Taint, "remediator.kubernetes.azure.com/unschedulable", "*",
         "Azure drains it for an event"},
    Rule{Source::Taint, "node.kubernetes.io/out-of-service", "*", "it is out of service"},
    Rule{Source::Condition, "PreemptionScheduled", "True", "preemption is scheduled"},
    Rule{Source::Condition, "PreemptScheduled", "True", "preemption is scheduled"},
    Rule{Source::Condition, "VMEventScheduled", "True", "an event of its machine is scheduled"},
    Rule{Source::Condition, "AcceleratedHardwareReady", "False", "an accelerator is faulty"},
    Rule{Source::Condition, "GPUMissing", "True", "an accelerator is missing"},
    Rule{Source::Label, "cloud.google.com/active-node-maintenance", "ONGOING", "maintenance"},
};

std::string_view in_words(Source source) {
  switch (source) {
    case Source::Taint: return "taint";
    case Source::Condition: return "condition";
    case Source::Label: return "label";
  }
  return {};
}

bool has(std::span<const Mark> marks, const Rule& rule) {
  return std::ranges::any_of(marks, [&](const Mark& mark) {
    return mark.key == rule.key && (rule.value == "*" || rule.value == mark.value);
  });
}

bool fits(const Rule& rule, const Marks& marks) {
  switch (rule.source) {
    case Source::Taint: return has(marks.taints, rule);
    case Source::Condition: return has(marks.conditions, rule);
    case Source::Label: {
      const auto found = marks.labels.find(rule.key);
      return found != marks.labels.end() && (rule.value == "*" || rule.value == found->second);
    }
  }
  return false;
}

}  // namespace

std::string interruption_of(const Marks& marks) {
  for (const auto& rule : rules)
    if (fits(rule, marks))
      return fmt::format("{} ({} {})", rule.words, in_words(rule.source), rule.key);
  return {};
}

}  // namespace poolscaler::capacity
