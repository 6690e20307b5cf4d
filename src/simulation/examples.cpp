#include "examples.hpp"

#include <nlohmann/json.hpp>

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

}  // namespace poolscaler::simulation
