#include <gtest/gtest.h>

#include "poolscaler/capacity/records.hpp"

namespace poolscaler::capacity {
namespace {

const money::Labels no_labels;

TEST(Interruption, ATaintSaysSoWhateverItsValue) {
  const Mark taint{"karpenter.sh/disrupted", ""};
  EXPECT_EQ(interruption_of({.taints = {&taint, 1}, .labels = no_labels}),
            "Karpenter removes it (taint karpenter.sh/disrupted)");
}

TEST(Interruption, AConditionCountsInItsStatusAlone) {
  const Mark scheduled{"PreemptionScheduled", "True"};
  const Mark not_scheduled{"PreemptionScheduled", "False"};
  EXPECT_EQ(interruption_of({.conditions = {&scheduled, 1}, .labels = no_labels}),
            "preemption is scheduled (condition PreemptionScheduled)");
  EXPECT_EQ(interruption_of({.conditions = {&not_scheduled, 1}, .labels = no_labels}), "");
  const Mark faulty{"AcceleratedHardwareReady", "False"};
  EXPECT_EQ(interruption_of({.conditions = {&faulty, 1}, .labels = no_labels}),
            "an accelerator is faulty (condition AcceleratedHardwareReady)");
}

TEST(Interruption, ALabelSaysSo) {
  const money::Labels labels = {{"cloud.google.com/active-node-maintenance", "ONGOING"}};
  EXPECT_EQ(interruption_of({.labels = labels}),
            "maintenance (label cloud.google.com/active-node-maintenance)");
}

TEST(Interruption, TaintsOfSpotCapacityItselfAndOfNodesThatStartSayNothing) {
  const std::vector<Mark> taints = {{"kubernetes.azure.com/scalesetpriority", "spot"},
                                    {"node.kubernetes.io/not-ready", ""},
                                    {"karpenter.sh/unregistered", ""},
                                    {"nvidia.com/gpu", "present"},
                                    {"aws-node-termination-handler/rebalance-recommendation", ""}};
  EXPECT_EQ(interruption_of({.taints = taints, .labels = no_labels}), "");
}

TEST(Resources, ExtendedOnesAreThoseOfOthersThanKubernetes) {
  for (const auto* name : {"nvidia.com/gpu", "nvidia.com/mig-1g.5gb", "nvidia.com/gpu.shared",
                           "habana.ai/gaudi", "amd.com/gpu", "google.com/tpu",
                           "aws.amazon.com/neuron"})
    EXPECT_TRUE(is_extended(name)) << name;
  for (const auto* name : {"cpu", "memory", "hugepages-2Mi", "ephemeral-storage", "pods",
                           "kubernetes.io/batch-cpu", "attachable.kubernetes.io/x"})
    EXPECT_FALSE(is_extended(name)) << name;
}

TEST(Resources, AddUpAndSaturate) {
  Resources resources;
  add(resources, "b/x", 2);
  add(resources, "a/x", 1);
  add(resources, "b/x", 3);
  EXPECT_EQ(resources, (Resources{{"a/x", 1}, {"b/x", 5}}));
  add(resources, "b/x", std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(count_of(resources, "b/x"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(count_of(resources, "c/x"), 0);
}

}  // namespace
}  // namespace poolscaler::capacity
