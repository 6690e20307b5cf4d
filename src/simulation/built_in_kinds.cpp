#include <nlohmann/json.hpp>

#include "built_in_schemas.hpp"
#include "catalog.hpp"

namespace poolscaler::simulation {
namespace {

Kind core(std::string plural, std::string kind, std::vector<std::string> short_names = {}) {
  auto singular = plural.substr(0, plural.size() - 1);
  return {.group = "",
          .version = "v1",
          .plural = std::move(plural),
          .singular = std::move(singular),
          .kind = std::move(kind),
          .short_names = std::move(short_names)};
}

Kind in(std::string group, std::string version, Kind kind) {
  kind.group = std::move(group);
  kind.version = std::move(version);
  return kind;
}

Kind cluster_wide(Kind kind) {
  kind.namespaced = false;
  return kind;
}

Kind with_status(Kind kind) {
  kind.has_status = true;
  return kind;
}

Kind listed_in_all(Kind kind) {
  kind.categories = {"all"};
  return kind;
}

Kind scalable(Kind kind) {
  kind.scale = ScalePaths{
      .spec = ".spec.replicas", .status = ".status.replicas", .selector = ".spec.selector"};
  return listed_in_all(with_status(std::move(kind)));
}

/// As metrics-server names it, without a singular.
Kind pod_metrics() {
  auto kind = in("metrics.k8s.io", "v1beta1", core("pods", "PodMetrics"));
  kind.singular.clear();
  kind.read_only = true;
  return kind;
}

Kind read_before_update(Kind kind) {
  kind.unconditional_update = false;
  return kind;
}

}  // namespace

std::vector<Kind> built_in_kinds() {
  const std::string rbac = "rbac.authorization.k8s.io";
  std::vector<Kind> kinds = {
      core("configmaps", "ConfigMap", {"cm"}),
      core("events", "Event", {"ev"}),
      with_status(cluster_wide(core("namespaces", "Namespace", {"ns"}))),
      with_status(cluster_wide(core("nodes", "Node", {"no"}))),
      listed_in_all(with_status(core("pods", "Pod", {"po"}))),
      core("secrets", "Secret"),
      core("serviceaccounts", "ServiceAccount", {"sa"}),
      listed_in_all(with_status(core("services", "Service", {"svc"}))),
      scalable(in("apps", "v1", core("deployments", "Deployment", {"deploy"}))),
      scalable(in("apps", "v1", core("replicasets", "ReplicaSet", {"rs"}))),
      scalable(in("apps", "v1", core("statefulsets", "StatefulSet", {"sts"}))),
      listed_in_all(with_status(in("autoscaling", "v2", core("horizontalpodautoscalers",
                                                             "HorizontalPodAutoscaler",
                                                             {"hpa"})))),
      listed_in_all(with_status(in("batch", "v1", core("jobs", "Job")))),
      read_before_update(in("coordination.k8s.io", "v1", core("leases", "Lease"))),
      in("events.k8s.io", "v1", core("events", "Event", {"ev"})),
      pod_metrics(),
      with_status(in("policy", "v1", core("poddisruptionbudgets", "PodDisruptionBudget", {"pdb"}))),
      cluster_wide(in(rbac, "v1", core("clusterroles", "ClusterRole"))),
      cluster_wide(in(rbac, "v1", core("clusterrolebindings", "ClusterRoleBinding"))),
      in(rbac, "v1", core("roles", "Role")),
      in(rbac, "v1", core("rolebindings", "RoleBinding")),
      with_status(cluster_wide(in("apiextensions.k8s.io", "v1",
                                  core("customresourcedefinitions", "CustomResourceDefinition",
                                       {"crd", "crds"})))),
  };
  for (auto& kind : kinds) kind.schema = built_in_schema(kind.kind);
  return kinds;
}

}  // namespace poolscaler::simulation
