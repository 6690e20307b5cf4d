#include "examples.hpp"

#include <nlohmann/json.hpp>

#include "machines.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/check.hpp"
#include "poolscaler/simulation/sandbox.hpp"
#include "story_plan.hpp"

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

json policy() {
  auto objects = api::read_yaml(example_policy_yaml());
  CHECK(objects && objects->size() == 1, "the example policy is one document");
  return objects->front();
}

std::vector<json> pool_objects() {
  auto objects = api::read_yaml(example_pool_yaml());
  CHECK(objects && objects->size() == 3, "the example pool is three documents");
  return *std::move(objects);
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
  const auto on_nodes = pool_objects();
  std::vector<Example> all;
  for (const auto& definition : machine_definitions())
    all.push_back({.path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                   .object = definition.dump()});
  for (const auto name : {example_namespace, std::string_view("poolscaler-system"),
                          example_clusters})
    all.push_back({.path = "/api/v1/namespaces", .object = space(name).dump()});
  const std::string clusters = "/namespaces/" + std::string(example_clusters);
  const std::vector<Example> objects = {
      {.path = "/apis/cluster.x-k8s.io/v1beta2" + clusters + "/machinedeployments",
       .object = on_nodes[0].dump()},
      {.path = ours + "/acceleratorpools", .object = on_nodes[1].dump()},
      {.path = ours + "/costbudgets", .object = on_nodes[2].dump()},
      {.path = "/apis/apps/v1" + inside + "/deployments", .object = deployment().dump()},
      {.path = ours + "/metricsources", .object = source(metrics_origin).dump()},
      {.path = ours + inside + "/scalingpolicies", .object = policy().dump()}};
  all.insert(all.end(), objects.begin(), objects.end());
  return all;
}

}  // namespace poolscaler::simulation
