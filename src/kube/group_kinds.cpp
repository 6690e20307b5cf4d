// The table of backends: a row a kind. What a row says was read from the definitions and the
// controllers of its system.
#include "poolscaler/kube/node_groups.hpp"

namespace poolscaler::kube {
namespace {

/// Of an annotation that says that somebody else sets the count.
constexpr std::string_view remove_or_say_so =
    "remove the annotation, or, where an autoscaler brings nodes for pods that wait, give the "
    "group growth: PendingPods";

// Cluster API

constexpr std::string_view capi_min =
    "metadata.annotations[cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size]";
constexpr std::string_view capi_max =
    "metadata.annotations[cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size]";

constexpr GroupRule capi_paused{
    .path = "metadata.annotations[cluster.x-k8s.io/paused]",
    .test = GroupTest::Exists,
    .words = "its controller is told to leave it alone",
    .remedy = "remove the annotation"};

/// Its count belongs to cluster-autoscaler where both bounds are set; one alone is a bound.
constexpr GroupRule capi_autoscaled{
    .path = capi_max,
    .also = capi_min,
    .test = GroupTest::Exists,
    .words = "cluster-autoscaler scales what has this annotation and the one of min-size"};

constexpr GroupKind capi(std::string_view kind) {
  return {.called = "Cluster API",
          .group = "cluster.x-k8s.io",
          .kind = kind,
          .by_scale = true,
          .desired = "spec.replicas",
          .min = {{{.path = capi_min}}},
          .max = {{{.path = capi_max}}},
          .observed = "status.replicas",
          .ready = "status.readyReplicas",
          .removal = NodeRemoval::Named,
          .machine_owner = kind,
          .hint_resource = "metadata.annotations[capacity.cluster-autoscaler.kubernetes.io/"
                           "gpu-type]",
          .hint_count = "metadata.annotations[capacity.cluster-autoscaler.kubernetes.io/gpu-count]",
          .follows_pods = {{capi_autoscaled}},
          .trouble = {{capi_paused,
                       {.path = "status.phase",
                        .test = GroupTest::Is,
                        .values = "Failed",
                        .words = "its controller gave up",
                        .remedy = "see its conditions"}}}};
}

constexpr GroupKind machine_set() {
  auto kind = capi("MachineSet");
  kind.owned_elsewhere[0] = {.path = "metadata.ownerReferences[kind=MachineDeployment].name",
                             .test = GroupTest::Exists,
                             .words = "its MachineDeployment sets its count",
                             .remedy = "name the MachineDeployment as backendRef instead"};
  return kind;
}

constexpr GroupKind machine_pool() {
  auto kind = capi("MachinePool");
  // Not every provider makes Machines for its nodes; then nobody can name the one that goes.
  kind.removal = NodeRemoval::Any;
  kind.node_names = "status.nodeRefs";
  kind.owned_elsewhere[0] = {.path = "metadata.annotations[cluster.x-k8s.io/replicas-managed-by]",
                             .test = GroupTest::IsNot,
                             .values = "false",
                             .words = "its provider follows the cloud's own count",
                             .remedy = remove_or_say_so};
  return kind;
}

// Crossplane (the providers made by upjet)

constexpr GroupRule crossplane_paused{.path = "metadata.annotations[crossplane.io/paused]",
                                      .test = GroupTest::Is,
                                      .values = "true",
                                      .words = "its provider is told to leave it alone",
                                      .remedy = "remove the annotation"};
constexpr GroupRule crossplane_ongoing{.path = "status.conditions[type=AsyncOperation].reason",
                                       .test = GroupTest::Is,
                                       .values = "Ongoing",
                                       .words = "an earlier change is still being made",
                                       .remedy = "wait for it"};
constexpr GroupRule crossplane_unsynced{.path = "status.conditions[type=Synced].status",
                                        .test = GroupTest::Is,
                                        .values = "False",
                                        .words = "its provider cannot bring it about",
                                        .remedy = "see the message of the condition"};
constexpr GroupRule crossplane_observed{
    .path = "spec.managementPolicies",
    .test = GroupTest::HasNone,
    .values = "*|Update",
    .words = "its provider changes nothing in the cloud",
    .remedy = "add Update to the policies, or, where an autoscaler brings nodes for pods that "
              "wait, give the group growth: PendingPods"};

constexpr std::string_view external_name = "metadata.annotations[crossplane.io/external-name]";

constexpr GroupKind crossplane(std::string_view group, std::string_view kind) {
  return {.called = "Crossplane",
          .group = group,
          .kind = kind,
          .desired = "",
          .label_value = {external_name, "metadata.name"},
          .owned_elsewhere = {{crossplane_observed}},
          .busy = {{crossplane_paused, crossplane_ongoing}},
          .trouble = {{crossplane_unsynced}}};
}

struct EksPaths {
  std::string_view desired;
  std::string_view min;
  std::string_view max;
  std::string_view observed;
  std::string_view initial;
};

constexpr EksPaths eks_object{
    .desired = "spec.forProvider.scalingConfig.desiredSize",
    .min = "spec.forProvider.scalingConfig.minSize",
    .max = "spec.forProvider.scalingConfig.maxSize",
    .observed = "status.atProvider.scalingConfig.desiredSize",
    .initial = "spec.initProvider.scalingConfig.desiredSize"};

constexpr EksPaths eks_list{
    .desired = "spec.forProvider.scalingConfig[0].desiredSize",
    .min = "spec.forProvider.scalingConfig[0].minSize",
    .max = "spec.forProvider.scalingConfig[0].maxSize",
    .observed = "status.atProvider.scalingConfig[0].desiredSize",
    .initial = "spec.initProvider.scalingConfig[0].desiredSize"};

constexpr GroupKind crossplane_eks(std::string_view group, std::string_view version,
                                   const EksPaths& paths) {
  auto kind = crossplane(group, "NodeGroup");
  kind.called = "Crossplane EKS";
  kind.version = version;
  kind.desired = paths.desired;
  kind.min[0] = {.path = paths.min};
  kind.max[0] = {.path = paths.max};
  kind.observed = paths.observed;
  kind.label = "eks.amazonaws.com/nodegroup";
  kind.owned_elsewhere[1] = {.path = paths.initial,
                             .test = GroupTest::Exists,
                             .words = "the count is only what the group begins with, and another "
                                      "writer owns it from then on",
                             .remedy = "move desiredSize to spec.forProvider"};
  kind.busy[2] = {.path = "status.atProvider.status",
                  .test = GroupTest::IsNot,
                  .values = "ACTIVE",
                  .words = "EKS takes one change at a time",
                  .remedy = "wait until it is ACTIVE"};
  return kind;
}

constexpr GroupKind crossplane_gke(std::string_view group) {
  auto kind = crossplane(group, "NodePool");
  kind.called = "Crossplane GKE";
  kind.desired = "spec.forProvider.nodeCount";
  kind.per_zone = true;
  kind.zone_list = "spec.forProvider.nodeLocations";
  kind.min = {{{.path = "spec.forProvider.autoscaling.minNodeCount"},
               {.path = "spec.forProvider.autoscaling.totalMinNodeCount", .whole = true}}};
  kind.max = {{{.path = "spec.forProvider.autoscaling.maxNodeCount"},
               {.path = "spec.forProvider.autoscaling.totalMaxNodeCount", .whole = true}}};
  kind.observed = "status.atProvider.nodeCount";
  kind.label = "cloud.google.com/gke-nodepool";
  kind.follows_pods[0] = {.path = "spec.forProvider.autoscaling",
                          .test = GroupTest::Exists,
                          .words = "GKE's autoscaler sets the count"};
  return kind;
}

constexpr GroupKind crossplane_aks(std::string_view group) {
  auto kind = crossplane(group, "KubernetesClusterNodePool");
  kind.called = "Crossplane AKS";
  kind.desired = "spec.forProvider.nodeCount";
  kind.min[0] = {.path = "spec.forProvider.minCount"};
  kind.max[0] = {.path = "spec.forProvider.maxCount"};
  kind.observed = "status.atProvider.nodeCount";
  kind.label = "kubernetes.azure.com/agentpool";
  kind.follows_pods[0] = {.path = "spec.forProvider.autoScalingEnabled",
                          .test = GroupTest::Is,
                          .values = "true",
                          .words = "AKS' autoscaler sets the count"};
  return kind;
}

// Karpenter, and what the clouds' own operators offer

/// Without `replicas` the pool is a dynamic one. Its template is never written: each change there
/// replaces the nodes.
constexpr GroupKind karpenter{
    .called = "Karpenter",
    .group = "karpenter.sh",
    .kind = "NodePool",
    .by_scale = true,
    .desired = "spec.replicas",
    .may_lack_desired = true,
    .max = {{{.path = "spec.limits.nodes"}}},
    .limits = "spec.limits",
    .observed = "status.nodes",
    .removal = NodeRemoval::Emptiest,
    .label = "karpenter.sh/nodepool",
    .label_value = {"metadata.name"},
    .trouble = {{{.path = "status.conditions[type=Ready].status",
                  .test = GroupTest::Is,
                  .values = "False",
                  .words = "it makes no nodes before it is ready",
                  .remedy = "see the messages of its conditions"}}}};

constexpr GroupKind ack_eks{
    .called = "ACK EKS",
    .group = "eks.services.k8s.aws",
    .kind = "Nodegroup",
    .desired = "spec.scalingConfig.desiredSize",
    .min = {{{.path = "spec.scalingConfig.minSize"}}},
    .max = {{{.path = "spec.scalingConfig.maxSize"}}},
    .observed = "status.desiredSize",
    .label = "eks.amazonaws.com/nodegroup",
    .label_value = {"spec.name"},
    .owned_elsewhere = {{{.path = "metadata.annotations[eks.services.k8s.aws/"
                                  "desired-size-managed-by]",
                          .test = GroupTest::IsNot,
                          .values = "ack-eks-controller",
                          .words = "ACK ignores the count then",
                          .remedy = remove_or_say_so}}},
    .busy = {{{.path = "status.status",
               .test = GroupTest::IsNot,
               .values = "ACTIVE",
               .words = "EKS takes one change at a time",
               .remedy = "wait until it is ACTIVE"}}},
    .trouble = {{{.path = "status.conditions[type=ACK.Terminal].status",
                  .test = GroupTest::Is,
                  .values = "True",
                  .words = "ACK gave up on it",
                  .remedy = "see the message of the condition"},
                 {.path = "status.health.issues[0].code",
                  .test = GroupTest::Exists,
                  .words = "EKS reports that the group is not well",
                  .remedy = "see status.health"}}}};

constexpr GroupKind kcc_gke{
    .called = "Config Connector GKE",
    .group = "container.cnrm.cloud.google.com",
    .kind = "ContainerNodePool",
    .desired = "spec.nodeCount",
    .per_zone = true,
    .zone_list = "spec.nodeLocations",
    .min = {{{.path = "spec.autoscaling.minNodeCount"},
             {.path = "spec.autoscaling.totalMinNodeCount", .whole = true}}},
    .max = {{{.path = "spec.autoscaling.maxNodeCount"},
             {.path = "spec.autoscaling.totalMaxNodeCount", .whole = true}}},
    .label = "cloud.google.com/gke-nodepool",
    .label_value = {"spec.resourceID", "metadata.name"},
    .follows_pods = {{{.path = "spec.autoscaling",
                       .test = GroupTest::Exists,
                       .words = "GKE's autoscaler sets the count"}}},
    .busy = {{{.path = "status.conditions[type=Ready].reason",
               .test = GroupTest::Is,
               .values = "Creating|Updating|Deleting",
               .words = "an earlier change is still being made",
               .remedy = "wait until it is UpToDate"}}},
    .trouble = {{{.path = "status.conditions[type=Ready].reason",
                  .test = GroupTest::Is,
                  .values = "CreateFailed|UpdateFailed|DependencyNotReady|DependencyNotFound|"
                            "DependencyInvalid|ManagementConflict",
                  .words = "Config Connector cannot bring it about",
                  .remedy = "see the message of the condition"}}}};

constexpr GroupKind aso_aks{
    .called = "ASO AKS",
    .group = "containerservice.azure.com",
    .kind = "ManagedClustersAgentPool",
    .desired = "spec.count",
    .min = {{{.path = "spec.minCount"}}},
    .max = {{{.path = "spec.maxCount"}}},
    .observed = "status.count",
    .label = "kubernetes.azure.com/agentpool",
    .label_value = {"spec.azureName", "metadata.name"},
    .follows_pods = {{{.path = "spec.enableAutoScaling",
                       .test = GroupTest::Is,
                       .values = "true",
                       .words = "AKS' autoscaler sets the count"}}},
    .owned_elsewhere = {{{.path = "metadata.annotations[serviceoperator.azure.com/"
                                  "reconcile-policy]",
                          .test = GroupTest::Is,
                          .values = "skip",
                          .words = "ASO changes nothing in Azure",
                          .remedy = "remove the annotation, or give the group no backendRef"}}},
    .busy = {{{.path = "status.provisioningState",
               .test = GroupTest::IsNot,
               .values = "Succeeded|Failed|Canceled",
               .words = "an earlier change is still being made",
               .remedy = "wait until it has Succeeded"}}},
    .trouble = {{{.path = "status.provisioningState",
                  .test = GroupTest::Is,
                  .values = "Failed|Canceled",
                  .words = "Azure could not bring it about",
                  .remedy = "see the condition Ready"},
                 {.path = "status.conditions[type=Ready].severity",
                  .test = GroupTest::Is,
                  .values = "Error",
                  .words = "ASO cannot bring it about",
                  .remedy = "see the message of the condition"}}}};

constexpr std::array<GroupKind, 14> table{
    karpenter,
    capi("MachineDeployment"),
    machine_set(),
    machine_pool(),
    ack_eks,
    kcc_gke,
    aso_aks,
    crossplane_eks("eks.aws.upbound.io", "v1beta1", eks_list),
    crossplane_eks("eks.aws.upbound.io", "", eks_object),
    crossplane_eks("eks.aws.m.upbound.io", "", eks_object),
    crossplane_gke("container.gcp.upbound.io"),
    crossplane_gke("container.gcp.m.upbound.io"),
    crossplane_aks("containerservice.azure.upbound.io"),
    crossplane_aks("containerservice.azure.m.upbound.io"),
};

}  // namespace

std::span<const GroupKind> group_kinds() { return table; }

const GroupKind* group_kind_of(std::string_view api_version, std::string_view kind) {
  const auto slash = api_version.find('/');
  if (slash == std::string_view::npos) return nullptr;
  const auto group = api_version.substr(0, slash);
  const auto version = api_version.substr(slash + 1);
  const GroupKind* any = nullptr;
  for (const auto& row : group_kinds()) {
    if (row.group != group || row.kind != kind) continue;
    if (row.version == version) return &row;
    if (row.version.empty()) any = &row;
  }
  return any;
}

}  // namespace poolscaler::kube
