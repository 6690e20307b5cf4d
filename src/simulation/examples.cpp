#include "examples.hpp"

#include <nlohmann/json.hpp>

#include "poolscaler/simulation/sandbox.hpp"

namespace poolscaler::simulation {
namespace {

using json = nlohmann::json;

json named(std::string_view name) { return {{"name", name}}; }

json deployment() {
  const json labels = {{"app", example_name}};
  const json container = {{"name", "server"},
                          {"image", "registry.example/llm-server:1.0"},
                          {"ports", json::array({{{"name", "http"}, {"containerPort", 8000}}})},
                          {"resources", {{"limits", {{"nvidia.com/gpu", "4"}}}}}};
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", example_name}, {"labels", labels}}},
          {"spec",
           {{"replicas", 0},
            {"selector", {{"matchLabels", labels}}},
            {"template",
             {{"metadata", {{"labels", labels}}},
              {"spec", {{"containers", json::array({container})}}}}}}}};
}

json signal(const char* name, const char* metric, int per_replica) {
  return {{"name", name},
          {"metricSourceRef", named(example_source)},
          {"metric",
           {{"name", metric},
            {"matchers", json::array({{{"label", "model"}, {"value", example_name}}})}}},
          {"target", {{"type", "PerReplica"}, {"value", per_replica}}},
          {"maxAgeSeconds", 30}};
}

json policy() {
  const json up = {{"policies",
                    json::array({{{"type", "Pods"}, {"value", 10}, {"periodSeconds", 15}}})}};
  return {{"apiVersion", "poolscaler.dev/v1alpha1"},
          {"kind", "ScalingPolicy"},
          {"metadata", named(example_name)},
          {"spec",
           {{"scaleTargetRef",
             {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", example_name}}},
            {"intervalSeconds", 5},
            {"minReplicas", 0},
            {"maxReplicas", 6},
            {"signals", {signal("queue", waiting_metric, 6), signal("running", running_metric, 3)}},
            {"scaleToZero", {{"idleAfterSeconds", 10}}},
            {"behavior",
             {{"scaleUp", up}, {"scaleDown", {{"stabilizationWindowSeconds", 10}}}}}}}};
}

json source(const std::string& origin) {
  return {{"apiVersion", "poolscaler.dev/v1alpha1"},
          {"kind", "MetricSource"},
          {"metadata", named(example_source)},
          {"spec", {{"url", origin}, {"timeoutSeconds", 5}}}};
}

json space(std::string_view name) {
  return {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", named(name)}};
}

}  // namespace

std::vector<Example> examples(const std::string& metrics_origin) {
  const std::string inside = "/namespaces/" + std::string(example_namespace);
  const std::string ours = "/apis/poolscaler.dev/v1alpha1";
  return {{.path = "/api/v1/namespaces", .object = space(example_namespace).dump()},
          {.path = "/api/v1/namespaces", .object = space("poolscaler-system").dump()},
          {.path = "/apis/apps/v1" + inside + "/deployments", .object = deployment().dump()},
          {.path = ours + "/metricsources", .object = source(metrics_origin).dump()},
          {.path = ours + inside + "/scalingpolicies", .object = policy().dump()}};
}

LoadPlan story_load() {
  return {.phases = {{.from = Seconds(4), .requests_per_second = 6},
                     {.from = Seconds(22), .requests_per_second = 0},
                     {.from = Seconds(29), .requests_per_second = 6},
                     {.from = Seconds(39), .requests_per_second = 0}},
          .served_per_second_and_replica = 2.0};
}

LoadPlan serving_load() {
  auto plan = story_load();
  plan.repeat_every = Seconds(120);
  return plan;
}

}  // namespace poolscaler::simulation
