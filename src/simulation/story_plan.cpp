#include "story_plan.hpp"

#include "poolscaler/simulation/sandbox.hpp"

namespace poolscaler::simulation {
namespace {

constexpr double pace = 5;  // requests a second and replica

}  // namespace

LoadPlan story_load() {
  // The first burst asks for more replicas than one node takes and leaves a queue to be worked off.
  // The pause is long enough to shrink and, less the time that the queue takes, shorter than the
  // idle time. The second rise asks for the whole node again.
  return {.phases = {{.from = Millis(4000), .requests_per_second = 9},
                     {.from = Millis(16'000), .requests_per_second = 0},
                     {.from = Millis(30'000), .requests_per_second = 9},
                     {.from = Millis(38'000), .requests_per_second = 0}},
          .served_per_second_and_replica = pace};
}

LoadPlan serving_load() {
  auto plan = story_load();
  for (auto& phase : plan.phases) phase.from *= 3;
  plan.repeat_every = Millis(240'000);
  return plan;
}

std::string_view example_policy_yaml() {
  return R"(apiVersion: poolscaler.dev/v1alpha1
kind: ScalingPolicy
metadata:
  name: llm
  namespace: demo
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: llm
  intervalSeconds: 5
  minReplicas: 0
  maxReplicas: 5
  poolRef:
    name: sandbox
  signals:
    # One replica for each 10 requests that wait; the first one wakes it from zero.
    - name: queue
      metricSourceRef:
        name: sandbox
      metric:
        name: vllm:num_requests_waiting
        matchers:
          - label: model_name
            value: llm
      target:
        type: PerReplica
        value: 10
    # As many replicas as are at work: with an empty queue it does not go to zero under load.
    - name: running
      metricSourceRef:
        name: sandbox
      metric:
        name: vllm:num_requests_running
        matchers:
          - label: model_name
            value: llm
      target:
        type: PerReplica
        value: 8
  scaleToZero:
    idleAfterSeconds: 10
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 5
)";
}

std::string_view example_pool_yaml() {
  return R"(apiVersion: cluster.x-k8s.io/v1beta2
kind: MachineDeployment
metadata:
  name: h100
  namespace: clusters
  annotations:
    capacity.cluster-autoscaler.kubernetes.io/gpu-type: nvidia.com/gpu
    capacity.cluster-autoscaler.kubernetes.io/gpu-count: "8"
    capacity.cluster-autoscaler.kubernetes.io/labels: "pool=h100"
spec:
  clusterName: sandbox
  replicas: 0
---
apiVersion: poolscaler.dev/v1alpha1
kind: AcceleratorPool
metadata:
  name: sandbox
spec:
  accelerator:
    resource: nvidia.com/gpu
    perNode: 8
    product: H100-SXM
  nodeGroups:
    - name: on-demand
      backendRef:
        apiVersion: cluster.x-k8s.io/v1beta2
        kind: MachineDeployment
        namespace: clusters
        name: h100
      maxNodes: 3
      price: "98.32"
  scaleDown:
    idleAfterSeconds: 2
    drainTimeoutSeconds: 30
---
# Pays for one node at a time.
apiVersion: poolscaler.dev/v1alpha1
kind: CostBudget
metadata:
  name: sandbox
spec:
  selector:
    namespaces:
      - demo
  limits:
    - name: rate
      mode: Rate
      amount: "120"
  coolDownSeconds: 5
)";
}

}  // namespace poolscaler::simulation
