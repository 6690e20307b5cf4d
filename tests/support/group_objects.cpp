#include "support/group_objects.hpp"

#include <stdexcept>

namespace poolscaler::testing {
namespace {

using nlohmann::json;

struct Where {
  std::string definition;
  std::string api_version;
  std::string kind;
  std::string ns = "team";
  std::int32_t zones = 1;
};

GroupObject object_of(const Where& where, json spec) {
  json metadata = {{"name", "gpu"}};
  if (!where.ns.empty()) metadata["namespace"] = where.ns;
  return {.definition = where.definition,
          .group = {.name = "gpus",
                    .backend = BackendRef{.api_version = where.api_version,
                                          .kind = where.kind,
                                          .ns = where.ns,
                                          .name = "gpu"},
                    .zones = where.zones,
                    .max_nodes = 100},
          .object = {{"apiVersion", where.api_version},
                     {"kind", where.kind},
                     {"metadata", std::move(metadata)},
                     {"spec", std::move(spec)}},
          .status = json::object(),
          .label = {},
          .owned_elsewhere = nullptr,
          .autoscaled = nullptr};
}

json annotated(const std::string& name, const std::string& value) {
  return {{"metadata", {{"annotations", {{name, value}}}}}};
}

json condition(const std::string& type, const std::string& status, const std::string& reason) {
  return {{"type", type},
          {"status", status},
          {"reason", reason},
          {"message", ""},
          {"lastTransitionTime", "2026-11-27T19:00:00Z"}};
}

GroupObject karpenter() {
  auto example = object_of(
      {"karpenter.sh_nodepools", "karpenter.sh/v1", "NodePool", ""},
      {{"replicas", 3},
       {"limits", {{"nodes", "8"}}},
       {"template",
        {{"spec",
          {{"requirements",
            {{{"key", "karpenter.sh/capacity-type"}, {"operator", "In"}, {"values", {"spot"}}}}},
           {"nodeClassRef",
            {{"group", "karpenter.kwok.sh"}, {"kind", "KWOKNodeClass"}, {"name", "gpu"}}}}}}}});
  example.status = {{"nodes", 3},
                    {"conditions", json::array({condition("Ready", "True", "Ready")})}};
  example.label = {"karpenter.sh/nodepool", "gpu"};
  return example;
}

json machine_template() {
  return {{"metadata", {{"labels", {{"cluster.x-k8s.io/cluster-name", "main"}, {"pool", "gpu"}}}}},
          {"spec",
           {{"clusterName", "main"},
            {"bootstrap", {{"dataSecretName", "boot"}}},
            {"infrastructureRef",
             {{"apiGroup", "infrastructure.cluster.x-k8s.io"},
              {"kind", "DevMachineTemplate"},
              {"name", "gpu"}}}}}};
}

GroupObject cluster_api(const std::string& kind, const std::string& plural) {
  json spec = {{"clusterName", "main"}, {"replicas", 3}, {"template", machine_template()}};
  if (kind != "MachinePool") spec["selector"] = {{"matchLabels", {{"pool", "gpu"}}}};
  auto example = object_of(
      {"cluster.x-k8s.io_" + plural, "cluster.x-k8s.io/v1beta2", kind}, std::move(spec));
  example.object.merge_patch(
      annotated("capacity.cluster-autoscaler.kubernetes.io/gpu-type", "nvidia.com/gpu"));
  example.object.merge_patch(
      annotated("capacity.cluster-autoscaler.kubernetes.io/gpu-count", "8"));
  example.status = {{"replicas", 3}, {"readyReplicas", 2}};
  const std::string size = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-";
  example.autoscaled = annotated(size + "min-size", "3");
  example.autoscaled.merge_patch(annotated(size + "max-size", "9"));
  if (kind != "MachinePool") return example;
  example.status["nodeRefs"] = {{{"name", "node-b"}}, {{"name", "node-a"}}};
  example.owned_elsewhere =
      annotated("cluster.x-k8s.io/replicas-managed-by", "external-autoscaler");
  return example;
}

GroupObject ack() {
  auto example = object_of(
      {"eks.services.k8s.aws_nodegroups", "eks.services.k8s.aws/v1alpha1", "Nodegroup"},
      {{"name", "gpu-in-eks"},
       {"clusterName", "main"},
       {"scalingConfig", {{"desiredSize", 3}, {"minSize", 0}, {"maxSize", 8}}}});
  example.status = {
      {"desiredSize", 3},
      {"status", "ACTIVE"},
      {"conditions", json::array({{{"type", "ACK.ResourceSynced"}, {"status", "True"}}})}};
  example.label = {"eks.amazonaws.com/nodegroup", "gpu-in-eks"};
  example.owned_elsewhere =
      annotated("eks.services.k8s.aws/desired-size-managed-by", "external-autoscaler");
  return example;
}

GroupObject config_connector() {
  auto example = object_of({"container.cnrm.cloud.google.com_containernodepools",
                            "container.cnrm.cloud.google.com/v1beta1", "ContainerNodePool", "team",
                            3},
                           {{"location", "us-central1"},
                            {"nodeLocations", {"us-central1-a", "us-central1-b", "us-central1-c"}},
                            {"clusterRef", {{"name", "main"}}},
                            {"resourceID", "gpu-in-gke"},
                            {"nodeCount", 1}});
  example.status = {{"conditions", json::array({condition("Ready", "True", "UpToDate")})}};
  example.label = {"cloud.google.com/gke-nodepool", "gpu-in-gke"};
  example.autoscaled = {
      {"spec", {{"autoscaling", {{"totalMinNodeCount", 3}, {"totalMaxNodeCount", 9}}}}}};
  return example;
}

GroupObject service_operator() {
  auto example = object_of({"containerservice.azure.com_managedclustersagentpools",
                            "containerservice.azure.com/v1api20250801",
                            "ManagedClustersAgentPool"},
                           {{"owner", {{"name", "main"}}},
                            {"azureName", "gpuinaks"},
                            {"mode", "User"},
                            {"count", 3}});
  example.status = {{"count", 3}, {"provisioningState", "Succeeded"}};
  example.label = {"kubernetes.azure.com/agentpool", "gpuinaks"};
  example.owned_elsewhere = annotated("serviceoperator.azure.com/reconcile-policy", "skip");
  example.autoscaled = {
      {"spec", {{"enableAutoScaling", true}, {"minCount", 3}, {"maxCount", 9}}}};
  return example;
}

json for_provider(json values) { return {{"forProvider", std::move(values)}}; }

GroupObject crossplane_eks(const std::string& group, const std::string& version,
                           const std::string& ns) {
  auto example = object_of(
      {group + "_nodegroups", group + "/" + version, "NodeGroup", ns},
      for_provider({{"region", "us-east-1"},
                    {"nodeRoleArn", "arn:aws:iam::1:role/gpu"},
                    {"subnetIds", {"subnet-1"}},
                    {"clusterName", "main"},
                    {"scalingConfig", {{"desiredSize", 3}, {"minSize", 0}, {"maxSize", 8}}}}));
  example.object.merge_patch(annotated("crossplane.io/external-name", "gpu-in-eks"));
  example.status = {
      {"atProvider", {{"status", "ACTIVE"}, {"scalingConfig", {{"desiredSize", 3}}}}},
      {"conditions", json::array({condition("Synced", "True", "ReconcileSuccess")})}};
  example.label = {"eks.amazonaws.com/nodegroup", "gpu-in-eks"};
  example.owned_elsewhere = {{"spec", {{"managementPolicies", {"Observe"}}}}};
  return example;
}

GroupObject crossplane_gke() {
  auto example = object_of(
      {"container.gcp.upbound.io_nodepools", "container.gcp.upbound.io/v1beta2", "NodePool", "", 3},
      for_provider({{"cluster", "main"}, {"nodeCount", 1}}));
  example.status = {{"atProvider", {{"nodeCount", 1}}},
                    {"conditions", json::array({condition("Synced", "True", "ReconcileSuccess")})}};
  example.label = {"cloud.google.com/gke-nodepool", "gpu"};
  example.owned_elsewhere = {{"spec", {{"managementPolicies", {"Observe"}}}}};
  example.autoscaled = {
      {"spec", for_provider({{"autoscaling", {{"minNodeCount", 1}, {"maxNodeCount", 3}}}})}};
  return example;
}

GroupObject crossplane_aks() {
  auto example =
      object_of({"containerservice.azure.upbound.io_kubernetesclusternodepools",
                 "containerservice.azure.upbound.io/v1beta2", "KubernetesClusterNodePool", ""},
                for_provider({{"vmSize", "Standard_NC24ads_A100_v4"},
                              {"kubernetesClusterId", "main"},
                              {"nodeCount", 3}}));
  example.status = {{"atProvider", {{"nodeCount", 3}}},
                    {"conditions", json::array({condition("Synced", "True", "ReconcileSuccess")})}};
  example.label = {"kubernetes.azure.com/agentpool", "gpu"};
  example.owned_elsewhere = {{"spec", {{"managementPolicies", {"Observe"}}}}};
  example.autoscaled = {
      {"spec", for_provider({{"autoScalingEnabled", true}, {"minCount", 3}, {"maxCount", 9}})}};
  return example;
}

}  // namespace

std::vector<GroupObject> group_objects() {
  auto machine_set = cluster_api("MachineSet", "machinesets");
  machine_set.owned_elsewhere = {
      {"metadata",
       {{"ownerReferences",
         json::array({{{"apiVersion", "cluster.x-k8s.io/v1beta2"},
                       {"kind", "MachineDeployment"},
                       {"name", "gpus"},
                       {"uid", "6cb3b1a0-0000-4000-8000-000000000000"},
                       {"controller", true}}})}}}};
  return {karpenter(),
          cluster_api("MachineDeployment", "machinedeployments"),
          std::move(machine_set),
          cluster_api("MachinePool", "machinepools"),
          ack(),
          config_connector(),
          service_operator(),
          crossplane_eks("eks.aws.upbound.io", "v1beta2", ""),
          crossplane_eks("eks.aws.m.upbound.io", "v1beta1", "team"),
          crossplane_gke(),
          crossplane_aks()};
}

GroupObject group_object(const std::string& api_version, const std::string& kind) {
  for (auto& example : group_objects())
    if (example.object["apiVersion"] == api_version && example.object["kind"] == kind)
      return std::move(example);
  throw std::invalid_argument("no example of " + kind);
}

json served(const GroupObject& example) {
  json object = example.object;
  object["metadata"]["uid"] = "u";
  object["metadata"]["resourceVersion"] = "7";
  object["status"] = example.status;
  return object;
}

}  // namespace poolscaler::testing
