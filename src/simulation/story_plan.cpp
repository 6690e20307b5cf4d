#include "story_plan.hpp"

#include "poolscaler/simulation/sandbox.hpp"

namespace poolscaler::simulation {
namespace {

constexpr double pace = 3;  // requests a second and replica

}  // namespace

LoadPlan story_load() {
  // The first burst needs three replicas and leaves a queue to be worked off. The pause is long
  // enough to shrink and, less the time that the queue takes, shorter than the idle time. The
  // second rise asks for all of them.
  return {.phases = {{.from = Millis(4000), .requests_per_second = 8},
                     {.from = Millis(20'000), .requests_per_second = 0},
                     {.from = Millis(31'000), .requests_per_second = 14},
                     {.from = Millis(44'000), .requests_per_second = 0}},
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

}  // namespace poolscaler::simulation
