// Objects for the tests of the api room.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "poolscaler/api/objects.hpp"

namespace poolscaler {

/// The smallest valid policy, with `patch` (a JSON merge patch in YAML) on its spec.
inline nlohmann::json policy_with(const std::string& patch = "{}") {
  auto objects = api::read_yaml(R"(
kind: ScalingPolicy
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 10
  signals:
    - name: queue
      metricSourceRef: {name: prometheus}
      metric: {name: queue_depth}
      target: {type: PerReplica, value: 10}
---
)" + patch);
  auto policy = objects.value().at(0);
  policy["spec"].merge_patch(objects.value().at(1));
  return policy;
}

inline std::string text_of(const std::vector<api::FieldError>& errors) {
  std::string text;
  for (const auto& error : errors) text += error.text() + "\n";
  return text;
}

}  // namespace poolscaler
